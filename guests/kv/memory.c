// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include "bytes.h"

#define PAGE_SHIFT 12
#define PAGE_BYTES (1UL << PAGE_SHIFT)

/** A slab is cut into blocks of one size. */
#define SLAB_PAGES 8UL
#define SLAB_BYTES (SLAB_PAGES << PAGE_SHIFT)
#define SLAB_HEADER_BYTES 64UL

/** Free runs are listed by the power of two that they reach; 2 GiB is the most memory that a machine has. */
#define LISTS 20

/** Runs of about the right length that are looked at before a longer one is cut. */
#define MAX_LOOKS 16

/** What data leaves for connections: a sixteenth, and at least what one client needs for the longest request. */
#define RESERVE_DIVISOR 16
#define MIN_RESERVE_PAGES 640UL

/** Below this the server cannot hold one value of the greatest length beside its reserve. */
#define MIN_PAGES (3 * MIN_RESERVE_PAGES)

/*
 * One word a page. A free run has its length in its first and in its last page, so that what is freed beside it finds
 * it; a run that is taken has it in the first; the pages of a slab have how far they are from its first. All others
 * are 0.
 */
#define STATE_FREE  0x80000000u
#define STATE_SLAB  0x40000000u
#define STATE_RUN   0x20000000u
#define STATE_VALUE 0x1FFFFFFFu

/**
 * Sizes of blocks in slabs: steps of 16, then four an octave, then such that a slab divides without a remainder. Beyond
 * the smallest, at most a fifth of a block is unused.
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
static struct link free_runs[LISTS];
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

static void *run_at(const size_t page)
{
    return base + (page << PAGE_SHIFT);
}

static size_t page_of(const void *const address)
{
    return (size_t)((const uint8_t *)address - base) >> PAGE_SHIFT;
}

static unsigned list_of(const size_t count)
{
    unsigned list = 0;
    while (list + 1 < LISTS && (size_t)2 << list <= count)
    {
        list++;
    }
    return list;
}

static void list_run(const size_t page, const size_t count)
{
    states[page] = STATE_FREE | (uint32_t)count;
    states[page + count - 1] = STATE_FREE | (uint32_t)count;
    insert(&free_runs[list_of(count)], run_at(page));
}

static void unlist_run(const size_t page, const size_t count)
{
    states[page] = 0;
    states[page + count - 1] = 0;
    unlink_from_list(run_at(page));
}

/** Frees pages that follow each other, together with what is free on either side. */
static void give_pages(size_t page, size_t count)
{
    free_pages += count;
    if (page > 0 && (states[page - 1] & STATE_FREE) != 0)
    {
        const size_t before = states[page - 1] & STATE_VALUE;
        page -= before;
        count += before;
        unlist_run(page, before);
    }
    if (page + count < page_count && (states[page + count] & STATE_FREE) != 0)
    {
        const size_t behind = states[page + count] & STATE_VALUE;
        unlist_run(page + count, behind);
        count += behind;
    }
    list_run(page, count);
}

/** The first run in a list, of so many looked at, that is long enough; page_count when there is none. */
static size_t find_run(const unsigned list, const size_t count, const unsigned max_looks)
{
    unsigned looks = 0;
    for (struct link *link = free_runs[list].next; link != &free_runs[list] && looks < max_looks; link = link->next)
    {
        const size_t page = page_of(link);
        if ((states[page] & STATE_VALUE) >= count)
        {
            return page;
        }
        looks++;
    }
    return page_count;
}

/** Pages that follow each other, of which data keeps some back; page_count when there are none. */
static size_t take_pages(const size_t count, const size_t kept_back)
{
    if (count > free_pages || free_pages - count < kept_back)
    {
        return page_count;
    }
    const unsigned first_list = list_of(count);
    size_t page = find_run(first_list, count, MAX_LOOKS);
    for (unsigned list = first_list + 1; page == page_count && list < LISTS; list++)
    {
        page = find_run(list, count, 1);
    }
    if (page == page_count)
    {
        page = find_run(first_list, count, UINT32_MAX);
    }
    if (page != page_count)
    {
        const size_t whole = states[page] & STATE_VALUE;
        unlist_run(page, whole);
        free_pages -= count;
        if (whole > count)
        {
            list_run(page + count, whole - count);
        }
    }
    return page;
}

bool memory_start(void *const start, const size_t bytes)
{
    const uintptr_t end = (uintptr_t)start + bytes;
    states = (uint32_t *)(((uintptr_t)start + 15) & ~(uintptr_t)15);
    // One state for each page of the whole area: a little more than needed, the states themselves taking pages.
    const uintptr_t first = ((uintptr_t)(states + (bytes >> PAGE_SHIFT) + 1) + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
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
    for (unsigned list = 0; list < LISTS; list++)
    {
        make_empty(&free_runs[list]);
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
        states[page + i] = STATE_SLAB | (uint32_t)i;
    }
    struct slab *const slab = run_at(page);
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
        return run_at(page);
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

/** The slab of a block, given what stands for its page. */
static struct slab *slab_of(const size_t page, const uint32_t state)
{
    return run_at(page - (state & STATE_VALUE));
}

void memory_give(void *const block)
{
    const size_t page = page_of(block);
    const uint32_t state = states[page];
    if ((state & STATE_SLAB) == 0)
    {
        const size_t count = state & STATE_VALUE;
        states[page] = 0;
        used -= count << PAGE_SHIFT;
        give_pages(page, count);
        return;
    }

    struct slab *const slab = slab_of(page, state);
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
    const size_t page = page_of(block);
    const uint32_t state = states[page];
    return (state & STATE_SLAB) != 0 ? CLASS_BYTES[slab_of(page, state)->class]
                                     : (size_t)(state & STATE_VALUE) << PAGE_SHIFT;
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
