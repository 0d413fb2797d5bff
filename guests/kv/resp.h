/* SPDX-License-Identifier: Apache-2.0 */
/* The Redis protocol (RESP2): takes the bytes of a connection, executes commands, makes replies. */
#ifndef RESP_H
#define RESP_H

#include "guest.h"

/* The longest value, and with it the longest request, in bytes. */
#define MAX_VALUE (1u << 20)
#define MAX_REQUEST (MAX_VALUE + (64u << 10))

/* Replies of one connection that the peer has not taken yet. */
struct output
{
    uint8_t *bytes;
    uint32_t capacity;
    uint32_t start;
    uint32_t end;
    bool overflow;
    /* To be closed when everything is sent. */
    bool closing;
};

/* Executes the complete requests at the start of the input; stops when the output is long, or closing.
 * Returns the number of bytes taken. */
uint32_t resp_process(const uint8_t *input, uint32_t length, struct output *output);
/* Whether the output is so long that no further request should be executed now. */
bool output_is_long(const struct output *output);
void output_release(struct output *output);

/* For INFO. */
uint32_t vsock_connections(void);

#endif
