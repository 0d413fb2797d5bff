// SPDX-License-Identifier: Apache-2.0
/*
 * Waits that end: for interrupts that must come, and for a while in which none may.
 */
#ifndef TESTS_WAIT_H
#define TESTS_WAIT_H

#include "test.h"

/** Seconds of the guest's time after which an interrupt that has not come is a failure. */
#define PATIENCE_SECONDS 20

#define wait_for(condition, what) \
    do \
    { \
        const uint64_t limit_ = csr_read(time) + PATIENCE_SECONDS * platform.timebase_hz; \
        while (!(condition)) \
        { \
            check(csr_read(time) < limit_, what); \
        } \
    } \
    while (0)

static inline uint64_t ticks_from_now(const uint64_t microseconds)
{
    return csr_read(time) + microseconds * platform.timebase_hz / 1000000;
}

static inline void spin_until(const uint64_t deadline_ticks)
{
    while (csr_read(time) < deadline_ticks)
    {
    }
}

#endif
