// SPDX-License-Identifier: Apache-2.0
/*
 * Timer interrupts, asked for through SBI and, where there is Sstc, through stimecmp: in sequence, in the past,
 * masked in both places, and taken back.
 */
#include "catch.h"
#include "wait.h"

#define STIMECMP 0x14D

typedef void set_function(uint64_t deadline_ticks);

static set_function *set_timer;
static volatile unsigned count;
static volatile uint64_t deadline;
static volatile bool was_early;

static void set_by_stimecmp(const uint64_t deadline_ticks)
{
    __asm__ volatile("csrw %0, %1" : : "i"(STIMECMP), "r"(deadline_ticks) : "memory");
}

static bool on_timer(struct trap_frame *const frame)
{
    if (frame->scause != (CAUSE_INTERRUPT | 5))
    {
        return false;
    }
    was_early |= csr_read(time) < deadline;
    count++;
    set_timer(SBI_TIMER_NEVER);
    return true;
}

static void arm(const uint64_t deadline_ticks)
{
    deadline = deadline_ticks;
    set_timer(deadline_ticks);
}

static bool is_pending(void)
{
    return (csr_read(sip) & INTERRUPT_TIMER) != 0;
}

static void one_after_another(void)
{
    csr_set(sie, INTERRUPT_TIMER);
    csr_set(sstatus, SSTATUS_SIE);
    for (unsigned i = 0; i < 20; i++)
    {
        const unsigned before = count;
        arm(ticks_from_now(100 * i));
        wait_for(count != before, "a timer interrupt did not come");
        check_equal(count, before + 1, "interrupts for one deadline");
        check(!was_early, "a timer interrupt came before its deadline");
    }
}

static void in_the_past(void)
{
    const unsigned before = count;
    arm(0);
    wait_for(count != before, "a deadline of zero does not interrupt");
    arm(csr_read(time) - 1);
    wait_for(count != before + 1, "a deadline in the past does not interrupt");
    check_equal(count, before + 2, "interrupts for two deadlines in the past");
}

static void masked(void)
{
    csr_clear(sstatus, SSTATUS_SIE);
    unsigned before = count;
    arm(ticks_from_now(100));
    wait_for(is_pending(), "a timer interrupt does not become pending while sstatus.SIE is 0");
    check_equal(count, before, "interrupts while sstatus.SIE is 0");
    csr_set(sstatus, SSTATUS_SIE);
    wait_for(count != before, "a pending interrupt is not taken when sstatus.SIE becomes 1");

    csr_clear(sie, INTERRUPT_TIMER);
    before = count;
    arm(ticks_from_now(100));
    wait_for(is_pending(), "a timer interrupt does not become pending while sie.STIE is 0");
    check_equal(count, before, "interrupts while sie.STIE is 0");
    csr_set(sie, INTERRUPT_TIMER);
    wait_for(count != before, "a pending interrupt is not taken when sie.STIE becomes 1");
}

static void taken_back(void)
{
    csr_clear(sstatus, SSTATUS_SIE);
    const unsigned before = count;
    arm(0);
    wait_for(is_pending(), "a deadline of zero does not become pending");
    set_timer(SBI_TIMER_NEVER);
    check(!is_pending(), "a later deadline does not take a pending interrupt back");
    csr_set(sstatus, SSTATUS_SIE);

    arm(ticks_from_now(1000));
    set_timer(SBI_TIMER_NEVER);
    spin_until(ticks_from_now(3000));
    check_equal(count, before, "interrupts that were taken back");
}

static void run(set_function *const with)
{
    set_timer = with;
    trap_handle_with(on_timer);
    one_after_another();
    in_the_past();
    masked();
    taken_back();
    csr_clear(sstatus, SSTATUS_SIE);
    csr_clear(sie, INTERRUPT_TIMER);
}

/** The isa string may name Sstc while firmware keeps it from the supervisor. */
static bool has_stimecmp(void)
{
    if (!platform_has_extension("sstc"))
    {
        return false;
    }
    expect_nothing();
    __asm__ volatile("csrr t0, %0" : : "i"(STIMECMP) : "t0", "memory");
    return caught.count == 0;
}

void guest_main(void)
{
    run(sbi_set_timer);
    print("timer interrupts asked for by SBI are in order\n");
    if (has_stimecmp())
    {
        run(set_by_stimecmp);
    }
    print("timer interrupts asked for by stimecmp are in order where there is one\n");
}
