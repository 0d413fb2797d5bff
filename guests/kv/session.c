// SPDX-License-Identifier: Apache-2.0
#include "session.h"

#include "bytes.h"
#include "command.h"
#include "memory.h"

/** A line of the protocol, and a request that is one. */
#define MAX_LINE_BYTES (64u << 10)

/** What Redis itself takes; beyond these the peer does not speak the protocol. */
#define REDIS_MAX_ARGUMENTS (1 << 20)
#define REDIS_MAX_BULK_BYTES (512 << 20)

/** What a request that comes in pieces begins with, and how much of it a session keeps for the next. */
#define FIRST_INPUT_BYTES 4096u
#define KEPT_INPUT_BYTES  16384u

static const char TOO_LONG[] = "ERR string exceeds maximum allowed size (1 MiB)";
static const char TOO_MANY[] = "ERR too many arguments in one request (4096)";
static const char REQUEST_TOO_LONG[] = "ERR request exceeds maximum allowed size (1.25 MiB)";
static const char REPLY_TOO_LONG[] = "ERR reply exceeds maximum allowed size (8 MiB) or the memory left";

/** Of the request that is being read; there is one at a time. */
static struct text arguments[MAX_ARGUMENTS];

enum line_result
{
    /** The line's number was read. */
    LINE_NUMBER,

    /** The line ends beyond what has come. */
    LINE_INCOMPLETE,

    /** The line is not a number. */
    LINE_BAD
};

void session_open(struct session *const session)
{
    static uint32_t last_id;

    *session = (struct session){ .id = ++last_id };
}

static void drop_input(struct session *const session)
{
    if (session->in != NULL)
    {
        memory_give(session->in);
    }
    session->in = NULL;
    session->in_bytes = 0;
    session->in_capacity = 0;
}

void session_close(struct session *const session)
{
    drop_input(session);
    output_clear(&session->out);
}

static void protocol_error(struct session *const session, const char *const what)
{
    put_text(&session->out, "-ERR Protocol error: ");
    put_text(&session->out, what);
    put_text(&session->out, "\r\n");
    session->is_closing = true;
}

static void execute(struct session *const session, const uint32_t count)
{
    const uint32_t mark = output_mark(&session->out);
    command_execute(session, arguments, count);
    if (session->out.has_failed)
    {
        output_rewind(&session->out, mark);
        put_error(&session->out, REPLY_TOO_LONG);
        // Not even that fits: there is no way left to answer, and a client must not take one reply for another.
        session->is_closing |= session->out.has_failed;
    }
}

/** As read_line, for any line. */
static enum line_result read_any_line(const uint8_t **const at, const uint8_t *const end, int64_t *const value)
{
    const uint8_t *p = *at;
    const bool negative = p < end && *p == '-';
    p += negative;
    const uint8_t *const digits = p;
    uint64_t number = 0;
    while (p < end && (uint8_t)(*p - '0') <= 9)
    {
        number = number * 10 + (uint8_t)(*p - '0');
        p++;
    }
    const size_t digit_count = (size_t)(p - digits);
    if (end - p >= 2 && *p == '\r' && digit_count > 0 && digit_count <= 18)
    {
        *value = negative ? -(int64_t)number : (int64_t)number;
        *at = p + 2;
        return LINE_NUMBER;
    }
    // Not a plain number, or not all of it yet: which of the two, the end of the line tells.
    for (p = *at; p < end; p++)
    {
        if (*p == '\r')
        {
            return end - p >= 2 ? LINE_BAD : LINE_INCOMPLETE;
        }
    }
    return LINE_INCOMPLETE;
}

