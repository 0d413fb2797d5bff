// SPDX-License-Identifier: Apache-2.0
/*
 * Work for a processor, in the mix of ordinary programs: a sieve (stores in strides), SHA-256 (arithmetic), a hash
 * table (loads that miss and branches) and a sort (calls and swaps). Boot argument: n=ROUNDS of each.
 */
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

static const uint32_t SHA_K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotated(const uint32_t value, const unsigned by)
{
    return value >> by | value << (32 - by);
}

static void sha256_block(uint32_t state[8], const uint8_t *const block)
{
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
    {
        w[i] = read_be32(block + 4 * i);
    }
    for (int i = 16; i < 64; i++)
    {
        const uint32_t s0 = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ w[i - 15] >> 3;
        const uint32_t s1 = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t v[8];
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; i++)
    {
        const uint32_t s1 = rotated(v[4], 6) ^ rotated(v[4], 11) ^ rotated(v[4], 25);
        const uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        const uint32_t first = v[7] + s1 + choice + SHA_K[i] + w[i];
        const uint32_t s0 = rotated(v[0], 2) ^ rotated(v[0], 13) ^ rotated(v[0], 22);
        const uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        v[7] = v[6];
        v[6] = v[5];
        v[5] = v[4];
        v[4] = v[3] + first;
        v[3] = v[2];
        v[2] = v[1];
        v[1] = v[0];
        v[0] = first + s0 + majority;
    }
    for (int i = 0; i < 8; i++)
    {
        state[i] += v[i];
    }
}

/** Whole blocks only, and the length of them at the end as the standard has it. */
static void sha256(const uint8_t *const bytes, const uint32_t length, uint32_t state[8])
{
    static const uint32_t START[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };
    memcpy(state, START, sizeof START);
    for (uint32_t at = 0; at < length; at += 64)
    {
        sha256_block(state, bytes + at);
    }
    uint8_t last[64] = { 0x80 };
    for (int i = 0; i < 8; i++)
    {
        last[63 - i] = (uint8_t)((uint64_t)length * 8 >> 8 * i);
    }
    sha256_block(state, last);
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
