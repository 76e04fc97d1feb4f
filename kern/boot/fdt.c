/* SPDX-License-Identifier: MIT */
/*
 * The format of the blob: checking it and walking it. What nodes and properties
 * mean is for fdt_find.c. Chapter and section numbers are those of the
 * Devicetree Specification v0.4.
 *
 * Why ours: the tree is the first input the kernel takes from outside, before
 * it can report a fault or survive one. So all distrust is in one place:
 * fdt_open() goes over every token once and establishes what the walks rely on
 * without testing it again:
 *
 *  - the structure block is a balanced sequence of whole tokens with one root,
 *    ended by FDT_END, and a walk that starts at a token meets FDT_END;
 *  - node names and property values end inside the block, property names are
 *    NUL-terminated inside the strings block;
 *  - a node's properties come before its children (5.4.2), so the first token
 *    that is neither property nor FDT_NOP ends the search for a property;
 *  - there are at most FDT_DEPTH_MAX levels, so a node's ancestors fit in an
 *    array on the stack.
 *
 * What the properties contain is not covered by this: lengths and cell counts
 * are checked where they are used. Words are big-endian and are read bytewise,
 * since nothing promises that firmware aligned the blob.
 */
#include "kern/boot/fdt.h"

#include "kern/abi/error.h"

/* The header (5.2), in words of the blob; the last only from version 17 on. */
struct header {
    uint32_t magic, size, structure, strings, reserve, version, compatible;
    uint32_t boot_hart, strings_size, structure_size;
};

#define MAGIC 0xd00dfeedU
#define VERSION_OLDEST 16
#define VERSION_KNOWN 17

/* Two 64-bit numbers (5.3). */
#define RESERVE_ENTRY 16

/* The tokens of the structure block (5.4.1). */
enum {
    TOKEN_BEGIN_NODE = 1,
    TOKEN_END_NODE = 2,
    TOKEN_PROP = 3,
    TOKEN_NOP = 4,
    TOKEN_END = 9,
};

#define TOKEN_SIZE 4U

/* After FDT_PROP: the value's length, the name's place, the value. */
#define PROP_LENGTH 4U
#define PROP_NAME 8U
#define PROP_HEADER 12U

/* Of cells that make one number. */
#define CELLS_MAX 2

