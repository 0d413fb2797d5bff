/* SPDX-License-Identifier: Apache-2.0 */
/* Driver for virtio-vsock over modern virtio-mmio: virtio 1.2, sections 4.2 and 5.10. */
#include "vsock.h"

#include "memory.h"
#include "resp.h"

#define QUEUE_SIZE 256u
#define RX_BYTES 4096u
#define TX_BYTES 16384u
#define MAX_CONNECTIONS 512u
#define SLOTS 1024u
/* What a client may have under way to this server, in bytes. */
#define WINDOW (64u << 10)
/* When the device had so few buffers left it may have run out: it is told of new ones. */
#define RX_NOTIFY (QUEUE_SIZE / 2)

#define DEVICE_VSOCK 19
#define HOST_CID 2

enum
{
    OP_REQUEST = 1,
    OP_RESPONSE,
    OP_RST,
    OP_SHUTDOWN,
    OP_RW,
    OP_CREDIT_UPDATE,
    OP_CREDIT_REQUEST
};

struct header
{
    uint64_t src_cid;
    uint64_t dst_cid;
    uint32_t src_port;
    uint32_t dst_port;
    uint32_t len;
    uint16_t type;
    uint16_t op;
    uint32_t flags;
    uint32_t buf_alloc;
    uint32_t fwd_cnt;
} __attribute__((packed));

struct descriptor
{
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};

struct available
{
    uint16_t flags;
    uint16_t index;
    uint16_t ring[QUEUE_SIZE];
};

struct used
{
    uint16_t flags;
    uint16_t index;
    struct
    {
        uint32_t id;
        uint32_t length;
    } ring[QUEUE_SIZE];
};

struct queue
{
    struct descriptor descriptors[QUEUE_SIZE] __attribute__((aligned(16)));
    struct available available __attribute__((aligned(16)));
    struct used used __attribute__((aligned(16)));
    uint16_t seen;
};

struct connection
{
    bool open;
    bool peer_ended;
    bool ended;
    bool dirty;
    bool paused;
    uint32_t peer_port;
    uint32_t peer_window;
    uint32_t peer_forwarded;
    uint32_t sent;
    uint32_t received;
    uint32_t forwarded;
    uint32_t announced;
    uint8_t *input;
    uint32_t input_capacity;
    uint32_t input_length;
    struct output output;
};

static struct queue rx, tx, events;
static uint8_t rx_buffers[QUEUE_SIZE][RX_BYTES] __attribute__((aligned(64)));
static uint8_t event_buffers[8][16];
static uint8_t tx_buffers[QUEUE_SIZE / 2][TX_BYTES] __attribute__((aligned(64)));
static uint16_t tx_free[QUEUE_SIZE / 2];
static uint32_t tx_free_count;
static bool tx_pending;

static struct connection connections[MAX_CONNECTIONS];
static uint16_t free_connections[MAX_CONNECTIONS];
static uint32_t free_count;
/* Open addressing by the peer's port: index + 1 of the connection, 0 for none. */
static uint16_t slots[SLOTS];
static uint16_t dirty_list[MAX_CONNECTIONS];
static uint32_t dirty_count;

static uint64_t base;
static uint32_t irq;
static uint64_t own_cid;
static uint32_t own_port;

uint32_t vsock_connections(void)
{
    return MAX_CONNECTIONS - free_count;
}

static void fence(void)
{
    __asm__ volatile("fence" : : : "memory");
}

static void queue_setup(uint32_t number, struct queue *queue)
{
    mmio_write(base + 0x30, number);
    mmio_write(base + 0x38, QUEUE_SIZE);
    uint64_t addresses[] = {(uint64_t)queue->descriptors, (uint64_t)&queue->available, (uint64_t)&queue->used};
    for (int i = 0; i < 3; i++)
    {
        mmio_write(base + 0x80 + 0x10 * (uint64_t)i, (uint32_t)addresses[i]);
        mmio_write(base + 0x84 + 0x10 * (uint64_t)i, (uint32_t)(addresses[i] >> 32));
    }
    mmio_write(base + 0x44, 1);
}

static void queue_offer(struct queue *queue, uint16_t id)
{
    queue->available.ring[queue->available.index % QUEUE_SIZE] = id;
    fence();
    queue->available.index++;
}

