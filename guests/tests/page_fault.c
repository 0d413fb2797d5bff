// SPDX-License-Identifier: Apache-2.0
/*
 * Sv39: which accesses fault and what they report, permissions, the accessed and dirty bits, superpages, addresses that
 * are not canonical, and tables that change. A and D may be set by the machine or ask for a fault; either is right,
 * setting them when nothing was accessed or written is not.
 */
#include "catch.h"
#include "paging.h"

#define ALL (PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)
#define RW  (PTE_V | PTE_R | PTE_W | PTE_A | PTE_D)
#define RO  (PTE_V | PTE_R | PTE_A | PTE_D)
#define XO  (PTE_V | PTE_X | PTE_A | PTE_D)

/** Where pages are mapped; the gigabyte has no identity mapping and is not that of the image. */
#define WINDOW 0x40000000UL

/** A gigabyte that is mapped by one entry; the tables for it are the root's own. */
#define HIGH 0xFFFFFFC000000000UL

#define OPCODE_LOAD   0x03u
#define OPCODE_STORE  0x23u
#define OPCODE_ATOMIC 0x2Fu

static uint8_t pages[4][PAGE_BYTES] __attribute__((aligned(4096)));

static uint64_t physical(const int page)
{
    return (uint64_t)pages[page];
}

/** Checks that the instruction which trapped is of a kind, and so that sepc is its address. */
static void check_opcode(const uint32_t opcode, const char *const what)
{
    check_equal(*(const uint32_t *)caught.sepc & 0x7F, opcode, what);
}

static void check_load_fault(const uint64_t address, const char *const what)
{
    const uint64_t value = try_ld(address);
    check_equal(caught.count, 1, what);
    check_equal(caught.scause, CAUSE_LOAD_PAGE, what);
    check_equal(caught.stval, address, what);
    check_equal(value, 0x5EED5EED5EED5EEDUL, "a load that faults changes its register");
    check_opcode(OPCODE_LOAD, "sepc is not at the load");
}

static void check_store_fault(const uint64_t address, const char *const what)
{
    try_sd(address, 0xBAD);
    check_equal(caught.count, 1, what);
    check_equal(caught.scause, CAUSE_STORE_PAGE, what);
    check_equal(caught.stval, address, what);
    check_opcode(OPCODE_STORE, "sepc is not at the store");
}

static void check_fetch_fault(const uint64_t address, const char *const what)
{
    (void)try_call(address, 0);
    check_equal(caught.count, 1, what);
    check_equal(caught.scause, CAUSE_FETCH_PAGE, what);
    check_equal(caught.stval, address, what);
    check_equal(caught.sepc, address, what);
}

static void check_faults(const uint64_t address, const char *const what)
{
    check_load_fault(address, what);
    check_store_fault(address, what);
    check_fetch_fault(address, what);
}

/** A function that adds 1: addi a0, a0, 1; ret. */
static void write_code(const int page, const unsigned offset)
{
    const uint32_t code[2] = { 0x00150513, 0x00008067 };
    memcpy(pages[page] + offset, code, sizeof code);
    fence_instructions();
}

static void unmapped(void)
{
    check_faults(WINDOW + 8, "an address without a table of level 1");
    (void)entry_of(WINDOW, 1);
    fence_translations();
    check_faults(WINDOW + 16, "an address without a table of level 0");
    (void)entry_of(WINDOW, 0);
    fence_translations();
    check_faults(WINDOW + 24, "an address without a page");
    (void)map(WINDOW, physical(0), 0, ALL & ~PTE_V);
    check_faults(WINDOW + 32, "a page that is not valid");
    print("unmapped pages ok\n");
}

