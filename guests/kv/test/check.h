// SPDX-License-Identifier: Apache-2.0
/*
 * Checks for the tests that run on the host: a failure says where and what, and ends the run.
 */
#ifndef KV_TEST_CHECK_H
#define KV_TEST_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition) \
    do \
    { \
        if (!(condition)) \
        { \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            exit(1); \
        } \
    } \
    while (0)

#define CHECK_EQUAL(actual, expected) \
    do \
    { \
        const int64_t actual_ = (int64_t)(actual); \
        const int64_t expected_ = (int64_t)(expected); \
        if (actual_ != expected_) \
        { \
            fprintf(stderr, "%s:%d: %s is %lld, expected %lld\n", __FILE__, __LINE__, #actual, (long long)actual_, \
                (long long)expected_); \
            exit(1); \
        } \
    } \
    while (0)

/** A sequence that is the same in every run: a failure comes again. */
static inline uint64_t random_number(void)
{
    static uint64_t state = 0x9E3779B97F4A7C15u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static inline uint32_t random_below(const uint32_t bound)
{
    return (uint32_t)(random_number() % bound);
}

/** The clock of the tests, in ticks of 100 ns; they move it. */
extern uint64_t test_clock_ticks;

/** Takes and gives memory to the code under test, anew. */
void test_start_memory(size_t bytes);

#endif
