// SPDX-License-Identifier: Apache-2.0
/*
 * The protocol and the commands: requests, cut into pieces in many ways, and the replies that they must have.
 */
#include "check.h"
#include "command.h"
#include "memory.h"
#include "pattern.h"
#include "session.h"
#include "store.h"

#include <string.h>

#define AREA_BYTES (24u << 20)
#define SECOND 10000000u

uint32_t connection_count(void)
{
    return 3;
}

static struct session session;

/** What was sent so far; a test's replies are taken from the output as a connection would take them. */
static uint8_t *sent;
static size_t sent_bytes;
static size_t sent_capacity;

static void begin(void)
{
    session_close(&session);
    session_open(&session);
    sent_bytes = 0;
}

/** Sends everything, going on with requests that waited for that. */
static void drain(void)
{
    while (output_waiting(&session.out) > 0)
    {
        const uint32_t waiting = output_waiting(&session.out);
        if (sent_bytes + waiting > sent_capacity)
        {
            sent_capacity = 2 * (sent_bytes + waiting);
            sent = realloc(sent, sent_capacity);
            CHECK(sent != NULL);
        }
        memcpy(sent + sent_bytes, session.out.bytes + session.out.start, waiting);
        sent_bytes += waiting;
        output_clear(&session.out);
        session_resume(&session);
    }
}

static void receive(const void *const bytes, const size_t length)
{
    // A copy of exactly this size, so that reading beyond it is noticed.
    uint8_t *const copy = malloc(length);
    memcpy(copy, bytes, length);
    session_receive(&session, copy, (uint32_t)length);
    free(copy);
    drain();
}

static void check_sent(const char *const request, const void *const expected, const size_t expected_bytes)
{
    if (sent_bytes != expected_bytes || memcmp(sent, expected, expected_bytes) != 0)
    {
        fprintf(stderr, "request  %s\nexpected %.*s\nreply    %.*s\n", request, (int)expected_bytes,
            (const char *)expected, (int)sent_bytes, (const char *)sent);
        exit(1);
    }
}

/** With string literals and arrays that hold one. */
#define RECEIVE(literal) receive(literal, sizeof(literal) - 1)
#define CHECK_SENT(request, literal) check_sent(request, literal, sizeof(literal) - 1)

/** Writes a request as clients do; `words` are separated by single spaces. */
static size_t encode(char *const to, const char *const words)
{
    size_t count = 1;
    for (const char *at = words; *at != 0; at++)
    {
        count += *at == ' ';
    }
    size_t length = (size_t)sprintf(to, "*%zu\r\n", count);
    const char *at = words;
    for (size_t i = 0; i < count; i++)
    {
        const size_t word = strcspn(at, " ");
        length += (size_t)sprintf(to + length, "$%zu\r\n%.*s\r\n", word, (int)word, at);
        at += word + 1;
    }
    return length;
}

struct exchange
{
    const char *request;
    const char *reply;
};

