// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include "bytes.h"

#define PAGE_SHIFT 12
#define PAGE_BYTES (1UL << PAGE_SHIFT)

/** A slab is a naturally aligned block of 8 pages: its header is found from any address within. */
#define SLAB_ORDER 3
#define SLAB_PAGES (1UL << SLAB_ORDER)
#define SLAB_BYTES (SLAB_PAGES << PAGE_SHIFT)
#define SLAB_HEADER_BYTES 64UL

/** Blocks of up to 2 GiB, the most memory that a machine has. */
#define ORDERS 20

/** What data leaves for connections: a sixteenth, and at least what one client needs for the longest request. */
#define RESERVE_DIVISOR 16
#define MIN_RESERVE_PAGES 640UL

/** Below this the server cannot hold one value of the greatest length beside its reserve. */
#define MIN_PAGES (3 * MIN_RESERVE_PAGES)

/*
 * One word a page: what begins there. Pages inside a block hold 0.
 */
#define STATE_FREE 0x80000000u /* of a free block; the rest is its order */
#define STATE_SLAB 0x40000000u /* of every page of a slab */
#define STATE_RUN  0x20000000u /* of a run that is taken; the rest is its length in pages */
#define STATE_REST 0x1FFFFFFFu

/**
 * Sizes of blocks in slabs: steps of 16, then four an octave, then such that a slab divides without a remainder. At most a
 * fifth of a block is unused beyond the smallest.
 */
static const uint16_t CLASS_BYTES[] = {
    16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1792,
    2032, 2336, 2720, 3264, 4080, 4672, 5440, 6528, 8176,
};

#define CLASSES (sizeof CLASS_BYTES / sizeof CLASS_BYTES[0])
#define MAX_SLAB_BLOCK_BYTES 8176UL

/** Sizes up to here find their class in a table. */
#define TABLED_BYTES 1024UL

struct link
{
    struct link *next;
    struct link *previous;
};

struct slab
{
    struct link link;
    void *free;
    uint32_t used;
    uint32_t capacity;
    uint32_t fresh; /* blocks from here on were never taken, and are not in the free list */
    uint32_t class;
};

_Static_assert(sizeof(struct slab) <= SLAB_HEADER_BYTES, "the header of a slab");

static uint8_t *base;
static size_t page_count;
static size_t free_pages;
static size_t reserve_pages;
static uint32_t *states;
static struct link free_blocks[ORDERS];
static struct link partial_slabs[CLASSES];
static uint8_t class_of_16[TABLED_BYTES / 16 + 1];
static uint64_t used;

static void make_empty(struct link *const list)
{
    list->next = list;
    list->previous = list;
}

static bool is_empty(const struct link *const list)
{
    return list->next == list;
}

static void insert(struct link *const list, struct link *const link)
{
    link->next = list->next;
    link->previous = list;
    list->next->previous = link;
    list->next = link;
}

static void unlink_from_list(struct link *const link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
}

static struct link *block_at(const size_t page)
{
    return (struct link *)(base + (page << PAGE_SHIFT));
}

static size_t page_of(const void *const address)
{
    return (size_t)((const uint8_t *)address - base) >> PAGE_SHIFT;
}

/** Frees an aligned block, and whatever of its neighbours is free with it. */
static void free_block(size_t page, unsigned order)
{
    while (order + 1 < ORDERS)
    {
        const size_t buddy = page ^ (size_t)1 << order;
        if (buddy + ((size_t)1 << order) > page_count || states[buddy] != (STATE_FREE | order))
        {
            break;
        }
        unlink_from_list(block_at(buddy));
        states[buddy] = 0;
        page &= ~((size_t)1 << order);
        order++;
    }
    states[page] = STATE_FREE | order;
    insert(&free_blocks[order], block_at(page));
}

/** Frees any pages that follow each other, as the aligned blocks that they are made of. */
static void give_pages(size_t page, size_t count)
{
    free_pages += count;
    while (count > 0)
    {
        unsigned order = 0;
        while (order + 1 < ORDERS && (page >> order & 1) == 0 && (size_t)2 << order <= count)
        {
            order++;
        }
        free_block(page, order);
        page += (size_t)1 << order;
        count -= (size_t)1 << order;
    }
}

/** Pages that follow each other, aligned to the power of two that holds them; page_count when there are none. */
static size_t take_pages(const size_t count, const size_t kept_back)
{
    if (count > free_pages || free_pages - count < kept_back)
    {
        return page_count;
    }
    unsigned order = 0;
    while ((size_t)1 << order < count)
    {
        order++;
    }
    for (; order < ORDERS; order++)
    {
        if (!is_empty(&free_blocks[order]))
        {
            struct link *const block = free_blocks[order].next;
            const size_t page = page_of(block);
            unlink_from_list(block);
            states[page] = 0;
            free_pages -= (size_t)1 << order;
            give_pages(page + count, ((size_t)1 << order) - count);
            return page;
        }
    }
    return page_count;
}

