// SPDX-License-Identifier: Apache-2.0
/*
 * Loads that depend on each other and miss every cache and TLB: a random cycle through 16 MiB. n=STEPS in thousands.
 */
#include "work.h"

#define CELLS (2u << 20)

static uint64_t next[CELLS];

void guest_main(void)
{
    uint64_t state = RANDOM_SEED;
    for (uint32_t i = 0; i < CELLS; i++)
    {
        next[i] = i;
    }
    // Sattolo's shuffle leaves one cycle through all.
    for (uint32_t i = CELLS - 1; i > 0; i--)
    {
        const uint32_t j = (uint32_t)(random_number(&state) % i);
        const uint64_t swapped = next[i];
        next[i] = next[j];
        next[j] = swapped;
    }
    const uint64_t steps = rounds(65000) * 1000;
    uint64_t at = 0;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < steps; i++)
    {
        at = next[at];
        sum += at ^ i;
    }
    result(sum);
}
