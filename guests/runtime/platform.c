// SPDX-License-Identifier: Apache-2.0
#include "platform.h"

#include "bytes.h"
#include "console.h"
#include "sbi.h"

#define FDT_MAGIC      0xD00DFEEDu
#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE   2u
#define FDT_PROPERTY   3u
#define FDT_NOP        4u

/** Levels of nodes that are followed; /soc/plic is the third. */
#define MAX_DEPTH 16

/** The interrupt of a hart that S-mode takes external interrupts on. */
#define SUPERVISOR_EXTERNAL 9u

/** Contexts of a PLIC that are looked at; two a hart. */
#define MAX_CONTEXTS 64

struct platform platform;

/** One node while it is read: its properties are complete when the next node begins or this one ends. */
struct node
{
    const char *name;
    uint32_t address_cells;
    uint32_t size_cells;
    const uint8_t *reg;
    uint32_t reg_bytes;
    const uint8_t *interrupts;
    const uint8_t *interrupts_extended;
    uint32_t interrupts_extended_bytes;
    const char *compatible;
    uint32_t compatible_bytes;
    const char *device_type;
    uint32_t phandle;
    bool is_done;
};

static uint32_t own_controller_phandle;
static const uint8_t *plic_contexts;
static uint32_t plic_contexts_bytes;

static uint64_t read_cells(const uint8_t *const from, const uint32_t count)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < count; i++)
    {
        value = value << 32 | read_be32(from + 4 * i);
    }
    return value;
}

static bool is_compatible(const struct node *const node, const char *const with)
{
    const char *at = node->compatible;
    const char *const end = at + node->compatible_bytes;
    while (at != NULL && at < end)
    {
        if (strcmp(at, with) == 0)
        {
            return true;
        }
        at += strlen(at) + 1;
    }
    return false;
}

/** What follows `prefix` in `text`, or NULL when the text begins otherwise. */
static const char *after(const char *text, const char *prefix)
{
    while (*prefix != 0)
    {
        if (*text++ != *prefix++)
        {
            return NULL;
        }
    }
    return text;
}

static void copy_text(char *const to, const size_t capacity, const uint8_t *const from, const uint32_t bytes)
{
    const size_t count = bytes < capacity ? bytes : capacity - 1;
    memcpy(to, from, count);
    to[count] = 0;
}

static void take_node(struct node *const nodes, const int depth)
{
    struct node *const node = &nodes[depth];
    if (node->is_done || depth == 0)
    {
        return;
    }
    node->is_done = true;
    const struct node *const parent = &nodes[depth - 1];
    const uint32_t address_cells = parent->address_cells;
    const bool has_address = node->reg != NULL && node->reg_bytes >= 4 * address_cells;
    const uint64_t address = has_address ? read_cells(node->reg, address_cells) : 0;

    if (node->device_type != NULL && strcmp(node->device_type, "memory") == 0)
    {
        if (platform.memory_bytes == 0 && node->reg_bytes >= 4 * (address_cells + parent->size_cells))
        {
            platform.memory_base = address;
            platform.memory_bytes = read_cells(node->reg + 4 * address_cells, parent->size_cells);
        }
    }
    else if (is_compatible(node, "riscv,cpu-intc"))
    {
        const uint32_t cpu_cells = depth >= 2 ? nodes[depth - 2].address_cells : 1;
        if (parent->reg != NULL && read_cells(parent->reg, cpu_cells) == platform.hart)
        {
            own_controller_phandle = node->phandle;
        }
    }
    else if (is_compatible(node, "sifive,plic-1.0.0") || is_compatible(node, "riscv,plic0"))
    {
        platform.plic_base = address;
        plic_contexts = node->interrupts_extended;
        plic_contexts_bytes = node->interrupts_extended_bytes;
    }
    else if (is_compatible(node, "virtio,mmio") && has_address && node->interrupts != NULL)
    {
        if (platform.virtio_count < MAX_VIRTIO_DEVICES)
        {
            struct virtio_window *const window = &platform.virtio[platform.virtio_count++];
            window->base = address;
            window->interrupt = read_be32(node->interrupts);
        }
    }
}

