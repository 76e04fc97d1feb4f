/* SPDX-License-Identifier: MIT */
/*
 * The platform-level interrupt controller (RISC-V PLIC specification 1.0.0). A
 * context is one privilege level of one hart; which is which only the device
 * tree says: entry i of interrupts-extended names the hart's own controller
 * and the cause that context i raises there.
 */
#include "kern/csr.h"
#include "kern/hart.h"
#include "kern/print.h"
#include "platform/driver.h"

#define PRIORITY(source) (4 * (uint64_t)(source))
#define ENABLE(context, source)                                                \
    (0x2000 + 0x80 * (uint64_t)(context) + 4 * (uint64_t)((source) / 32))
#define THRESHOLD(context) (0x200000 + 0x1000 * (uint64_t)(context))
#define CLAIM(context) (0x200004 + 0x1000 * (uint64_t)(context))

#define SOURCES_MAX 1023
#define CONTEXTS_MAX 15872
#define NO_CONTEXT UINT32_MAX

static volatile uint8_t *base;
static uint64_t length; /* of the register block */
static uint32_t source_count;
static uint32_t hart_context[HARTS_MAX]; /* by the kernel's hart index */
static volatile uint32_t *hart_claim[HARTS_MAX]; /* its register; NULL: none */

static volatile uint32_t *
at(uint64_t offset)
{
    return (volatile uint32_t *)(volatile void *)(base + offset);
}

/* The kernel's index of the hart whose own controller has this phandle; -1 if
   it is none that the kernel runs on. */
static int
hart_of(const struct fdt *tree, uint32_t phandle)
{
    for (unsigned i = 0; i < hart_count; i++) {
        fdt_node_t node = fdt_node_child(tree, hart_table[i]->node);

        for (; node != FDT_NONE; node = fdt_node_sibling(tree, node)) {
            uint32_t found;

            if (fdt_prop_u32(tree, node, "phandle", &found) == 0 &&
                found == phandle) {
                return (int)i;
            }
        }
    }
    return -1;
}

static void
contexts_read(const struct fdt *tree, const struct fdt_prop *list)
{
    for (uint32_t context = 0; context < CONTEXTS_MAX; context++) {
        uint32_t phandle;
        uint32_t cause;
        int hart;

        if (fdt_prop_cell(list, 2 * context, &phandle) < 0 ||
            fdt_prop_cell(list, 2 * context + 1, &cause) < 0 ||
            CLAIM(context) + 4 > length) {
            return;
        }
        if (cause != INTERRUPT_EXTERNAL) {
            continue; /* the machine's, or one that the firmware took away */
        }
        hart = hart_of(tree, phandle);
        if (hart >= 0) {
            hart_context[hart] = context;
        }
    }
}

bool
plic_init(const struct fdt *tree, fdt_node_t node)
{
    struct fdt_prop list;
    struct fdt_range range;

    if (fdt_reg_physical(tree, node, 0, &range) < 0 ||
        fdt_prop_u32(tree, node, "riscv,ndev", &source_count) < 0 ||
        fdt_prop_find(tree, node, "interrupts-extended", &list) < 0) {
        return false;
    }
    length = range.size;
    base = driver_registers(tree, node, CLAIM(0) + 4);
    if (base == NULL) {
        return false;
    }
    source_count = source_count < SOURCES_MAX ? source_count : SOURCES_MAX;
    for (unsigned i = 0; i < HARTS_MAX; i++) {
        hart_context[i] = NO_CONTEXT;
    }
    contexts_read(tree, &list);
    for (uint32_t source = 1; source <= source_count; source++) {
        *at(PRIORITY(source)) = 0; /* never interrupts */
    }
    return true;
}

void
plic_init_hart(void)
{
    uint32_t context = hart_context[hart_self()->index];

    if (context == NO_CONTEXT) {
        printk(PRINT_WARN, "hart %lu: no context in the interrupt controller\n",
               hart_self()->id);
        return;
    }
    for (uint32_t source = 0; source <= source_count; source += 32) {
        *at(ENABLE(context, source)) = 0;
    }
    *at(THRESHOLD(context)) = 0; /* lets every priority above 0 through */
    hart_claim[hart_self()->index] = at(CLAIM(context));
}

bool
plic_route(uint32_t source)
{
    uint32_t context = hart_context[hart_self()->index];

    if (source == 0 || source > source_count || context == NO_CONTEXT) {
        return false;
    }
    *at(PRIORITY(source)) = 1;
    *at(ENABLE(context, source)) |= (uint32_t)1 << source % 32;
    return true;
}

void
plic_mask(uint32_t source)
{
    *at(PRIORITY(source)) = 0;
}

uint32_t
plic_claim(void)
{
    volatile uint32_t *claim = hart_claim[hart_self()->index];

    return claim == NULL ? 0 : *claim;
}

void
plic_complete(uint32_t source)
{
    *hart_claim[hart_self()->index] = source;
}
