// SPDX-License-Identifier: Apache-2.0
/*
 * Compression: a text is packed as literals and matches that a hash table finds, unpacked, and compared. n=ROUNDS.
 */
#include "work.h"

#define TEXT_BYTES  (1u << 20)
#define WORDS       1024u
#define HASH_BITS   14
#define MIN_MATCH   4u
#define MAX_MATCH   255u
#define MAX_BACK    65535u
#define MAX_LITERAL 255u

static uint8_t text[TEXT_BYTES];
static uint8_t unpacked[TEXT_BYTES];

/* A token is: literals (1 byte: how many), match (1 byte: how long, 0 none), how far back (2 bytes). */
static uint8_t packed[2 * TEXT_BYTES];
static uint32_t places[1u << HASH_BITS];

/** Words of a vocabulary, the first ones more often. */
static void write_text(uint64_t *const state)
{
    static uint8_t words[WORDS][12];
    for (uint32_t i = 0; i < WORDS; i++)
    {
        const uint64_t length = 2 + random_number(state) % 9;
        for (uint64_t j = 0; j < length; j++)
        {
            words[i][j] = (uint8_t)('a' + random_number(state) % 26);
        }
        words[i][length] = ' ';
    }
    for (uint32_t at = 0; at < TEXT_BYTES;)
    {
        const uint64_t number = random_number(state);
        const uint8_t *word = words[(number % WORDS) * (number >> 32 & 1023) / 1024];
        do
        {
            text[at++] = *word;
        }
        while (*word++ != ' ' && at < TEXT_BYTES);
    }
}

static uint32_t read_word(const uint8_t *const from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static uint32_t put_token(uint32_t to, uint32_t literal, uint32_t literals, const uint32_t match, const uint32_t back)
{
    packed[to++] = (uint8_t)literals;
    packed[to++] = (uint8_t)match;
    packed[to++] = (uint8_t)back;
    packed[to++] = (uint8_t)(back >> 8);
    for (; literals > 0; literals--)
    {
        packed[to++] = text[literal++];
    }
    return to;
}

static uint32_t pack(void)
{
    memset(places, 0, sizeof(places));
    uint32_t to = 0;
    uint32_t literal = 0;
    uint32_t at = 0;
    while (at + MIN_MATCH <= TEXT_BYTES)
    {
        const uint32_t word = read_word(text + at);
        uint32_t *const place = &places[word * 2654435761u >> (32 - HASH_BITS)];
        const uint32_t from = *place;
        *place = at;
        uint32_t match = 0;
        if (from < at && at - from <= MAX_BACK && read_word(text + from) == word)
        {
            match = MIN_MATCH;
            while (match < MAX_MATCH && at + match < TEXT_BYTES && text[from + match] == text[at + match])
            {
                match++;
            }
        }
        if (match != 0 || at - literal == MAX_LITERAL)
        {
            to = put_token(to, literal, at - literal, match, at - from);
            literal = at += match;
        }
        at += match == 0;
    }
    for (at = TEXT_BYTES; literal < at; literal += MAX_LITERAL)
    {
        to = put_token(to, literal, at - literal < MAX_LITERAL ? at - literal : MAX_LITERAL, 0, 0);
    }
    return to;
}

static uint32_t unpack(const uint32_t bytes)
{
    uint32_t to = 0;
    for (uint32_t at = 0; at < bytes;)
    {
        const uint32_t literals = packed[at];
        const uint32_t match = packed[at + 1];
        const uint32_t back = packed[at + 2] | (uint32_t)packed[at + 3] << 8;
        at += 4;
        for (uint32_t i = 0; i < literals; i++)
        {
            unpacked[to++] = packed[at++];
        }
        for (uint32_t i = 0; i < match; i++, to++)
        {
            unpacked[to] = unpacked[to - back];
        }
    }
    return to;
}

void guest_main(void)
{
    const uint64_t count = rounds(850);
    uint64_t state = RANDOM_SEED;
    uint64_t sum = 0;
    for (uint64_t round = 0; round < count; round++)
    {
        if (round % 10 == 0)
        {
            write_text(&state);
        }
        const uint32_t bytes = pack();
        if (unpack(bytes) != TEXT_BYTES || memcmp(text, unpacked, TEXT_BYTES) != 0)
        {
            print("FAIL: unpacked is not what was packed\n");
            return;
        }
        sum = sum * 31 + bytes;
    }
    result(sum);
}
