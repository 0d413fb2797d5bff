// SPDX-License-Identifier: Apache-2.0
/*
 * Sv39 tables for the tests: the image and the rest of the first gigabyte of memory lie where they are, everything
 * else is mapped by the test. Tables come from a fixed pool.
 */
#ifndef TESTS_PAGING_H
#define TESTS_PAGING_H

#include "test.h"

#define PTE_V (1UL << 0)
#define PTE_R (1UL << 1)
#define PTE_W (1UL << 2)
#define PTE_X (1UL << 3)
#define PTE_U (1UL << 4)
#define PTE_G (1UL << 5)
#define PTE_A (1UL << 6)
#define PTE_D (1UL << 7)

#define SATP_SV39 (8UL << 60)

#define MEGAPAGE_BYTES (1UL << 21)
#define GIGAPAGE_BYTES (1UL << 30)

#define MAX_TABLES 32

static uint64_t tables[MAX_TABLES][512] __attribute__((aligned(4096)));
static unsigned table_count;

static inline uint64_t *new_table(void)
{
    check(table_count < MAX_TABLES, "the test needs more page tables than there are");
    return tables[table_count++];
}

/** The entry of a virtual address in the table of a level, 2 being the root; tables on the way are made. */
static uint64_t *entry_of(const uint64_t address, const int level)
{
    uint64_t *table = tables[0];
    for (int at = 2; at > level; at--)
    {
        uint64_t *const entry = &table[address >> (12 + 9 * at) & 511];
        if ((*entry & PTE_V) == 0)
        {
            *entry = (uint64_t)new_table() >> 12 << 10 | PTE_V;
        }
        check((*entry & (PTE_R | PTE_W | PTE_X)) == 0, "a table is wanted where a superpage is");
        table = (uint64_t *)(*entry >> 10 << 12);
    }
    return &table[address >> (12 + 9 * level) & 511];
}

/** Maps a page of the size that the level has; the entry that was written. */
static inline uint64_t *map(const uint64_t address, const uint64_t physical, const int level, const uint64_t bits)
{
    uint64_t *const entry = entry_of(address, level);
    *entry = physical >> 12 << 10 | bits;
    fence_translations();
    return entry;
}

static inline void start_paging(void)
{
    table_count = 1;
    const uint64_t gigabyte = (uint64_t)tables / GIGAPAGE_BYTES * GIGAPAGE_BYTES;
    (void)map(gigabyte, gigabyte, 2, PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D);
    csr_write(satp, SATP_SV39 | (uint64_t)tables[0] >> 12);
    fence_translations();
    check_equal(csr_read(satp) >> 60, 8, "satp does not take Sv39");
}

static inline void stop_paging(void)
{
    csr_write(satp, 0);
    fence_translations();
}

#endif