/** One after the other in one conversation; the data set is empty before. */
static const struct exchange CONVERSATION[] = {
    { "PING", "+PONG\r\n" },
    { "ping hello", "$5\r\nhello\r\n" },
    { "PING a b", "-ERR wrong number of arguments for 'ping' command\r\n" },
    { "ECHO x", "$1\r\nx\r\n" },
    { "GET", "-ERR wrong number of arguments for 'get' command\r\n" },
    { "GET none", "$-1\r\n" },
    { "SET a 1", "+OK\r\n" },
    { "gEt a", "$1\r\n1\r\n" },
    { "SET a 2 NX", "$-1\r\n" },
    { "SET a 3 XX", "+OK\r\n" },
    { "SET b 3 XX", "$-1\r\n" },
    { "SET b 4 NX", "+OK\r\n" },
    { "SET a 5 GET", "$1\r\n3\r\n" },
    { "SET c 5 GET", "$-1\r\n" },
    { "SET a 6 NX GET", "$1\r\n5\r\n" },
    { "SET a 6 NX XX", "-ERR syntax error\r\n" },
    { "SET a 6 FOO", "-ERR syntax error\r\n" },
    { "SET a 6 EX", "-ERR syntax error\r\n" },
    { "SET a 6 EX x", "-ERR value is not an integer or out of range\r\n" },
    { "SET a 6 EX 0", "-ERR invalid expire time in 'set' command\r\n" },
    { "SET a 6 EX 9223372036854775807", "-ERR invalid expire time in 'set' command\r\n" },
    { "SET a 6 EX 10 PX 10", "-ERR syntax error\r\n" },
    { "GET a", "$1\r\n5\r\n" },
    { "DBSIZE", ":3\r\n" },
    { "DEL a b none a", ":2\r\n" },
    { "EXISTS a b c c", ":2\r\n" },
    { "INCR n", ":1\r\n" },
    { "INCR n", ":2\r\n" },
    { "INCRBY n 40", ":42\r\n" },
    { "DECR n", ":41\r\n" },
    { "DECRBY n 50", ":-9\r\n" },
    { "GET n", "$2\r\n-9\r\n" },
    { "INCRBY n 1.5", "-ERR value is not an integer or out of range\r\n" },
    { "INCRBY n 9223372036854775808", "-ERR value is not an integer or out of range\r\n" },
    { "DECRBY n -9223372036854775808", "-ERR decrement would overflow\r\n" },
    { "SET n 9223372036854775807", "+OK\r\n" },
    { "INCR n", "-ERR increment or decrement would overflow\r\n" },
    { "GET n", "$19\r\n9223372036854775807\r\n" },
    { "SET n -9223372036854775808", "+OK\r\n" },
    { "DECR n", "-ERR increment or decrement would overflow\r\n" },
    { "INCRBY n 9223372036854775807", ":-1\r\n" },
    { "SET n abc", "+OK\r\n" },
    { "INCR n", "-ERR value is not an integer or out of range\r\n" },
    { "SET n 01", "+OK\r\n" },
    { "INCR n", "-ERR value is not an integer or out of range\r\n" },
    { "SET n +1", "+OK\r\n" },
    { "INCR n", "-ERR value is not an integer or out of range\r\n" },
    { "SET n -0", "+OK\r\n" },
    { "INCR n", "-ERR value is not an integer or out of range\r\n" },
    { "SET n 0", "+OK\r\n" },
    { "DECR n", ":-1\r\n" },
    { "APPEND s foo", ":3\r\n" },
    { "APPEND s bar", ":6\r\n" },
    { "GET s", "$6\r\nfoobar\r\n" },
    { "STRLEN s", ":6\r\n" },
    { "STRLEN none", ":0\r\n" },
    { "SETNX s x", ":0\r\n" },
    { "SETNX t x", ":1\r\n" },
    { "GETSET t y", "$1\r\nx\r\n" },
    { "GETSET u y", "$-1\r\n" },
    { "MSET k1 v1 k2 v2", "+OK\r\n" },
    { "MSET k1 v1 k2", "-ERR wrong number of arguments for 'mset' command\r\n" },
    { "MGET k1 none k2", "*3\r\n$2\r\nv1\r\n$-1\r\n$2\r\nv2\r\n" },
    { "TYPE k1", "+string\r\n" },
    { "TYPE none", "+none\r\n" },
    { "KEYS k?", "*2\r\n" /* in an order of the table's own: checked below */ },
    { "TTL k1", ":-1\r\n" },
    { "TTL none", ":-2\r\n" },
    { "EXPIRE none 10", ":0\r\n" },
    { "EXPIRE k1 10", ":1\r\n" },
    { "TTL k1", ":10\r\n" },
    { "PTTL k1", ":10000\r\n" },
    { "APPEND k1 x", ":3\r\n" },
    { "TTL k1", ":10\r\n" },
    { "PERSIST k1", ":1\r\n" },
    { "PERSIST k1", ":0\r\n" },
    { "TTL k1", ":-1\r\n" },
    { "SET k1 v EX 5", "+OK\r\n" },
    { "SET k1 w KEEPTTL", "+OK\r\n" },
    { "TTL k1", ":5\r\n" },
    { "SET k1 w", "+OK\r\n" },
    { "TTL k1", ":-1\r\n" },
    { "EXPIRE k1 x", "-ERR value is not an integer or out of range\r\n" },
    { "EXPIRE k1 -1", ":1\r\n" },
    { "EXISTS k1", ":0\r\n" },
    { "CONFIG GET save", "*2\r\n$4\r\nsave\r\n$0\r\n\r\n" },
    { "CONFIG GET appendonly", "*2\r\n$10\r\nappendonly\r\n$2\r\nno\r\n" },
    { "CONFIG GET none", "*0\r\n" },
    { "CONFIG SET save x", "-ERR CONFIG SET is not possible: this server has no settings that change\r\n" },
    { "COMMAND DOCS", "*0\r\n" },
    { "SELECT 0", "+OK\r\n" },
    { "SELECT 1", "-ERR DB index is out of range\r\n" },
    { "CLIENT GETNAME", "$-1\r\n" },
    { "CLIENT SETNAME me", "+OK\r\n" },
    { "CLIENT GETNAME", "$2\r\nme\r\n" },
    { "CLIENT SETINFO LIB-NAME x", "+OK\r\n" },
    { "HELLO 3", "-NOPROTO unsupported protocol version\r\n" },
    { "RESET", "+RESET\r\n" },
    { "CLIENT GETNAME", "$-1\r\n" },
    { "NOSUCH", "-ERR unknown command 'NOSUCH', with args beginning with: \r\n" },
    { "NOSUCHCOMMAND a bc", "-ERR unknown command 'NOSUCHCOMMAND', with args beginning with: 'a' 'bc' \r\n" },
    { "FLUSHALL x", "-ERR syntax error\r\n" },
    { "FLUSHALL ASYNC", "+OK\r\n" },
    { "DBSIZE", ":0\r\n" },
    { "KEYS *", "*0\r\n" },
    { "TIME", "*2\r\n$1\r\n0\r\n$4\r\n1234\r\n" },
};

