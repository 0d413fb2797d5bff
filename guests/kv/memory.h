/* SPDX-License-Identifier: Apache-2.0 */
/* Allocates from the RAM that the image does not take: size classes with free lists over one growing area. */
#ifndef MEMORY_H
#define MEMORY_H

#include "guest.h"

void memory_init(uint64_t start, uint64_t end);
/* Null when there is no room. The block has at least n bytes and is aligned to 16. */
void *memory_take(size_t n);
/* n as it was asked for. */
void memory_give(void *block, size_t n);
/* Bytes that a block for n really takes. */
size_t memory_rounded(size_t n);
uint64_t memory_used(void);
uint64_t memory_total(void);

#endif
