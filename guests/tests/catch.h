// SPDX-License-Identifier: Apache-2.0
/*
 * Exceptions that a test provokes: the handler notes what was reported and goes on behind the instruction, or after
 * the call when it was the fetch itself that failed.
 */
#ifndef TESTS_CATCH_H
#define TESTS_CATCH_H

#include "test.h"

#define NO_CAUSE (~0UL)

struct caught
{
    unsigned count;
    uint64_t scause;
    uint64_t stval;
    uint64_t sepc;
    uint64_t sstatus;
};

static volatile struct caught caught;

static bool catch_exception(struct trap_frame *const frame)
{
    caught.count++;
    caught.scause = frame->scause;
    caught.stval = frame->stval;
    caught.sepc = frame->sepc;
    caught.sstatus = frame->sstatus;
    if ((frame->scause & CAUSE_INTERRUPT) != 0 || caught.count > 1)
    {
        return false;
    }
    const bool is_fetch = frame->scause == CAUSE_FETCH_MISALIGNED || frame->scause == CAUSE_FETCH_ACCESS
        || frame->scause == CAUSE_FETCH_PAGE;
    frame->sepc = is_fetch ? frame->x[1] : frame->sepc + instruction_bytes(frame->sepc);
    return true;
}

static inline void expect_nothing(void)
{
    caught.count = 0;
    caught.scause = NO_CAUSE;
    caught.stval = 0;
    caught.sepc = 0;
    trap_handle_with(catch_exception);
}

#define DEFINE_LOAD(name, instruction) \
    static __attribute__((noinline, unused)) uint64_t name(const uint64_t address) \
    { \
        uint64_t value = 0x5EED5EED5EED5EEDUL; \
        expect_nothing(); \
        __asm__ volatile(".option push\n.option norvc\n" \
            instruction " %0, 0(%1)\n.option pop" : "+&r"(value) : "r"(address) : "memory"); \
        return value; \
    }

#define DEFINE_STORE(name, instruction) \
    static __attribute__((noinline, unused)) void name(const uint64_t address, const uint64_t value) \
    { \
        expect_nothing(); \
        __asm__ volatile(".option push\n.option norvc\n" \
            instruction " %0, 0(%1)\n.option pop" : : "r"(value), "r"(address) : "memory"); \
    }

DEFINE_LOAD(try_lb, "lb")
DEFINE_LOAD(try_lbu, "lbu")
DEFINE_LOAD(try_lh, "lh")
DEFINE_LOAD(try_lhu, "lhu")
DEFINE_LOAD(try_lw, "lw")
DEFINE_LOAD(try_lwu, "lwu")
DEFINE_LOAD(try_ld, "ld")
DEFINE_LOAD(try_lr_w, "lr.w")
DEFINE_LOAD(try_lr_d, "lr.d")
DEFINE_STORE(try_sb, "sb")
DEFINE_STORE(try_sh, "sh")
DEFINE_STORE(try_sw, "sw")
DEFINE_STORE(try_sd, "sd")

/** Calls the address with an argument; what it returns in a0, or the argument when the fetch trapped. */
static __attribute__((noinline, unused)) uint64_t try_call(const uint64_t address, const uint64_t argument)
{
    expect_nothing();
    register uint64_t a0 __asm__("a0") = argument;
    __asm__ volatile("jalr ra, 0(%1)"
        : "+r"(a0) : "r"(address)
        : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "memory");
    return a0;
}

#define check_caught(cause, value, what) \
    do \
    { \
        check_equal(caught.count, 1, what ": number of traps"); \
        check_equal(caught.scause, (cause), what ": scause"); \
        check_equal(caught.stval, (value), what ": stval"); \
    } \
    while (0)

#define check_clean(what) \
    do \
    { \
        if (caught.count != 0) \
        { \
            print("scause 0x%lx, sepc 0x%lx, stval 0x%lx\n", caught.scause, caught.sepc, caught.stval); \
        } \
        check_equal(caught.count, 0, what ": number of traps"); \
    } \
    while (0)

#endif
