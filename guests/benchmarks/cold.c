// SPDX-License-Identifier: Apache-2.0
/*
 * Code that is executed a few times: thousands of functions, written into memory, are called one after the other, and
 * overwritten by others.
 *
 * n=ROUNDS (1), functions=NUMBER (40000), calls=NUMBER of each function (1), turns=NUMBER of functions that are called by
 * turns (1), loops=NUMBER of rounds of the loops in it, at most (3). A function executes some 150 instructions; writing it
 * takes as many, in a loop.
 */
#include "work.h"

#define FUNCTION_BYTES 512u
#define WORDS          (FUNCTION_BYTES / 4)
#define MAX_FUNCTIONS  ((24u << 20) / FUNCTION_BYTES)
#define DATA_WORDS     256u

/** Different ones; each copy is its own by a constant. */
#define TEMPLATES 64u

/* Registers: a0 is the data and the result, a1 the seed; a1 to a7 are computed with, t0 counts rounds of a loop. */
#define A0         10u
#define A1         11u
#define A7         17u
#define T0         5u
#define COMPUTED   7u
#define RETURN     0x00008067u

#define MAX_BLOCK  12u
#define LAST_WORDS (COMPUTED + 1)

typedef uint64_t function(uint64_t *data, uint64_t seed);

static uint32_t code[MAX_FUNCTIONS * WORDS] __attribute__((aligned(4096)));
static uint32_t templates[TEMPLATES][WORDS] __attribute__((aligned(8)));
static uint64_t data[DATA_WORDS];
static uint64_t state = RANDOM_SEED;

static uint32_t below(const uint32_t bound)
{
    return (uint32_t)(random_number(&state) >> 32) % bound;
}

static uint32_t any_register(void)
{
    return A1 + below(COMPUTED);
}

static uint32_t immediate(const uint32_t operation, const uint32_t to, const uint32_t from, const uint32_t value)
{
    return value << 20 | from << 15 | operation << 12 | to << 7 | 0x13;
}

static uint32_t load(const uint32_t to, const uint32_t offset)
{
    return offset << 20 | A0 << 15 | 3u << 12 | to << 7 | 0x03;
}

static uint32_t store(const uint32_t from, const uint32_t offset)
{
    return (offset >> 5) << 25 | from << 20 | A0 << 15 | 3u << 12 | (offset & 31) << 7 | 0x23;
}

/** bne, by at most 4 KiB in either direction. */
static uint32_t branch(const uint32_t a, const uint32_t b, const int32_t words)
{
    const uint32_t bytes = (uint32_t)(4 * words);
    return (bytes >> 12 & 1) << 31 | (bytes >> 5 & 63) << 25 | b << 20 | a << 15 | 1u << 12 |
        (bytes >> 1 & 15) << 8 | (bytes >> 11 & 1) << 7 | 0x63;
}

/** add, sub, xor, or, and, mul. */
static uint32_t arithmetic(const uint32_t to, const uint32_t a, const uint32_t b)
{
    static const uint32_t operations[] = {
        0, 0, 0x20u << 25, 4u << 12, 4u << 12, 6u << 12, 7u << 12, 1u << 25,
    };
    return operations[below(8)] | b << 20 | a << 15 | to << 7 | 0x33;
}

/** In the mix of ordinary programs. */
static uint32_t instruction(void)
{
    const uint32_t kind = below(100);
    const uint32_t offset = 8 * below(DATA_WORDS);
    if (kind < 27)
    {
        return load(any_register(), offset);
    }
    if (kind < 39)
    {
        return store(any_register(), offset);
    }
    return kind < 65 ? arithmetic(any_register(), any_register(), any_register()) :
        immediate(0, any_register(), any_register(), below(4096));
}

/** Blocks behind a branch that skips them, and blocks that are gone through time and again. */
static void make_template(uint32_t *const at, const uint32_t loops)
{
    uint32_t words = 1;
    for (uint32_t i = 1; i < COMPUTED; i++)
    {
        at[words++] = immediate(0, A1 + i, A1, below(4096));
    }
    while (words + 2 + MAX_BLOCK + 1 + LAST_WORDS <= WORDS)
    {
        const bool is_loop = below(4) == 0;
        const uint32_t length = 3 + below(MAX_BLOCK - 3);
        at[words++] = is_loop ? immediate(0, T0, 0, loops - 1 + below(2)) : immediate(7, T0, any_register(), 1);
        at[words++] = is_loop ? immediate(0, A1, A1, 1) : branch(T0, 0, (int32_t)length + 1);
        for (uint32_t i = 0; i < length; i++)
        {
            at[words++] = instruction();
        }
        if (is_loop)
        {
            at[words++] = immediate(0, T0, T0, 4095);
            at[words] = branch(T0, 0, -(int32_t)length - 1);
            words++;
        }
    }
    at[words++] = immediate(0, A0, A1, 0);
    for (uint32_t i = 1; i < COMPUTED; i++)
    {
        at[words++] = (A1 + i) << 20 | A0 << 15 | A0 << 7 | 0x33;
    }
    at[words] = RETURN;
}

static void write_functions(const uint32_t count, const uint64_t round)
{
    for (uint32_t i = 0; i < count; i++)
    {
        uint32_t *const at = code + i * WORDS;
        memcpy(at, templates[random_number(&state) % TEMPLATES], FUNCTION_BYTES);
        at[0] = immediate(0, A1, A1, (uint32_t)(i + round) & 4095);
    }
    __asm__ volatile("fence.i" : : : "memory");
}

void guest_main(void)
{
    const uint64_t count = rounds(1);
    const uint64_t calls = platform_argument("calls", 1);
    const uint64_t wanted = platform_argument("functions", 40000);
    const uint32_t functions = wanted < MAX_FUNCTIONS ? (uint32_t)wanted : MAX_FUNCTIONS;
    const uint32_t turns = (uint32_t)platform_argument("turns", 1);
    for (uint32_t i = 0; i < TEMPLATES; i++)
    {
        make_template(templates[i], (uint32_t)platform_argument("loops", 3));
    }
    uint64_t sum = 0;
    for (uint64_t round = 0; round < count; round++)
    {
        write_functions(functions, round);
        for (uint32_t first = 0; first < functions; first += turns)
        {
            const uint32_t end = functions - first < turns ? functions : first + turns;
            for (uint64_t call = 0; call < calls; call++)
            {
                for (uint32_t i = first; i < end; i++)
                {
                    function *const called = (function *)(code + i * WORDS);
                    sum = sum * 31 + called(data, sum);
                }
            }
        }
    }
    result(sum);
}
