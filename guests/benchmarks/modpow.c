// SPDX-License-Identifier: Apache-2.0
/*
 * Products of 128 bits and remainders of 64: powers by Montgomery's method for a modulus of 64 bits, and by division for
 * one of 32. n=POWERS.
 */
#include "work.h"

typedef unsigned __int128 wide;

/** a b / 2^64 modulo an odd modulus; the inverse is that of -modulus modulo 2^64. */
static uint64_t product(const uint64_t a, const uint64_t b, const uint64_t modulus, const uint64_t inverse)
{
    const wide full = (wide)a * b;
    const uint64_t factor = (uint64_t)full * inverse;
    const wide reduced = (wide)factor * modulus;
    const uint64_t carry = (uint64_t)full != 0;
    const uint64_t high = (uint64_t)(full >> 64);
    const uint64_t low = (uint64_t)(reduced >> 64) + carry;
    const uint64_t sum = high + low;
    return sum < high || sum >= modulus ? sum - modulus : sum;
}

static uint64_t power_by_montgomery(uint64_t base, uint64_t exponent, const uint64_t modulus)
{
    uint64_t inverse = modulus;
    for (int i = 0; i < 5; i++)
    {
        inverse *= 2 - modulus * inverse;
    }
    inverse = -inverse;
    uint64_t power = -modulus % modulus;
    base %= modulus;
    for (; exponent != 0; exponent >>= 1)
    {
        if ((exponent & 1) != 0)
        {
            power = product(power, base, modulus, inverse);
        }
        base = product(base, base, modulus, inverse);
    }
    return power;
}

static uint64_t power_by_division(uint64_t base, uint64_t exponent, const uint32_t modulus)
{
    uint64_t power = 1;
    base %= modulus;
    for (; exponent != 0; exponent >>= 1)
    {
        if ((exponent & 1) != 0)
        {
            power = power * base % modulus;
        }
        base = base * base % modulus;
    }
    return power;
}

void guest_main(void)
{
    const uint64_t count = rounds(11500000);
    uint64_t state = RANDOM_SEED;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++)
    {
        const uint64_t base = random_number(&state);
        const uint64_t exponent = random_number(&state);
        const uint64_t modulus = random_number(&state) | 1UL << 63 | 1;
        sum = sum * 31 + power_by_montgomery(base, exponent, modulus);
        sum += power_by_division(base, exponent, (uint32_t)modulus);
    }
    result(sum);
}
