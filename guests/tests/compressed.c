// SPDX-License-Identifier: Apache-2.0
/*
 * Every integer instruction of RV64C beside the long instruction that it stands for: the same operands, the same
 * result, one after the other. The assembler is made to use exactly the form that is written.
 */
#include "test.h"

static const uint64_t EDGES[] = {
    0, 1, 2, 31, ~0UL, ~1UL, 0x7FFFFFFFUL, 0x80000000UL, 0xFFFFFFFFUL, 0x100000000UL, 0xFFFFFFFF80000000UL,
    0x7FFFFFFFFFFFFFFFUL, 0x8000000000000000UL, 0x123456789ABCDEF0UL, 0xFEDCBA9876543210UL,
};

#define EDGE_COUNT (sizeof EDGES / sizeof EDGES[0])

#define SHORT_FORM(text) ".option push\n.option rvc\n" text "\n.option pop\n"
#define LONG_FORM(text)  ".option push\n.option norvc\n" text "\n.option pop\n"

/** a4 op= a5 in both forms, for all edge values. */
#define CHECK_REGISTERS(short_name, long_name) \
    for (size_t i_ = 0; i_ < EDGE_COUNT * EDGE_COUNT; i_++) \
    { \
        const uint64_t a_ = EDGES[i_ / EDGE_COUNT]; \
        const uint64_t b_ = EDGES[i_ % EDGE_COUNT]; \
        register uint64_t x_ __asm__("a4") = a_; \
        register uint64_t y_ __asm__("a5") = b_; \
        uint64_t expected_; \
        __asm__ volatile( \
            LONG_FORM(long_name " %0, a4, a5") \
            SHORT_FORM(short_name " a4, a5") \
            : "=&r"(expected_), "+r"(x_) : "r"(y_)); \
        const uint64_t actual_ = x_; \
        check_equal(actual_, expected_, short_name); \
    }

