// SPDX-License-Identifier: Apache-2.0
/*
 * Loads and stores at every alignment give what the bytes say: within a word, across words, across pages, and across
 * pages that are neighbours for the program and not in memory.
 */
#include "catch.h"
#include "paging.h"

#define WINDOW 0x40000000UL

static uint8_t pages[3][PAGE_BYTES] __attribute__((aligned(4096)));

static uint64_t expected_load(const uint8_t *const at, const unsigned bytes, const bool is_signed)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
    {
        value |= (uint64_t)at[i] << (8 * i);
    }
    const unsigned unused = 64 - 8 * bytes;
    return is_signed ? (uint64_t)((int64_t)(value << unused) >> unused) : value;
}

static void check_loads(const uint64_t at, const uint8_t *const bytes)
{
    check_equal(try_lh(at), expected_load(bytes, 2, true), "lh");
    check_clean("lh");
    check_equal(try_lhu(at), expected_load(bytes, 2, false), "lhu");
    check_clean("lhu");
    check_equal(try_lw(at), expected_load(bytes, 4, true), "lw");
    check_clean("lw");
    check_equal(try_lwu(at), expected_load(bytes, 4, false), "lwu");
    check_clean("lwu");
    check_equal(try_ld(at), expected_load(bytes, 8, false), "ld");
    check_clean("ld");
}

/** Stores at `at`, which `where` gives byte by byte, and looks that the bytes before and behind stay. */
static void check_store(
    void (*const store)(uint64_t, uint64_t), const unsigned bytes, const uint64_t at, uint8_t *const where[12])
{
    const uint64_t value = 0x8192A3B4C5D6E7F8UL;
    for (unsigned i = 0; i < 12; i++)
    {
        *where[i] = (uint8_t)(0x10 + i);
    }
    store(at, value);
    check_clean("a misaligned store");
    for (unsigned i = 0; i < 12; i++)
    {
        const bool is_stored = i >= 2 && i < 2 + bytes;
        const uint64_t expected = is_stored ? (uint8_t)(value >> 8 * (i - 2)) : 0x10 + i;
        check_equal(*where[i], expected, "a byte after a misaligned store");
    }
}

static void check_stores(const uint64_t at, uint8_t *const where[12])
{
    check_store(try_sh, 2, at, where);
    check_store(try_sw, 4, at, where);
    check_store(try_sd, 8, at, where);
}

static uint8_t pattern(const unsigned i)
{
    return (uint8_t)(i * 37 + 0x83);
}

/** Every offset from 16 bytes before the middle of two pages to 16 behind; the second lies at `second`. */
static void check_around(const uint64_t middle, uint8_t *const first_end, uint8_t *const second)
{
    for (int offset = -16; offset <= 8; offset++)
    {
        uint8_t bytes[8];
        uint8_t *where[12];
        for (int i = -16; i < 24; i++)
        {
            *(i < 0 ? first_end + i : second + i) = pattern((unsigned)(i + 16));
        }
        for (int i = 0; i < 8; i++)
        {
            bytes[i] = pattern((unsigned)(offset + i + 16));
        }
        check_loads(middle + (uint64_t)(int64_t)offset, bytes);
        if (offset >= -14)
        {
            for (int i = -2; i < 10; i++)
            {
                const int at = offset + i;
                where[i + 2] = at < 0 ? first_end + at : second + at;
            }
            check_stores(middle + (uint64_t)(int64_t)offset, where);
        }
    }
}

void guest_main(void)
{
    uint8_t *const inside = pages[0] + 512;
    check_around((uint64_t)inside, inside, inside);
    print("misaligned accesses within a page ok\n");
    check_around((uint64_t)pages[1], pages[1], pages[1]);
    print("misaligned accesses across pages ok\n");

    start_paging();
    const uint64_t bits = PTE_V | PTE_R | PTE_W | PTE_A | PTE_D;
    (void)map(WINDOW, (uint64_t)pages[2], 0, bits);
    (void)map(WINDOW + PAGE_BYTES, (uint64_t)pages[0], 0, bits);
    check_around(WINDOW + PAGE_BYTES, pages[2] + PAGE_BYTES, pages[0]);
    stop_paging();
    print("misaligned accesses across pages that are apart in memory ok\n");
}