#define CONVERSATION_LENGTH (sizeof CONVERSATION / sizeof CONVERSATION[0])

static void everyCommandHasItsReply(void)
{
    begin();
    for (size_t i = 0; i < CONVERSATION_LENGTH; i++)
    {
        char request[512];
        const size_t length = encode(request, CONVERSATION[i].request);
        sent_bytes = 0;
        receive(request, length);
        if (strcmp(CONVERSATION[i].request, "KEYS k?") == 0)
        {
            CHECK_EQUAL(sent_bytes, strlen("*2\r\n$2\r\nk1\r\n$2\r\nk2\r\n"));
            CHECK(memcmp(sent, "*2\r\n$2\r\nk", 9) == 0);
            CHECK(memmem(sent, sent_bytes, "k1", 2) != NULL && memmem(sent, sent_bytes, "k2", 2) != NULL);
            continue;
        }
        check_sent(CONVERSATION[i].request, CONVERSATION[i].reply, strlen(CONVERSATION[i].reply));
        CHECK(!session.is_closing);
    }
}

/** The same conversation as one stream, cut at random: the replies do not depend on the cuts. */
static void repliesDoNotDependOnHowTheStreamIsCut(void)
{
    static char stream[CONVERSATION_LENGTH * 512];
    static char expected[CONVERSATION_LENGTH * 128];
    size_t stream_bytes = 0;
    size_t expected_bytes = 0;
    for (size_t i = 0; i < CONVERSATION_LENGTH; i++)
    {
        if (strcmp(CONVERSATION[i].request, "KEYS k?") == 0)
        {
            continue;
        }
        const bool as_line = i % 3 == 0;
        stream_bytes += as_line ? (size_t)sprintf(stream + stream_bytes, "%s\r\n", CONVERSATION[i].request)
                                : encode(stream + stream_bytes, CONVERSATION[i].request);
        expected_bytes += (size_t)sprintf(expected + expected_bytes, "%s", CONVERSATION[i].reply);
    }
    for (int round = 0; round < 400; round++)
    {
        begin();
        // Single bytes, small pieces, large ones, all at once.
        const uint32_t most = round == 0 ? 1 : 1 + random_below(1u << random_below(16));
        for (size_t at = 0; at < stream_bytes;)
        {
            size_t piece = 1 + random_below(most);
            piece = piece < stream_bytes - at ? piece : stream_bytes - at;
            receive(stream + at, piece);
            at += piece;
        }
        check_sent("the whole conversation", expected, expected_bytes);
    }
}

