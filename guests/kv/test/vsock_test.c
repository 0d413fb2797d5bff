// SPDX-License-Identifier: Apache-2.0
/*
 * The connections against a model of the host: peers that send requests in pieces within their credit, take replies at
 * their own pace, and keep the books that the specification wants kept. No side ever sends more than the other has room
 * for, replies are exactly those of the requests, and every packet of the device comes back.
 */
#include "check.h"
#include "command.h"
#include "memory.h"
#include "session.h"
#include "vsock.h"

#include <string.h>

#define AREA_BYTES (48u << 20)
#define OWN_CID 3u
#define PORT 6379u

/** Packets of the device; few, so that borrowing fails at times. */
#define PACKETS 24u
#define NOT_TO_LEND 4u

#define MAX_PEERS (MAX_CONNECTIONS + 8u)

struct packet_buffer
{
    _Alignas(64) uint8_t bytes[LINK_PACKET_BYTES];
};

static struct packet_buffer packets[PACKETS];
static bool is_taken[PACKETS];

struct peer
{
    bool is_known;
    bool is_open;
    bool is_reset;
    bool was_shut_down;
    uint32_t window;
    uint32_t taken;        /* of what came */
    uint32_t came;
    uint32_t sent;
    uint32_t guest_window;
    uint32_t guest_forwarded;
    uint32_t credit_requests;
    uint32_t credit_updates;
    uint8_t *replies;
    size_t replies_capacity;
};

/** By port, 1000 and up. */
static struct peer peers[MAX_PEERS];

/** What the guest sent to nobody that the model knows. */
static uint32_t resets_to_strangers;
static struct vsock_header last_to_stranger;

/** While packets come that no peer sent, the answers are nobody's. */
static bool is_noise;

#define FIRST_PORT 1000u

static struct peer *peer_of(const uint32_t port)
{
    return port >= FIRST_PORT && port < FIRST_PORT + MAX_PEERS && peers[port - FIRST_PORT].is_known
        ? &peers[port - FIRST_PORT] : NULL;
}

static uint32_t index_of(const struct vsock_header *const packet)
{
    return (uint32_t)((const struct packet_buffer *)packet - packets);
}

static uint32_t free_packets(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < PACKETS; i++)
    {
        count += !is_taken[i];
    }
    return count;
}

struct vsock_header *link_take(void)
{
    for (uint32_t i = 0; i < PACKETS; i++)
    {
        if (!is_taken[i])
        {
            is_taken[i] = true;
            memset(packets[i].bytes, 0xEE, sizeof packets[i].bytes);
            return (struct vsock_header *)packets[i].bytes;
        }
    }
    CHECK(!"the guest borrows packets and leaves none to send with");
    return NULL;
}

struct vsock_header *link_borrow(void)
{
    return free_packets() <= NOT_TO_LEND ? NULL : link_take();
}

void link_give(struct vsock_header *const packet)
{
    CHECK(is_taken[index_of(packet)]);
    is_taken[index_of(packet)] = false;
}