static void take_property(struct node *const node, const char *const name, const uint8_t *value, const uint32_t bytes)
{
    if (strcmp(name, "#address-cells") == 0 && bytes == 4)
    {
        node->address_cells = read_be32(value);
    }
    else if (strcmp(name, "#size-cells") == 0 && bytes == 4)
    {
        node->size_cells = read_be32(value);
    }
    else if (strcmp(name, "reg") == 0)
    {
        node->reg = value;
        node->reg_bytes = bytes;
    }
    else if (strcmp(name, "interrupts") == 0 && bytes >= 4)
    {
        node->interrupts = value;
    }
    else if (strcmp(name, "interrupts-extended") == 0)
    {
        node->interrupts_extended = value;
        node->interrupts_extended_bytes = bytes;
    }
    else if (strcmp(name, "compatible") == 0)
    {
        node->compatible = (const char *)value;
        node->compatible_bytes = bytes;
    }
    else if (strcmp(name, "device_type") == 0)
    {
        node->device_type = (const char *)value;
    }
    else if (strcmp(name, "phandle") == 0 && bytes == 4)
    {
        node->phandle = read_be32(value);
    }
    else if (strcmp(name, "timebase-frequency") == 0 && (bytes == 4 || bytes == 8))
    {
        platform.timebase_hz = read_cells(value, bytes / 4);
    }
    else if (strcmp(name, "bootargs") == 0 && strcmp(node->name, "chosen") == 0)
    {
        copy_text(platform.bootargs, MAX_BOOTARGS_BYTES, value, bytes);
    }
    else if (strcmp(name, "riscv,isa") == 0)
    {
        copy_text(platform.isa, MAX_ISA_BYTES, value, bytes);
    }
}

static void find_own_context(void)
{
    for (uint32_t i = 0; i < MAX_CONTEXTS && 8 * i + 8 <= plic_contexts_bytes; i++)
    {
        const uint32_t phandle = read_be32(plic_contexts + 8 * i);
        const uint32_t interrupt = read_be32(plic_contexts + 8 * i + 4);
        if (phandle == own_controller_phandle && interrupt == SUPERVISOR_EXTERNAL)
        {
            platform.plic_context = i;
            platform.has_plic = true;
        }
    }
}

bool platform_read(const uint64_t hart, const void *const device_tree)
{
    static struct node nodes[MAX_DEPTH];

    platform.hart = hart;
    const uint8_t *const blob = device_tree;
    if (blob == NULL || read_be32(blob) != FDT_MAGIC)
    {
        return false;
    }
    const uint8_t *at = blob + read_be32(blob + 8);
    const char *const names = (const char *)blob + read_be32(blob + 12);
    const uint8_t *const end = blob + read_be32(blob + 4);
    int depth = -1;
    while (at < end)
    {
        const uint32_t token = read_be32(at);
        at += 4;
        if (token == FDT_BEGIN_NODE)
        {
            if (depth >= 0)
            {
                take_node(nodes, depth);
            }
            if (++depth == MAX_DEPTH)
            {
                return false;
            }
            nodes[depth] = (struct node){ .name = (const char *)at, .address_cells = 2, .size_cells = 1 };
            at += (strlen((const char *)at) + 4) & ~3UL;
        }
        else if (token == FDT_END_NODE)
        {
            if (depth < 0)
            {
                return false;
            }
            take_node(nodes, depth--);
        }
        else if (token == FDT_PROPERTY)
        {
            const uint32_t bytes = read_be32(at);
            const char *const name = names + read_be32(at + 4);
            if (depth >= 0)
            {
                take_property(&nodes[depth], name, at + 8, bytes);
            }
            at += 8 + ((bytes + 3UL) & ~3UL);
        }
        else if (token != FDT_NOP)
        {
            break;
        }
    }
    find_own_context();
    return platform.memory_bytes != 0;
}

uint64_t platform_argument(const char *const name, const uint64_t otherwise)
{
    for (const char *at = platform.bootargs; *at != 0;)
    {
        const char *rest = after(at, name);
        if (rest != NULL && *rest == '=')
        {
            uint64_t value = 0;
            for (at = rest + 1; *at >= '0' && *at <= '9'; at++)
            {
                value = value * 10 + (uint64_t)(*at - '0');
            }
            return value;
        }
        while (*at != 0 && *at != ' ')
        {
            at++;
        }
        while (*at == ' ')
        {
            at++;
        }
    }
    return otherwise;
}

bool platform_has_extension(const char *const name)
{
    for (const char *at = platform.isa; *at != 0; at++)
    {
        const char *const rest = *at == '_' ? after(at + 1, name) : NULL;
        if (rest != NULL && (*rest == '_' || *rest == 0))
        {
            return true;
        }
    }
    return false;
}

/** Called by start.S on the guest's stack. */
void guest_start(uint64_t hart, const void *device_tree);

void guest_start(const uint64_t hart, const void *const device_tree)
{
    if (!platform_read(hart, device_tree))
    {
        print("FAIL: a1 holds no device tree that names memory\n");
        shut_down(true);
    }
    guest_main();
    shut_down(false);
}
