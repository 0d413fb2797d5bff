// SPDX-License-Identifier: Apache-2.0
/*
 * Bit operations and stores in strides: the sieve of Eratosthenes over 4 million odd numbers. n=ROUNDS.
 */
#include "work.h"

#define NUMBERS 4000000u

static uint64_t composite[NUMBERS / 64 + 1];

/** Bit i stands for 2 i + 3. */
static uint64_t sieve(const uint32_t numbers)
{
    uint64_t sum = 0;
    memset(composite, 0, sizeof(composite));
    for (uint32_t i = 0; i < numbers; i++)
    {
        if ((composite[i / 64] >> (i % 64) & 1) == 0)
        {
            const uint32_t prime = 2 * i + 3;
            sum += prime;
            for (uint32_t multiple = i + prime; multiple < numbers; multiple += prime)
            {
                composite[multiple / 64] |= 1UL << (multiple % 64);
            }
        }
    }
    return sum;
}

void guest_main(void)
{
    const uint64_t count = rounds(310);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++)
    {
        sum = sum * 31 + sieve(NUMBERS - (uint32_t)(i % 1000));
    }
    result(sum);
}