static void check_stream(const char *const bytes, const size_t length, const char *const reply, const bool closes)
{
    for (int round = 0; round < 20; round++)
    {
        begin();
        for (size_t at = 0; at < length;)
        {
            size_t piece = round == 0 ? length : round == 1 ? 1 : 1 + random_below(20);
            piece = piece < length - at ? piece : length - at;
            receive(bytes + at, piece);
            at += piece;
        }
        check_sent(bytes, reply, strlen(reply));
        CHECK_EQUAL(session.is_closing, closes);
    }
}

static void check_text(const char *const bytes, const char *const reply, const bool closes)
{
    check_stream(bytes, strlen(bytes), reply, closes);
}

static void whatIsNotTheProtocolClosesTheConnection(void)
{
    check_text("*x\r\n", "-ERR Protocol error: invalid multibulk length\r\n", true);
    check_text("*99999999999\r\n", "-ERR Protocol error: invalid multibulk length\r\n", true);
    check_text("*1\r\n+PING\r\n", "-ERR Protocol error: expected '$', got '+'\r\n", true);
    check_text("*1\r\n$x\r\n", "-ERR Protocol error: invalid bulk length\r\n", true);
    check_text("*1\r\n$-1\r\n", "-ERR Protocol error: invalid bulk length\r\n", true);
    check_text("*1\r\n$999999999\r\n", "-ERR Protocol error: invalid bulk length\r\n", true);
    check_text("ping \"abc\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n", true);
    check_text("ping \"abc\"d\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n", true);
    check_text("*1\r\n$4\r\nPING\r\n*1\r\nPING\r\n*1\r\n$4\r\nPING\r\n",
        "+PONG\r\n-ERR Protocol error: expected '$', got 'P'\r\n", true);
    check_text("*1\r\n$4\r\nQUIT\r\n*1\r\n$4\r\nPING\r\n", "+OK\r\n", true);

    static char line[70000];
    memset(line, 'x', sizeof line);
    begin();
    receive(line, sizeof line);
    CHECK_SENT("a line of 70000 bytes", "-ERR Protocol error: too big inline request\r\n");
    line[0] = '*';
    memset(line + 1, '1', sizeof line - 1);
    begin();
    receive(line, sizeof line);
    CHECK(session.is_closing);
}

static void linesAreRequestsToo(void)
{
    check_text("PING\r\n", "+PONG\r\n", false);
    check_text("PING\n", "+PONG\r\n", false);
    check_text("\r\n\r\n  \r\nPING\r\n", "+PONG\r\n", false);
    check_text("  echo   a\t\r\n", "$1\r\na\r\n", false);
    check_text("echo \"a b\\n\\x41\\\"\"\r\n", "$6\r\na b\nA\"\r\n", false);
    check_text("echo 'a b\\n\\''\r\n", "$6\r\na b\\n'\r\n", false);
    check_text("echo \"\"\r\n", "$0\r\n\r\n", false);
    check_text("*0\r\n*-1\r\nPING\r\n", "+PONG\r\n", false);
}

static void keysAndValuesAreBinary(void)
{
    static const char STREAM[] = "*3\r\n$3\r\nSET\r\n$4\r\n\0\r\n\xFF\r\n$6\r\n\r\n\0$*\n\r\n"
                                 "*2\r\n$3\r\nGET\r\n$4\r\n\0\r\n\xFF\r\n*2\r\n$3\r\nGET\r\n$4\r\n\0\r\n\xFE\r\n"
                                 "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$0\r\n\r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\n";
    static const char REPLIES[] = "+OK\r\n$6\r\n\r\n\0$*\n\r\n$-1\r\n+OK\r\n$0\r\n\r\n";
    for (size_t first = 0; first < sizeof STREAM; first++)
    {
        begin();
        if (first > 0)
        {
            receive(STREAM, first);
        }
        if (first < sizeof STREAM - 1)
        {
            receive(STREAM + first, sizeof STREAM - 1 - first);
        }
        CHECK_SENT("binary keys and values", REPLIES);
    }
}

