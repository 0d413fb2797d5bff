// SPDX-License-Identifier: Apache-2.0
#include "connections.h"

#include "command.h"
#include "session.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Needs what is above, in some versions. */
#include <linux/vm_sockets.h>

#define LISTENERS 2u

/** Connections that wait to be taken: all may come at once. */
#define BACKLOG ((int)MAX_CONNECTIONS)

/** Descriptors beside those of connections: three standard ones, epoll, the listeners, one to refuse with. */
#define OTHER_DESCRIPTORS 16u

/** Taken from the kernel at a time; one client's share before the next has its turn. */
#define READ_BYTES (64u << 10)

/** Replies are written here first, and mostly go to the kernel from here. */
#define WRITE_BYTES (64u << 10)

/** Events taken at a time. */
#define MAX_EVENTS 64

/** How long to wait when the kernel cannot give a connection that there is. */
#define ACCEPT_RETRY_NS 10000000L

_Static_assert(WRITE_BYTES >= LONG_OUTPUT_BYTES, "pipelined replies stay in the buffer until they are long");

struct connection
{
    struct session session;
    int fd;
    uint32_t interest; /* what epoll was told */
    bool peer_sends_no_more;
};

struct listener
{
    int fd;
    bool is_tcp;
};

static const char FULL[] = "-ERR max number of clients reached\r\n";

static int epoll;
static struct listener listeners[LISTENERS];
static uint32_t listener_count;
static struct connection connections[MAX_CONNECTIONS];
static uint16_t free_list[MAX_CONNECTIONS];
static uint32_t free_count;

uint32_t connection_count(void)
{
    return MAX_CONNECTIONS - free_count;
}

bool connections_start(void)
{
    const struct rlimit descriptors = { MAX_CONNECTIONS + OTHER_DESCRIPTORS, MAX_CONNECTIONS + OTHER_DESCRIPTORS };
    if (setrlimit(RLIMIT_NOFILE, &descriptors) != 0)
    {
        return false;
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    for (uint32_t i = MAX_CONNECTIONS; i > 0; i--)
    {
        free_list[free_count++] = (uint16_t)(i - 1);
    }
    return epoll >= 0;
}

/** Events carry the index of a connection, or behind those of a listener. */
static bool listen_on(const int fd, const void *const address, const socklen_t address_bytes, const bool is_tcp)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u32 = MAX_CONNECTIONS + listener_count };
    if (bind(fd, address, address_bytes) != 0 || listen(fd, BACKLOG) != 0
        || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
    {
        const int why = errno;
        (void)close(fd);
        errno = why;
        return false;
    }
    listeners[listener_count++] = (struct listener){ fd, is_tcp };
    return true;
}

bool connections_listen_tcp(const uint32_t port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    const int on = 1;
    return fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
        && listen_on(fd, &address, sizeof address, true);
}

bool connections_listen_vsock(const uint32_t port)
{
    const int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const struct sockaddr_vm address = {
        .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port
    };
    return fd >= 0 && listen_on(fd, &address, sizeof address, false);
}

static void forget(struct connection *const connection)
{
    session_close(&connection->session);
    // Closing the only descriptor takes it out of epoll, too.
    (void)close(connection->fd);
    connection->fd = -1;
    free_list[free_count++] = (uint16_t)(connection - connections);
}

static void open_connection(const int fd, const bool is_tcp)
{
    if (free_count == 0)
    {
        (void)send(fd, FULL, sizeof FULL - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)close(fd);
        return;
    }
    if (is_tcp)
    {
        // A reply is written as a whole: waiting for more of it only delays it.
        const int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    const uint32_t index = free_list[--free_count];
    struct connection *const connection = &connections[index];
    *connection = (struct connection){ .fd = fd, .interest = EPOLLIN };
    session_open(&connection->session);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.u32 = index }) != 0)
    {
        forget(connection);
    }
}

static void accept_all(const struct listener *const listener)
{
    for (;;)
    {
        const int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
        {
            open_connection(fd, listener->is_tcp);
        }
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        {
            // The connection stays in the queue, and epoll would report it at once again.
            (void)nanosleep(&(struct timespec){ 0, ACCEPT_RETRY_NS }, NULL);
            return;
        }
        else if (errno == EAGAIN)
        {
            return;
        }
        // Anything else is the end of that one connection.
    }
}

