// SPDX-License-Identifier: Apache-2.0
/*
 * Connections over the kernel's stream sockets, TCP and vsock alike, each with a conversation of the Redis protocol.
 * What vsock.c is to the freestanding guest, for Linux: one thread, epoll, nothing ever waits for one client.
 */
#ifndef KVD_CONNECTIONS_H
#define KVD_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

/** Connections at a time, of all listeners together. */
#define MAX_CONNECTIONS 1000u

/** Prepares to serve; false, with errno set, when the system has no room for it. */
bool connections_start(void);

/** Begins to listen on all addresses; false, with errno set, when it cannot. */
bool connections_listen_tcp(uint32_t port);
bool connections_listen_vsock(uint32_t port);

/** Serves until the system fails, which errno then tells. */
void connections_serve(void);

#endif
