// SPDX-License-Identifier: Apache-2.0
/*
 * Code that changes: after fence.i the new instructions run, however often the old ones did before.
 */
#include "catch.h"

#define PATCHES 3000

/** Calls between two patches in the hot test; enough that an engine treats the code as hot. */
#define CALLS 200

static uint8_t code[4][PAGE_BYTES] __attribute__((aligned(4096)));

static uint32_t addi_a0(const int immediate)
{
    return (uint32_t)immediate << 20 | 10u << 15 | 10u << 7 | 0x13;
}

#define RET   0x00008067u
#define C_RET 0x8082u

/** Writes in halves: an instruction may lie on any even address. */
static void put(uint8_t *const at, const uint32_t instruction)
{
    ((volatile uint16_t *)at)[0] = (uint16_t)instruction;
    ((volatile uint16_t *)at)[1] = (uint16_t)(instruction >> 16);
}

static uint64_t run(const uint8_t *const at, const uint64_t argument)
{
    const uint64_t result = try_call((uint64_t)at, argument);
    check_clean("a call of changed code");
    return result;
}

static void patched_again_and_again(uint8_t *const at, const char *const what)
{
    put(at + 4, RET);
    for (int i = 0; i < PATCHES; i++)
    {
        const int immediate = i % 2000;
        put(at, addi_a0(immediate));
        fence_instructions();
        check_equal(run(at, 5), 5 + (uint64_t)immediate, what);
    }
}

static void patched_when_hot(void)
{
    uint8_t *const at = code[1];
    put(at + 4, RET);
    for (int i = 1; i < 60; i++)
    {
        put(at, addi_a0(i));
        fence_instructions();
        uint64_t sum = 0;
        for (int call = 0; call < CALLS; call++)
        {
            sum = run(at, sum);
        }
        check_equal(sum, (uint64_t)i * CALLS, "calls of code that was hot before it changed");
    }
    print("patched while hot ok\n");
}

/** A loop that patches its own body in each round. */
static void patched_by_itself(void)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < 500; i++)
    {
        const uint32_t instruction = addi_a0((int)i);
        register uint64_t a0 __asm__("a0") = sum;
        __asm__ volatile(".option push\n.option norvc\n.balign 4\n"
            "la t0, 1f\nsw %1, 0(t0)\nfence.i\n"
            "1: addi a0, a0, 0\n.option pop"
            : "+r"(a0) : "r"(instruction) : "t0", "memory");
        sum = a0;
    }
    check_equal(sum, 499 * 500 / 2, "a loop that patches itself");
    print("patched by itself ok\n");
}

/** Data beside code on one page: stores there must not disturb it, nor be lost. */
static void data_beside_code(void)
{
    uint8_t *const at = code[2];
    volatile uint64_t *const data = (volatile uint64_t *)(code[2] + 2048);
    put(at, addi_a0(3));
    put(at + 4, RET);
    fence_instructions();
    for (uint64_t i = 0; i < 5000; i++)
    {
        data[i % 256] = i;
        check_equal(run(at, i), i + 3, "code beside data that changes");
        check_equal(data[i % 256], i, "data beside code that runs");
    }
    print("data beside code ok\n");
}

static void copied_to_fresh_memory(void)
{
    uint8_t *fresh = (uint8_t *)((platform.memory_base + platform.memory_bytes / 2) & ~(PAGE_BYTES - 1));
    for (int i = 0; i < 64; i++, fresh += PAGE_BYTES + 64)
    {
        put(fresh, addi_a0(i));
        put(fresh + 4, addi_a0(1));
        put(fresh + 8, RET);
        fence_instructions();
        check_equal(run(fresh, 7), 8 + (uint64_t)i, "code in memory that was never used before");
    }
    print("copied to fresh memory ok\n");
}

static void other_lengths(void)
{
    uint8_t *const at = code[3];
    for (int i = 0; i < 500; i++)
    {
        // c.addi a0, 1; c.addi a0, 1; c.jr ra in place of addi a0, a0, 100; ret, and back.
        put(at, 0x05050505);
        put(at + 4, C_RET);
        fence_instructions();
        check_equal(run(at, 0), 2, "two short instructions in place of a long one");
        put(at, addi_a0(100));
        put(at + 4, RET);
        fence_instructions();
        check_equal(run(at, 0), 100, "a long instruction in place of two short ones");
        // The second half of the long instruction read as one of its own: c.addi behind a c.nop that is jumped over.
        put(at, 0x05050001);
        put(at + 4, C_RET);
        fence_instructions();
        check_equal(run(at + 2, 0), 1, "a jump to the second half");
    }
    print("other lengths ok\n");
}

void guest_main(void)
{
    patched_again_and_again(code[0], "a patched function");
    print("patched again and again ok\n");
    patched_again_and_again(code[1] - 2, "a patched instruction across two pages");
    print("patched across a page boundary ok\n");
    patched_when_hot();
    patched_by_itself();
    data_beside_code();
    copied_to_fresh_memory();
    other_lengths();
}
