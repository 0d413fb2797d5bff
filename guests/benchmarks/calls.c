// SPDX-License-Identifier: Apache-2.0
/*
 * Calls and returns: Fibonacci numbers and Ackermann's function, by their definitions. n=ROUNDS.
 */
#include "work.h"

static uint64_t __attribute__((noinline)) fibonacci(const uint64_t n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static uint64_t __attribute__((noinline)) ackermann(const uint64_t m, const uint64_t n)
{
    if (m == 0)
    {
        return n + 1;
    }
    return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

void guest_main(void)
{
    const uint64_t count = rounds(2300);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++)
    {
        sum = sum * 31 + fibonacci(28 + (i & 1)) + ackermann(2 + (i & 1), 7);
    }
    result(sum);
}
