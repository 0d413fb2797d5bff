// SPDX-License-Identifier: Apache-2.0
/*
 * Looks, from inside the guest, at what cannot be seen from outside: the clock as user programs read it, and the
 * key-value service over vsock, for which the kernel's own loopback stands in where there is no device.
 *
 *   probe ticks    prints the `time` CSR
 *   probe clock    the `time` CSR and the clock that the vDSO computes from it agree, and cost no system call
 *   probe vsock    requests of all lengths to port 6379, many connections at a time
 *
 * Prints what went well; status 1 and a line when something did not.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Needs what is above, in some versions. */
#include <linux/vm_sockets.h>

#define NS_PER_S    1000000000ull
#define READS       100000
#define CONNECTIONS 64
#define PORT        6379
#define LONG_VALUE  (1u << 20)

static void __attribute__((noreturn)) fail(const char *const what)
{
    fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t read_time(void)
{
    uint64_t ticks;
    __asm__ volatile("rdtime %0" : "=r"(ticks));
    return ticks;
}

static uint64_t read_clock(const clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
    {
        fail("clock_gettime");
    }
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t timebase_hz(void)
{
    uint8_t bytes[4];
    FILE *const file = fopen("/proc/device-tree/cpus/timebase-frequency", "r");
    if (file == NULL || fread(bytes, 1, sizeof bytes, file) != sizeof bytes)
    {
        fail("/proc/device-tree/cpus/timebase-frequency");
    }
    (void)fclose(file);
    return (uint64_t)bytes[0] << 24 | (uint64_t)bytes[1] << 16 | (uint64_t)bytes[2] << 8 | bytes[3];
}

static void probe_clock(void)
{
    const uint64_t hz = timebase_hz();
    const uint64_t ticks = read_time();
    const uint64_t start_ns = read_clock(CLOCK_MONOTONIC);
    uint64_t last_ticks = ticks;
    uint64_t last_ns = start_ns;
    for (int i = 0; i < READS; i++)
    {
        const uint64_t now_ticks = read_time();
        const uint64_t now_ns = read_clock(CLOCK_MONOTONIC);
        if (now_ticks < last_ticks || now_ns < last_ns)
        {
            fail("the clock runs backwards");
        }
        last_ticks = now_ticks;
        last_ns = now_ns;
    }
    const double by_ticks = (double)(last_ticks - ticks) / (double)hz;
    const double by_clock = (double)(last_ns - start_ns) / (double)NS_PER_S;
    const double off = by_ticks > by_clock ? by_ticks - by_clock : by_clock - by_ticks;
    if (off > 0.001 + by_clock / 100)
    {
        fail("the clock does not keep to the time CSR");
    }
    const uint64_t before_calls_ns = read_clock(CLOCK_MONOTONIC);
    for (int i = 0; i < READS; i++)
    {
        struct timespec now;
        (void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    }
    if (last_ns - start_ns > read_clock(CLOCK_MONOTONIC) - before_calls_ns)
    {
        fail("reading the clock takes as long as a system call");
    }
    (void)puts("probe: the clock keeps to the time CSR, and takes no system call");
}

static int connect_to_service(void)
{
    const struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_LOCAL, .svm_port = PORT };
    const int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
    {
        fail("connecting to vsock port 6379");
    }
    return fd;
}

static void send_all(const int fd, const void *const bytes, const size_t length)
{
    for (size_t sent = 0; sent < length;)
    {
        const ssize_t count = write(fd, (const uint8_t *)bytes + sent, length - sent);
        if (count <= 0)
        {
            fail("sending a request");
        }
        sent += (size_t)count;
    }
}

static void expect(const int fd, const void *const bytes, const size_t length)
{
    static uint8_t got[LONG_VALUE + 64];
    for (size_t taken = 0; taken < length;)
    {
        const ssize_t count = read(fd, got + taken, length - taken);
        if (count <= 0)
        {
            fail("receiving a reply");
        }
        taken += (size_t)count;
    }
    if (memcmp(got, bytes, length) != 0)
    {
        fprintf(stderr, "probe: expected %.40s, got %.40s\n", (const char *)bytes, (const char *)got);
        exit(1);
    }
}

static void send_text(const int fd, const char *const text)
{
    send_all(fd, text, strlen(text));
}

static void expect_text(const int fd, const char *const text)
{
    expect(fd, text, strlen(text));
}

/** Sets a value of so many bytes and gets it back. */
static void set_and_get(const int fd, const uint32_t length)
{
    static char text[LONG_VALUE + 64];
    const int head = sprintf(text, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%u\r\n", length);
    memset(text + head, 'a' + (int)(length % 26), length);
    memcpy(text + head + length, "\r\n", 2);
    send_all(fd, text, (size_t)head + length + 2);
    expect_text(fd, "+OK\r\n");
    send_text(fd, "GET k\r\n");
    const int reply_head = sprintf(text, "$%u\r\n", length);
    memset(text + reply_head, 'a' + (int)(length % 26), length);
    memcpy(text + reply_head + length, "\r\n", 2);
    expect(fd, text, (size_t)reply_head + length + 2);
}

static void probe_vsock(void)
{
    const int fd = connect_to_service();
    send_text(fd, "PING\r\nFLUSHALL\r\nINCR n\r\nINCR n\r\nDBSIZE\r\n");
    expect_text(fd, "+PONG\r\n+OK\r\n:1\r\n:2\r\n:1\r\n");
    for (uint32_t length = 0; length <= LONG_VALUE; length = length * 4 + 1)
    {
        set_and_get(fd, length);
    }
    set_and_get(fd, LONG_VALUE);

    int fds[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++)
    {
        fds[i] = connect_to_service();
        send_text(fds[i], "INCR n\r\n");
    }
    for (int i = 0; i < CONNECTIONS; i++)
    {
        char reply[32];
        expect(fds[i], reply, (size_t)sprintf(reply, ":%d\r\n", 3 + i));
    }
    send_text(fd, "QUIT\r\n");
    expect_text(fd, "+OK\r\n");
    char rest;
    if (read(fd, &rest, 1) != 0)
    {
        fail("the connection goes on after QUIT");
    }
    (void)puts("probe: the key-value service answers over vsock");
}

int main(const int argc, char **const argv)
{
    const char *const what = argc == 2 ? argv[1] : "";
    if (strcmp(what, "ticks") == 0)
    {
        (void)printf("probe: %llu ticks\n", (unsigned long long)read_time());
    }
    else if (strcmp(what, "clock") == 0)
    {
        probe_clock();
    }
    else if (strcmp(what, "vsock") == 0)
    {
        probe_vsock();
    }
    else
    {
        (void)fputs("usage: probe ticks | clock | vsock\n", stderr);
        return 1;
    }
    return 0;
}
