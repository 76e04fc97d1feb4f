/* SPDX-License-Identifier: MIT */
/*
 * The calls on what disks hold: the registry, changes of metadata, types,
 * recovery. Each takes steps of the jobs of its disk, too.
 */
#include "kern/abi/uarea.h"
#include "kern/disk/store.h"
#include "kern/syscall.h"
#include "kern/syscall_check.h"

#define CHANGE_WORDS 2
#define EDIT_WORDS 3

static const struct cap_name empty_name;

/* Locks the drive of a number, and takes steps of its jobs; or NULL. */
static struct drive *
drive_open(uint64_t number)
{
    struct drive *d = drive_find(number);

    if (d != NULL) {
        lock_acquire(&d->lock);
        store_enter(d);
    }
    return d;
}

/* Gives it back, after a step for others, if there is time for one. */
static int64_t
drive_leave(struct drive *d, int64_t result)
{
    store_step(d);
    drive_unlock(d);
    return result;
}

int64_t
sys_disk_type(uint64_t cap, uint64_t disk, uint64_t frame, uint64_t cookie)
{
    struct frame *f = named_frame(frame);
    const struct cap *c = cap_of(cap);
    struct drive *d;

    if (c == NULL || !cap_allows(c, &empty_name, CAP_CONTROL)) {
        return c == NULL ? -EBADF : -EPERM;
    }
    d = f == NULL ? NULL : drive_open(disk);
    if (d == NULL) {
        return f == NULL ? -EINVAL : -ENODEV;
    }
    return drive_leave(d, store_type(d, caller_hart()->context, f, c, cookie));
}

/* Reads the words of a change, each once: 0, or -EINVAL. */
static int
change_read(struct store_change *ask, uint64_t words)
{
    const struct uarea *uarea = (const struct uarea *)caller_hart()->uarea;
    uint64_t count = words & 0xffff;
    uint64_t first = words >> 16;
    const uint64_t *word = &uarea->batch[first];

    if (count == 0 || count > DISK_CHANGE_BLOCKS || first > UAREA_BATCH_WORDS ||
        CHANGE_WORDS + EDIT_WORDS * count > UAREA_BATCH_WORDS - first) {
        return -EINVAL;
    }
    ask->claimed = __atomic_load_n(word++, __ATOMIC_RELAXED);
    ask->given = __atomic_load_n(word++, __ATOMIC_RELAXED);
    ask->blocks = (unsigned)count;
    for (unsigned i = 0; i < count; i++) {
        struct store_edit *edit = &ask->edit[i];
        uint64_t names = __atomic_load_n(word++, __ATOMIC_RELAXED);
        uint64_t to = __atomic_load_n(word++, __ATOMIC_RELAXED);

        edit->version = __atomic_load_n(word++, __ATOMIC_RELAXED);
        edit->entry = (uint32_t)names;
        edit->from = named_frame(names >> 32);
        edit->to = named_frame(to);
        if (edit->from == NULL || (to != 0 && edit->to == NULL)) {
            return -EINVAL;
        }
    }
    return 0;
}

int64_t
sys_disk_change(uint64_t cap, uint64_t disk, uint64_t words, uint64_t cookie)
{
    struct store_change ask = {.context = caller_hart()->context,
                               .cap = cap_of(cap),
                               .cookie = cookie};
    struct drive *d;
    int64_t error;

    if (ask.cap == NULL) {
        return -EBADF;
    }
    error = change_read(&ask, words);
    d = error < 0 ? NULL : drive_open(disk);
    if (d == NULL) {
        return error < 0 ? error : -ENODEV;
    }
    for (unsigned i = 0; i < ask.blocks; i++) {
        ask.edit[i].entry -= d->store->first;
        if (ask.edit[i].entry >= d->store->volume.registry.count) {
            error = -EINVAL;
        }
    }
    error = error < 0 ? error : store_change(d, &ask);
    return drive_leave(d, error);
}

/* By the disk itself: the catalogue, or a block for recovery. */
static int64_t
read_whole(uint64_t disk, const struct store_read *ask)
{
    struct drive *d = drive_open(disk);
    int64_t result;

    if (d == NULL) {
        return -ENODEV;
    }
    if (d->store->volume.state == DISK_RECOVERING) {
        result = cap_allows(ask->cap, &empty_name, CAP_CONTROL)
                     ? store_read_recovery(d, ask)
                     : -EPERM;
    } else {
        result = store_read_catalogue(d, ask);
    }
    return drive_leave(d, result);
}

int64_t
sys_registry_read(uint64_t cap, uint64_t parent, uint64_t block, uint64_t frame,
                  uint64_t flags, uint64_t cookie)
{
    const struct store_read ask = {.context = caller_hart()->context,
                                   .cap = cap_of(cap),
                                   .block = block,
                                   .frame = named_frame(frame),
                                   .flags = flags,
                                   .cookie = cookie};
    struct drive *d;
    uint32_t entry;

    if (ask.cap == NULL) {
        return -EBADF;
    }
    if ((frame != 0 && ask.frame == NULL) ||
        (flags & ~(uint64_t)(REGISTRY_READ_HOLD | REGISTRY_READ_INSERT |
                             REGISTRY_READ_CREATE | REGISTRY_READ_WRITE)) !=
            0) {
        return -EINVAL;
    }
    if (parent >= DISK_WHOLE) {
        return read_whole(parent - DISK_WHOLE, &ask);
    }
    d = store_open(parent, &entry);
    return d == NULL ? -EINVAL : drive_leave(d, store_read(d, entry, &ask));
}

int64_t
sys_registry_write(uint64_t cap, uint64_t entry, uint64_t cookie)
{
    const struct cap *presented = cap_of(cap);
    struct context *c = caller_hart()->context;
    uint32_t e;
    struct drive *d;
    int error;

    if (presented == NULL) {
        return -EBADF;
    }
    d = store_open(entry, &e);
    if (d == NULL) {
        return -EINVAL;
    }
    error = d->store->volume.registry.entry[e].state <= REGISTRY_READING
                ? -EINVAL
                : store_writer(d, e, c->env, presented);
    return drive_leave(d, error < 0 ? error : store_write(d, c, e, cookie));
}

int64_t
sys_disk_recover(uint64_t cap, uint64_t disk)
{
    int64_t result = cap_check(cap, &empty_name, CAP_CONTROL);
    struct drive *d;

    if (result < 0) {
        return result;
    }
    d = drive_open(disk);
    return d == NULL ? -ENODEV : drive_leave(d, store_recover(d));
}
