// SPDX-License-Identifier: Apache-2.0
/*
 * The virtio block device on a drive of 1 MiB: what it says of itself, writes and reads of many lengths, several at
 * once, flush, write-zeroes, discard, the serial number, and what must be refused.
 */
#include "drive.h"

#define MAX_SECTORS 64u
#define AT_ONCE     12u

static struct drive drive;
static uint8_t written[MAX_SECTORS * SECTOR_BYTES] __attribute__((aligned(8)));
static uint8_t found[MAX_SECTORS * SECTOR_BYTES] __attribute__((aligned(8)));

static void fill(const uint64_t sector, const uint32_t sectors, const uint64_t version)
{
    for (uint32_t i = 0; i < sectors; i++)
    {
        drive_pattern(written + i * SECTOR_BYTES, sector + i, version);
    }
}

static void identity(void)
{
    print("%lu sectors of %u bytes\n", drive.sectors, (unsigned)virtio_config_long(&drive.device, 20) & 0xFFFFFFFFu);
    check((drive.features & DRIVE_FLUSH) != 0, "the device offers no flush");
    check((drive.features & DRIVE_WRITE_ZEROES) != 0, "the device offers no write-zeroes");
    check((drive.features & DRIVE_DISCARD) != 0, "the device offers no discard");
    check((drive_register(&drive, 0x010) & DRIVE_READ_ONLY) == 0, "the device is read-only");
    static char serial[21];
    check_equal(drive_request(&drive, REQUEST_GET_ID, 0, serial, 20, true), STATUS_OK, "status of get-id");
    print("serial number %s\n", serial);
}

static void content_at_begin(void)
{
    check_equal(drive_read(&drive, 7, found, 1), STATUS_OK, "status of a read");
    found[SECTOR_BYTES - 1] = 0;
    print("sector 7 holds \"%s\"\n", (const char *)found);
}

static void one_at_a_time(void)
{
    static const uint32_t LENGTHS[] = { 1, 2, 3, 8, 33, 64 };
    uint64_t sector = 100;
    for (unsigned i = 0; i < sizeof LENGTHS / sizeof LENGTHS[0]; i++)
    {
        const uint32_t sectors = LENGTHS[i];
        fill(sector, sectors, i);
        check_equal(drive_write(&drive, sector, written, sectors), STATUS_OK, "status of a write");
        memset(found, 0, sizeof found);
        check_equal(drive_read(&drive, sector, found, sectors), STATUS_OK, "status of a read");
        check(memcmp(found, written, sectors * SECTOR_BYTES) == 0, "a read gives something else than was written");
        sector += sectors;
    }
    // Over the borders of what was written before.
    fill(102, 5, 77);
    check_equal(drive_write(&drive, 102, written, 5), STATUS_OK, "status of a write over others");
    check_equal(drive_read(&drive, 101, found, 7), STATUS_OK, "status of a read over others");
    check(memcmp(found + SECTOR_BYTES, written, 5 * SECTOR_BYTES) == 0, "a write over others is not there");
    print("writes are read back\n");
}

static void several_at_once(void)
{
    for (uint16_t i = 0; i < AT_ONCE; i++)
    {
        drive_pattern(written + i * SECTOR_BYTES, 1000 + 13 * i, 5);
        drive_offer(&drive, i, REQUEST_OUT, 1000 + 13 * i, written + i * SECTOR_BYTES, SECTOR_BYTES, false);
    }
    drive_notify(&drive);
    for (uint16_t i = 0; i < AT_ONCE; i++)
    {
        check_equal(drive_await(&drive, i), STATUS_OK, "status of one write of several");
    }
    memset(found, 0, sizeof found);
    for (uint16_t i = 0; i < AT_ONCE; i++)
    {
        drive_offer(&drive, i, REQUEST_IN, 1000 + 13 * i, found + i * SECTOR_BYTES, SECTOR_BYTES, true);
    }
    drive_notify(&drive);
    for (uint16_t i = 0; i < AT_ONCE; i++)
    {
        check_equal(drive_await(&drive, i), STATUS_OK, "status of one read of several");
    }
    check(memcmp(found, written, AT_ONCE * SECTOR_BYTES) == 0, "several at once are not read back");
    print("several requests at once\n");
}

static void clearing(void)
{
    fill(300, 20, 9);
    check_equal(drive_write(&drive, 300, written, 20), STATUS_OK, "status of a write");
    check_equal(drive_flush(&drive), STATUS_OK, "status of a flush");
    print("flushed\n");
    check_equal(drive_clear(&drive, REQUEST_WRITE_ZEROES, 303, 10), STATUS_OK, "status of write-zeroes");
    check_equal(drive_read(&drive, 300, found, 20), STATUS_OK, "status of a read");
    memset(written + 3 * SECTOR_BYTES, 0, 10 * SECTOR_BYTES);
    check(memcmp(found, written, 20 * SECTOR_BYTES) == 0, "write-zeroes cleared something else");
    print("zeroes are read back\n");
    check_equal(drive_clear(&drive, REQUEST_DISCARD, 256, 256), STATUS_OK, "status of a discard");
    // What a discarded sector holds is the device's matter; what is written to it then is not.
    fill(300, 20, 10);
    check_equal(drive_write(&drive, 300, written, 20), STATUS_OK, "status of a write");
    check_equal(drive_read(&drive, 300, found, 20), STATUS_OK, "status of a read");
    check(memcmp(found, written, 20 * SECTOR_BYTES) == 0, "a discarded sector cannot be written");
    print("discarded\n");
}

static void refusals(void)
{
    check_equal(drive_read(&drive, drive.sectors, found, 1), STATUS_IOERR, "status of a read beyond the end");
    check_equal(drive_read(&drive, drive.sectors - 1, found, 2), STATUS_IOERR, "status of a read over the end");
    check_equal(drive_write(&drive, 1UL << 56, written, 1), STATUS_IOERR, "status of a write far beyond the end");
    check_equal(drive_request(&drive, REQUEST_IN, 0, found, SECTOR_BYTES - 1, true), STATUS_IOERR,
        "status of a read of a part of a sector");
    check_equal(drive_request(&drive, 99, 0, found, SECTOR_BYTES, true), STATUS_UNSUPP, "status of type 99");
    check_equal(drive_clear(&drive, REQUEST_WRITE_ZEROES, drive.sectors - 1, 2), STATUS_IOERR,
        "status of write-zeroes over the end");
    print("refused what must be\n");
}

void guest_main(void)
{
    drive_open(&drive, DRIVE_FLUSH | DRIVE_DISCARD | DRIVE_WRITE_ZEROES | DRIVE_BLOCK_SIZE);
    identity();
    content_at_begin();
    one_at_a_time();
    several_at_once();
    clearing();
    refusals();
    check(!virtio_needs_reset(&drive.device), "the block device needs a reset");
    print("block ok\n");
}