bool memory_start(void *const start, const size_t bytes)
{
    const uintptr_t end = (uintptr_t)start + bytes;
    states = (uint32_t *)(((uintptr_t)start + 15) & ~(uintptr_t)15);
    // One state for each page of the whole area: a little more than needed, the states themselves taking pages.
    const uintptr_t first = ((uintptr_t)(states + (bytes >> PAGE_SHIFT) + 1) + SLAB_BYTES - 1) & ~(SLAB_BYTES - 1);
    if (first >= end)
    {
        return false;
    }
    base = (uint8_t *)first;
    page_count = (end - first) >> PAGE_SHIFT;
    if (page_count < MIN_PAGES)
    {
        return false;
    }
    memset(states, 0, page_count * sizeof states[0]);
    for (unsigned order = 0; order < ORDERS; order++)
    {
        make_empty(&free_blocks[order]);
    }
    unsigned class = 0;
    for (size_t i = 0; i <= TABLED_BYTES / 16; i++)
    {
        class += CLASS_BYTES[class] < i * 16;
        class_of_16[i] = (uint8_t)class;
    }
    for (class = 0; class < CLASSES; class++)
    {
        make_empty(&partial_slabs[class]);
    }
    reserve_pages = page_count / RESERVE_DIVISOR < MIN_RESERVE_PAGES ? MIN_RESERVE_PAGES : page_count / RESERVE_DIVISOR;
    free_pages = 0;
    used = 0;
    give_pages(0, page_count);
    return true;
}

static unsigned class_of(const size_t bytes)
{
    if (bytes <= TABLED_BYTES)
    {
        return class_of_16[(bytes + 15) / 16];
    }
    unsigned class = class_of_16[TABLED_BYTES / 16];
    while (CLASS_BYTES[class] < bytes)
    {
        class++;
    }
    return class;
}

static struct slab *make_slab(const unsigned class, const size_t kept_back)
{
    const size_t page = take_pages(SLAB_PAGES, kept_back);
    if (page == page_count)
    {
        return NULL;
    }
    for (size_t i = 0; i < SLAB_PAGES; i++)
    {
        states[page + i] = STATE_SLAB;
    }
    struct slab *const slab = (struct slab *)block_at(page);
    slab->free = NULL;
    slab->used = 0;
    slab->capacity = (uint32_t)((SLAB_BYTES - SLAB_HEADER_BYTES) / CLASS_BYTES[class]);
    slab->fresh = 0;
    slab->class = class;
    insert(&partial_slabs[class], &slab->link);
    return slab;
}

static void *take(const size_t bytes, const size_t kept_back)
{
    if (bytes > MAX_SLAB_BLOCK_BYTES)
    {
        const size_t count = (bytes + PAGE_BYTES - 1) >> PAGE_SHIFT;
        const size_t page = take_pages(count, kept_back);
        if (page == page_count)
        {
            return NULL;
        }
        states[page] = STATE_RUN | (uint32_t)count;
        used += count << PAGE_SHIFT;
        return block_at(page);
    }

    const unsigned class = class_of(bytes);
    struct slab *slab = (struct slab *)partial_slabs[class].next;
    if (is_empty(&partial_slabs[class]))
    {
        slab = make_slab(class, kept_back);
        if (slab == NULL)
        {
            return NULL;
        }
    }
    void *block = slab->free;
    if (block != NULL)
    {
        slab->free = *(void **)block;
    }
    else
    {
        block = (uint8_t *)slab + SLAB_HEADER_BYTES + (size_t)slab->fresh++ * CLASS_BYTES[class];
    }
    if (++slab->used == slab->capacity)
    {
        unlink_from_list(&slab->link);
    }
    used += CLASS_BYTES[class];
    return block;
}

void *memory_take(const size_t bytes)
{
    return take(bytes, 0);
}

void *memory_take_for_data(const size_t bytes)
{
    return take(bytes, reserve_pages);
}

static struct slab *slab_of(const void *const block)
{
    return (struct slab *)((uintptr_t)block & ~(SLAB_BYTES - 1));
}

void memory_give(void *const block)
{
    const size_t page = page_of(block);
    if (states[page] != STATE_SLAB)
    {
        const size_t count = states[page] & STATE_REST;
        states[page] = 0;
        used -= count << PAGE_SHIFT;
        give_pages(page, count);
        return;
    }

    struct slab *const slab = slab_of(block);
    struct link *const partial = &partial_slabs[slab->class];
    used -= CLASS_BYTES[slab->class];
    *(void **)block = slab->free;
    slab->free = block;
    if (slab->used-- == slab->capacity)
    {
        insert(partial, &slab->link);
    }
    // The last slab of a class stays, or a block that comes and goes would make and unmake it each time.
    if (slab->used == 0 && partial->next->next != partial)
    {
        const size_t first = page_of(slab);
        unlink_from_list(&slab->link);
        for (size_t i = 0; i < SLAB_PAGES; i++)
        {
            states[first + i] = 0;
        }
        give_pages(first, SLAB_PAGES);
    }
}

size_t memory_size_of(const void *const block)
{
    const uint32_t state = states[page_of(block)];
    return state == STATE_SLAB ? CLASS_BYTES[slab_of(block)->class] : (size_t)(state & STATE_REST) << PAGE_SHIFT;
}

bool memory_has_room_for_data(const size_t bytes)
{
    return free_pages > reserve_pages && (free_pages - reserve_pages) << PAGE_SHIFT >= bytes;
}

uint64_t memory_used(void)
{
    return used;
}

uint64_t memory_limit(void)
{
    return (uint64_t)(page_count - reserve_pages) << PAGE_SHIFT;
}
