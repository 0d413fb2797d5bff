/* SPDX-License-Identifier: Apache-2.0 */
#include "resp.h"

#include "memory.h"
#include "store.h"

#define MAX_ARGUMENTS 4096
#define MAX_INLINE (64u << 10)
/* Above this, requests wait until the peer has taken replies. */
#define LONG_OUTPUT (64u << 10)
/* Above this a reply is given up: KEYS over a huge data set, or MGET of many large values. */
#define MAX_OUTPUT (16u << 20)
#define FIRST_OUTPUT 4096u

struct text
{
    const uint8_t *bytes;
    uint32_t length;
};

static struct text arguments[MAX_ARGUMENTS];
static uint32_t argument_count;

bool output_is_long(const struct output *output)
{
    return output->end - output->start >= LONG_OUTPUT;
}

void output_release(struct output *output)
{
    if (output->bytes != NULL)
    {
        memory_give(output->bytes, output->capacity);
    }
    *output = (struct output){0};
}

static uint8_t *reserve(struct output *out, uint32_t n)
{
    if (out->overflow)
    {
        return NULL;
    }
    if (n <= out->capacity - out->end)
    {
        return out->bytes + out->end;
    }
    uint32_t waiting = out->end - out->start;
    uint32_t capacity = out->capacity == 0 ? FIRST_OUTPUT : out->capacity;
    while (capacity < waiting + n && capacity < MAX_OUTPUT)
    {
        capacity *= 2;
    }
    if (capacity < waiting + n)
    {
        out->overflow = true;
        return NULL;
    }
    if (capacity != out->capacity)
    {
        uint8_t *larger = memory_take(capacity);
        if (larger == NULL)
        {
            out->overflow = true;
            return NULL;
        }
        memcpy(larger, out->bytes + out->start, waiting);
        if (out->bytes != NULL)
        {
            memory_give(out->bytes, out->capacity);
        }
        out->bytes = larger;
        out->capacity = capacity;
    }
    else
    {
        memmove(out->bytes, out->bytes + out->start, waiting);
    }
    out->start = 0;
    out->end = waiting;
    return out->bytes + out->end;
}

static void put(struct output *out, const void *bytes, uint32_t n)
{
    uint8_t *to = reserve(out, n);
    if (to != NULL)
    {
        memcpy(to, bytes, n);
        out->end += n;
    }
}

static void put_string(struct output *out, const char *string)
{
    put(out, string, (uint32_t)strlen(string));
}

static uint32_t format(int64_t value, char *to)
{
    char digits[24];
    uint32_t n = 0;
    uint32_t length = 0;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do
    {
        digits[n++] = (char)('0' + rest % 10);
        rest /= 10;
    }
    while (rest != 0);
    if (value < 0)
    {
        to[length++] = '-';
    }
    while (n > 0)
    {
        to[length++] = digits[--n];
    }
    return length;
}

static void put_number(struct output *out, char type, int64_t value)
{
    char line[32];
    line[0] = type;
    uint32_t n = 1 + format(value, line + 1);
    line[n++] = '\r';
    line[n++] = '\n';
    put(out, line, n);
}

static void put_bulk(struct output *out, const void *bytes, uint32_t n)
{
    put_number(out, '$', n);
    put(out, bytes, n);
    put(out, "\r\n", 2);
}

static void put_bulk_string(struct output *out, const char *string)
{
    put_bulk(out, string, (uint32_t)strlen(string));
}

static void put_nil(struct output *out)
{
    put(out, "$-1\r\n", 5);
}

static void put_ok(struct output *out)
{
    put(out, "+OK\r\n", 5);
}

static void put_error(struct output *out, const char *text)
{
    put_string(out, "-");
    put_string(out, text);
    put_string(out, "\r\n");
}

static const char NOT_A_NUMBER[] = "ERR value is not an integer or out of range";
static const char SYNTAX[] = "ERR syntax error";
static const char FULL[] = "OOM command not allowed when used memory > 'maxmemory'.";
static const char TOO_LONG[] = "ERR string exceeds maximum allowed size (1 MiB)";

