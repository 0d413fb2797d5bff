// SPDX-License-Identifier: Apache-2.0
/*
 * The least a guest can do: the entry state is what the specification of the boot says, and the console works.
 */
#include "test.h"

void guest_main(void)
{
    check(csr_read(satp) == 0, "satp is not 0 at entry");
    check((csr_read(sstatus) & SSTATUS_SIE) == 0, "interrupts are enabled at entry");
    check(platform.memory_bytes >= 32UL << 20, "the device tree gives less than 32 MiB of memory");
    check(platform.memory_base == 0x80000000UL, "memory does not begin at 0x80000000");
    check(platform.timebase_hz != 0, "the device tree gives no timebase-frequency");
    print("hello from supervisor mode\n");
}