/** Reads the number of the line at `*at`, and moves there behind it. One or two digits are what nearly all have. */
static inline enum line_result read_line(const uint8_t **const at, const uint8_t *const end, int64_t *const value)
{
    const uint8_t *const p = *at;
    if (end - p >= 4)
    {
        const uint32_t first = p[0] - (uint32_t)'0';
        const uint32_t second = p[1] - (uint32_t)'0';
        if (first <= 9 && p[1] == '\r')
        {
            *value = first;
            *at = p + 3;
            return LINE_NUMBER;
        }
        if (first <= 9 && second <= 9 && p[2] == '\r')
        {
            *value = first * 10 + second;
            *at = p + 4;
            return LINE_NUMBER;
        }
    }
    return read_any_line(at, end, value);
}

static void expected_dollar(struct session *const session, const uint8_t got)
{
    char what[] = "expected '$', got ' '";
    what[sizeof what - 3] = (char)got;
    protocol_error(session, what);
}

/** Begins to let a request go by, from the argument whose header was just read. */
static void begin_discarding(
    struct session *const session, const char *const error, const uint64_t arguments_left, const uint64_t bytes_left)
{
    session->is_discarding = true;
    session->discard_error = error;
    session->discard_arguments = arguments_left;
    session->discard_bytes = bytes_left;
}

/** Lets a request that is too long go by; how many bytes of it went. */
static uint32_t discard(struct session *const session, const uint8_t *const bytes, const uint32_t length)
{
    const uint8_t *at = bytes;
    const uint8_t *const end = bytes + length;
    for (;;)
    {
        const uint64_t here = (uint64_t)(end - at);
        const uint64_t skipped = here < session->discard_bytes ? here : session->discard_bytes;
        at += skipped;
        session->discard_bytes -= skipped;
        if (session->discard_bytes > 0)
        {
            break;
        }
        if (session->discard_arguments == 0)
        {
            session->is_discarding = false;
            put_error(&session->out, session->discard_error);
            break;
        }
        if (at == end)
        {
            break;
        }
        if (*at != '$')
        {
            expected_dollar(session, *at);
            break;
        }
        const uint8_t *line = at + 1;
        int64_t value;
        const enum line_result result = read_line(&line, end, &value);
        if (result == LINE_INCOMPLETE && (size_t)(end - at) <= MAX_LINE_BYTES)
        {
            break;
        }
        if (result != LINE_NUMBER || value < 0 || value > REDIS_MAX_BULK_BYTES)
        {
            protocol_error(session, "invalid bulk length");
            break;
        }
        at = line;
        session->discard_arguments--;
        session->discard_bytes = (uint64_t)value + 2;
    }
    return (uint32_t)(at - bytes);
}

/** Notes that a request is not complete before so many bytes of it are there. */
static uint32_t incomplete(struct session *const session, const size_t wanted_bytes)
{
    session->wanted_bytes = (uint32_t)wanted_bytes;
    return 0;
}

