/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

#include <stdarg.h>

struct machine machine;

static int has_debug_console = -1;

struct sbi_result sbi(long extension, long function, long arg0, long arg1, long arg2, long arg3)
{
    register long a0 __asm__("a0") = arg0;
    register long a1 __asm__("a1") = arg1;
    register long a2 __asm__("a2") = arg2;
    register long a3 __asm__("a3") = arg3;
    register long a6 __asm__("a6") = function;
    register long a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a6), "r"(a7) : "memory");
    return (struct sbi_result){a0, a1};
}

bool sbi_probe(long extension)
{
    struct sbi_result result = sbi(0x10, 3, extension, 0, 0, 0);
    return result.error == 0 && result.value != 0;
}

void set_timer(uint64_t ticks)
{
    sbi(SBI_TIME, 0, (long)ticks, 0, 0, 0);
}

_Noreturn void shutdown(bool failure)
{
    sbi(SBI_SRST, 0, 0, failure ? 1 : 0, 0, 0);
    sbi(8, 0, 0, 0, 0, 0);
    for (;;)
    {
        __asm__ volatile("wfi");
    }
}

_Noreturn void finish(int status)
{
    shutdown(status != 0);
}

void put_text(const char *text, size_t length)
{
    if (has_debug_console < 0)
    {
        has_debug_console = sbi_probe(SBI_DBCN);
    }
    if (has_debug_console)
    {
        while (length > 0)
        {
            struct sbi_result result = sbi(SBI_DBCN, 0, (long)length, (long)text, 0, 0);
            if (result.error != 0 || result.value <= 0)
            {
                return;
            }
            text += result.value;
            length -= (size_t)result.value;
        }
        return;
    }
    for (size_t i = 0; i < length; i++)
    {
        sbi(1, 0, text[i], 0, 0, 0);
    }
}

void put_char(char c)
{
    put_text(&c, 1);
}

struct line
{
    char text[256];
    size_t length;
};

static void line_put(struct line *line, char c)
{
    if (line->length == sizeof line->text)
    {
        put_text(line->text, line->length);
        line->length = 0;
    }
    line->text[line->length++] = c;
}

static void line_number(struct line *line, uint64_t value, unsigned base)
{
    char digits[24];
    int count = 0;
    do
    {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    }
    while (value != 0);
    while (count > 0)
    {
        line_put(line, digits[--count]);
    }
}

static void print_arguments(const char *format, va_list arguments)
{
    struct line line = {.length = 0};
    for (; *format; format++)
    {
        if (*format != '%')
        {
            line_put(&line, *format);
            continue;
        }
        bool is_long = format[1] == 'l';
        format += is_long ? 2 : 1;
        switch (*format)
        {
            case 's':
                for (const char *text = va_arg(arguments, const char *); *text; text++)
                {
                    line_put(&line, *text);
                }
                break;
            case 'c':
                line_put(&line, (char)va_arg(arguments, int));
                break;
            case 'd':
            {
                int64_t value = is_long ? va_arg(arguments, long) : va_arg(arguments, int);
                if (value < 0)
                {
                    line_put(&line, '-');
                }
                line_number(&line, value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
                break;
            }
            case 'u':
                line_number(&line, is_long ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned), 10);
                break;
            case 'x':
                line_number(&line, is_long ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned), 16);
                break;
            default:
                line_put(&line, *format);
        }
    }
    put_text(line.text, line.length);
}

void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_arguments(format, arguments);
    va_end(arguments);
}

_Noreturn void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("FAIL: ");
    print_arguments(format, arguments);
    print("\n");
    va_end(arguments);
    shutdown(true);
}

__attribute__((weak)) void trap(struct trap_frame *frame)
{
    fail("unexpected trap: scause 0x%lx, sepc 0x%lx, stval 0x%lx",
        csr_read(scause), frame->x[0], csr_read(stval));
}

/* Words where both ends are aligned alike, bytes elsewhere. */
void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    if ((((uintptr_t)d ^ (uintptr_t)s) & 7) == 0)
    {
        while (n > 0 && ((uintptr_t)d & 7) != 0)
        {
            *d++ = *s++;
            n--;
        }
        for (; n >= 8; n -= 8, d += 8, s += 8)
        {
            *(uint64_t *)d = *(const uint64_t *)s;
        }
    }
    while (n > 0)
    {
        *d++ = *s++;
        n--;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    if (d <= s)
    {
        for (; n > 0; n--)
        {
            *d++ = *s++;
        }
        return to;
    }
    for (; n > 0; n--)
    {
        d[n - 1] = s[n - 1];
    }
    return to;
}

