// SPDX-License-Identifier: Apache-2.0
#include "virtio.h"

#include "platform.h"

#define MAGIC   0x74726976u
#define VERSION 2u

#define REGISTER_MAGIC             0x000
#define REGISTER_VERSION           0x004
#define REGISTER_DEVICE_ID         0x008
#define REGISTER_DEVICE_FEATURES   0x010
#define REGISTER_DEVICE_SELECT     0x014
#define REGISTER_DRIVER_FEATURES   0x020
#define REGISTER_DRIVER_SELECT     0x024
#define REGISTER_QUEUE_SELECT      0x030
#define REGISTER_QUEUE_MAX         0x034
#define REGISTER_QUEUE_SIZE        0x038
#define REGISTER_QUEUE_READY       0x044
#define REGISTER_QUEUE_NOTIFY      0x050
#define REGISTER_INTERRUPT_ACK     0x064
#define REGISTER_STATUS            0x070
#define REGISTER_QUEUE_DESCRIPTORS 0x080
#define REGISTER_QUEUE_AVAILABLE   0x090
#define REGISTER_QUEUE_USED        0x0A0
#define REGISTER_GENERATION        0x0FC
#define REGISTER_CONFIG            0x100

#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER      2u
#define STATUS_DRIVER_OK   4u
#define STATUS_FEATURES_OK 8u
#define STATUS_NEEDS_RESET 64u

/** Used buffers, and changes of the configuration. */
#define INTERRUPT_ALL 3u

#define PLIC_PRIORITY  0x000000
#define PLIC_ENABLE    0x002000
#define PLIC_THRESHOLD 0x200000
#define PLIC_CLAIM     0x200004

#define PLIC_ENABLE_STRIDE  0x80
#define PLIC_CONTEXT_STRIDE 0x1000

static uint32_t read_register(const uint64_t address)
{
    const uint32_t value = *(volatile const uint32_t *)address;
    virtio_fence();
    return value;
}

static void write_register(const uint64_t address, const uint32_t value)
{
    virtio_fence();
    *(volatile uint32_t *)address = value;
}

bool virtio_open(struct virtio_device *const device, const uint32_t device_id)
{
    for (unsigned i = 0; i < platform.virtio_count; i++)
    {
        const uint64_t base = platform.virtio[i].base;
        if (read_register(base + REGISTER_MAGIC) != MAGIC || read_register(base + REGISTER_VERSION) != VERSION
            || read_register(base + REGISTER_DEVICE_ID) != device_id)
        {
            continue;
        }
        device->base = base;
        device->interrupt = platform.virtio[i].interrupt;
        write_register(base + REGISTER_STATUS, 0);
        while (read_register(base + REGISTER_STATUS) != 0)
        {
        }
        write_register(base + REGISTER_STATUS, STATUS_ACKNOWLEDGE);
        write_register(base + REGISTER_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
        write_register(base + REGISTER_DEVICE_SELECT, 1);
        if ((read_register(base + REGISTER_DEVICE_FEATURES) & VIRTIO_F_VERSION_1 >> 32) == 0)
        {
            return false;
        }
        write_register(base + REGISTER_DRIVER_SELECT, 0);
        write_register(base + REGISTER_DRIVER_FEATURES, 0);
        write_register(base + REGISTER_DRIVER_SELECT, 1);
        write_register(base + REGISTER_DRIVER_FEATURES, VIRTIO_F_VERSION_1 >> 32);
        write_register(base + REGISTER_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
        return (read_register(base + REGISTER_STATUS) & STATUS_FEATURES_OK) != 0;
    }
    return false;
}

static void write_address(const uint64_t at, const void *const address)
{
    write_register(at, (uint32_t)(uint64_t)address);
    write_register(at + 4, (uint32_t)((uint64_t)address >> 32));
}

bool virtio_make_queue(
    const struct virtio_device *const device, const uint32_t number, struct virtq *const queue, const uint32_t size)
{
    write_register(device->base + REGISTER_QUEUE_SELECT, number);
    const uint32_t offered = read_register(device->base + REGISTER_QUEUE_MAX);
    if (offered == 0)
    {
        return false;
    }
    queue->number = number;
    queue->size = size < offered ? size : offered;
    queue->offered = 0;
    queue->taken = 0;
    write_register(device->base + REGISTER_QUEUE_SIZE, queue->size);
    write_address(device->base + REGISTER_QUEUE_DESCRIPTORS, queue->descriptors);
    write_address(device->base + REGISTER_QUEUE_AVAILABLE, &queue->available);
    write_address(device->base + REGISTER_QUEUE_USED, &queue->used);
    write_register(device->base + REGISTER_QUEUE_READY, 1);
    return true;
}

void virtio_start(const struct virtio_device *const device)
{
    if (platform.has_plic)
    {
        const uint64_t context = platform.plic_context;
        const uint32_t source = device->interrupt;
        write_register(platform.plic_base + PLIC_PRIORITY + 4 * (uint64_t)source, 1);
        write_register(platform.plic_base + PLIC_ENABLE + PLIC_ENABLE_STRIDE * context + 4 * (uint64_t)(source / 32),
            1u << source % 32);
        write_register(platform.plic_base + PLIC_THRESHOLD + PLIC_CONTEXT_STRIDE * context, 0);
    }
    write_register(device->base + REGISTER_STATUS,
        STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
}

bool virtio_needs_reset(const struct virtio_device *const device)
{
    return (read_register(device->base + REGISTER_STATUS) & STATUS_NEEDS_RESET) != 0;
}

void virtio_acknowledge(const struct virtio_device *const device)
{
    const uint64_t claim = platform.plic_base + PLIC_CLAIM + PLIC_CONTEXT_STRIDE * (uint64_t)platform.plic_context;
    const uint32_t source = read_register(claim);
    if (source != 0)
    {
        // Both reasons at once: the queues are looked at in any case, and reading which it was costs an access.
        write_register(device->base + REGISTER_INTERRUPT_ACK, INTERRUPT_ALL);
        write_register(claim, source);
    }
}

uint64_t virtio_config_long(const struct virtio_device *const device, const uint32_t offset)
{
    for (;;)
    {
        const uint32_t before = read_register(device->base + REGISTER_GENERATION);
        const uint64_t low = read_register(device->base + REGISTER_CONFIG + offset);
        const uint64_t high = read_register(device->base + REGISTER_CONFIG + offset + 4);
        if (read_register(device->base + REGISTER_GENERATION) == before)
        {
            return high << 32 | low;
        }
    }
}

void virtq_notify(const struct virtio_device *const device, const struct virtq *const queue)
{
    write_register(device->base + REGISTER_QUEUE_NOTIFY, queue->number);
}
