// SPDX-License-Identifier: Apache-2.0
/*
 * Memory as a stream: copies, scales and adds arrays of 8 MiB. n=ROUNDS.
 */
#include "work.h"

#define WORDS (1u << 20)

static uint64_t a[WORDS];
static uint64_t b[WORDS];
static uint64_t c[WORDS];

void guest_main(void)
{
    const uint64_t count = rounds(950);
    uint64_t state = RANDOM_SEED;
    for (uint32_t i = 0; i < WORDS; i++)
    {
        a[i] = random_number(&state);
    }
    uint64_t sum = 0;
    for (uint64_t round = 0; round < count; round++)
    {
        memcpy(b, a, sizeof(a));
        for (uint32_t i = 0; i < WORDS; i++)
        {
            c[i] = b[i] * 3;
        }
        for (uint32_t i = 0; i < WORDS; i++)
        {
            a[i] = b[i] + c[i];
        }
        for (uint32_t i = 0; i < WORDS; i++)
        {
            sum ^= a[i] + i;
        }
    }
    result(sum);
}