bool vsock_init(uint32_t port)
{
    for (int i = 0; i < machine.virtio_count; i++)
    {
        uint64_t at = machine.virtio[i].base;
        if (mmio_read(at) == 0x74726976 && mmio_read(at + 4) == 2 && mmio_read(at + 8) == DEVICE_VSOCK)
        {
            base = at;
            irq = machine.virtio[i].irq;
        }
    }
    if (base == 0)
    {
        return false;
    }
    own_port = port;
    mmio_write(base + 0x70, 0);
    mmio_write(base + 0x70, 1 | 2);
    mmio_write(base + 0x24, 0);
    mmio_write(base + 0x20, 0);
    mmio_write(base + 0x24, 1);
    mmio_write(base + 0x20, 1);
    mmio_write(base + 0x70, 1 | 2 | 8);
    if ((mmio_read(base + 0x70) & 8) == 0)
    {
        fail("the vsock device refuses this driver");
    }
    own_cid = mmio_read(base + 0x100) | (uint64_t)mmio_read(base + 0x104) << 32;

    queue_setup(0, &rx);
    queue_setup(1, &tx);
    queue_setup(2, &events);
    for (uint16_t i = 0; i < QUEUE_SIZE; i++)
    {
        rx.descriptors[i] = (struct descriptor){(uint64_t)rx_buffers[i], RX_BYTES, 2, 0};
        queue_offer(&rx, i);
    }
    for (uint16_t i = 0; i < 8; i++)
    {
        events.descriptors[i] = (struct descriptor){(uint64_t)event_buffers[i], sizeof event_buffers[i], 2, 0};
        queue_offer(&events, i);
    }
    for (uint16_t i = 0; i < QUEUE_SIZE / 2; i++)
    {
        tx_free[tx_free_count++] = i;
    }
    tx.available.flags = 1;
    for (uint32_t i = 0; i < MAX_CONNECTIONS; i++)
    {
        free_connections[free_count++] = (uint16_t)(MAX_CONNECTIONS - 1 - i);
    }

    mmio_write(machine.plic_base + 4 * (uint64_t)irq, 1);
    uint64_t enable = machine.plic_base + 0x2000 + 0x80 * (uint64_t)machine.plic_context;
    mmio_write(enable + irq / 32 * 4, 1u << irq % 32);
    mmio_write(machine.plic_base + 0x200000 + 0x1000 * (uint64_t)machine.plic_context, 0);

    mmio_write(base + 0x70, 1 | 2 | 8 | 4);
    mmio_write(base + 0x50, 0);
    mmio_write(base + 0x50, 2);
    return true;
}

static uint32_t slot_of(uint32_t port)
{
    return (port * 2654435761u >> 16) % SLOTS;
}

static struct connection *find(uint32_t port)
{
    for (uint32_t slot = slot_of(port); slots[slot] != 0; slot = (slot + 1) % SLOTS)
    {
        struct connection *connection = &connections[slots[slot] - 1];
        if (connection->peer_port == port)
        {
            return connection;
        }
    }
    return NULL;
}

static struct connection *open_connection(uint32_t port)
{
    if (free_count == 0)
    {
        return NULL;
    }
    uint16_t index = free_connections[--free_count];
    bool dirty = connections[index].dirty;
    connections[index] = (struct connection){.open = true, .peer_port = port, .dirty = dirty};
    uint32_t slot = slot_of(port);
    while (slots[slot] != 0)
    {
        slot = (slot + 1) % SLOTS;
    }
    slots[slot] = index + 1;
    return &connections[index];
}

static void close_connection(struct connection *connection)
{
    uint16_t index = (uint16_t)(connection - connections);
    uint32_t hole = slot_of(connection->peer_port);
    while (slots[hole] != index + 1)
    {
        hole = (hole + 1) % SLOTS;
    }
    slots[hole] = 0;
    /* Entries behind the hole that could have stood in it move there. */
    for (uint32_t slot = (hole + 1) % SLOTS; slots[slot] != 0; slot = (slot + 1) % SLOTS)
    {
        uint32_t home = slot_of(connections[slots[slot] - 1].peer_port);
        if ((slot - home) % SLOTS >= (slot - hole) % SLOTS)
        {
            slots[hole] = slots[slot];
            slots[slot] = 0;
            hole = slot;
        }
    }
    if (connection->input != NULL)
    {
        memory_give(connection->input, connection->input_capacity);
        connection->input = NULL;
    }
    output_release(&connection->output);
    connection->open = false;
    free_connections[free_count++] = index;
}

static void mark_dirty(struct connection *connection)
{
    if (!connection->dirty)
    {
        connection->dirty = true;
        dirty_list[dirty_count++] = (uint16_t)(connection - connections);
    }
}

