// SPDX-License-Identifier: Apache-2.0
#include "device.h"

#include "console.h"
#include "csr.h"
#include "link.h"
#include "sbi.h"
#include "virtio.h"
#include "vsock.h"

#define QUEUE_RX     0u
#define QUEUE_TX     1u
#define QUEUE_EVENTS 2u

#define CONFIG_GUEST_CID 0u

#define EVENT_TRANSPORT_RESET 0u

/** Buffers for what comes: the device splits what is longer over several. A page of payload, on lines of its own. */
#define RX_BUFFERS      256u
#define RX_BUFFER_BYTES 4160u

/** Packets under way to the device, and how many of them stay for control packets when replies borrow. */
#define TX_PACKETS     64u
#define TX_NOT_TO_LEND 16u

#define EVENT_BUFFERS 4u

static struct virtio_device device;
static struct virtq rx;
static struct virtq tx;
static struct virtq events;

static uint8_t rx_buffers[RX_BUFFERS][RX_BUFFER_BYTES] __attribute__((aligned(64)));
static uint8_t tx_packets[TX_PACKETS][LINK_PACKET_BYTES] __attribute__((aligned(64)));
static uint32_t event_buffers[EVENT_BUFFERS];

static uint16_t tx_free[TX_PACKETS];
static uint32_t tx_free_count;

_Static_assert(RX_BUFFERS <= MAX_QUEUE_SIZE && TX_PACKETS <= MAX_QUEUE_SIZE, "one descriptor a buffer");

static void take_back_sent(void)
{
    while (virtq_has_used(&tx))
    {
        tx_free[tx_free_count++] = (uint16_t)virtq_take(&tx).id;
    }
}

/** Shows the device what was queued since the last time, and says so. */
static void send_queued(void)
{
    if (tx.offered != tx.available.index)
    {
        virtq_publish(&tx);
        virtq_notify(&device, &tx);
    }
}

static void check_device(void)
{
    if (virtio_needs_reset(&device))
    {
        print("kv: the vsock device has failed and needs a reset\n");
        shut_down(true);
    }
}

struct vsock_header *link_take(void)
{
    take_back_sent();
    if (tx_free_count == 0)
    {
        send_queued();
        while (!virtq_has_used(&tx))
        {
            check_device();
        }
        take_back_sent();
    }
    return (struct vsock_header *)tx_packets[tx_free[--tx_free_count]];
}

struct vsock_header *link_borrow(void)
{
    take_back_sent();
    return tx_free_count <= TX_NOT_TO_LEND ? NULL : (struct vsock_header *)tx_packets[tx_free[--tx_free_count]];
}

static uint16_t index_of(const struct vsock_header *const packet)
{
    return (uint16_t)(((const uint8_t *)packet - tx_packets[0]) / sizeof tx_packets[0]);
}

void link_give(struct vsock_header *const packet)
{
    tx_free[tx_free_count++] = index_of(packet);
}

void link_send(struct vsock_header *const packet)
{
    virtq_offer(&tx, index_of(packet), packet, VSOCK_HEADER_BYTES + packet->len, 0);
}

static void offer_rx(const uint16_t id)
{
    virtq_offer(&rx, id, rx_buffers[id], RX_BUFFER_BYTES, VIRTQ_DESC_F_WRITE);
}

static void offer_event(const uint16_t id)
{
    virtq_offer(&events, id, &event_buffers[id], sizeof event_buffers[id], VIRTQ_DESC_F_WRITE);
}

bool device_start(const uint32_t port)
{
    if (!virtio_open(&device, VIRTIO_VSOCK) || !virtio_make_queue(&device, QUEUE_RX, &rx, RX_BUFFERS)
        || !virtio_make_queue(&device, QUEUE_TX, &tx, TX_PACKETS)
        || !virtio_make_queue(&device, QUEUE_EVENTS, &events, EVENT_BUFFERS))
    {
        return false;
    }
    for (uint16_t id = 0; id < rx.size; id++)
    {
        offer_rx(id);
    }
    for (uint16_t id = 0; id < events.size; id++)
    {
        offer_event(id);
    }
    for (uint16_t id = 0; id < tx.size; id++)
    {
        tx_free[tx_free_count++] = id;
    }
    // What was sent is taken back when packets are needed, not when the device is done with them.
    tx.available.flags = VIRTQ_AVAIL_F_NO_INTERRUPT;
    vsock_start(virtio_config_long(&device, CONFIG_GUEST_CID), port);
    virtio_start(&device);
    virtq_publish(&rx);
    virtq_notify(&device, &rx);
    virtq_publish(&events);
    virtq_notify(&device, &events);
    csr_write(sie, INTERRUPT_EXTERNAL);
    return true;
}

static void receive(const uint8_t *const buffer, const uint32_t bytes)
{
    const struct vsock_header *const header = (const struct vsock_header *)buffer;
    if (bytes >= VSOCK_HEADER_BYTES && header->len <= bytes - VSOCK_HEADER_BYTES)
    {
        vsock_receive(header, buffer + VSOCK_HEADER_BYTES);
    }
}

static void take_events(void)
{
    while (virtq_has_used(&events))
    {
        virtio_fence();
        const uint16_t id = (uint16_t)virtq_take(&events).id;
        if (event_buffers[id] == EVENT_TRANSPORT_RESET)
        {
            vsock_reset(virtio_config_long(&device, CONFIG_GUEST_CID));
        }
        offer_event(id);
        virtq_publish(&events);
        virtq_notify(&device, &events);
    }
}

bool device_work(void)
{
    if (virtq_has_used(&events))
    {
        take_events();
    }
    uint32_t taken = 0;
    // As many as there are buffers at most, so that replies do not wait for ever while packets keep coming.
    while (taken < rx.size && virtq_has_used(&rx))
    {
        virtio_fence();
        const struct virtq_used_element used = virtq_take(&rx);
        receive(rx_buffers[used.id], used.length);
        offer_rx((uint16_t)used.id);
        taken++;
    }
    if (taken == 0)
    {
        return false;
    }
    virtq_publish(&rx);
    // The device may have run out of buffers only if this pass or the next takes at least half of them.
    if (taken >= rx.size / 2)
    {
        virtq_notify(&device, &rx);
    }
    vsock_settle();
    send_queued();
    return true;
}

void device_wait(void)
{
    // Interrupts are off while there is work: what comes then is found in the ring.
    rx.available.flags = 0;
    virtio_fence();
    if (!virtq_has_used(&rx) && !virtq_has_used(&events))
    {
        wait_for_interrupt();
        virtio_acknowledge(&device);
        if (!virtq_has_used(&rx) && !virtq_has_used(&events))
        {
            check_device();
        }
    }
    rx.available.flags = VIRTQ_AVAIL_F_NO_INTERRUPT;
}