/** SET key of `length` bytes; with what else the connection then says. */
static void send_large(const uint32_t length, const uint32_t piece)
{
    char head[64];
    uint8_t *const bytes = malloc(piece);
    memset(bytes, 'v', piece);
    receive(head, (size_t)sprintf(head, "*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$%u\r\n", length));
    for (uint32_t at = 0; at < length;)
    {
        const uint32_t now = piece < length - at ? piece : length - at;
        receive(bytes, now);
        at += now;
    }
    RECEIVE("\r\n*2\r\n$6\r\nSTRLEN\r\n$5\r\nlarge\r\n");
    free(bytes);
}

static void valuesHaveABoundAndTheConnectionSurvivesIt(void)
{
    begin();
    send_large(MAX_VALUE_BYTES, 4096);
    CHECK_SENT("the longest value", "+OK\r\n:1048576\r\n");

    static const char TOO_LONG[] = "-ERR string exceeds maximum allowed size (1 MiB)\r\n:1048576\r\n";
    for (uint32_t piece = 1000; piece < 2000000; piece *= 7)
    {
        begin();
        send_large(MAX_VALUE_BYTES + 1, piece);
        CHECK_SENT("a value that is too long", TOO_LONG);
        begin();
        send_large(5 * MAX_VALUE_BYTES, piece);
        CHECK_SENT("a value that is much too long", TOO_LONG);
        CHECK(!session.is_closing);
    }

    // Ten arguments, one too long in the middle; and five that are too long together.
    begin();
    RECEIVE("*4\r\n$4\r\nMGET\r\n$2000000\r\n");
    uint8_t *const bytes = calloc(1, 2000002);
    memcpy(bytes + 2000000, "\r\n", 2);
    receive(bytes, 2000002);
    RECEIVE("$1\r\na\r\n$");
    RECEIVE("1\r\nb\r\nPING\r\n");
    CHECK_SENT("an argument in the middle that is too long",
        "-ERR string exceeds maximum allowed size (1 MiB)\r\n+PONG\r\n");
    begin();
    RECEIVE("*6\r\n$4\r\nMSET\r\n");
    for (int i = 0; i < 5; i++)
    {
        RECEIVE("$800000\r\n");
        receive(bytes, 800000);
        RECEIVE("\r\n");
    }
    RECEIVE("PING\r\n");
    CHECK_SENT("arguments that are too long together",
        "-ERR request exceeds maximum allowed size (1.25 MiB)\r\n+PONG\r\n");
    free(bytes);

    begin();
    RECEIVE("*5001\r\n$4\r\nMGET\r\n");
    for (int i = 0; i < 5000; i++)
    {
        RECEIVE("$1\r\nx\r\n");
    }
    RECEIVE("PING\r\n");
    CHECK_SENT("too many arguments", "-ERR too many arguments in one request (4096)\r\n+PONG\r\n");

    static char key[70000];
    memset(key, 'k', sizeof key);
    begin();
    RECEIVE("*3\r\n$3\r\nSET\r\n$70000\r\n");
    receive(key, sizeof key);
    RECEIVE("\r\n$1\r\nx\r\n*2\r\n$3\r\nGET\r\n$70000\r\n");
    receive(key, sizeof key);
    RECEIVE("\r\n");
    CHECK_SENT("a key that is too long", "-ERR key exceeds maximum allowed size (64 KiB)\r\n$-1\r\n");
}

static void requestsWaitWhileRepliesDo(void)
{
    begin();
    send_large(40000, 40000);
    sent_bytes = 0;
    // Twelve times 40000 bytes of replies: after the second there are more than a connection lets wait.
    char requests[512];
    size_t length = 0;
    for (int i = 0; i < 12; i++)
    {
        length += encode(requests + length, "GET large");
    }
    session_receive(&session, (const uint8_t *)requests, (uint32_t)length);
    CHECK(session_is_paused(&session));
    CHECK_EQUAL(output_waiting(&session.out), 2 * (8 + 40000 + 2));
    CHECK_EQUAL(session.in_bytes, length / 12 * 10);
    session_receive(&session, (const uint8_t *)"PING\r\n", 6);
    CHECK_EQUAL(output_waiting(&session.out), 2 * (8 + 40000 + 2));
    drain();
    CHECK_EQUAL(sent_bytes, 12 * (8 + 40000 + 2) + 7);
    CHECK(memcmp(sent + sent_bytes - 7, "+PONG\r\n", 7) == 0);
}

