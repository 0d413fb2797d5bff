// SPDX-License-Identifier: Apache-2.0
/*
 * Traps: the state of the interrupted code, and who is told.
 */
#ifndef RUNTIME_TRAP_H
#define RUNTIME_TRAP_H

#include "csr.h"

/** What start.S saves and restores; a handler may change it. x[0] is not used. */
struct trap_frame
{
    uint64_t x[32];
    uint64_t sepc;
    uint64_t scause;
    uint64_t stval;
    uint64_t sstatus;
};

_Static_assert(sizeof(struct trap_frame) == 288, "start.S knows this layout");

/** Handles a trap; false means that it was not expected, which ends the guest. */
typedef bool trap_handler(struct trap_frame *frame);

/** Sets who is told of traps; a guest that sets nobody expects none. */
void trap_handle_with(trap_handler *handler);

/** Prints what happened and ends the machine with the reason "system failure". */
void trap_report(const char *what, uint64_t scause, uint64_t sepc, uint64_t stval) __attribute__((noreturn));

/** Entry points that start.S calls. */
void trap(struct trap_frame *frame);
void trap_nested(void) __attribute__((noreturn));

extern char trap_entry[];

#endif