static void take_at_peer(struct peer *const peer, const struct vsock_header *const header)
{
    CHECK(!peer->is_reset);
    CHECK_EQUAL(header->src_port, PORT);
    if (header->op != VSOCK_OP_RST || header->buf_alloc != 0)
    {
        // What the guest says that it took is never more than was sent, and never goes back.
        CHECK((int32_t)(header->fwd_cnt - peer->guest_forwarded) >= 0);
        CHECK((int32_t)(peer->sent - header->fwd_cnt) >= 0);
        peer->guest_forwarded = header->fwd_cnt;
        peer->guest_window = header->buf_alloc;
    }
    switch (header->op)
    {
        case VSOCK_OP_RESPONSE:
            CHECK(!peer->is_open);
            peer->is_open = true;
            break;
        case VSOCK_OP_RST:
            peer->is_reset = true;
            peer->is_open = false;
            break;
        case VSOCK_OP_SHUTDOWN:
            CHECK_EQUAL(header->flags, VSOCK_SHUTDOWN_BOTH);
            CHECK(!peer->was_shut_down);
            peer->was_shut_down = true;
            break;
        case VSOCK_OP_RW:
            CHECK(peer->is_open);
            CHECK(!peer->was_shut_down);
            CHECK(header->len > 0);
            if (peer->came + header->len > peer->replies_capacity)
            {
                peer->replies_capacity = 2 * (peer->came + header->len);
                peer->replies = realloc(peer->replies, peer->replies_capacity);
            }
            memcpy(peer->replies + peer->came, (const uint8_t *)header + VSOCK_HEADER_BYTES, header->len);
            peer->came += header->len;
            // The rule of all: never more under way than the peer has room for.
            CHECK(peer->came - peer->taken <= peer->window);
            break;
        case VSOCK_OP_CREDIT_UPDATE:
            peer->credit_updates++;
            break;
        case VSOCK_OP_CREDIT_REQUEST:
            peer->credit_requests++;
            break;
        default:
            CHECK(!"the guest sends an operation that it has no business with");
    }
}

void link_send(struct vsock_header *const packet)
{
    CHECK(is_taken[index_of(packet)]);
    CHECK_EQUAL(packet->src_cid, OWN_CID);
    CHECK_EQUAL(packet->dst_cid, VSOCK_HOST_CID);
    CHECK(packet->len <= LINK_PAYLOAD_BYTES);
    CHECK(packet->op == VSOCK_OP_RW || packet->len == 0);
    struct peer *const peer = peer_of(packet->dst_port);
    if (peer != NULL && packet->src_port == PORT && packet->type == VSOCK_TYPE_STREAM)
    {
        take_at_peer(peer, packet);
    }
    else if (!is_noise)
    {
        CHECK_EQUAL(packet->op, VSOCK_OP_RST);
        resets_to_strangers++;
        last_to_stranger = *packet;
    }
    link_give(packet);
}

static struct vsock_header header_of(const uint32_t port, const uint16_t op)
{
    const struct peer *const peer = peer_of(port);
    return (struct vsock_header){
        .src_cid = VSOCK_HOST_CID,
        .dst_cid = OWN_CID,
        .src_port = port,
        .dst_port = PORT,
        .type = VSOCK_TYPE_STREAM,
        .op = op,
        .buf_alloc = peer == NULL ? 0 : peer->window,
        .fwd_cnt = peer == NULL ? 0 : peer->taken,
    };
}

static void send_to_guest(const uint32_t port, const uint16_t op, const uint32_t flags)
{
    struct vsock_header header = header_of(port, op);
    header.flags = flags;
    vsock_receive(&header, NULL);
}

static uint32_t credit_of(const struct peer *const peer)
{
    return peer->guest_window - (peer->sent - peer->guest_forwarded);
}

/** Sends bytes of which the caller knows that there is credit for them. */
static void send_bytes(const uint32_t port, const void *const bytes, const uint32_t length)
{
    struct peer *const peer = peer_of(port);
    struct vsock_header header = header_of(port, VSOCK_OP_RW);
    header.len = length;
    peer->sent += length;
    // A copy of exactly this size, so that reading beyond it is noticed.
    uint8_t *const copy = malloc(length);
    memcpy(copy, bytes, length);
    vsock_receive(&header, copy);
    free(copy);
}

static void send_text(const uint32_t port, const char *const text)
{
    send_bytes(port, text, (uint32_t)strlen(text));
    vsock_settle();
}

static void take_all(const uint32_t port)
{
    struct peer *const peer = peer_of(port);
    peer->taken = peer->came;
    send_to_guest(port, VSOCK_OP_CREDIT_UPDATE, 0);
    vsock_settle();
}

static struct peer *open_peer(const uint32_t port, const uint32_t window)
{
    struct peer *const peer = &peers[port - FIRST_PORT];
    free(peer->replies);
    *peer = (struct peer){ .is_known = true, .window = window };
    send_to_guest(port, VSOCK_OP_REQUEST, 0);
    vsock_settle();
    return peer;
}

