/* SPDX-License-Identifier: MIT */
/*
 * Entries of the registry, and the window in which they are seen.
 *
 * The memo says where a block may be, the window's tables say which frame is
 * seen at an entry's place; both are compared with the kernel's row of the
 * entry. What is mapped there stays in the registry, for the kernel lets go
 * only of what nobody has mapped. So an address is right as long as the row
 * says the same block and frame.
 */
#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/disk/completion.h"
#include "lib/disk/volume_part.h"
#include "lib/exo/exo.h"

#define PPN_SHIFT 10
#define ROOM 128 /* entries that are let go at a time */

#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)

/* 2^64 divided by the golden ratio. */
static uint32_t
memo_place(uint64_t block)
{
    return (uint32_t)(block * 0x9e3779b97f4a7c15 >> 51);
}

_Static_assert(VOLUME_MEMO == 1 << (64 - 51), "a hash has so many bits");

static bool
is_of(const struct disk_volume *v, uint32_t e, uint64_t block)
{
    const volatile struct registry_entry *row = volume_row(v, e);

    return row->block == block && row->state > REGISTRY_READING;
}

void
volume_note(struct disk_volume *v, uint64_t block, uint32_t e)
{
    v->memo[memo_place(block)] = (uint16_t)(e + 1);
    v->used[e] = 1;
}

uint32_t
volume_find(struct disk_volume *v, uint64_t block)
{
    uint32_t e = (uint32_t)v->memo[memo_place(block)] - 1;

    if (e >= v->entries || !is_of(v, e, block)) {
        return VOLUME_NONE;
    }
    v->used[e] = 1;
    return e;
}

uint32_t
volume_search(struct disk_volume *v, uint64_t block)
{
    uint32_t e = volume_find(v, block);

    if (e != VOLUME_NONE) {
        return e;
    }
    for (e = 0; e < v->entries; e++) {
        if (is_of(v, e, block)) {
            volume_note(v, block, e);
            return e;
        }
    }
    return VOLUME_NONE;
}

