/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_DISK_CHANGE_H
#define CHITIN_KERN_DISK_CHANGE_H
/*
 * Changes of metadata, and the order in which they reach the disk. A volume is
 * what the kernel knows of one disk. It does one thing at a time, in steps:
 *
 *   settle   a metadata block has been written: what only its old image owned
 *            becomes free
 *   prepare  a metadata block is to be written: may it be?
 *   change   up to four metadata blocks are to have other bytes
 *
 * Each is begun by a call here, and ends with a call of the glue. Whoever has
 * time calls volume_step(): the caller at once, others at slot edges and idle.
 * The argument for all rules opens change.c.
 *
 * How a new metadata block gets its first image: its parent's change claims it;
 * the block is UNINITIALISED with its type. The glue makes an entry for it with
 * registry_insert(EMPTY | DETACHED), for who may write it by the parent's
 * `access`. A second change gives it an image: for that the parent is asked
 * again, by the entry's `parent`, since the block itself has nothing to say.
 * Until it is written, its parent cannot be.
 *
 * Locks: the disk's, in every function and round every call of the glue.
 */
#include "kern/abi/disk.h"
#include "kern/cap.h"
#include "kern/disk/block.h"
#include "kern/disk/double.h"
#include "kern/disk/owned.h"
#include "kern/disk/registry.h"
#include "kern/disk/type.h"

struct change_block {
    uint32_t entry;
    uint32_t frame; /* the new image: the registry's, and no one can write it */
    uint64_t version; /* of the image that it was made from */
};

/* Where the four blocks' sets are in a sweep, bits in a run: what they own
   before and after, on the disk, and on the disk perhaps. */
enum change_role { CHANGE_BEFORE, CHANGE_AFTER, CHANGE_IMAGE, CHANGE_WRITING };
#define CHANGE_ROLES 4
#define CHANGE_SET(role, block) ((role)*DISK_CHANGE_BLOCKS + (block))
#define CHANGE_BITS ((1U << DISK_CHANGE_BLOCKS) - 1)

/* A sweep, done in portions. */
struct change_sweep {
    struct owned_sweep sweep;
    struct owned_run run;
    struct owned_range range;
    uint64_t done; /* blocks, or places, of the run */
    bool in_run;
    bool begun;
};

struct change {
    /* The proposal. */
    struct change_block block[DISK_CHANGE_BLOCKS];
    uint32_t blocks;
    uint64_t claimed;
    uint64_t given;
    struct cap cap;   /* the caller's, as it was */
    uint64_t glue[4]; /* for the glue: who waits */
    /* How far it is. */
    bool active;
    uint32_t phase;
    uint32_t commit;
    uint32_t at;
    struct change_sweep sweep;
    uint32_t walk; /* an entry on the way to the catalogue */
    uint32_t walked;
    uint64_t claimed_found;
    uint64_t given_found;
    uint32_t gone;    /* portions of runs that are given back or moved */
    uint32_t doubles; /* entries that it needs there */
    uint32_t edges[DISK_CHANGE_BLOCKS]; /* bit d: what d gets from it is still
                                           on the disk here */
    uint64_t versions[DISK_CHANGE_BLOCKS]; /* of the new images */
};

/* What the images own that were looked at last, by their versions: most of a
   change are of its blocks' last. There are as many as one change has, which
   stay therefore; and one for others. */
struct volume_sets {
    struct owned_set set[OWNED_SWEEP_SETS];
    uint64_t version[OWNED_SWEEP_SETS]; /* 0: none */
    uint64_t used[OWNED_SWEEP_SETS];
    uint64_t uses;
    struct owned_set other;
};

/* What one entry is queued for, in the order in which it is done. */
enum volume_queue_name {
    QUEUE_WRITTEN,  /* its write has ended */
    QUEUE_ATTACHED, /* it is attached: then so is what it owns on the disk */
    QUEUE_WANTED,   /* its write is asked for */
};
struct volume_queue {
    uint32_t first;
    uint32_t last;
};

/* What is being done with it. */
struct settle {
    uint32_t entry; /* REGISTRY_NONE: nothing */
    enum volume_queue_name queue;
    uint32_t phase;
    uint32_t at;
    struct change_sweep sweep; /* of the older image, and the newer */
};

