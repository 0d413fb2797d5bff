/* SPDX-License-Identifier: Apache-2.0 */
/* The data set: a hash table of binary keys and values that grows a little with each write. */
#ifndef STORE_H
#define STORE_H

#include "guest.h"

struct entry
{
    struct entry *next;
    uint64_t hash;
    /* Ticks; 0: never. */
    uint64_t expires;
    uint32_t key_length;
    uint32_t value_length;
    uint32_t capacity;
    uint8_t data[];
};

void store_init(void);
/* Null when there is no such key, or its time is over. */
struct entry *store_find(const uint8_t *key, uint32_t length);
/* Makes a key hold length bytes, to be written to store_value() by the caller; keeps as much of an old value as fits.
 * Null when there is no room: then nothing has changed. */
struct entry *store_resize(const uint8_t *key, uint32_t key_length, uint32_t length);
bool store_delete(const uint8_t *key, uint32_t length);
void store_clear(void);
uint64_t store_count(void);
/* Calls visit for each live entry until it returns false. */
void store_each(bool (*visit)(struct entry *entry, void *context), void *context);

static inline uint8_t *store_value(struct entry *entry)
{
    return entry->data + ((entry->key_length + 7) & ~7u);
}

#endif
