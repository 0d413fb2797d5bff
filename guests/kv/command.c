// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include "bytes.h"
#include "clock.h"
#include "memory.h"
#include "pattern.h"
#include "store.h"

/** How much of a command's name and of its arguments the error for an unknown one repeats; as in Redis. */
#define MAX_REPEATED_BYTES 128u

static const char NOT_AN_INTEGER[] = "ERR value is not an integer or out of range";
static const char SYNTAX[] = "ERR syntax error";
static const char FULL[] = "OOM command not allowed when used memory > 'maxmemory'.";
static const char VALUE_TOO_LONG[] = "ERR string exceeds maximum allowed size (1 MiB)";
static const char KEY_TOO_LONG[] = "ERR key exceeds maximum allowed size (64 KiB)";

/** The request that is being executed. */
struct call
{
    struct session *session;
    struct output *out;
    const struct text *arguments;
    uint32_t count;
};

/** Letters of either case; `upper` has only capitals. */
static bool is_word(const struct text text, const char *const upper)
{
    uint32_t i = 0;
    while (i < text.length && upper[i] != 0)
    {
        const uint8_t c = text.bytes[i];
        if ((c >= 'a' && c <= 'z' ? c - 32 : c) != (uint8_t)upper[i])
        {
            return false;
        }
        i++;
    }
    return i == text.length && upper[i] == 0;
}

bool parse_number(const struct text text, int64_t *const value)
{
    const bool is_negative = text.length > 1 && text.bytes[0] == '-';
    uint32_t i = is_negative;
    // No leading zero, and no negative zero; 19 digits are all that fit.
    const bool has_bad_zero = i < text.length && text.bytes[i] == '0' && text.length > 1;
    if (i == text.length || text.length - i > 19 || has_bad_zero)
    {
        return false;
    }
    uint64_t number = 0;
    for (; i < text.length; i++)
    {
        const uint8_t digit = text.bytes[i] - '0';
        if (digit > 9)
        {
            return false;
        }
        number = number * 10 + digit;
    }
    if (number > (uint64_t)INT64_MAX + is_negative)
    {
        return false;
    }
    *value = (int64_t)(is_negative ? 0 - number : number);
    return true;
}

static struct entry *find(const struct text name)
{
    if (name.length > MAX_KEY_BYTES)
    {
        return NULL;
    }
    const struct key key = store_key(name.bytes, name.length);
    return store_find(&key);
}

static bool delete(const struct text name)
{
    if (name.length > MAX_KEY_BYTES)
    {
        return false;
    }
    const struct key key = store_key(name.bytes, name.length);
    return store_delete(&key);
}

/** Makes room for a value; when there is none, says so in the reply. */
static struct entry *make_room(struct output *const out, const struct text name, const uint32_t value_bytes)
{
    if (name.length > MAX_KEY_BYTES)
    {
        put_error(out, KEY_TOO_LONG);
        return NULL;
    }
    const struct key key = store_key(name.bytes, name.length);
    struct entry *const entry = store_write(&key, value_bytes);
    if (entry == NULL)
    {
        put_error(out, FULL);
    }
    return entry;
}

/** Writes a value that never expires. */
static struct entry *write_value(struct output *const out, const struct text name, const struct text value)
{
    struct entry *const entry = make_room(out, name, value.length);
    if (entry != NULL)
    {
        memcpy(entry_value(entry), value.bytes, value.length);
        if (entry->expires_ticks != 0)
        {
            store_set_expiry(entry, 0);
        }
    }
    return entry;
}

static void put_value(struct output *const out, struct entry *const entry)
{
    if (entry == NULL)
    {
        put_nil(out);
    }
    else
    {
        put_bulk(out, entry_value(entry), entry->value_bytes);
    }
}

/** When something expires that has so many units left; false when that is no time to live. */
static bool parse_expiry(const struct text amount, const uint64_t ticks_per_unit, uint64_t *const expires_ticks)
{
    int64_t number;
    if (!parse_number(amount, &number) || number <= 0 || number > INT64_MAX / 2 / (int64_t)ticks_per_unit)
    {
        return false;
    }
    *expires_ticks = clock_ticks() + (uint64_t)number * ticks_per_unit;
    return true;
}