static void tx_reclaim(void)
{
    while (tx.seen != *(volatile uint16_t *)&tx.used.index)
    {
        tx_free[tx_free_count++] = (uint16_t)tx.used.ring[tx.seen % QUEUE_SIZE].id;
        tx.seen++;
    }
}

static void tx_notify(void)
{
    if (tx_pending)
    {
        tx_pending = false;
        mmio_write(base + 0x50, 1);
    }
}

/* A buffer to send; waits for the device when all are under way. */
static uint16_t tx_take(void)
{
    tx_reclaim();
    while (tx_free_count == 0)
    {
        tx_notify();
        tx_reclaim();
    }
    return tx_free[--tx_free_count];
}

static void tx_send(uint16_t id, uint32_t port, uint16_t op, uint32_t flags, uint32_t payload, uint32_t forwarded)
{
    struct header *header = (struct header *)tx_buffers[id];
    header->src_cid = own_cid;
    header->dst_cid = HOST_CID;
    header->src_port = own_port;
    header->dst_port = port;
    header->len = payload;
    header->type = 1;
    header->op = op;
    header->flags = flags;
    header->buf_alloc = WINDOW;
    header->fwd_cnt = forwarded;
    tx.descriptors[id] = (struct descriptor){(uint64_t)header, (uint32_t)sizeof *header + payload, 0, 0};
    queue_offer(&tx, id);
    tx_pending = true;
}

static void send_control(struct connection *connection, uint16_t op, uint32_t flags)
{
    connection->announced = connection->forwarded;
    tx_send(tx_take(), connection->peer_port, op, flags, 0, connection->forwarded);
}

/* Sends what the peer has room for. */
static void flush(struct connection *connection)
{
    struct output *out = &connection->output;
    while (out->start < out->end)
    {
        uint32_t room = connection->peer_window - (connection->sent - connection->peer_forwarded);
        uint32_t n = out->end - out->start;
        if (n > TX_BYTES - sizeof(struct header))
        {
            n = TX_BYTES - sizeof(struct header);
        }
        if (n > room)
        {
            n = room;
        }
        if (n == 0)
        {
            return;
        }
        uint16_t id = tx_take();
        memcpy(tx_buffers[id] + sizeof(struct header), out->bytes + out->start, n);
        connection->announced = connection->forwarded;
        tx_send(id, connection->peer_port, OP_RW, 0, n, connection->forwarded);
        connection->sent += n;
        out->start += n;
    }
    out->start = 0;
    out->end = 0;
}

static void keep_input(struct connection *connection, const uint8_t *bytes, uint32_t length)
{
    uint32_t needed = connection->input_length + length;
    if (needed > connection->input_capacity)
    {
        uint32_t capacity = connection->input_capacity == 0 ? RX_BYTES : connection->input_capacity;
        while (capacity < needed)
        {
            capacity *= 2;
        }
        uint8_t *larger = memory_take(capacity);
        if (larger == NULL)
        {
            connection->output.closing = true;
            return;
        }
        memcpy(larger, connection->input, connection->input_length);
        if (connection->input != NULL)
        {
            memory_give(connection->input, connection->input_capacity);
        }
        connection->input = larger;
        connection->input_capacity = capacity;
    }
    memcpy(connection->input + connection->input_length, bytes, length);
    connection->input_length = needed;
}

/* Executes what has come; what is not complete, or must wait, is kept. */
static void process(struct connection *connection, const uint8_t *bytes, uint32_t length)
{
    if (connection->input_length == 0 && !connection->paused)
    {
        uint32_t taken = resp_process(bytes, length, &connection->output);
        bytes += taken;
        length -= taken;
    }
    if (length > 0)
    {
        keep_input(connection, bytes, length);
        if (!connection->paused)
        {
            uint32_t taken = resp_process(connection->input, connection->input_length, &connection->output);
            connection->input_length -= taken;
            memmove(connection->input, connection->input + taken, connection->input_length);
        }
    }
    if (connection->input_length == 0 && connection->input_capacity > 4 * RX_BYTES)
    {
        memory_give(connection->input, connection->input_capacity);
        connection->input = NULL;
        connection->input_capacity = 0;
    }
    connection->paused = output_is_long(&connection->output);
    if (!connection->paused)
    {
        connection->forwarded = connection->received;
    }
}

