// SPDX-License-Identifier: Apache-2.0
/*
 * Ends the machine with the reason "system failure", so that what runs it can tell a failure from success.
 *
 * The kernel never gives a reason: its shutdown and its reset say "no reason". So this loads, as kexec would load
 * another kernel, a few instructions that make the SBI call themselves, and starts them. Source: SBI specification 2.0,
 * chapter 10; arch/riscv/kernel/machine_kexec.c for what it wants of an image.
 */

/* The kernel source's own small library. */
#include <nolibc.h>

#include <linux/kexec.h>

#define PAGE_BYTES 4096ul

/* An image is accepted with a device tree only: here is an empty one, and the code behind it. */
extern const char image[];
extern const char image_code[];
extern const char image_end[];

__asm__(
    "    .section .rodata\n"
    "    .balign 8\n"
    "image:\n"
    "    .word 0xedfe0dd0\n" /* magic; all fields are big-endian */
    "    .word 0x40000000\n" /* bytes in total: 64 */
    "    .word 0x38000000\n" /* offset of the structure: 56 */
    "    .word 0x3c000000\n" /* offset of the strings: 60 */
    "    .word 0x28000000\n" /* offset of reserved memory: 40 */
    "    .word 0x11000000\n" /* version 17 */
    "    .word 0x10000000\n" /* compatible with 16 */
    "    .word 0\n"          /* boot hart */
    "    .word 0\n"          /* bytes of strings */
    "    .word 0x04000000\n" /* bytes of the structure */
    "    .dword 0, 0\n"      /* end of reserved memory */
    "    .word 0x09000000\n" /* end of the structure */
    "    .word 0\n"
    "image_code:\n"
    "    li a7, 0x53525354\n" /* SRST */
    "    li a6, 0\n"          /* system reset */
    "    li a0, 0\n"          /* type: shutdown */
    "    li a1, 1\n"          /* reason: system failure */
    "    ecall\n"
    "    j image_code\n"
    "image_end:\n"
    "    .text\n");

/** Where the running kernel lies: memory that is certainly there, and that nobody needs any more. */
static unsigned long kernel_address(void)
{
    static char text[8192];
    const int fd = open("/proc/iomem", O_RDONLY);
    size_t length = 0;
    for (ssize_t count = 1; fd >= 0 && count > 0 && length < sizeof text - 1; length += count > 0 ? (size_t)count : 0)
    {
        count = read(fd, text + length, sizeof text - 1 - length);
    }
    static const char wanted[] = " : Kernel code";
    const char *at = text;
    while (*at != 0 && memcmp(at, wanted, sizeof wanted - 1) != 0)
    {
        at++;
    }
    if (*at == 0)
    {
        return 0;
    }
    while (at > text && at[-1] != '\n')
    {
        at--;
    }
    while (*at == ' ')
    {
        at++;
    }
    unsigned long address = 0;
    for (; *at != '-'; at++)
    {
        address = address * 16 + (unsigned long)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
    }
    return address & ~(PAGE_BYTES - 1);
}

int main(void)
{
    const unsigned long address = kernel_address();
    const struct kexec_segment segment = {
        .buf = image, .bufsz = (size_t)(image_end - image), .mem = (void *)address, .memsz = PAGE_BYTES
    };
    if (address == 0
        || my_syscall4(
               __NR_kexec_load, address + (unsigned long)(image_code - image), 1, &segment, KEXEC_ARCH_RISCV) < 0)
    {
        static const char refused[] = "system-failure: the kernel did not take the code that ends the machine\n";
        (void)write(2, refused, sizeof refused - 1);
        return 1;
    }
    (void)my_syscall4(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, 0);
    return 1;
}
