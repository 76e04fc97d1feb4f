/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_DISK_BINDING_H
#define CHITIN_KERN_DISK_BINDING_H
/*
 * Bindings of extents: the result of one check, by which an env reads or writes
 * a run of blocks from then on. A binding is its env's, and ends with it; it is
 * charged to its account (ACCOUNT_BINDINGS).
 *
 *     free --bind--> bound --release, break, env's end--> free
 *                      '---- with requests on their way ---> ended --last-->
 * free
 *
 * One that pages are saved to (save.h) keeps its row when it ends, charged to
 * its account, until its env has ended: so what these pages say of it never
 * means another binding.
 *
 * A handle is the number of the disk, the row in its table, and the row's
 * generation, which grows each time: so a handle of a binding that has ended
 * names nothing, and one that was made up names nothing of its maker's.
 *
 * All of it under the drive's lock, but where it is said.
 */
#include "kern/disk/drive.h"

#define EXTENT_NONE UINT32_MAX

/* Handles: generation << 32 | disk << 16 | row. */
#define EXTENT_DISK_SHIFT 16
#define EXTENT_GENERATION_SHIFT 32
#define EXTENT_GENERATION_MAX INT32_MAX

/* What `access` says of an extent: the answers of type_guard, of reading and of
   writing. */
struct said {
    int32_t answer[2];
    struct cap_name guard[2];
};

struct extent {
    uint64_t first; /* block */
    uint64_t count;
    uint32_t env; /* whose; 0: nobody's */
    uint32_t account;
    uint32_t generation;
    uint32_t waiting; /* requests on their way */
    uint32_t rights;  /* CAP_READ, CAP_WRITE */
    uint32_t parent;  /* the registry entry that it hangs at, or EXTENT_NONE */
    uint32_t next;    /* in the list of free ones, or of that entry */
    uint32_t previous;
    struct said said; /* of a typed one, when it was bound */
    uint64_t checked; /* the change for which it was looked at last */
    uint32_t placed;  /* the env, if pages of its may be saved here; or 0 */
    uint32_t zero[7];
};

_Static_assert(sizeof(struct extent) == 128, "found by a shift");

struct env;

/* Makes all bindings of a drive free. Boot only. */
void extent_init(struct drive *v);

/* Binds blocks for an env, whose account is charged. The caller has checked
   that it may. The handle, or -EDQUOT, -ENOSPC. */
int64_t extent_bind(struct drive *v, const struct env *e, uint32_t parent,
                    uint64_t first, uint64_t count, uint32_t rights);

/* The drive that a handle names, or NULL. Any locks. */
static inline struct drive *
extent_drive(uint64_t handle)
{
    return drive_find(handle >> EXTENT_DISK_SHIFT & 0xffff);
}

/* The binding of env `id` that the handle names, or NULL. */
static inline struct extent *
extent_find(struct drive *v, uint64_t handle, uint32_t id)
{
    uint64_t index = handle & ((1 << EXTENT_DISK_SHIFT) - 1);
    struct extent *x = &v->extent[index];

    return index < EXTENTS_MAX && x->env == id &&
                   x->generation == handle >> EXTENT_GENERATION_SHIFT
               ? x
               : NULL;
}

/* Ends a binding: nothing more is done by it. What is on its way goes on. */
void extent_release(struct drive *v, struct extent *x);

/* For a row that nobody has and nothing waits for: it leaves what it hangs at,
   and is free unless its env may still mean it. */
void extent_free(struct drive *v, struct extent *x);

/* One request by the binding is done. */
static inline void
extent_done(struct drive *v, struct extent *x)
{
    x->waiting--;
    if (x->waiting == 0 && x->env == 0) {
        extent_free(v, x);
    }
}

/* Ends up to `most` bindings of env `id`, or the one of that handle unless it
   is EXTENT_ANY: how many, and in `name` what they are called in losses. No
   lock but the env's may be held, here and below. */
#define EXTENT_ANY UINT64_MAX
unsigned extent_take(uint32_t id, uint64_t handle, unsigned most,
                     uint32_t *name);

/* Whether env `id` has that binding. */
bool extent_is_of(uint32_t id, uint64_t handle);

/* A step towards ending all bindings of env `id`; whether there may be more. */
bool extent_release_env(uint32_t id);

#endif
