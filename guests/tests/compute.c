// SPDX-License-Identifier: Apache-2.0
/*
 * Work for a processor, in the mix of ordinary programs: a sieve (stores in strides), SHA-256 (arithmetic), a hash
 * table (loads that miss and branches) and a sort (calls and swaps). Boot argument: n=ROUNDS of each.
 */
#include "sha256.h"
#include "test.h"

/** About 300 million instructions. */
#define DEFAULT_ROUNDS 10UL

#define SIEVE_LIMIT  500000u
#define HASHED_BYTES 65536u
#define TABLE_SLOTS  65536u
#define TABLE_KEYS   40000u
#define SORTED       50000u

static uint8_t composite[SIEVE_LIMIT];
static uint8_t message[HASHED_BYTES];
static uint64_t table[TABLE_SLOTS];
static uint32_t numbers[SORTED];

static uint64_t random_state;

static uint64_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/** The number of primes below the limit, the limit becoming a little less with each round. */
static uint64_t sieve(const uint64_t round)
{
    const uint32_t limit = SIEVE_LIMIT - (uint32_t)(round % 1000);
    uint64_t count = 0;
    memset(composite, 0, limit);
    for (uint32_t i = 2; i < limit; i++)
    {
        if (composite[i] == 0)
        {
            count++;
            for (uint32_t multiple = 2 * i; multiple < limit; multiple += i)
            {
                composite[multiple] = 1;
            }
        }
    }
    return count;
}

/** Puts keys into an open-addressed table and looks half of them and as many others up; how many were there. */
static uint64_t hash_table(void)
{
    uint64_t found = 0;
    memset(table, 0, sizeof table);
    for (uint32_t i = 0; i < TABLE_KEYS; i++)
    {
        const uint64_t key = (random_number() & 0xFFFFF) + 1;
        uint64_t slot = key * 0x9E3779B97F4A7C15UL >> 48;
        while (table[slot] != 0 && table[slot] != key)
        {
            slot = (slot + 1) % TABLE_SLOTS;
        }
        table[slot] = key;
    }
    for (uint32_t i = 0; i < TABLE_KEYS; i++)
    {
        const uint64_t key = (random_number() & 0xFFFFF) + 1;
        uint64_t slot = key * 0x9E3779B97F4A7C15UL >> 48;
        while (table[slot] != 0 && table[slot] != key)
        {
            slot = (slot + 1) % TABLE_SLOTS;
        }
        found += table[slot] == key;
    }
    return found;
}

static void quicksort(uint32_t *const from, const int64_t count)
{
    if (count < 2)
    {
        return;
    }
    const uint32_t pivot = from[count / 2];
    int64_t low = 0;
    int64_t high = count - 1;
    while (low <= high)
    {
        while (from[low] < pivot)
        {
            low++;
        }
        while (from[high] > pivot)
        {
            high--;
        }
        if (low <= high)
        {
            const uint32_t swapped = from[low];
            from[low++] = from[high];
            from[high--] = swapped;
        }
    }
    quicksort(from, high + 1);
    quicksort(from + low, count - low);
}

static uint64_t sort(void)
{
    for (uint32_t i = 0; i < SORTED; i++)
    {
        numbers[i] = (uint32_t)random_number();
    }
    quicksort(numbers, SORTED);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < SORTED; i++)
    {
        check(i == 0 || numbers[i - 1] <= numbers[i], "the sorted numbers are not in order");
        sum = sum * 31 + numbers[i];
    }
    return sum;
}

void guest_main(void)
{
    const uint64_t rounds = platform_argument("n", DEFAULT_ROUNDS);
    random_state = 88172645463325252UL;

    uint64_t primes = 0;
    uint64_t found = 0;
    uint64_t sorted = 0;
    uint32_t digest[8] = { 0 };
    for (uint64_t round = 0; round < rounds; round++)
    {
        primes += sieve(round);
        // Each round hashes the digest of the one before with it.
        memcpy(message, digest, sizeof digest);
        sha256(message, HASHED_BYTES, digest);
        found += hash_table();
        sorted = sorted * 31 + sort();
    }
    print("primes %lu\n", primes);
    print("sha256 %08x%08x%08x%08x%08x%08x%08x%08x\n",
        digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7]);
    print("found %lu\n", found);
    print("sorted %016lx\n", sorted);
}
