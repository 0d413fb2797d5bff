// SPDX-License-Identifier: Apache-2.0
/*
 * The driver's half of virtio-blk: requests of a header in two pieces, data and a status, several at once.
 * Source: virtio 1.2, section 5.2.
 */
#ifndef TESTS_DRIVE_H
#define TESTS_DRIVE_H

#include "test.h"
#include "virtio.h"

#define VIRTIO_BLOCK 2u

#define SECTOR_BYTES 512u

#define DRIVE_READ_ONLY    (1u << 5)
#define DRIVE_BLOCK_SIZE   (1u << 6)
#define DRIVE_FLUSH        (1u << 9)
#define DRIVE_DISCARD      (1u << 13)
#define DRIVE_WRITE_ZEROES (1u << 14)

#define REQUEST_IN           0u
#define REQUEST_OUT          1u
#define REQUEST_FLUSH        4u
#define REQUEST_GET_ID       8u
#define REQUEST_DISCARD      11u
#define REQUEST_WRITE_ZEROES 13u

#define STATUS_OK      0u
#define STATUS_IOERR   1u
#define STATUS_UNSUPP  2u
#define STATUS_MISSING 0xEEu

/** Requests that can be in flight at once; each has so many descriptors. */
#define DRIVE_SLOTS            16u
#define DESCRIPTORS_OF_REQUEST 4u

struct drive_header
{
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};

/** What is discarded or zeroed. */
struct drive_range
{
    uint64_t sector;
    uint32_t sectors;
    uint32_t flags;
};

struct drive
{
    struct virtio_device device;
    struct virtq queue;
    uint32_t features;
    uint64_t sectors;
    struct drive_header headers[DRIVE_SLOTS];
    volatile uint8_t statuses[DRIVE_SLOTS];
    bool done[DRIVE_SLOTS];
};

static inline uint32_t drive_register(const struct drive *const drive, const uint64_t offset)
{
    return *(volatile const uint32_t *)(drive->device.base + offset);
}

static inline void drive_write_register(const struct drive *const drive, const uint64_t offset, const uint32_t value)
{
    virtio_fence();
    *(volatile uint32_t *)(drive->device.base + offset) = value;
    virtio_fence();
}

/** Starts the first drive with those of the features that it offers. */
static inline void drive_open(struct drive *const drive, const uint32_t wanted_features)
{
    check(virtio_open(&drive->device, VIRTIO_BLOCK), "there is no modern virtio block device");
    // Once more, with features: what every guest has takes none but VERSION_1.
    drive_write_register(drive, 0x070, 0);
    drive_write_register(drive, 0x070, 3);
    drive_write_register(drive, 0x014, 0);
    drive->features = drive_register(drive, 0x010) & wanted_features;
    drive_write_register(drive, 0x024, 0);
    drive_write_register(drive, 0x020, drive->features);
    drive_write_register(drive, 0x024, 1);
    drive_write_register(drive, 0x020, VIRTIO_F_VERSION_1 >> 32);
    drive_write_register(drive, 0x070, 11);
    check(drive_register(drive, 0x070) == 11, "the block device does not take features that it offers");
    check(virtio_make_queue(&drive->device, 0, &drive->queue, DRIVE_SLOTS * DESCRIPTORS_OF_REQUEST),
        "the block device has no queue");
    check_equal(drive->queue.size, DRIVE_SLOTS * DESCRIPTORS_OF_REQUEST, "entries of the block device's queue");
    check(platform.has_plic, "the device tree has no PLIC for this hart");
    drive->sectors = virtio_config_long(&drive->device, 0);
    virtio_start(&drive->device);
    csr_set(sie, INTERRUPT_EXTERNAL);
}

