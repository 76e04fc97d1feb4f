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
#include "kern/frame_dma.h"

#include "kern/frame_one.h"

static uint32_t condemned; /* the first; under the lock of the lists */

void
frame_condemned_free(struct frame *f)
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
    account_release(account, ACCOUNT_FRAMES,
                    0); /* that was its last, perhaps */
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
