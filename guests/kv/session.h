// SPDX-License-Identifier: Apache-2.0
/*
 * One client's conversation in the Redis protocol (RESP2): takes bytes as they come, in whatever pieces, executes the
 * requests in them and leaves the replies in its output.
 */
#ifndef KV_SESSION_H
#define KV_SESSION_H

#include "output.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The longest value. */
#define MAX_VALUE_BYTES (1u << 20)

/** The longest request: the longest value, its key and what stands around them; MSET of many values, too. */
#define MAX_REQUEST_BYTES (MAX_VALUE_BYTES + (256u << 10))

/** Arguments of one request. */
#define MAX_ARGUMENTS 4096u

/** What CLIENT SETNAME takes. */
#define MAX_NAME_BYTES 64u

struct session
{
    struct output out;
    uint8_t *in; /* a request that is not complete, or requests that wait until replies are taken */
    uint32_t in_bytes;
    uint32_t in_capacity;
    uint32_t wanted_bytes; /* of `in`, before it is worth reading again */
    bool is_discarding;    /* a request that is too long goes by */
    const char *discard_error;
    uint64_t discard_arguments; /* whose header has not come yet */
    uint64_t discard_bytes;     /* of the argument that goes by */
    bool is_closing;            /* when all replies are sent */
    uint32_t id;
    uint32_t name_bytes;
    uint8_t name[MAX_NAME_BYTES];
};

/** Begins a conversation. */
void session_open(struct session *session);

/** Gives its memory back. */
void session_close(struct session *session);

/** Takes bytes that came. What waits for session_resume stays in `in`: the peer should then be kept from sending. */
void session_receive(struct session *session, const uint8_t *bytes, uint32_t length);

/** Whether requests wait until replies are taken. */
static inline bool session_is_paused(const struct session *const session)
{
    return output_is_long(&session->out);
}

/** Goes on with requests that waited. */
void session_resume(struct session *session);

#endif
