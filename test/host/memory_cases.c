/* SPDX-License-Identifier: MIT */
/*
 * The memory map of named machines, good and bad: each rule of
 * kern/boot/memory.h once; then of the two trees given,
 * test/dts/reservations.dts and QEMU's virt.
 */
#include <libfdt.h>

/* libfdt brings no errno.h, so that the kernel's numbers can be had. */
#include "kern/abi/error.h"
#include "kern/boot/memory.h"
#include "test/host/check.h"
#include "test/host/memory_check.h"
#include "test/host/memory_tree.h"

#define BANK 0x80000000ULL
#define PAGE FRAME_SIZE

static struct memory_map map;

/* 16 MiB at BANK and nothing else. */
static struct memory_layout
layout_simple(void)
{
    struct memory_layout layout = {
        .banks = {.range = {{BANK, 0x1000000}}, .count = 1},
    };

    return layout;
}

static void
list_add(struct range_list *list, uint64_t address, uint64_t size)
{
    CHECK(list->count < LAYOUT_MAX);
    list->range[list->count++] = (struct fdt_range){address, size};
}

/* Builds the map of the blob, which it frees. */
static int
map_blob(void *blob, const struct memory_run *extra, uint32_t count)
{
    struct fdt tree;
    int error;

    CHECK_EQUAL(fdt_open(&tree, blob, SIZE_MAX), 0);
    error = memory_map_build(&map, &tree, extra, count);
    memory_map_check(&map, error);
    free(blob);
    return error;
}

static int
map_layout(const struct memory_layout *layout)
{
    return map_blob(memory_tree_build(layout), NULL, 0);
}

static void
fault_check(int error, int expected, const char *reason)
{
    CHECK_EQUAL(error, expected);
    if (strstr(map.fault, reason) == NULL) {
        check_subject = map.fault;
        check_fail(__FILE__, __LINE__, reason);
    }
}

#define RUN_CHECK(run, from, to)                                               \
    do {                                                                       \
        CHECK_EQUAL((run).start, from);                                        \
        CHECK_EQUAL((run).end, to);                                            \
    } while (0)

static void
banks_test(void)
{
    struct memory_layout layout = layout_simple();

    check_subject = "banks";
    CHECK_EQUAL(map_layout(&layout), 0);
    CHECK_EQUAL(map.bank_count, 1);
    CHECK_EQUAL(map.free_count, 1);
    RUN_CHECK(map.bank[0], BANK, BANK + 0x1000000);
    RUN_CHECK(map.free[0], BANK, BANK + 0x1000000);

    /* Touching in the middle of a page; listed in descending order. */
    layout.banks.count = 0;
    list_add(&layout.banks, BANK + 0x1800, 0x2900);
    list_add(&layout.banks, BANK + 0x200, 0x1600);
    CHECK_EQUAL(map_layout(&layout), 0);
    CHECK_EQUAL(map.bank_count, 1);
    RUN_CHECK(map.bank[0], BANK + 0x1000, BANK + 0x4000);

    /* An empty one and one without a whole page are no banks. */
    list_add(&layout.banks, 0, 0);
    list_add(&layout.banks, 0x1001, 0x1ffe);
    CHECK_EQUAL(map_layout(&layout), 0);
    CHECK_EQUAL(map.bank_count, 1);

    /* The last page there can be. */
    layout.banks.count = 0;
    list_add(&layout.banks, MEMORY_LIMIT - PAGE, PAGE);
    CHECK_EQUAL(map_layout(&layout), 0);
    RUN_CHECK(map.free[0], MEMORY_LIMIT - PAGE, MEMORY_LIMIT);
}

static void
bad_banks_test(void)
{
    struct memory_layout layout = layout_simple();

    check_subject = "bad banks";
    layout.banks.count = 0;
    fault_check(map_layout(&layout), -ENODEV, "no memory");
    list_add(&layout.banks, 0x1001, 0x1ffe);
    fault_check(map_layout(&layout), -ENODEV, "no memory");

    layout = layout_simple();
    list_add(&layout.banks, BANK + 0xffffff, 2);
    fault_check(map_layout(&layout), -EOVERFLOW, "banks of memory overlap");
    RUN_CHECK(map.fault_run, BANK + 0xffffff, BANK + 0x1000001);
    layout = layout_simple();
    list_add(&layout.banks, BANK, 0x1000000);
    fault_check(map_layout(&layout), -EOVERFLOW, "banks of memory overlap");

    layout.banks.count = 0;
    list_add(&layout.banks, MEMORY_LIMIT - PAGE, PAGE + 1);
    fault_check(map_layout(&layout), -ERANGE, "bank of memory ends above");
    layout.banks.range[0] = (struct fdt_range){MEMORY_LIMIT, PAGE};
    fault_check(map_layout(&layout), -ERANGE, "bank of memory ends above");
    layout.banks.range[0] = (struct fdt_range){BANK, UINT64_MAX - BANK + 1};
    fault_check(map_layout(&layout), -ERANGE, "bank of memory ends above");
    layout.banks.range[0] = (struct fdt_range){BANK, UINT64_MAX - BANK + 2};
    fault_check(map_layout(&layout), -ERANGE, "reg is malformed");
    layout.banks.range[0] = (struct fdt_range){UINT64_MAX, UINT64_MAX};
    fault_check(map_layout(&layout), -ERANGE, "reg is malformed");
}

