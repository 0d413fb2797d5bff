// SPDX-License-Identifier: Apache-2.0
/*
 * The four functions on bytes that the compiler may call by itself, and big-endian reads.
 */
#ifndef RUNTIME_BYTES_H
#define RUNTIME_BYTES_H

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int value, size_t length);
int memcmp(const void *a, const void *b, size_t length);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);

static inline uint32_t read_be32(const void *const from)
{
    const uint8_t *const b = from;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

#endif
