/* SPDX-License-Identifier: MIT */
/*
 * Another guard for a frame in use. Whoever was let in under the old one is put
 * out first; the contents stay. Of a page table that means its parents, and
 * where it is mapped as a page: what it holds itself was let in by the guards
 * of those frames, and stays.
 */
#include "kern/pt_chain.h"

#define SEAL                                                                   \
    {                                                                          \
        {                                                                      \
            ~(uint64_t)0, ~(uint64_t)0                                         \
        }                                                                      \
    }
const struct cap pt_sealer = {
    .name = SEAL, .mask = SEAL, .write_word0 = ~(uint64_t)0};

int
pt_seal(struct frame *table, uint32_t owner)
{
    struct table t;
    int error = table_open(&t, table, table_shadow(table));

    if (error < 0) {
        return error;
    }
    frame_lock(table);
    if (table->owner == owner) {
        table->guard = pt_sealer.name;
        frame_set_flag(table, FRAME_CONDEMNED);
    } else {
        error = -EPERM;
    }
    frame_unlock(table);
    table_close(&t);
    return error;
}

static int
guard_check(const struct frame *f, uint32_t owner, const struct cap *control)
{
    if (f->owner != owner &&
        (control == NULL || !cap_allows(control, &f->guard, CAP_CONTROL))) {
        return -EPERM;
    }
    if (frame_type(f) != FRAME_DATA && !pt_is_table(f)) {
        return -EINVAL;
    }
    /* Else who is to lose a frame could always begin anew with it. */
    return f->pins != 0 || (f->flags & FRAME_CONDEMNED) ? -EBUSY : 0;
}

/* Changes it, of a locked frame that is bound nowhere. The guard of a table is
   also read under the lock of its entries, which comes before the frame's. */
static int
guard_change(struct frame *f, const struct cap_name *guard)
{
    struct frame *shadow;

    if (frame_type(f) == FRAME_DATA) {
        return frame_set_guard(f, guard);
    }
    shadow = frame_record(table_shadow(f));
    if (!word_try_lock(&shadow->lock)) {
        return -EAGAIN;
    }
    f->guard = *guard;
    frame_unlock(shadow);
    return 0;
}

int
pt_set_guard(struct frame *f, const struct cap_name *guard, uint32_t owner,
             const struct cap *control, unsigned limit)
{
    uint32_t whose;
    int error;

    frame_lock(f);
    error = guard_check(f, owner, control);
    whose = f->owner;
    frame_unlock(f);
    error = error < 0 ? error : pt_break(f, whose, limit);
    if (error < 0) {
        return error;
    }
    /* Locked now, and perhaps no longer what it was. */
    error = guard_check(f, owner, control);
    error = error < 0 ? error : guard_change(f, guard);
    frame_unlock(f);
    return error;
}