/** Reads a request of the form *n $n ...; how many bytes it has, 0 while it is not complete. */
static uint32_t read_array(struct session *const session, const uint8_t *const bytes, const uint32_t length)
{
    const uint8_t *at = bytes + 1;
    const uint8_t *const end = bytes + length;
    int64_t count;
    enum line_result result = read_line(&at, end, &count);
    if (result == LINE_INCOMPLETE && length <= MAX_LINE_BYTES)
    {
        return incomplete(session, (size_t)length + 1);
    }
    if (result != LINE_NUMBER || count > REDIS_MAX_ARGUMENTS)
    {
        protocol_error(session, result == LINE_INCOMPLETE ? "too big mbulk count string" : "invalid multibulk length");
        return length;
    }
    if (count > MAX_ARGUMENTS)
    {
        begin_discarding(session, TOO_MANY, (uint64_t)count, 0);
        return (uint32_t)(at - bytes);
    }
    for (int64_t i = 0; i < count; i++)
    {
        if (at == end)
        {
            return incomplete(session, (size_t)length + 1);
        }
        if (*at != '$')
        {
            expected_dollar(session, *at);
            return length;
        }
        const uint8_t *line = at + 1;
        int64_t bulk_bytes;
        result = read_line(&line, end, &bulk_bytes);
        if (result == LINE_INCOMPLETE && (size_t)(end - at) <= MAX_LINE_BYTES)
        {
            return incomplete(session, (size_t)length + 1);
        }
        if (result != LINE_NUMBER || bulk_bytes < 0 || bulk_bytes > REDIS_MAX_BULK_BYTES)
        {
            protocol_error(session, result == LINE_INCOMPLETE ? "too big bulk count string" : "invalid bulk length");
            return length;
        }
        at = line;
        const uint64_t whole_bytes = (uint64_t)(at - bytes) + (uint64_t)bulk_bytes + 2;
        if (bulk_bytes > MAX_VALUE_BYTES || whole_bytes > MAX_REQUEST_BYTES)
        {
            begin_discarding(session, bulk_bytes > MAX_VALUE_BYTES ? TOO_LONG : REQUEST_TOO_LONG,
                (uint64_t)(count - i - 1), (uint64_t)bulk_bytes + 2);
            return (uint32_t)(at - bytes);
        }
        if (whole_bytes > length)
        {
            return incomplete(session, whole_bytes);
        }
        arguments[i] = (struct text){ at, (uint32_t)bulk_bytes };
        at += bulk_bytes + 2;
    }
    if (count > 0)
    {
        execute(session, (uint32_t)count);
    }
    return (uint32_t)(at - bytes);
}

