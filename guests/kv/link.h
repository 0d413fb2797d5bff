// SPDX-License-Identifier: Apache-2.0
/*
 * What carries packets to the host: the virtio device in the guest, a model in the tests.
 */
#ifndef KV_LINK_H
#define KV_LINK_H

#include <stddef.h>
#include <stdint.h>

/** Bytes of a packet with its header, the fewest packets for long replies being worth the memory. */
#define LINK_PACKET_BYTES 16384u

/** Bytes of a packet behind its header. */
#define LINK_PAYLOAD_BYTES (LINK_PACKET_BYTES - VSOCK_HEADER_BYTES)

/*
 * The header of a packet, little-endian. Source: virtio 1.2, section 5.10.6.
 *
 *   0                   8                   16                  24
 *   +---------+---------+---------+---------+---------+---------+
 *   | src_cid           | dst_cid           | src_port| dst_port|
 *   +---------+----+----+---------+---------+---------+---------+
 *   | len     |type| op | flags   |buf_alloc| fwd_cnt |
 *   +---------+----+----+---------+---------+---------+
 *   24        28   30   32        36        40        44
 */
#define VSOCK_HEADER_BYTES 44u

/** Its size is that of a whole number of double words, more than the header has: a payload does not begin behind it. */
struct vsock_header
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
};

_Static_assert(offsetof(struct vsock_header, fwd_cnt) == 40, "no gaps between the fields");

/** A packet to fill in, its payload behind the header; waits for the device when all are under way. */
struct vsock_header *link_take(void);

/** As link_take, for a packet that is to be filled over some time; NULL when few are left. */
struct vsock_header *link_borrow(void);

/** Takes back a packet that was not sent. */
void link_give(struct vsock_header *packet);

/** Sends a packet. Packets are sent in this order. */
void link_send(struct vsock_header *packet);

static inline uint8_t *link_payload(struct vsock_header *const packet)
{
    return (uint8_t *)packet + VSOCK_HEADER_BYTES;
}

#endif
