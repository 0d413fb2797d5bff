// SPDX-License-Identifier: Apache-2.0
/*
 * Physical addresses at which there is nothing: causes 5, 7 and 1, the address in stval.
 */
#include "catch.h"

/** Below the interrupt controllers and devices of QEMU's virt and of our machine, and of no device on either. */
#define HOLE 0x18000000UL

static void check_hole(const uint64_t address, const char *const where)
{
    (void)try_ld(address);
    check_equal(caught.scause, CAUSE_LOAD_ACCESS, where);
    check_equal(caught.stval, address, where);
    (void)try_lbu(address + 1);
    check_equal(caught.scause, CAUSE_LOAD_ACCESS, where);
    check_equal(caught.stval, address + 1, where);
    try_sd(address, 1);
    check_equal(caught.scause, CAUSE_STORE_ACCESS, where);
    check_equal(caught.stval, address, where);
    try_sb(address + 3, 1);
    check_equal(caught.scause, CAUSE_STORE_ACCESS, where);
    check_equal(caught.stval, address + 3, where);
    (void)try_call(address, 0);
    check_equal(caught.scause, CAUSE_FETCH_ACCESS, where);
    check_equal(caught.stval, address, where);
    check_equal(caught.sepc, address, where);
}

void guest_main(void)
{
    check_hole(0, "address 0");
    print("address 0 ok\n");
    check_hole(HOLE, "a hole between devices");
    print("a hole between devices ok\n");
    check_hole(platform.memory_base + platform.memory_bytes, "the first address above memory");
    print("the first address above memory ok\n");

    // The last word of memory is still memory.
    const uint64_t last = platform.memory_base + platform.memory_bytes - 8;
    (void)try_ld(last);
    check_clean("the last word of memory");
    print("the last word of memory ok\n");
}