static void begin(void)
{
    for (uint32_t i = 0; i < MAX_PEERS; i++)
    {
        free(peers[i].replies);
        peers[i] = (struct peer){ 0 };
    }
    vsock_reset(OWN_CID);
    CHECK_EQUAL(connection_count(), 0);
    CHECK_EQUAL(free_packets(), PACKETS);
    resets_to_strangers = 0;
}

#define CHECK_REPLIES(peer, text) \
    do \
    { \
        CHECK_EQUAL((peer)->came, strlen(text)); \
        CHECK(memcmp((peer)->replies, text, strlen(text)) == 0); \
    } \
    while (0)

static void aConnectionOpensServesAndCloses(void)
{
    begin();
    struct peer *const peer = open_peer(1000, 65536);
    CHECK(peer->is_open);
    CHECK_EQUAL(peer->guest_window, VSOCK_WINDOW_BYTES);
    CHECK_EQUAL(connection_count(), 1);
    send_text(1000, "PING\r\n");
    CHECK_REPLIES(peer, "+PONG\r\n");
    // The reply says that the request was taken; no packet of its own is needed for that.
    CHECK_EQUAL(peer->guest_forwarded, 6);
    CHECK_EQUAL(peer->credit_updates, 0);
    send_to_guest(1000, VSOCK_OP_SHUTDOWN, VSOCK_SHUTDOWN_BOTH);
    vsock_settle();
    CHECK(peer->is_reset);
    CHECK_EQUAL(connection_count(), 0);
}

static void repliesOfOneBatchAreOnePacket(void)
{
    begin();
    struct peer *const peer = open_peer(1000, 65536);
    for (int i = 0; i < 100; i++)
    {
        send_bytes(1000, "PING\r\n", 6);
    }
    CHECK_EQUAL(peer->came, 0);
    vsock_settle();
    CHECK_EQUAL(peer->came, 700);
    CHECK_EQUAL(peer->guest_forwarded, 600);
}

static void whoeverIsNotKnownIsReset(void)
{
    begin();
    struct vsock_header header = header_of(5000, VSOCK_OP_RW);
    vsock_receive(&header, NULL);
    CHECK_EQUAL(resets_to_strangers, 1);
    CHECK_EQUAL(last_to_stranger.dst_port, 5000);
    CHECK_EQUAL(last_to_stranger.src_port, PORT);

    // Another port than the one that is listened on.
    header = header_of(5000, VSOCK_OP_REQUEST);
    header.dst_port = 80;
    vsock_receive(&header, NULL);
    CHECK_EQUAL(resets_to_strangers, 2);
    CHECK_EQUAL(last_to_stranger.src_port, 80);

    // Another kind of socket.
    header = header_of(5000, VSOCK_OP_REQUEST);
    header.type = 2;
    vsock_receive(&header, NULL);
    CHECK_EQUAL(resets_to_strangers, 3);
    CHECK_EQUAL(last_to_stranger.type, 2);

    // A reset is not answered, and what is for somebody else is none of our business.
    header = header_of(5000, VSOCK_OP_RST);
    vsock_receive(&header, NULL);
    header = header_of(5000, VSOCK_OP_RW);
    header.dst_cid = 77;
    vsock_receive(&header, NULL);
    CHECK_EQUAL(resets_to_strangers, 3);
    CHECK_EQUAL(connection_count(), 0);
}

static void aSecondRequestOfTheSamePortResets(void)
{
    begin();
    struct peer *const peer = open_peer(1000, 65536);
    send_to_guest(1000, VSOCK_OP_REQUEST, 0);
    vsock_settle();
    CHECK(peer->is_reset);
    CHECK_EQUAL(connection_count(), 0);
}

