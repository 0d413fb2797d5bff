// SPDX-License-Identifier: Apache-2.0
/*
 * Text on the firmware console. Output is gathered and leaves a line at a time, so that a line is one call.
 */
#ifndef RUNTIME_CONSOLE_H
#define RUNTIME_CONSOLE_H

#include "csr.h"

/** %s %c %d %u %x %% with an optional l (which changes nothing: all are 64 bits wide), zero fill and width. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

void console_flush(void);

/** The next byte that was typed, or -1 when there is none. */
int console_read(void);

#endif
