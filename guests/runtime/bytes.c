// SPDX-License-Identifier: Apache-2.0
#include "bytes.h"

/** A word that may alias anything. */
typedef uint64_t __attribute__((may_alias)) word;

/*
 * Words are moved while both ends are aligned alike; otherwise the source is read aligned and shifted together, so
 * that no access is ever misaligned (an emulated one costs thousands of instructions on some firmware).
 */
void *memcpy(void *const to, const void *const from, size_t length)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    if (length >= 16)
    {
        while (((uintptr_t)d & 7) != 0)
        {
            *d++ = *s++;
            length--;
        }
        const unsigned skew = (unsigned)((uintptr_t)s & 7);
        if (skew == 0)
        {
            while (length >= 32)
            {
                const word a = ((const word *)s)[0];
                const word b = ((const word *)s)[1];
                const word c = ((const word *)s)[2];
                const word e = ((const word *)s)[3];
                ((word *)d)[0] = a;
                ((word *)d)[1] = b;
                ((word *)d)[2] = c;
                ((word *)d)[3] = e;
                d += 32;
                s += 32;
                length -= 32;
            }
            while (length >= 8)
            {
                *(word *)d = *(const word *)s;
                d += 8;
                s += 8;
                length -= 8;
            }
        }
        else if (length >= 8)
        {
            const unsigned right = skew * 8;
            const unsigned left = 64 - right;
            const word *aligned = (const word *)(s - skew);
            word current = *aligned++;
            // Each word that is read has a byte of the source in it, so that none lies on a page of somebody else's.
            while (length >= 8)
            {
                const word next = *aligned++;
                *(word *)d = current >> right | next << left;
                current = next;
                d += 8;
                s += 8;
                length -= 8;
            }
        }
    }
    while (length > 0)
    {
        *d++ = *s++;
        length--;
    }
    return to;
}

void *memmove(void *const to, const void *const from, size_t length)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    if (d <= s || d >= s + length)
    {
        // memcpy runs upwards and reads at most one aligned word ahead of what it writes.
        if (s - d >= 16 || d >= s + length)
        {
            return memcpy(to, from, length);
        }
        while (length-- > 0)
        {
            *d++ = *s++;
        }
        return to;
    }
    while (length-- > 0)
    {
        d[length] = s[length];
    }
    return to;
}

void *memset(void *const to, const int value, size_t length)
{
    uint8_t *d = to;
    const word pattern = (uint8_t)value * 0x0101010101010101UL;
    while (length > 0 && ((uintptr_t)d & 7) != 0)
    {
        *d++ = (uint8_t)value;
        length--;
    }
    while (length >= 8)
    {
        *(word *)d = pattern;
        d += 8;
        length -= 8;
    }
    while (length > 0)
    {
        *d++ = (uint8_t)value;
        length--;
    }
    return to;
}

int memcmp(const void *const a, const void *const b, size_t length)
{
    const uint8_t *p = a;
    const uint8_t *q = b;
    if ((((uintptr_t)p | (uintptr_t)q) & 7) == 0)
    {
        while (length >= 8 && *(const word *)p == *(const word *)q)
        {
            p += 8;
            q += 8;
            length -= 8;
        }
    }
    for (; length > 0; p++, q++, length--)
    {
        if (*p != *q)
        {
            return *p < *q ? -1 : 1;
        }
    }
    return 0;
}

size_t strlen(const char *const text)
{
    size_t length = 0;
    while (text[length] != 0)
    {
        length++;
    }
    return length;
}

int strcmp(const char *a, const char *b)
{
    while (*a != 0 && *a == *b)
    {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}