static void aFullTableRefusesAndRecovers(void)
{
    begin();
    for (uint32_t i = 0; i < MAX_CONNECTIONS; i++)
    {
        CHECK(open_peer(FIRST_PORT + i, 65536)->is_open);
    }
    CHECK(open_peer(FIRST_PORT + MAX_CONNECTIONS, 65536)->is_reset);
    // One that was told that all is over, and never answers, makes room.
    send_text(FIRST_PORT + 7, "QUIT\r\n");
    CHECK(peers[7].was_shut_down);
    CHECK(open_peer(FIRST_PORT + MAX_CONNECTIONS + 1, 65536)->is_open);
    CHECK(peers[7].is_reset);
    for (uint32_t i = 0; i < MAX_CONNECTIONS + 2; i++)
    {
        if (peers[i].is_open)
        {
            send_text(FIRST_PORT + i, "PING\r\n");
            CHECK_REPLIES(&peers[i], "+PONG\r\n");
            send_to_guest(FIRST_PORT + i, VSOCK_OP_RST, 0);
        }
    }
    CHECK_EQUAL(connection_count(), 0);
}

static void quitIsAnsweredBeforeTheConnectionEnds(void)
{
    begin();
    struct peer *const peer = open_peer(1000, 65536);
    send_text(1000, "SET q 1\r\nQUIT\r\nSET q 2\r\n");
    CHECK_REPLIES(peer, "+OK\r\n+OK\r\n");
    CHECK(peer->was_shut_down);
    CHECK_EQUAL(connection_count(), 1);
    // What comes until the peer has understood is thrown away.
    send_text(1000, "SET q 3\r\n");
    send_to_guest(1000, VSOCK_OP_RST, 0);
    CHECK_EQUAL(connection_count(), 0);
    struct peer *const other = open_peer(1001, 65536);
    send_text(1001, "GET q\r\n");
    CHECK_REPLIES(other, "$1\r\n1\r\n");
}

static void aPeerThatOnlySendsNoMoreGetsItsReplies(void)
{
    begin();
    struct peer *const peer = open_peer(1000, 5);
    send_bytes(1000, "PING\r\nPING\r\n", 12);
    send_to_guest(1000, VSOCK_OP_SHUTDOWN, VSOCK_SHUTDOWN_SEND);
    vsock_settle();
    CHECK_EQUAL(peer->came, 5);
    CHECK(!peer->was_shut_down);
    take_all(1000);
    take_all(1000);
    CHECK_REPLIES(peer, "+PONG\r\n+PONG\r\n");
    CHECK(peer->was_shut_down);
    send_to_guest(1000, VSOCK_OP_SHUTDOWN, VSOCK_SHUTDOWN_BOTH);
    CHECK(peer->is_reset);
    CHECK_EQUAL(connection_count(), 0);
}

static void aPeerThatTakesNoMoreIsSentNothing(void)
{
    begin();
    struct peer *const peer = open_peer(1000, 65536);
    send_bytes(1000, "PING\r\n", 6);
    send_to_guest(1000, VSOCK_OP_SHUTDOWN, VSOCK_SHUTDOWN_RECEIVE);
    vsock_settle();
    CHECK_EQUAL(peer->came, 0);
    CHECK(peer->was_shut_down);
    send_to_guest(1000, VSOCK_OP_SHUTDOWN, VSOCK_SHUTDOWN_SEND);
    CHECK(peer->is_reset);
    CHECK_EQUAL(connection_count(), 0);
}

