// SPDX-License-Identifier: Apache-2.0
/*
 * A guest that never does anything again, on purpose: it neither waits nor ends.
 */
#include "test.h"

void guest_main(void)
{
    print("loop: running forever on purpose\n");
    for (;;)
    {
        __asm__ volatile("");
    }
}
