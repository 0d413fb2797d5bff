// SPDX-License-Identifier: Apache-2.0
#include "console.h"

#include <stdarg.h>

#include "sbi.h"

/** Bytes gathered before they leave without a newline. */
#define LINE_BYTES 256

static char line[LINE_BYTES];
static size_t line_length;

/** Whether the firmware has the debug console; 0 not asked yet, 1 yes, -1 no. */
static int has_debug_console;

static bool use_debug_console(void)
{
    if (has_debug_console == 0)
    {
        has_debug_console = sbi_has(SBI_DBCN) ? 1 : -1;
    }
    return has_debug_console > 0;
}

void console_flush(void)
{
    size_t sent = 0;
    if (use_debug_console())
    {
        // A write may take less than it is given; an error falls through to the old call.
        while (sent < line_length)
        {
            const struct sbi_answer answer = sbi_call(SBI_DBCN, 0, line_length - sent, (uint64_t)(line + sent), 0, 0);
            if (answer.error != SBI_SUCCESS || answer.value <= 0)
            {
                break;
            }
            sent += (size_t)answer.value;
        }
    }
    for (; sent < line_length; sent++)
    {
        (void)sbi_legacy(SBI_LEGACY_PUTCHAR, (uint8_t)line[sent]);
    }
    line_length = 0;
}

static void put(const char c)
{
    line[line_length++] = c;
    if (c == '\n' || line_length == LINE_BYTES)
    {
        console_flush();
    }
}

static void put_number(uint64_t value, const unsigned base, const bool negative, const char fill, int width)
{
    char digits[24];
    int count = 0;
    do
    {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    }
    while (value != 0);
    if (negative)
    {
        digits[count++] = '-';
    }
    for (; width > count; width--)
    {
        put(fill);
    }
    while (count > 0)
    {
        put(digits[--count]);
    }
}

void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    for (const char *at = format; *at != 0; at++)
    {
        if (*at != '%')
        {
            put(*at);
            continue;
        }
        at++;
        char fill = ' ';
        int width = 0;
        if (*at == '0')
        {
            fill = '0';
            at++;
        }
        for (; *at >= '0' && *at <= '9'; at++)
        {
            width = width * 10 + (*at - '0');
        }
        bool wide = false;
        for (; *at == 'l' || *at == 'z'; at++)
        {
            wide = true;
        }
        switch (*at)
        {
            case 's':
                for (const char *s = va_arg(arguments, const char *); *s != 0; s++)
                {
                    put(*s);
                }
                break;
            case 'c':
                put((char)va_arg(arguments, int));
                break;
            case 'd':
            {
                const int64_t value = wide ? va_arg(arguments, int64_t) : va_arg(arguments, int);
                put_number(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, value < 0, fill, width);
                break;
            }
            case 'u':
            case 'x':
            {
                const uint64_t value = wide ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned);
                put_number(value, *at == 'x' ? 16 : 10, false, fill, width);
                break;
            }
            case '%':
                put('%');
                break;
            default:
                put('?');
                break;
        }
    }
    va_end(arguments);
}

int console_read(void)
{
    if (use_debug_console())
    {
        static uint8_t typed;
        const struct sbi_answer answer = sbi_call(SBI_DBCN, 1, 1, (uint64_t)&typed, 0, 0);
        return answer.error == SBI_SUCCESS && answer.value == 1 ? *(volatile uint8_t *)&typed : -1;
    }
    return (int)sbi_legacy(SBI_LEGACY_GETCHAR, 0);
}