static void creditIsAskedForOnceAndReturnedWhenHalfIsTaken(void)
{
    begin();
    struct peer *const peer = open_peer(1000, 3);
    send_text(1000, "PING\r\n");
    CHECK_EQUAL(peer->came, 3);
    CHECK_EQUAL(peer->credit_requests, 1);
    send_text(1000, "PING\r\n");
    CHECK_EQUAL(peer->credit_requests, 1);
    take_all(1000);
    CHECK_EQUAL(peer->came, 6);
    CHECK_EQUAL(peer->credit_requests, 2);
    take_all(1000);
    take_all(1000);
    take_all(1000);
    CHECK_REPLIES(peer, "+PONG\r\n+PONG\r\n");

    // A request that makes no reply for long: the guest says itself that there is room again.
    struct peer *const other = open_peer(1001, 65536);
    static uint8_t value[20000];
    send_text(1001, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n");
    send_bytes(1001, value, 20000);
    vsock_settle();
    CHECK_EQUAL(other->credit_updates, 0);
    send_bytes(1001, value, 20000);
    vsock_settle();
    CHECK_EQUAL(other->credit_updates, 1);
    CHECK_EQUAL(credit_of(other), VSOCK_WINDOW_BYTES);
    send_to_guest(1001, VSOCK_OP_CREDIT_REQUEST, 0);
    CHECK_EQUAL(other->credit_updates, 2);
}

static void aPeerThatSendsMoreThanItMayIsReset(void)
{
    begin();
    struct peer *const peer = open_peer(1000, 65536);
    static uint8_t bytes[VSOCK_WINDOW_BYTES + 1];
    send_bytes(1000, bytes, sizeof bytes);
    CHECK(peer->is_reset);
    CHECK_EQUAL(connection_count(), 0);
}

static void aPeerWhoseWindowShrinksIsNotOverrun(void)
{
    begin();
    struct peer *const peer = open_peer(1000, 65536);
    send_text(1000, "PING\r\n");
    CHECK_EQUAL(peer->came, 7);
    peer->window = 7;
    send_text(1000, "PING\r\n");
    CHECK_EQUAL(peer->came, 7);
    take_all(1000);
    CHECK_EQUAL(peer->came, 14);
}

/** A client that asks for long replies and does not take them costs a bounded amount of memory. */
static void aPeerThatTakesNothingIsHeldBack(void)
{
    begin();
    struct peer *const feeder = open_peer(1000, 1u << 20);
    static uint8_t value[30000];
    memset(value, 'v', sizeof value);
    send_text(1000, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$30000\r\n");
    send_bytes(1000, value, sizeof value);
    send_text(1000, "\r\n");
    CHECK_REPLIES(feeder, "+OK\r\n");

    struct peer *const peer = open_peer(1001, 10000);
    const uint64_t before = memory_used();
    uint32_t asked = 0;
    while (credit_of(peer) >= 7)
    {
        send_text(1001, "GET k\r\n");
        asked++;
        CHECK(asked < 100000);
    }
    // The window is full of requests that nobody executes, and no more replies wait than the bound and one.
    CHECK(asked >= VSOCK_WINDOW_BYTES / 7);
    CHECK(memory_used() - before <= 2 * (LONG_OUTPUT_BYTES + 30000) + 2 * VSOCK_WINDOW_BYTES);
    CHECK_EQUAL(peer->came, 10000);
    for (uint32_t i = 0; i < 100000 && peer->came < asked * 30010; i++)
    {
        take_all(1001);
    }
    CHECK_EQUAL(peer->came, asked * 30010);
    CHECK_EQUAL(credit_of(peer), VSOCK_WINDOW_BYTES);
    send_to_guest(1001, VSOCK_OP_RST, 0);
    CHECK(memory_used() <= before);
}

static void aResetOfTheTransportForgetsAll(void)
{
    begin();
    const uint64_t before = memory_used();
    for (uint32_t i = 0; i < 100; i++)
    {
        (void)open_peer(FIRST_PORT + i, i % 10);
        send_bytes(FIRST_PORT + i, "PING\r\n*1\r\n$100\r\nabc", 19);
        if (i % 2 == 0)
        {
            vsock_settle();
        }
    }
    vsock_reset(OWN_CID);
    vsock_settle();
    CHECK_EQUAL(connection_count(), 0);
    CHECK_EQUAL(memory_used(), before);
    CHECK_EQUAL(free_packets(), PACKETS);
    send_text(FIRST_PORT, "PING\r\n");
    CHECK(peers[0].is_reset);
}

#define CROWD 60u
#define CROWD_ROUNDS 12000

/** What a member of the crowd has to send, and what must come. */
struct script
{
    uint8_t *requests;
    uint32_t requests_bytes;
    uint8_t *replies;
    uint32_t replies_bytes;
};

static struct script write_script(const uint32_t member)
{
    struct script script = { malloc(2u << 20), 0, malloc(8u << 20), 0 };
    uint64_t counter = 0;
    uint32_t value_bytes = 0;
    for (int i = 0; i < 120; i++)
    {
        char *const to = (char *)script.requests + script.requests_bytes;
        char *const reply = (char *)script.replies + script.replies_bytes;
        switch (random_below(4))
        {
            case 0:
                script.requests_bytes += (uint32_t)sprintf(to, "INCR counter:%u\r\n", member);
                script.replies_bytes += (uint32_t)sprintf(reply, ":%llu\r\n", (unsigned long long)++counter);
                break;
            case 1:
                value_bytes = 1 + random_below(random_below(10) == 0 ? 30000 : 300);
                script.requests_bytes += (uint32_t)sprintf(to, "*3\r\n$3\r\nSET\r\n$8\r\nvalue%03u\r\n$%u\r\n", member,
                    value_bytes);
                memset(script.requests + script.requests_bytes, 'a' + (int)(member % 26), value_bytes);
                script.requests_bytes += value_bytes;
                memcpy(script.requests + script.requests_bytes, "\r\n", 2);
                script.requests_bytes += 2;
                script.replies_bytes += (uint32_t)sprintf(reply, "+OK\r\n");
                break;
            case 2:
                if (value_bytes == 0)
                {
                    break;
                }
                script.requests_bytes += (uint32_t)sprintf(to, "*2\r\n$3\r\nGET\r\n$8\r\nvalue%03u\r\n", member);
                script.replies_bytes += (uint32_t)sprintf(reply, "$%u\r\n", value_bytes);
                memset(script.replies + script.replies_bytes, 'a' + (int)(member % 26), value_bytes);
                script.replies_bytes += value_bytes;
                memcpy(script.replies + script.replies_bytes, "\r\n", 2);
                script.replies_bytes += 2;
                break;
            default:
                script.requests_bytes += (uint32_t)sprintf(to, "PING %d\r\n", i);
                script.replies_bytes += (uint32_t)sprintf(reply, "$%d\r\n%d\r\n", i < 10 ? 1 : i < 100 ? 2 : 3, i);
                break;
        }
    }
    return script;
}

/** Many peers at once, each sending and taking as chance has it; all get their own replies, whole and in order. */
static void aCrowdIsServedWithinItsCredit(void)
{
    static struct script scripts[CROWD];
    begin();
    vsock_settle();
    const uint64_t before = memory_used();
    for (uint32_t member = 0; member < CROWD; member++)
    {
        scripts[member] = write_script(member);
        const uint32_t window = 1 + random_below(1u << (1 + random_below(17)));
        CHECK(open_peer(FIRST_PORT + member, window)->is_open);
    }
    for (int round = 0; round < CROWD_ROUNDS; round++)
    {
        // Several packets come before the guest looks after its replies.
        for (uint32_t packets_now = random_below(12); packets_now > 0; packets_now--)
        {
            const uint32_t member = random_below(CROWD);
            struct peer *const peer = &peers[member];
            uint32_t left = scripts[member].requests_bytes - peer->sent;
            const uint32_t room = credit_of(peer);
            CHECK(room <= VSOCK_WINDOW_BYTES);
            left = left < room ? left : room;
            if (left > 0)
            {
                const uint32_t most = left < 4096 ? left : 4096;
                send_bytes(FIRST_PORT + member, scripts[member].requests + peer->sent, 1 + random_below(most));
            }
        }
        if (random_below(3) == 0)
        {
            const uint32_t member = random_below(CROWD);
            peers[member].taken += random_below(1 + peers[member].came - peers[member].taken);
            send_to_guest(FIRST_PORT + member, VSOCK_OP_CREDIT_UPDATE, 0);
        }
        vsock_settle();
    }
    for (uint32_t member = 0; member < CROWD; member++)
    {
        struct peer *const peer = &peers[member];
        struct script *const script = &scripts[member];
        for (int i = 0; i < 10000000 && peer->sent + peer->came < script->requests_bytes + script->replies_bytes; i++)
        {
            const uint32_t left = script->requests_bytes - peer->sent;
            const uint32_t now = left < credit_of(peer) ? left : credit_of(peer);
            if (now > 0)
            {
                send_bytes(FIRST_PORT + member, script->requests + peer->sent, now < 4096 ? now : 4096);
            }
            take_all(FIRST_PORT + member);
        }
        CHECK_EQUAL(peer->came, script->replies_bytes);
        CHECK(memcmp(peer->replies, script->replies, script->replies_bytes) == 0);
        send_to_guest(FIRST_PORT + member, VSOCK_OP_SHUTDOWN, VSOCK_SHUTDOWN_BOTH);
        CHECK(peer->is_reset);
        free(script->requests);
        free(script->replies);
    }
    CHECK_EQUAL(connection_count(), 0);
    CHECK_EQUAL(free_packets(), PACKETS);
    vsock_settle();
    // All that is left is what was stored.
    struct peer *const last = open_peer(1000, 65536);
    send_text(1000, "FLUSHALL\r\n");
    CHECK_REPLIES(last, "+OK\r\n");
    send_to_guest(1000, VSOCK_OP_RST, 0);
    CHECK(memory_used() <= before);
}

/** Packets that no peer would send: the guest answers with a reset at most, and its books stay whole. */
static void noiseDoesNoHarm(void)
{
    begin();
    static uint8_t bytes[4096];
    for (int i = 0; i < 200000; i++)
    {
        struct vsock_header header = {
            .src_cid = random_below(20) == 0 ? 9 : VSOCK_HOST_CID,
            .dst_cid = random_below(20) == 0 ? 9 : OWN_CID,
            .src_port = 9000 + random_below(20),
            .dst_port = random_below(20) == 0 ? 1 : PORT,
            .len = 0,
            .type = random_below(50) == 0 ? 2 : VSOCK_TYPE_STREAM,
            .op = (uint16_t)random_below(10),
            .flags = random_below(4),
            .buf_alloc = (uint32_t)random_number(),
            .fwd_cnt = (uint32_t)random_number(),
        };
        if (header.op == VSOCK_OP_RW)
        {
            header.len = random_below(sizeof bytes);
            for (uint32_t j = 0; j < header.len; j++)
            {
                bytes[j] = "*3$\r\nPINGETSx 01\""[random_below(17)];
            }
        }
        is_noise = true;
        vsock_receive(&header, bytes);
        if (random_below(5) == 0)
        {
            vsock_settle();
        }
        is_noise = false;
    }
    is_noise = true;
    vsock_settle();
    vsock_reset(OWN_CID);
    is_noise = false;
    CHECK_EQUAL(free_packets(), PACKETS);
}

int main(void)
{
    test_start_memory(AREA_BYTES);
    vsock_start(OWN_CID, PORT);
    aConnectionOpensServesAndCloses();
    repliesOfOneBatchAreOnePacket();
    whoeverIsNotKnownIsReset();
    aSecondRequestOfTheSamePortResets();
    aFullTableRefusesAndRecovers();
    quitIsAnsweredBeforeTheConnectionEnds();
    aPeerThatOnlySendsNoMoreGetsItsReplies();
    aPeerThatTakesNoMoreIsSentNothing();
    creditIsAskedForOnceAndReturnedWhenHalfIsTaken();
    aPeerThatSendsMoreThanItMayIsReset();
    aPeerWhoseWindowShrinksIsNotOverrun();
    aPeerThatTakesNothingIsHeldBack();
    aResetOfTheTransportForgetsAll();
    aCrowdIsServedWithinItsCredit();
    noiseDoesNoHarm();
    begin();
    puts("vsock ok");
    return 0;
}
