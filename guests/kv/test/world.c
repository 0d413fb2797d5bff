// SPDX-License-Identifier: Apache-2.0
/*
 * What the tests have in common: a clock that they move, and memory.
 */
#include "check.h"
#include "clock.h"
#include "memory.h"
#include "store.h"

#define TICKS_PER_SECOND 10000000u

uint64_t test_clock_ticks = 12345;

uint64_t clock_ticks(void)
{
    return test_clock_ticks;
}

uint64_t clock_hz(void)
{
    return TICKS_PER_SECOND;
}

void test_start_memory(const size_t bytes)
{
    static void *area;
    free(area);
    area = malloc(bytes);
    CHECK(area != NULL);
    CHECK(memory_start(area, bytes));
    CHECK(store_start());
}
