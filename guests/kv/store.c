/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include "memory.h"

#define FIRST_BUCKETS 1024
/* Buckets moved to the larger table with each write: the move ends long before the next one is due. */
#define MOVES 4

struct table
{
    struct entry **buckets;
    uint64_t size;
};

static struct table current;
/* While the table grows: what is left of the smaller one. */
static struct table old;
static uint64_t moved;
static uint64_t count;

static uint64_t hash_of(const uint8_t *key, uint32_t length)
{
    uint64_t hash = 0x9e3779b97f4a7c15ull ^ length;
    while (length >= 8)
    {
        uint64_t word;
        __builtin_memcpy(&word, key, 8);
        hash = (hash ^ word) * 0xff51afd7ed558ccdull;
        hash ^= hash >> 32;
        key += 8;
        length -= 8;
    }
    uint64_t word = 0;
    for (uint32_t i = 0; i < length; i++)
    {
        word |= (uint64_t)key[i] << (8 * i);
    }
    hash = (hash ^ word) * 0xc4ceb9fe1a85ec53ull;
    return hash ^ hash >> 29;
}

static bool table_make(struct table *table, uint64_t size)
{
    table->buckets = memory_take(size * sizeof(struct entry *));
    if (table->buckets == NULL)
    {
        return false;
    }
    memset(table->buckets, 0, size * sizeof(struct entry *));
    table->size = size;
    return true;
}

void store_init(void)
{
    if (!table_make(&current, FIRST_BUCKETS))
    {
        fail("no memory for the hash table");
    }
}

static void move_some(void)
{
    for (int i = 0; i < MOVES && old.buckets != NULL; i++)
    {
        struct entry *entry = old.buckets[moved];
        while (entry != NULL)
        {
            struct entry *next = entry->next;
            struct entry **bucket = &current.buckets[entry->hash & (current.size - 1)];
            entry->next = *bucket;
            *bucket = entry;
            entry = next;
        }
        old.buckets[moved++] = NULL;
        if (moved == old.size)
        {
            memory_give(old.buckets, old.size * sizeof(struct entry *));
            old.buckets = NULL;
        }
    }
}

static void grow(void)
{
    struct table larger;
    if (count < current.size || old.buckets != NULL || !table_make(&larger, 2 * current.size))
    {
        return;
    }
    old = current;
    moved = 0;
    current = larger;
}

static size_t entry_size(const struct entry *entry)
{
    return sizeof(struct entry) + ((entry->key_length + 7) & ~7u) + entry->capacity;
}

static struct entry **place(const uint8_t *key, uint32_t length, uint64_t hash)
{
    struct entry **link = &current.buckets[hash & (current.size - 1)];
    for (int pass = 0;; pass++)
    {
        for (; *link != NULL; link = &(*link)->next)
        {
            struct entry *entry = *link;
            if (entry->hash == hash && entry->key_length == length && memcmp(entry->data, key, length) == 0)
            {
                return link;
            }
        }
        if (pass == 1 || old.buckets == NULL)
        {
            return NULL;
        }
        link = &old.buckets[hash & (old.size - 1)];
    }
}

static void remove_at(struct entry **link)
{
    struct entry *entry = *link;
    *link = entry->next;
    memory_give(entry, entry_size(entry));
    count--;
}

static struct entry **find_live(const uint8_t *key, uint32_t length, uint64_t hash)
{
    struct entry **link = place(key, length, hash);
    if (link != NULL && (*link)->expires != 0 && now() >= (*link)->expires)
    {
        remove_at(link);
        return NULL;
    }
    return link;
}

struct entry *store_find(const uint8_t *key, uint32_t length)
{
    struct entry **link = find_live(key, length, hash_of(key, length));
    return link == NULL ? NULL : *link;
}

struct entry *store_resize(const uint8_t *key, uint32_t key_length, uint32_t length)
{
    uint64_t hash = hash_of(key, key_length);
    struct entry **link = find_live(key, key_length, hash);
    if (link != NULL && (*link)->capacity >= length && (*link)->capacity / 4 <= length + 64)
    {
        (*link)->value_length = length;
        return *link;
    }

    size_t head = sizeof(struct entry) + ((key_length + 7) & ~7u);
    size_t whole = memory_rounded(head + length);
    struct entry *entry = memory_take(whole);
    if (entry == NULL)
    {
        return NULL;
    }
    entry->hash = hash;
    entry->expires = 0;
    entry->key_length = key_length;
    entry->value_length = length;
    entry->capacity = (uint32_t)(whole - head);
    memcpy(entry->data, key, key_length);
    if (link != NULL)
    {
        struct entry *previous = *link;
        uint32_t kept = previous->value_length < length ? previous->value_length : length;
        memcpy(store_value(entry), store_value(previous), kept);
        entry->expires = previous->expires;
        entry->next = previous->next;
        *link = entry;
        memory_give(previous, entry_size(previous));
        return entry;
    }
    move_some();
    grow();
    struct entry **bucket = &current.buckets[hash & (current.size - 1)];
    entry->next = *bucket;
    *bucket = entry;
    count++;
    return entry;
}

bool store_delete(const uint8_t *key, uint32_t length)
{
    struct entry **link = find_live(key, length, hash_of(key, length));
    if (link == NULL)
    {
        return false;
    }
    remove_at(link);
    move_some();
    return true;
}

static void clear(struct table *table)
{
    for (uint64_t i = 0; table->buckets != NULL && i < table->size; i++)
    {
        while (table->buckets[i] != NULL)
        {
            remove_at(&table->buckets[i]);
        }
    }
}

void store_clear(void)
{
    clear(&current);
    clear(&old);
}

uint64_t store_count(void)
{
    return count;
}

void store_each(bool (*visit)(struct entry *entry, void *context), void *context)
{
    uint64_t ticks = now();
    struct table *tables[] = {&current, &old};
    for (int t = 0; t < 2; t++)
    {
        for (uint64_t i = 0; tables[t]->buckets != NULL && i < tables[t]->size; i++)
        {
            for (struct entry *entry = tables[t]->buckets[i]; entry != NULL; entry = entry->next)
            {
                bool is_live = entry->expires == 0 || ticks < entry->expires;
                if (is_live && !visit(entry, context))
                {
                    return;
                }
            }
        }
    }
}
