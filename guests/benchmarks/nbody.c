// SPDX-License-Identifier: Apache-2.0
/*
 * Floating point in double precision, square roots and divisions among it: five bodies that attract each other. n=STEPS.
 */
#include "work.h"

#define BODIES 5

struct body
{
    double place[3];
    double speed[3];
    double mass;
};

static struct body bodies[BODIES];

static double random_fraction(uint64_t *const state)
{
    return (double)(random_number(state) >> 11) / 9007199254740992.0;
}

static void step(const double time)
{
    for (int i = 0; i < BODIES; i++)
    {
        struct body *const one = &bodies[i];
        for (int j = i + 1; j < BODIES; j++)
        {
            struct body *const other = &bodies[j];
            double away[3];
            double square = 0.01;
            for (int axis = 0; axis < 3; axis++)
            {
                away[axis] = one->place[axis] - other->place[axis];
                square += away[axis] * away[axis];
            }
            const double pull = time / (square * __builtin_sqrt(square));
            for (int axis = 0; axis < 3; axis++)
            {
                one->speed[axis] -= away[axis] * other->mass * pull;
                other->speed[axis] += away[axis] * one->mass * pull;
            }
        }
    }
    for (int i = 0; i < BODIES; i++)
    {
        for (int axis = 0; axis < 3; axis++)
        {
            bodies[i].place[axis] += bodies[i].speed[axis] * time;
        }
    }
}

void guest_main(void)
{
    const uint64_t steps = rounds(20000000);
    uint64_t state = RANDOM_SEED;
    for (int i = 0; i < BODIES; i++)
    {
        for (int axis = 0; axis < 3; axis++)
        {
            bodies[i].place[axis] = 10 * random_fraction(&state) - 5;
            bodies[i].speed[axis] = random_fraction(&state) - 0.5;
        }
        bodies[i].mass = random_fraction(&state) + 0.1;
    }
    for (uint64_t i = 0; i < steps; i++)
    {
        step(0.001);
    }
    uint64_t sum = 0;
    for (int i = 0; i < BODIES; i++)
    {
        for (int axis = 0; axis < 3; axis++)
        {
            uint64_t bits;
            memcpy(&bits, &bodies[i].place[axis], sizeof(bits));
            sum = sum * 31 + bits;
        }
    }
    result(sum);
}