/* Sends replies, goes on with requests that waited for that, returns credit, and closes what is done. */
static void settle(struct connection *connection)
{
    flush(connection);
    while (connection->paused && !output_is_long(&connection->output))
    {
        connection->paused = false;
        if (connection->input_length > 0)
        {
            uint32_t taken = resp_process(connection->input, connection->input_length, &connection->output);
            connection->input_length -= taken;
            memmove(connection->input, connection->input + taken, connection->input_length);
            connection->paused = output_is_long(&connection->output);
            flush(connection);
        }
    }
    if (!connection->paused && connection->forwarded != connection->received)
    {
        /* All that came is taken or kept: the peer may send as much again. */
        connection->forwarded = connection->received;
    }
    if (connection->forwarded - connection->announced >= WINDOW / 2)
    {
        send_control(connection, OP_CREDIT_UPDATE, 0);
    }
    struct output *out = &connection->output;
    if (!connection->ended && out->start == out->end && (out->closing || connection->peer_ended))
    {
        /* The peer answers with a reset when it has written everything, and the connection is gone then. */
        connection->ended = true;
        send_control(connection, OP_SHUTDOWN, 3);
    }
}

static void receive(const struct header *header, const uint8_t *payload)
{
    uint32_t port = header->src_port;
    if (header->src_cid != HOST_CID || header->type != 1)
    {
        return;
    }
    struct connection *connection = header->dst_port == own_port ? find(port) : NULL;
    if (header->op == OP_REQUEST)
    {
        if (header->dst_port == own_port && connection == NULL && (connection = open_connection(port)) != NULL)
        {
            connection->peer_window = header->buf_alloc;
            connection->peer_forwarded = header->fwd_cnt;
            send_control(connection, OP_RESPONSE, 0);
            return;
        }
        if (connection != NULL)
        {
            close_connection(connection);
        }
        uint32_t listening = own_port;
        own_port = header->dst_port;
        tx_send(tx_take(), port, OP_RST, 0, 0, 0);
        own_port = listening;
        return;
    }
    if (connection == NULL)
    {
        if (header->op != OP_RST)
        {
            tx_send(tx_take(), port, OP_RST, 0, 0, 0);
        }
        return;
    }
    connection->peer_window = header->buf_alloc;
    connection->peer_forwarded = header->fwd_cnt;
    switch (header->op)
    {
        case OP_RW:
            connection->received += header->len;
            if (!connection->output.closing && !connection->ended)
            {
                process(connection, payload, header->len);
            }
            break;
        case OP_SHUTDOWN:
            if (header->flags & 2)
            {
                connection->peer_ended = true;
            }
            break;
        case OP_CREDIT_REQUEST:
            send_control(connection, OP_CREDIT_UPDATE, 0);
            break;
        case OP_RST:
            close_connection(connection);
            return;
        default:
            break;
    }
    mark_dirty(connection);
}

static void acknowledge_interrupt(void)
{
    uint64_t claim = machine.plic_base + 0x200004 + 0x1000 * (uint64_t)machine.plic_context;
    uint32_t source = mmio_read(claim);
    if (source != 0)
    {
        uint32_t causes = mmio_read(base + 0x60);
        mmio_write(base + 0x64, causes);
        mmio_write(claim, source);
    }
}

bool vsock_work(void)
{
    acknowledge_interrupt();
    uint32_t count = 0;
    while (rx.seen != *(volatile uint16_t *)&rx.used.index && count < QUEUE_SIZE)
    {
        fence();
        uint16_t id = (uint16_t)rx.used.ring[rx.seen % QUEUE_SIZE].id;
        uint32_t length = rx.used.ring[rx.seen % QUEUE_SIZE].length;
        const struct header *header = (const struct header *)rx_buffers[id];
        if (length >= sizeof *header && header->len <= length - sizeof *header)
        {
            receive(header, rx_buffers[id] + sizeof *header);
        }
        rx.seen++;
        count++;
        queue_offer(&rx, id);
    }
    if (count >= RX_NOTIFY)
    {
        mmio_write(base + 0x50, 0);
    }
    if (events.seen != *(volatile uint16_t *)&events.used.index)
    {
        /* The only event there is: the transport was reset, and with it every connection. */
        uint16_t id = (uint16_t)events.used.ring[events.seen % QUEUE_SIZE].id;
        events.seen++;
        for (uint32_t i = 0; i < MAX_CONNECTIONS; i++)
        {
            if (connections[i].open)
            {
                close_connection(&connections[i]);
            }
        }
        queue_offer(&events, id);
        mmio_write(base + 0x50, 2);
        count++;
    }
    for (uint32_t i = 0; i < dirty_count; i++)
    {
        struct connection *connection = &connections[dirty_list[i]];
        connection->dirty = false;
        if (connection->open)
        {
            settle(connection);
        }
    }
    dirty_count = 0;
    tx_notify();
    return count > 0;
}
