// SPDX-License-Identifier: Apache-2.0
/*
 * Comparisons that go either way: quicksort of a million random numbers. n=ROUNDS.
 */
#include "work.h"

#define NUMBERS 1000000u
#define SMALL   12

static uint64_t numbers[NUMBERS];

static void sort_small(uint64_t *const from, uint64_t *const to)
{
    for (uint64_t *i = from + 1; i <= to; i++)
    {
        const uint64_t value = *i;
        uint64_t *j = i;
        for (; j > from && j[-1] > value; j--)
        {
            *j = j[-1];
        }
        *j = value;
    }
}

/** Hoare's, with the middle as the pivot; the larger part stays in the loop. */
static void sort(uint64_t *from, uint64_t *to)
{
    while (to - from > SMALL)
    {
        const uint64_t pivot = from[(to - from) / 2];
        uint64_t *i = from;
        uint64_t *j = to;
        while (i <= j)
        {
            while (*i < pivot)
            {
                i++;
            }
            while (*j > pivot)
            {
                j--;
            }
            if (i <= j)
            {
                const uint64_t swapped = *i;
                *i++ = *j;
                *j-- = swapped;
            }
        }
        if (j - from < to - i)
        {
            sort(from, j);
            from = i;
        }
        else
        {
            sort(i, to);
            to = j;
        }
    }
    sort_small(from, to);
}

void guest_main(void)
{
    const uint64_t count = rounds(80);
    uint64_t state = RANDOM_SEED;
    uint64_t sum = 0;
    for (uint64_t round = 0; round < count; round++)
    {
        for (uint32_t i = 0; i < NUMBERS; i++)
        {
            numbers[i] = random_number(&state);
        }
        sort(numbers, numbers + NUMBERS - 1);
        for (uint32_t i = 0; i < NUMBERS; i++)
        {
            sum = sum * 31 + numbers[i];
        }
    }
    result(sum);
}
