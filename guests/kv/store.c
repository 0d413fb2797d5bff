// SPDX-License-Identifier: Apache-2.0
#include "store.h"

#include "bytes.h"
#include "clock.h"
#include "memory.h"

/** Buckets are allocated a page at a time. */
#define SEGMENT_SHIFT 9
#define SEGMENT_BUCKETS (1u << SEGMENT_SHIFT)

/** What an entry takes at least; sets how many buckets a full memory can ask for. */
#define MIN_ENTRY_BYTES 48

/** A shorter value moves to a smaller block when it would leave more than this, and three quarters, unused. */
#define MAX_IDLE_BYTES 256

typedef struct entry *bucket;

static bucket **segments;
static uint32_t max_segments;
static uint32_t segment_count;

/** Buckets below this many bits were split already; `high` is what their hashes are masked with. */
static uint32_t low_mask;
static uint32_t high_mask;
static uint32_t bucket_count;

static uint64_t count;
static uint64_t expiring;
static uint32_t swept;

static uint64_t scratch[MAX_KEY_BYTES / 8 + 1];

static uint32_t hash_of(const uint64_t *const words, const uint32_t bytes)
{
    const uint64_t factor = 0x9E3779B97F4A7C15UL;
    uint64_t hash = bytes * factor;
    for (uint32_t i = 0; i < (bytes + 7) / 8; i++)
    {
        hash = (hash ^ words[i]) * factor;
        hash ^= hash >> 32;
    }
    hash *= factor;
    return (uint32_t)(hash >> 32);
}

struct key store_key(const uint8_t *const bytes, const uint32_t length)
{
    const uint64_t *words = scratch;
    if (length > 0)
    {
        // The last word is cleared before the key is laid over it: its unused bytes must be zero.
        scratch[(length - 1) / 8] = 0;
        memcpy(scratch, bytes, length);
    }
    return (struct key){ .words = words, .bytes = length, .hash = hash_of(words, length) };
}

static bucket *bucket_at(const uint32_t index)
{
    return &segments[index >> SEGMENT_SHIFT][index & (SEGMENT_BUCKETS - 1)];
}

static bucket *bucket_of(const uint32_t hash)
{
    const uint32_t index = hash & high_mask;
    return bucket_at(index < bucket_count ? index : hash & low_mask);
}

static bool add_segment(void)
{
    if (segment_count == max_segments)
    {
        return false;
    }
    bucket *const segment = memory_take_for_data(SEGMENT_BUCKETS * sizeof(bucket));
    if (segment == NULL)
    {
        return false;
    }
    memset(segment, 0, SEGMENT_BUCKETS * sizeof(bucket));
    segments[segment_count++] = segment;
    return true;
}

static void begin_with_one_segment(void)
{
    bucket_count = SEGMENT_BUCKETS;
    low_mask = SEGMENT_BUCKETS - 1;
    high_mask = 2 * SEGMENT_BUCKETS - 1;
    count = 0;
    expiring = 0;
    swept = 0;
}

bool store_start(void)
{
    const uint64_t most = memory_limit() / (MIN_ENTRY_BYTES * SEGMENT_BUCKETS) + 1;
    max_segments = (uint32_t)most;
    segment_count = 0;
    segments = memory_take_for_data(most * sizeof segments[0]);
    begin_with_one_segment();
    return segments != NULL && add_segment();
}

/** Splits the next bucket when there are more entries than buckets. */
static void grow(void)
{
    if (count <= bucket_count || (bucket_count % SEGMENT_BUCKETS == 0 && !add_segment()))
    {
        return;
    }
    bucket *link = bucket_at(bucket_count & low_mask);
    bucket *const split = bucket_at(bucket_count);
    while (*link != NULL)
    {
        struct entry *const entry = *link;
        if ((entry->hash & high_mask) == bucket_count)
        {
            *link = entry->next;
            entry->next = *split;
            *split = entry;
        }
        else
        {
            link = &entry->next;
        }
    }
    bucket_count++;
    if (bucket_count > high_mask)
    {
        low_mask = high_mask;
        high_mask = 2 * high_mask + 1;
    }
}

static bool has_key(const struct entry *const entry, const struct key *const key)
{
    if (entry->hash != key->hash || entry->key_bytes != key->bytes)
    {
        return false;
    }
    for (uint32_t i = 0; i < (key->bytes + 7) / 8; i++)
    {
        if (entry->words[i] != key->words[i])
        {
            return false;
        }
    }
    return true;
}

