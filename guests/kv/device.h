// SPDX-License-Identifier: Apache-2.0
/*
 * The virtio-vsock device: takes packets from it and gives packets to it, a batch at a time.
 */
#ifndef KV_DEVICE_H
#define KV_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

/** Finds and starts the device, and listens on a port; false when there is none. */
bool device_start(uint32_t port);

/** Handles everything that the device has; false when there was nothing. */
bool device_work(void);

/** Waits for the device's interrupt, unless there is work already. */
void device_wait(void);

#endif