/** Queues a request without telling the device; `device_writes` says in which direction the data go. */
static inline void drive_offer(
    struct drive *const drive,
    const uint16_t slot,
    const uint32_t type,
    const uint64_t sector,
    const void *const data,
    const uint32_t bytes,
    const bool device_writes)
{
    struct drive_header *const header = &drive->headers[slot];
    header->type = type;
    header->reserved = 0;
    header->sector = sector;
    drive->statuses[slot] = STATUS_MISSING;
    drive->done[slot] = false;
    struct virtq_descriptor *at = &drive->queue.descriptors[slot * DESCRIPTORS_OF_REQUEST];
    uint16_t next = (uint16_t)(slot * DESCRIPTORS_OF_REQUEST);
    const uint32_t odd = 5;
    *at++ = (struct virtq_descriptor){ (uint64_t)header, odd, 1, ++next };
    *at++ = (struct virtq_descriptor){ (uint64_t)header + odd, sizeof *header - odd, 1, ++next };
    if (bytes > 0)
    {
        *at++ = (struct virtq_descriptor){ (uint64_t)data, bytes, device_writes ? 3 : 1, ++next };
    }
    *at = (struct virtq_descriptor){ (uint64_t)&drive->statuses[slot], 1, VIRTQ_DESC_F_WRITE, 0 };
    drive->queue.available.ring[drive->queue.offered++ & (drive->queue.size - 1)] =
        (uint16_t)(slot * DESCRIPTORS_OF_REQUEST);
}

static inline void drive_notify(struct drive *const drive)
{
    virtq_publish(&drive->queue);
    virtq_notify(&drive->device, &drive->queue);
}

/** Waits by WFI for a request; its status. */
static inline uint32_t drive_await(struct drive *const drive, const uint16_t slot)
{
    while (!drive->done[slot])
    {
        while (!virtq_has_used(&drive->queue))
        {
            wait_for_interrupt();
            virtio_acknowledge(&drive->device);
        }
        virtio_fence();
        const uint32_t head = virtq_take(&drive->queue).id;
        const uint32_t used = head / DESCRIPTORS_OF_REQUEST;
        check(head % DESCRIPTORS_OF_REQUEST == 0 && used < DRIVE_SLOTS && !drive->done[used],
            "the block device used a buffer that it does not have");
        drive->done[used] = true;
    }
    return drive->statuses[slot];
}

/** Makes one request and waits for it; its status. */
static inline uint32_t drive_request(
    struct drive *const drive,
    const uint32_t type,
    const uint64_t sector,
    const void *const data,
    const uint32_t bytes,
    const bool device_writes)
{
    drive_offer(drive, 0, type, sector, data, bytes, device_writes);
    drive_notify(drive);
    return drive_await(drive, 0);
}

static inline uint32_t drive_read(
    struct drive *const drive, const uint64_t sector, void *const data, const uint32_t sectors)
{
    return drive_request(drive, REQUEST_IN, sector, data, sectors * SECTOR_BYTES, true);
}

static inline uint32_t drive_write(
    struct drive *const drive, const uint64_t sector, const void *const data, const uint32_t sectors)
{
    return drive_request(drive, REQUEST_OUT, sector, data, sectors * SECTOR_BYTES, false);
}

static inline uint32_t drive_flush(struct drive *const drive)
{
    return drive_request(drive, REQUEST_FLUSH, 0, NULL, 0, false);
}

/** Discards or zeroes. */
static inline uint32_t drive_clear(
    struct drive *const drive, const uint32_t type, const uint64_t sector, const uint32_t sectors)
{
    static struct drive_range range;
    range = (struct drive_range){ sector, sectors, 0 };
    return drive_request(drive, type, 0, &range, sizeof range, false);
}

/** Fills data with what a sector has in its n-th version. */
static inline void drive_pattern(uint8_t *const data, const uint64_t sector, const uint64_t version)
{
    uint64_t state = (sector << 32 ^ version) * 0x9E3779B97F4A7C15UL + 1;
    for (unsigned i = 0; i < SECTOR_BYTES; i += 8)
    {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        memcpy(data + i, &state, 8);
    }
}

#endif