/** Gives the session the common buffer to write replies to, when it has none waiting; send_waiting takes it back. */
static void lend(struct connection *const connection)
{
    static uint8_t replies[WRITE_BYTES];

    struct output *const out = &connection->session.out;
    if (output_waiting(out) == 0)
    {
        output_clear(out);
        output_lend(out, replies, sizeof replies);
    }
}

/** Sends what the socket has room for, and keeps the rest; false when the connection is of no use any more. */
static bool send_waiting(struct connection *const connection)
{
    struct output *const out = &connection->session.out;
    while (output_waiting(out) > 0)
    {
        const ssize_t sent = send(connection->fd, out->bytes + out->start, output_waiting(out), MSG_NOSIGNAL);
        if (sent >= 0)
        {
            out->start += (uint32_t)sent;
        }
        else if (errno == EAGAIN)
        {
            return !out->is_lent || output_keep(out);
        }
        else if (errno != EINTR)
        {
            return false;
        }
    }
    output_clear(out);
    return true;
}

/** Requests that are there as a whole, but waited until replies were taken. */
static bool has_requests(const struct session *const session)
{
    return session->in_bytes > 0 && session->in_bytes >= session->wanted_bytes && !session->is_closing
        && !session_is_paused(session);
}

/** Sends replies and goes on with requests that waited for that; false when the connection is over. */
static bool settle(struct connection *const connection)
{
    struct session *const session = &connection->session;
    bool is_useful = send_waiting(connection);
    while (is_useful && output_waiting(&session->out) == 0 && has_requests(session))
    {
        const uint32_t before = session->in_bytes;
        lend(connection);
        session_resume(session);
        is_useful = send_waiting(connection);
        if (session->in_bytes == before)
        {
            break;
        }
    }

    const bool has_replies = output_waiting(&session->out) > 0;
    const bool takes_requests =
        !session->is_closing && !connection->peer_sends_no_more && !session_is_paused(session);
    if (!is_useful || (!has_replies && !takes_requests))
    {
        return false;
    }
    const uint32_t interest = (takes_requests ? EPOLLIN : 0u) | (has_replies ? EPOLLOUT : 0u);
    if (interest != connection->interest)
    {
        struct epoll_event event = { .events = interest, .data.u32 = (uint32_t)(connection - connections) };
        connection->interest = interest;
        return epoll_ctl(epoll, EPOLL_CTL_MOD, connection->fd, &event) == 0;
    }
    return true;
}

/** Takes what came and executes it; false when the connection is over. */
static bool receive(struct connection *const connection)
{
    static uint8_t bytes[READ_BYTES];

    const ssize_t length = recv(connection->fd, bytes, sizeof bytes, 0);
    if (length > 0)
    {
        lend(connection);
        session_receive(&connection->session, bytes, (uint32_t)length);
    }
    else if (length == 0)
    {
        connection->peer_sends_no_more = true;
    }
    return length >= 0 || errno == EAGAIN || errno == EINTR;
}

static void handle(struct connection *const connection, const uint32_t events)
{
    const bool can_receive = (events & EPOLLIN) != 0 && (connection->interest & EPOLLIN) != 0;
    // A peer that hung up takes no replies; what it asked for before is still done.
    const bool is_over = (events & EPOLLERR) != 0 || ((events & EPOLLHUP) != 0 && !can_receive);
    if (is_over || (can_receive && !receive(connection)) || !settle(connection))
    {
        forget(connection);
    }
}

void connections_serve(void)
{
    struct epoll_event events[MAX_EVENTS];
    for (;;)
    {
        const int count = epoll_wait(epoll, events, MAX_EVENTS, -1);
        if (count < 0 && errno != EINTR)
        {
            return;
        }
        for (int i = 0; i < count; i++)
        {
            const uint32_t index = events[i].data.u32;
            if (index >= MAX_CONNECTIONS)
            {
                accept_all(&listeners[index - MAX_CONNECTIONS]);
            }
            else
            {
                handle(&connections[index], events[i].events);
            }
        }
    }
}
