/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_FS_PART_H
#define CHITIN_LIB_FS_PART_H
/*
 * What the parts of the file system ask of each other.
 *
 * A function of fs.h is tried by fs_do as often as it takes: each try walks
 * down from the root, looks at nodes, edits copies of them, and proposes these.
 * A try may do a part and ask for another one with -ESTALE; so every single
 * change leaves a file system that is right, and of which a crash may leave any
 * that the orders of writes permit.
 */
#include "kern/abi/error.h"
#include "lib/fs/fs.h"

/*
 * store.c: nodes in memory, changes, writes.
 */
/* Nothing is in memory. */
void store_begin(struct fs *fs);
/* Tries until it gives something else than -ESTALE; writes everything at -EBUSY
   and -ENOSPC. */
int64_t fs_do(struct fs *fs, int64_t (*try)(struct fs *fs, void *what),
              void *what);
/* The same, but a file that has no entry yet gets none. */
int64_t fs_try(struct fs *fs, int64_t (*try)(struct fs *fs, void *what),
               void *what);
/* A node, with its newest bytes. It stays where it is in memory until many
   others were asked for, or, once pinned, to the end of the try. -ENODATA: it
   has no bytes yet; *node is there all the same. -EINVAL: it is no node. */
int64_t store_get(struct fs *fs, uint64_t parent, uint64_t block,
                  struct fs_cached **node);
void store_pin(struct fs *fs, struct fs_cached *node);
/* No node is pinned any more. */
void store_unpin(struct fs *fs);
/* The copy of a node that is to be proposed. At most FS_EDITS_MAX in a change.
 */
struct fs_node *store_edit(struct fs *fs, struct fs_cached *node);
/* The entry in that copy which is this one of the node; before any entry was
   put in or taken out. */
struct fs_entry *store_entry(struct fs *fs, struct fs_cached *node,
                             const struct fs_entry *e);
/* Proposes what was edited; or forgets it. */
int64_t store_commit(struct fs *fs, uint64_t claimed, uint64_t given);
void store_forget(struct fs *fs);
/* `first` must be on the disk before `then` is, as they are after the change
   that is being made. -EBUSY: write everything, and try again. */
int64_t store_order(struct fs *fs, const struct fs_cached *first,
                    const struct fs_cached *then);
/* Proposes the same, which claims one block: a node, of this kind and number,
   that `holder` has; then gives it its first bytes. The kernel writes no node
   whose children have none; so if the latter does not work now, it is tried
   again before anything is written. */
int64_t store_commit_node(struct fs *fs, struct fs_cached *holder,
                          uint64_t block, enum fs_kind kind, uint64_t number);
/* The same for a node and the index that leads to it. */
struct fs_way;
int64_t store_order_way(struct fs *fs, const struct fs_way *first,
                        const struct fs_cached *then);
/* A node is on the disk. -EBUSY: others must be first. */
int64_t store_write(struct fs *fs, uint64_t block);
/* All are. */
int64_t store_settle(struct fs *fs);
/* Whether the disk may have older bytes. */
bool store_is_dirty(const struct fs *fs, uint64_t block);
/* A block is no node any more. */
void store_drop(struct fs *fs, uint64_t block);
/* A run of free blocks, up to `count`, near a block if there is room: *got is
   how many. -ENOSPC. */
int64_t store_find(struct fs *fs, uint64_t near, uint64_t count, uint64_t *got);
/* What the root says allows changes, and there is a number left. */
int64_t fs_use(struct fs *fs);

/*
 * tree.c: directories and files as trees of nodes.
 */
struct fs_way {
    struct fs_cached *parent; /* an index, or NULL: the node is the top */
    struct fs_cached *node;
};
/* From a top down to the node for a key; both pinned. */
int64_t tree_descend(struct fs *fs, struct fs_cached *top, uint32_t key,
                     struct fs_way *way);
/* Makes room in a node for something with this key. -ESTALE: it has, or is on
   the way. */
int64_t tree_grow(struct fs *fs, const struct fs_way *way, uint32_t key);
/* The spare record `which` of an id in a node, and its node, which is empty;
   made if it is missing: then -ESTALE. */
int64_t tree_spare(struct fs *fs, struct fs_cached *holder, uint16_t id,
                   unsigned which, int reserve, struct fs_cached **child);
/* The record of a node that is block `block`. */
struct fs_record *tree_record(struct fs_node *n, uint64_t block);
/* The node that an entry has, which is not spare: its block, or 0. */
uint64_t tree_top_of(const struct fs_node *leaf, const struct fs_entry *e);