static bool is_over(const struct entry *const entry, const uint64_t now_ticks)
{
    return entry->expires_ticks != 0 && now_ticks >= entry->expires_ticks;
}

static void remove_at(bucket *const link)
{
    struct entry *const entry = *link;
    *link = entry->next;
    count--;
    expiring -= entry->expires_ticks != 0;
    memory_give(entry);
}

/** Where the entry hangs; NULL when there is none. */
static bucket *find(const struct key *const key)
{
    for (bucket *link = bucket_of(key->hash); *link != NULL; link = &(*link)->next)
    {
        if (has_key(*link, key))
        {
            if ((*link)->expires_ticks != 0 && is_over(*link, clock_ticks()))
            {
                remove_at(link);
                return NULL;
            }
            return link;
        }
    }
    return NULL;
}

/** Looks at one bucket for entries whose time is over, so that they do not stay when nobody asks for them. */
static void sweep(void)
{
    const uint64_t now_ticks = clock_ticks();
    swept = swept + 1 < bucket_count ? swept + 1 : 0;
    for (bucket *link = bucket_at(swept); *link != NULL;)
    {
        if (is_over(*link, now_ticks))
        {
            remove_at(link);
        }
        else
        {
            link = &(*link)->next;
        }
    }
}

struct entry *store_find(const struct key *const key)
{
    bucket *const link = find(key);
    return link == NULL ? NULL : *link;
}

static struct entry *new_entry(const struct key *const key, const uint32_t value_bytes)
{
    const size_t key_words = (key->bytes + 7) / 8;
    const size_t head = sizeof(struct entry) + key_words * 8;
    struct entry *const entry = memory_take_for_data(head + value_bytes);
    if (entry == NULL)
    {
        return NULL;
    }
    entry->expires_ticks = 0;
    entry->hash = key->hash;
    entry->key_bytes = key->bytes;
    entry->value_bytes = value_bytes;
    entry->value_capacity = (uint32_t)(memory_size_of(entry) - head);
    for (size_t i = 0; i < key_words; i++)
    {
        entry->words[i] = key->words[i];
    }
    return entry;
}

static bool is_fitting(const struct entry *const entry, const uint32_t value_bytes)
{
    return value_bytes <= entry->value_capacity
        && (entry->value_capacity - value_bytes <= MAX_IDLE_BYTES || value_bytes >= entry->value_capacity / 4);
}

struct entry *store_write(const struct key *const key, const uint32_t value_bytes)
{
    if (expiring != 0)
    {
        sweep();
    }
    bucket *const link = find(key);
    if (link != NULL && is_fitting(*link, value_bytes))
    {
        (*link)->value_bytes = value_bytes;
        return *link;
    }

    struct entry *const entry = new_entry(key, value_bytes);
    if (entry == NULL)
    {
        return NULL;
    }
    if (link != NULL)
    {
        struct entry *const old = *link;
        memcpy(entry_value(entry), entry_value(old), old->value_bytes < value_bytes ? old->value_bytes : value_bytes);
        entry->expires_ticks = old->expires_ticks;
        entry->next = old->next;
        *link = entry;
        memory_give(old);
        return entry;
    }
    bucket *const head = bucket_of(key->hash);
    entry->next = *head;
    *head = entry;
    count++;
    grow();
    return entry;
}

void store_set_expiry(struct entry *const entry, const uint64_t expires_ticks)
{
    expiring += (expires_ticks != 0) - (uint64_t)(entry->expires_ticks != 0);
    entry->expires_ticks = expires_ticks;
}

bool store_delete(const struct key *const key)
{
    bucket *const link = find(key);
    if (link == NULL)
    {
        return false;
    }
    remove_at(link);
    return true;
}

void store_clear(void)
{
    for (uint32_t i = 0; i < bucket_count; i++)
    {
        bucket *const head = bucket_at(i);
        while (*head != NULL)
        {
            remove_at(head);
        }
    }
    while (segment_count > 1)
    {
        memory_give(segments[--segment_count]);
    }
    begin_with_one_segment();
}

uint64_t store_count(void)
{
    return count;
}

void store_each(bool (*const visit)(const struct entry *entry, void *context), void *const context)
{
    const uint64_t now_ticks = clock_ticks();
    for (uint32_t i = 0; i < bucket_count; i++)
    {
        for (const struct entry *entry = *bucket_at(i); entry != NULL; entry = entry->next)
        {
            if (!is_over(entry, now_ticks) && !visit(entry, context))
            {
                return;
            }
        }
    }
}
