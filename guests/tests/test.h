// SPDX-License-Identifier: Apache-2.0
/*
 * What the test guests share: a check that ends the guest when it fails, and traps that are expected.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include "bytes.h"
#include "console.h"
#include "csr.h"
#include "platform.h"
#include "sbi.h"
#include "trap.h"

#define PAGE_BYTES 4096UL

static inline void __attribute__((noreturn)) fail(const char *const what)
{
    print("FAIL: %s\n", what);
    shut_down(true);
}

#define check(condition, what) \
    do \
    { \
        if (!(condition)) \
        { \
            fail(what); \
        } \
    } \
    while (0)

/** As check, and prints both numbers when they differ. */
static inline void check_equal(const uint64_t actual, const uint64_t expected, const char *const what)
{
    if (actual != expected)
    {
        print("FAIL: %s: 0x%lx, expected 0x%lx\n", what, actual, expected);
        shut_down(true);
    }
}

/** Bytes of the instruction at an address that the supervisor may read. */
static inline unsigned instruction_bytes(const uint64_t address)
{
    return (*(const volatile uint16_t *)address & 3) == 3 ? 4 : 2;
}

#endif
