// SPDX-License-Identifier: Apache-2.0
/*
 * Arithmetic of 32 bits, shifts and rotations: SHA-256 of a MiB. n=ROUNDS.
 */
#include "sha256.h"
#include "work.h"

#define BYTES (1u << 20)

static uint8_t message[BYTES];

void guest_main(void)
{
    const uint64_t count = rounds(520);
    uint64_t state = RANDOM_SEED;
    for (uint32_t i = 0; i < BYTES; i++)
    {
        message[i] = (uint8_t)random_number(&state);
    }
    uint64_t sum = 0;
    for (uint64_t round = 0; round < count; round++)
    {
        uint32_t hash[8];
        sha256(message, BYTES, hash);
        memcpy(message, hash, sizeof(hash));
        sum = sum * 31 + ((uint64_t)hash[0] << 32 | hash[7]);
    }
    result(sum);
}
