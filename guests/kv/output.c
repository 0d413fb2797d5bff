// SPDX-License-Identifier: Apache-2.0
#include "output.h"

#include "bytes.h"
#include "memory.h"

/** What an output of its own begins with. */
#define FIRST_OUTPUT_BYTES 4096u

void output_lend(struct output *const out, uint8_t *const bytes, const uint32_t capacity)
{
    *out = (struct output){ .bytes = bytes, .capacity = capacity, .is_lent = true };
}

void output_return(struct output *const out)
{
    *out = (struct output){ .has_failed = out->has_failed };
}

bool output_keep(struct output *const out)
{
    const struct output lent = *out;
    output_return(out);
    uint8_t *const to = output_grow(out, output_waiting(&lent));
    if (to == NULL)
    {
        return false;
    }
    memcpy(to, lent.bytes + lent.start, output_waiting(&lent));
    out->end = output_waiting(&lent);
    return true;
}

void output_clear(struct output *const out)
{
    if (out->bytes != NULL && !out->is_lent)
    {
        memory_give(out->bytes);
    }
    *out = (struct output){ 0 };
}

uint32_t output_mark(struct output *const out)
{
    out->has_failed = false;
    return output_waiting(out);
}

void output_rewind(struct output *const out, const uint32_t mark)
{
    out->end = out->start + mark;
    out->has_failed = false;
}

uint8_t *output_grow(struct output *const out, const uint32_t bytes)
{
    const uint32_t waiting = output_waiting(out);
    if (out->has_failed || bytes > MAX_OUTPUT_BYTES - waiting)
    {
        out->has_failed = true;
        return NULL;
    }
    if (!out->is_lent && waiting + bytes <= out->capacity)
    {
        memmove(out->bytes, out->bytes + out->start, waiting);
    }
    else
    {
        uint32_t capacity = out->is_lent || out->capacity == 0 ? FIRST_OUTPUT_BYTES : out->capacity;
        while (capacity < waiting + bytes)
        {
            capacity *= 2;
        }
        uint8_t *const larger = memory_take(capacity);
        if (larger == NULL)
        {
            out->has_failed = true;
            return NULL;
        }
        if (out->bytes != NULL)
        {
            memcpy(larger, out->bytes + out->start, waiting);
        }
        if (out->bytes != NULL && !out->is_lent)
        {
            memory_give(out->bytes);
        }
        out->bytes = larger;
        out->capacity = capacity;
        out->is_lent = false;
    }
    out->start = 0;
    out->end = waiting;
    return out->bytes + waiting;
}

void put_bytes(struct output *const out, const void *const bytes, const uint32_t length)
{
    uint8_t *const to = output_reserve(out, length);
    if (to != NULL)
    {
        memcpy(to, bytes, length);
        out->end += length;
    }
}

void put_text(struct output *const out, const char *const text)
{
    put_bytes(out, text, (uint32_t)strlen(text));
}

uint32_t format_number(const int64_t value, char *const to)
{
    char digits[MAX_NUMBER_BYTES];
    uint32_t count = 0;
    uint32_t length = 0;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
    {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    }
    while (rest != 0);
    if (value < 0)
    {
        to[length++] = '-';
    }
    while (count > 0)
    {
        to[length++] = digits[--count];
    }
    return length;
}

/** A line of a type and a number; where it ends. There is room for it. */
static uint8_t *write_number(uint8_t *const to, const char type, const int64_t value)
{
    to[0] = (uint8_t)type;
    uint32_t length = 1 + format_number(value, (char *)to + 1);
    to[length++] = '\r';
    to[length++] = '\n';
    return to + length;
}

void put_number(struct output *const out, const char type, const int64_t value)
{
    uint8_t *const to = output_reserve(out, MAX_NUMBER_BYTES + 3);
    if (to != NULL)
    {
        out->end += (uint32_t)(write_number(to, type, value) - to);
    }
}

void put_bulk(struct output *const out, const void *const bytes, const uint32_t length)
{
    uint8_t *const to = output_reserve(out, length + MAX_NUMBER_BYTES + 5);
    if (to != NULL)
    {
        uint8_t *const at = write_number(to, '$', length);
        memcpy(at, bytes, length);
        at[length] = '\r';
        at[length + 1] = '\n';
        out->end += (uint32_t)(at - to) + length + 2;
    }
}

void put_bulk_text(struct output *const out, const char *const text)
{
    put_bulk(out, text, (uint32_t)strlen(text));
}

void put_nil(struct output *const out)
{
    put_bytes(out, "$-1\r\n", 5);
}

void put_ok(struct output *const out)
{
    put_bytes(out, "+OK\r\n", 5);
}

void put_error(struct output *const out, const char *const text)
{
    put_text(out, "-");
    put_text(out, text);
    put_text(out, "\r\n");
}
