// SPDX-License-Identifier: Apache-2.0
/*
 * The driver's half of virtio 1.2 over MMIO, version 2 ("modern"): finding and starting devices, and split virtqueues
 * whose buffers are single descriptors. Source: virtio 1.2, sections 2.7, 3.1 and 4.2.
 */
#ifndef RUNTIME_VIRTIO_H
#define RUNTIME_VIRTIO_H

#include "csr.h"

#define VIRTIO_ENTROPY 4u
#define VIRTIO_VSOCK   19u

#define VIRTIO_F_VERSION_1 (1UL << 32)

/** The most that a queue here can have; devices offer as many or more, or the guest takes what they offer. */
#define MAX_QUEUE_SIZE 256u

#define VIRTQ_DESC_F_WRITE         2u
#define VIRTQ_AVAIL_F_NO_INTERRUPT 1u

struct virtq_descriptor
{
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};

struct virtq_available
{
    volatile uint16_t flags;
    volatile uint16_t index;
    uint16_t ring[MAX_QUEUE_SIZE];
    uint16_t unused;
};

struct virtq_used_element
{
    uint32_t id;
    uint32_t length;
};

struct virtq_used
{
    volatile uint16_t flags;
    volatile uint16_t index;
    struct virtq_used_element ring[MAX_QUEUE_SIZE];
    uint16_t unused;
};

/** One queue. The driver's own view of the indices is kept apart from what the device can write. */
struct virtq
{
    struct virtq_descriptor descriptors[MAX_QUEUE_SIZE] __attribute__((aligned(16)));
    struct virtq_available available __attribute__((aligned(16)));
    struct virtq_used used __attribute__((aligned(16)));
    uint32_t size;
    uint32_t number;
    uint16_t offered;
    uint16_t taken;
};

struct virtio_device
{
    uint64_t base;
    uint32_t interrupt;
};

/** Resets the first device of a kind and agrees on VIRTIO_F_VERSION_1 alone; false when there is none. */
bool virtio_open(struct virtio_device *device, uint32_t device_id);

/** Makes a queue of at most `size`, a power of two; false when the device has no such queue. */
bool virtio_make_queue(const struct virtio_device *device, uint32_t number, struct virtq *queue, uint32_t size);

/** Tells the device that its driver is ready, and lets its interrupt through to this hart. */
void virtio_start(const struct virtio_device *device);

/** Whether the device has given up and must be reset. */
bool virtio_needs_reset(const struct virtio_device *device);

/** Takes the interrupt that is pending at the PLIC, whatever device it is of, and acknowledges it at this one. */
void virtio_acknowledge(const struct virtio_device *device);

uint64_t virtio_config_long(const struct virtio_device *device, uint32_t offset);

/** Says that there is something new in the queue. */
void virtq_notify(const struct virtio_device *device, const struct virtq *queue);

static inline void virtio_fence(void)
{
    __asm__ volatile("fence" : : : "memory");
}

/** Writes the descriptor `id` and queues it; the device sees it with the next virtq_publish. */
static inline void virtq_offer(
    struct virtq *const queue, const uint16_t id, const void *const buffer, const uint32_t length, const uint16_t flags)
{
    struct virtq_descriptor *const descriptor = &queue->descriptors[id];
    descriptor->address = (uint64_t)buffer;
    descriptor->length = length;
    descriptor->flags = flags;
    queue->available.ring[queue->offered++ & (queue->size - 1)] = id;
}

static inline void virtq_publish(struct virtq *const queue)
{
    virtio_fence();
    queue->available.index = queue->offered;
}

/** Whether the device has used a buffer that was not taken back yet. */
static inline bool virtq_has_used(const struct virtq *const queue)
{
    return queue->used.index != queue->taken;
}

/** The oldest used buffer; only after virtq_has_used. */
static inline struct virtq_used_element virtq_take(struct virtq *const queue)
{
    return queue->used.ring[queue->taken++ & (queue->size - 1)];
}

#endif