static void do_ping(const struct call *const call)
{
    if (call->count > 2)
    {
        put_error(call->out, "ERR wrong number of arguments for 'ping' command");
    }
    else if (call->count == 2)
    {
        put_bulk(call->out, call->arguments[1].bytes, call->arguments[1].length);
    }
    else
    {
        put_text(call->out, "+PONG\r\n");
    }
}

static void do_echo(const struct call *const call)
{
    put_bulk(call->out, call->arguments[1].bytes, call->arguments[1].length);
}

static void do_get(const struct call *const call)
{
    put_value(call->out, find(call->arguments[1]));
}

struct set_options
{
    bool only_new;
    bool only_old;
    bool returns_old;
    bool keeps_expiry;
    uint64_t expires_ticks;
};

/** The options behind SET's value; false when they were answered with an error. */
static bool read_set_options(const struct call *const call, struct set_options *const options)
{
    for (uint32_t i = 3; i < call->count; i++)
    {
        const struct text option = call->arguments[i];
        const bool is_seconds = is_word(option, "EX");
        if (is_word(option, "NX"))
        {
            options->only_new = true;
        }
        else if (is_word(option, "XX"))
        {
            options->only_old = true;
        }
        else if (is_word(option, "GET"))
        {
            options->returns_old = true;
        }
        else if (is_word(option, "KEEPTTL"))
        {
            options->keeps_expiry = true;
        }
        else if ((is_seconds || is_word(option, "PX")) && i + 1 < call->count && options->expires_ticks == 0)
        {
            const uint64_t unit = is_seconds ? clock_hz() : clock_hz() / 1000;
            int64_t number;
            i++;
            if (!parse_number(call->arguments[i], &number))
            {
                put_error(call->out, NOT_AN_INTEGER);
                return false;
            }
            if (!parse_expiry(call->arguments[i], unit, &options->expires_ticks))
            {
                put_error(call->out, "ERR invalid expire time in 'set' command");
                return false;
            }
        }
        else
        {
            put_error(call->out, SYNTAX);
            return false;
        }
    }
    if ((options->only_new && options->only_old) || (options->keeps_expiry && options->expires_ticks != 0))
    {
        put_error(call->out, SYNTAX);
        return false;
    }
    return true;
}

static void set_with_options(const struct call *const call)
{
    struct set_options options = { 0 };
    if (!read_set_options(call, &options))
    {
        return;
    }
    const uint32_t mark = output_waiting(call->out);
    struct entry *const present = find(call->arguments[1]);
    if (options.returns_old)
    {
        put_value(call->out, present);
    }
    if ((options.only_new && present != NULL) || (options.only_old && present == NULL))
    {
        if (!options.returns_old)
        {
            put_nil(call->out);
        }
        return;
    }
    if (call->out->has_failed)
    {
        // The old value cannot be answered: then it must not be lost either.
        return;
    }
    const uint64_t kept_ticks = options.keeps_expiry && present != NULL ? present->expires_ticks : 0;
    struct output error = { 0 };
    struct entry *const entry = write_value(&error, call->arguments[1], call->arguments[2]);
    if (entry == NULL)
    {
        output_rewind(call->out, mark);
        put_bytes(call->out, error.bytes, error.end);
    }
    else
    {
        const uint64_t expires_ticks = options.keeps_expiry ? kept_ticks : options.expires_ticks;
        if (expires_ticks != 0)
        {
            store_set_expiry(entry, expires_ticks);
        }
        if (!options.returns_old)
        {
            put_ok(call->out);
        }
    }
    output_clear(&error);
}

static void do_set(const struct call *const call)
{
    if (call->count > 3)
    {
        set_with_options(call);
    }
    else if (write_value(call->out, call->arguments[1], call->arguments[2]) != NULL)
    {
        put_ok(call->out);
    }
}

static void do_setnx(const struct call *const call)
{
    if (find(call->arguments[1]) != NULL)
    {
        put_number(call->out, ':', 0);
    }
    else if (write_value(call->out, call->arguments[1], call->arguments[2]) != NULL)
    {
        put_number(call->out, ':', 1);
    }
}

