// SPDX-License-Identifier: Apache-2.0
/*
 * Reads lines from the firmware console and answers each with itself, until the line "quit".
 */
#include "test.h"

#define MAX_LINE_BYTES 200

/** How often the console is looked at; people type no faster. */
#define POLL_HZ 1000

static void rest_until_next_poll(void)
{
    sbi_set_timer(csr_read(time) + platform.timebase_hz / POLL_HZ);
    wait_for_interrupt();
}

void guest_main(void)
{
    static char line[MAX_LINE_BYTES + 1];
    size_t length = 0;

    csr_write(sie, INTERRUPT_TIMER);
    print("console_echo: type lines, quit ends\n");
    for (;;)
    {
        const int c = console_read();
        if (c < 0)
        {
            rest_until_next_poll();
            continue;
        }
        if (c != '\r' && c != '\n')
        {
            if (length < MAX_LINE_BYTES)
            {
                line[length++] = (char)c;
            }
            continue;
        }
        line[length] = 0;
        if (strcmp(line, "quit") == 0)
        {
            print("console_echo: bye\n");
            return;
        }
        print("echo: %s\n", line);
        length = 0;
    }
}
