// SPDX-License-Identifier: Apache-2.0
/*
 * Instructions that a supervisor may not execute: each is reported with its own bits in stval and its own address in
 * sepc, and changes nothing else.
 */
#include "catch.h"

#define LONG(bits) \
    ({ \
        uint64_t at_; \
        expect_nothing(); \
        __asm__ volatile(".balign 4\n1: .word " #bits "\nla %0, 1b" : "=r"(at_) : : "t0", "t1", "memory"); \
        at_; \
    })

#define SHORT(bits) \
    ({ \
        uint64_t at_; \
        expect_nothing(); \
        __asm__ volatile(".balign 4\n1: .half " #bits "\nla %0, 1b" : "=r"(at_) : : "t0", "t1", "memory"); \
        at_; \
    })

#define check_illegal(kind, bits) \
    do \
    { \
        const uint64_t expected_sepc_ = kind(bits); \
        check_caught(CAUSE_ILLEGAL, bits, #bits); \
        check_equal(caught.sepc, expected_sepc_, #bits ": sepc"); \
        check((caught.sstatus & SSTATUS_SPP) != 0, #bits ": sstatus.SPP is not supervisor"); \
    } \
    while (0)

static void undefined_instructions(void)
{
    check_illegal(LONG, 0xFFFFFFFF);
    check_illegal(LONG, 0x0000007F);
    check_illegal(LONG, 0x0000300B); /* custom-0 */
    check_illegal(LONG, 0x2800202F); /* an atomic operation that is not defined */
    check_illegal(LONG, 0x00007003); /* a load of no width */
    check_illegal(LONG, 0x00004023); /* a store of no width */
    check_illegal(LONG, 0x00002063); /* a branch on no condition */
    check_illegal(LONG, 0x40001033); /* sll with the bit of sra's kind */
    check_illegal(LONG, 0x0200101B); /* slliw by 32 */
    check_illegal(SHORT, 0x0000);
    check_illegal(SHORT, 0x2001); /* c.addiw to x0 */
    check_illegal(SHORT, 0x6101); /* c.addi16sp of 0 */
    check_illegal(SHORT, 0x6781); /* c.lui of 0 */
    check_illegal(SHORT, 0x4002); /* c.lwsp to x0 */
    check_illegal(SHORT, 0x6002); /* c.ldsp to x0 */
    check_illegal(SHORT, 0x8002); /* c.jr through x0 */
    check_illegal(SHORT, 0x0004); /* c.addi4spn of 0 */
    print("undefined instructions ok\n");
}

static void privileged_instructions(void)
{
    check_illegal(LONG, 0x30200073); /* mret */
    check_illegal(LONG, 0x300022F3); /* csrr t0, mstatus */
    check_illegal(LONG, 0x30501073); /* csrw mtvec, zero */
    check_illegal(LONG, 0x34202373); /* csrr t1, mcause */
    check_illegal(LONG, 0xF14022F3); /* csrr t0, mhartid */
    print("machine-mode instructions ok\n");
}

static void registers_that_are_not_there(void)
{
    check_illegal(LONG, 0x5C0022F3); /* csrr t0, 0x5C0 */
    check_illegal(LONG, 0x8FF022F3); /* csrr t0, 0x8FF */
    check_illegal(LONG, 0xDC0022F3); /* csrr t0, 0xDC0 */
    check_illegal(LONG, 0x14601073); /* csrw 0x146, zero */
    print("unknown registers ok\n");
}

static void registers_that_are_read_only(void)
{
    check_illegal(LONG, 0xC0101073); /* csrrw zero, time, zero */
    check_illegal(LONG, 0xC012A073); /* csrrs zero, time, t0 */
    check_illegal(LONG, 0xC010D073); /* csrrwi zero, time, 1 */
    check_illegal(LONG, 0xC010E073); /* csrrsi zero, time, 1 */

    // Setting no bits is a reading, and allowed.
    expect_nothing();
    __asm__ volatile("csrrs t0, time, zero\ncsrrci t0, time, 0" : : : "t0");
    check_clean("reading time by setting no bits");
    print("read-only registers ok\n");
}

static void breakpoints(void)
{
    const uint64_t at = LONG(0x00100073);
    check_equal(caught.scause, CAUSE_BREAKPOINT, "ebreak: scause");
    check_equal(caught.sepc, at, "ebreak: sepc");
    check(caught.stval == 0 || caught.stval == at, "ebreak: stval is neither 0 nor its address");

    const uint64_t compressed_at = SHORT(0x9002);
    check_equal(caught.scause, CAUSE_BREAKPOINT, "c.ebreak: scause");
    check_equal(caught.sepc, compressed_at, "c.ebreak: sepc");
    print("breakpoints ok\n");
}

void guest_main(void)
{
    undefined_instructions();
    privileged_instructions();
    registers_that_are_not_there();
    registers_that_are_read_only();
    breakpoints();
}
