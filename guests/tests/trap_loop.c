// SPDX-License-Identifier: Apache-2.0
/*
 * A guest whose trap vector cannot be fetched: the first trap traps again at the same place, without end. A real
 * machine spins; a hypervisor can say that this guest is lost. On purpose.
 */
#include "test.h"

void guest_main(void)
{
    print("trap_loop: trapping into a hole on purpose\n");
    console_flush();
    csr_write(stvec, 0x18000000UL);
    __asm__ volatile("unimp");
    fail("an illegal instruction did not trap");
}