struct registry_entry
volume_look(const struct disk_volume *v, uint32_t e)
{
    const volatile struct registry_entry *row = volume_row(v, e);
    struct registry_entry seen = {0};
    uint32_t before;

    do {
        before = __atomic_load_n(&row->sequence, __ATOMIC_ACQUIRE);
        seen.block = row->block;
        seen.version = row->version;
        seen.frame = row->frame;
        seen.state = row->state;
        seen.flags = row->flags;
        seen.holder = row->holder;
        seen.parent = row->parent;
        seen.pages = row->pages;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((before & 1) != 0 || before != row->sequence);
    return seen;
}

/*
 * The window.
 */
static uint64_t
leaf_of(const struct disk_volume *v, uint32_t e)
{
    return ((const volatile uint64_t *)(v->window + (uint64_t)VOLUME_ENTRIES *
                                                        FRAME_SIZE))[e];
}

uint64_t
volume_frame_at(const struct disk_volume *v, const void *page)
{
    return leaf_of(v, (uint32_t)(((uint64_t)page - v->window) / FRAME_SIZE)) >>
           PPN_SHIFT;
}

bool
volume_is_mapped(const struct disk_volume *v, uint32_t e, bool write)
{
    uint64_t leaf = leaf_of(v, e);

    return leaf >> PPN_SHIFT == volume_row(v, e)->frame && leaf != 0 &&
           (!write || (leaf & EXO_W) != 0);
}

static void
unmap(struct disk_volume *v, uint32_t e)
{
    if (leaf_of(v, e) != 0) {
        (void)sys_pt_unmap(v->disk.cap, v->table[e / 512], e % 512, 1);
    }
}

int64_t
volume_map(struct disk_volume *v, uint32_t e, bool write)
{
    struct registry_entry seen = volume_look(v, e);
    int64_t error;

    if (volume_is_mapped(v, e, write)) {
        return 0;
    }
    if (seen.frame == 0) {
        return -ESTALE;
    }
    unmap(v, e);
    exo_uarea->batch[0] = (uint64_t)seen.frame << PPN_SHIFT | EXO_AD | EXO_R |
                          (write ? EXO_W : 0);
    error = sys_pt_map(v->disk.cap | v->disk.cap << 8, v->table[e / 512],
                       e % 512, 1);
    /* The frame is being taken from all, or another's already. */
    return error >= 0 ? 0 : error == -EBUSY ? -ESTALE : error;
}

/*
 * Reading.
 */
int64_t
volume_frame(struct disk_volume *v)
{
    int64_t frame = exo_frame_alloc(v->disk.frame_cap, 0);

    if (frame < 0 && volume_shrink(v, ROOM) > 0) {
        frame = exo_frame_alloc(v->disk.frame_cap, 0);
    }
    return frame;
}

void
volume_frame_free(int64_t frame)
{
    if (frame > 0 && RECORDS[frame].owner == exo_id &&
        RECORDS[frame].type == FRAME_DATA) {
        (void)exo_frame_free((uint64_t)frame);
    }
}

int64_t
volume_read_begin(struct disk_volume *v, uint64_t parent, uint64_t block,
                  uint64_t flags, int64_t frame, struct volume_read *r)
{
    bool shrunk = false;
    int64_t entry = -EAGAIN;
    uint64_t until = 0;
    unsigned looks = 0;

    if (parent < DISK_WHOLE) {
        parent += v->first;
    }
    r->frame = frame;
    if (!completion_begin(&r->wait)) {
        return -EBUSY;
    }
    while (volume_waits(&until)) {
        entry = sys_registry_read(v->disk.cap, parent, block,
                                  (uint64_t)r->frame, flags, r->wait.cookie);
        if (entry == -EAGAIN) {
            (void)disk_retry(entry);
        } else if (entry == -EINVAL && r->frame == 0 &&
                   (flags & REGISTRY_READ_CREATE) == 0) {
            r->frame = volume_frame(v); /* it was not there after all */
            if (r->frame < 0) {
                entry = r->frame;
                break;
            }
        } else if ((entry == -ENOSPC || entry == -EDQUOT) && looks++ < 64) {
            /* The kernel looks at some of its entries each time. */
            shrunk = shrunk || volume_shrink(v, ROOM) > 0;
        } else {
            break;
        }
    }
    if (entry < 0) {
        completion_cancel(&r->wait);
        volume_frame_free(r->frame);
        return entry == -EAGAIN ? -EIO : entry;
    }
    r->entry = (uint32_t)entry - v->first;
    return r->entry;
}

int64_t
volume_read_end(struct disk_volume *v, struct volume_read *r)
{
    int64_t error = completion_wait(&r->wait);

    if (r->frame > 0) {
        volume_frame_free(r->frame);
    }
    if (error < 0) {
        return error;
    }
    v->used[r->entry] = 1;
    return r->entry;
}

int64_t
volume_get(struct disk_volume *v, uint64_t parent, uint64_t block,
           uint64_t flags, int64_t frame)
{
    struct volume_read r;
    int64_t entry = volume_read_begin(v, parent, block, flags, frame, &r);

    if (entry >= 0) {
        entry = volume_read_end(v, &r);
    }
    if (entry >= 0) {
        volume_note(v, block, (uint32_t)entry);
    }
    return entry;
}

/*
 * Room.
 */
/* Whether data of that node was changed and not written. */
static bool
has_changed_data(const struct disk_volume *v, uint64_t node)
{
    for (uint32_t i = 0; i < v->dirty_count; i++) {
        if (volume_row(v, v->dirty[i])->parent == node) {
            return true;
        }
    }
    return false;
}

/* Whether an entry may leave: it is out of the window then, and what is not on
   the disk of it is noted. */
static bool
entry_may_leave(struct disk_volume *v, uint32_t e)
{
    struct registry_entry seen = volume_look(v, e);
    bool meta = (seen.flags & REGISTRY_META) != 0;

    if (seen.state <= REGISTRY_READING ||
        (seen.holder == 0 && leaf_of(v, e) == 0)) {
        return false;
    }
    if (v->used[e] != 0) {
        v->used[e] = 0;
        return false;
    }
    if (meta &&
        (seen.state != REGISTRY_CLEAN || seen.block == DISK_CATALOGUE_BLOCK ||
         has_changed_data(v, seen.block))) {
        return false;
    }
    unmap(v, e);
    if (!meta && seen.state != REGISTRY_CLEAN) {
        volume_change_note(v, e);
    }
    return true;
}

/* Nobody holds an entry any more. What another env holds is taken over first.
   What could not be written stays. */
static bool
entry_leave(struct disk_volume *v, uint32_t e)
{
    struct registry_entry now = volume_look(v, e);
    const struct registry_entry *seen = &now;
    uint32_t parent;

    if (seen->state != REGISTRY_CLEAN) {
        return false;
    }
    if (seen->holder != 0 && seen->holder != exo_id) {
        parent = volume_search(v, seen->parent);
        if (parent == VOLUME_NONE ||
            volume_get(v, parent, seen->block, REGISTRY_READ_HOLD, 0) < 0) {
            return false;
        }
    }
    if (volume_row(v, e)->holder == exo_id) {
        (void)sys_release(RELEASE_ENTRY, v->first + e);
    }
    return true;
}

/* Those that leave are written together, and flushed once: volume_flush needs
   one of the blocks that were written, and of these none may be left. Twice
   around at most: the first time those that were used get a second chance. */
unsigned
volume_shrink(struct disk_volume *v, unsigned count)
{
    static bool busy; /* it reads and writes itself */
    uint16_t leaving[ROOM] = {0};
    unsigned found = 0;
    unsigned done = 0;
    uint32_t looked;
    unsigned i;

    if (busy) {
        return 0;
    }
    busy = true;
    count = count < ROOM ? count : ROOM;
    for (looked = 0; looked < 2 * v->entries && found < count; looked++) {
        uint32_t e = v->hand;

        v->hand = e + 1 < v->entries ? e + 1 : 0;
        if (entry_may_leave(v, e)) {
            leaving[found++] = (uint16_t)e;
        }
    }
    (void)volume_write_some(v, leaving, found);
    if (v->unflushed == 0 || volume_flush(v) == 0) {
        for (i = 0; i < found; i++) {
            done += entry_leave(v, leaving[i]);
        }
    }
    busy = false;
    v->count.evicted += done;
    return done;
}
