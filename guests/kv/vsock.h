// SPDX-License-Identifier: Apache-2.0
/*
 * Stream sockets over virtio-vsock, the listening side: connections to one port, each with a conversation of the Redis
 * protocol, and their flow control. Source: virtio 1.2, section 5.10.6.
 */
#ifndef KV_VSOCK_H
#define KV_VSOCK_H

#include "link.h"

#define VSOCK_HOST_CID 2u

#define VSOCK_TYPE_STREAM 1u

#define VSOCK_OP_REQUEST        1u
#define VSOCK_OP_RESPONSE       2u
#define VSOCK_OP_RST            3u
#define VSOCK_OP_SHUTDOWN       4u
#define VSOCK_OP_RW             5u
#define VSOCK_OP_CREDIT_UPDATE  6u
#define VSOCK_OP_CREDIT_REQUEST 7u

#define VSOCK_SHUTDOWN_RECEIVE 1u
#define VSOCK_SHUTDOWN_SEND    2u
#define VSOCK_SHUTDOWN_BOTH    3u

/** Connections at a time. */
#define MAX_CONNECTIONS 512u

/** What a peer may have sent without this side having taken it, in bytes. */
#define VSOCK_WINDOW_BYTES (64u << 10)

/** Begins to listen; there are no connections. */
void vsock_start(uint64_t own_cid, uint32_t port);

/** Takes a packet that came. The payload is used before this returns; replies wait for vsock_settle. */
void vsock_receive(const struct vsock_header *header, const uint8_t *payload);

/** Sends replies, credit and farewells of the connections that packets came for. */
void vsock_settle(void);

/** Forgets all connections: the transport was reset. */
void vsock_reset(uint64_t own_cid);

#endif