static bool equals(struct text text, const char *upper)
{
    uint32_t i = 0;
    for (; i < text.length && upper[i] != 0; i++)
    {
        uint8_t c = text.bytes[i];
        if (c >= 'a' && c <= 'z')
        {
            c -= 32;
        }
        if (c != (uint8_t)upper[i])
        {
            return false;
        }
    }
    return i == text.length && upper[i] == 0;
}

/* A number as Redis takes it: no spaces, no plus, no leading zeros. */
static bool parse_number(struct text text, int64_t *value)
{
    uint32_t i = 0;
    bool negative = text.length > 1 && text.bytes[0] == '-';
    if (negative)
    {
        i = 1;
    }
    if (i == text.length || text.length - i > 19 || (text.bytes[i] == '0' && (text.length > i + 1 || negative)))
    {
        return false;
    }
    uint64_t number = 0;
    for (; i < text.length; i++)
    {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
        {
            return false;
        }
        number = 10 * number + (uint64_t)(text.bytes[i] - '0');
    }
    if (number > (uint64_t)INT64_MAX + (negative ? 1 : 0))
    {
        return false;
    }
    *value = negative ? (int64_t)-number : (int64_t)number;
    return true;
}

static void do_ping(struct output *out)
{
    if (argument_count == 1)
    {
        put_string(out, "+PONG\r\n");
    }
    else
    {
        put_bulk(out, arguments[1].bytes, arguments[1].length);
    }
}

static void do_echo(struct output *out)
{
    put_bulk(out, arguments[1].bytes, arguments[1].length);
}

static void put_entry(struct output *out, struct entry *entry)
{
    if (entry == NULL)
    {
        put_nil(out);
    }
    else
    {
        put_bulk(out, store_value(entry), entry->value_length);
    }
}

static void do_get(struct output *out)
{
    put_entry(out, store_find(arguments[1].bytes, arguments[1].length));
}

/* Writes a value; says so itself when there is no room. */
static struct entry *write_value(struct output *out, struct text key, struct text value)
{
    struct entry *entry = store_resize(key.bytes, key.length, value.length);
    if (entry == NULL)
    {
        put_error(out, FULL);
        return NULL;
    }
    memcpy(store_value(entry), value.bytes, value.length);
    entry->expires = 0;
    return entry;
}

static bool parse_expiry(struct text amount, uint64_t ticks_per_unit, uint64_t *expires)
{
    int64_t number;
    if (!parse_number(amount, &number) || number <= 0 || number > INT64_MAX / 2 / (int64_t)ticks_per_unit)
    {
        return false;
    }
    *expires = now() + (uint64_t)number * ticks_per_unit;
    return true;
}

static void do_set(struct output *out)
{
    bool only_new = false;
    bool only_old = false;
    bool get = false;
    bool keep = false;
    uint64_t expires = 0;
    for (uint32_t i = 3; i < argument_count; i++)
    {
        if (equals(arguments[i], "NX"))
        {
            only_new = true;
        }
        else if (equals(arguments[i], "XX"))
        {
            only_old = true;
        }
        else if (equals(arguments[i], "GET"))
        {
            get = true;
        }
        else if (equals(arguments[i], "KEEPTTL"))
        {
            keep = true;
        }
        else if ((equals(arguments[i], "EX") || equals(arguments[i], "PX")) && i + 1 < argument_count && expires == 0)
        {
            uint64_t unit = equals(arguments[i], "EX") ? machine.timebase_hz : machine.timebase_hz / 1000;
            if (!parse_expiry(arguments[++i], unit, &expires))
            {
                put_error(out, "ERR invalid expire time in 'set' command");
                return;
            }
        }
        else
        {
            put_error(out, SYNTAX);
            return;
        }
    }
    if ((only_new && only_old) || (keep && expires != 0))
    {
        put_error(out, SYNTAX);
        return;
    }
    struct entry *present = NULL;
    if (only_new || only_old || get || keep)
    {
        present = store_find(arguments[1].bytes, arguments[1].length);
    }
    if (get)
    {
        put_entry(out, present);
    }
    if ((only_new && present != NULL) || (only_old && present == NULL))
    {
        if (!get)
        {
            put_nil(out);
        }
        return;
    }
    uint64_t kept = keep && present != NULL ? present->expires : 0;
    struct output ignored = {0};
    struct entry *entry = write_value(get ? &ignored : out, arguments[1], arguments[2]);
    output_release(&ignored);
    if (entry != NULL)
    {
        entry->expires = keep ? kept : expires;
        if (!get)
        {
            put_ok(out);
        }
    }
}

