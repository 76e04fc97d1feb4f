/* SPDX-License-Identifier: MIT */
/*
 * Look-ups by path, alias and phandle, strings, cells and status, on
 * test/dts/names.dts; and that on no node and no tree all of them answer
 * "none".
 */
#include "kern/abi/error.h"
#include "kern/boot/fdt.h"
#include "test/host/check.h"

static const char *
name_at(const struct fdt *tree, const char *path)
{
    check_subject = path;
    return fdt_node_name(tree, fdt_node_by_path(tree, path));
}

static bool
is_absent(const struct fdt *tree, const char *path)
{
    check_subject = path;
    return fdt_node_by_path(tree, path) == FDT_NONE;
}

static void
paths_check(const struct fdt *tree)
{
    const char *stdout_path =
        fdt_prop_string(tree, fdt_node_by_path(tree, "/chosen"), "stdout-path");
    fdt_node_t pair = fdt_node_by_path(tree, "/pair");
    struct fdt_prop prop;

    CHECK(fdt_node_by_path(tree, "/") == tree->root);
    CHECK(strcmp(name_at(tree, "/soc"), "soc") == 0);
    CHECK(strcmp(name_at(tree, "//soc/"), "soc") == 0);
    CHECK(strcmp(name_at(tree, "/soc/serial"), "serial@10000000") == 0);
    CHECK(strcmp(name_at(tree, "/soc/serial@10000001"), "serial@10000001") ==
          0);
    CHECK(strcmp(name_at(tree, "/soc/serial/port:x/y"), "port@0") == 0);
    CHECK(strcmp(name_at(tree, "/serial"), "serial") == 0);
    CHECK(strcmp(name_at(tree, "/serial-and-more"), "serial-and-more@1") == 0);
    CHECK_EQUAL(fdt_prop_find(tree, pair, "first", &prop), 0);
    CHECK(is_absent(tree, "/seria"));
    CHECK(is_absent(tree, "/soc/serial@1000000"));
    CHECK(is_absent(tree, "/soc/serial@100000000"));
    CHECK(is_absent(tree, "/soc/serial@"));
    CHECK(is_absent(tree, "/soc@"));
    CHECK(is_absent(tree, "/soc/serial/absent/port"));

    CHECK(strcmp(name_at(tree, "serial0"), "serial@10000000") == 0);
    CHECK(strcmp(name_at(tree, stdout_path), "serial@10000000") == 0);
    CHECK(strcmp(name_at(tree, "serial0/port"), "port@0") == 0);
    CHECK(strcmp(name_at(tree, "bus/disabled"), "disabled") == 0);
    CHECK(strcmp(name_at(tree, "bus-too/disabled"), "disabled") == 0);
    CHECK(is_absent(tree, "seria"));
    CHECK(is_absent(tree, "serial00"));
    CHECK(is_absent(tree, ""));
    CHECK(is_absent(tree, "relative"));
    CHECK(is_absent(tree, "circle"));
    CHECK(is_absent(tree, "nothing"));
    CHECK(is_absent(tree, "unended"));
    CHECK(is_absent(tree, "dangling"));
}

static bool
okay_at(const struct fdt *tree, const char *path)
{
    check_subject = path;
    return fdt_node_is_okay(tree, fdt_node_by_path(tree, path));
}

static void
status_check(const struct fdt *tree)
{
    CHECK(okay_at(tree, "/"));
    CHECK(okay_at(tree, "/soc/serial@10000000"));
    CHECK(okay_at(tree, "/soc/serial@10000001"));
    CHECK(!okay_at(tree, "/soc/disabled"));
    CHECK(!okay_at(tree, "/soc/okay-and-more"));
    CHECK(!okay_at(tree, "/soc/okay-unended"));
    CHECK(!okay_at(tree, "/soc/status-empty"));
    CHECK(!okay_at(tree, "/absent"));
}

static void
strings_check(const struct fdt *tree)
{
    fdt_node_t serial = fdt_node_by_path(tree, "serial0");
    fdt_node_t node = fdt_node_by_path(tree, "/soc/strings");

    check_subject = "strings";
    CHECK(fdt_prop_has_string(tree, serial, "compatible", "a,first"));
    CHECK(fdt_prop_has_string(tree, serial, "compatible", "b,second"));
    CHECK(fdt_prop_has_string(tree, serial, "compatible", "c,third"));
    CHECK(!fdt_prop_has_string(tree, serial, "compatible", "b,secon"));
    CHECK(!fdt_prop_has_string(tree, serial, "compatible", "b,second2"));
    CHECK(!fdt_prop_has_string(tree, serial, "compatible", ",second"));
    CHECK(!fdt_prop_has_string(tree, serial, "compatible", ""));
    CHECK(!fdt_prop_has_string(tree, node, "compatible", "a,first"));
    CHECK(fdt_prop_has_string(tree, node, "of-three", "three"));
    CHECK(fdt_prop_has_string(tree, node, "of-three", ""));
    CHECK(fdt_prop_has_string(tree, node, "unended", "two"));
    CHECK(!fdt_prop_has_string(tree, node, "unended", "three"));
    CHECK(!fdt_prop_has_string(tree, node, "unended", ""));
    CHECK(fdt_prop_has_string(tree, node, "nul", ""));
    CHECK(!fdt_prop_has_string(tree, node, "none", ""));
    CHECK(!fdt_prop_has_string(tree, node, "absent", ""));
    CHECK(strcmp(fdt_prop_string(tree, node, "of-three"), "one") == 0);
    CHECK(strcmp(fdt_prop_string(tree, node, "nul"), "") == 0);
    CHECK(fdt_prop_string(tree, node, "none") == NULL);
    CHECK(fdt_prop_string(tree, node, "absent") == NULL);
}

