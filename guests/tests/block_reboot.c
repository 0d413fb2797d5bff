// SPDX-License-Identifier: Apache-2.0
/*
 * Reboots, cold and warm: each time the machine is as at its start, whatever was left behind, and the drive is as it was
 * left. A sector counts; what was asked of the drive and not awaited is done all the same.
 */
#include "drive.h"
#include "wait.h"

#define REBOOTS 3u
#define COUNTER 9u
#define LEFT    20u
#define AT_ONCE 4u

#define RTC             0x101000UL
#define RTC_ALARM_LOW   0x08u
#define RTC_ALARM_HIGH  0x0Cu
#define RTC_IRQ_ENABLED 0x10u

#define PLIC_ENABLE        0x2000u
#define PLIC_ENABLE_STRIDE 0x80u

#define RESET_COLD 1u

static struct drive drive;
static uint8_t sectors[AT_ONCE][SECTOR_BYTES] __attribute__((aligned(8)));
static volatile uint32_t initialized = 1;
static volatile uint32_t zero;

static volatile uint32_t *rtc(const uint32_t offset)
{
    return (volatile uint32_t *)(RTC + offset);
}

static void check_begin(void)
{
    check_equal(initialized, 1, "data that is initialized");
    check_equal(zero, 0, "data that is zero");
    check_equal(csr_read(sie), 0, "sie");
    check_equal(csr_read(satp), 0, "satp");
    check_equal(csr_read(sstatus) & SSTATUS_SIE, 0, "sstatus.SIE");
    check_equal(*rtc(RTC_IRQ_ENABLED), 0, "the clock's interrupt");
    const uint64_t enable = platform.plic_base + PLIC_ENABLE + PLIC_ENABLE_STRIDE * platform.plic_context;
    check_equal(*(volatile uint32_t *)enable, 0, "interrupts that are enabled");
}

/** Interrupts that are about to come, and requests that nobody awaits. */
static void leave_behind(const uint32_t count)
{
    csr_clear(sstatus, SSTATUS_SIE);
    initialized = 2;
    zero = 3;
    sbi_set_timer(ticks_from_now(50));
    csr_set(sie, INTERRUPT_TIMER);
    *rtc(RTC_IRQ_ENABLED) = 1;
    *rtc(RTC_ALARM_HIGH) = 0;
    *rtc(RTC_ALARM_LOW) = 1;
    for (uint16_t i = 0; i < AT_ONCE; i++)
    {
        drive_pattern(sectors[i], LEFT + i, count);
        drive_offer(&drive, i, REQUEST_OUT, LEFT + i, sectors[i], SECTOR_BYTES, false);
    }
    drive_notify(&drive);
}

static void check_left(const uint32_t count)
{
    static uint8_t expected[SECTOR_BYTES] __attribute__((aligned(8)));
    for (uint16_t i = 0; i < AT_ONCE; i++)
    {
        check_equal(drive_read(&drive, LEFT + i, sectors[0], 1), STATUS_OK, "status of a read");
        drive_pattern(expected, LEFT + i, count);
        check(memcmp(sectors[0], expected, SECTOR_BYTES) == 0, "a sector does not hold what was being written");
    }
}

void guest_main(void)
{
    check_begin();
    drive_open(&drive, DRIVE_FLUSH);
    check_equal(drive_read(&drive, COUNTER, sectors[0], 1), STATUS_OK, "status of a read");
    const uint32_t count = *(const uint32_t *)sectors[0];
    if (count > 0)
    {
        check_left(count);
    }
    print("begin %u\n", count + 1);
    if (count == REBOOTS)
    {
        print("block_reboot ok\n");
        return;
    }
    memset(sectors[0], 0, SECTOR_BYTES);
    *(uint32_t *)sectors[0] = count + 1;
    check_equal(drive_write(&drive, COUNTER, sectors[0], 1), STATUS_OK, "status of a write");
    check_equal(drive_flush(&drive), STATUS_OK, "status of a flush");
    leave_behind(count + 1);
    (void)sbi_call(SBI_SRST, 0, RESET_COLD + count % 2, 0, 0, 0);
    fail("a reset came back");
}
