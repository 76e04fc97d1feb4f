/* SPDX-License-Identifier: MIT */
#include "lib/exo/exo.h"

/* A header that is still there means that the kernel ended early; an error in
   its place, that the entry was made and failed. */
int64_t
exo_batch(struct uarea *uarea, uint64_t first, uint64_t count, uint64_t *done)
{
    volatile struct uarea *after = uarea;
    int64_t result;

    *done = 0;
    do {
        result = sys_batch(first, count - *done);
        if (result == -EINVAL &&
            (count > BATCH_ENTRIES_MAX || first >= UAREA_BATCH_WORDS)) {
            return result; /* the U-area says nothing of this */
        }
        *done += after->batch_done;
        first = after->batch_next;
    } while (result == -EAGAIN && (int64_t)after->batch[first] >= 0);
    return result < 0 ? result : 0;
}
