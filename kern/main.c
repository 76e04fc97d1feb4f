/* SPDX-License-Identifier: MIT */
/*
 * The boot, in the order in which its parts need each other: firmware, tree,
 * memory, map, time, the harts that there are, devices, the frame table, the
 * harts' start. Whatever the kernel was given that it cannot work with ends in
 * boot_fail; nothing hangs in silence.
 */
#include "kern/main.h"

#include "kern/abi/account.h"
#include "kern/abi/exit.h"
#include "kern/boot/argument.h"
#include "kern/boot/boot_memory.h"
#include "kern/boot/frame_table.h"
#include "kern/check.h"
#include "kern/code/arena.h"
#include "kern/console.h"
#include "kern/disk/drive.h"
#include "kern/env.h"
#include "kern/frame.h"
#include "kern/hart.h"
#include "kern/information.h"
#include "kern/interrupt.h"
#include "kern/panic.h"
#include "kern/predicate.h"
#include "kern/print.h"
#include "kern/sbi.h"
#include "kern/time.h"
#include "kern/vm.h"
#include "platform/device.h"

/* A tree larger than this is not believed (real ones have under 64 KiB). */
#define TREE_SIZE_MAX 0x200000

/* Runs of memory that hold what the kernel was given, itself first. In the
   array of them follows what the direct map does not reach. */
#define KEPT 3

struct memory_map kernel_memory;

static struct fdt boot_tree;

static void
tree_open(paddr_t address)
{
    if (address == 0 || address >= DIRECT_SIZE - TREE_SIZE_MAX) {
        boot_fail("the device tree is said to be at 0x%lx, out of reach",
                  address);
    }
    boot_reading = "the device tree";
    if (fdt_open(&boot_tree, direct_map(address), TREE_SIZE_MAX) < 0) {
        boot_fail("the device tree at 0x%lx is broken: %s (at byte %u)",
                  address, boot_tree.fault, boot_tree.fault_at);
    }
    boot_reading = NULL;
}

/* An address in /chosen, of one cell or two. */
static uint64_t
chosen_address(const char *name)
{
    struct fdt_prop prop;
    uint64_t value = 0;

    if (fdt_prop_find(&boot_tree, fdt_node_by_path(&boot_tree, "/chosen"), name,
                      &prop) == 0 &&
        fdt_prop_cells(&prop, 0, prop.length / 4, &value) < 0) {
        boot_fail("/chosen/%s is malformed", name);
    }
    return value;
}

/* The archive of programs: where the loader says that it put one, or empty. */
static struct memory_run
initrd_find(void)
{
    struct memory_run initrd = {chosen_address("linux,initrd-start"),
                                chosen_address("linux,initrd-end")};

    if (initrd.start > initrd.end || initrd.end > DIRECT_SIZE) {
        boot_fail("the initrd is said to be at 0x%lx to 0x%lx", initrd.start,
                  initrd.end);
    }
    return initrd;
}

static void
memory_init(const struct memory_run kept[KEPT + 1])
{
    for (unsigned i = 0; i < KEPT; i++) {
        for (unsigned j = 0; j < i; j++) {
            if (memory_runs_overlap(kept[i], kept[j])) {
                boot_fail("image, device tree and initrd overlap at 0x%lx",
                          kept[i].start);
            }
        }
    }
    if (memory_map_build(&kernel_memory, &boot_tree, kept, KEPT + 1) < 0) {
        boot_fail("memory: %s (0x%lx to 0x%lx)", kernel_memory.fault,
                  kernel_memory.fault_run.start, kernel_memory.fault_run.end);
    }
    if (kernel_memory.free_count == 0) {
        boot_fail("memory: all of it is reserved");
    }
    boot_memory_use(&kernel_memory);
}

static void
arguments_init(void)
{
    fdt_node_t chosen = fdt_node_by_path(&boot_tree, "/chosen");
    uint64_t level = print_limit;

    argument_init(fdt_prop_string(&boot_tree, chosen, "bootargs"));
    (void)argument_number("loglevel", PRINT_DEBUG, &level);
    print_limit = (enum print_level)level;
}