static void do_setnx(struct output *out)
{
    if (store_find(arguments[1].bytes, arguments[1].length) != NULL)
    {
        put_number(out, ':', 0);
    }
    else if (write_value(out, arguments[1], arguments[2]) != NULL)
    {
        put_number(out, ':', 1);
    }
}

static void do_getset(struct output *out)
{
    uint32_t mark = out->end - out->start;
    put_entry(out, store_find(arguments[1].bytes, arguments[1].length));
    struct output error = {0};
    if (write_value(&error, arguments[1], arguments[2]) == NULL)
    {
        out->end = out->start + mark;
        put_error(out, FULL);
    }
    output_release(&error);
}

static void do_mget(struct output *out)
{
    put_number(out, '*', argument_count - 1);
    for (uint32_t i = 1; i < argument_count; i++)
    {
        put_entry(out, store_find(arguments[i].bytes, arguments[i].length));
    }
}

static void do_mset(struct output *out)
{
    if (argument_count % 2 == 0)
    {
        put_error(out, "ERR wrong number of arguments for 'mset' command");
        return;
    }
    for (uint32_t i = 1; i < argument_count; i += 2)
    {
        if (write_value(out, arguments[i], arguments[i + 1]) == NULL)
        {
            return;
        }
    }
    put_ok(out);
}

static void do_del(struct output *out)
{
    int64_t n = 0;
    for (uint32_t i = 1; i < argument_count; i++)
    {
        n += store_delete(arguments[i].bytes, arguments[i].length);
    }
    put_number(out, ':', n);
}

static void do_exists(struct output *out)
{
    int64_t n = 0;
    for (uint32_t i = 1; i < argument_count; i++)
    {
        n += store_find(arguments[i].bytes, arguments[i].length) != NULL;
    }
    put_number(out, ':', n);
}

static void add(struct output *out, int64_t amount)
{
    struct entry *entry = store_find(arguments[1].bytes, arguments[1].length);
    int64_t value = 0;
    uint64_t expires = entry == NULL ? 0 : entry->expires;
    if (entry != NULL && !parse_number((struct text){store_value(entry), entry->value_length}, &value))
    {
        put_error(out, NOT_A_NUMBER);
        return;
    }
    if (__builtin_add_overflow(value, amount, &value))
    {
        put_error(out, "ERR increment or decrement would overflow");
        return;
    }
    char digits[32];
    uint32_t n = format(value, digits);
    entry = write_value(out, arguments[1], (struct text){(const uint8_t *)digits, n});
    if (entry != NULL)
    {
        entry->expires = expires;
        put_number(out, ':', value);
    }
}

static void do_incr(struct output *out)
{
    add(out, 1);
}

static void do_decr(struct output *out)
{
    add(out, -1);
}

static void do_incrby(struct output *out)
{
    int64_t amount;
    if (!parse_number(arguments[2], &amount))
    {
        put_error(out, NOT_A_NUMBER);
        return;
    }
    add(out, amount);
}

static void do_decrby(struct output *out)
{
    int64_t amount;
    if (!parse_number(arguments[2], &amount))
    {
        put_error(out, NOT_A_NUMBER);
        return;
    }
    if (amount == INT64_MIN)
    {
        put_error(out, "ERR decrement would overflow");
        return;
    }
    add(out, -amount);
}

static void do_append(struct output *out)
{
    struct entry *entry = store_find(arguments[1].bytes, arguments[1].length);
    uint32_t length = entry == NULL ? 0 : entry->value_length;
    if (length + arguments[2].length > MAX_VALUE)
    {
        put_error(out, TOO_LONG);
        return;
    }
    entry = store_resize(arguments[1].bytes, arguments[1].length, length + arguments[2].length);
    if (entry == NULL)
    {
        put_error(out, FULL);
        return;
    }
    memcpy(store_value(entry) + length, arguments[2].bytes, arguments[2].length);
    put_number(out, ':', entry->value_length);
}

