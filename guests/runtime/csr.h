// SPDX-License-Identifier: Apache-2.0
/*
 * Control and status registers by name, the bits the guests use, and the few instructions C has no word for.
 */
#ifndef RUNTIME_CSR_H
#define RUNTIME_CSR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SSTATUS_SIE  (1UL << 1)
#define SSTATUS_SPIE (1UL << 5)
#define SSTATUS_SPP  (1UL << 8)
#define SSTATUS_SUM  (1UL << 18)
#define SSTATUS_MXR  (1UL << 19)

#define INTERRUPT_SOFTWARE (1UL << 1)
#define INTERRUPT_TIMER    (1UL << 5)
#define INTERRUPT_EXTERNAL (1UL << 9)

#define CAUSE_INTERRUPT         (1UL << 63)
#define CAUSE_FETCH_MISALIGNED  0UL
#define CAUSE_FETCH_ACCESS      1UL
#define CAUSE_ILLEGAL           2UL
#define CAUSE_BREAKPOINT        3UL
#define CAUSE_LOAD_MISALIGNED   4UL
#define CAUSE_LOAD_ACCESS       5UL
#define CAUSE_STORE_MISALIGNED  6UL
#define CAUSE_STORE_ACCESS      7UL
#define CAUSE_ECALL_USER        8UL
#define CAUSE_FETCH_PAGE        12UL
#define CAUSE_LOAD_PAGE         13UL
#define CAUSE_STORE_PAGE        15UL

#define csr_read(name) \
    ({ uint64_t value_; __asm__ volatile("csrr %0, " #name : "=r"(value_) : : "memory"); value_; })
#define csr_write(name, value) \
    ({ __asm__ volatile("csrw " #name ", %0" : : "rK"((uint64_t)(value)) : "memory"); })
#define csr_set(name, bits) \
    ({ __asm__ volatile("csrs " #name ", %0" : : "rK"((uint64_t)(bits)) : "memory"); })
#define csr_clear(name, bits) \
    ({ __asm__ volatile("csrc " #name ", %0" : : "rK"((uint64_t)(bits)) : "memory"); })
#define csr_swap(name, value) \
    ({ uint64_t old_; __asm__ volatile("csrrw %0, " #name ", %1" \
        : "=r"(old_) : "rK"((uint64_t)(value)) : "memory"); old_; })

#define wait_for_interrupt() __asm__ volatile("wfi" : : : "memory")
#define fence_instructions() __asm__ volatile("fence.i" : : : "memory")
#define fence_translations() __asm__ volatile("sfence.vma" : : : "memory")

#endif