static void aReplyThatIsTooLongIsAnErrorAndNotACut(void)
{
    begin();
    send_large(MAX_VALUE_BYTES, 65536);
    sent_bytes = 0;
    char request[512];
    receive(request, encode(request, "MGET large large large large large large large large large"));
    receive(request, encode(request, "PING"));
    static const char EXPECTED[] = "-ERR reply exceeds maximum allowed size (8 MiB) or the memory left\r\n+PONG\r\n";
    CHECK_SENT("nine values of a MiB", EXPECTED);
    sent_bytes = 0;
    receive(request, encode(request, "MGET large large large large large large large"));
    CHECK_EQUAL(sent_bytes, 4 + 7 * (10 + MAX_VALUE_BYTES + 2));
    receive(request, encode(request, "DEL large"));
}

static void timeEndsKeys(void)
{
    begin();
    char request[512];
    receive(request, encode(request, "FLUSHALL"));
    receive(request, encode(request, "SET k v PX 1500"));
    receive(request, encode(request, "SET l v EX 100"));
    receive(request, encode(request, "SET m v"));
    test_clock_ticks += SECOND + SECOND / 2 - 1;
    sent_bytes = 0;
    receive(request, encode(request, "GET k"));
    CHECK_SENT("GET k, just before", "$1\r\nv\r\n");
    test_clock_ticks += 1;
    sent_bytes = 0;
    receive(request, encode(request, "KEYS *"));
    CHECK(memcmp(sent, "*2\r\n", 4) == 0);
    sent_bytes = 0;
    receive(request, encode(request, "GET k"));
    CHECK_SENT("GET k, just after", "$-1\r\n");
    sent_bytes = 0;
    receive(request, encode(request, "INCR k"));
    CHECK_SENT("INCR k", ":1\r\n");
    sent_bytes = 0;
    receive(request, encode(request, "TTL k"));
    CHECK_SENT("TTL k", ":-1\r\n");
    receive(request, encode(request, "FLUSHALL"));
}

static void keysThatNobodyAsksForEndAllTheSame(void)
{
    begin();
    char request[512];
    char words[64];
    for (int i = 0; i < 5000; i++)
    {
        sprintf(words, "SET gone:%d v EX 1", i);
        receive(request, encode(request, words));
    }
    CHECK_EQUAL(store_count(), 5000);
    test_clock_ticks += 2 * SECOND;
    for (int i = 0; i < 12000; i++)
    {
        sprintf(words, "SET kept v%d", i);
        receive(request, encode(request, words));
    }
    CHECK_EQUAL(store_count(), 1);
    receive(request, encode(request, "FLUSHALL"));
}

static void aFullMemoryRefusesWritesAndServesTheRest(void)
{
    begin();
    char request[512];
    const uint64_t before = memory_used();
    static char set[70000];
    const int head = sprintf(set, "*3\r\n$3\r\nSET\r\n$8\r\n00000000\r\n$60000\r\n");
    memset(set + head, 'x', 60000);
    memcpy(set + head + 60000, "\r\n", 2);
    uint32_t stored = 0;
    for (;; stored++)
    {
        char key[16];
        sprintf(key, "%08u", stored);
        memcpy(set + 18 - 1, key, 8);
        sent_bytes = 0;
        receive(set, (size_t)head + 60002);
        if (sent[0] == '-')
        {
            break;
        }
    }
    static const char FULL[] = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    CHECK_SENT("SET", FULL);
    CHECK((uint64_t)stored * 60000 > memory_limit() / 10 * 9);
    CHECK_EQUAL(store_count(), stored);

    static char mset[70000];
    const int mset_head = sprintf(mset, "*5\r\n$4\r\nMSET\r\n$2\r\nm1\r\n$1\r\n1\r\n$2\r\nm2\r\n$60000\r\n");
    memset(mset + mset_head, 'x', 60000);
    memcpy(mset + mset_head + 60000, "\r\n", 2);
    sent_bytes = 0;
    receive(mset, (size_t)mset_head + 60002);
    CHECK_SENT("MSET", FULL);
    sent_bytes = 0;
    receive(request, encode(request, "EXISTS m1 m2"));
    CHECK_SENT("EXISTS m1 m2", ":0\r\n");

    sent_bytes = 0;
    receive(request, encode(request, "STRLEN 00000000"));
    CHECK_SENT("STRLEN", ":60000\r\n");
    sent_bytes = 0;
    receive(request, encode(request, "DEL 00000000 00000001"));
    CHECK_SENT("DEL", ":2\r\n");
    sent_bytes = 0;
    receive(set, (size_t)head + 60002);
    CHECK_SENT("SET after DEL", "+OK\r\n");
    receive(request, encode(request, "FLUSHALL"));
    session_close(&session);
    CHECK_EQUAL(memory_used(), before);
    session_open(&session);
}