static void
reservations_test(void)
{
    struct memory_layout layout = layout_simple();
    struct memory_run extra[] = {{BANK + 0x200000, BANK + 0x280001},
                                 {BANK + 0x300000, BANK + 0x300000}};

    check_subject = "reservations";
    /* Twice in /reserved-memory's page, once more in the block. */
    list_add(&layout.nodes, BANK, 0x80);
    list_add(&layout.nodes, BANK + 0x80, 0x1000);
    list_add(&layout.entries, BANK, 0x80);
    list_add(&layout.entries, BANK + 0x80, 0x100);
    /* Outside, across the end, and in front with no gap. */
    list_add(&layout.nodes, 0x1000, 0x1000);
    list_add(&layout.nodes, BANK + 0xfffff0, 0x1000);
    list_add(&layout.entries, BANK - 0x1000, 0x1000);
    list_add(&layout.entries, BANK + 0x10, 0);
    CHECK_EQUAL(map_blob(memory_tree_build(&layout), extra, 2), 0);
    CHECK_EQUAL(map.reserved_count, 4);
    RUN_CHECK(map.reserved[0], 0x1000, 0x2000);
    RUN_CHECK(map.reserved[1], BANK - 0x1000, BANK + 0x2000);
    RUN_CHECK(map.reserved[2], BANK + 0x200000, BANK + 0x281000);
    RUN_CHECK(map.reserved[3], BANK + 0xfff000, BANK + 0x1001000);
    CHECK_EQUAL(map.free_count, 2);
    RUN_CHECK(map.free[0], BANK + 0x2000, BANK + 0x200000);
    RUN_CHECK(map.free[1], BANK + 0x281000, BANK + 0xfff000);

    /* Nothing is left; that is the caller's trouble. */
    list_add(&layout.entries, 0, MEMORY_LIMIT);
    CHECK_EQUAL(map_layout(&layout), 0);
    CHECK_EQUAL(map.bank_count, 1);
    CHECK_EQUAL(map.free_count, 0);
}

static void
bad_reservations_test(void)
{
    struct memory_layout layout = layout_simple();
    struct memory_run extra = {BANK + 1, BANK};
    struct memory_run far = {0, MEMORY_LIMIT + 1};

    check_subject = "bad reservations";
    list_add(&layout.nodes, BANK + 0x1000, 0x1001);
    list_add(&layout.nodes, BANK + 0x2000, 0x1000);
    fault_check(map_layout(&layout), -EOVERFLOW, "/reserved-memory overlap");
    RUN_CHECK(map.fault_run, BANK + 0x2000, BANK + 0x3000);
    layout.gather = true;
    fault_check(map_layout(&layout), -EOVERFLOW, "/reserved-memory overlap");

    layout = layout_simple();
    list_add(&layout.nodes, MEMORY_LIMIT, 1);
    fault_check(map_layout(&layout), -ERANGE, "reservation ends above");
    layout.nodes.range[0] = (struct fdt_range){UINT64_MAX, 2};
    fault_check(map_layout(&layout), -ERANGE, "/reserved-memory is malformed");
    layout = layout_simple();
    list_add(&layout.entries, 1, MEMORY_LIMIT);
    fault_check(map_layout(&layout), -ERANGE, "reservation ends above");
    layout.entries.range[0] = (struct fdt_range){UINT64_MAX, 2};
    fault_check(map_layout(&layout), -ERANGE, "reservation wraps");

    layout = layout_simple();
    fault_check(map_blob(memory_tree_build(&layout), &extra, 1), -EINVAL,
                "reversed");
    fault_check(map_blob(memory_tree_build(&layout), &far, 1), -ERANGE,
                "reservation ends above");
}

/* As many as there may be, and one more; every free run there can be. */
static void
capacity_test(void)
{
    struct memory_layout layout = {0};
    struct memory_run extra = {0, 1};

    check_subject = "capacity";
    for (uint64_t i = 0; i < MEMORY_BANKS_MAX; i++) {
        list_add(&layout.banks, i << 32, 0x1000000);
    }
    for (uint64_t i = 0; i < MEMORY_RESERVED_MAX / 2; i++) {
        list_add(&layout.nodes, (i + 1) * 2 * PAGE, PAGE);
        list_add(&layout.entries, (15ULL << 32) + (i + 1) * 2 * PAGE, PAGE);
    }
    CHECK_EQUAL(map_layout(&layout), 0);
    CHECK_EQUAL(map.bank_count, MEMORY_BANKS_MAX);
    CHECK_EQUAL(map.reserved_count, MEMORY_RESERVED_MAX);
    CHECK_EQUAL(map.free_count, MEMORY_FREE_MAX);
    fault_check(map_blob(memory_tree_build(&layout), &extra, 1), -ENOSPC,
                "too many memory reservations");
    layout.entries.count = 0;
    for (uint64_t i = 0; i <= MEMORY_RESERVED_MAX / 2; i++) {
        list_add(&layout.nodes, (i + 100) * 2 * PAGE, PAGE);
    }
    fault_check(map_layout(&layout), -ENOSPC, "too many memory reservations");
    layout.gather = true;
    fault_check(map_layout(&layout), -ENOSPC, "too many memory reservations");
    list_add(&layout.banks, 99ULL << 32, PAGE);
    fault_check(map_layout(&layout), -ENOSPC, "too many banks");
    layout.gather = false;
    fault_check(map_layout(&layout), -ENOSPC, "too many banks");
}

