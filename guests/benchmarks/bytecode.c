// SPDX-License-Identifier: Apache-2.0
/*
 * Indirect jumps: an interpreter of a small register machine, an indirect jump an operation, counts primes by trial
 * division. n=NUMBERS, up to which.
 */
#include "work.h"

enum operation
{
    SET,
    ADD,
    ADD_CONSTANT,
    REMAINDER,
    MULTIPLY,
    JUMP,
    JUMP_IF_ZERO,
    JUMP_IF_LESS,
    STOP,
};

struct instruction
{
    uint8_t operation;
    uint8_t a;
    uint8_t b;
    int32_t c;
};

enum
{
    COUNT,
    NUMBER,
    DIVISOR,
    SQUARE,
    REST,
    LIMIT,
    REGISTERS,
};

/* Jumps name the place that they lead to. */
static const struct instruction program[] = {
    { SET, NUMBER, 0, 1 },
    /* 1: the next number. */
    { ADD_CONSTANT, NUMBER, NUMBER, 1 },
    { JUMP_IF_LESS, LIMIT, NUMBER, 12 },
    { SET, DIVISOR, 0, 2 },
    /* 4: the next divisor. */
    { MULTIPLY, SQUARE, DIVISOR, DIVISOR },
    { JUMP_IF_LESS, NUMBER, SQUARE, 10 },
    { REMAINDER, REST, NUMBER, DIVISOR },
    { JUMP_IF_ZERO, REST, 0, 1 },
    { ADD_CONSTANT, DIVISOR, DIVISOR, 1 },
    { JUMP, 0, 0, 4 },
    /* 10: a prime. */
    { ADD, COUNT, COUNT, NUMBER },
    { JUMP, 0, 0, 1 },
    { STOP, 0, 0, 0 },
};

static uint64_t interpret(const uint64_t limit)
{
    static const void *const places[] = {
        [SET] = &&set, [ADD] = &&add, [ADD_CONSTANT] = &&add_constant, [REMAINDER] = &&remainder,
        [MULTIPLY] = &&multiply, [JUMP] = &&jump, [JUMP_IF_ZERO] = &&jump_if_zero, [JUMP_IF_LESS] = &&jump_if_less,
        [STOP] = &&stop,
    };
    uint64_t registers[REGISTERS] = { [LIMIT] = limit };
    const struct instruction *at = program;

#define NEXT goto *places[at->operation]

    NEXT;
set:
    registers[at->a] = (uint64_t)at->c;
    at++;
    NEXT;
add:
    registers[at->a] = registers[at->b] + registers[at->c];
    at++;
    NEXT;
add_constant:
    registers[at->a] = registers[at->b] + (uint64_t)at->c;
    at++;
    NEXT;
remainder:
    registers[at->a] = (uint32_t)registers[at->b] % (uint32_t)registers[at->c];
    at++;
    NEXT;
multiply:
    registers[at->a] = registers[at->b] * registers[at->c];
    at++;
    NEXT;
jump:
    at = program + at->c;
    NEXT;
jump_if_zero:
    at = registers[at->a] == 0 ? program + at->c : at + 1;
    NEXT;
jump_if_less:
    at = registers[at->a] < registers[at->b] ? program + at->c : at + 1;
    NEXT;
stop:
    return registers[COUNT];
}

void guest_main(void)
{
    result(interpret(rounds(2100000)));
}
