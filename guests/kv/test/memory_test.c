// SPDX-License-Identifier: Apache-2.0
/*
 * The allocator against a list of what it gave: blocks do not overlap, keep what is written to them, and what is freed
 * can be had again at any other size.
 */
#include "check.h"
#include "memory.h"

#include <string.h>

#define AREA_BYTES (32u << 20)
#define MAX_BLOCKS 4000
#define STEPS 400000

struct block
{
    uint8_t *bytes;
    uint32_t length;
    uint8_t mark;
};

static struct block blocks[MAX_BLOCKS];
static uint32_t block_count;

static void check_block(const struct block *const block)
{
    for (uint32_t i = 0; i < block->length; i += block->length > 512 ? 97 : 1)
    {
        CHECK_EQUAL(block->bytes[i], block->mark);
    }
    CHECK_EQUAL(block->bytes[block->length - 1], block->mark);
}

static void give(const uint32_t index)
{
    check_block(&blocks[index]);
    memory_give(blocks[index].bytes);
    blocks[index] = blocks[--block_count];
}

static uint32_t random_length(void)
{
    // All lengths from 1 byte to 1 MiB, the short ones most of the time.
    const uint32_t bits = random_below(100) < 97 ? random_below(12) : 12 + random_below(9);
    return 1 + random_below(1u << bits);
}

static void blocksKeepWhatIsWrittenAndDoNotOverlap(void)
{
    uint32_t refused = 0;
    for (int step = 0; step < STEPS; step++)
    {
        const bool grows = block_count < MAX_BLOCKS && (block_count == 0 || random_below(100) < 52);
        if (!grows)
        {
            give(random_below(block_count));
            continue;
        }
        const uint32_t length = random_length();
        uint8_t *const bytes = random_below(2) == 0 ? memory_take(length) : memory_take_for_data(length);
        if (bytes == NULL)
        {
            refused++;
            give(random_below(block_count));
            continue;
        }
        CHECK_EQUAL((uintptr_t)bytes % 16, 0);
        CHECK(memory_size_of(bytes) >= length);
        // All of the block is the caller's, not only what was asked for.
        const uint32_t whole = (uint32_t)memory_size_of(bytes);
        const uint8_t mark = (uint8_t)random_number();
        memset(bytes, mark, whole);
        blocks[block_count++] = (struct block){ bytes, whole, mark };
    }
    while (block_count > 0)
    {
        give(block_count - 1);
    }
    CHECK_EQUAL(memory_used(), 0);
    CHECK(refused < STEPS / 10);
}

static uint32_t fill_with(const uint32_t length)
{
    static uint8_t *taken[AREA_BYTES / 16];
    uint32_t count = 0;
    while ((taken[count] = memory_take_for_data(length)) != NULL)
    {
        count++;
    }
    for (uint32_t i = 0; i < count; i++)
    {
        memory_give(taken[i]);
    }
    CHECK_EQUAL(memory_used(), 0);
    return count;
}

static void memoryFreedAtOneSizeServesAnyOther(void)
{
    static const uint32_t LENGTHS[] = { 64, 1u << 20, 16, 4096, 100, 8176, 600000, 48, 1u << 20 };
    for (size_t i = 0; i < sizeof LENGTHS / sizeof LENGTHS[0]; i++)
    {
        const uint64_t bytes = (uint64_t)fill_with(LENGTHS[i]) * LENGTHS[i];
        // At least three quarters of what data may take, whatever was there before.
        CHECK(bytes >= memory_limit() / 4 * 3);
        CHECK(bytes <= memory_limit());
    }
}

static void dataLeavesAReserveForConnections(void)
{
    while (memory_take_for_data(8192) != NULL || memory_take_for_data(16) != NULL)
    {
    }
    CHECK(!memory_has_room_for_data(32768));
    CHECK(memory_take_for_data(1u << 20) == NULL);
    CHECK(memory_take(1u << 20) != NULL);
}

int main(void)
{
    test_start_memory(AREA_BYTES);
    // The store of the common beginning has taken its own: a test of the allocator alone begins without.
    static uint8_t area[AREA_BYTES];
    CHECK(!memory_start(area, 4096));
    CHECK(memory_start(area + 3, AREA_BYTES - 3));
    blocksKeepWhatIsWrittenAndDoNotOverlap();
    memoryFreedAtOneSizeServesAnyOther();
    dataLeavesAReserveForConnections();
    puts("memory ok");
    return 0;
}
