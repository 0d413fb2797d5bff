/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

/* Four classes an octave from 32 bytes to 64 MiB: at most a fifth of a block is unused. */
#define MIN_SHIFT 5
#define MAX_SHIFT 26
#define CLASSES ((MAX_SHIFT - MIN_SHIFT) * 4 + 1)

static void *free_lists[CLASSES];
static uint64_t next;
static uint64_t first;
static uint64_t limit;
static uint64_t used;

static unsigned log2_of(size_t n)
{
    unsigned result = 0;
    for (unsigned step = 32; step > 0; step /= 2)
    {
        if (n >> step != 0)
        {
            n >>= step;
            result += step;
        }
    }
    return result;
}

static unsigned class_of(size_t n)
{
    if (n <= 1u << MIN_SHIFT)
    {
        return 0;
    }
    unsigned shift = log2_of(n - 1);
    size_t quarter = (size_t)1 << (shift - 2);
    unsigned step = (unsigned)((n - 1 - ((size_t)1 << shift)) / quarter);
    return (shift - MIN_SHIFT) * 4 + step + 1;
}

static size_t class_size(unsigned class)
{
    if (class == 0)
    {
        return 1u << MIN_SHIFT;
    }
    unsigned shift = MIN_SHIFT + (class - 1) / 4;
    size_t quarter = (size_t)1 << (shift - 2);
    return (((size_t)1 << shift) + ((class - 1) % 4 + 1) * quarter + 15) & ~15ul;
}

void memory_init(uint64_t start, uint64_t end)
{
    first = (start + 15) & ~15ul;
    next = first;
    limit = end & ~15ul;
}

size_t memory_rounded(size_t n)
{
    return class_size(class_of(n));
}

void *memory_take(size_t n)
{
    if (n > (size_t)1 << MAX_SHIFT)
    {
        return NULL;
    }
    unsigned class = class_of(n);
    size_t size = class_size(class);
    void *block = free_lists[class];
    if (block != NULL)
    {
        free_lists[class] = *(void **)block;
    }
    else if (size <= limit - next)
    {
        block = (void *)next;
        next += size;
    }
    else
    {
        return NULL;
    }
    used += size;
    return block;
}

void memory_give(void *block, size_t n)
{
    unsigned class = class_of(n);
    *(void **)block = free_lists[class];
    free_lists[class] = block;
    used -= class_size(class);
}

uint64_t memory_used(void)
{
    return used;
}

uint64_t memory_total(void)
{
    return limit - first;
}
