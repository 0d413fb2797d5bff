// SPDX-License-Identifier: Apache-2.0
/*
 * The A extension: every read-modify-write operation in both widths on edge values against its definition in C, the
 * load-reserved and store-conditional pairs, and addresses that are not aligned.
 */
#include "catch.h"

static const uint64_t EDGES[] = {
    0, 1, 2, ~0UL, ~1UL, 0x7FFFFFFFUL, 0x80000000UL, 0xFFFFFFFFUL, 0x100000000UL, 0xFFFFFFFF80000000UL,
    0x7FFFFFFFFFFFFFFFUL, 0x8000000000000000UL, 0x5555555555555555UL, 0xAAAAAAAAAAAAAAAAUL, 0x00000001FFFFFFFFUL,
};

#define EDGE_COUNT (sizeof EDGES / sizeof EDGES[0])

/** What lies around the operand, and must stay. */
#define GUARD 0xC0FFEE00C0FFEE00UL

static volatile uint64_t cells[3];

static uint64_t sign_extended(const uint64_t word)
{
    return (uint64_t)(int64_t)(int32_t)(uint32_t)word;
}

#define CHECK_DOUBLE(name, suffix, type, result) \
    do \
    { \
        cells[1] = memory; \
        uint64_t old_; \
        __asm__ volatile(name ".d" suffix " %0, %1, (%2)" : "=&r"(old_) : "r"(operand), "r"(&cells[1]) : "memory"); \
        const type m = (type)memory; \
        const type r = (type)operand; \
        check_equal(old_, memory, name ".d" suffix ": the old value"); \
        check_equal(cells[1], (uint64_t)(result), name ".d" suffix ": the new value"); \
    } \
    while (0)

/** At both halves of a double word, the other half being kept. */
#define CHECK_WORD(name, suffix, type, result) \
    do \
    { \
        for (unsigned half_ = 0; half_ < 2; half_++) \
        { \
            volatile uint32_t *const at_ = (volatile uint32_t *)&cells[1] + half_; \
            cells[1] = GUARD; \
            *at_ = (uint32_t)memory; \
            uint64_t old_; \
            __asm__ volatile(name ".w" suffix " %0, %1, (%2)" : "=&r"(old_) : "r"(operand), "r"(at_) : "memory"); \
            const type m = (type)memory; \
            const type r = (type)operand; \
            check_equal(old_, sign_extended(memory), name ".w" suffix ": the old value"); \
            check_equal(*at_, (uint32_t)(result), name ".w" suffix ": the new value"); \
            check_equal(*((volatile uint32_t *)&cells[1] + (1 - half_)), (uint32_t)GUARD, \
                name ".w" suffix ": the other half"); \
        } \
    } \
    while (0)

