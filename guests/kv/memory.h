// SPDX-License-Identifier: Apache-2.0
/*
 * Memory for the data set and for connections, from one area that is given at the start.
 *
 * Small blocks come from slabs of one size class each, larger ones are runs of whole pages; an empty slab and a freed
 * run melt into what is free beside them, so that memory freed at one size serves any other.
 */
#ifndef KV_MEMORY_H
#define KV_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Takes over [start, start + bytes); false when that is too little to be of use. */
bool memory_start(void *start, size_t bytes);

/** A block of at least n bytes, aligned to 16; NULL when there is none. */
void *memory_take(size_t bytes);

/** As memory_take, for the data set: leaves a reserve untouched, from which connections go on being served. */
void *memory_take_for_data(size_t bytes);

void memory_give(void *block);

/** How many bytes a block has for use, at least what was asked for. */
size_t memory_size_of(const void *block);

/** Whether data of so many bytes is likely to fit; a caller that must do all or nothing asks first. */
bool memory_has_room_for_data(size_t bytes);

/** Bytes in blocks that are taken. */
uint64_t memory_used(void);

/** Bytes that the data set may take. */
uint64_t memory_limit(void);

#endif
