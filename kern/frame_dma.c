/* SPDX-License-Identifier: MIT */
/*
 * Frames that devices read and write. A request that was handed to a device
 * cannot be taken back, so a frame may be lost to its owner before the device
 * is done with it. Then it is unreachable at once, and stays out of every hand
 * until that moment: condemned.
 *
 * Invariants:
 *
 *  - a frame with DMA pins keeps its order and guard, and is data, or the
 *    registry's;
 *  - one of FRAME_OWNER_DEVICE has no maps, accepts none, has DMA pins, and is
 *    in a list of its own; `used` is the account that it is charged to, which
 *    is there as long as something is.
 */
#include "kern/frame_one.h"

static uint32_t condemned; /* the first; under the lock of the lists */

int
frame_dma_begin(struct frame *f, uint64_t offset, uint64_t count,
                const struct cap *cap, unsigned right)
{
    const uint32_t forbidden = FRAME_STATE_FLAG(
        FRAME_UNSCRUBBED | FRAME_BREAKING | FRAME_CONDEMNED);
    uint32_t state;
    uint64_t pages;
    int error = 0;

    if (frame_type(f) != FRAME_DATA) { /* perhaps no RAM: not to be locked */
        return -EINVAL;
    }
    frame_lock(f);
    state = frame_state(f);
    pages = (uint64_t)1 << order_of(state);
    if ((state & 0xff) != FRAME_DATA || offset >= pages ||
        count > pages - offset) {
        error = -EINVAL;
    } else if (!cap_allows(cap, &f->guard, right)) {
        error = -EPERM;
    } else if ((state & forbidden) != 0) {
        error = -EBUSY;
    } else {
        f->pins += FRAME_PIN_DMA;
    }
    frame_unlock(f);
    return error;
}

/* Frees a locked frame of FRAME_OWNER_DEVICE that no device uses any more. */
static void
condemned_free(struct frame *f)
{
    uint32_t account = f->used;
    struct frame_list list = {.account = &ACCOUNT_TABLE[account]};

    f->used = 0;
    frame_clear_flag(f, FRAME_CONDEMNED | FRAME_BREAKING);
    word_lock(&frame_lists.lock);
    list.first = condemned;
    return_commit(&list, frame_records(), frame_number(f), f->order,
                  frame_state(f));
    condemned = list.first;
    word_unlock(&frame_lists.lock);
    account_release(account, ACCOUNT_FRAMES, 0); /* perhaps that was its last */
}

void
frame_dma_end(struct frame *f)
{
    frame_lock(f);
    ASSERT(f->pins >= FRAME_PIN_DMA);
    f->pins -= FRAME_PIN_DMA;
    if (f->owner == FRAME_OWNER_DEVICE && f->pins == 0) {
        condemned_free(f);
    } else {
        frame_unlock(f);
    }
}

int
frame_let_go(struct frame_list *list, struct frame *f)
{
    if (f->pins < FRAME_PIN_DMA || frame_type(f) != FRAME_DATA) {
        return frame_return(list, f);
    }
    ASSERT(frame_locked(f) && f->chain == 0 && frame_pins(f) == 0);
    frame_unmark(f);
    frame_set_flag(f, FRAME_CONDEMNED | FRAME_BREAKING);
    f->used = account_number(list->account);
    f->harts = 0;
    word_lock(&frame_lists.lock);
    list_remove(&list->first, frame_records(), f);
    list_push(&condemned, frame_records(), frame_number(f));
    f->owner = FRAME_OWNER_DEVICE;
    word_unlock(&frame_lists.lock);
    frame_unlock(f);
    return 0;
}
