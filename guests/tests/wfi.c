// SPDX-License-Identifier: Apache-2.0
/*
 * WFI ends when an enabled interrupt is pending: with sstatus.SIE 0 the next instruction runs, with 1 the interrupt is
 * taken. It may end earlier, so it stands in a loop.
 */
#include "wait.h"

#define ROUNDS 20

/** WFI may do nothing at all; this many in a millisecond would mean that time stands still. */
#define MAX_WAITS 1000000000UL

static volatile unsigned count;

static bool on_timer(struct trap_frame *const frame)
{
    if (frame->scause != (CAUSE_INTERRUPT | 5))
    {
        return false;
    }
    count++;
    sbi_set_timer(SBI_TIMER_NEVER);
    return true;
}

static void with_interrupts_disabled(void)
{
    csr_clear(sstatus, SSTATUS_SIE);
    csr_set(sie, INTERRUPT_TIMER);
    for (int i = 0; i < ROUNDS; i++)
    {
        const uint64_t deadline = ticks_from_now(1000);
        sbi_set_timer(deadline);
        for (uint64_t waits = 0; (csr_read(sip) & INTERRUPT_TIMER) == 0; waits++)
        {
            check(waits < MAX_WAITS, "wfi returns but the timer does not become pending");
            wait_for_interrupt();
        }
        check(csr_read(time) >= deadline, "the timer is pending before its deadline");
        // Pending already: this one must not wait at all, for nothing else would end it.
        wait_for_interrupt();
        sbi_set_timer(SBI_TIMER_NEVER);
    }
    check_equal(count, 0, "interrupts taken while sstatus.SIE is 0");
}

static void with_interrupts_enabled(void)
{
    csr_set(sstatus, SSTATUS_SIE);
    for (unsigned i = 0; i < ROUNDS; i++)
    {
        // A far deadline, so that the interrupt does not come before the wait; the loop covers that it did.
        sbi_set_timer(ticks_from_now(1000));
        for (uint64_t waits = 0; count == i; waits++)
        {
            check(waits < MAX_WAITS, "wfi returns but the interrupt is not taken");
            csr_clear(sstatus, SSTATUS_SIE);
            if (count == i)
            {
                wait_for_interrupt();
            }
            csr_set(sstatus, SSTATUS_SIE);
        }
        check_equal(count, i + 1, "interrupts for one deadline");
    }

    // And the plain way, in which the trap is taken from the wait itself.
    const unsigned before = count;
    sbi_set_timer(ticks_from_now(20000));
    if (count == before)
    {
        wait_for_interrupt();
    }
    wait_for(count == before + 1, "the interrupt that ended wfi is not taken");
}

void guest_main(void)
{
    trap_handle_with(on_timer);
    with_interrupts_disabled();
    print("wfi wakes with interrupts disabled\n");
    with_interrupts_enabled();
    print("wfi wakes with interrupts enabled\n");
}