static void do_getset(const struct call *const call)
{
    const uint32_t mark = output_waiting(call->out);
    put_value(call->out, find(call->arguments[1]));
    if (call->out->has_failed)
    {
        return;
    }
    struct output error = { 0 };
    if (write_value(&error, call->arguments[1], call->arguments[2]) == NULL)
    {
        output_rewind(call->out, mark);
        put_bytes(call->out, error.bytes, error.end);
    }
    output_clear(&error);
}

static void do_mget(const struct call *const call)
{
    put_number(call->out, '*', call->count - 1);
    for (uint32_t i = 1; i < call->count && !call->out->has_failed; i++)
    {
        put_value(call->out, find(call->arguments[i]));
    }
}

static void do_mset(const struct call *const call)
{
    if (call->count % 2 == 0)
    {
        put_error(call->out, "ERR wrong number of arguments for 'mset' command");
        return;
    }
    // All or nothing, as far as can be known before: keys and values with a page for each large one's last.
    uint64_t needed_bytes = 0;
    for (uint32_t i = 1; i < call->count; i++)
    {
        needed_bytes += call->arguments[i].length;
        if (i % 2 == 1 && call->arguments[i].length > MAX_KEY_BYTES)
        {
            put_error(call->out, KEY_TOO_LONG);
            return;
        }
    }
    if (!memory_has_room_for_data(needed_bytes + (uint64_t)call->count * sizeof(struct entry)))
    {
        put_error(call->out, FULL);
        return;
    }
    for (uint32_t i = 1; i < call->count; i += 2)
    {
        if (write_value(call->out, call->arguments[i], call->arguments[i + 1]) == NULL)
        {
            return;
        }
    }
    put_ok(call->out);
}

static void do_del(const struct call *const call)
{
    int64_t deleted = 0;
    for (uint32_t i = 1; i < call->count; i++)
    {
        deleted += delete(call->arguments[i]);
    }
    put_number(call->out, ':', deleted);
}

static void do_exists(const struct call *const call)
{
    int64_t found = 0;
    for (uint32_t i = 1; i < call->count; i++)
    {
        found += find(call->arguments[i]) != NULL;
    }
    put_number(call->out, ':', found);
}

static void add(const struct call *const call, const int64_t amount)
{
    struct entry *entry = find(call->arguments[1]);
    int64_t value = 0;
    if (entry != NULL && !parse_number((struct text){ entry_value(entry), entry->value_bytes }, &value))
    {
        put_error(call->out, NOT_AN_INTEGER);
        return;
    }
    if (__builtin_add_overflow(value, amount, &value))
    {
        put_error(call->out, "ERR increment or decrement would overflow");
        return;
    }
    char digits[MAX_NUMBER_BYTES];
    const uint32_t length = format_number(value, digits);
    if (entry != NULL && length <= entry->value_capacity)
    {
        entry->value_bytes = length;
    }
    else
    {
        entry = make_room(call->out, call->arguments[1], length);
    }
    if (entry != NULL)
    {
        memcpy(entry_value(entry), digits, length);
        put_number(call->out, ':', value);
    }
}

static void do_incr(const struct call *const call)
{
    add(call, 1);
}

static void do_decr(const struct call *const call)
{
    add(call, -1);
}

static void do_incrby(const struct call *const call)
{
    int64_t amount;
    if (parse_number(call->arguments[2], &amount))
    {
        add(call, amount);
    }
    else
    {
        put_error(call->out, NOT_AN_INTEGER);
    }
}

static void do_decrby(const struct call *const call)
{
    int64_t amount;
    if (!parse_number(call->arguments[2], &amount))
    {
        put_error(call->out, NOT_AN_INTEGER);
    }
    else if (amount == INT64_MIN)
    {
        put_error(call->out, "ERR decrement would overflow");
    }
    else
    {
        add(call, -amount);
    }
}

static void do_append(const struct call *const call)
{
    const struct entry *const present = find(call->arguments[1]);
    const uint32_t old_bytes = present == NULL ? 0 : present->value_bytes;
    const uint32_t new_bytes = old_bytes + call->arguments[2].length;
    if (new_bytes > MAX_VALUE_BYTES)
    {
        put_error(call->out, VALUE_TOO_LONG);
        return;
    }
    struct entry *const entry = make_room(call->out, call->arguments[1], new_bytes);
    if (entry != NULL)
    {
        memcpy(entry_value(entry) + old_bytes, call->arguments[2].bytes, call->arguments[2].length);
        put_number(call->out, ':', new_bytes);
    }
}

