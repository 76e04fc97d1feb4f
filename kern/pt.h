/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_PT_H
#define CHITIN_KERN_PT_H
/*
 * Page tables of environments. An env gives two frames for each: the table,
 * which the hardware walks and the env may read, and its shadow, which only
 * the kernel sees. The libOS lays out its address space; the kernel checks
 * that each entry is one it may have, and can find all entries that hold a
 * frame, to break them.
 *
 * The reverse map. A *link* names an entry: table page number << 9 | index.
 * All entries that hold one frame form a chain: frame.chain is the first link,
 * and the shadow of each table has, for each entry, the links after and before
 * it. A page table is held by the entries that point to it (its parents) in
 * the same way.
 *
 *      frame.chain -> link a        shadow[a].next -> link b ... 0
 *                                   shadow[b].previous -> link a
 *
 * Locks. The entries of a table are guarded by the lock of its shadow's record:
 * so a table that is also mapped as a page, and chained as one under its own
 * lock, needs no order between the two. The chain of a frame, its links in the
 * shadows included, is guarded by the frame's lock, which is taken after those
 * of entries. To walk up from a table to its roots takes the locks of their
 * records from the lowest level up, for their chains.
 *
 * Fences. An entry that lost rights is fenced, outside all locks, on the harts
 * of every root that reaches its table, before the call returns; the frame's
 * maps fall only then. While a table's own maps say that the fence for a parent
 * it lost is still owed, every hart is fenced: translations made through that
 * parent may live anywhere. Entries that gain rights are not fenced: hardware
 * may have cached that the entry was invalid, and the access then faults once
 * more, which only its env can see.
 *
 * Calls take at most PT_BATCH_MAX entries. A batch stops at the first entry
 * that cannot be done: the result is how many were, or the error of the first.
 * An entry is done as a whole or not at all.
 */
#include "kern/abi/layout.h"
#include "kern/cap.h"
#include "kern/frame.h"
#include "kern/panic.h"
#include "kern/vm.h"

/* Entries of a root that are the env's; the rest is the kernel's. */
#define PT_ROOT_ENTRIES (USER_END >> (FRAME_SHIFT + 18))

/* Calls that take several entries take at most so many. */
#define PT_BATCH_MAX 64

/* Software bits of an entry: it consents to ownership; the env's own. */
#define PTE_HEIR ((pte_t)1 << 8)
#define PTE_SOFTWARE ((pte_t)1 << 9)

/* Bits that pt_protect changes and pt_copy can leave out. */
#define PTE_CHANGEABLE (PTE_W | PTE_X | PTE_A | PTE_D | PTE_HEIR | PTE_SOFTWARE)

/* A place in a page table, and the capability that is to allow writing there:
   -EPERM if it does not, in each function. NULL is the kernel itself. */
struct pt_place {
    struct frame *table;
    uint64_t index;
    const struct cap *cap;
};

/* A page table, by its type, and its level, 0 to 2. */
static inline bool
pt_type_is_table(unsigned type)
{
    return type - FRAME_TABLE_0 < SV39_LEVELS;
}

static inline bool
pt_is_table(const struct frame *f)
{
    return pt_type_is_table(frame_type(f));
}

static inline unsigned
pt_level(const struct frame *table)
{
    return frame_type(table) - FRAME_TABLE_0;
}

/* Turns two order-0 data frames of `owner`, without maps and pins, into an
   empty table of `level` and its shadow. A root gets the kernel's half. Both
   are zeroed. -EINVAL, -EBUSY if a frame is in use, -EAGAIN if another hart
   works on one. No lock may be held, here and below. */
int pt_make(struct frame *table, struct frame *shadow, uint64_t level,
            uint32_t owner);

/* The opposite: both become data, all zero. -EINVAL; -EPERM if it is not the
   owner's; -EBUSY while the table has entries of the env, parents, mappings or
   pins, or may live in a hart. */
int pt_unmake(struct frame *table, uint32_t owner);

/* Sets `count` entries from the place on, which are zero, to `entry`[]: what
   the hardware will see, with V, U and R, which are forced. An entry must be
   one that `cap` allows for the frame it names, by rights and by guard; that
   frame must be as large as the entry's span, whole, scrubbed, and data (or a
   page table, the record of an env or a block of a disk, to read; or a U-area,
   or a block that is data and writable, to read and write).
   A and D are taken as they are. `entry` may lie in memory that an env writes:
   each is read once. -EINVAL, -EPERM, -EBUSY (the place is not zero, or the
   frame is unscrubbed or being broken). */
int pt_insert(const struct pt_place *place, uint64_t count, const pte_t *entry,
              const struct cap *cap);

/* Points the entry at the place to `below`, a table of the next lower level,
   on whose guard `cap` has write. -EINVAL, -EPERM, -EBUSY. */
int pt_link(const struct pt_place *place, struct frame *below,
            const struct cap *cap);

