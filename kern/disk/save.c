/* SPDX-License-Identifier: MIT */
/*
 * Invariant, under the drive's lock: a page that is being saved is of
 * FRAME_OWNER_DEVICE, or about to be, and has a pin for its request; its
 * binding counts that as waiting.
 *
 * The requests are those that no env gets, and are charged to nobody: an env
 * whose requests are used up, by itself or by others, loses pages as fast as
 * any. What it pays for meanwhile is the page.
 */
#include "kern/disk/save.h"

#include "kern/abi/call.h"
#include "kern/disk/frame_dma.h"
#include "kern/disk/store.h"
#include "kern/panic.h"

_Static_assert(EXTENTS_MAX <= PLACE_ROW(UINT32_MAX) + 1 &&
                   DISKS_MAX <= PLACE_DISK(UINT32_MAX) + 1,
               "a place names any binding");
_Static_assert(FRAME_LIMIT <= (uint64_t)1 << LOSS_PLACE_SHIFT,
               "a loss names any page");

int
save_check(const struct env *e, uint64_t place)
{
    uint64_t handle = place >> EXTENT_GENERATION_SHIFT
                                   << EXTENT_GENERATION_SHIFT |
                      PLACE_DISK(place) << EXTENT_DISK_SHIFT | PLACE_ROW(place);
    struct drive *d = extent_drive(handle);
    struct extent *x;
    int error = -ESTALE;

    if (d == NULL) {
        return error;
    }
    lock_acquire(&d->lock);
    x = extent_find(d, handle, e->id);
    if (x != NULL) {
        error = !(x->rights & CAP_WRITE)         ? -EPERM
                : PLACE_BLOCK(place) >= x->count ? -EINVAL
                : d->dead                        ? -EIO
                                                 : 0;
    }
    if (error == 0) {
        x->placed = e->id;
    }
    lock_release(&d->lock);
    return error;
}

struct drive *
save_open(const struct frame *f)
{
    uint32_t place = f->used;
    struct drive *d = NULL;

    if ((frame_state(f) & FRAME_STATE_FLAG(FRAME_PLACED)) &&
        PLACE_IS_EXTENT(place)) {
        d = drive_find(PLACE_DISK(place));
    }
    if (d != NULL) {
        lock_acquire(&d->lock);
    }
    return d;
}

/* Whether a block of the binding can be written now, as request_write has it.
 */
static bool
place_good(const struct drive *d, const struct extent *x, const struct env *e,
           uint64_t block)
{
    const struct volume *v = &d->store->volume;

    return !d->dead && x->env == e->id && (x->rights & CAP_WRITE) &&
           block < x->count &&
           (x->parent == EXTENT_NONE ||
            (v->state == DISK_READY &&
             !double_frozen(&v->doubles, x->first + block, 1)));
}

int
save_begin(struct drive *d, const struct env *e, struct frame *f,
           struct disk_request **r)
{
    uint32_t place = f->used;
    struct disk_request *taken;
    struct extent *x;

    /* Who marks has the env's lock. */
    ASSERT(d != NULL && d == drive_find(PLACE_DISK(place)));
    ASSERT(lock_held(&d->lock) && frame_locked(f) && f->order == 0);
    x = &d->extent[PLACE_ROW(place)];
    if ((frame_state(f) & FRAME_STATE_FLAG(FRAME_UNSCRUBBED)) ||
        !place_good(d, x, e, PLACE_BLOCK(place))) {
        return -EIO;
    }
    taken = request_keep_take(d, e->id);
    if (taken == NULL) {
        return -EAGAIN;
    }
    taken->purpose = REQUEST_SAVE;
    taken->extent = x;
    taken->block = x->first + PLACE_BLOCK(place);
    taken->frame = (uint32_t)frame_number(f);
    taken->cookie = LOSS(RESOURCE_FRAME, frame_number(f), place);
    x->waiting++;
    f->pins += FRAME_PIN_DMA;
    *r = taken;
    return 0;
}

void
save_start(struct drive *d, struct disk_request *r)
{
    request_start(d, r, DISK_WRITE);
}

/* A dead disk may still read the page: it keeps that, and the request. */
void
save_end(struct drive *d, struct disk_request *r, int error,
         struct request_end *end)
{
    *end = (struct request_end){
        .env = r->env, .hart = REQUEST_END_LOSS, .cookie = r->cookie};
    if (error < 0) {
        end->cookie = LOSS(RESOURCE_FRAME, r->frame, 0);
    } else if (r->extent->parent != EXTENT_NONE) {
        block_written(&d->store->volume.blocks, r->block, 1);
    }
    if (!d->dead) {
        frame_dma_end(frame_record(r->frame));
        extent_done(d, r->extent);
        request_keep_free(d, r);
    }
}
