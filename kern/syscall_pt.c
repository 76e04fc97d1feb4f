/* SPDX-License-Identifier: MIT */
/*
 * The calls on page tables. What an entry may be is kern/pt.c's to say.
 */
#include "kern/pt_one.h"
#include "kern/syscall.h"
#include "kern/syscall_check.h"

int64_t
sys_pt_make(uint64_t table, uint64_t shadow, uint64_t level)
{
    struct frame *first = owned_frame(table);
    struct frame *second = owned_frame(shadow);

    return first == NULL || second == NULL
               ? -EPERM
               : pt_make(first, second, level, env_current()->id);
}

int64_t
sys_pt_unmake(uint64_t table)
{
    struct frame *f = owned_frame(table);

    return f == NULL ? -EPERM : pt_unmake(f, env_current()->id);
}

/* The two capabilities that one argument names (kern/abi/call.h). */
static const struct cap *
cap_first(uint64_t caps)
{
    return cap_of(caps & 0xff);
}

static const struct cap *
cap_second(uint64_t caps)
{
    return cap_of(caps >> 8);
}

/* Fills in a place in a page table: 0, -EBADF or -EINVAL. */
static int
place_make(struct pt_place *place, const struct cap *c, uint64_t table,
           uint64_t index)
{
    *place = (struct pt_place){named_frame(table), index, c};
    return c == NULL ? -EBADF : place->table == NULL ? -EINVAL : 0;
}

/* Whether both numbers in `caps` are entries of a list, held or not. */
static inline bool
caps_listed(uint64_t caps)
{
    const uint64_t entries = CAP_LIST_ENTRIES - 1;

    return (caps & ~(entries | entries << 8)) == 0;
}

static inline uint64_t
batch_word(const struct hart *hart)
{
    const struct uarea *uarea = (const struct uarea *)hart->uarea;

    return __atomic_load_n(uarea->batch, __ATOMIC_RELAXED);
}

/* What is usual goes by pt_one.h; the rest, and what was not usual after all,
   by these. */
__attribute__((noinline)) static int64_t
map_batch(uint64_t caps, uint64_t table, uint64_t index, uint64_t words)
{
    const struct cap *c = cap_second(caps);
    uint64_t count = words & 0xffff;
    uint64_t first = words >> 16;
    const struct uarea *uarea;
    struct pt_place place;
    int error = place_make(&place, cap_first(caps), table, index);

    if (error < 0) {
        return error;
    }
    if (c == NULL) {
        return -EBADF;
    }
    uarea = (const struct uarea *)hart_self()->uarea;
    return first > UAREA_BATCH_WORDS || count > UAREA_BATCH_WORDS - first
               ? -EINVAL
               : pt_insert(&place, count, uarea->batch + first, c);
}

int64_t
sys_pt_map(uint64_t caps, uint64_t table, uint64_t index, uint64_t count)
{
    struct hart *self = caller_hart();
    const struct cap *list = list_read(self->context->env);
    const struct one_place place = {table, index,
                                    &list[caps % CAP_LIST_ENTRIES]};

    if (count == 1 && caps_listed(caps) &&
        pt_insert_one(&place, batch_word(self), &list[caps >> 8])) {
        return 1;
    }
    return map_batch(caps, table, index, count);
}

int64_t
sys_pt_link(uint64_t caps, uint64_t table, uint64_t index, uint64_t below)
{
    const struct cap *c = cap_second(caps);
    struct frame *f = named_frame(below);
    struct pt_place place;
    int error = place_make(&place, cap_first(caps), table, index);

    if (error < 0) {
        return error;
    }
    return c == NULL ? -EBADF : f == NULL ? -EINVAL : pt_link(&place, f, c);
}

__attribute__((noinline)) static int64_t
unmap_batch(uint64_t caps, uint64_t table, uint64_t index, uint64_t count)
{
    struct pt_place place;
    int error = place_make(&place, cap_first(caps), table, index);

    return error < 0 ? error : pt_remove(&place, count);
}

int64_t
sys_pt_unmap(uint64_t caps, uint64_t table, uint64_t index, uint64_t count)
{
    struct hart *self = caller_hart();
    const struct cap *list = list_read(self->context->env);
    const struct one_place place = {table, index,
                                    &list[caps % CAP_LIST_ENTRIES]};

    if (count == 1 && caps_listed(caps) && pt_remove_one(self, &place)) {
        return 1;
    }
    return unmap_batch(caps, table, index, count);
}

__attribute__((noinline)) static int64_t
protect_batch(uint64_t caps, uint64_t table, uint64_t index, uint64_t count,
              uint64_t clear, uint64_t set)
{
    const struct cap *c = cap_second(caps);
    struct pt_place place;
    int error = place_make(&place, cap_first(caps), table, index);

    if (error < 0) {
        return error;
    }
    return c == NULL ? -EBADF : pt_protect(&place, count, clear, set, c);
}

int64_t
sys_pt_protect(uint64_t caps, uint64_t table, uint64_t index, uint64_t count,
               uint64_t clear, uint64_t set)
{
    struct hart *self = caller_hart();
    const struct cap *list = list_read(self->context->env);
    const struct one_place place = {table, index,
                                    &list[caps % CAP_LIST_ENTRIES]};

    if (count == 1 && caps_listed(caps) && list[caps >> 8].held &&
        pt_protect_one(self, &place, clear, set, &list[caps >> 8])) {
        return 1;
    }
    return protect_batch(caps, table, index, count, clear, set);
}

int64_t
sys_pt_copy(uint64_t caps, uint64_t from, uint64_t to, uint64_t indexes,
            uint64_t count, uint64_t keep)
{
    bool drop = keep >> 63;
    struct pt_place source;
    struct pt_place target;
    int error = place_make(&source, cap_second(caps), from, indexes & 0xffff);

    if (error == 0) {
        error = place_make(&target, cap_first(caps), to, indexes >> 16);
    }
    return error < 0 ? error
                     : pt_copy(&source, &target, count, keep << 1 >> 1, drop);
}
