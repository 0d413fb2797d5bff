// SPDX-License-Identifier: Apache-2.0
/*
 * Plain integer loops, for measuring how many instructions a second a machine runs: about 14 instructions a round,
 * nearly all in registers. Boot argument: n=ROUNDS.
 */
#include "test.h"

/** About 420 million instructions. */
#define DEFAULT_ROUNDS 30000000UL

static uint64_t mixed(const uint64_t rounds)
{
    static volatile uint64_t cells[64];
    uint64_t x = 88172645463325252UL;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < rounds; i++)
    {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        if ((i & 63) == 0)
        {
            cells[x & 63] += sum;
        }
        sum += x;
    }
    for (int i = 0; i < 64; i++)
    {
        sum ^= cells[i];
    }
    return sum;
}

void guest_main(void)
{
    print("checksum %016lx\n", mixed(platform_argument("n", DEFAULT_ROUNDS)));
}
