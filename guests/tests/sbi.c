// SPDX-License-Identifier: Apache-2.0
/*
 * The calls of SBI as the specification 2.0 has them, where firmware of 0.2 and later agrees with it.
 */
#include "wait.h"

#define NO_SUCH_EXTENSION 0x0A000000L /* vendor space */
#define NO_SUCH_FUNCTION  77L
#define NO_SUCH_HART      4000UL

#define HART_STARTED 0L

static struct sbi_answer call(const long extension, const long function, const uint64_t a0, const uint64_t a1)
{
    return sbi_call(extension, function, a0, a1, 0, 0);
}

static void check_error(const struct sbi_answer answer, const long error, const char *const what)
{
    check_equal((uint64_t)answer.error, (uint64_t)error, what);
}

static void base(void)
{
    for (long function = 0; function <= 6; function++)
    {
        check_error(call(SBI_BASE, function, SBI_BASE, 0), SBI_SUCCESS, "a base call");
    }
    const struct sbi_answer version = call(SBI_BASE, 0, 0, 0);
    check((version.value >> 24 & 0x7F) >= 1 || version.value >= 2, "the specification is older than 0.2");
    check_error(call(SBI_BASE, NO_SUCH_FUNCTION, 0, 0), SBI_NOT_SUPPORTED, "an unknown base function");
    print("base calls ok\n");
}

static void probes(void)
{
    static const long PRESENT[] = { SBI_BASE, SBI_TIME, SBI_IPI, SBI_RFENCE, SBI_HSM, SBI_SRST };
    for (size_t i = 0; i < sizeof PRESENT / sizeof PRESENT[0]; i++)
    {
        check(sbi_has(PRESENT[i]), "an extension that the machine must have is missing");
        check_error(call(PRESENT[i], NO_SUCH_FUNCTION, 0, 0), SBI_NOT_SUPPORTED, "an unknown function");
    }
    check(!sbi_has(NO_SUCH_EXTENSION), "an unknown extension is present");
    check_error(call(NO_SUCH_EXTENSION, 0, 0, 0), SBI_NOT_SUPPORTED, "an unknown extension");
    check_error(call(0x1234567812345678L, 0, 0, 0), SBI_NOT_SUPPORTED, "an extension number of more than 32 bits");
    print("probes ok\n");
}

static void hart_states(void)
{
    const struct sbi_answer own = call(SBI_HSM, 2, platform.hart, 0);
    check_error(own, SBI_SUCCESS, "hart_get_status of this hart");
    check_equal((uint64_t)own.value, HART_STARTED, "the status of this hart");
    check_error(call(SBI_HSM, 2, NO_SUCH_HART, 0), SBI_INVALID_PARAM, "hart_get_status of no hart");
    check_error(call(SBI_HSM, 0, NO_SUCH_HART, 0x80200000UL), SBI_INVALID_PARAM, "hart_start of no hart");
    check_error(call(SBI_HSM, 0, platform.hart, 0x80200000UL), SBI_ALREADY_AVAILABLE, "hart_start of this hart");
    print("hart states ok\n");
}

static void interrupts_to_itself(void)
{
    csr_clear(sip, INTERRUPT_SOFTWARE);
    check((csr_read(sip) & INTERRUPT_SOFTWARE) == 0, "a software interrupt is pending at the start");
    check_error(call(SBI_IPI, 0, 1, platform.hart), SBI_SUCCESS, "send_ipi");
    wait_for((csr_read(sip) & INTERRUPT_SOFTWARE) != 0, "an interrupt to itself does not become pending");
    csr_clear(sip, INTERRUPT_SOFTWARE);
    check((csr_read(sip) & INTERRUPT_SOFTWARE) == 0, "a software interrupt cannot be cleared in sip");

    check_error(call(SBI_IPI, 0, 0, ~0UL), SBI_SUCCESS, "send_ipi to all harts");
    wait_for((csr_read(sip) & INTERRUPT_SOFTWARE) != 0, "an interrupt to all does not become pending");
    csr_clear(sip, INTERRUPT_SOFTWARE);
    print("interrupts to itself ok\n");
}

static void remote_fences(void)
{
    check_error(call(SBI_RFENCE, 0, 1, platform.hart), SBI_SUCCESS, "remote_fence_i");
    check_error(sbi_call(SBI_RFENCE, 1, 1, platform.hart, 0x80200000UL, PAGE_BYTES), SBI_SUCCESS, "remote_sfence_vma");
    check_error(sbi_call(SBI_RFENCE, 1, 0, ~0UL, 0, ~0UL), SBI_SUCCESS, "remote_sfence_vma of everything");
    check_error(sbi_call(SBI_RFENCE, 2, 1, platform.hart, 0, PAGE_BYTES), SBI_SUCCESS, "remote_sfence_vma_asid");
    print("remote fences ok\n");
}

static void debug_console(void)
{
    static char text[] = "debug console";
    static char typed[8];
    if (sbi_has(SBI_DBCN))
    {
        // What it writes is the beginning of the line that the guest without it prints whole.
        const struct sbi_answer written = sbi_call(SBI_DBCN, 0, sizeof text - 1, (uint64_t)text, 0, 0);
        check_error(written, SBI_SUCCESS, "console_write");
        check_equal((uint64_t)written.value, sizeof text - 1, "bytes written");
        check_error(sbi_call(SBI_DBCN, 2, ' ', 0, 0, 0), SBI_SUCCESS, "console_write_byte");
        const struct sbi_answer read = sbi_call(SBI_DBCN, 1, sizeof typed, (uint64_t)typed, 0, 0);
        check_error(read, SBI_SUCCESS, "console_read");
        check(read.value >= 0 && read.value <= (long)sizeof typed, "console_read gives more bytes than there is room");
        check_error(sbi_call(SBI_DBCN, 0, 0, (uint64_t)text, 0, 0), SBI_SUCCESS, "console_write of nothing");
        check_error(sbi_call(SBI_DBCN, 0, 1, 0, 0, 0), SBI_INVALID_PARAM, "console_write from no memory");
        print("ok\n");
    }
    else
    {
        print("debug console ok\n");
    }
}

void guest_main(void)
{
    base();
    probes();
    hart_states();
    interrupts_to_itself();
    remote_fences();
    debug_console();
}
