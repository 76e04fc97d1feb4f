/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_BOOT_FDT_H
#define CHITIN_KERN_BOOT_FDT_H
/*
 * Reads the flattened device tree that firmware hands over (Devicetree
 * Specification v0.4, chapters 2 and 5). fdt_open() checks the whole blob
 * once; every other function here is total on an opened tree: it ends, reads
 * inside the blob only, and answers "none" or an error for whatever is absent
 * or malformed. The blob may stand at any address and must not change while
 * the tree is in use.
 *
 * A node is one that the same tree gave, or FDT_NONE, for which every function
 * answers as for a thing that is absent: look-ups can be nested without a test
 * between them. A tree that failed to open has no nodes and no reservations.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A node, named by its place in the structure block. */
typedef uint32_t fdt_node_t;
#define FDT_NONE ((fdt_node_t)UINT32_MAX)

/* Levels of nodes, the root's included; a deeper tree is refused. */
#define FDT_DEPTH_MAX 16

struct fdt {
    const uint8_t *blob;
    uint32_t size;            /* bytes according to the header, with padding */
    uint32_t structure;       /* offset of the structure block in the blob */
    uint32_t structure_size;  /* up to the end of its last token */
    uint32_t strings;         /* offset of the strings block in the blob */
    uint32_t strings_size;    /* up to the end of its last whole string */
    uint32_t reserve;         /* offset of the reservations in the blob */
    uint32_t reserve_entries; /* without the entry of zeroes that ends them */
    fdt_node_t root;          /* FDT_NONE if the tree failed to open */
    const char *fault;        /* why fdt_open() refused the blob, else NULL */
    uint32_t fault_at;        /* and where in the blob; 0 if in its header */
};

/* A property; its value lies in the blob and may be unaligned. */
struct fdt_prop {
    const char *name;
    const uint8_t *value;
    uint32_t length; /* bytes of the value */
    uint32_t cursor; /* of fdt_prop_next() */
};

/* A range of addresses; its last byte, if any, is at most UINT64_MAX. */
struct fdt_range {
    uint64_t address;
    uint64_t size;
};

static inline bool
fdt_range_wraps(const struct fdt_range *range)
{
    return range->size != 0 && range->size - 1 > UINT64_MAX - range->address;
}

/*
 * Checks the blob, of which at most `limit` bytes are read (and never more
 * than its header claims), and sets up *tree. Refused besides what is broken:
 * versions that are not compatible with 16 or 17, more than FDT_DEPTH_MAX
 * levels, a property after a child node, blocks that overlap. Tolerated: any
 * order of the blocks, padding between and after them and after FDT_END, names
 * of any length and any characters, a property or node given twice.
 * Returns 0, or -EINVAL with tree->fault, fault_at and, if known, size set.
 * Cost: linear in the bytes in use; padding is not touched.
 */
int fdt_open(struct fdt *tree, const void *blob, size_t limit);

/*
 * Walks. Each returns FDT_NONE if there is no such node. "next" is the next
 * node in document order, so that tree->root and then next, repeated, meet all
 * nodes.
 * Cost: linear in what they step over.
 */
fdt_node_t fdt_node_child(const struct fdt *tree, fdt_node_t node);
fdt_node_t fdt_node_sibling(const struct fdt *tree, fdt_node_t node);
fdt_node_t fdt_node_next(const struct fdt *tree, fdt_node_t node);

/*
 * Fills trail with the nodes from the root down to the node, both included.
 * Returns how many, 0 for FDT_NONE. Cost: linear in the tree before the node.
 */
uint32_t fdt_node_trail(const struct fdt *tree, fdt_node_t node,
                        fdt_node_t trail[FDT_DEPTH_MAX]);

/*
 * The node at a path such as "/cpus/cpu@0". Each component stands for the first
 * child whose name, or name up to an '@', equals it. A path that does not begin
 * with '/' begins with the name of a property of /aliases. A ':' ends the path,
 * so that the value of stdout-path can be given as it is.
 */
