/* SPDX-License-Identifier: MIT */
/*
 * Matches device-tree nodes with drivers. The order matters little: the
 * interrupt controller, the clock and the finisher are taken where they stand
 * in the tree, then the console that /chosen names, or else the first one
 * known, and then the disks.
 */
#include "kern/console.h"
#include "kern/panic.h"
#include "kern/print.h"
#include "kern/time.h"
#include "kern/vm.h"
#include "platform/dev/virtio_mmio.h"
#include "platform/device.h"
#include "platform/driver.h"

struct console_match {
    const char *compatible;
    const struct console_driver *(*init)(const struct fdt *, fdt_node_t);
};

static const struct console_match console_matches[] = {
    {"ns16550a", ns16550_init},
    {"ns16550", ns16550_init},
    {"sifive,uart0", sifive_uart_init},
};

static const char *const plic_names[] = {"sifive,plic-1.0.0", "riscv,plic0"};
static const char *const clock_names[] = {"google,goldfish-rtc"};
static const char *const finisher_names[] = {"sifive,test0", "sifive,test1"};
static const char *const virtio_names[] = {"virtio,mmio"};

/* Places for virtio devices; QEMU's virt has 8. */
#define VIRTIO_MAX 32

#define EXIT_NANOSECONDS 100000000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct console_driver *console;
static uint32_t console_source;
static bool has_controller;
static bool has_finisher;
static bool has_clock;

volatile void *
driver_registers(const struct fdt *tree, fdt_node_t node, uint64_t size)
{
    struct fdt_range range;

    if (fdt_reg_physical(tree, node, 0, &range) < 0 || range.size < size) {
        return NULL;
    }
    return vm_map_device(range.address, range.size);
}

/* As driver_registers, for nodes that often follow each other: the trail is
   that of the node before, at first of depth 0. */
static volatile void *
registers_next(const struct fdt *tree, fdt_node_t node, uint64_t size,
               fdt_node_t trail[FDT_DEPTH_MAX], uint32_t *depth)
{
    struct fdt_range range;

    if (*depth > 0 && fdt_node_sibling(tree, trail[*depth - 1]) == node) {
        trail[*depth - 1] = node;
    } else {
        *depth = fdt_node_trail(tree, node, trail);
    }
    if (fdt_reg_physical_at(tree, trail, *depth, 0, &range) < 0 ||
        range.size < size) {
        return NULL;
    }
    return vm_map_device(range.address, range.size);
}

static bool
is_one_of(const struct fdt *tree, fdt_node_t node, const char *const *names,
          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fdt_prop_has_string(tree, node, "compatible", names[i])) {
            return true;
        }
    }
    return false;
}

static const struct console_match *
console_match(const struct fdt *tree, fdt_node_t node)
{
    for (size_t i = 0; i < COUNT(console_matches); i++) {
        if (fdt_node_is_okay(tree, node) &&
            fdt_prop_has_string(tree, node, "compatible",
                                console_matches[i].compatible)) {
            return &console_matches[i];
        }
    }
    return NULL;
}

/* The console's node: what /chosen/stdout-path names if a driver knows it,
   else the first that one knows. */
static fdt_node_t
console_find(const struct fdt *tree)
{
    fdt_node_t chosen = fdt_node_by_path(tree, "/chosen");
    const char *path = fdt_prop_string(tree, chosen, "stdout-path");
    fdt_node_t node = path != NULL ? fdt_node_by_path(tree, path) : FDT_NONE;

    if (console_match(tree, node) != NULL) {
        return node;
    }
    for (node = tree->root; node != FDT_NONE;
         node = fdt_node_next(tree, node)) {
        if (console_match(tree, node) != NULL) {
            return node;
        }
    }
    return FDT_NONE;
}

/* The first interrupt of the node, a single cell as the PLIC has it; 0 if it
   has none. */
static uint32_t
interrupt_source(const struct fdt *tree, fdt_node_t node)
{
    struct fdt_prop prop;
    uint32_t source = 0;

    if (fdt_prop_find(tree, node, "interrupts", &prop) == 0) {
        (void)fdt_prop_cell(&prop, 0, &source);
    } else if (fdt_prop_find(tree, node, "interrupts-extended", &prop) == 0) {
        (void)fdt_prop_cell(&prop, 1, &source); /* behind the phandle */
    }
    return source;
}

