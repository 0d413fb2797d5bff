// SPDX-License-Identifier: Apache-2.0
/*
 * What the benchmark guests share: their size, numbers that look random, and their result.
 */
#ifndef BENCHMARKS_WORK_H
#define BENCHMARKS_WORK_H

#include "bytes.h"
#include "console.h"
#include "platform.h"

/** The boot argument n=ROUNDS; without it what takes our machine some ten seconds. */
static inline uint64_t rounds(const uint64_t otherwise)
{
    return platform_argument("n", otherwise);
}

/** Xorshift by Marsaglia; the state is not 0. */
static inline uint64_t random_number(uint64_t *const state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#define RANDOM_SEED 88172645463325252UL

/** Prints what was computed: the same on every machine. */
static inline void result(const uint64_t checksum)
{
    print("checksum %016lx\n", checksum);
}

#endif