static void do_strlen(const struct call *const call)
{
    const struct entry *const entry = find(call->arguments[1]);
    put_number(call->out, ':', entry == NULL ? 0 : entry->value_bytes);
}

static void do_dbsize(const struct call *const call)
{
    put_number(call->out, ':', (int64_t)store_count());
}

static void do_flush(const struct call *const call)
{
    const bool has_mode = call->count == 2
        && (is_word(call->arguments[1], "SYNC") || is_word(call->arguments[1], "ASYNC"));
    if (call->count > 1 && !has_mode)
    {
        put_error(call->out, SYNTAX);
        return;
    }
    store_clear();
    put_ok(call->out);
}

struct key_search
{
    const struct call *call;
    int64_t found;
    bool is_printing;
};

static bool visit_key(const struct entry *const entry, void *const context)
{
    struct key_search *const search = context;
    const struct text pattern = search->call->arguments[1];
    if (pattern_matches(pattern.bytes, pattern.length, entry_key(entry), entry->key_bytes))
    {
        search->found++;
        if (search->is_printing)
        {
            put_bulk(search->call->out, entry_key(entry), entry->key_bytes);
        }
    }
    return !search->call->out->has_failed;
}

/** Twice over the data, for the reply begins with how many there are. */
static void do_keys(const struct call *const call)
{
    struct key_search search = { .call = call };
    store_each(visit_key, &search);
    const int64_t announced = search.found;
    const uint32_t mark = output_waiting(call->out);
    put_number(call->out, '*', announced);
    search.found = 0;
    search.is_printing = true;
    store_each(visit_key, &search);
    if (search.found != announced && !call->out->has_failed)
    {
        // A key's time ended between the two: what is left is announced again.
        output_rewind(call->out, mark);
        do_keys(call);
    }
}

static void do_type(const struct call *const call)
{
    put_text(call->out, find(call->arguments[1]) == NULL ? "+none\r\n" : "+string\r\n");
}

static void put_time_left(const struct call *const call, const uint64_t ticks_per_unit)
{
    const struct entry *const entry = find(call->arguments[1]);
    if (entry == NULL || entry->expires_ticks == 0)
    {
        put_number(call->out, ':', entry == NULL ? -2 : -1);
        return;
    }
    const uint64_t now_ticks = clock_ticks();
    const uint64_t left_ticks = entry->expires_ticks > now_ticks ? entry->expires_ticks - now_ticks : 0;
    put_number(call->out, ':', (int64_t)((left_ticks + ticks_per_unit / 2) / ticks_per_unit));
}

static void do_ttl(const struct call *const call)
{
    put_time_left(call, clock_hz());
}

static void do_pttl(const struct call *const call)
{
    put_time_left(call, clock_hz() / 1000);
}

static void expire(const struct call *const call, const uint64_t ticks_per_unit, const char *const invalid)
{
    int64_t amount;
    if (!parse_number(call->arguments[2], &amount))
    {
        put_error(call->out, NOT_AN_INTEGER);
        return;
    }
    struct entry *const entry = find(call->arguments[1]);
    uint64_t expires_ticks = 0;
    if (amount > 0 && !parse_expiry(call->arguments[2], ticks_per_unit, &expires_ticks))
    {
        put_error(call->out, invalid);
        return;
    }
    if (entry != NULL)
    {
        if (amount > 0)
        {
            store_set_expiry(entry, expires_ticks);
        }
        else
        {
            (void)delete(call->arguments[1]);
        }
    }
    put_number(call->out, ':', entry != NULL);
}

static void do_expire(const struct call *const call)
{
    expire(call, clock_hz(), "ERR invalid expire time in 'expire' command");
}

static void do_pexpire(const struct call *const call)
{
    expire(call, clock_hz() / 1000, "ERR invalid expire time in 'pexpire' command");
}

