// SPDX-License-Identifier: Apache-2.0
/*
 * Calls to the firmware or hypervisor. Source: RISC-V SBI specification 2.0; older firmware is probed, not assumed.
 */
#ifndef RUNTIME_SBI_H
#define RUNTIME_SBI_H

#include "csr.h"

#define SBI_BASE   0x10
#define SBI_TIME   0x54494D45
#define SBI_IPI    0x735049
#define SBI_RFENCE 0x52464E43
#define SBI_HSM    0x48534D
#define SBI_SRST   0x53525354
#define SBI_DBCN   0x4442434E

#define SBI_LEGACY_PUTCHAR  1
#define SBI_LEGACY_GETCHAR  2
#define SBI_LEGACY_SHUTDOWN 8

#define SBI_SUCCESS           0L
#define SBI_NOT_SUPPORTED     (-2L)
#define SBI_INVALID_PARAM     (-3L)
#define SBI_ALREADY_AVAILABLE (-6L)

#define SBI_TIMER_NEVER (~0UL)

struct sbi_answer
{
    long error;
    long value;
};

struct sbi_answer sbi_call(long extension, long function, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3);

/** A call of the old kind, which answers in a0 alone. */
long sbi_legacy(long extension, uint64_t a0);

bool sbi_has(long extension);

/** Asks for a timer interrupt once `time` has reached `deadline_ticks`; SBI_TIMER_NEVER takes a pending one back. */
void sbi_set_timer(uint64_t deadline_ticks);

/** Ends the machine, with the reason "none" or "system failure". Does not return. */
void shut_down(bool failed) __attribute__((noreturn));

#endif