static void do_strlen(struct output *out)
{
    struct entry *entry = store_find(arguments[1].bytes, arguments[1].length);
    put_number(out, ':', entry == NULL ? 0 : entry->value_length);
}

static void do_dbsize(struct output *out)
{
    put_number(out, ':', (int64_t)store_count());
}

static void do_flush(struct output *out)
{
    store_clear();
    put_ok(out);
}

static bool matches(const uint8_t *pattern, uint32_t pn, const uint8_t *key, uint32_t kn)
{
    /* The last star, and where its text began: the only place to go back to. */
    const uint8_t *star = NULL;
    const uint8_t *star_key = NULL;
    const uint8_t *pattern_end = pattern + pn;
    const uint8_t *key_end = key + kn;
    while (key < key_end)
    {
        if (pattern < pattern_end && *pattern == '*')
        {
            star = ++pattern;
            star_key = key;
            continue;
        }
        const uint8_t *after = pattern + 1;
        bool fits = false;
        if (pattern < pattern_end && *pattern == '?')
        {
            fits = true;
        }
        else if (pattern < pattern_end && *pattern == '[')
        {
            bool negated = after < pattern_end && *after == '^';
            after += negated;
            while (after < pattern_end && *after != ']')
            {
                uint8_t low = *after;
                uint8_t high = low;
                if (after + 2 < pattern_end && after[1] == '-')
                {
                    high = after[2];
                    after += 2;
                }
                fits |= *key >= low && *key <= high;
                after++;
            }
            after += after < pattern_end;
            fits ^= negated;
        }
        else if (pattern < pattern_end)
        {
            if (*pattern == '\\' && after < pattern_end)
            {
                pattern = after++;
            }
            fits = *pattern == *key;
        }
        if (fits)
        {
            pattern = after;
            key++;
        }
        else if (star != NULL)
        {
            pattern = star;
            key = ++star_key;
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

struct keys
{
    struct output *out;
    int64_t count;
    bool prints;
};

static bool visit_key(struct entry *entry, void *context)
{
    struct keys *keys = context;
    if (matches(arguments[1].bytes, arguments[1].length, entry->data, entry->key_length))
    {
        keys->count++;
        if (keys->prints)
        {
            put_bulk(keys->out, entry->data, entry->key_length);
        }
    }
    return !keys->out->overflow;
}

static void do_keys(struct output *out)
{
    struct keys keys = {out, 0, false};
    store_each(visit_key, &keys);
    put_number(out, '*', keys.count);
    keys.prints = true;
    store_each(visit_key, &keys);
}

static void do_type(struct output *out)
{
    put_string(out, store_find(arguments[1].bytes, arguments[1].length) == NULL ? "+none\r\n" : "+string\r\n");
}

static void remaining(struct output *out, uint64_t unit)
{
    struct entry *entry = store_find(arguments[1].bytes, arguments[1].length);
    put_number(out, ':', entry == NULL ? -2 : entry->expires == 0 ? -1 :
        (int64_t)((entry->expires - now() + unit - 1) / unit));
}

static void do_ttl(struct output *out)
{
    remaining(out, machine.timebase_hz);
}

static void do_pttl(struct output *out)
{
    remaining(out, machine.timebase_hz / 1000);
}

static void expire(struct output *out, uint64_t unit, const char *error)
{
    int64_t amount;
    if (!parse_number(arguments[2], &amount))
    {
        put_error(out, NOT_A_NUMBER);
        return;
    }
    struct entry *entry = store_find(arguments[1].bytes, arguments[1].length);
    if (entry == NULL)
    {
        put_number(out, ':', 0);
        return;
    }
    if (amount <= 0)
    {
        store_delete(arguments[1].bytes, arguments[1].length);
    }
    else if (!parse_expiry(arguments[2], unit, &entry->expires))
    {
        put_error(out, error);
        return;
    }
    put_number(out, ':', 1);
}

static void do_expire(struct output *out)
{
    expire(out, machine.timebase_hz, "ERR invalid expire time in 'expire' command");
}

static void do_pexpire(struct output *out)
{
    expire(out, machine.timebase_hz / 1000, "ERR invalid expire time in 'pexpire' command");
}

static void do_persist(struct output *out)
{
    struct entry *entry = store_find(arguments[1].bytes, arguments[1].length);
    bool had = entry != NULL && entry->expires != 0;
    if (had)
    {
        entry->expires = 0;
    }
    put_number(out, ':', had);
}

static void info_line(char *text, uint32_t *n, const char *name, uint64_t value)
{
    uint32_t length = (uint32_t)strlen(name);
    memcpy(text + *n, name, length);
    *n += length;
    text[(*n)++] = ':';
    *n += format((int64_t)value, text + *n);
    text[(*n)++] = '\r';
    text[(*n)++] = '\n';
}

static void do_info(struct output *out)
{
    static const char SERVER[] = "# Server\r\nredis_mode:standalone\r\nserver_name:understudy-kv\r\n";
    char text[512];
    uint32_t n = sizeof SERVER - 1;
    memcpy(text, SERVER, n);
    info_line(text, &n, "uptime_in_seconds", now() / machine.timebase_hz);
    info_line(text, &n, "connected_clients", vsock_connections());
    info_line(text, &n, "used_memory", memory_used());
    info_line(text, &n, "maxmemory", memory_total());
    info_line(text, &n, "keys", store_count());
    put_bulk(out, text, n);
}

static void do_config(struct output *out)
{
    if (!equals(arguments[1], "GET"))
    {
        put_error(out, "ERR this server has no settings: only CONFIG GET is known");
        return;
    }
    static const char *const SETTINGS[][2] = {{"save", ""}, {"appendonly", "no"}, {"databases", "1"}};
    int64_t found = 0;
    for (int pass = 0; pass < 2; pass++)
    {
        if (pass == 1)
        {
            put_number(out, '*', 2 * found);
        }
        for (uint32_t s = 0; s < sizeof SETTINGS / sizeof SETTINGS[0]; s++)
        {
            bool wanted = false;
            for (uint32_t i = 2; i < argument_count; i++)
            {
                wanted |= matches(arguments[i].bytes, arguments[i].length,
                    (const uint8_t *)SETTINGS[s][0], (uint32_t)strlen(SETTINGS[s][0]));
            }
            if (wanted && pass == 0)
            {
                found++;
            }
            else if (wanted)
            {
                put_bulk_string(out, SETTINGS[s][0]);
                put_bulk_string(out, SETTINGS[s][1]);
            }
        }
    }
}

static void do_command(struct output *out);

static void do_select(struct output *out)
{
    if (equals(arguments[1], "0"))
    {
        put_ok(out);
    }
    else
    {
        put_error(out, "ERR DB index is out of range");
    }
}

static void do_client(struct output *out)
{
    if (equals(arguments[1], "ID"))
    {
        put_number(out, ':', 1);
    }
    else if (equals(arguments[1], "GETNAME"))
    {
        put_nil(out);
    }
    else if (equals(arguments[1], "SETNAME") || equals(arguments[1], "SETINFO") || equals(arguments[1], "NO-EVICT") ||
        equals(arguments[1], "NO-TOUCH") || equals(arguments[1], "REPLY"))
    {
        put_ok(out);
    }
    else
    {
        put_error(out, "ERR unknown subcommand of 'client'");
    }
}

static void do_hello(struct output *out)
{
    if (argument_count > 1 && !equals(arguments[1], "2"))
    {
        put_error(out, "NOPROTO unsupported protocol version");
        return;
    }
    put_string(out, "*8\r\n");
    put_bulk_string(out, "server");
    put_bulk_string(out, "understudy-kv");
    put_bulk_string(out, "proto");
    put_number(out, ':', 2);
    put_bulk_string(out, "mode");
    put_bulk_string(out, "standalone");
    put_bulk_string(out, "role");
    put_bulk_string(out, "master");
}

static void do_quit(struct output *out)
{
    put_ok(out);
    out->closing = true;
}

static void do_reset(struct output *out)
{
    put_string(out, "+RESET\r\n");
}

static void do_time(struct output *out)
{
    uint64_t ticks = now();
    char digits[32];
    put_string(out, "*2\r\n");
    put_bulk(out, digits, format((int64_t)(ticks / machine.timebase_hz), digits));
    put_bulk(out, digits, format((int64_t)(ticks % machine.timebase_hz * 1000000 / machine.timebase_hz), digits));
}

/* A negative number of arguments is the least, as in Redis's own table; both count the command's name. */
static const struct command
{
    const char *name;
    const char *lower;
    int arity;
    void (*run)(struct output *out);
} COMMANDS[] = {
    {"SET", "set", -3, do_set},
    {"GET", "get", 2, do_get},
    {"INCR", "incr", 2, do_incr},
    {"PING", "ping", -1, do_ping},
    {"DEL", "del", -2, do_del},
    {"EXISTS", "exists", -2, do_exists},
    {"MGET", "mget", -2, do_mget},
    {"MSET", "mset", -3, do_mset},
    {"APPEND", "append", 3, do_append},
    {"STRLEN", "strlen", 2, do_strlen},
    {"DECR", "decr", 2, do_decr},
    {"INCRBY", "incrby", 3, do_incrby},
    {"DECRBY", "decrby", 3, do_decrby},
    {"SETNX", "setnx", 3, do_setnx},
    {"GETSET", "getset", 3, do_getset},
    {"ECHO", "echo", 2, do_echo},
    {"DBSIZE", "dbsize", 1, do_dbsize},
    {"FLUSHALL", "flushall", -1, do_flush},
    {"FLUSHDB", "flushdb", -1, do_flush},
    {"KEYS", "keys", 2, do_keys},
    {"TYPE", "type", 2, do_type},
    {"TTL", "ttl", 2, do_ttl},
    {"PTTL", "pttl", 2, do_pttl},
    {"EXPIRE", "expire", 3, do_expire},
    {"PEXPIRE", "pexpire", 3, do_pexpire},
    {"PERSIST", "persist", 2, do_persist},
    {"INFO", "info", -1, do_info},
    {"CONFIG", "config", -3, do_config},
    {"COMMAND", "command", -1, do_command},
    {"SELECT", "select", 2, do_select},
    {"CLIENT", "client", -2, do_client},
    {"HELLO", "hello", -1, do_hello},
    {"QUIT", "quit", -1, do_quit},
    {"RESET", "reset", 1, do_reset},
    {"TIME", "time", 1, do_time},
};

#define COMMAND_COUNT (sizeof COMMANDS / sizeof COMMANDS[0])

static void do_command(struct output *out)
{
    if (argument_count > 1 && equals(arguments[1], "COUNT"))
    {
        put_number(out, ':', COMMAND_COUNT);
    }
    else
    {
        put_string(out, "*0\r\n");
    }
}

static void unknown_command(struct output *out)
{
    put_string(out, "-ERR unknown command '");
    put(out, arguments[0].bytes, arguments[0].length < 128 ? arguments[0].length : 128);
    put_string(out, "', with args beginning with: ");
    for (uint32_t i = 1; i < argument_count && i < 4; i++)
    {
        put_string(out, "'");
        put(out, arguments[i].bytes, arguments[i].length < 128 ? arguments[i].length : 128);
        put_string(out, "' ");
    }
    put_string(out, "\r\n");
}

static void execute(struct output *out)
{
    const struct command *command = NULL;
    for (uint32_t i = 0; i < COMMAND_COUNT && command == NULL; i++)
    {
        if (equals(arguments[0], COMMANDS[i].name))
        {
            command = &COMMANDS[i];
        }
    }
    if (command == NULL)
    {
        unknown_command(out);
        return;
    }
    int n = (int)argument_count;
    if (command->arity >= 0 ? n != command->arity : n < -command->arity)
    {
        put_string(out, "-ERR wrong number of arguments for '");
        put_string(out, command->lower);
        put_string(out, "' command\r\n");
        return;
    }
    for (int i = 1; i < n; i++)
    {
        if (arguments[i].length > MAX_VALUE)
        {
            put_error(out, TOO_LONG);
            return;
        }
    }
    command->run(out);
}

/* Number of bytes up to and with the line end; 0 when it is not there yet. */
static uint32_t line_length(const uint8_t *input, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
    {
        if (input[i] == '\n')
        {
            return i + 1;
        }
    }
    return 0;
}

static uint32_t protocol_error(struct output *out, const char *what, uint32_t length)
{
    put_string(out, "-ERR Protocol error: ");
    put_string(out, what);
    put_string(out, "\r\n");
    out->closing = true;
    return length;
}

static struct text line_text(const uint8_t *line, uint32_t length)
{
    uint32_t end = length - 1;
    if (end > 0 && line[end - 1] == '\r')
    {
        end--;
    }
    return (struct text){line, end};
}

static uint32_t process_inline(const uint8_t *input, uint32_t length, struct output *out)
{
    uint32_t line = line_length(input, length);
    if (line == 0)
    {
        return length > MAX_INLINE ? protocol_error(out, "too big inline request", length) : 0;
    }
    struct text text = line_text(input, line);
    argument_count = 0;
    for (uint32_t i = 0; i < text.length;)
    {
        while (i < text.length && (text.bytes[i] == ' ' || text.bytes[i] == '\t'))
        {
            i++;
        }
        uint32_t start = i;
        uint8_t quote = i < text.length && (text.bytes[i] == '"' || text.bytes[i] == '\'') ? text.bytes[i] : 0;
        if (quote != 0)
        {
            start = ++i;
            while (i < text.length && text.bytes[i] != quote)
            {
                i++;
            }
            if (i == text.length)
            {
                return protocol_error(out, "unbalanced quotes in request", line);
            }
        }
        else
        {
            while (i < text.length && text.bytes[i] != ' ' && text.bytes[i] != '\t')
            {
                i++;
            }
        }
        if ((i > start || quote != 0) && argument_count < MAX_ARGUMENTS)
        {
            arguments[argument_count++] = (struct text){text.bytes + start, i - start};
        }
        i += quote != 0;
    }
    if (argument_count > 0)
    {
        execute(out);
    }
    return line;
}

static uint32_t process_array(const uint8_t *input, uint32_t length, struct output *out)
{
    uint32_t at = line_length(input, length);
    if (at == 0)
    {
        return length > MAX_INLINE ? protocol_error(out, "too big mbulk count string", length) : 0;
    }
    struct text first = line_text(input + 1, at - 1);
    int64_t wanted;
    if (!parse_number(first, &wanted) || wanted > MAX_ARGUMENTS)
    {
        return protocol_error(out, "invalid multibulk length", length);
    }
    for (int64_t i = 0; i < wanted; i++)
    {
        if (at == length)
        {
            return 0;
        }
        if (input[at] != '$')
        {
            char what[] = "expected '$', got ' '";
            what[sizeof what - 3] = (char)input[at];
            return protocol_error(out, what, length);
        }
        uint32_t line = line_length(input + at, length - at);
        if (line == 0)
        {
            return length - at > MAX_INLINE ? protocol_error(out, "too big bulk count string", length) : 0;
        }
        int64_t bytes;
        if (!parse_number(line_text(input + at + 1, line - 1), &bytes) || bytes < 0 || bytes > MAX_REQUEST)
        {
            return protocol_error(out, "invalid bulk length", length);
        }
        at += line;
        if ((uint64_t)length - at < (uint64_t)bytes + 2)
        {
            return at + (uint64_t)bytes > MAX_REQUEST ? protocol_error(out, "too big request", length) : 0;
        }
        arguments[i] = (struct text){input + at, (uint32_t)bytes};
        at += (uint32_t)bytes + 2;
    }
    argument_count = wanted < 0 ? 0 : (uint32_t)wanted;
    if (argument_count > 0)
    {
        execute(out);
    }
    return at;
}

uint32_t resp_process(const uint8_t *input, uint32_t length, struct output *out)
{
    uint32_t taken = 0;
    while (taken < length && !out->closing && !out->overflow && !output_is_long(out))
    {
        const uint8_t *rest = input + taken;
        uint32_t n = *rest == '*' ? process_array(rest, length - taken, out) : process_inline(rest, length - taken, out);
        if (n == 0)
        {
            break;
        }
        taken += n;
    }
    if (out->overflow)
    {
        out->closing = true;
    }
    return taken;
}
