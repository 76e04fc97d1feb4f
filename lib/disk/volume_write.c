/* SPDX-License-Identifier: MIT */
/*
 * Data that was changed, and its way to the disk.
 *
 * To the kernel an entry that somebody has mapped for writing is dirty, whether
 * it was written or not. So what was changed by whom uses this volume is noted
 * here; whoever recovers takes all that is dirty for changed.
 *
 * An entry is written by its holder, or if its parent's entry is there to say
 * who may. The kernel lets go of a clean entry that nobody holds or has mapped;
 * so the parent of what was changed is either dirty or seen in the window.
 */
#include "kern/abi/cap.h"
#include "lib/disk/completion.h"
#include "lib/disk/volume_part.h"
#include "lib/exo/exo.h"

#define WRITES 16 /* at a time */

static bool
is_changed(const struct disk_volume *v, uint32_t e)
{
    return (v->changed[e / 64] >> e % 64 & 1) != 0;
}

/* The list first: what is in it twice, or has no bit, does no harm. */
void
volume_change_note(struct disk_volume *v, uint32_t e)
{
    uint32_t parent;

    if (is_changed(v, e)) {
        return;
    }
    if (v->dirty_count == VOLUME_ENTRIES) { /* somebody died too often */
        v->dirty_count = 0;
        for (uint32_t i = 0; i < v->entries; i++) {
            if (is_changed(v, i)) {
                v->dirty[v->dirty_count++] = (uint16_t)i;
            }
        }
    }
    v->dirty[v->dirty_count] = (uint16_t)e;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    v->dirty_count++;
    v->changed[e / 64] |= (uint64_t)1 << e % 64;
    parent = volume_find(v, volume_row(v, e)->parent);
    if (parent != VOLUME_NONE &&
        volume_row(v, parent)->state == REGISTRY_CLEAN) {
        (void)volume_map(v, parent, false);
    }
}

struct write {
    struct completion wait;
    uint32_t entry;
    int64_t error;
};

/* 0: it is under way. */
static int64_t
write_begin(struct disk_volume *v, struct write *w)
{
    uint64_t until = 0;

    if (!completion_begin(&w->wait)) {
        return -EBUSY;
    }
    while (volume_waits(&until)) {
        w->error = sys_registry_write(v->disk.cap, v->first + w->entry,
                                      w->wait.cookie);
        if (w->error == -EAGAIN ||
            (w->error == -EBUSY && /* somebody else has it written */
             volume_row(v, w->entry)->state == REGISTRY_WRITING)) {
            (void)disk_retry(-EAGAIN);
        } else {
            break;
        }
    }
    if (w->error < 0) {
        completion_cancel(&w->wait);
    }
    return w->error == -EAGAIN ? -EIO : w->error;
}

int64_t
volume_write_entry(struct disk_volume *v, uint32_t e)
{
    struct write w = {.entry = e};
    int64_t error = write_begin(v, &w);

    return error < 0 ? error : completion_wait(&w.wait);
}

/* Several that are under way. */
struct writes {
    struct write write[WRITES];
    unsigned count;
};

/* Waits for them; what failed is changed still. */
static int64_t
writes_end(struct disk_volume *v, struct writes *w)
{
    int64_t error = 0;
    unsigned i;

    for (i = 0; i < w->count; i++) {
        int64_t result = completion_wait(&w->write[i].wait);

        if (result < 0) {
            volume_change_note(v, w->write[i].entry);
            error = result;
        }
    }
    w->count = 0;
    return error;
}

/* One more; if there are as many as there can be, these first. */
static int64_t
writes_add(struct disk_volume *v, struct writes *w, uint32_t e)
{
    int64_t error = w->count < WRITES ? 0 : writes_end(v, w);
    int64_t result;

    if (error != 0) {
        return error;
    }
    v->unflushed = e + 1;
    v->changed[e / 64] &= ~((uint64_t)1 << e % 64);
    w->write[w->count].entry = e;
    result = write_begin(v, &w->write[w->count]);
    if (result == 0) {
        w->count++;
        v->count.written++;
    } else if (result != -EINVAL) { /* else it was given back */
        volume_change_note(v, e);
        error = result;
    }
    return error;
}

/* Whether it is to be written now. What is free or of metadata by now was given
   back, and is in the list no more. */
static bool
is_meant(struct disk_volume *v, uint32_t e, uint64_t parent, uint64_t block,
         uint64_t count)
{
    const volatile struct registry_entry *row = volume_row(v, e);

    if (!is_changed(v, e)) {
        return false;
    }
    if (row->state <= REGISTRY_READING || (row->flags & REGISTRY_META) != 0) {
        v->changed[e / 64] &= ~((uint64_t)1 << e % 64);
        return false;
    }
    return row->block - block < count && (parent == 0 || row->parent == parent);
}

int64_t
volume_write_data(struct disk_volume *v, uint64_t parent, uint64_t block,
                  uint64_t count)
{
    struct writes w;
    int64_t error = 0;
    int64_t result;
    uint32_t i = 0;

    w.count = 0;
    while (i < v->dirty_count && error == 0) {
        uint32_t e = v->dirty[i];
        bool meant = is_meant(v, e, parent, block, count);

        if (!meant && is_changed(v, e)) {
            i++;
            continue;
        }
        v->dirty[i] = v->dirty[v->dirty_count - 1];
        v->dirty_count--;
        if (meant) {
            error = writes_add(v, &w, e);
        }
    }
    result = writes_end(v, &w);
    return error != 0 ? error : result;
}

int64_t
volume_write_some(struct disk_volume *v, const uint16_t *entry, unsigned count)
{
    struct writes w;
    int64_t error = 0;
    int64_t result;
    unsigned i;

    w.count = 0;
    for (i = 0; i < count && error == 0; i++) {
        if (is_meant(v, entry[i], 0, 0, UINT64_MAX)) {
            error = writes_add(v, &w, entry[i]);
        }
    }
    result = writes_end(v, &w);
    return error != 0 ? error : result;
}

/* A binding for an extent of data that an entry is of, or -ENOENT. */
static int64_t
flush_bind(struct disk_volume *v, uint32_t e, bool *found)
{
    const volatile struct registry_entry *row = volume_row(v, e);
    uint32_t parent;

    if (row->state <= REGISTRY_READING || (row->flags & REGISTRY_META) != 0) {
        return -ENOENT;
    }
    *found = true;
    parent = volume_search(v, row->parent);
    return parent == VOLUME_NONE ? -ENOENT
                                 : disk_bind(&v->disk, v->first + parent,
                                             row->block, 1, CAP_WRITE);
}

/* Whoever may write an extent may have the disk flushed: any extent of data
   will do, that of what was written last or another. Those that were written
   stay in the registry until then; if none is there, they were given back. */
int64_t
volume_flush(struct disk_volume *v)
{
    uint32_t last = v->unflushed - 1;
    bool found = false;
    int64_t binding = last < v->entries ? flush_bind(v, last, &found) : -ENOENT;
    int64_t error;

    for (uint32_t e = 0; e < v->entries && binding < 0; e++) {
        binding = flush_bind(v, e, &found);
    }
    if (binding < 0) {
        v->unflushed = found ? v->unflushed : 0;
        return found ? -EIO : 0;
    }
    error = disk_flush(&v->disk, (uint64_t)binding);
    (void)disk_unbind((uint64_t)binding);
    if (error == 0) {
        v->unflushed = 0;
    }
    return error;
}
