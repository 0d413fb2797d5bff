// SPDX-License-Identifier: Apache-2.0
/*
 * What the device tree says of the machine: memory, devices, clock, arguments. Nothing about it is assumed.
 */
#ifndef RUNTIME_PLATFORM_H
#define RUNTIME_PLATFORM_H

#include "csr.h"

/** QEMU's virt has 8; ours fewer. */
#define MAX_VIRTIO_DEVICES 16

#define MAX_BOOTARGS_BYTES 512
#define MAX_ISA_BYTES      256

struct virtio_window
{
    uint64_t base;
    uint32_t interrupt;
};

struct platform
{
    uint64_t hart;
    uint64_t memory_base;
    uint64_t memory_bytes;
    uint64_t timebase_hz;
    uint64_t plic_base;
    uint32_t plic_context;
    bool has_plic;
    unsigned virtio_count;
    struct virtio_window virtio[MAX_VIRTIO_DEVICES];
    char bootargs[MAX_BOOTARGS_BYTES];
    char isa[MAX_ISA_BYTES];
};

extern struct platform platform;

/** Reads the device tree into `platform`; false when it is none. */
bool platform_read(uint64_t hart, const void *device_tree);

/** The number after `name=` in the boot arguments, or `otherwise`. */
uint64_t platform_argument(const char *name, uint64_t otherwise);

/** Whether the isa string names a multi-letter extension, such as "sstc". */
bool platform_has_extension(const char *name);

/** Each guest's own beginning; returning from it is success. */
void guest_main(void);

#endif
