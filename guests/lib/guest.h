/* SPDX-License-Identifier: Apache-2.0 */
/* What every bundled guest uses: types, SBI, console, device tree. Freestanding. */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Registers at a trap; x[0] holds sepc. */
struct trap_frame
{
    uint64_t x[34];
};

/* What the device tree says of the machine. */
#define MAX_VIRTIO 16
struct machine
{
    uint64_t memory_base;
    uint64_t memory_size;
    uint64_t timebase_hz;
    uint64_t plic_base;
    uint32_t plic_context;
    uint64_t initrd_start;
    const char *bootargs;
    const char *isa;
    uint64_t fdt;
    uint32_t fdt_size;
    int virtio_count;
    struct
    {
        uint64_t base;
        uint32_t irq;
    } virtio[MAX_VIRTIO];
};

extern struct machine machine;
extern char __image_end[];

void machine_init(uint64_t fdt);
/* Value of key=N in the boot arguments, or a default. */
uint64_t boot_number(const char *key, uint64_t otherwise);

struct sbi_result
{
    long error;
    long value;
};
struct sbi_result sbi(long extension, long function, long a0, long a1, long a2, long a3);
bool sbi_probe(long extension);
void set_timer(uint64_t ticks);
_Noreturn void shutdown(bool failure);
/* Ends the guest: status 0 is success. */
_Noreturn void finish(int status);

void put_char(char c);
void put_text(const char *text, size_t length);
/* %s %d %ld %u %lu %x %lx %c %% */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Default: prints the cause and ends with a failure. */
void trap(struct trap_frame *frame);

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);

#define csr_read(csr) ({ uint64_t v_; __asm__ volatile("csrr %0, " #csr : "=r"(v_) : : "memory"); v_; })
#define csr_write(csr, value) ({ uint64_t v_ = (value); __asm__ volatile("csrw " #csr ", %0" : : "rK"(v_) : "memory"); })
#define csr_set(csr, value) ({ uint64_t v_ = (value); __asm__ volatile("csrs " #csr ", %0" : : "rK"(v_) : "memory"); })
#define csr_clear(csr, value) ({ uint64_t v_ = (value); __asm__ volatile("csrc " #csr ", %0" : : "rK"(v_) : "memory"); })

#define SBI_TIME 0x54494D45
#define SBI_IPI 0x735049
#define SBI_RFENCE 0x52464E43
#define SBI_HSM 0x48534D
#define SBI_SRST 0x53525354
#define SBI_DBCN 0x4442434E

static inline uint64_t now(void)
{
    return csr_read(time);
}

static inline uint32_t mmio_read(uint64_t address)
{
    uint32_t value = *(volatile uint32_t *)address;
    __asm__ volatile("fence" : : : "memory");
    return value;
}

static inline void mmio_write(uint64_t address, uint32_t value)
{
    __asm__ volatile("fence" : : : "memory");
    *(volatile uint32_t *)address = value;
}

#endif