static void
cells_check(const struct fdt *tree)
{
    fdt_node_t node = fdt_node_by_path(tree, "/soc/strings");
    struct fdt_prop prop;
    uint32_t word = 0;
    uint64_t number = 0;

    check_subject = "cells";
    CHECK_EQUAL(fdt_prop_u32(tree, node, "word", &word), 0);
    CHECK_EQUAL(word, 0x12345678);
    CHECK_EQUAL(fdt_prop_u32(tree, node, "long", &word), -EINVAL);
    CHECK_EQUAL(fdt_prop_u32(tree, node, "phandle", &word), -EINVAL);
    CHECK_EQUAL(fdt_prop_u32(tree, node, "none", &word), -EINVAL);
    CHECK_EQUAL(fdt_prop_u32(tree, node, "absent", &word), -ENOENT);
    CHECK_EQUAL(word, 0x12345678);

    CHECK_EQUAL(fdt_prop_find(tree, node, "long", &prop), 0);
    CHECK_EQUAL(fdt_prop_cell(&prop, 1, &word), 0);
    CHECK_EQUAL(word, 0x9abcdef0);
    CHECK_EQUAL(fdt_prop_cell(&prop, 3, &word), -ENOENT);
    CHECK_EQUAL(fdt_prop_cells(&prop, 0, 2, &number), 0);
    CHECK_EQUAL(number, 0x123456789abcdef0);
    CHECK_EQUAL(fdt_prop_cells(&prop, 2, 1, &number), 0);
    CHECK_EQUAL(number, 0x11111111);
    CHECK_EQUAL(fdt_prop_cells(&prop, 2, 2, &number), -ENOENT);
    CHECK_EQUAL(fdt_prop_cells(&prop, 0, 3, &number), -EINVAL);
    CHECK_EQUAL(number, 0x11111111);
    CHECK_EQUAL(fdt_prop_cells(&prop, 3, 0, &number), 0);
    CHECK_EQUAL(number, 0);
    CHECK_EQUAL(fdt_prop_cells(&prop, 4, 0, &number), -ENOENT);
    CHECK_EQUAL(fdt_prop_find(tree, node, "odd", &prop), 0);
    CHECK_EQUAL(fdt_prop_cell(&prop, 0, &word), 0);
    CHECK_EQUAL(fdt_prop_cell(&prop, 1, &word), -ENOENT);
}

/* On an opened tree or on one that was refused. */
static void
none_check(const struct fdt *tree)
{
    fdt_node_t trail[FDT_DEPTH_MAX];
    struct fdt_prop prop = {0};
    struct fdt_range range;
    uint32_t word;

    check_subject = "FDT_NONE";
    CHECK(fdt_node_child(tree, FDT_NONE) == FDT_NONE);
    CHECK(fdt_node_sibling(tree, FDT_NONE) == FDT_NONE);
    CHECK(fdt_node_next(tree, FDT_NONE) == FDT_NONE);
    CHECK_EQUAL(fdt_node_trail(tree, FDT_NONE, trail), 0);
    CHECK(strcmp(fdt_node_name(tree, FDT_NONE), "") == 0);
    CHECK(!fdt_node_is_okay(tree, FDT_NONE));
    CHECK(!fdt_prop_has_string(tree, FDT_NONE, "compatible", ""));
    CHECK(!fdt_prop_next(tree, FDT_NONE, &prop));
    CHECK_EQUAL(fdt_prop_find(tree, FDT_NONE, "reg", &prop), -ENOENT);
    CHECK(prop.name == NULL && prop.value == NULL && prop.length == 0);
    CHECK_EQUAL(fdt_prop_u32(tree, FDT_NONE, "reg", &word), -ENOENT);
    CHECK(fdt_prop_string(tree, FDT_NONE, "reg") == NULL);
    CHECK(!fdt_prop_has_string(tree, FDT_NONE, "reg", ""));
    CHECK_EQUAL(fdt_reg_local(tree, FDT_NONE, 0, &range), -ENOENT);
    CHECK_EQUAL(fdt_reg_physical(tree, FDT_NONE, 0, &range), -ENOENT);
}

static void
refused_check(void)
{
    static const uint8_t junk[64];
    struct fdt_range range;
    struct fdt tree;

    CHECK_EQUAL(fdt_open(&tree, NULL, sizeof(junk)), -EINVAL);
    none_check(&tree);
    CHECK(fdt_node_by_path(&tree, "/") == FDT_NONE);
    CHECK_EQUAL(fdt_open(&tree, junk, sizeof(junk)), -EINVAL);
    CHECK(tree.fault != NULL);
    none_check(&tree);
    check_subject = "a refused tree";
    CHECK(tree.root == FDT_NONE);
    CHECK(fdt_node_by_path(&tree, "/") == FDT_NONE);
    CHECK(fdt_node_by_path(&tree, "serial0") == FDT_NONE);
    CHECK_EQUAL(tree.reserve_entries, 0);
    CHECK_EQUAL(fdt_reserve_read(&tree, 0, &range), -ENOENT);
}

int
main(int argc, char **argv)
{
    size_t size = 0;
    struct fdt tree;
    void *blob;

    CHECK(argc == 2);
    blob = file_load(argv[1], &size);
    CHECK_EQUAL(fdt_open(&tree, blob, size), 0);
    paths_check(&tree);
    status_check(&tree);
    strings_check(&tree);
    cells_check(&tree);
    none_check(&tree);
    refused_check();
    free(blob);
    return 0;
}
