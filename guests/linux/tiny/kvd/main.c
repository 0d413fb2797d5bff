// SPDX-License-Identifier: Apache-2.0
/*
 * kvd: the key-value server of guests/kv as a Linux program: the same commands and data set, over TCP and vsock.
 *
 *   kvd [-p PORT] [-m MEBIBYTES]
 *
 * -p  the port, of TCP and of vsock (6379); a kernel without one of the two serves the other
 * -m  memory for data and connections (half of what is free at the start); 8 at least
 *
 * Ends only when it cannot serve: with status 1 and a line that says why.
 */
#include "clock.h"
#include "connections.h"
#include "memory.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_PORT 6379
#define MAX_PORT     65535
#define MIN_MIB      8
#define MAX_MIB      1024
#define MIB          (1ul << 20)
#define NS_PER_S     1000000000ul

uint64_t clock_ticks(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_hz(void)
{
    return NS_PER_S;
}

/** Ends the program with what went wrong, and why when errno knows. */
static void __attribute__((noreturn)) fail(const char *const what, const int why)
{
    char line[256];
    const int length = snprintf(
        line, sizeof line, "kvd: %s%s%s\n", what, why == 0 ? "" : ": ", why == 0 ? "" : strerror(why));
    (void)!write(STDERR_FILENO, line, (size_t)length);
    exit(1);
}

static uint32_t parse_option(const char *const text, const long min, const long max, const char *const otherwise)
{
    char *end;
    const long value = strtol(text, &end, 10);
    if (end == text || *end != 0 || value < min || value > max)
    {
        fail(otherwise, 0);
    }
    return (uint32_t)value;
}

/** Half of the memory that is free: the kernel needs its part for sockets. */
static size_t default_memory_bytes(void)
{
    struct sysinfo info;
    if (sysinfo(&info) != 0)
    {
        return MIN_MIB * MIB;
    }
    const size_t half = (size_t)info.freeram * info.mem_unit / 2 & ~(MIB - 1);
    return half < MIN_MIB * MIB ? MIN_MIB * MIB : half > MAX_MIB * MIB ? MAX_MIB * MIB : half;
}

int main(const int argc, char **const argv)
{
    uint32_t port = DEFAULT_PORT;
    size_t memory_bytes = 0;
    for (int option; (option = getopt(argc, argv, "p:m:")) != -1;)
    {
        switch (option)
        {
            case 'p':
                port = parse_option(optarg, 1, MAX_PORT, "-p takes a port, 1 to 65535");
                break;
            case 'm':
                memory_bytes = parse_option(optarg, MIN_MIB, MAX_MIB, "-m takes mebibytes, 8 to 1024") * MIB;
                break;
            default:
                return 1;
        }
    }
    if (memory_bytes == 0)
    {
        memory_bytes = default_memory_bytes();
    }

    void *const area = mmap(
        NULL, memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED || !memory_start(area, memory_bytes) || !store_start())
    {
        fail("there is too little memory", area == MAP_FAILED ? errno : 0);
    }
    if (!connections_start())
    {
        fail("cannot start", errno);
    }
    const bool has_tcp = connections_listen_tcp(port);
    const int why_no_tcp = errno;
    const bool has_vsock = connections_listen_vsock(port);
    if (!has_tcp && (!has_vsock || why_no_tcp == EADDRINUSE))
    {
        errno = why_no_tcp;
        fail("cannot listen", errno);
    }

    char line[128];
    const int length = snprintf(
        line, sizeof line, "kvd: ready on %s%s%s port %u, %lu MiB for data\n", has_tcp ? "TCP" : "",
        has_tcp && has_vsock ? " and " : "", has_vsock ? "vsock" : "", port, (unsigned long)(memory_limit() / MIB));
    (void)!write(STDOUT_FILENO, line, (size_t)length);

    connections_serve();
    fail("cannot wait for requests", errno);
}
