/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_FRAME_DMA_H
#define CHITIN_KERN_FRAME_DMA_H
/*
 * Pins of frames for devices (kern/disk/frame_dma.c says what holds of them).
 * They are inline, for a request has many pieces.
 */
#include "kern/cap.h"
#include "kern/frame.h"

/* Frees a locked frame of FRAME_OWNER_DEVICE that no device uses any more; the
   lock goes with it. */
void frame_condemned_free(struct frame *f);

/* Pins `count` pages of a data frame, from its page `offset` on, for a device
   that is to read or write there, as `right` (CAP_READ, CAP_WRITE) of `cap` on
   its guard must allow. 0, -EINVAL if it is no data, or smaller; -EPERM; -EBUSY
   if it is unscrubbed or being broken. No lock after LOCK_DISK may be held. */
__attribute__((always_inline)) static inline int
frame_dma_begin(struct frame *f, uint64_t offset, uint64_t count,
                const struct cap *cap, unsigned right)
{
    const uint32_t forbidden =
        FRAME_STATE_FLAG(FRAME_UNSCRUBBED | FRAME_BREAKING | FRAME_CONDEMNED);
    uint32_t state;
    uint64_t pages;
    int error = 0;

    if (frame_type(f) != FRAME_DATA) { /* perhaps no RAM: not to be locked */
        return -EINVAL;
    }
    frame_lock(f);
    state = frame_state(f);
    pages = (uint64_t)1 << (state >> 8 & 0xff);
    if ((state & 0xff) != FRAME_DATA || offset >= pages ||
        count > pages - offset) {
        error = -EINVAL;
    } else if (!cap_allows(cap, &f->guard, right)) {
        error = -EPERM;
    } else if ((state & forbidden) != 0) {
        error = -EBUSY;
    } else {
        f->pins += FRAME_PIN_DMA;
        f->state = state & ~FRAME_STATE_FLAG(FRAME_CLEAN);
    }
    frame_unlock(f);
    return error;
}

/* The device is done with that. Who condemned the frame meanwhile has it freed
   by this. */
static inline void
frame_dma_end(struct frame *f)
{
    frame_lock(f);
    f->pins -= FRAME_PIN_DMA;
    if (__builtin_expect(f->owner == FRAME_OWNER_DEVICE && f->pins == 0, 0)) {
        frame_condemned_free(f);
    } else {
        frame_unlock(f);
    }
}

#endif
