// SPDX-License-Identifier: Apache-2.0
/*
 * The data set against a plain array that does the same: random writes, deletions and look-ups over keys of many
 * lengths, while the table grows through several sizes.
 */
#include "check.h"
#include "memory.h"
#include "store.h"

#include <string.h>

#define AREA_BYTES (48u << 20)
#define KEYS 40000
#define STEPS 600000

struct shadow
{
    bool is_present;
    uint32_t value_bytes;
    uint8_t mark;
};

static struct shadow shadows[KEYS];
static uint64_t present;

/** A key of its own for each number, of 1 to about 60 bytes. */
static struct key key_of(const uint32_t number)
{
    char text[96];
    int length = sprintf(text, "%u", number);
    memset(text + length, '-', number % 53);
    length += (int)(number % 53);
    // At every alignment: the bytes of a key come from the middle of a packet.
    static uint8_t unaligned[128];
    const uint32_t offset = number % 8;
    memcpy(unaligned + offset, text, (size_t)length);
    return store_key(unaligned + offset, (uint32_t)length);
}

static void check_entry(const uint32_t number)
{
    const struct key key = key_of(number);
    struct entry *const entry = store_find(&key);
    CHECK_EQUAL(entry != NULL, shadows[number].is_present);
    if (entry != NULL)
    {
        CHECK_EQUAL(entry->value_bytes, shadows[number].value_bytes);
        for (uint32_t i = 0; i < entry->value_bytes; i++)
        {
            CHECK_EQUAL(entry_value(entry)[i], shadows[number].mark);
        }
    }
}

static bool count_entry(const struct entry *const entry, void *const context)
{
    (void)entry;
    ++*(uint64_t *)context;
    return true;
}

static void theTableHoldsWhatAnArrayHolds(void)
{
    for (uint32_t step = 0; step < STEPS; step++)
    {
        const uint32_t number = random_below(1 + step / 10 < KEYS ? 1 + step / 10 : KEYS);
        struct shadow *const shadow = &shadows[number];
        const uint32_t action = random_below(10);
        if (action < 5)
        {
            const struct key key = key_of(number);
            const uint32_t length = random_below(random_below(50) == 0 ? 3000 : 60);
            struct entry *const entry = store_write(&key, length);
            CHECK(entry != NULL);
            CHECK_EQUAL(entry->value_bytes, length);
            // As much of the old value as fits is still there.
            const uint32_t kept = shadow->is_present && shadow->value_bytes < length ? shadow->value_bytes : length;
            for (uint32_t i = 0; shadow->is_present && i < kept; i++)
            {
                CHECK_EQUAL(entry_value(entry)[i], shadow->mark);
            }
            present += !shadow->is_present;
            *shadow = (struct shadow){ true, length, (uint8_t)random_number() };
            memset(entry_value(entry), shadow->mark, length);
        }
        else if (action < 7)
        {
            const struct key key = key_of(number);
            CHECK_EQUAL(store_delete(&key), shadow->is_present);
            present -= shadow->is_present;
            shadow->is_present = false;
        }
        else
        {
            check_entry(number);
        }
        CHECK_EQUAL(store_count(), present);
    }
    uint64_t visited = 0;
    store_each(count_entry, &visited);
    CHECK_EQUAL(visited, present);
    for (uint32_t number = 0; number < KEYS; number++)
    {
        check_entry(number);
    }
}

static void clearingGivesAllMemoryBack(const uint64_t used_when_empty)
{
    store_clear();
    CHECK_EQUAL(store_count(), 0);
    CHECK_EQUAL(memory_used(), used_when_empty);
    memset(shadows, 0, sizeof shadows);
    present = 0;
}

int main(void)
{
    test_start_memory(AREA_BYTES);
    const uint64_t used_when_empty = memory_used();
    theTableHoldsWhatAnArrayHolds();
    clearingGivesAllMemoryBack(used_when_empty);
    theTableHoldsWhatAnArrayHolds();
    clearingGivesAllMemoryBack(used_when_empty);
    puts("store ok");
    return 0;
}
