// SPDX-License-Identifier: Apache-2.0
/*
 * The time, cycle and instret counters: none ever runs backwards, and each goes on while instructions run.
 */
#include "catch.h"

#define READINGS 200000

/** Instructions after which a counter that stands still is a failure; time has a tick of 100 ns, so this is ample. */
#define PATIENCE 2000000000UL

#define DEFINE_READ(name, counter) \
    static __attribute__((noinline)) uint64_t name(void) \
    { \
        uint64_t value = 0; \
        __asm__ volatile(".option push\n.option norvc\ncsrr %0, " counter "\n.option pop" : "+r"(value) : : "memory"); \
        return value; \
    }

DEFINE_READ(read_time, "time")
DEFINE_READ(read_cycle, "cycle")
DEFINE_READ(read_instret, "instret")

static void never_backwards(uint64_t (*const read)(void), const char *const what)
{
    uint64_t last = read();
    for (int i = 0; i < READINGS; i++)
    {
        const uint64_t now = read();
        if (now < last)
        {
            print("FAIL: %s ran backwards, from %lu to %lu\n", what, last, now);
            shut_down(true);
        }
        last = now;
    }
}

static void advances(uint64_t (*const read)(void), const uint64_t by, const char *const what)
{
    const uint64_t start = read();
    for (uint64_t i = 0; read() - start < by; i++)
    {
        check(i < PATIENCE, what);
    }
}

/** Firmware may keep cycle and instret from the supervisor; then there is nothing to check. */
static bool is_readable(uint64_t (*const read)(void))
{
    expect_nothing();
    (void)read();
    const bool readable = caught.count == 0;
    check(readable || caught.scause == CAUSE_ILLEGAL, "reading a hidden counter is not an illegal instruction");
    trap_handle_with(NULL);
    return readable;
}

void guest_main(void)
{
    never_backwards(read_time, "time");
    advances(read_time, platform.timebase_hz / 1000, "time stands still");
    print("time advances and never runs backwards\n");

    if (is_readable(read_cycle))
    {
        never_backwards(read_cycle, "cycle");
        advances(read_cycle, 1000, "cycle stands still");
    }
    if (is_readable(read_instret))
    {
        never_backwards(read_instret, "instret");
        advances(read_instret, 1000, "instret stands still");
    }
    print("cycle and instret advance and never run backwards where they can be read\n");
}
