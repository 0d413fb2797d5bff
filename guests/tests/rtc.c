// SPDX-License-Identifier: Apache-2.0
/*
 * The goldfish RTC: the date goes on, can be set, and is read whole; its alarm interrupts when the date reaches it, at once
 * when that is past, and not at all when it was cleared or its interrupt is off.
 */
#include "wait.h"

/* Where QEMU's virt machine has them; the runtime reads no device tree for this device. */
#define RTC        0x101000UL
#define RTC_SOURCE 11u

#define TIME_LOW        0x00u
#define TIME_HIGH       0x04u
#define ALARM_LOW       0x08u
#define ALARM_HIGH      0x0Cu
#define IRQ_ENABLED     0x10u
#define CLEAR_ALARM     0x14u
#define ALARM_STATUS    0x18u
#define CLEAR_INTERRUPT 0x1Cu

#define PLIC_ENABLE         0x2000u
#define PLIC_ENABLE_STRIDE  0x80u
#define PLIC_CONTEXT        0x200000u
#define PLIC_CONTEXT_STRIDE 0x1000u
#define PLIC_CLAIM          4u

#define MILLISECOND 1000000UL
#define SECOND      1000000000UL
#define READINGS    20000

/** 2001-09-09 01:46:40, whose low half is about to run over in a second. */
#define DATE (1000000000UL * SECOND)

static volatile unsigned count;
static volatile bool was_early;
static volatile uint64_t deadline;

static uint32_t get(const uint32_t offset)
{
    return *(volatile uint32_t *)(RTC + offset);
}

static void set(const uint32_t offset, const uint32_t value)
{
    *(volatile uint32_t *)(RTC + offset) = value;
}

static volatile uint32_t *plic(const uint64_t offset)
{
    return (volatile uint32_t *)(platform.plic_base + offset);
}

static uint64_t date(void)
{
    const uint64_t low = get(TIME_LOW);
    return (uint64_t)get(TIME_HIGH) << 32 | low;
}

static void set_date(const uint64_t ns)
{
    set(TIME_HIGH, (uint32_t)(ns >> 32));
    set(TIME_LOW, (uint32_t)ns);
}

static void set_alarm(const uint64_t ns)
{
    deadline = ns;
    set(ALARM_HIGH, (uint32_t)(ns >> 32));
    set(ALARM_LOW, (uint32_t)ns);
}

static bool on_alarm(struct trap_frame *const frame)
{
    if (frame->scause != (CAUSE_INTERRUPT | 9))
    {
        return false;
    }
    volatile uint32_t *const claim = plic(PLIC_CONTEXT + PLIC_CONTEXT_STRIDE * platform.plic_context + PLIC_CLAIM);
    const uint32_t source = *claim;
    was_early |= source != RTC_SOURCE || date() < deadline || get(ALARM_STATUS) != 0;
    set(CLEAR_INTERRUPT, 1);
    count++;
    *claim = source;
    return true;
}

static void goes_on(void)
{
    uint64_t last = date();
    const uint64_t first = last;
    for (int i = 0; i < READINGS; i++)
    {
        const uint64_t now = date();
        check(now >= last, "the date ran backwards");
        last = now;
    }
    wait_for(date() >= first + 2 * MILLISECOND, "the date stands still");
}

static void can_be_set(void)
{
    set_date(DATE);
    const uint64_t now = date();
    check(now >= DATE && now < DATE + PATIENCE_SECONDS * SECOND, "the date is not the one that was set");
    /* The high half is that of the last reading of the low one. */
    const uint32_t high = get(TIME_HIGH);
    set(TIME_HIGH, high + 1);
    check_equal(get(TIME_HIGH), high, "the high half before the low one was read again");
    (void)get(TIME_LOW);
    check_equal(get(TIME_HIGH), high + 1, "the high half that was set");
    set_date(DATE);
}

static void interrupts_at_its_time(void)
{
    set(IRQ_ENABLED, 1);
    for (unsigned i = 1; i <= 10; i++)
    {
        const unsigned before = count;
        set_alarm(date() + i * MILLISECOND / 2);
        check(count != before || get(ALARM_STATUS) == 1 || date() >= deadline, "an alarm does not wait");
        csr_clear(sstatus, SSTATUS_SIE);
        while (count == before)
        {
            /* One that is pending wakes the hart, and is taken behind the next line. */
            wait_for_interrupt();
            csr_set(sstatus, SSTATUS_SIE);
            csr_clear(sstatus, SSTATUS_SIE);
        }
        csr_set(sstatus, SSTATUS_SIE);
        check_equal(count, before + 1, "interrupts for one alarm");
        check(!was_early, "an alarm came before its date");
    }
    const unsigned before = count;
    set_alarm(date() - SECOND);
    wait_for(count != before, "an alarm in the past does not interrupt");
    check_equal((uint64_t)get(ALARM_HIGH) << 32 | get(ALARM_LOW), deadline, "the alarm that was set");
}

static void can_be_cleared(void)
{
    const unsigned before = count;
    set_alarm(date() + 2 * MILLISECOND);
    set(CLEAR_ALARM, 1);
    check_equal(get(ALARM_STATUS), 0, "the status of an alarm that was cleared");
    set_alarm(date() + 100 * SECOND);
    check_equal(get(ALARM_STATUS), 1, "the status of an alarm that waits");
    spin_until(ticks_from_now(5000));
    set(CLEAR_ALARM, 1);

    set(IRQ_ENABLED, 0);
    set_alarm(date() + MILLISECOND);
    wait_for(get(ALARM_STATUS) == 0, "an alarm does not come while its interrupt is off");
    spin_until(ticks_from_now(1000));
    check_equal(count, before, "interrupts of alarms that were cleared, or while it is off");
    set(IRQ_ENABLED, 1);
    wait_for(count != before, "an alarm that was pending does not interrupt when that is turned on");
}

void guest_main(void)
{
    check(platform.has_plic, "the device tree has no PLIC for this hart");
    const uint64_t context = platform.plic_context;
    *plic(4 * RTC_SOURCE) = 1;
    *plic(PLIC_ENABLE + PLIC_ENABLE_STRIDE * context) = 1u << RTC_SOURCE;
    *plic(PLIC_CONTEXT + PLIC_CONTEXT_STRIDE * context) = 0;
    trap_handle_with(on_alarm);
    csr_set(sie, INTERRUPT_EXTERNAL);
    csr_set(sstatus, SSTATUS_SIE);
    goes_on();
    can_be_set();
    print("the date goes on and can be set\n");
    interrupts_at_its_time();
    can_be_cleared();
    print("alarms are in order\n");
}
