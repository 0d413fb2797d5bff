// SPDX-License-Identifier: Apache-2.0
#include "vsock.h"

#include "bytes.h"
#include "command.h"
#include "session.h"

/** Slots of the table that finds a connection by its peer's port; half of them stay free. */
#define SLOTS (2u * MAX_CONNECTIONS)

enum connection_state
{
    /** Nobody's. */
    CONNECTION_FREE,

    /** Takes requests and sends replies. */
    CONNECTION_OPEN,

    /** Was told that this side is done; waits for the peer to forget it. */
    CONNECTION_ENDED
};

struct connection
{
    struct session session;
    struct vsock_header *borrowed; /* the packet that the session's output is in */
    enum connection_state state;
    bool is_touched;          /* waits in the list for vsock_settle */
    bool has_asked_for_credit;
    bool peer_sends_no_more;
    bool peer_takes_no_more;
    uint32_t peer_port;

    /* All counts are of bytes since the beginning, and wrap around. */
    uint32_t peer_window;     /* what the peer has room for */
    uint32_t peer_forwarded;  /* what it says that it took of what was sent */
    uint32_t sent;
    uint32_t received;
    uint32_t forwarded;       /* what was taken of what was received */
    uint32_t announced;       /* the last of those that the peer was told */
};

static uint64_t own_cid;
static uint32_t own_port;

static struct connection connections[MAX_CONNECTIONS];
static uint16_t free_list[MAX_CONNECTIONS];
static uint32_t free_count;

/** Index + 1 of the connection whose peer has the port that hashes here or before; 0 for none. */
static uint16_t slots[SLOTS];

static uint16_t touched[MAX_CONNECTIONS];
static uint32_t touched_count;

uint32_t connection_count(void)
{
    return MAX_CONNECTIONS - free_count;
}

static uint32_t slot_of(const uint32_t port)
{
    return (port * 2654435769u) >> 22;
}

_Static_assert(SLOTS == 1u << 10, "slot_of has ten bits");

static struct connection *find(const uint32_t port)
{
    for (uint32_t slot = slot_of(port); slots[slot] != 0; slot = (slot + 1) % SLOTS)
    {
        struct connection *const connection = &connections[slots[slot] - 1];
        if (connection->peer_port == port)
        {
            return connection;
        }
    }
    return NULL;
}

static void insert(const uint32_t port, const uint32_t index)
{
    uint32_t slot = slot_of(port);
    while (slots[slot] != 0)
    {
        slot = (slot + 1) % SLOTS;
    }
    slots[slot] = (uint16_t)(index + 1);
}

static void erase(const uint32_t port, const uint32_t index)
{
    uint32_t hole = slot_of(port);
    while (slots[hole] != index + 1)
    {
        hole = (hole + 1) % SLOTS;
    }
    slots[hole] = 0;
    // What stands behind the hole and could have stood in it moves there, so that no search ends too early.
    for (uint32_t slot = (hole + 1) % SLOTS; slots[slot] != 0; slot = (slot + 1) % SLOTS)
    {
        const uint32_t home = slot_of(connections[slots[slot] - 1].peer_port);
        if ((slot - home) % SLOTS >= (slot - hole) % SLOTS)
        {
            slots[hole] = slots[slot];
            slots[slot] = 0;
            hole = slot;
        }
    }
}

static void fill_header(
    struct vsock_header *const header, const uint32_t from_port, const uint32_t to_port, const uint16_t op)
{
    header->src_cid = own_cid;
    header->dst_cid = VSOCK_HOST_CID;
    header->src_port = from_port;
    header->dst_port = to_port;
    header->len = 0;
    header->type = VSOCK_TYPE_STREAM;
    header->op = op;
    header->flags = 0;
    header->buf_alloc = 0;
    header->fwd_cnt = 0;
}

/** Answers a packet that belongs to no connection. */
static void send_reset(const struct vsock_header *const to)
{
    struct vsock_header *const packet = link_take();
    fill_header(packet, to->dst_port, to->src_port, VSOCK_OP_RST);
    packet->type = to->type;
    link_send(packet);
}

/** Sends a packet of a connection, with the credit that every packet carries. */
static void send(
    struct connection *const connection, struct vsock_header *const packet, const uint16_t op, const uint32_t flags,
    const uint32_t payload_bytes)
{
    fill_header(packet, own_port, connection->peer_port, op);
    packet->len = payload_bytes;
    packet->flags = flags;
    packet->buf_alloc = VSOCK_WINDOW_BYTES;
    packet->fwd_cnt = connection->forwarded;
    connection->announced = connection->forwarded;
    connection->sent += payload_bytes;
    link_send(packet);
}

static void send_control(struct connection *const connection, const uint16_t op, const uint32_t flags)
{
    send(connection, link_take(), op, flags, 0);
}

static void touch(struct connection *const connection)
{
    if (!connection->is_touched)
    {
        connection->is_touched = true;
        touched[touched_count++] = (uint16_t)(connection - connections);
    }
}

