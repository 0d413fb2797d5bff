// SPDX-License-Identifier: Apache-2.0
/*
 * instret counts exactly: two readings around k instructions differ by k + 1, whatever the instructions are. Source:
 * unprivileged specification, Zicntr; a reading does not count itself, the instruction after it sees it counted.
 */
#include "catch.h"

/** Runs the body between two readings; nothing but the body may stand between them. */
#define COUNT(body) \
    ({ \
        uint64_t before_; \
        uint64_t after_; \
        __asm__ volatile(".option push\n.option norelax\ncsrr %0, instret\n" body "\ncsrr %1, instret\n.option pop" \
            : "=&r"(before_), "=&r"(after_) \
            : "r"(cell) \
            : "t0", "t1", "t2", "t3", "memory"); \
        after_ - before_; \
    })

#define REPEAT 50

static uint64_t cell[2];

static bool is_readable(void)
{
    expect_nothing();
    __asm__ volatile(".option push\n.option norvc\ncsrr zero, instret\n.option pop" : : : "memory");
    trap_handle_with(NULL);
    return caught.count == 0;
}

static void straight_lines(void)
{
    check_equal(COUNT(""), 1, "no instruction");
    check_equal(COUNT("nop"), 2, "1 instruction");
    check_equal(COUNT(".option push\n.option norvc\nnop\nnop\nnop\n.option pop"), 4, "3 long instructions");
    check_equal(COUNT(".rept 100\nc.nop\n.endr"), 101, "100 compressed instructions");
    check_equal(COUNT("ld t0, 0(%2)\nsd t0, 8(%2)\nlw t1, 0(%2)\nsb t1, 8(%2)"), 5, "4 loads and stores");
    check_equal(COUNT("mul t0, t1, t2\nmulhu t0, t1, t2\ndiv t0, t1, t2\nremu t0, t1, t2"), 5, "4 products");
    check_equal(COUNT("amoadd.d t0, t1, (%2)\nlr.w t0, (%2)\nsc.w t1, t0, (%2)\nfence\nfence.i"), 6, "5 atomics");
    check_equal(COUNT("csrr t0, sscratch\ncsrw sscratch, t0\ncsrr t1, time\ncsrsi sstatus, 0"), 5, "4 csr accesses");
}

static void jumps(void)
{
    check_equal(COUNT("j 1f\nnop\nnop\n1:"), 2, "a jump over two");
    check_equal(COUNT("beqz zero, 1f\nnop\n1: bnez zero, 2f\nnop\n2:"), 4, "a branch taken and one not");
    check_equal(COUNT("la t0, 1f\njr t0\nnop\n1:"), 4, "a jump through a register");
    check_equal(COUNT("li t0, 1000\n1: addi t0, t0, -1\nbnez t0, 1b"), 2002, "a loop of 1000 rounds");
    check_equal(COUNT("li t0, 100\n1: li t1, 100\n2: addi t1, t1, -1\nbnez t1, 2b\naddi t0, t0, -1\nbnez t0, 1b"),
        20302, "a loop of 100 loops");
    check_equal(COUNT("jal t0, 1f\nj 2f\n1: nop\njr t0\n2:"), 5, "a call");
}

void guest_main(void)
{
    if (is_readable())
    {
        // Many times: an engine may run a block in other ways once it has become hot.
        for (int i = 0; i < REPEAT; i++)
        {
            straight_lines();
            jumps();
        }
    }
    print("instret counts every instruction once where it can be read\n");
}