static int hex_digit(const uint8_t c)
{
    if (c >= '0' && c <= '9')
    {
        return c - '0';
    }
    const uint8_t lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool is_space(const uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' || c == 0;
}

static uint8_t escaped(const uint8_t c)
{
    switch (c)
    {
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        case 'b':
            return '\b';
        case 'a':
            return '\a';
        default:
            return c;
    }
}

#define UNBALANCED_QUOTES (-1)
#define TOO_MANY_ARGUMENTS (-2)

/** Splits a line into arguments as Redis does, quotes and escapes included; how many, or one of the two above. */
static int64_t split_line(const uint8_t *at, const uint8_t *const end, uint8_t *to)
{
    uint32_t count = 0;
    for (;;)
    {
        while (at < end && is_space(*at))
        {
            at++;
        }
        if (at == end)
        {
            return count;
        }
        if (count == MAX_ARGUMENTS)
        {
            return TOO_MANY_ARGUMENTS;
        }
        uint8_t *const start = to;
        while (at < end && !is_space(*at))
        {
            const uint8_t quote = *at;
            if (quote != '"' && quote != '\'')
            {
                *to++ = *at++;
                continue;
            }
            at++;
            while (at < end && *at != quote)
            {
                if (quote == '"' && *at == '\\' && end - at >= 4 && at[1] == 'x' && hex_digit(at[2]) >= 0
                    && hex_digit(at[3]) >= 0)
                {
                    *to++ = (uint8_t)(hex_digit(at[2]) * 16 + hex_digit(at[3]));
                    at += 4;
                }
                else if (*at == '\\' && end - at >= 2 && (quote == '"' || at[1] == '\''))
                {
                    *to++ = quote == '"' ? escaped(at[1]) : at[1];
                    at += 2;
                }
                else
                {
                    *to++ = *at++;
                }
            }
            // Behind the closing quote comes a space, or nothing.
            if (at == end || (at + 1 < end && !is_space(at[1])))
            {
                return UNBALANCED_QUOTES;
            }
            at++;
        }
        arguments[count++] = (struct text){ start, (uint32_t)(to - start) };
    }
}

/** Reads a request that is a line; how many bytes it has, 0 while it is not complete. */
static uint32_t read_inline(struct session *const session, const uint8_t *const bytes, const uint32_t length)
{
    static uint8_t unquoted[MAX_LINE_BYTES];

    uint32_t line_bytes = 0;
    while (line_bytes < length && line_bytes <= MAX_LINE_BYTES && bytes[line_bytes] != '\n')
    {
        line_bytes++;
    }
    if (line_bytes >= MAX_LINE_BYTES)
    {
        protocol_error(session, "too big inline request");
        return length;
    }
    if (line_bytes == length)
    {
        return incomplete(session, (size_t)length + 1);
    }
    const int64_t count = split_line(bytes, bytes + line_bytes, unquoted);
    if (count == UNBALANCED_QUOTES)
    {
        protocol_error(session, "unbalanced quotes in request");
        return length;
    }
    if (count == TOO_MANY_ARGUMENTS)
    {
        put_error(&session->out, TOO_MANY);
    }
    else if (count > 0)
    {
        execute(session, (uint32_t)count);
    }
    return line_bytes + 1;
}

/** Executes the complete requests at the beginning; how many bytes they have. */
static uint32_t read_requests(struct session *const session, const uint8_t *const bytes, const uint32_t length)
{
    uint32_t taken = 0;
    session->wanted_bytes = 0;
    while (taken < length && !session->is_closing && !output_is_long(&session->out))
    {
        const uint8_t *const rest = bytes + taken;
        const uint32_t rest_bytes = length - taken;
        if (session->is_discarding)
        {
            const uint32_t skipped = discard(session, rest, rest_bytes);
            taken += skipped;
            if (skipped == 0 && session->is_discarding)
            {
                session->wanted_bytes = rest_bytes + 1;
                break;
            }
            continue;
        }
        const uint32_t request_bytes =
            *rest == '*' ? read_array(session, rest, rest_bytes) : read_inline(session, rest, rest_bytes);
        if (request_bytes == 0)
        {
            break;
        }
        taken += request_bytes;
    }
    return session->is_closing ? length : taken;
}

static bool keep_input(struct session *const session, const uint8_t *const bytes, const uint32_t length)
{
    const uint32_t needed = session->in_bytes + length;
    if (needed > session->in_capacity)
    {
        uint32_t capacity = session->in_capacity == 0 ? FIRST_INPUT_BYTES : session->in_capacity;
        while (capacity < needed)
        {
            capacity *= 2;
        }
        // Once it is known how long the request is, all of it is made room for at once.
        if (capacity < session->wanted_bytes)
        {
            capacity = session->wanted_bytes;
        }
        uint8_t *const larger = memory_take(capacity);
        if (larger == NULL)
        {
            return false;
        }
        if (session->in != NULL)
        {
            memcpy(larger, session->in, session->in_bytes);
            memory_give(session->in);
        }
        session->in = larger;
        session->in_capacity = capacity;
    }
    memcpy(session->in + session->in_bytes, bytes, length);
    session->in_bytes = needed;
    return true;
}

static void read_kept_input(struct session *const session)
{
    const uint32_t taken = read_requests(session, session->in, session->in_bytes);
    session->in_bytes -= taken;
    memmove(session->in, session->in + taken, session->in_bytes);
    if (session->in_bytes == 0 && session->in_capacity > KEPT_INPUT_BYTES)
    {
        drop_input(session);
    }
}

void session_receive(struct session *const session, const uint8_t *const bytes, const uint32_t length)
{
    if (session->is_closing)
    {
        return;
    }
    uint32_t taken = 0;
    if (session->in_bytes == 0)
    {
        taken = read_requests(session, bytes, length);
    }
    if (taken == length)
    {
        return;
    }
    if (!keep_input(session, bytes + taken, length - taken))
    {
        put_error(&session->out, "OOM no memory for a request of this length");
        session->is_closing = true;
        drop_input(session);
        return;
    }
    if (taken == 0 && session->in_bytes >= session->wanted_bytes && !session_is_paused(session))
    {
        read_kept_input(session);
    }
}

void session_resume(struct session *const session)
{
    if (session->in_bytes > 0 && !session->is_closing)
    {
        read_kept_input(session);
    }
}