static void permissions(void)
{
    write_code(0, 0);
    (void)map(WINDOW, physical(0), 0, ALL);
    check_equal(try_call(WINDOW, 41), 42, "a call into a page that allows everything");
    check_clean("a call into a page that allows everything");
    try_sd(WINDOW + 64, 7);
    check_clean("a store to a page that allows everything");
    check_equal(try_ld(WINDOW + 64), 7, "what was stored");

    (void)map(WINDOW, physical(0), 0, RW);
    try_sd(WINDOW + 64, 8);
    check_clean("a store to a data page");
    check_fetch_fault(WINDOW, "a fetch from a data page");

    (void)map(WINDOW, physical(0), 0, RO);
    check_equal(try_ld(WINDOW + 64), 8, "a load from a read-only page");
    check_store_fault(WINDOW + 64, "a store to a read-only page");
    check_equal(*(uint64_t *)(pages[0] + 64), 8, "a store that faults changes memory");
    check_fetch_fault(WINDOW, "a fetch from a read-only page");

    (void)map(WINDOW, physical(0), 0, XO);
    check_load_fault(WINDOW, "a load from an execute-only page");
    check_store_fault(WINDOW, "a store to an execute-only page");
    check_equal(try_call(WINDOW, 1), 2, "a call into an execute-only page");
    check_clean("a call into an execute-only page");
    csr_set(sstatus, SSTATUS_MXR);
    check_equal(try_lwu(WINDOW), 0x00150513, "a load from an execute-only page with MXR");
    check_clean("a load from an execute-only page with MXR");
    check_store_fault(WINDOW, "a store to an execute-only page with MXR");
    csr_clear(sstatus, SSTATUS_MXR);
    check_load_fault(WINDOW, "a load from an execute-only page after MXR");

    (void)map(WINDOW, physical(0), 0, PTE_V | PTE_W | PTE_A | PTE_D);
    check_faults(WINDOW, "a page that can be written and not read");
    (void)map(WINDOW, physical(0), 0, PTE_V | PTE_W | PTE_X | PTE_A | PTE_D);
    check_faults(WINDOW, "a page that can be written and fetched and not read");
    (void)map(WINDOW, physical(0), 0, PTE_V);
    check_faults(WINDOW, "a pointer to a table below the last level");
    print("permissions ok\n");
}

static void user_pages(void)
{
    (void)map(WINDOW, physical(0), 0, ALL | PTE_U);
    check_faults(WINDOW + 8, "a user page without SUM");
    csr_set(sstatus, SSTATUS_SUM);
    try_sd(WINDOW + 64, 9);
    check_clean("a store to a user page with SUM");
    check_equal(try_ld(WINDOW + 64), 9, "a load from a user page with SUM");
    check_clean("a load from a user page with SUM");
    // QEMU 7.2 would let the fetch pass on the translation that it kept for the loads.
    fence_translations();
    check_fetch_fault(WINDOW, "a fetch from a user page with SUM");
    (void)map(WINDOW, physical(0), 0, (RO | PTE_U) & ~PTE_D);
    check_store_fault(WINDOW + 64, "a store to a read-only user page with SUM");
    csr_clear(sstatus, SSTATUS_SUM);
    check_load_fault(WINDOW + 8, "a load from a user page after SUM");
    print("user pages ok\n");
}

static void accessed_and_dirty(void)
{
    const uint64_t accessed_and_dirty = PTE_A | PTE_D;

    uint64_t *const entry = map(WINDOW, physical(1), 0, RW & ~accessed_and_dirty);
    (void)try_ld(WINDOW);
    if (caught.count == 0)
    {
        check_equal(*entry & accessed_and_dirty, PTE_A, "A and D after a load");
    }
    else
    {
        check_caught(CAUSE_LOAD_PAGE, WINDOW, "a load with A clear");
        check_equal(*entry & accessed_and_dirty, 0, "A and D after a load that faulted");
    }

    *entry |= PTE_A;
    fence_translations();
    try_sd(WINDOW, 1);
    if (caught.count == 0)
    {
        check_equal(*entry & accessed_and_dirty, PTE_A | PTE_D, "A and D after a store");
    }
    else
    {
        check_caught(CAUSE_STORE_PAGE, WINDOW, "a store with D clear");
        check_equal(*entry & accessed_and_dirty, PTE_A, "A and D after a store that faulted");
    }

    // The same entry again: what was cached for the load must not let the store pass without D.
    *entry = (*entry & ~accessed_and_dirty) | PTE_A;
    fence_translations();
    (void)try_ld(WINDOW);
    check_clean("a load with A set and D clear");
    check_equal(*entry & accessed_and_dirty, PTE_A, "A and D after a load with A set");
    try_sd(WINDOW, 2);
    check_equal((*entry & PTE_D) != 0, caught.count == 0, "D after a store that follows a load");

    *entry = (*entry & ~(accessed_and_dirty | PTE_W)) | PTE_A;
    fence_translations();
    check_store_fault(WINDOW, "a store to a read-only page with D clear");
    check_equal(*entry & accessed_and_dirty, PTE_A, "A and D after a store that was not allowed");
    print("accessed and dirty bits ok\n");
}

