// SPDX-License-Identifier: Apache-2.0
/*
 * The commands: what each does to the data set and replies.
 */
#ifndef KV_COMMAND_H
#define KV_COMMAND_H

#include "session.h"

/** Bytes of somebody else's. */
struct text
{
    const uint8_t *bytes;
    uint32_t length;
};

/** Executes one request, the first argument being the command; its reply is in the session's output. */
void command_execute(struct session *session, const struct text *arguments, uint32_t count);

/** Reads a number as Redis does: no spaces, no plus sign, no leading zeros. */
bool parse_number(struct text text, int64_t *value);

/** How many connections there are; the owner of the connections knows. */
uint32_t connection_count(void);

#endif