static void
console_init(const struct fdt *tree)
{
    fdt_node_t node = console_find(tree);
    const struct console_match *match = console_match(tree, node);

    if (match == NULL) {
        boot_fail("the device tree has no console that a driver knows");
    }
    console = match->init(tree, node);
    if (console == NULL) {
        boot_fail("console %s: its registers are missing or malformed",
                  fdt_node_name(tree, node));
    }
    console_source = interrupt_source(tree, node);
    print_put = console->put;
    printk(PRINT_INFO, "console: %s (%s)\n", fdt_node_name(tree, node),
           match->compatible);
}

/* What is behind these registers: nothing, a disk, or of no interest. All are
   stopped: whoever ran before us may have left one writing to memory. */
static void
virtio_probe(const struct fdt *tree, fdt_node_t node, volatile void *registers)
{
    const char *name = fdt_node_name(tree, node);
    struct virtio virtio;
    uint32_t kind;

    if (registers == NULL) {
        printk(PRINT_WARN, "%s: its registers are missing or malformed\n",
               name);
        return;
    }
    kind = virtio_open(&virtio, registers);
    if (kind != VIRTIO_NONE && !virtio_stop(&virtio)) {
        printk(PRINT_WARN, "%s: it does not reset\n", name);
    } else if (kind == VIRTIO_BLOCK) {
        disk_found(name, interrupt_source(tree, node), registers,
                   virtio_blk_init);
    }
}

void
device_init(const struct fdt *tree)
{
    fdt_node_t virtio[VIRTIO_MAX]; /* looked at when there is a console */
    unsigned virtio_count = 0;
    fdt_node_t trail[FDT_DEPTH_MAX] = {0};
    uint32_t depth = 0;

    for (fdt_node_t node = tree->root; node != FDT_NONE;
         node = fdt_node_next(tree, node)) {
        if (!fdt_node_is_okay(tree, node)) {
            continue;
        }
        if (!has_finisher &&
            is_one_of(tree, node, finisher_names, COUNT(finisher_names))) {
            has_finisher = finisher_init(tree, node);
        } else if (!has_controller &&
                   is_one_of(tree, node, plic_names, COUNT(plic_names))) {
            has_controller = plic_init(tree, node);
        } else if (!has_clock &&
                   is_one_of(tree, node, clock_names, COUNT(clock_names))) {
            has_clock = goldfish_rtc_init(tree, node);
        } else if (virtio_count < VIRTIO_MAX &&
                   is_one_of(tree, node, virtio_names, COUNT(virtio_names))) {
            virtio[virtio_count++] = node;
        }
    }
    console_init(tree);
    if (!has_controller) {
        printk(PRINT_WARN, "no interrupt controller: no input, no disks\n");
        return;
    }
    for (unsigned i = 0; i < virtio_count; i++) {
        virtio_probe(
            tree, virtio[i],
            registers_next(tree, virtio[i], VIRTIO_REGISTERS, trail, &depth));
    }
}

void
device_init_hart(void)
{
    if (has_controller) {
        plic_init_hart();
    }
}

bool
device_console_room(void)
{
    return console->room();
}

void
device_console_listen(void)
{
    if (has_controller && console_source != 0 && plic_route(console_source)) {
        console->listen(true);
    } else {
        printk(PRINT_WARN, "console: no interrupt: no input\n");
    }
}

void
device_console_hold(bool hold)
{
    console->listen(!hold);
}

static void
console_interrupt(void)
{
    int byte;

    while (console_room() && (byte = console->get()) >= 0) {
        console_receive((char)byte);
    }
}

/* One, so that an entry is bounded: what else is pending interrupts again. */
void
device_interrupt(void)
{
    uint32_t source = plic_claim(); /* 0 without a controller, too */

    if (source == 0) {
        return;
    }
    if (!disk_step(source) && source == console_source) {
        console_interrupt();
    }
    plic_complete(source);
}

bool
device_clock(uint64_t *nanoseconds)
{
    if (has_clock) {
        *nanoseconds = goldfish_rtc_read();
    }
    return has_clock;
}

void
device_exit(unsigned status)
{
    if (has_finisher) {
        uint64_t until = time_now() + time_ticks(EXIT_NANOSECONDS);

        has_finisher = false; /* should it fault, it is not tried again */
        finisher_exit(status);
        /* Some QEMUs end a little later; a second way tried meanwhile would
           replace the status. */
        while (time_now() < until) {
            cpu_relax();
        }
    }
    semihosting_exit(status);
}