/* The simple machine with a property of one of its nodes changed. */
static int
map_changed(const char *path, const char *name, const char *value, int length)
{
    struct memory_layout layout = layout_simple();
    void *blob;
    int node;

    list_add(&layout.banks, BANK + 0x2000000, 0x1000000);
    list_add(&layout.nodes, BANK, 0x2000);
    blob = memory_tree_build(&layout);
    node = fdt_path_offset(blob, path);
    CHECK(node >= 0);
    CHECK_EQUAL(value == NULL ? fdt_delprop(blob, node, name)
                              : fdt_setprop(blob, node, name, value, length),
                0);
    return map_blob(blob, NULL, 0);
}

static void
nodes_test(void)
{
    check_subject = "nodes";
    CHECK_EQUAL(map_changed("/memory@0", "status", "okay", 5), 0);
    CHECK_EQUAL(map.bank_count, 2);
    CHECK_EQUAL(map_changed("/memory@0", "status", "disabled", 9), 0);
    CHECK_EQUAL(map.bank_count, 1);
    CHECK_EQUAL(map_changed("/memory@0", "device_type", NULL, 0), 0);
    CHECK_EQUAL(map.bank_count, 1);
    CHECK_EQUAL(map_changed("/memory@0", "device_type", "ram", 4), 0);
    CHECK_EQUAL(map.bank_count, 1);
    CHECK_EQUAL(map_changed("/memory@0", "reg", NULL, 0), 0);
    CHECK_EQUAL(map.bank_count, 1);
    fault_check(map_changed("/memory@0", "reg", "1234", 4), -EINVAL,
                "memory node's reg");
    fault_check(map_changed("/", "#address-cells", "\0\0\0\3", 4), -EINVAL,
                "memory node's reg");

    CHECK_EQUAL(
        map_changed("/reserved-memory/reserved@0", "status", "disabled", 9), 0);
    CHECK_EQUAL(map.reserved_count, 1);
    /* Without reg it asks for a place wherever there is one. */
    CHECK_EQUAL(map_changed("/reserved-memory/reserved@0", "reg", NULL, 0), 0);
    CHECK_EQUAL(map.reserved_count, 0);
    fault_check(map_changed("/reserved-memory/reserved@0", "reg", "123", 3),
                -EINVAL, "/reserved-memory is malformed");
    fault_check(map_changed("/reserved-memory", "ranges", NULL, 0), -ERANGE,
                "/reserved-memory is malformed");
}

/* test/dts/reservations.dts */
static void
reservations_file_test(const char *path)
{
    size_t size = 0;

    CHECK_EQUAL(map_blob(file_load(path, &size), NULL, 0), 0);
    CHECK_EQUAL(map.bank_count, 2);
    RUN_CHECK(map.bank[0], 0x80000000, 0x90000000);
    RUN_CHECK(map.bank[1], 0x1000001000, 0x1000003000);
    CHECK_EQUAL(map.reserved_count, 8);
    RUN_CHECK(map.reserved[0], 0, 0x1000);
    RUN_CHECK(map.reserved[1], 0x40000000, 0x40010000);
    RUN_CHECK(map.reserved[2], 0x80000000, 0x80080000);
    RUN_CHECK(map.reserved[3], 0x81000000, 0x81002000);
    RUN_CHECK(map.reserved[4], 0x82000000, 0x82001000);
    RUN_CHECK(map.reserved[5], 0x83000000, 0x83001000);
    RUN_CHECK(map.reserved[6], 0x87000000, 0x87003000);
    RUN_CHECK(map.reserved[7], 0x88000000, 0x88100000);
    CHECK_EQUAL(map.free_count, 7);
    RUN_CHECK(map.free[0], 0x80080000, 0x81000000);
    RUN_CHECK(map.free[6], 0x1000001000, 0x1000003000);
}

/* QEMU's virt machine has 128 MiB if nothing else is said. */
static void
virt_file_test(const char *path)
{
    size_t size = 0;

    CHECK_EQUAL(map_blob(file_load(path, &size), NULL, 0), 0);
    CHECK_EQUAL(map.bank_count, 1);
    CHECK_EQUAL(map.free_count, 1);
    RUN_CHECK(map.free[0], 0x80000000, 0x88000000);
}

int
main(int argc, char **argv)
{
    banks_test();
    bad_banks_test();
    reservations_test();
    bad_reservations_test();
    capacity_test();
    nodes_test();
    CHECK(argc == 3);
    reservations_file_test(argv[1]);
    virt_file_test(argv[2]);
    return 0;
}