/** Gives back the packet that the output was written to, and what is in it with it. */
static void drop_borrowed(struct connection *const connection)
{
    if (connection->borrowed != NULL)
    {
        if (connection->session.out.is_lent)
        {
            output_return(&connection->session.out);
        }
        link_give(connection->borrowed);
        connection->borrowed = NULL;
    }
}

static void forget(struct connection *const connection)
{
    const uint32_t index = (uint32_t)(connection - connections);
    drop_borrowed(connection);
    session_close(&connection->session);
    erase(connection->peer_port, index);
    connection->state = CONNECTION_FREE;
    free_list[free_count++] = (uint16_t)index;
}

/** Makes room in a full table: a peer that was told that all is over and never answered is not waited for. */
static void forget_one_that_ended(void)
{
    for (uint32_t i = 0; i < MAX_CONNECTIONS; i++)
    {
        if (connections[i].state == CONNECTION_ENDED)
        {
            send_control(&connections[i], VSOCK_OP_RST, 0);
            forget(&connections[i]);
            return;
        }
    }
}

static void open(const struct vsock_header *const request)
{
    if (free_count == 0)
    {
        forget_one_that_ended();
    }
    if (free_count == 0)
    {
        send_reset(request);
        return;
    }
    const uint32_t index = free_list[--free_count];
    struct connection *const connection = &connections[index];
    // A place whose last connection ended in this very batch may still be in the list of those touched.
    const bool is_touched = connection->is_touched;
    *connection = (struct connection){ .state = CONNECTION_OPEN, .is_touched = is_touched };
    connection->peer_port = request->src_port;
    connection->peer_window = request->buf_alloc;
    connection->peer_forwarded = request->fwd_cnt;
    session_open(&connection->session);
    insert(request->src_port, index);
    send_control(connection, VSOCK_OP_RESPONSE, 0);
}

/** Bytes that the peer has room for. */
static uint32_t credit(const struct connection *const connection)
{
    const uint32_t under_way = connection->sent - connection->peer_forwarded;
    return under_way < connection->peer_window ? connection->peer_window - under_way : 0;
}

/** Counts as taken what is executed or part of a request that is not complete, but not what waits for replies to go. */
static void forward(struct connection *const connection)
{
    const struct session *const session = &connection->session;
    const uint32_t waiting = session_is_paused(session) ? session->in_bytes : 0;
    const uint32_t forwarded = connection->received - waiting;
    if ((int32_t)(forwarded - connection->forwarded) > 0)
    {
        connection->forwarded = forwarded;
    }
}

/** Lends the session a packet to write its replies to, when it has none waiting. */
static void lend(struct connection *const connection)
{
    struct output *const out = &connection->session.out;
    if (connection->borrowed == NULL && output_waiting(out) == 0)
    {
        connection->borrowed = link_borrow();
        if (connection->borrowed != NULL)
        {
            // The memory of its own that it may have is worth keeping only while something is in it.
            output_clear(out);
            output_lend(out, link_payload(connection->borrowed), LINK_PAYLOAD_BYTES);
        }
    }
}

/** Sends the packet that replies were written to as it is, or gives it back and keeps what is in it. */
static void send_borrowed(struct connection *const connection)
{
    struct output *const out = &connection->session.out;
    if (connection->borrowed == NULL)
    {
        return;
    }
    struct vsock_header *const packet = connection->borrowed;
    const uint32_t bytes = output_waiting(out);
    connection->borrowed = NULL;
    if (out->is_lent && bytes > 0 && bytes <= credit(connection))
    {
        output_return(out);
        send(connection, packet, VSOCK_OP_RW, 0, bytes);
        return;
    }
    if (out->is_lent)
    {
        if (bytes == 0)
        {
            output_return(out);
        }
        else if (!output_keep(out))
        {
            // Replies are lost for want of memory: the connection cannot go on.
            connection->session.is_closing = true;
        }
    }
    link_give(packet);
}

/** Sends what waits, as far as the peer has room. */
static void send_waiting(struct connection *const connection)
{
    struct output *const out = &connection->session.out;
    send_borrowed(connection);
    while (output_waiting(out) > 0)
    {
        const uint32_t room = credit(connection);
        uint32_t bytes = output_waiting(out);
        bytes = bytes < LINK_PAYLOAD_BYTES ? bytes : LINK_PAYLOAD_BYTES;
        bytes = bytes < room ? bytes : room;
        if (bytes == 0)
        {
            return;
        }
        struct vsock_header *const packet = link_take();
        memcpy(link_payload(packet), out->bytes + out->start, bytes);
        out->start += bytes;
        send(connection, packet, VSOCK_OP_RW, 0, bytes);
    }
    if (out->bytes != NULL)
    {
        output_clear(out);
    }
}