static void do_persist(const struct call *const call)
{
    struct entry *const entry = find(call->arguments[1]);
    const bool had_expiry = entry != NULL && entry->expires_ticks != 0;
    if (had_expiry)
    {
        store_set_expiry(entry, 0);
    }
    put_number(call->out, ':', had_expiry);
}

static char *append_text(char *const to, const char *const text)
{
    const size_t length = strlen(text);
    memcpy(to, text, length);
    return to + length;
}

static char *append_line(char *to, const char *const name, const uint64_t value)
{
    to = append_text(to, name);
    *to++ = ':';
    to += format_number((int64_t)value, to);
    return append_text(to, "\r\n");
}

static void do_info(const struct call *const call)
{
    char text[512];
    char *end = append_text(text, "# Server\r\nserver_name:understudy-kv\r\nredis_mode:standalone\r\n");
    end = append_line(end, "uptime_in_seconds", clock_ticks() / clock_hz());
    end = append_text(end, "# Clients\r\n");
    end = append_line(end, "connected_clients", connection_count());
    end = append_text(end, "# Memory\r\n");
    end = append_line(end, "used_memory", memory_used());
    end = append_line(end, "maxmemory", memory_limit());
    end = append_text(end, "maxmemory_policy:noeviction\r\n# Keyspace\r\n");
    end = append_line(end, "keys", store_count());
    put_bulk(call->out, text, (uint32_t)(end - text));
}

static void put_unknown_subcommand(const struct call *const call, const char *const help)
{
    put_text(call->out, "-ERR unknown subcommand. Try ");
    put_text(call->out, help);
    put_text(call->out, ".\r\n");
}

static void do_config(const struct call *const call)
{
    static const char *const SETTINGS[][2] = {
        { "save", "" }, { "appendonly", "no" }, { "maxmemory-policy", "noeviction" }, { "databases", "1" },
    };
    const size_t setting_count = sizeof SETTINGS / sizeof SETTINGS[0];

    if (is_word(call->arguments[1], "SET"))
    {
        put_error(call->out, "ERR CONFIG SET is not possible: this server has no settings that change");
        return;
    }
    if (!is_word(call->arguments[1], "GET") || call->count < 3)
    {
        put_unknown_subcommand(call, "CONFIG GET parameter");
        return;
    }
    uint32_t wanted = 0;
    int64_t found = 0;
    for (size_t s = 0; s < setting_count; s++)
    {
        const char *const name = SETTINGS[s][0];
        for (uint32_t i = 2; i < call->count && (wanted >> s & 1) == 0; i++)
        {
            const struct text pattern = call->arguments[i];
            if (pattern_matches(pattern.bytes, pattern.length, (const uint8_t *)name, (uint32_t)strlen(name)))
            {
                wanted |= 1u << s;
                found++;
            }
        }
    }
    put_number(call->out, '*', 2 * found);
    for (size_t s = 0; s < setting_count; s++)
    {
        if ((wanted >> s & 1) != 0)
        {
            put_bulk_text(call->out, SETTINGS[s][0]);
            put_bulk_text(call->out, SETTINGS[s][1]);
        }
    }
}

static void do_select(const struct call *const call)
{
    int64_t index;
    if (!parse_number(call->arguments[1], &index))
    {
        put_error(call->out, NOT_AN_INTEGER);
    }
    else if (index != 0)
    {
        put_error(call->out, "ERR DB index is out of range");
    }
    else
    {
        put_ok(call->out);
    }
}

/** False when the name was answered with an error. */
static bool set_name(const struct call *const call, const struct text name)
{
    if (name.length > MAX_NAME_BYTES)
    {
        put_error(call->out, "ERR Client names are at most 64 bytes here");
        return false;
    }
    for (uint32_t i = 0; i < name.length; i++)
    {
        if (name.bytes[i] < '!' || name.bytes[i] > '~')
        {
            put_error(call->out, "ERR Client names cannot contain spaces, newlines or special characters.");
            return false;
        }
    }
    memcpy(call->session->name, name.bytes, name.length);
    call->session->name_bytes = name.length;
    return true;
}