#define CHECK_BOTH(name, signedness, result) \
    CHECK_DOUBLE(name, "", signedness##64_t, result); \
    CHECK_DOUBLE(name, ".aqrl", signedness##64_t, result); \
    CHECK_WORD(name, "", signedness##32_t, result); \
    CHECK_WORD(name, ".aq", signedness##32_t, result)

static __attribute__((noinline)) void check_operations(const uint64_t memory, const uint64_t operand)
{
    CHECK_BOTH("amoswap", uint, ((void)m, r));
    CHECK_BOTH("amoadd", uint, m + r);
    CHECK_BOTH("amoxor", uint, m ^ r);
    CHECK_BOTH("amoand", uint, m & r);
    CHECK_BOTH("amoor", uint, m | r);
    CHECK_BOTH("amomin", int, m < r ? m : r);
    CHECK_BOTH("amomax", int, m > r ? m : r);
    CHECK_BOTH("amominu", uint, m < r ? m : r);
    CHECK_BOTH("amomaxu", uint, m > r ? m : r);
}

static void operations(void)
{
    cells[0] = GUARD;
    cells[2] = GUARD;
    for (size_t i = 0; i < EDGE_COUNT; i++)
    {
        for (size_t j = 0; j < EDGE_COUNT; j++)
        {
            check_operations(EDGES[i], EDGES[j]);
        }
    }
    check_equal(cells[0], GUARD, "the double word before the operand");
    check_equal(cells[2], GUARD, "the double word behind the operand");
    print("operations on edge values ok\n");

    // The register of the address may be the one of the result, and the result may be thrown away.
    cells[1] = 40;
    uint64_t both = (uint64_t)&cells[1];
    __asm__ volatile("amoadd.d %0, %1, (%0)" : "+r"(both) : "r"(2UL) : "memory");
    check_equal(both, 40, "an operation that overwrites its address");
    __asm__ volatile("amoadd.d zero, %0, (%1)" : : "r"(3UL), "r"(&cells[1]) : "memory");
    check_equal(cells[1], 45, "an operation without a result");
    uint64_t same = 5;
    __asm__ volatile("amoadd.d %0, %0, (%1)" : "+r"(same) : "r"(&cells[1]) : "memory");
    check_equal(same, 45, "an operation that overwrites its operand");
    check_equal(cells[1], 50, "an operation that overwrites its operand, in memory");
    print("operations on shared registers ok\n");
}

static uint64_t load_reserved_d(volatile void *const at)
{
    uint64_t value;
    __asm__ volatile("lr.d %0, (%1)" : "=r"(value) : "r"(at) : "memory");
    return value;
}

static uint64_t store_conditional_d(volatile void *const at, const uint64_t value)
{
    uint64_t code;
    __asm__ volatile("sc.d %0, %1, (%2)" : "=&r"(code) : "r"(value), "r"(at) : "memory");
    return code;
}

static uint64_t store_conditional_w(volatile void *const at, const uint64_t value)
{
    uint64_t code;
    __asm__ volatile("sc.w %0, %1, (%2)" : "=&r"(code) : "r"(value), "r"(at) : "memory");
    return code;
}

/** The pair as the specification promises that it succeeds in the end: nothing else between the two. */
static void add_one(volatile uint64_t *const at)
{
    uint64_t code;
    uint64_t value;
    __asm__ volatile("1: lr.d %1, (%2)\naddi %1, %1, 1\nsc.d %0, %1, (%2)\nbnez %0, 1b"
        : "=&r"(code), "=&r"(value) : "r"(at) : "memory");
}

static void add_one_word(volatile uint32_t *const at)
{
    uint64_t code;
    uint64_t value;
    __asm__ volatile("1: lr.w.aq %1, (%2)\naddiw %1, %1, 1\nsc.w.rl %0, %1, (%2)\nbnez %0, 1b"
        : "=&r"(code), "=&r"(value) : "r"(at) : "memory");
}

static void reservations(void)
{
    static volatile uint64_t far[2048];

    cells[1] = 0;
    for (unsigned i = 0; i < 1000; i++)
    {
        add_one(&cells[1]);
    }
    check_equal(cells[1], 1000, "a thousand times lr.d and sc.d");
    cells[1] = 0xFFFFFFFF7FFFFFFFUL;
    add_one_word((volatile uint32_t *)&cells[1]);
    check_equal(cells[1], 0xFFFFFFFF80000000UL, "lr.w and sc.w");
    uint64_t value;
    __asm__ volatile("lr.w %0, (%1)" : "=r"(value) : "r"(&cells[1]) : "memory");
    check_equal(value, 0xFFFFFFFF80000000UL, "lr.w does not extend the sign");
    (void)store_conditional_w(&cells[1], 0);
    print("load-reserved and store-conditional ok\n");

    // A store-conditional ends any reservation, whether it succeeds or not.
    cells[1] = 5;
    check(store_conditional_d(&cells[1], 6) != 0, "sc.d without a reservation succeeds");
    check_equal(cells[1], 5, "sc.d that fails writes");
    (void)load_reserved_d(&cells[1]);
    (void)store_conditional_d(&cells[1], 7);
    const uint64_t seen = cells[1];
    check(store_conditional_d(&cells[1], 8) != 0, "a second sc.d succeeds");
    check_equal(cells[1], seen, "a second sc.d writes");

    far[0] = 1;
    far[1024] = 2;
    (void)load_reserved_d(&far[0]);
    check(store_conditional_d(&far[1024], 3) != 0, "sc.d to another page succeeds");
    check_equal(far[1024], 2, "sc.d to another page writes");
    check(store_conditional_d(&far[0], 4) != 0, "sc.d after one that failed succeeds");
    check_equal(far[0], 1, "sc.d after one that failed writes");
    print("lost reservations ok\n");
}

#define CHECK_MISALIGNED(instruction, offset) \
    do \
    { \
        cells[1] = GUARD; \
        expect_nothing(); \
        const uint64_t at_ = (uint64_t)&cells[1] + (offset); \
        __asm__ volatile(instruction : : "r"(at_), "r"(1UL) : "t0", "memory"); \
        check_equal(caught.count, 1, instruction " that is not aligned: number of traps"); \
        check(caught.scause >= CAUSE_LOAD_MISALIGNED && caught.scause <= CAUSE_STORE_ACCESS, \
            instruction " that is not aligned: scause"); \
        check_equal(caught.stval, at_, instruction " that is not aligned: stval"); \
        check_equal(cells[1], GUARD, instruction " that is not aligned: memory"); \
    } \
    while (0)

static void addresses_that_are_not_aligned(void)
{
    CHECK_MISALIGNED("amoadd.w t0, %1, (%0)", 1);
    CHECK_MISALIGNED("amoadd.w t0, %1, (%0)", 2);
    CHECK_MISALIGNED("amoswap.d t0, %1, (%0)", 4);
    CHECK_MISALIGNED("amomaxu.d t0, %1, (%0)", 1);
    CHECK_MISALIGNED("lr.w t0, (%0)", 2);
    CHECK_MISALIGNED("lr.d t0, (%0)", 4);
    print("addresses that are not aligned ok\n");
}

void guest_main(void)
{
    operations();
    reservations();
    addresses_that_are_not_aligned();
}