/*
 * open.c: handles, and where their entries are.
 */
int64_t fs_handle(struct fs *fs, struct fs_file *directory, uint32_t hash,
                  uint64_t number, struct fs_file **file);
/* The handle of what is open with this number, or NULL. */
struct fs_file *fs_handle_find(struct fs *fs, uint64_t number);
/* Handles can be found again, after somebody died. */
void fs_handles_order(struct fs *fs);
/* The entry of a file has moved. */
void fs_handle_move(struct fs *fs, uint64_t number, struct fs_file *directory,
                    uint32_t hash);
/* The leaf of a directory for a hash, and the directory's top; both pinned. */
struct fs_place {
    struct fs_cached *top; /* NULL: it is the root node */
    struct fs_way way;
};
int64_t fs_place(struct fs *fs, struct fs_file *directory, uint32_t hash,
                 struct fs_place *place);
/* The entry of an open file. */
int64_t fs_locate(struct fs *fs, struct fs_file *file, struct fs_place *place,
                  const struct fs_entry **entry);
/* A directory has changed: its time, in the change that is being made. */
void fs_touch(struct fs *fs, const struct fs_place *place);
/* Whether it can be a name: 0, -EINVAL or -ENAMETOOLONG. */
int64_t fs_name_check(const char *name, size_t bytes);
/* The name in the directory of links under which a number is. */
uint32_t fs_link_name(const struct fs *fs, uint64_t number, char name[8]);

/*
 * made.c: a file that was made and has no entry yet.
 */
/* It gets one: so does fs_do, first. 0 if there is no such file. */
int64_t fs_made_settle(struct fs *fs);
/* The same for fs->made.file, with the first bytes of it: how many, or 0. */
int64_t fs_made_write(struct fs *fs, const void *bytes, uint64_t count);

/*
 * late.c: what entries do not say yet.
 */
/* The size of an open file. */
static inline uint64_t
fs_size(const struct fs_file *file, const struct fs_entry *e)
{
    return file->end > e->size ? file->end : e->size;
}
/* Whether it has something that its entry does not say. */
static inline bool
fs_is_late(const struct fs_file *file)
{
    return (file->mtime | file->end) != 0 || file->ahead;
}
/* Its entry says all, or all but the time; and it has no blocks behind its end
   any more. */
int64_t fs_late_settle(struct fs *fs, struct fs_file *file, bool time);
int64_t fs_late_settle_all(struct fs *fs);
/* No file has: while nothing is pinned or edited. */
int64_t fs_late_give(struct fs *fs);

/*
 * reap.c: what has no name any more.
 */
/* One step of giving back a node that another has, with all below it: 1. */
int64_t reap_node(struct fs *fs, struct fs_cached *holder, uint64_t block);
/* Gives back all that a dying entry has, and then the entry. */
int64_t fs_reap(struct fs *fs, struct fs_file *directory, uint32_t hash,
                uint64_t number);

/*
 * map.c: where the blocks of a file are.
 */
struct fs_map {
    struct fs_place place; /* of the entry */
    const struct fs_entry *entry;
    struct fs_way way; /* the node whose records are the file's; the leaf's, */
    uint16_t id;       /* under this id, or a node's of its own, id 0 */
    uint64_t first;    /* where the block is; 0: a hole */
    uint64_t count;    /* blocks of the run, or of the hole, from it on */
    uint64_t near;     /* where a block for it would be best */
};
/* The place of a file's entry, and the node that has the records for a block.
 */
int64_t fs_file_way(struct fs *fs, struct fs_file *file, uint32_t block,
                    struct fs_map *map);
/* And what they say of the block. */
int64_t fs_map(struct fs *fs, struct fs_file *file, uint32_t block,
               struct fs_map *map);
/* Where to look for room for the first block of a file in a leaf. */
uint64_t fs_near(const struct fs_cached *leaf);
/* Takes out of a node what the file has from a block on: the blocks given back.
 */
uint64_t records_cut(struct fs_node *n, uint16_t id, uint32_t block);
/* Claims blocks for a hole; at most `count`. The edit of the entry, in which
   the caller may set what is to be in the same change, comes as *entry; the
   caller commits. -ESTALE: there was no room for a record. */
int64_t fs_claim(struct fs *fs, struct fs_map *map, uint32_t block,
                 uint64_t count, struct fs_entry **entry);
/* Gives back all from a block on, in steps: 0 at the end. */
int64_t fs_cut(struct fs *fs, struct fs_file *file, uint32_t block);

#endif