static void do_client(const struct call *const call)
{
    const struct text subcommand = call->arguments[1];
    if (is_word(subcommand, "ID") && call->count == 2)
    {
        put_number(call->out, ':', call->session->id);
    }
    else if (is_word(subcommand, "GETNAME") && call->count == 2)
    {
        if (call->session->name_bytes == 0)
        {
            put_nil(call->out);
        }
        else
        {
            put_bulk(call->out, call->session->name, call->session->name_bytes);
        }
    }
    else if (is_word(subcommand, "SETNAME") && call->count == 3)
    {
        if (set_name(call, call->arguments[2]))
        {
            put_ok(call->out);
        }
    }
    else if (is_word(subcommand, "SETINFO") && call->count == 4)
    {
        put_ok(call->out);
    }
    else
    {
        put_unknown_subcommand(call, "CLIENT ID, GETNAME, SETNAME or SETINFO");
    }
}

static void do_hello(const struct call *const call)
{
    if (call->count > 1)
    {
        int64_t version;
        if (!parse_number(call->arguments[1], &version))
        {
            put_error(call->out, "ERR Protocol version is not an integer or out of range");
            return;
        }
        if (version != 2)
        {
            put_error(call->out, "NOPROTO unsupported protocol version");
            return;
        }
        for (uint32_t i = 2; i < call->count; i += 2)
        {
            if (!is_word(call->arguments[i], "SETNAME") || i + 1 == call->count)
            {
                put_error(call->out, SYNTAX);
                return;
            }
            if (!set_name(call, call->arguments[i + 1]))
            {
                return;
            }
        }
    }
    put_number(call->out, '*', 10);
    put_bulk_text(call->out, "server");
    put_bulk_text(call->out, "understudy-kv");
    put_bulk_text(call->out, "proto");
    put_number(call->out, ':', 2);
    put_bulk_text(call->out, "id");
    put_number(call->out, ':', call->session->id);
    put_bulk_text(call->out, "mode");
    put_bulk_text(call->out, "standalone");
    put_bulk_text(call->out, "role");
    put_bulk_text(call->out, "master");
}

static void do_quit(const struct call *const call)
{
    put_ok(call->out);
    call->session->is_closing = true;
}

static void do_reset(const struct call *const call)
{
    call->session->name_bytes = 0;
    put_text(call->out, "+RESET\r\n");
}

static void do_time(const struct call *const call)
{
    const uint64_t now_ticks = clock_ticks();
    const uint64_t hz = clock_hz();
    char digits[MAX_NUMBER_BYTES];
    put_number(call->out, '*', 2);
    put_bulk(call->out, digits, format_number((int64_t)(now_ticks / hz), digits));
    put_bulk(call->out, digits, format_number((int64_t)(now_ticks % hz * 1000000 / hz), digits));
}

static void do_command(const struct call *call);

typedef void command_function(const struct call *call);

/** A command, and how many words it has with its name: exactly so many, or when negative at least. */
struct command
{
    const char *name;
    int arity;
    command_function *run;
};

/** Names of at most 8 letters: they are compared as one word. */
static const struct command COMMANDS[] = {
    { "append", 3, do_append },
    { "client", -2, do_client },
    { "command", -1, do_command },
    { "config", -2, do_config },
    { "dbsize", 1, do_dbsize },
    { "decr", 2, do_decr },
    { "decrby", 3, do_decrby },
    { "del", -2, do_del },
    { "echo", 2, do_echo },
    { "exists", -2, do_exists },
    { "expire", 3, do_expire },
    { "flushall", -1, do_flush },
    { "flushdb", -1, do_flush },
    { "get", 2, do_get },
    { "getset", 3, do_getset },
    { "hello", -1, do_hello },
    { "incr", 2, do_incr },
    { "incrby", 3, do_incrby },
    { "info", -1, do_info },
    { "keys", 2, do_keys },
    { "mget", -2, do_mget },
    { "mset", -3, do_mset },
    { "persist", 2, do_persist },
    { "pexpire", 3, do_pexpire },
    { "ping", -1, do_ping },
    { "pttl", 2, do_pttl },
    { "quit", -1, do_quit },
    { "reset", 1, do_reset },
    { "select", 2, do_select },
    { "set", -3, do_set },
    { "setnx", 3, do_setnx },
    { "strlen", 2, do_strlen },
    { "time", 1, do_time },
    { "ttl", 2, do_ttl },
    { "type", 2, do_type },
    { "unlink", -2, do_del },
};

