// SPDX-License-Identifier: Apache-2.0
/*
 * The data set: binary keys and values in a hash table that grows by one bucket at a time (linear hashing), so that no
 * command ever waits for the table to be copied.
 */
#ifndef KV_STORE_H
#define KV_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A key is copied to an aligned place when it is looked up; this is the size of that place. */
#define MAX_KEY_BYTES (64UL << 10)

/** A key and its value. */
struct entry
{
    struct entry *next;
    uint64_t expires_ticks; /* 0: never */
    uint32_t hash;
    uint32_t key_bytes;
    uint32_t value_bytes;
    uint32_t value_capacity;
    uint64_t words[]; /* the key, filled up with zeros to whole words, then the value */
};

/** A key to look up. */
struct key
{
    const uint64_t *words;
    uint32_t bytes;
    uint32_t hash;
};

/** Makes the table; false when there is no memory for it. */
bool store_start(void);

/** Prepares a key of at most MAX_KEY_BYTES; the answer holds until the next call. */
struct key store_key(const uint8_t *bytes, uint32_t length);

/** NULL when there is no such key or its time is over. */
struct entry *store_find(const struct key *key);

/**
 * Makes a key have a value of so many bytes, which the caller writes; as much of an old value as fits stays, and so
 * does the time at which it expires. NULL when there is no memory: nothing has changed then.
 */
struct entry *store_write(const struct key *key, uint32_t value_bytes);

/** Sets when an entry expires, in ticks; 0 for never. */
void store_set_expiry(struct entry *entry, uint64_t expires_ticks);

bool store_delete(const struct key *key);

void store_clear(void);

/** Entries, those included whose time is over and that nobody has asked for since. */
uint64_t store_count(void);

/** Calls `visit` for each entry that is live, until it returns false. */
void store_each(bool (*visit)(const struct entry *entry, void *context), void *context);

static inline uint8_t *entry_value(struct entry *const entry)
{
    return (uint8_t *)(entry->words + (entry->key_bytes + 7) / 8);
}

static inline const uint8_t *entry_key(const struct entry *const entry)
{
    return (const uint8_t *)entry->words;
}

#endif
