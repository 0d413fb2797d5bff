/* SPDX-License-Identifier: Apache-2.0 */
/* A key-value server that speaks the Redis protocol to connections over virtio-vsock. */
#include "guest.h"
#include "memory.h"
#include "store.h"
#include "vsock.h"

/* Boot arguments: port=N. */
#define DEFAULT_PORT 6379

#define SIE_SEIE (1ul << 9)

int main(uint64_t hart, uint64_t fdt)
{
    (void)hart;
    machine_init(fdt);
    uint64_t end = machine.memory_base + machine.memory_size;
    if (machine.initrd_start != 0 && machine.initrd_start < end)
    {
        end = machine.initrd_start;
    }
    if (machine.fdt >= (uint64_t)__image_end && machine.fdt < end)
    {
        end = machine.fdt;
    }
    memory_init((uint64_t)__image_end, end);
    store_init();

    uint32_t port = (uint32_t)boot_number("port", DEFAULT_PORT);
    if (!vsock_init(port))
    {
        fail("there is no virtio-vsock device");
    }
    print("kv: ready on vsock port %u, %lu MiB for data\n", port, memory_total() >> 20);

    /* Interrupts stay disabled and only end the wait: what they ask for is looked at in the loop. */
    csr_set(sie, SIE_SEIE);
    for (;;)
    {
        if (!vsock_work())
        {
            __asm__ volatile("wfi");
        }
    }
}