static uint32_t
word_read(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

/* The number that `count` words from the given one on make; none make 0. */
static uint64_t
cells_read(const uint8_t *p, size_t first, uint32_t count)
{
    uint64_t number = 0;

    for (p += 4 * first; count > 0; count--, p += 4) {
        number = number << 32 | word_read(p);
    }
    return number;
}

/* The next multiple of 4, where tokens stand; the caller excludes overflow. */
static uint32_t
word_align(uint32_t at)
{
    return (at + 3) & ~3U;
}

static const uint8_t *
token_at(const struct fdt *tree, uint32_t at)
{
    return tree->blob + tree->structure + at;
}

static uint32_t
token_read(const struct fdt *tree, uint32_t at)
{
    return word_read(token_at(tree, at));
}

/*
 * Checking: the only part that meets bytes nobody has vouched for. Each step
 * returns why it refuses the blob, or NULL.
 */

static bool
block_fits(const struct fdt *tree, uint32_t start, uint32_t size)
{
    return start <= tree->size && size <= tree->size - start;
}

static const char *
header_check(struct fdt *tree, size_t limit, struct header *header)
{
    if (tree->blob == NULL || limit < 2 * sizeof(uint32_t)) {
        return "no device tree: too short for a header";
    }
    if (word_read(tree->blob) != MAGIC) {
        return "magic is not 0xd00dfeed";
    }
    tree->size = word_read(tree->blob + offsetof(struct header, size));
    if (tree->size > limit) {
        return "truncated: its header claims more than there is";
    }
    if (tree->size < sizeof(*header)) {
        return "its size is less than its header's";
    }
    for (size_t i = 0; i < sizeof(*header) / sizeof(uint32_t); i++) {
        ((uint32_t *)header)[i] = word_read(tree->blob + 4 * i);
    }
    if (header->version < VERSION_OLDEST ||
        header->compatible > VERSION_KNOWN ||
        header->compatible > header->version) {
        return "its version is not compatible with 16 or 17";
    }
    return NULL;
}

/* Takes the blocks' places from a checked header. */
static const char *
blocks_check(struct fdt *tree, const struct header *header)
{
    tree->structure = header->structure;
    tree->strings = header->strings;
    tree->strings_size = header->strings_size;
    tree->reserve = header->reserve;
    if (tree->structure % TOKEN_SIZE != 0 ||
        !block_fits(tree, tree->structure, 0)) {
        return "the structure block is misplaced";
    }
    /* Version 16 does not say its size: FDT_END does. */
    tree->structure_size = header->version >= VERSION_KNOWN
                               ? header->structure_size
                               : tree->size - tree->structure;
    if (!block_fits(tree, tree->structure, tree->structure_size)) {
        return "the structure block ends outside the blob";
    }
    if (!block_fits(tree, tree->strings, tree->strings_size)) {
        return "the strings block ends outside the blob";
    }
    /*
     * A string is terminated inside the block if it begins before the last
     * NUL, so that one test of an offset vouches for a property's name.
     */
    while (tree->strings_size > 0 &&
           tree->blob[tree->strings + tree->strings_size - 1] != '\0') {
        tree->strings_size--;
    }
    return NULL;
}

static const char *
reserve_check(struct fdt *tree)
{
    if (tree->reserve % 8 != 0) {
        return "the memory reservations are not aligned";
    }
    for (uint32_t at = tree->reserve; block_fits(tree, at, RESERVE_ENTRY);
         at += RESERVE_ENTRY) {
        const uint8_t *entry = tree->blob + at;
        if (cells_read(entry, 0, 2) == 0 && cells_read(entry, 2, 2) == 0) {
            return NULL;
        }
        tree->reserve_entries++;
    }
    return "the memory reservations do not end";
}

/* How far structure_check() has come; offsets in the structure block. */
struct progress {
    uint32_t at;
    uint32_t end; /* a multiple of 4: aligning what is below cannot pass it */
    uint32_t depth;
    bool may_have_prop; /* the innermost node has had no child yet */
};

static const char *
begin_node_check(struct fdt *tree, struct progress *p)
{
    uint32_t at = p->at + TOKEN_SIZE;

    if (p->depth == FDT_DEPTH_MAX) {
        return "nodes are nested too deep";
    }
    if (p->depth == 0) {
        if (tree->root != FDT_NONE) {
            return "more than one root node";
        }
        tree->root = p->at;
    }
    while (at < p->end && *token_at(tree, at) != '\0') {
        at++;
    }
    if (at == p->end) {
        return "a node's name does not end";
    }
    p->at = word_align(at + 1);
    p->depth++;
    p->may_have_prop = true;
    return NULL;
}

static const char *
prop_check(const struct fdt *tree, struct progress *p)
{
    uint32_t left = p->end - p->at;
    uint32_t length;

    if (!p->may_have_prop) {
        return "a property is outside a node or after a child";
    }
    if (left < PROP_HEADER) {
        return "the structure block is cut off";
    }
    length = word_read(token_at(tree, p->at + PROP_LENGTH));
    if (length > left - PROP_HEADER) {
        return "a property's value does not fit";
    }
    if (word_read(token_at(tree, p->at + PROP_NAME)) >= tree->strings_size) {
        return "a property's name is not in the strings block";
    }
    p->at = word_align(p->at + PROP_HEADER + length);
    return NULL;
}

static const char *
structure_check(struct fdt *tree)
{
    struct progress p = {.end = tree->structure_size & ~3U};
    const char *fault = NULL;

    while (fault == NULL) {
        tree->fault_at = tree->structure + p.at;
        if (p.end - p.at < TOKEN_SIZE) {
            return "the structure block is cut off";
        }
        switch (token_read(tree, p.at)) {
        case TOKEN_BEGIN_NODE:
            fault = begin_node_check(tree, &p);
            break;
        case TOKEN_END_NODE:
            if (p.depth == 0) {
                return "a node ends that did not begin";
            }
            p.at += TOKEN_SIZE;
            p.depth--;
            p.may_have_prop = false;
            break;
        case TOKEN_PROP:
            fault = prop_check(tree, &p);
            break;
        case TOKEN_NOP:
            p.at += TOKEN_SIZE;
            break;
        case TOKEN_END:
            tree->structure_size = p.at + TOKEN_SIZE;
            return p.depth == 0 && tree->root != FDT_NONE
                       ? NULL
                       : "ends before its root node does";
        default:
            return "unknown token";
        }
    }
    return fault;
}

/* Comes last, when it is known how far the blocks really go. */
static const char *
overlap_check(const struct fdt *tree)
{
    const struct fdt_range block[] = {
        {0, sizeof(struct header)},
        {tree->reserve, (tree->reserve_entries + 1ULL) * RESERVE_ENTRY},
        {tree->structure, tree->structure_size},
        {tree->strings, tree->strings_size},
    };

    for (size_t i = 1; i < sizeof(block) / sizeof(block[0]); i++) {
        for (size_t j = 0; j < i; j++) {
            if (block[i].address < block[j].address + block[j].size &&
                block[j].address < block[i].address + block[i].size) {
                return "blocks overlap";
            }
        }
    }
    return NULL;
}

int
fdt_open(struct fdt *tree, const void *blob, size_t limit)
{
    struct header header = {0};
    const char *fault;

    *tree = (struct fdt){.blob = blob, .root = FDT_NONE};
    fault = header_check(tree, limit, &header);
    fault = fault != NULL ? fault : blocks_check(tree, &header);
    fault = fault != NULL ? fault : reserve_check(tree);
    fault = fault != NULL ? fault : structure_check(tree);
    fault = fault != NULL ? fault : overlap_check(tree);
    if (fault != NULL) {
        tree->root = FDT_NONE;
        tree->reserve_entries = 0;
        tree->fault = fault;
        return -EINVAL;
    }
    tree->fault_at = 0;
    return 0;
}

/* Walking: every offset from here on is that of a checked token. */

static uint32_t
token_after(const struct fdt *tree, uint32_t at)
{
    const uint8_t *token = token_at(tree, at);

    at += TOKEN_SIZE;
    switch (word_read(token)) {
    case TOKEN_BEGIN_NODE:
        while (tree->blob[tree->structure + at] != '\0') {
            at++;
        }
        return word_align(at + 1);
    case TOKEN_PROP:
        return word_align(at + PROP_HEADER - TOKEN_SIZE +
                          word_read(token + PROP_LENGTH));
    default:
        return at;
    }
}

/*
 * The first node after this one that begins at most `highest` levels below
 * it, unless the walk first leaves the level `lowest`; a child is one below.
 */
static fdt_node_t
node_seek(const struct fdt *tree, fdt_node_t node, int32_t highest,
          int32_t lowest)
{
    int32_t level = 1;

    while (node != FDT_NONE && level >= lowest) {
        uint32_t token;
        node = token_after(tree, node);
        token = token_read(tree, node);
        if (token == TOKEN_BEGIN_NODE && level++ <= highest) {
            return node;
        }
        if (token == TOKEN_END) {
            break;
        }
        level -= token == TOKEN_END_NODE;
    }
    return FDT_NONE;
}

fdt_node_t
fdt_node_child(const struct fdt *tree, fdt_node_t node)
{
    return node_seek(tree, node, 1, 1);
}

fdt_node_t
fdt_node_sibling(const struct fdt *tree, fdt_node_t node)
{
    return node_seek(tree, node, 0, 0);
}

fdt_node_t
fdt_node_next(const struct fdt *tree, fdt_node_t node)
{
    return node_seek(tree, node, 1, -FDT_DEPTH_MAX);
}

uint32_t
fdt_node_trail(const struct fdt *tree, fdt_node_t node,
               fdt_node_t trail[FDT_DEPTH_MAX])
{
    uint32_t depth = 0;

    if (node == FDT_NONE) {
        return 0;
    }
    for (uint32_t at = tree->root;; at = token_after(tree, at)) {
        uint32_t token = token_read(tree, at);
        if (token == TOKEN_BEGIN_NODE) {
            trail[depth++] = at;
            if (at == node) {
                return depth;
            }
        } else if (token == TOKEN_END_NODE && --depth == 0) {
            return 0;
        }
    }
}

const char *
fdt_node_name(const struct fdt *tree, fdt_node_t node)
{
    return node == FDT_NONE ? ""
                            : (const char *)token_at(tree, node + TOKEN_SIZE);
}

bool
fdt_prop_next(const struct fdt *tree, fdt_node_t node, struct fdt_prop *prop)
{
    const uint8_t *token;
    uint32_t at;

    if (node == FDT_NONE) {
        return false;
    }
    /* No property stands at 0, since its node's token comes first. */
    at = prop->cursor != 0 ? prop->cursor : token_after(tree, node);
    while (token_read(tree, at) == TOKEN_NOP) {
        at += TOKEN_SIZE;
    }
    if (token_read(tree, at) != TOKEN_PROP) {
        return false;
    }
    token = token_at(tree, at);
    prop->length = word_read(token + PROP_LENGTH);
    prop->name =
        (const char *)tree->blob + tree->strings + word_read(token + PROP_NAME);
    prop->value = token + PROP_HEADER;
    prop->cursor = word_align(at + PROP_HEADER + prop->length);
    return true;
}

int
fdt_prop_cell(const struct fdt_prop *prop, uint32_t index, uint32_t *value)
{
    if (index >= prop->length / 4) {
        return -ENOENT;
    }
    *value = word_read(prop->value + (size_t)index * 4);
    return 0;
}

int
fdt_prop_cells(const struct fdt_prop *prop, uint32_t index, uint32_t count,
               uint64_t *value)
{
    uint32_t cells = prop->length / 4;

    if (count > CELLS_MAX) {
        return -EINVAL;
    }
    if (index > cells || count > cells - index) {
        return -ENOENT;
    }
    *value = cells_read(prop->value, index, count);
    return 0;
}

int
fdt_reserve_read(const struct fdt *tree, uint32_t index,
                 struct fdt_range *range)
{
    const uint8_t *entry;
    struct fdt_range found;

    if (index >= tree->reserve_entries) {
        return -ENOENT;
    }
    entry = tree->blob + tree->reserve + (size_t)index * RESERVE_ENTRY;
    found =
        (struct fdt_range){cells_read(entry, 0, 2), cells_read(entry, 2, 2)};
    if (fdt_range_wraps(&found)) {
        return -ERANGE;
    }
    *range = found;
    return 0;
}
