// SPDX-License-Identifier: Apache-2.0
/*
 * Single and double precision mixed, with conversions and comparisons: integer samples go through a filter in single
 * precision, are clipped, and come out as integers; their power is summed in double precision. n=ROUNDS.
 */
#include "work.h"

#define SAMPLES 65536u

static int16_t in[SAMPLES];
static int16_t out[SAMPLES];

static double filter(const float gain)
{
    float before = 0;
    float before_that = 0;
    double power = 0;
    for (uint32_t i = 0; i < SAMPLES; i++)
    {
        const float sample = (float)in[i] * gain;
        const float now = sample + 1.6f * before - 0.8f * before_that;
        before_that = before;
        before = now;
        const float loud = now * 0.2f;
        const float clipped = loud > 32767.0f ? 32767.0f : loud < -32768.0f ? -32768.0f : loud;
        out[i] = (int16_t)clipped;
        power += (double)clipped * clipped;
    }
    return power / SAMPLES;
}

void guest_main(void)
{
    const uint64_t count = rounds(8000);
    uint64_t state = RANDOM_SEED;
    for (uint32_t i = 0; i < SAMPLES; i++)
    {
        in[i] = (int16_t)random_number(&state);
    }
    uint64_t sum = 0;
    for (uint64_t round = 0; round < count; round++)
    {
        sum = sum * 31 + (uint64_t)filter((float)(round % 100 + 1) / 50.0f) + (uint64_t)out[round % SAMPLES];
    }
    result(sum);
}
