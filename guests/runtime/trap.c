// SPDX-License-Identifier: Apache-2.0
#include "trap.h"

#include "console.h"
#include "sbi.h"

static trap_handler *told;

void trap_handle_with(trap_handler *const handler)
{
    told = handler;
}

void trap_report(const char *const what, const uint64_t scause, const uint64_t sepc, const uint64_t stval)
{
    // Physical addresses and no handler from here on: whatever the guest had set up may be what is broken.
    csr_write(satp, 0);
    fence_translations();
    told = NULL;
    print("\n%s: scause 0x%lx, sepc 0x%lx, stval 0x%lx\n", what, scause, sepc, stval);
    shut_down(true);
}

void trap(struct trap_frame *const frame)
{
    if (told == NULL || !told(frame))
    {
        trap_report("unexpected trap", frame->scause, frame->sepc, frame->stval);
    }
}

void trap_nested(void)
{
    trap_report("trap within a trap", csr_read(scause), csr_read(sepc), csr_read(stval));
}
