// SPDX-License-Identifier: Apache-2.0
/*
 * The virtio entropy device: requests of several lengths, alone and several at once; what comes fills the buffer as far
 * as the device says and no further, and differs from time to time. Waits by WFI for the device's interrupt.
 */
#include "test.h"
#include "virtio.h"

#define UNTOUCHED 0xA5

/** From here on equal bytes cannot be chance. */
#define TELLING_BYTES 16

static struct virtio_device device;
static struct virtq queue;
static uint8_t buffers[8][4096 + 8] __attribute__((aligned(8)));

static void wait_for_used(void)
{
    while (!virtq_has_used(&queue))
    {
        wait_for_interrupt();
        virtio_acknowledge(&device);
    }
}

static void offer(const uint16_t id, const uint32_t length)
{
    memset(buffers[id], UNTOUCHED, sizeof buffers[id]);
    virtq_offer(&queue, id, buffers[id], length, VIRTQ_DESC_F_WRITE);
}

/** The length that came for a request. */
static uint32_t check_answer(const uint16_t id, const uint32_t asked, const uint32_t length)
{
    check(length >= 1 && length <= asked, "the device says that it wrote no byte, or more than were asked for");
    bool has_changed = false;
    for (uint32_t i = 0; i < sizeof buffers[id]; i++)
    {
        has_changed |= i < length && buffers[id][i] != UNTOUCHED;
        check(i < length || buffers[id][i] == UNTOUCHED, "the device wrote beyond what it says");
    }
    check(has_changed || length < TELLING_BYTES, "the device wrote nothing");
    return length;
}

static uint32_t ask(const uint16_t id, const uint32_t length)
{
    offer(id, length);
    virtq_publish(&queue);
    virtq_notify(&device, &queue);
    wait_for_used();
    const struct virtq_used_element used = virtq_take(&queue);
    check_equal(used.id, id, "the buffer that the device used");
    return check_answer(id, length, used.length);
}

static void one_at_a_time(void)
{
    static const uint32_t LENGTHS[] = { 1, 2, 7, 8, 16, 63, 64, 256, 1000, 4096 };
    for (size_t i = 0; i < sizeof LENGTHS / sizeof LENGTHS[0]; i++)
    {
        (void)ask((uint16_t)(i % 8), LENGTHS[i]);
    }
}

static void different_each_time(void)
{
    const uint32_t first = ask(0, 64);
    const uint32_t second = ask(1, 64);
    const uint32_t common = first < second ? first : second;
    check(common < TELLING_BYTES || memcmp(buffers[0], buffers[1], common) != 0, "the device gives the same twice");
}

static void several_at_once(void)
{
    for (uint16_t id = 0; id < 8; id++)
    {
        offer(id, 32u + id);
    }
    virtq_publish(&queue);
    virtq_notify(&device, &queue);
    uint32_t seen = 0;
    for (int i = 0; i < 8; i++)
    {
        wait_for_used();
        const struct virtq_used_element used = virtq_take(&queue);
        check(used.id < 8 && (seen >> used.id & 1) == 0, "the device used a buffer twice");
        seen |= 1u << used.id;
        (void)check_answer((uint16_t)used.id, 32 + used.id, used.length);
    }
}

void guest_main(void)
{
    check(virtio_open(&device, VIRTIO_ENTROPY), "there is no modern virtio entropy device");
    check(virtio_make_queue(&device, 0, &queue, 8), "the entropy device has no queue");
    check(platform.has_plic, "the device tree has no PLIC for this hart");
    virtio_start(&device);
    csr_set(sie, INTERRUPT_EXTERNAL);
    one_at_a_time();
    different_each_time();
    several_at_once();
    check(!virtio_needs_reset(&device), "the entropy device needs a reset");
    print("entropy ok\n");
}