struct volume {
    enum disk_state state;
    uint32_t disk;
    struct block_table blocks;
    struct type_table types;
    struct registry registry;
    struct double_table doubles;
    struct volume_queue queue[REGISTRY_QUEUES];
    struct settle settle;
    struct change change;
    bool change_next; /* a change's turn, before a preparation */
    struct volume_sets sets;
};

/* Begins a disk in state RAW. The caller has set disk, blocks, registry and the
   memory of doubles. */
void volume_init(struct volume *v);

/*
 * Begins a change. The images are frames that are the registry's by now. 0: it
 * is being made, and ends with volume_changed(). Else nothing has begun, and
 * frames are the caller's: -EAGAIN if another is being made; -EPERM if the disk
 * is not READY; -EINVAL for 0 or more than four blocks, or a block twice, or an
 * entry that is none, or not of metadata, or is being read; -ESTALE for another
 * version; -EBUSY for a frozen block.
 *
 * How it can end: 0, done.
 *   -EPERM   the capability may not write one of the blocks
 *   -EINVAL  an image is malformed; a block comes to be owned by two of them; a
 * type is changed; claimed or given are other numbers; a block is both changed
 * and given back -ENOSPC  a claimed block is not free -ENOENT  a metadata block
 * that is given back is not in the registry; or the parent of one without
 * image; or one on the way up from one that gets metadata: each must be there
 *   -EBUSY   write something first: a metadata block is given back that is not
 *            clean, or owns something; an extent is moved or given back that
 *            has moved before; one on the disk is moved to a block that is not
 *            attached to a tree; metadata is, to one that hangs below something
 *            that has moved; the blocks would wait for each other; there are
 *            too many such moves; or the extent is frozen
 */
int change_begin(struct volume *v, const struct change_block *block,
                 uint32_t blocks, uint64_t claimed, uint64_t given,
                 const struct cap *cap);

/* What change_begin would say, whatever the frames are. */
int change_check(const struct volume *v, const struct change_block *block,
                 uint32_t blocks);

/* Ends a change that is being made, with that error, unless there is none or it
   waits for nothing any more: whether it did. For a disk that is dead: what the
   change waits for may not come. */
bool change_give_up(struct volume *v, int error);

/*
 * Asks for the write of a metadata entry. 1: there is nothing to write. 0: it
 * is being prepared, and goes on with volume_write() or volume_settled().
 * -EBUSY if it is being written, or asked for, already; -EAGAIN if it was never
 * written, and a change is being made; -EINVAL if it has no image or is no
 * metadata.
 */
int write_begin(struct volume *v, uint32_t e);

/*
 * The glue's write of an entry, for which volume_write() asked, has ended:
 * with 0 if it is on the disk, flush included. With an error it is not known
 * what is on the disk: the next write of the entry writes the same bytes again.
 */
void write_done(struct volume *v, uint32_t e, int error);

/* Takes steps as long as volume_time() says so, and at least one, each of at
   most some 9,000 instructions or runs of programs, which may be late. False if
   there is nothing to do, or a call of the glue says -EAGAIN: then a step does
   nothing but ask again. */
bool volume_step(struct volume *v);

/* Whether a step has anything to do. */
bool volume_busy(const struct volume *v);

/* The flags for the entry of a metadata block that has none, and is about to
   get one: REGISTRY_META, and those that follow from the tables. With
   REGISTRY_EMPTY it has never been written. */
unsigned volume_entry_flags(const struct volume *v, uint64_t block);

/*
 * Within change.c, balance.c, commit.c, depend.c and volume.c.
 */
/* Whether what depends[i] of entry e names is not on the disk yet. */
bool write_waits(const struct registry *r, uint32_t e, unsigned i);
/* Whether the edges that the change adds to its block have room there. */
bool depend_fits(const struct volume *v, unsigned block);
/* Whether such an edge closes a cycle. Some 3,000 instructions. */
bool depend_cycles(const struct volume *v, unsigned from, unsigned to);
/* Adds a dependency, for which there is room. */
void depend_add(struct registry *r, uint32_t e, uint32_t to, uint64_t version);