static void
report(uint64_t entered, uint64_t ready)
{
    unsigned stimecmp = 0;

    for (unsigned i = 0; i < hart_count; i++) {
        stimecmp +=
            hart_table[i]->state == HART_UP && hart_table[i]->has_stimecmp;
    }
    printk(PRINT_INFO,
           "firmware: SBI %u.%u, implementation %lu version 0x%lx\n",
           sbi_features.version >> 24, sbi_features.version & 0xffffff,
           sbi_features.implementation, sbi_features.implementation_version);
    printk(
        PRINT_INFO,
        "memory: %lu MiB in %u bank%s, %lu frames, %lu free, table %lu KiB\n",
        frame_counts.ram >> (20 - FRAME_SHIFT), kernel_memory.bank_count,
        kernel_memory.bank_count == 1 ? "" : "s", frame_counts.ram,
        frame_counts.free, frame_counts.table >> 10);
    printk(PRINT_INFO, "harts: %u up, %u with stimecmp, boot hart %lu\n",
           hart_count_in(HART_UP), stimecmp, hart_self()->id);
    printk(PRINT_INFO, "boot: %lu ns from entry to all harts up\n",
           time_nanoseconds(ready - entered));
}

/* Does what the arguments ask for once the machine is up. */
static void
arguments_obey(void)
{
    uint64_t status;
    size_t length;
    const char *checks = argument_find("check", &length);

    if (checks != NULL && !CHITIN_DEBUG) {
        boot_fail("argument check= needs a debug build");
    }
    if (checks != NULL) {
        check_run(checks, length);
    }
    if (argument_number("exit", UINT8_MAX, &status)) {
        machine_exit((unsigned)status);
    }
}

_Noreturn void
kernel_main(uint64_t id, paddr_t tree, uint64_t offset, uint64_t entered)
{
    struct memory_run initrd;
    struct memory_run kept[KEPT + 1];
    uint64_t ready;

    hart_init_boot(id);
    vm_init(offset);
    sbi_init();
    printk(PRINT_INFO, "Chitin exokernel (%s)\n",
           CHITIN_DEBUG ? "debug" : "release");

    tree_open(tree);
    initrd = initrd_find();
    kept[0] = vm_image_run();
    kept[1] = memory_run_around(tree, tree + boot_tree.size);
    kept[2] = memory_run_around(initrd.start, initrd.end);
    kept[KEPT] = (struct memory_run){DIRECT_SIZE, MEMORY_LIMIT};
    arguments_init();
    memory_init(kept);
    arena_reserve(&kernel_memory);
    vm_switch(&kernel_memory, &kept[1], 2);
    time_init(&boot_tree);
    hart_find_all(&boot_tree);
    boot_reading = "a device of the tree";
    device_init(&boot_tree);
    boot_reading = NULL;
    information_map(INFORMATION_BOOT, sizeof(struct information));
    information_map(INFORMATION_ENVS, ENVS_MAX * sizeof(struct env_row));
    information_map(INFORMATION_ACCOUNTS,
                    ACCOUNTS_MAX * sizeof(struct account));
    information_map(INFORMATION_SLOTS, sizeof(uint32_t) * SLOTS * hart_count);
    drive_init();
    arena_map();
    predicate_init();
    frame_table_init(&kernel_memory, kept, KEPT);
    hart_start_all();
    ready = time_now();
    information_fill(&boot_tree);

    report(entered, ready);
    device_console_listen();
    printk(PRINT_INFO, "chitin: ready\n");
    arguments_obey();
    drive_listen();
    if (initrd.end > initrd.start) {
        boot_reading = "the initrd";
        env_create_first(direct_map(initrd.start), initrd.end - initrd.start);
        boot_reading = NULL;
        env_enter_first();
    }
    kernel_idle();
}

_Noreturn void
kernel_idle(void)
{
    for (;;) {
        interrupt_wait();
        for (int c = console_read(); c >= 0; c = console_read()) {
            print_byte(c == '\r' ? '\n' : (char)c);
        }
    }
}
