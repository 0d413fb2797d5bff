// SPDX-License-Identifier: Apache-2.0
#include "pattern.h"

#include <stddef.h>

/** Whether a character is in the set that begins at `at`, behind the bracket; where the pattern goes on. */
static const uint8_t *match_set(const uint8_t *at, const uint8_t *const end, const uint8_t c, bool *const fits)
{
    const bool is_negated = at < end && *at == '^';
    bool is_in = false;
    at += is_negated;
    while (at < end && *at != ']')
    {
        if (*at == '\\' && at + 1 < end)
        {
            at++;
            is_in |= *at == c;
        }
        else if (end - at >= 3 && at[1] == '-')
        {
            const uint8_t low = at[0] < at[2] ? at[0] : at[2];
            const uint8_t high = at[0] < at[2] ? at[2] : at[0];
            is_in |= c >= low && c <= high;
            at += 2;
        }
        else
        {
            is_in |= *at == c;
        }
        at++;
    }
    *fits = is_in != is_negated;
    return at < end ? at + 1 : at;
}

bool pattern_matches(
    const uint8_t *pattern, const uint32_t pattern_bytes, const uint8_t *text, const uint32_t text_bytes)
{
    const uint8_t *const pattern_end = pattern + pattern_bytes;
    const uint8_t *const text_end = text + text_bytes;
    // Behind the last star, and where its text began: the only place to ever go back to.
    const uint8_t *behind_star = NULL;
    const uint8_t *star_text = NULL;
    while (text < text_end)
    {
        bool fits = false;
        const uint8_t *next = pattern + 1;
        if (pattern < pattern_end)
        {
            switch (*pattern)
            {
                case '*':
                    behind_star = next;
                    star_text = text;
                    pattern = next;
                    continue;
                case '?':
                    fits = true;
                    break;
                case '[':
                    next = match_set(next, pattern_end, *text, &fits);
                    break;
                case '\\':
                    if (next < pattern_end)
                    {
                        pattern = next++;
                    }
                    fits = *pattern == *text;
                    break;
                default:
                    fits = *pattern == *text;
                    break;
            }
        }
        if (fits)
        {
            pattern = next;
            text++;
        }
        else if (behind_star != NULL)
        {
            pattern = behind_star;
            text = ++star_text;
        }
        else
        {
            return false;
        }
    }
    while (pattern < pattern_end && *pattern == '*')
    {
        pattern++;
    }
    return pattern == pattern_end;
}