/* Whether a change adds up: 0, more to do; 1, it does; or the error. Fills in
   edges and doubles. */
void balance_begin(struct change *c);
int balance_step(struct volume *v);
/* Steps of the change that is being made. False if it waits. */
bool change_step(struct volume *v);
/* From where nothing can fail any more. A step is true at the end of the
   change; *waits if nothing could be done. */
void commit_begin(struct volume *v);
bool commit_step(struct volume *v, bool *waits);
/* Whether a change that is being committed has marked anything. */
bool commit_begun(const struct change *c);

/* What happens to a run of a change. */
enum change_kind { RUN_STAYS, RUN_CLAIMED, RUN_GIVEN, RUN_MOVED };
struct change_fate {
    enum change_kind kind;
    unsigned from; /* block of the change; of given and moved */
    unsigned to;   /* of claimed and moved */
    bool on_disk;  /* the image of `from` on the disk owns it, or may */
    bool other;    /* given, but another block of the change owns it, too */
};
int change_fate(const struct change *c, struct change_fate *fate);

/* From the start of the range again: that costs only who asks for a run. */
void change_sweep_begin(struct change_sweep *s);
/* To the next run if this one is done. False at the end of all. */
bool change_sweep_run(struct change_sweep *s);
/* So many more of the run's `count` are done. */
void change_sweep_done(struct change_sweep *s, uint64_t more, uint64_t count);

/* What an image of a metadata entry owns, of which that is the frame and the
   version, for a change, or what follows a write, until its end. NULL: *error
   is that of type_owns. */
const struct owned_set *volume_owns(struct volume *v, uint32_t e,
                                    uint32_t frame, uint64_t version,
                                    int *error);

/* A frame of an entry is no image any more: it becomes the spare one, or
   goes. */
void change_frame_drop(struct registry *r, uint32_t e, uint32_t frame);

/*
 * From the glue.
 */
/* The change has ended. If with an error, the frames of change.block are the
   glue's again. */
void volume_changed(struct volume *v, int result);

/*
 * Write the frame `frame` to the block of entry e: a flush, if the disk has a
 * cache; the write; a flush. Later: write_done(). Never fails at once: what
 * the device cannot take now is kept by the glue.
 */
void volume_write(struct volume *v, uint32_t e, uint32_t frame);

/* The request for writing e has ended: 0 on the disk; -EBUSY: it has children
   that were never written, or what it depends on is not on the disk; or what
   the device said. */
void volume_settled(struct volume *v, uint32_t e, int error);

/*
 * Entry e gets a new image, which owns `after`. Breaks bindings whose parent e
 * is and that the image does not allow any more: their extent is not in one of
 * `after`, or its guard is another. No new ones are made through an entry with
 * REGISTRY_CHANGING, nor registry entries of what its block owns. 0: done.
 * -EAGAIN: not yet, I/O is in flight, or there is more to do. Called again from
 * the start until it is 0.
 */
int volume_unbind(struct volume *v, uint32_t e, const uint8_t *image,
                  const struct owned_set *after);

/*
 * The block of entry e leaves its parent: for that of entry `to`, or for nobody
 * (REGISTRY_NONE). Mappings of its frame are broken that the new parent does
 * not allow; all, in the latter case. -EAGAIN as above. At 0 an entry that
 * nobody owns has no pins, and its frames are released by the caller.
 */
int volume_leave(struct volume *v, uint32_t e, uint32_t to);

/* Whether there is time for another step in this entry of the kernel. */
bool volume_time(struct volume *v);

/*
 * The block of entry e stays with that of entry `parent`, whose new image,
 * which owns `after`, may name another guard for it: then mappings of its
 * frames are broken, and it is asked for anew. Nothing if the image does not
 * own it: a frozen block may be another's. -EAGAIN as above.
 */
int volume_reguard(struct volume *v, uint32_t e, uint32_t parent,
                   const uint8_t *image, const struct owned_set *after);

/* Whoever may map frame `from` (0: nobody) may map `to`, the next image of the
   same block. */
void registry_succeed(uint32_t from, uint32_t to);

#endif