/** a4 op= immediate in both forms, for all edge values. */
#define CHECK_IMMEDIATE(short_name, long_name, immediate) \
    for (size_t i_ = 0; i_ < EDGE_COUNT; i_++) \
    { \
        const uint64_t a_ = EDGES[i_]; \
        register uint64_t x_ __asm__("a4") = a_; \
        uint64_t expected_; \
        __asm__ volatile( \
            LONG_FORM(long_name " %0, a4, " #immediate) \
            SHORT_FORM(short_name " a4, " #immediate) \
            : "=&r"(expected_), "+r"(x_)); \
        const uint64_t actual_ = x_; \
        check_equal(actual_, expected_, short_name " " #immediate); \
    }

#define CHECK_SIGNED_SIX(short_name, long_name) \
    CHECK_IMMEDIATE(short_name, long_name, 1) \
    CHECK_IMMEDIATE(short_name, long_name, 2) \
    CHECK_IMMEDIATE(short_name, long_name, 4) \
    CHECK_IMMEDIATE(short_name, long_name, 8) \
    CHECK_IMMEDIATE(short_name, long_name, 16) \
    CHECK_IMMEDIATE(short_name, long_name, 21) \
    CHECK_IMMEDIATE(short_name, long_name, 31) \
    CHECK_IMMEDIATE(short_name, long_name, -1) \
    CHECK_IMMEDIATE(short_name, long_name, -2) \
    CHECK_IMMEDIATE(short_name, long_name, -22) \
    CHECK_IMMEDIATE(short_name, long_name, -32)

#define CHECK_SHIFT(short_name, long_name) \
    CHECK_IMMEDIATE(short_name, long_name, 1) \
    CHECK_IMMEDIATE(short_name, long_name, 2) \
    CHECK_IMMEDIATE(short_name, long_name, 4) \
    CHECK_IMMEDIATE(short_name, long_name, 8) \
    CHECK_IMMEDIATE(short_name, long_name, 16) \
    CHECK_IMMEDIATE(short_name, long_name, 31) \
    CHECK_IMMEDIATE(short_name, long_name, 32) \
    CHECK_IMMEDIATE(short_name, long_name, 33) \
    CHECK_IMMEDIATE(short_name, long_name, 63)

/** An instruction that makes a value from nothing. */
#define CHECK_CONSTANT(short_text, long_text) \
    do \
    { \
        register uint64_t x_ __asm__("a4") = 0x5EED; \
        register uint64_t y_ __asm__("a5") = 0x5EED; \
        __asm__ volatile(LONG_FORM(long_text) SHORT_FORM(short_text) : "+r"(x_), "+r"(y_)); \
        const uint64_t actual_ = x_; \
        const uint64_t expected_ = y_; \
        check_equal(actual_, expected_, short_text); \
    } \
    while (0)

static void arithmetic(void)
{
    CHECK_REGISTERS("c.add", "add")
    CHECK_REGISTERS("c.sub", "sub")
    CHECK_REGISTERS("c.xor", "xor")
    CHECK_REGISTERS("c.or", "or")
    CHECK_REGISTERS("c.and", "and")
    CHECK_REGISTERS("c.addw", "addw")
    CHECK_REGISTERS("c.subw", "subw")
    print("arithmetic of registers ok\n");

    CHECK_SIGNED_SIX("c.addi", "addi")
    CHECK_SIGNED_SIX("c.addiw", "addiw")
    CHECK_IMMEDIATE("c.addiw", "addiw", 0)
    CHECK_SIGNED_SIX("c.andi", "andi")
    CHECK_IMMEDIATE("c.andi", "andi", 0)
    CHECK_SHIFT("c.slli", "slli")
    CHECK_SHIFT("c.srli", "srli")
    CHECK_SHIFT("c.srai", "srai")
    print("arithmetic with immediates ok\n");

    for (size_t i = 0; i < EDGE_COUNT; i++)
    {
        register uint64_t x __asm__("a4") = 0;
        register uint64_t y __asm__("a5") = EDGES[i];
        __asm__ volatile(SHORT_FORM("c.mv a4, a5") : "+r"(x) : "r"(y));
        const uint64_t actual = x;
        check_equal(actual, EDGES[i], "c.mv");
    }
    CHECK_CONSTANT("c.li a4, 0", "addi a5, zero, 0");
    CHECK_CONSTANT("c.li a4, 1", "addi a5, zero, 1");
    CHECK_CONSTANT("c.li a4, 31", "addi a5, zero, 31");
    CHECK_CONSTANT("c.li a4, -1", "addi a5, zero, -1");
    CHECK_CONSTANT("c.li a4, -32", "addi a5, zero, -32");
    CHECK_CONSTANT("c.lui a4, 1", "lui a5, 1");
    CHECK_CONSTANT("c.lui a4, 21", "lui a5, 21");
    CHECK_CONSTANT("c.lui a4, 31", "lui a5, 31");
    CHECK_CONSTANT("c.lui a4, 0xfffe0", "lui a5, 0xfffe0");
    CHECK_CONSTANT("c.lui a4, 0xfffff", "lui a5, 0xfffff");
    print("moves and constants ok\n");
}

#define CHECK_STACK_ADDRESS(offset) \
    CHECK_CONSTANT("c.addi4spn a4, sp, " #offset, "addi a5, sp, " #offset)

/** sp moves and comes back before anything can use it: traps have a stack of their own. */
#define CHECK_STACK_MOVE(offset) \
    do \
    { \
        uint64_t before_; \
        uint64_t after_; \
        __asm__ volatile("mv t0, sp\n" SHORT_FORM("c.addi16sp sp, " #offset) "mv %1, sp\nmv sp, t0\nmv %0, t0" \
            : "=&r"(before_), "=&r"(after_) : : "t0", "memory"); \
        check_equal(after_ - before_, (uint64_t)(int64_t)(offset), "c.addi16sp " #offset); \
    } \
    while (0)

static void stack_pointers(void)
{
    CHECK_STACK_ADDRESS(4);
    CHECK_STACK_ADDRESS(8);
    CHECK_STACK_ADDRESS(16);
    CHECK_STACK_ADDRESS(32);
    CHECK_STACK_ADDRESS(64);
    CHECK_STACK_ADDRESS(128);
    CHECK_STACK_ADDRESS(256);
    CHECK_STACK_ADDRESS(512);
    CHECK_STACK_ADDRESS(680);
    CHECK_STACK_ADDRESS(1020);
    CHECK_STACK_MOVE(16);
    CHECK_STACK_MOVE(32);
    CHECK_STACK_MOVE(64);
    CHECK_STACK_MOVE(128);
    CHECK_STACK_MOVE(256);
    CHECK_STACK_MOVE(336);
    CHECK_STACK_MOVE(496);
    CHECK_STACK_MOVE(-16);
    CHECK_STACK_MOVE(-32);
    CHECK_STACK_MOVE(-352);
    CHECK_STACK_MOVE(-512);
    print("stack pointer arithmetic ok\n");
}

static uint64_t memory[72];

static void fill_memory(void)
{
    for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++)
    {
        memory[i] = 0x8182838485868788UL + i * 0x0101010101010101UL;
    }
}

#define CHECK_LOAD(short_name, long_name, offset) \
    do \
    { \
        register uint64_t x_ __asm__("a4") = (uint64_t)memory; \
        register uint64_t y_ __asm__("a5") = 0; \
        uint64_t expected_; \
        __asm__ volatile(LONG_FORM(long_name " %0, " #offset "(a4)") SHORT_FORM(short_name " a5, " #offset "(a4)") \
            : "=&r"(expected_), "+r"(y_) : "r"(x_) : "memory"); \
        const uint64_t actual_ = y_; \
        check_equal(actual_, expected_, short_name " at " #offset); \
    } \
    while (0)

/** Stores in the short form, reads back in the long one, and looks at the neighbours. */
#define CHECK_STORE(short_name, bytes, offset) \
    do \
    { \
        fill_memory(); \
        const uint64_t before_ = memory[(offset) / 8]; \
        const unsigned shift_ = ((offset) % 8) * 8; \
        const uint64_t mask_ = ((bytes) == 8 ? ~0UL : (1UL << 32) - 1) << shift_; \
        register uint64_t x_ __asm__("a4") = (uint64_t)memory; \
        register uint64_t y_ __asm__("a5") = 0x123456789ABCDEF1UL; \
        __asm__ volatile(SHORT_FORM(short_name " a5, " #offset "(a4)") : : "r"(x_), "r"(y_) : "memory"); \
        check_equal(memory[(offset) / 8], (before_ & ~mask_) | (0x123456789ABCDEF1UL << shift_ & mask_), \
            short_name " at " #offset); \
        check_equal(memory[(offset) / 8 + 1], 0x8182838485868788UL + ((offset) / 8 + 1) * 0x0101010101010101UL, \
            short_name " at " #offset ": the next double word"); \
    } \
    while (0)

#define CHECK_STACK_LOAD(short_name, long_name, offset) \
    do \
    { \
        uint64_t actual_; \
        uint64_t expected_; \
        __asm__ volatile( \
            LONG_FORM(long_name " %0, " #offset "(%2)") \
            "mv t0, sp\nmv sp, %2\n" SHORT_FORM(short_name " %1, " #offset "(sp)") "mv sp, t0" \
            : "=&r"(expected_), "=&r"(actual_) : "r"(memory) : "t0", "memory"); \
        check_equal(actual_, expected_, short_name " at " #offset); \
    } \
    while (0)

#define CHECK_STACK_STORE(short_name, bytes, offset) \
    do \
    { \
        fill_memory(); \
        const uint64_t before_ = memory[(offset) / 8]; \
        const unsigned shift_ = ((offset) % 8) * 8; \
        const uint64_t mask_ = ((bytes) == 8 ? ~0UL : (1UL << 32) - 1) << shift_; \
        __asm__ volatile("mv t0, sp\nmv sp, %0\n" SHORT_FORM(short_name " %1, " #offset "(sp)") "mv sp, t0" \
            : : "r"(memory), "r"(0x123456789ABCDEF1UL) : "t0", "memory"); \
        check_equal(memory[(offset) / 8], (before_ & ~mask_) | (0x123456789ABCDEF1UL << shift_ & mask_), \
            short_name " at " #offset); \
    } \
    while (0)

static void loads_and_stores(void)
{
    fill_memory();
    CHECK_LOAD("c.lw", "lw", 0);
    CHECK_LOAD("c.lw", "lw", 4);
    CHECK_LOAD("c.lw", "lw", 8);
    CHECK_LOAD("c.lw", "lw", 16);
    CHECK_LOAD("c.lw", "lw", 32);
    CHECK_LOAD("c.lw", "lw", 64);
    CHECK_LOAD("c.lw", "lw", 124);
    CHECK_LOAD("c.ld", "ld", 0);
    CHECK_LOAD("c.ld", "ld", 8);
    CHECK_LOAD("c.ld", "ld", 16);
    CHECK_LOAD("c.ld", "ld", 32);
    CHECK_LOAD("c.ld", "ld", 64);
    CHECK_LOAD("c.ld", "ld", 128);
    CHECK_LOAD("c.ld", "ld", 248);
    CHECK_STACK_LOAD("c.lwsp", "lw", 0);
    CHECK_STACK_LOAD("c.lwsp", "lw", 4);
    CHECK_STACK_LOAD("c.lwsp", "lw", 8);
    CHECK_STACK_LOAD("c.lwsp", "lw", 16);
    CHECK_STACK_LOAD("c.lwsp", "lw", 32);
    CHECK_STACK_LOAD("c.lwsp", "lw", 64);
    CHECK_STACK_LOAD("c.lwsp", "lw", 128);
    CHECK_STACK_LOAD("c.lwsp", "lw", 252);
    CHECK_STACK_LOAD("c.ldsp", "ld", 0);
    CHECK_STACK_LOAD("c.ldsp", "ld", 8);
    CHECK_STACK_LOAD("c.ldsp", "ld", 16);
    CHECK_STACK_LOAD("c.ldsp", "ld", 32);
    CHECK_STACK_LOAD("c.ldsp", "ld", 64);
    CHECK_STACK_LOAD("c.ldsp", "ld", 128);
    CHECK_STACK_LOAD("c.ldsp", "ld", 256);
    CHECK_STACK_LOAD("c.ldsp", "ld", 504);
    print("loads ok\n");

    CHECK_STORE("c.sw", 4, 0);
    CHECK_STORE("c.sw", 4, 4);
    CHECK_STORE("c.sw", 4, 8);
    CHECK_STORE("c.sw", 4, 16);
    CHECK_STORE("c.sw", 4, 32);
    CHECK_STORE("c.sw", 4, 64);
    CHECK_STORE("c.sw", 4, 124);
    CHECK_STORE("c.sd", 8, 0);
    CHECK_STORE("c.sd", 8, 8);
    CHECK_STORE("c.sd", 8, 16);
    CHECK_STORE("c.sd", 8, 32);
    CHECK_STORE("c.sd", 8, 64);
    CHECK_STORE("c.sd", 8, 128);
    CHECK_STORE("c.sd", 8, 248);
    CHECK_STACK_STORE("c.swsp", 4, 0);
    CHECK_STACK_STORE("c.swsp", 4, 4);
    CHECK_STACK_STORE("c.swsp", 4, 8);
    CHECK_STACK_STORE("c.swsp", 4, 16);
    CHECK_STACK_STORE("c.swsp", 4, 32);
    CHECK_STACK_STORE("c.swsp", 4, 64);
    CHECK_STACK_STORE("c.swsp", 4, 128);
    CHECK_STACK_STORE("c.swsp", 4, 252);
    CHECK_STACK_STORE("c.sdsp", 8, 0);
    CHECK_STACK_STORE("c.sdsp", 8, 8);
    CHECK_STACK_STORE("c.sdsp", 8, 16);
    CHECK_STACK_STORE("c.sdsp", 8, 32);
    CHECK_STACK_STORE("c.sdsp", 8, 64);
    CHECK_STACK_STORE("c.sdsp", 8, 128);
    CHECK_STACK_STORE("c.sdsp", 8, 256);
    CHECK_STACK_STORE("c.sdsp", 8, 504);
    print("stores ok\n");
}

/** Whether the short branch is taken, for a value. */
#define BRANCHES(name, value) \
    ({ \
        register uint64_t x_ __asm__("a4") = (value); \
        uint64_t taken_; \
        __asm__ volatile("li %0, 1\n" SHORT_FORM(name " a4, 1f") "li %0, 0\n1:" : "=&r"(taken_) : "r"(x_)); \
        taken_; \
    })

/** Jumps over fillers of 2 bytes each, forwards and then back; the end is reached only by way of both. */
#define CHECK_DISTANCE(instruction, fillers) \
    do \
    { \
        register uint64_t x_ __asm__("a4") = 0; \
        uint64_t steps_; \
        __asm__ volatile("li %0, 0\n" \
            SHORT_FORM(instruction "2f") \
            "1: addi %0, %0, 2\n.option push\n.option norvc\nj 3f\n.option pop\n" \
            ".rept " #fillers "\nc.addi %0, 16\n.endr\n" \
            "2: addi %0, %0, 1\n" \
            SHORT_FORM(instruction "1b") \
            "addi %0, %0, 16\n3:" \
            : "=&r"(steps_) : "r"(x_)); \
        check_equal(steps_, 3, instruction "over " #fillers); \
    } \
    while (0)

static void jumps(void)
{
    for (size_t i = 0; i < EDGE_COUNT; i++)
    {
        check_equal(BRANCHES("c.beqz", EDGES[i]), EDGES[i] == 0, "c.beqz");
        check_equal(BRANCHES("c.bnez", EDGES[i]), EDGES[i] != 0, "c.bnez");
    }
    CHECK_DISTANCE("c.beqz a4, ", 1);
    CHECK_DISTANCE("c.beqz a4, ", 7);
    CHECK_DISTANCE("c.beqz a4, ", 50);
    CHECK_DISTANCE("c.beqz a4, ", 110);
    CHECK_DISTANCE("c.j ", 1);
    CHECK_DISTANCE("c.j ", 20);
    CHECK_DISTANCE("c.j ", 100);
    CHECK_DISTANCE("c.j ", 500);
    CHECK_DISTANCE("c.j ", 990);
    print("branches and jumps ok\n");

    uint64_t link;
    uint64_t after;
    __asm__ volatile(".option push\n.option norelax\nla t0, 1f\n" SHORT_FORM("c.jalr t0") "2: j 3f\n"
        "1: mv %0, ra\nla %1, 2b\n3:\nla %1, 2b\n.option pop"
        : "=&r"(link), "=&r"(after) : : "t0", "ra");
    check_equal(link, after, "the return address of c.jalr");

    uint64_t steps;
    __asm__ volatile(".option push\n.option norelax\nli %0, 0\nla t0, 1f\n" SHORT_FORM("c.jr t0") "addi %0, %0, 16\n"
        "1: addi %0, %0, 1\nla ra, 2f\n" SHORT_FORM("c.jalr ra") "addi %0, %0, 16\n2: addi %0, %0, 1\n.option pop"
        : "=&r"(steps) : : "t0", "ra");
    check_equal(steps, 2, "c.jr, and c.jalr through ra itself");
    print("jumps through registers ok\n");
}

static volatile unsigned breakpoints;

static bool on_breakpoint(struct trap_frame *const frame)
{
    breakpoints++;
    frame->sepc += instruction_bytes(frame->sepc);
    return frame->scause == CAUSE_BREAKPOINT;
}

/** Forms that are defined to do nothing: they must run, and leave every register as it was. */
static void hints(void)
{
    uint64_t kept;
    __asm__ volatile("li a4, 0x1234\nc.nop\n"
        ".half 0x0005\n" /* c.nop 1 */
        ".half 0x4009\n" /* c.li x0, 2 */
        ".half 0x6009\n" /* c.lui x0, 2 */
        ".half 0x803a\n" /* c.mv x0, a4 */
        ".half 0x903a\n" /* c.add x0, a4 */
        ".half 0x000a\n" /* c.slli x0, 2 */
        ".half 0x0701\n" /* c.addi a4, 0 */
        ".half 0x0702\n" /* c.slli a4, 0 */
        ".half 0x8301\n" /* c.srli a4, 0 */
        ".half 0x8701\n" /* c.srai a4, 0 */
        "mv %0, a4" : "=r"(kept) : : "a4");
    check_equal(kept, 0x1234, "a hint changes a register");

    trap_handle_with(on_breakpoint);
    __asm__ volatile("c.ebreak" : : : "memory");
    check_equal(breakpoints, 1, "c.ebreak");
    print("hints and breakpoint ok\n");
}

void guest_main(void)
{
    arithmetic();
    stack_pointers();
    loads_and_stores();
    jumps();
    hints();
}
