/* SPDX-License-Identifier: Apache-2.0 */
/* A server of stream sockets over virtio-vsock: accepts connections on one port and feeds them to the Redis protocol. */
#ifndef VSOCK_H
#define VSOCK_H

#include "guest.h"

/* False when there is no such device. */
bool vsock_init(uint32_t port);
/* Handles what the device has; false when there was nothing. */
bool vsock_work(void);
uint32_t vsock_connections(void);

#endif