void *memset(void *to, int value, size_t n)
{
    uint8_t *d = to;
    uint64_t word = (uint8_t)value * 0x0101010101010101ull;
    while (n > 0 && ((uintptr_t)d & 7) != 0)
    {
        *d++ = (uint8_t)value;
        n--;
    }
    for (; n >= 8; n -= 8, d += 8)
    {
        *(uint64_t *)d = word;
    }
    while (n > 0)
    {
        *d++ = (uint8_t)value;
        n--;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a;
    const uint8_t *y = b;
    for (; n > 0; n--, x++, y++)
    {
        if (*x != *y)
        {
            return *x - *y;
        }
    }
    return 0;
}

size_t strlen(const char *text)
{
    size_t n = 0;
    while (text[n])
    {
        n++;
    }
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
    {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t be64(const uint8_t *p)
{
    return (uint64_t)be32(p) << 32 | be32(p + 4);
}

static bool starts_with(const char *text, const char *prefix)
{
    while (*prefix && *text == *prefix)
    {
        text++;
        prefix++;
    }
    return *prefix == 0;
}

/* The nodes that matter lie at fixed depths with addresses of two cells, on QEMU's virt machine and on ours. */
void machine_init(uint64_t fdt)
{
    const uint8_t *blob = (const uint8_t *)fdt;
    if (be32(blob) != 0xd00dfeed)
    {
        fail("no device tree at 0x%lx", fdt);
    }
    machine.fdt = fdt;
    machine.fdt_size = be32(blob + 4);
    machine.bootargs = "";
    machine.isa = "";
    const uint8_t *p = blob + be32(blob + 8);
    const char *strings = (const char *)blob + be32(blob + 12);
    const char *node = "";
    bool is_virtio = false;
    for (;;)
    {
        uint32_t token = be32(p);
        p += 4;
        if (token == 1)
        {
            node = (const char *)p;
            p += (strlen(node) + 4) & ~3ul;
            is_virtio = starts_with(node, "virtio_mmio@");
            if (is_virtio && machine.virtio_count < MAX_VIRTIO)
            {
                machine.virtio_count++;
            }
        }
        else if (token == 3)
        {
            uint32_t length = be32(p);
            const char *name = strings + be32(p + 4);
            const uint8_t *value = p + 8;
            p += 8 + ((length + 3) & ~3u);
            if (is_virtio && strcmp(name, "reg") == 0)
            {
                machine.virtio[machine.virtio_count - 1].base = be64(value);
            }
            else if (is_virtio && strcmp(name, "interrupts") == 0)
            {
                machine.virtio[machine.virtio_count - 1].irq = be32(value);
            }
            else if (starts_with(node, "memory@") && strcmp(name, "reg") == 0)
            {
                machine.memory_base = be64(value);
                machine.memory_size = be64(value + 8);
            }
            else if (starts_with(node, "plic@") && strcmp(name, "reg") == 0)
            {
                machine.plic_base = be64(value);
            }
            else if (starts_with(node, "plic@") && strcmp(name, "interrupts-extended") == 0)
            {
                for (uint32_t i = 0; i < length / 8; i++)
                {
                    if (be32(value + 8 * i + 4) == 9)
                    {
                        machine.plic_context = i;
                    }
                }
            }
            else if (strcmp(name, "bootargs") == 0)
            {
                machine.bootargs = (const char *)value;
            }
            else if (strcmp(name, "timebase-frequency") == 0)
            {
                machine.timebase_hz = be32(value);
            }
            else if (strcmp(name, "riscv,isa") == 0)
            {
                machine.isa = (const char *)value;
            }
        }
        else if (token == 2)
        {
            is_virtio = false;
            node = "";
        }
        else if (token == 9)
        {
            return;
        }
    }
}

uint64_t boot_number(const char *key, uint64_t otherwise)
{
    size_t length = strlen(key);
    for (const char *p = machine.bootargs; *p; p++)
    {
        bool at_start = p == machine.bootargs || p[-1] == ' ';
        if (at_start && starts_with(p, key) && p[length] == '=')
        {
            uint64_t value = 0;
            for (p += length + 1; *p >= '0' && *p <= '9'; p++)
            {
                value = 10 * value + (uint64_t)(*p - '0');
            }
            return value;
        }
    }
    return otherwise;
}