/* Clears `count` entries, leaves and links; zeroes are passed over. Returns
   how many it cleared. -EINVAL, -EPERM. */
int pt_remove(const struct pt_place *place, uint64_t count);

/* Changes bits of `count` leaves: clears `clear`, then sets `set`, both of
   PTE_CHANGEABLE. Those that are left, A and D above all, stay as the hardware
   has them at that moment. W and X that an entry did not have must be allowed
   by `cap`, as in pt_insert. -EINVAL (not a leaf), -EPERM. */
int pt_protect(const struct pt_place *place, uint64_t count, pte_t clear,
               pte_t set, const struct cap *cap);

/* Copies `count` leaves to as many places of another table of the same level
   (or the same table), where the entries must be zero. Zeroes are passed over,
   and counted. Of PTE_CHANGEABLE the copies keep what is in `keep`, and get the
   software bits that are in it. `drop` takes W from the originals in the same
   step. The frames' guards are not asked again. -EINVAL (not a leaf; levels),
   -EPERM, -EBUSY (place taken, frame being broken). */
int pt_copy(const struct pt_place *from, const struct pt_place *to,
            uint64_t count, pte_t keep, bool drop);

/* Breaks every binding that page tables have of `f`, any frame from FRAME_DATA
   on that is `owner`'s, at most `limit` (up to PT_BATCH_MAX) in one call:
   -EAGAIN while there may be more. From the first call until 0 is returned the
   frame accepts no new binding. With 0 it is unbound, and its lock is held, for
   the caller to look whether it is still what it was, to change it, and to give
   the lock back. -EINVAL, without the lock, if it is no such frame. */
int pt_break(struct frame *f, uint32_t owner, unsigned limit);

/* The same for several frames from FRAME_DATA on that are being taken, with one
   fence: condemns them, and breaks up to `limit` bindings of all of them
   together (at most PT_BATCH_MAX). Then for each frame, as pt_break: 0 with its
   lock held, or -EAGAIN. */
void pt_break_begin(struct frame *const f[], unsigned count, uint32_t owner,
                    unsigned limit);

static inline int
pt_break_end(struct frame *f, uint32_t owner)
{
    uint32_t state;
    int error = 0;

    if (frame_type(f) < FRAME_DATA) { /* perhaps no RAM: not to be locked */
        return -EINVAL;
    }
    frame_lock(f);
    state = frame_state(f);
    if ((state & 0xff) < FRAME_DATA || f->owner != owner) {
        error = -EINVAL;
    } else if (!(state & FRAME_STATE_FLAG(FRAME_BREAKING)) ||
               __atomic_load_n(&f->maps, __ATOMIC_ACQUIRE) != 0) {
        error = -EAGAIN;
    }
    if (error < 0) {
        frame_unlock(f);
        return error;
    }
    ASSERT(f->chain == 0);
    if ((state & 0xff) == FRAME_DATA) {
        f->harts = 0;
    }
    frame_clear_flag(f, FRAME_BREAKING);
    return 0;
}

/* Whether an env that would inherit the frame is seen near the head of its
   chain. Without a lock the answer may be out of date. */
bool pt_has_heir(struct frame *f);

/* Lets go of a data frame of `owner`, in `list`. It passes to its first heir:
   the first env in its chain that is alive, not the owner, has room in its
   account, and holds the frame by an entry with PTE_HEIR in a page table that
   it owns. Without one, at most `limit` of its bindings are broken, and when
   nothing holds it it goes back to the free lists. 0 when it is free, 1 when it
   has an heir; -EINVAL if it is not data, -EPERM if not the owner's, -EBUSY if
   it is pinned, or held, also by a device, and `limit` is 0; -EAGAIN to call
   again, and until then it accepts no new binding. One that a device uses is
   free when that is done. An env's lock may be held. */
int pt_release(struct frame_list *list, uint32_t owner, struct frame *f,
               unsigned limit);

/* Puts data, or a page table, under another guard, after at most `limit` of its
   bindings are broken. `owner` or, if that is not its owner, `control`, which
   may be NULL, must have the right: else -EPERM. -EINVAL for another type,
   -EBUSY if it is pinned, -EAGAIN to call again, as in pt_break. */
int pt_set_guard(struct frame *f, const struct cap_name *guard, uint32_t owner,
                 const struct cap *control, unsigned limit);

/* Takes a page table of `owner` out of everybody's hands: under a guard that
   nobody but the holder of the empty name dominates, and that stays, nobody
   fills it again. -EINVAL, -EPERM. Then pt_sealer allows writing in it, and in
   none that is not sealed. */
int pt_seal(struct frame *table, uint32_t owner);
extern const struct cap pt_sealer;

/* The frames of env `id` if it is alive, else NULL. The caller has a page table
   open that the env owns: until it is closed the list is there. Of env.c, but
   in host tests. */
struct frame_list *owner_frames(uint32_t id);

#endif
