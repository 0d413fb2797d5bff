// SPDX-License-Identifier: Apache-2.0
/*
 * Patterns as KEYS and CONFIG GET have them: * ? [abc] [^a-c] and a backslash before what is meant literally.
 */
#ifndef KV_PATTERN_H
#define KV_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

/** Takes time proportional to both lengths multiplied, at worst. */
bool pattern_matches(const uint8_t *pattern, uint32_t pattern_bytes, const uint8_t *text, uint32_t text_bytes);

#endif
