// SPDX-License-Identifier: Apache-2.0
#include "sbi.h"

#include "console.h"

struct sbi_answer sbi_call(
    const long extension, const long function, const uint64_t arg0, const uint64_t arg1, const uint64_t arg2,
    const uint64_t arg3)
{
    register uint64_t a0 __asm__("a0") = arg0;
    register uint64_t a1 __asm__("a1") = arg1;
    register uint64_t a2 __asm__("a2") = arg2;
    register uint64_t a3 __asm__("a3") = arg3;
    register long a6 __asm__("a6") = function;
    register long a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a6), "r"(a7) : "memory");
    return (struct sbi_answer){ (long)a0, (long)a1 };
}

long sbi_legacy(const long extension, const uint64_t argument)
{
    register uint64_t a0 __asm__("a0") = argument;
    register long a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "a1", "memory");
    return (long)a0;
}

bool sbi_has(const long extension)
{
    const struct sbi_answer answer = sbi_call(SBI_BASE, 3, (uint64_t)extension, 0, 0, 0);
    return answer.error == SBI_SUCCESS && answer.value != 0;
}

void sbi_set_timer(const uint64_t deadline_ticks)
{
    (void)sbi_call(SBI_TIME, 0, deadline_ticks, 0, 0, 0);
}

void shut_down(const bool failed)
{
    console_flush();
    if (sbi_has(SBI_SRST))
    {
        (void)sbi_call(SBI_SRST, 0, 0, failed ? 1 : 0, 0, 0);
    }
    (void)sbi_legacy(SBI_LEGACY_SHUTDOWN, 0);
    csr_write(sie, 0);
    for (;;)
    {
        wait_for_interrupt();
    }
}
