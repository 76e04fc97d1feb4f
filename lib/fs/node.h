/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_FS_NODE_H
#define CHITIN_LIB_FS_NODE_H
/*
 * One node in memory: what is in its 4 KiB, and how that changes. No I/O.
 *
 * Nothing on a disk is trusted: node_check is asked once about every image that
 * comes from there; all others here take a node that it has passed, and keep it
 * so.
 */
#include "lib/fs/format.h"

/* An empty node for a range of keys, with the guards and flags of another. */
void node_make(struct fs_node *n, enum fs_kind kind, uint64_t number,
               const struct fs_head *like);

/* Makes one what the other is, whose head, entries and records are copied: both
   are zero in between, `from` as if it were. */
void node_copy(struct fs_node *to, const struct fs_node *from);

/* Whether a node is one: entries and records within it, and sensible in
   themselves. What names other blocks is not followed. NULL, or what is wrong.
   */
const char *node_check(const struct fs_node *n, uint32_t type, uint64_t blocks);

/* Bytes that are left for entries and records. */
int node_room(const struct fs_node *n);

/* Records, in the order of the blocks: the first of n->head.records. */
const struct fs_record *node_records(const struct fs_node *n);
struct fs_record *node_records_of(struct fs_node *n);

static inline uint64_t
record_first(const struct fs_record *r)
{
    return r->place & (((uint64_t)1 << FS_PLACE_SHIFT) - 1);
}

static inline uint64_t
record_count(const struct fs_record *r)
{
    return r->place >> FS_PLACE_SHIFT;
}

static inline uint64_t
record_place(uint64_t first, uint64_t count)
{
    return first | count << FS_PLACE_SHIFT;
}

/* Puts in a record where it belongs. False if it does not fit into the node,
   the reserve being `reserve` bytes. */
bool node_record_add(struct fs_node *n, const struct fs_record *r, int reserve);
void node_record_remove(struct fs_node *n, unsigned index);

/* How many records an entry has. */
unsigned node_records_count(const struct fs_node *n, uint16_t id);
/* The record of an id with the greatest key up to `key`, spare ones left out,
   or NULL; *next is the least key above, or UINT64_MAX. */
const struct fs_record *node_record_find(const struct fs_node *n, uint16_t id,
                                         uint32_t key, uint64_t *next);

/* The first entry, and the one after another; NULL at the end. */
const struct fs_entry *node_entry_first(const struct fs_node *n);
const struct fs_entry *node_entry_next(const struct fs_node *n,
                                       const struct fs_entry *e);
/* An entry by its name; by its number. Dying ones have no name. */
const struct fs_entry *node_entry_find(const struct fs_node *n, uint32_t hash,
                                       const char *name, size_t bytes);
const struct fs_entry *node_entry_number(const struct fs_node *n,
                                         uint64_t number);
/* Bytes of an entry with so long a name and target. */
unsigned entry_bytes(size_t name_bytes, size_t target_bytes);
/* Its target. */
const char *entry_target(const struct fs_entry *e);

/* Puts in an entry, name and target being those given, with an id that is not
   in use: the entry, or NULL if there is no room. */
struct fs_entry *node_entry_add(struct fs_node *n, const struct fs_entry *e,
                                const char *name, const char *target);
/* Takes out an entry; its records must have gone before. */
void node_entry_remove(struct fs_node *n, const struct fs_entry *e);

/* Gives an entry a name, with its records into another node or in the same one;
   false if it does not fit, and then nothing is changed. */
struct fs_name {
    uint32_t hash;
    const char *name;
    size_t bytes;
};
bool node_entry_move(struct fs_node *from, const struct fs_entry *e,
                     struct fs_node *to, const struct fs_name *name);

/* The hash of a name. */
uint32_t fs_hash(uint64_t seed, const char *name, size_t bytes);

#endif