static void patternsMatchAsInRedis(void)
{
    static const struct
    {
        const char *pattern;
        const char *text;
        bool matches;
    } CASES[] = {
        { "*", "", true }, { "*", "abc", true }, { "", "", true }, { "", "a", false }, { "a*c", "abbc", true },
        { "a*c", "abbd", false }, { "a?c", "abc", true }, { "a?c", "ac", false }, { "h[ae]llo", "hello", true },
        { "h[ae]llo", "hillo", false }, { "h[^e]llo", "hallo", true }, { "h[^e]llo", "hello", false },
        { "h[a-c]llo", "hbllo", true }, { "h[c-a]llo", "hbllo", true }, { "h[a-c]llo", "hdllo", false },
        { "a\\*c", "a*c", true }, { "a\\*c", "abc", false }, { "[\\]]", "]", true }, { "*a*b*c*", "xxaxxbxxcxx", true },
        { "*a*b*c*", "xxcxxbxxaxx", false }, { "**a", "bba", true }, { "a**", "a", true }, { "[a", "a", true },
        { "a\\", "a\\", true }, { "[a-]", "-", false },
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
    {
        const bool matches = pattern_matches((const uint8_t *)CASES[i].pattern, (uint32_t)strlen(CASES[i].pattern),
            (const uint8_t *)CASES[i].text, (uint32_t)strlen(CASES[i].text));
        if (matches != CASES[i].matches)
        {
            fprintf(stderr, "pattern %s, text %s\n", CASES[i].pattern, CASES[i].text);
        }
        CHECK_EQUAL(matches, CASES[i].matches);
    }
}

/** Bytes that are nearly requests: whatever comes of them, nothing is touched that must not be, and all of it ends. */
static void noiseDoesNoHarm(void)
{
    static const char *const PARTS[] = {
        "*", "$", "\r\n", "\n", "3", "-1", "0", "1", "SET", "GET", "a", "b", "*1\r\n$4\r\nPING\r\n",
        "*2\r\n$3\r\nGET\r\n",
        "$1\r\na\r\n", "\"", "'", "\\", " ", "1048577", "4097", "KEYS", "MSET", "\x00", "INCR a\r\n", "HELLO 2\r\n",
    };
    for (int round = 0; round < 20000; round++)
    {
        begin();
        char stream[512];
        size_t length = 0;
        for (uint32_t parts = 1 + random_below(30); parts > 0; parts--)
        {
            const char *const part = PARTS[random_below(sizeof PARTS / sizeof PARTS[0])];
            length += (size_t)sprintf(stream + length, "%s", part);
        }
        for (size_t at = 0; at < length;)
        {
            size_t piece = 1 + random_below(40);
            piece = piece < length - at ? piece : length - at;
            receive(stream + at, piece);
            at += piece;
        }
    }
    begin();
}

int main(void)
{
    test_start_memory(AREA_BYTES);
    session_open(&session);
    everyCommandHasItsReply();
    repliesDoNotDependOnHowTheStreamIsCut();
    whatIsNotTheProtocolClosesTheConnection();
    linesAreRequestsToo();
    keysAndValuesAreBinary();
    valuesHaveABoundAndTheConnectionSurvivesIt();
    requestsWaitWhileRepliesDo();
    aReplyThatIsTooLongIsAnErrorAndNotACut();
    timeEndsKeys();
    keysThatNobodyAsksForEndAllTheSame();
    aFullMemoryRefusesWritesAndServesTheRest();
    patternsMatchAsInRedis();
    noiseDoesNoHarm();
    free(sent);
    puts("session ok");
    return 0;
}
