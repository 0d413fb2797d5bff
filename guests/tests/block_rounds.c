// SPDX-License-Identifier: Apache-2.0
/*
 * Writes a drive again and again and knows what it wrote: each round writes and flushes some sectors, several at once,
 * and reads some others; every tenth round reads all. Says every tenth round how far it is. `rounds=N` (30) ends it.
 */
#include "drive.h"
#include "wait.h"

#define SECTORS     512u
#define AT_ONCE     8u
#define REPORTED    10u
#define SLEEP_MICROSECONDS 2000

static struct drive drive;
static uint32_t versions[SECTORS];
static uint8_t data[AT_ONCE][SECTOR_BYTES] __attribute__((aligned(8)));
static uint8_t expected[SECTOR_BYTES] __attribute__((aligned(8)));
static uint64_t state = 1;

static uint32_t draw(void)
{
    state = state * 6364136223846793005UL + 1442695040888963407UL;
    return (uint32_t)(state >> 33) % SECTORS;
}

static void check_sector(const uint32_t sector, const uint8_t *const found)
{
    if (versions[sector] == 0)
    {
        return;
    }
    drive_pattern(expected, sector, versions[sector]);
    if (memcmp(found, expected, SECTOR_BYTES) != 0)
    {
        print("sector %u, version %u\n", sector, versions[sector]);
        fail("a sector does not hold what was written to it last");
    }
}

static void read_from(const uint32_t first, const bool is_random)
{
    uint32_t sectors[AT_ONCE];
    for (uint16_t i = 0; i < AT_ONCE; i++)
    {
        sectors[i] = is_random ? draw() : first + i;
        drive_offer(&drive, i, REQUEST_IN, sectors[i], data[i], SECTOR_BYTES, true);
    }
    drive_notify(&drive);
    for (uint16_t i = 0; i < AT_ONCE; i++)
    {
        check_equal(drive_await(&drive, i), STATUS_OK, "status of a read");
        check_sector(sectors[i], data[i]);
    }
}

static void write_some(const uint32_t round)
{
    const uint32_t first = draw();
    for (uint16_t i = 0; i < AT_ONCE; i++)
    {
        // Apart from each other: what several writes of the same sector leave is not said.
        const uint32_t sector = (first + 61u * i) % SECTORS;
        versions[sector] = round;
        drive_pattern(data[i], sector, round);
        drive_offer(&drive, i, REQUEST_OUT, sector, data[i], SECTOR_BYTES, false);
    }
    drive_notify(&drive);
    for (uint16_t i = 0; i < AT_ONCE; i++)
    {
        check_equal(drive_await(&drive, i), STATUS_OK, "status of a write");
    }
    check_equal(drive_flush(&drive), STATUS_OK, "status of a flush");
}

static void sleep(void)
{
    const uint64_t deadline = ticks_from_now(SLEEP_MICROSECONDS);
    sbi_set_timer(deadline);
    while (csr_read(time) < deadline)
    {
        wait_for_interrupt();
    }
    sbi_set_timer(SBI_TIMER_NEVER);
}

void guest_main(void)
{
    const uint64_t rounds = platform_argument("rounds", 30);
    drive_open(&drive, DRIVE_FLUSH);
    csr_set(sie, INTERRUPT_TIMER);
    for (uint32_t round = 1; round <= rounds; round++)
    {
        write_some(round);
        read_from(0, true);
        if (round % REPORTED == 0)
        {
            for (uint32_t sector = 0; sector < SECTORS; sector += AT_ONCE)
            {
                read_from(sector, false);
            }
            print("round %u: every sector is as it was written\n", round);
        }
        sleep();
    }
    print("block_rounds ok\n");
}
