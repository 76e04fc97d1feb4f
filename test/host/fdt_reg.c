/* SPDX-License-Identifier: MIT */
/*
 * The trees given say themselves what the reader must answer for their reg
 * entries: see test/dts/ranges.dts.
 */
#include "kern/abi/error.h"
#include "kern/boot/fdt.h"
#include "test/host/check.h"

typedef int reg_reader(const struct fdt *tree, fdt_node_t node, uint32_t index,
                       struct fdt_range *range);

static int
error_named(const char *name)
{
#define ERROR_NAMED(error, number, meaning)                                    \
    if (strcmp(name, #error) == 0) {                                           \
        return -(number);                                                      \
    }
    ERROR_TABLE(ERROR_NAMED)
#undef ERROR_NAMED
    check_fail(__FILE__, __LINE__, name);
}

/* Compares all entries with the pairs of 64-bit numbers of the property. */
static uint32_t
entries_check(const struct fdt *tree, fdt_node_t node, const char *expectation,
              reg_reader *read)
{
    struct fdt_prop expected;
    struct fdt_range range;
    uint32_t count = 0;

    if (fdt_prop_find(tree, node, expectation, &expected) != 0) {
        return 0;
    }
    for (; count < expected.length / 16; count++) {
        uint64_t address = 0;
        uint64_t size = 0;
        CHECK_EQUAL(fdt_prop_cells(&expected, 4 * count, 2, &address), 0);
        CHECK_EQUAL(fdt_prop_cells(&expected, 4 * count + 2, 2, &size), 0);
        CHECK_EQUAL(read(tree, node, count, &range), 0);
        CHECK_EQUAL(range.address, address);
        CHECK_EQUAL(range.size, size);
    }
    CHECK_EQUAL(read(tree, node, count, &range), -ENOENT);
    return count;
}

static uint32_t
node_check(const struct fdt *tree, fdt_node_t node)
{
    const char *error = fdt_prop_string(tree, node, "test,error");
    struct fdt_range range;
    uint32_t count;

    check_subject = fdt_node_name(tree, node);
    count = entries_check(tree, node, "test,local", fdt_reg_local) +
            entries_check(tree, node, "test,physical", fdt_reg_physical);
    if (error != NULL) {
        CHECK_EQUAL(fdt_reg_physical(tree, node, 0, &range),
                    error_named(error));
        count++;
    }
    return count;
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t size = 0;
        void *blob = file_load(argv[i], &size);
        struct fdt tree;
        uint32_t count = 0;
        fdt_node_t node;

        CHECK_EQUAL(fdt_open(&tree, blob, size), 0);
        for (node = tree.root; node != FDT_NONE;
             node = fdt_node_next(&tree, node)) {
            count += node_check(&tree, node);
        }
        CHECK(count > 0);
        printf("%s: %u expectations hold\n", argv[i], count);
        free(blob);
    }
    return 0;
}