static void superpages(void)
{
    const uint64_t megapage = (uint64_t)pages / MEGAPAGE_BYTES * MEGAPAGE_BYTES;
    const uint64_t at = WINDOW + 8 * MEGAPAGE_BYTES;
    *(uint64_t *)(pages[2] + 128) = 0x1122334455667788UL;
    uint64_t *const entry = map(at, megapage, 1, ALL);
    const uint64_t inside = at + physical(2) + 128 - megapage;
    check_equal(try_ld(inside), 0x1122334455667788UL, "a load through a megapage");
    try_sd(inside, 5);
    check_clean("a store through a megapage");
    check_equal(*(uint64_t *)(pages[2] + 128), 5, "what was stored through a megapage");

    *entry |= 1UL << 10;
    fence_translations();
    check_faults(inside, "a megapage that is not aligned");
    *entry = (megapage >> 12 << 10) | RO;
    fence_translations();
    check_equal(try_ld(inside), 5, "a load through a read-only megapage");
    check_store_fault(inside, "a store to a read-only megapage");

    const uint64_t gigapage = (uint64_t)pages / GIGAPAGE_BYTES * GIGAPAGE_BYTES;
    uint64_t *const root_entry = map(HIGH, gigapage, 2, ALL);
    const uint64_t high = HIGH + physical(2) + 128 - gigapage;
    check_equal(try_ld(high), 5, "a load through a gigapage");
    write_code(3, 0);
    check_equal(try_call(HIGH + physical(3) - gigapage, 10), 11, "a call through a gigapage");
    check_clean("a call through a gigapage");
    *root_entry |= 1UL << 10;
    fence_translations();
    check_faults(high, "a gigapage that is not aligned to a page of its own size");
    *root_entry = (gigapage >> 12 << 10) | (1UL << 19) | ALL;
    fence_translations();
    check_faults(high, "a gigapage that is aligned to a megapage");
    print("superpages ok\n");
}

static void addresses_that_are_not_canonical(void)
{
    const uint64_t gigapage = (uint64_t)pages / GIGAPAGE_BYTES * GIGAPAGE_BYTES;
    (void)map(HIGH, gigapage, 2, ALL);
    const uint64_t offset = physical(2) + 128 - gigapage;
    check_equal(try_ld(HIGH + offset), 5, "a load from the canonical address");
    const uint64_t low_bits = (HIGH + offset) & ((1UL << 39) - 1);
    check_faults(low_bits, "bits 63 to 39 clear where bit 38 is set");
    check_faults(low_bits | 1UL << 39, "bits 63 to 40 clear where bit 38 is set");
    check_faults((HIGH + offset) ^ 1UL << 63, "bit 63 clear where bit 38 is set");
    check_faults(physical(2) | 1UL << 63, "bit 63 set where bit 38 is clear");
    check_faults(physical(2) | 1UL << 39, "bit 39 set where bit 38 is clear");
    print("addresses that are not canonical ok\n");
}

static void tables_that_change(void)
{
    *(uint64_t *)pages[0] = 100;
    *(uint64_t *)pages[1] = 101;
    uint64_t *const entry = map(WINDOW, physical(0), 0, RW);
    check_equal(try_ld(WINDOW), 100, "a load before the change");
    for (uint64_t i = 0; i < 1000; i++)
    {
        const int page = (i & 1) != 0 ? 0 : 1;
        *entry = physical(page) >> 12 << 10 | RW;
        __asm__ volatile("sfence.vma %0, zero" : : "r"(WINDOW) : "memory");
        check_equal(try_ld(WINDOW), 100 + (uint64_t)page, "a load after the change of a page");
    }
    *entry = physical(0) >> 12 << 10 | RO;
    __asm__ volatile("sfence.vma %0, %1" : : "r"(WINDOW), "r"(0UL) : "memory");
    check_store_fault(WINDOW, "a store after the page became read-only");
    *entry = physical(0) >> 12 << 10 | RW;
    fence_translations();
    try_sd(WINDOW, 102);
    check_clean("a store after the page became writable");
    *entry = 0;
    fence_translations();
    check_faults(WINDOW, "a page after it was taken away");

    // A table in the middle is exchanged for another.
    uint64_t *const other = new_table();
    other[0] = physical(1) >> 12 << 10 | RW;
    (void)map(WINDOW, physical(0), 0, RW);
    check_equal(try_ld(WINDOW), 102, "a load through the first table");
    *entry_of(WINDOW, 1) = (uint64_t)other >> 12 << 10 | PTE_V;
    fence_translations();
    check_equal(try_ld(WINDOW), 101, "a load through the other table");

    // Code behind the same address changes with its page.
    (void)map(WINDOW + PAGE_BYTES, physical(2), 0, ALL);
    write_code(2, 0);
    check_equal(try_call(WINDOW + PAGE_BYTES, 1), 2, "a call before the change");
    const uint32_t adds_two[2] = { 0x00250513, 0x00008067 };
    memcpy(pages[3], adds_two, sizeof adds_two);
    fence_instructions();
    (void)map(WINDOW + PAGE_BYTES, physical(3), 0, ALL);
    check_equal(try_call(WINDOW + PAGE_BYTES, 1), 3, "a call after the change");
    print("tables that change ok\n");
}