static void settle(struct connection *const connection)
{
    struct session *const session = &connection->session;
    send_waiting(connection);
    while (session->in_bytes >= session->wanted_bytes && session->in_bytes > 0 && !session_is_paused(session)
        && !session->is_closing)
    {
        // Requests that waited for replies to go; they may make more of them than can go again.
        const uint32_t before = session->in_bytes;
        lend(connection);
        session_resume(session);
        forward(connection);
        send_waiting(connection);
        if (session->in_bytes == before)
        {
            break;
        }
    }
    forward(connection);

    const bool has_replies = output_waiting(&session->out) > 0;
    if (has_replies && credit(connection) == 0 && !connection->has_asked_for_credit)
    {
        connection->has_asked_for_credit = true;
        send_control(connection, VSOCK_OP_CREDIT_REQUEST, 0);
    }
    if (connection->forwarded - connection->announced >= VSOCK_WINDOW_BYTES / 2)
    {
        send_control(connection, VSOCK_OP_CREDIT_UPDATE, 0);
    }
    // A request that is not complete will never be, once the peer sends no more.
    const bool is_done = session->is_closing || (connection->peer_sends_no_more && !session_is_paused(session));
    if (connection->state == CONNECTION_OPEN && is_done && !has_replies)
    {
        connection->state = CONNECTION_ENDED;
        send_control(connection, VSOCK_OP_SHUTDOWN, VSOCK_SHUTDOWN_BOTH);
    }
}

/** True when the connection is gone. */
static bool receive_shutdown(struct connection *const connection, const uint32_t flags)
{
    connection->peer_sends_no_more |= (flags & VSOCK_SHUTDOWN_SEND) != 0;
    connection->peer_takes_no_more |= (flags & VSOCK_SHUTDOWN_RECEIVE) != 0;
    const bool is_over = connection->peer_takes_no_more
        && (connection->peer_sends_no_more || connection->state == CONNECTION_ENDED);
    if (is_over)
    {
        send_control(connection, VSOCK_OP_RST, 0);
        forget(connection);
        return true;
    }
    if (connection->peer_takes_no_more)
    {
        // Nobody reads replies any more: as good as closed, but the peer may still say so itself.
        drop_borrowed(connection);
        output_clear(&connection->session.out);
        connection->session.is_closing = true;
    }
    return false;
}

void vsock_receive(const struct vsock_header *const header, const uint8_t *const payload)
{
    if (header->src_cid != VSOCK_HOST_CID || header->dst_cid != own_cid)
    {
        return;
    }
    const uint16_t op = header->op;
    const bool is_ours = header->type == VSOCK_TYPE_STREAM && header->dst_port == own_port;
    struct connection *const connection = is_ours ? find(header->src_port) : NULL;
    if (connection == NULL)
    {
        if (is_ours && op == VSOCK_OP_REQUEST)
        {
            open(header);
        }
        else if (op != VSOCK_OP_RST)
        {
            send_reset(header);
        }
        return;
    }

    connection->peer_window = header->buf_alloc;
    connection->peer_forwarded = header->fwd_cnt;
    if (credit(connection) > 0)
    {
        connection->has_asked_for_credit = false;
    }
    switch (op)
    {
        case VSOCK_OP_RW:
            connection->received += header->len;
            if (connection->received - connection->announced > VSOCK_WINDOW_BYTES)
            {
                // More than it was told that there is room for: what it counts cannot be trusted.
                send_control(connection, VSOCK_OP_RST, 0);
                forget(connection);
                return;
            }
            if (connection->state == CONNECTION_OPEN)
            {
                lend(connection);
                session_receive(&connection->session, payload, header->len);
            }
            forward(connection);
            break;
        case VSOCK_OP_SHUTDOWN:
            if (receive_shutdown(connection, header->flags))
            {
                return;
            }
            break;
        case VSOCK_OP_CREDIT_UPDATE:
            break;
        case VSOCK_OP_CREDIT_REQUEST:
            send_control(connection, VSOCK_OP_CREDIT_UPDATE, 0);
            break;
        case VSOCK_OP_RST:
            forget(connection);
            return;
        default:
            // A request for a connection that there is, or nonsense: the two sides do not agree.
            send_control(connection, VSOCK_OP_RST, 0);
            forget(connection);
            return;
    }
    touch(connection);
}

void vsock_settle(void)
{
    for (uint32_t i = 0; i < touched_count; i++)
    {
        struct connection *const connection = &connections[touched[i]];
        connection->is_touched = false;
        if (connection->state != CONNECTION_FREE)
        {
            settle(connection);
        }
    }
    touched_count = 0;
}

void vsock_start(const uint64_t cid, const uint32_t port)
{
    own_cid = cid;
    own_port = port;
    free_count = 0;
    touched_count = 0;
    memset(slots, 0, sizeof slots);
    for (uint32_t i = MAX_CONNECTIONS; i > 0; i--)
    {
        connections[i - 1] = (struct connection){ .state = CONNECTION_FREE };
        free_list[free_count++] = (uint16_t)(i - 1);
    }
}

void vsock_reset(const uint64_t cid)
{
    for (uint32_t i = 0; i < MAX_CONNECTIONS; i++)
    {
        if (connections[i].state != CONNECTION_FREE)
        {
            forget(&connections[i]);
        }
    }
    vsock_start(cid, own_port);
}
