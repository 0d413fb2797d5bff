// SPDX-License-Identifier: Apache-2.0
/*
 * The time that expiry and uptime are measured in.
 */
#ifndef KV_CLOCK_H
#define KV_CLOCK_H

#include <stdint.h>

/** Ticks since some beginning; never runs backwards. */
uint64_t clock_ticks(void);

/** Ticks in a second; a multiple of 1000. */
uint64_t clock_hz(void);

#endif
