// SPDX-License-Identifier: Apache-2.0
/*
 * The M extension against arithmetic by shifts, adds and 32-bit products: edge values with each other, then random
 * ones.
 */
#include "test.h"

#define RANDOM_PAIRS 5000

static const uint64_t EDGES[] = {
    0, 1, 2, 3, 7, 10, ~0UL, ~1UL, 0x7FFFFFFFUL, 0x80000000UL, 0x80000001UL, 0xFFFFFFFFUL, 0x100000000UL,
    0xFFFFFFFF80000000UL, 0xFFFFFFFF7FFFFFFFUL, 0x7FFFFFFFFFFFFFFFUL, 0x8000000000000000UL, 0x8000000000000001UL,
    0x5555555555555555UL, 0xAAAAAAAAAAAAAAAAUL, 0x00000000DEADBEEFUL, 0xDEADBEEF00000000UL,
};

#define EDGE_COUNT (sizeof EDGES / sizeof EDGES[0])

#define RUN(instruction, a, b) \
    ({ \
        uint64_t result_; \
        __asm__ volatile(instruction " %0, %1, %2" : "=r"(result_) : "r"(a), "r"(b)); \
        result_; \
    })

static uint64_t high_product(const uint64_t a, const uint64_t b)
{
    const uint64_t a0 = a & 0xFFFFFFFF;
    const uint64_t a1 = a >> 32;
    const uint64_t b0 = b & 0xFFFFFFFF;
    const uint64_t b1 = b >> 32;
    const uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
    const uint64_t other = a0 * b1 + (middle & 0xFFFFFFFF);
    return a1 * b1 + (middle >> 32) + (other >> 32);
}

static uint64_t low_product(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;
    for (; b != 0; a <<= 1, b >>= 1)
    {
        sum += (b & 1) != 0 ? a : 0;
    }
    return sum;
}

static void divide(const uint64_t a, const uint64_t b, uint64_t *const quotient, uint64_t *const remainder)
{
    uint64_t q = 0;
    uint64_t r = 0;
    for (int bit = 63; bit >= 0; bit--)
    {
        const bool carry = r >> 63 != 0;
        r = r << 1 | (a >> bit & 1);
        if (carry || r >= b)
        {
            r -= b;
            q |= 1UL << bit;
        }
    }
    *quotient = q;
    *remainder = r;
}

static uint64_t negated(const uint64_t value)
{
    return ~value + 1;
}

static void divide_signed(const uint64_t a, const uint64_t b, uint64_t *const quotient, uint64_t *const remainder)
{
    const bool a_negative = a >> 63 != 0;
    const bool b_negative = b >> 63 != 0;
    divide(a_negative ? negated(a) : a, b_negative ? negated(b) : b, quotient, remainder);
    *quotient = a_negative != b_negative ? negated(*quotient) : *quotient;
    *remainder = a_negative ? negated(*remainder) : *remainder;
}

static uint64_t extended(const uint64_t value)
{
    return (uint64_t)((int64_t)(value << 32) >> 32);
}

static void check_pair(const uint64_t a, const uint64_t b)
{
    check_equal(RUN("mul", a, b), low_product(a, b), "mul");
    const uint64_t unsigned_high = high_product(a, b);
    const uint64_t if_a = a >> 63 != 0 ? b : 0;
    const uint64_t if_b = b >> 63 != 0 ? a : 0;
    check_equal(RUN("mulhu", a, b), unsigned_high, "mulhu");
    check_equal(RUN("mulhsu", a, b), unsigned_high - if_a, "mulhsu");
    check_equal(RUN("mulh", a, b), unsigned_high - if_a - if_b, "mulh");
    check_equal(RUN("mulw", a, b), extended(low_product(a, b)), "mulw");

    // Division by zero gives all ones and the dividend; the one overflow gives the dividend and zero.
    uint64_t quotient = ~0UL;
    uint64_t remainder = a;
    if (b != 0)
    {
        divide(a, b, &quotient, &remainder);
    }
    check_equal(RUN("divu", a, b), quotient, "divu");
    check_equal(RUN("remu", a, b), remainder, "remu");

    quotient = ~0UL;
    remainder = a;
    if (b != 0)
    {
        divide_signed(a, b, &quotient, &remainder);
    }
    check_equal(RUN("div", a, b), quotient, "div");
    check_equal(RUN("rem", a, b), remainder, "rem");

    const uint64_t a_word = a & 0xFFFFFFFF;
    const uint64_t b_word = b & 0xFFFFFFFF;
    quotient = ~0UL;
    remainder = a_word;
    if (b_word != 0)
    {
        divide(a_word, b_word, &quotient, &remainder);
    }
    check_equal(RUN("divuw", a, b), extended(quotient), "divuw");
    check_equal(RUN("remuw", a, b), extended(remainder), "remuw");

    quotient = ~0UL;
    remainder = extended(a);
    if (b_word != 0)
    {
        divide_signed(extended(a), extended(b), &quotient, &remainder);
    }
    check_equal(RUN("divw", a, b), extended(quotient), "divw");
    check_equal(RUN("remw", a, b), extended(remainder), "remw");
}

static uint64_t random_number(void)
{
    static uint64_t state = 88172645463325252UL;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

void guest_main(void)
{
    for (size_t i = 0; i < EDGE_COUNT; i++)
    {
        for (size_t j = 0; j < EDGE_COUNT; j++)
        {
            check_pair(EDGES[i], EDGES[j]);
        }
    }
    print("products and quotients of edge values ok\n");
    for (int i = 0; i < RANDOM_PAIRS; i++)
    {
        // Of all lengths, so that quotients are not nearly always 0 or 1.
        const uint64_t a = random_number() >> (random_number() & 63);
        const uint64_t b = random_number() >> (random_number() & 63);
        check_pair(a, b);
        check_pair(negated(a), b);
    }
    print("products and quotients of random values ok\n");
}