fdt_node_t fdt_node_by_path(const struct fdt *tree, const char *path);

/* The name with its unit address; "" for FDT_NONE, and usually the root's. */
const char *fdt_node_name(const struct fdt *tree, fdt_node_t node);

/*
 * Whether status is "okay", "ok" or absent (false for FDT_NONE). The parents'
 * status is not consulted.
 */
bool fdt_node_is_okay(const struct fdt *tree, fdt_node_t node);

/*
 * Steps through a node's properties: the first call takes *prop zeroed, each
 * later one what the last left. Returns false, with *prop unchanged, at the
 * end.
 */
bool fdt_prop_next(const struct fdt *tree, fdt_node_t node,
                   struct fdt_prop *prop);

/* Finds the property. Returns 0, or -ENOENT with *prop zeroed. */
int fdt_prop_find(const struct fdt *tree, fdt_node_t node, const char *name,
                  struct fdt_prop *prop);

/*
 * The value of a property of one cell. Returns 0, -ENOENT if there is no such
 * property, -EINVAL if its length is not 4; *value is set only on success.
 */
int fdt_prop_u32(const struct fdt *tree, fdt_node_t node, const char *name,
                 uint32_t *value);

/*
 * The property as a NUL-terminated string (the first, if it is a list), or
 * NULL if there is no such property or no NUL in its value.
 */
const char *fdt_prop_string(const struct fdt *tree, fdt_node_t node,
                            const char *name);

/* Whether the property is a list of strings with `string` among them. */
bool fdt_prop_has_string(const struct fdt *tree, fdt_node_t node,
                         const char *name, const char *string);

/*
 * Cell `index` (from 0) of a value that is an array of 32-bit cells. Returns
 * 0, or -ENOENT if the value ends before the end of that cell.
 */
int fdt_prop_cell(const struct fdt_prop *prop, uint32_t index, uint32_t *value);

/*
 * The number made of `count` cells, of which cell `index` is the first and the
 * most significant; no cells make 0. Returns 0, -EINVAL if count is above 2,
 * -ENOENT as fdt_prop_cell().
 */
int fdt_prop_cells(const struct fdt_prop *prop, uint32_t index, uint32_t count,
                   uint64_t *value);

/*
 * Entry `index` of the node's reg as its bus counts, that is by the parent's
 * #address-cells and #size-cells (2 and 1 where absent; at most 2 each). For a
 * cpu, the address is the hart number. Returns 0, -ENOENT if there is no reg
 * or no such entry (also for the root, which is on no bus), -EINVAL if cells
 * or lengths are wrong, -ERANGE if the range wraps; *range is set only on
 * success.
 */
int fdt_reg_local(const struct fdt *tree, fdt_node_t node, uint32_t index,
                  struct fdt_range *range);

/*
 * The same translated through the ranges of every bus above the node to the
 * addresses of the CPU. An empty ranges is the identity. Errors are those of
 * fdt_reg_local(), and -ERANGE if a bus has no ranges at all or none of its
 * windows holds the whole range.
 */
int fdt_reg_physical(const struct fdt *tree, fdt_node_t node, uint32_t index,
                     struct fdt_range *range);

/*
 * The same for the last node of a trail, which fdt_node_trail() made, of
 * `depth` nodes. To find a trail takes a walk over all the tree before it; it
 * is that of a sibling, too, when its last node is made that.
 */
int fdt_reg_physical_at(const struct fdt *tree, const fdt_node_t *trail,
                        uint32_t depth, uint32_t index,
                        struct fdt_range *range);

/*
 * Reservation `index` of tree->reserve_entries. Returns 0, -ENOENT if there is
 * none such, -ERANGE if it wraps; *range is set only on success.
 */
int fdt_reserve_read(const struct fdt *tree, uint32_t index,
                     struct fdt_range *range);

#endif