static void atomics(void)
{
    const uint64_t at = WINDOW + 4 * PAGE_BYTES;
    (void)try_lr_d(at);
    check_caught(CAUSE_LOAD_PAGE, at, "lr.d from an unmapped page");
    check_opcode(OPCODE_ATOMIC, "sepc is not at lr.d");
    expect_nothing();
    __asm__ volatile("amoadd.d zero, %0, (%1)" : : "r"(1UL), "r"(at) : "memory");
    check_caught(CAUSE_STORE_PAGE, at, "amoadd.d on an unmapped page");
    check_opcode(OPCODE_ATOMIC, "sepc is not at amoadd.d");

    (void)map(at, physical(0), 0, RO);
    *(uint64_t *)pages[0] = 5;
    expect_nothing();
    uint64_t value = 77;
    __asm__ volatile("amoswap.w %0, %1, (%2)" : "+&r"(value) : "r"(1UL), "r"(at) : "memory");
    check_caught(CAUSE_STORE_PAGE, at, "amoswap.w on a read-only page");
    check_equal(value, 77, "an amoswap.w that faults changes its register");
    check_equal(*(uint64_t *)pages[0], 5, "an amoswap.w that faults changes memory");
    print("atomics ok\n");
}

static void across_pages(void)
{
    const uint64_t at = WINDOW + 16 * PAGE_BYTES;
    (void)map(at, physical(0), 0, ALL);
    (void)map(at + PAGE_BYTES, physical(1), 0, 0);

    // The part that faults is the one in the second page.
    (void)try_ld(at + PAGE_BYTES - 4);
    check_caught(CAUSE_LOAD_PAGE, at + PAGE_BYTES, "a load into an unmapped page");
    try_sd(at + PAGE_BYTES - 4, 1);
    check_caught(CAUSE_STORE_PAGE, at + PAGE_BYTES, "a store into an unmapped page");

    // As is that of an instruction, while sepc stays at its beginning.
    const uint16_t first_half = 0x0513;
    memcpy(pages[0] + PAGE_BYTES - 2, &first_half, sizeof first_half);
    fence_instructions();
    (void)try_call(at + PAGE_BYTES - 2, 0);
    check_caught(CAUSE_FETCH_PAGE, at + PAGE_BYTES, "an instruction that ends in an unmapped page");
    check_equal(caught.sepc, at + PAGE_BYTES - 2, "sepc of an instruction that ends in an unmapped page");

    const uint16_t rest[3] = { 0x0015, 0x8067, 0x0000 };
    memcpy(pages[1], rest, sizeof rest);
    fence_instructions();
    (void)map(at + PAGE_BYTES, physical(1), 0, ALL);
    check_equal(try_call(at + PAGE_BYTES - 2, 6), 7, "an instruction across two pages");
    check_clean("an instruction across two pages");
    print("accesses across pages ok\n");
}

static void modes(void)
{
    const uint64_t before = csr_read(satp);
    csr_write(satp, 2UL << 60 | 0x12345);
    check_equal(csr_read(satp), before, "satp after a write of a mode that does not exist");
    print("modes ok\n");
}

void guest_main(void)
{
    start_paging();
    unmapped();
    permissions();
    user_pages();
    accessed_and_dirty();
    superpages();
    addresses_that_are_not_canonical();
    tables_that_change();
    atomics();
    across_pages();
    modes();
    stop_paging();
}
