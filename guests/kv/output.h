// SPDX-License-Identifier: Apache-2.0
/*
 * Replies that a connection has not sent yet. They are written straight into the payload of a packet where one was
 * lent, and otherwise, or once they outgrow it, into memory of their own.
 */
#ifndef KV_OUTPUT_H
#define KV_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

/** From here on no further request is executed until the peer has taken replies. */
#define LONG_OUTPUT_BYTES (64u << 10)

/** The longest reply: several of the longest values in one MGET. What is longer is answered with an error. */
#define MAX_OUTPUT_BYTES (8u << 20)

struct output
{
    uint8_t *bytes;
    uint32_t capacity;
    uint32_t start;
    uint32_t end;
    bool is_lent;   /* `bytes` belongs to a packet */
    bool has_failed; /* something did not fit since output_mark */
};

/** Lends an output that is empty a place to write to. */
void output_lend(struct output *out, uint8_t *bytes, uint32_t capacity);

/** Moves what was written to a lent place to memory of its own; false when there is none, and it is lost then. */
bool output_keep(struct output *out);

/** Forgets the lent place. */
void output_return(struct output *out);

/** Gives everything back. */
void output_clear(struct output *out);

/** Takes note of the beginning of a reply. */
uint32_t output_mark(struct output *out);

/** Takes back what was written since the mark. */
void output_rewind(struct output *out, uint32_t mark);

/** The slow half of output_reserve. */
uint8_t *output_grow(struct output *out, uint32_t bytes);

static inline uint32_t output_waiting(const struct output *const out)
{
    return out->end - out->start;
}

static inline bool output_is_long(const struct output *const out)
{
    return output_waiting(out) >= LONG_OUTPUT_BYTES;
}

/** Where to write so many bytes, before moving `end`; NULL when there is no room. */
static inline uint8_t *output_reserve(struct output *const out, const uint32_t bytes)
{
    return bytes <= out->capacity - out->end ? out->bytes + out->end : output_grow(out, bytes);
}

void put_bytes(struct output *out, const void *bytes, uint32_t length);
void put_text(struct output *out, const char *text);

/** A line of a type and a number, such as ":1" or "*2". */
void put_number(struct output *out, char type, int64_t value);

void put_bulk(struct output *out, const void *bytes, uint32_t length);
void put_bulk_text(struct output *out, const char *text);
void put_nil(struct output *out);
void put_ok(struct output *out);

/** An error line; the text begins with its kind, such as "ERR". */
void put_error(struct output *out, const char *text);

/** Decimal digits; at most 20 of them. How many there are. */
uint32_t format_number(int64_t value, char *to);

#define MAX_NUMBER_BYTES 20u

#endif
