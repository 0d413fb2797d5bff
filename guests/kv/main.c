// SPDX-License-Identifier: Apache-2.0
/*
 * A key-value server that speaks the Redis protocol to connections over virtio-vsock. Boot argument: port=N.
 */
#include "clock.h"
#include "console.h"
#include "device.h"
#include "memory.h"
#include "platform.h"
#include "sbi.h"
#include "store.h"

#define DEFAULT_PORT 6379UL

extern char image_end[];

uint64_t clock_ticks(void)
{
    return csr_read(time);
}

uint64_t clock_hz(void)
{
    return platform.timebase_hz;
}

static void __attribute__((noreturn)) refuse(const char *const why)
{
    print("kv: %s\n", why);
    shut_down(true);
}

void guest_main(void)
{
    // All of the device tree that matters was copied: the memory it lies in is as good as any.
    const uint64_t memory_end = platform.memory_base + platform.memory_bytes;
    const uint64_t image = (uint64_t)image_end;
    if (platform.timebase_hz < 1000)
    {
        refuse("the device tree gives no timebase-frequency");
    }
    if (memory_end <= image || !memory_start(image_end, memory_end - image) || !store_start())
    {
        refuse("there is too little memory: give the machine at least 12 MiB");
    }
    const uint32_t port = (uint32_t)platform_argument("port", DEFAULT_PORT);
    sbi_set_timer(SBI_TIMER_NEVER);
    if (!device_start(port))
    {
        refuse("there is no modern virtio-vsock device");
    }
    print("kv: ready on vsock port %u, %lu MiB for data\n", port, memory_limit() >> 20);
    for (;;)
    {
        if (!device_work())
        {
            device_wait();
        }
    }
}