#define COMMAND_COUNT (sizeof COMMANDS / sizeof COMMANDS[0])
#define MAX_COMMAND_BYTES 8u

/** Slots of the table of names; four times as many as commands, so that most are found at once. */
#define NAME_SLOTS 128u

struct name_slot
{
    uint64_t name;
    const struct command *command;
};

static struct name_slot names[NAME_SLOTS];

static void do_command(const struct call *const call)
{
    if (call->count > 1 && is_word(call->arguments[1], "COUNT"))
    {
        put_number(call->out, ':', COMMAND_COUNT);
    }
    else
    {
        put_number(call->out, '*', 0);
    }
}

/** The letters of a name as one word, in capitals; no other character becomes a letter by this. */
static uint64_t name_word(const uint8_t *const bytes, const uint32_t length)
{
    uint64_t word = 0;
    for (uint32_t i = 0; i < length; i++)
    {
        word = word << 8 | (bytes[i] & 0xDF);
    }
    return word;
}

static uint32_t slot_of(const uint64_t name)
{
    return (uint32_t)(name * 0x9E3779B97F4A7C15UL >> 57);
}

static void fill_names(void)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
    {
        const char *const name = COMMANDS[i].name;
        const uint64_t word = name_word((const uint8_t *)name, (uint32_t)strlen(name));
        uint32_t slot = slot_of(word);
        while (names[slot].command != NULL)
        {
            slot = (slot + 1) % NAME_SLOTS;
        }
        names[slot] = (struct name_slot){ word, &COMMANDS[i] };
    }
}

static const struct command *find_command(const struct text text)
{
    static bool is_filled;
    if (!is_filled)
    {
        fill_names();
        is_filled = true;
    }
    if (text.length > MAX_COMMAND_BYTES)
    {
        return NULL;
    }
    const uint64_t word = name_word(text.bytes, text.length);
    for (uint32_t slot = slot_of(word); names[slot].command != NULL; slot = (slot + 1) % NAME_SLOTS)
    {
        if (names[slot].name == word)
        {
            return names[slot].command;
        }
    }
    return NULL;
}

/** Repeats what a client sent in an error line: no line end may come into it. */
static void put_repeated(struct output *const out, const struct text text)
{
    uint8_t bytes[MAX_REPEATED_BYTES];
    const uint32_t length = text.length < MAX_REPEATED_BYTES ? text.length : MAX_REPEATED_BYTES;
    for (uint32_t i = 0; i < length; i++)
    {
        bytes[i] = text.bytes[i] == '\r' || text.bytes[i] == '\n' ? ' ' : text.bytes[i];
    }
    put_bytes(out, bytes, length);
}

static void put_unknown_command(const struct call *const call)
{
    put_text(call->out, "-ERR unknown command '");
    put_repeated(call->out, call->arguments[0]);
    put_text(call->out, "', with args beginning with: ");
    uint32_t repeated = 0;
    for (uint32_t i = 1; i < call->count && repeated < MAX_REPEATED_BYTES; i++)
    {
        struct text argument = call->arguments[i];
        if (argument.length > MAX_REPEATED_BYTES - repeated)
        {
            argument.length = MAX_REPEATED_BYTES - repeated;
        }
        put_text(call->out, "'");
        put_repeated(call->out, argument);
        put_text(call->out, "' ");
        repeated += argument.length + 3;
    }
    put_text(call->out, "\r\n");
}

void command_execute(struct session *const session, const struct text *const arguments, const uint32_t count)
{
    const struct call call = { session, &session->out, arguments, count };
    const struct command *const command = find_command(arguments[0]);
    if (command == NULL)
    {
        put_unknown_command(&call);
        return;
    }
    if (command->arity >= 0 ? count != (uint32_t)command->arity : count < (uint32_t)-command->arity)
    {
        put_text(&session->out, "-ERR wrong number of arguments for '");
        put_text(&session->out, command->name);
        put_text(&session->out, "' command\r\n");
        return;
    }
    command->run(&call);
}
