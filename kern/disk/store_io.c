/* SPDX-License-Identifier: MIT */
/*
 * Reading into the registry, and writing back from it.
 *
 * The write of a metadata entry is one request that goes to the device three
 * times, if that has a cache: flush, write, flush. The first makes stay what
 * was written of the children before; the last the block itself. Its tag is in
 * glue[1] of the entry's twin, plus 1.
 */
#include "kern/abi/error.h"
#include "kern/disk/store.h"
#include "kern/event.h"
#include "kern/panic.h"
#include "kern/pt.h"

#define WRITER_TAG 1 /* glue[] of a twin */
#define FILL_GUARD 2 /* two words: who may see it when it has been read */

enum { STAGE_BEFORE, STAGE_WRITE, STAGE_AFTER };

int
store_request(struct drive *d, struct context *c, enum request_purpose purpose,
              uint64_t cookie, struct disk_request **r)
{
    int error = request_begin(d, c, r);

    if (error == 0) {
        (*r)->purpose = (uint8_t)purpose;
        (*r)->cookie = cookie;
        (*r)->stage = STAGE_BEFORE;
    }
    return error;
}

void
store_tell(struct drive *d, struct disk_request *r, int64_t value)
{
    struct store *s = d->store;

    ASSERT(s->told < sizeof(s->tell) / sizeof(s->tell[0]));
    s->tell[s->told++] =
        (struct request_end){r->env, r->hart, r->cookie, value};
    request_end(d, r);
}

/* The next of the three steps, of a request for metadata or a type block; false
   after the last. */
static bool
stage_next(struct drive *d, struct disk_request *r)
{
    if (r->stage == STAGE_BEFORE) {
        r->stage = STAGE_WRITE;
        request_start(d, r, DISK_WRITE);
        return true;
    }
    if (r->stage == STAGE_WRITE && d->disk->flush) {
        r->stage = STAGE_AFTER;
        request_start(d, r, DISK_FLUSH);
        return true;
    }
    return false;
}

void
volume_write(struct volume *v, uint32_t e, uint32_t frame)
{
    struct drive *d = &drive_table[v->disk];
    struct disk_request *r =
        &d->request[v->registry.twin[e].glue[WRITER_TAG] - 1];

    r->frame = frame;
    r->block = v->registry.entry[e].block;
    r->stage = STAGE_BEFORE;
    if (d->disk->flush) {
        request_start(d, r, DISK_FLUSH);
    } else {
        (void)stage_next(d, r);
    }
}

void
volume_settled(struct volume *v, uint32_t e, int error)
{
    struct drive *d = &drive_table[v->disk];
    struct disk_request *r =
        &d->request[v->registry.twin[e].glue[WRITER_TAG] - 1];

    v->registry.twin[e].glue[WRITER_TAG] = 0;
    store_tell(d, r, error);
}

/* A block has been read, or could not be. What a dead disk may still write to
   is never used again. */
static void
fill_answer(struct drive *d, struct disk_request *r, int error)
{
    struct registry *registry = &d->store->volume.registry;
    const uint64_t *word = &registry->twin[r->entry].glue[FILL_GUARD];
    const struct cap_name guard = {{word[0], word[1]}};
    struct frame *f = frame_record(registry->entry[r->entry].frame);

    if (error == 0) {
        registry_filled(registry, r->entry);
        store_show(f, r->stage, &guard);
        if (store_is_writable(d, r->entry)) {
            store_writable(d, r->entry);
        }
    } else if (!d->dead) {
        store_guard_set(f, -EPERM, NULL); /* some of it may have been read */
        registry_release_all(registry, r->entry);
        registry_remove(registry, r->entry);
    }
}

static void
data_answer(struct drive *d, const struct disk_request *r, int error)
{
    struct volume *v = &d->store->volume;

    if (error == 0) {
        block_written(&v->blocks, r->block, 1);
    }
    registry_set(&v->registry, r->entry,
                 error == 0 && !store_is_writable(d, r->entry) ? REGISTRY_CLEAN
                                                               : REGISTRY_DIRTY,
                 v->registry.entry[r->entry].flags);
}

bool
store_answer(struct drive *d, struct disk_request *r, int error)
{
    struct store *s = d->store;
    bool own = r->purpose == REQUEST_FILL || r->purpose == REQUEST_DATA ||
               r->purpose == REQUEST_RECOVER;

    if (r->purpose == REQUEST_FILL) {
        fill_answer(d, r, error);
    } else if (r->purpose == REQUEST_DATA) {
        data_answer(d, r, error);
    } else if (own) {
        s->recovery_reading = false;
        s->recovery_block = error == 0 ? r->block : RECOVER_NOTHING;
    } else if (error >= 0 && stage_next(d, r)) {
        return false;
    } else if (r->purpose == REQUEST_METADATA) {
        write_done(&s->volume, r->entry, error);
    } else {
        s->type.error = error;
        s->type.stage = TYPE_WRITTEN;
    }
    s->waits = false; /* a job may have waited for it */
    d->work = store_busy(d);
    return own;
}

/* What a block's entry is to be. */
struct wish {
    unsigned type;
    unsigned flags;
    uint64_t parent;
    int answer; /* of type_guard, for reading */
    struct cap_name guard;
};

/* Reads a block into an entry that is new. Until it is there nobody may see the
   frame: what its giver had in it is nobody else's. */
static int64_t
entry_fill(struct drive *d, uint32_t e, const struct store_read *ask,
           const struct wish *wish, struct disk_request *r)
{
    uint64_t *word = &d->store->volume.registry.twin[e].glue[FILL_GUARD];
    const struct cap_name *guard =
        wish->answer == 1 ? &wish->guard : &pt_sealer.name;

    word[0] = guard->word[0];
    word[1] = guard->word[1];
    r->stage = wish->answer != 0;
    r->entry = e;
    r->frame = d->store->volume.registry.entry[e].frame;
    r->block = ask->block;
    request_start(d, r, DISK_READ);
    return d->store->first + e;
}

/* What there was to do is done: the request ends at once. */
static int64_t
entry_there(struct drive *d, uint32_t e, struct disk_request *r)
{
    store_tell(d, r, 0);
    return d->store->first + e;
}

/* Who could map the frame by what the image said before does so no more. */
static int
guard_renew(struct drive *d, uint32_t e, const struct wish *wish)
{
    const struct registry_entry *entry = &d->store->volume.registry.entry[e];
    struct frame *f = frame_record(entry->frame);

    if (store_guard_is(f, wish->answer, &wish->guard)) {
        return 0;
    }
    if (store_withdraw(d, e) < 0) {
        return -EAGAIN;
    }
    store_guard_set(f, wish->answer, &wish->guard);
    return 0;
}

/* An entry that there is already: its frame may have been withdrawn from all
   when its block changed hands, or be held by another. */
static int64_t
entry_again(struct drive *d, uint32_t e, const struct store_read *ask,
            const struct wish *wish, struct disk_request *r)
{
    struct registry *registry = &d->store->volume.registry;
    const struct registry_entry *entry = &registry->entry[e];
    bool write = (ask->flags & REGISTRY_READ_WRITE) != 0;
    int error = 0;

    /* Who has the frame mapped would not see another; it can be mapped for
       writing instead. */
    if (ask->flags & (REGISTRY_READ_INSERT | REGISTRY_READ_CREATE)) {
        return -EBUSY;
    }
    if (entry->state == REGISTRY_READING) {
        return -EAGAIN; /* it is not there yet */
    }
    if (write && (entry->flags & (REGISTRY_META | REGISTRY_FROZEN))) {
        return -EBUSY;
    }
    if (entry->frame != 0) {
        error = guard_renew(d, e, wish);
    }
    /* What is dirty stays in memory: somebody is charged for it at first. */
    if (error == 0 &&
        ((ask->flags & REGISTRY_READ_HOLD) || (write && entry->holder == 0))) {
        error = store_hold(d, e, ask->context->env, 0);
    }
    if (error < 0) {
        return error;
    }
    registry_touch(registry, e);
    if (write) {
        store_writable(d, e);
    }
    return entry_there(d, e, r);
}

/* A new one, with a frame of the env's unless it has no image yet. */
static int64_t
entry_new(struct drive *d, const struct store_read *ask,
          const struct wish *wish, struct disk_request *r)
{
    struct registry *registry = &d->store->volume.registry;
    bool empty = (wish->flags & REGISTRY_EMPTY) != 0;
    struct env *env = ask->context->env;
    uint32_t frame = 0;
    int64_t e;
    int error;

    if (!empty) {
        error = ask->frame == NULL ? -EINVAL : store_adopt(env, ask->frame);
        if (error < 0) {
            return error;
        }
        frame = (uint32_t)frame_number(ask->frame);
    }
    if (registry->free == REGISTRY_NONE) {
        (void)store_evict(d, 1);
    }
    e = registry_insert(registry, ask->block, wish->type, wish->flags, frame,
                        wish->parent);
    error = e < 0 ? (int)e : store_hold(d, (uint32_t)e, env, frame != 0);
    if (error < 0) {
        if (e >= 0) {
            registry_open(&registry->entry[e]);
            registry->entry[e].frame = 0;
            registry_close(&registry->entry[e]);
            registry_remove(registry, (uint32_t)e);
        }
        if (frame != 0) {
            store_disown(env, ask->frame);
        }
        return error;
    }
    if (ask->flags & REGISTRY_READ_WRITE) {
        store_writable(d, (uint32_t)e);
    }
    if (ask->flags & REGISTRY_READ_INSERT) {
        store_show(ask->frame, wish->answer, &wish->guard);
        registry_filled(registry, (uint32_t)e);
        registry_set(registry, (uint32_t)e, REGISTRY_DIRTY, wish->flags);
    }
    return empty || (ask->flags & REGISTRY_READ_INSERT)
               ? entry_there(d, (uint32_t)e, r)
               : entry_fill(d, (uint32_t)e, ask, wish, r);
}

/* Whether the block can be had as is asked, and the flags of its entry. */
static int
wish_check(const struct drive *d, const struct store_read *ask,
           struct wish *wish)
{
    const struct volume *v = &d->store->volume;
    bool never = block_state(&v->blocks, ask->block) == BLOCK_UNINITIALISED;
    bool insert = (ask->flags & REGISTRY_READ_INSERT) != 0;
    bool create = (ask->flags & REGISTRY_READ_CREATE) != 0;
    bool write = insert || (ask->flags & REGISTRY_READ_WRITE) != 0;

    if (wish->type == DISK_TYPE_DATA) {
        bool frozen = double_frozen(&v->doubles, ask->block, 1);

        wish->flags = frozen ? REGISTRY_FROZEN : 0;
        return create                             ? -EINVAL
               : write && frozen                  ? -EBUSY
               : insert && v->state != DISK_READY ? -EROFS
               : !insert && never                 ? -ENODATA
                                                  : 0;
    }
    wish->flags = volume_entry_flags(v, ask->block);
    return insert            ? -EINVAL
           : create != never ? (never ? -ENODATA : -EINVAL)
                             : 0;
}

static int64_t
entry_read(struct drive *d, const struct store_read *ask, struct wish *wish)
{
    uint32_t e = registry_find(&d->store->volume.registry, ask->block);
    struct disk_request *r;
    int64_t result;

    if (e == REGISTRY_NONE) {
        result = wish_check(d, ask, wish);
        if (result < 0) {
            return result;
        }
    }
    result = store_request(d, ask->context, REQUEST_FILL, ask->cookie, &r);
    if (result < 0) {
        return result;
    }
    result = e == REGISTRY_NONE ? entry_new(d, ask, wish, r)
                                : entry_again(d, e, ask, wish, r);
    if (result < 0) {
        request_end(d, r);
        event_unreserve(ask->context);
    }
    return result;
}

/* Whether data can be mapped for writing: a frame has one guard. */
static int
write_check(const struct drive *d, const struct wish *wish, int answer,
            const struct cap_name *guard)
{
    if (wish->type != DISK_TYPE_DATA || answer != wish->answer ||
        (answer == 1 && !cap_name_equal(guard, &wish->guard))) {
        return -EINVAL;
    }
    return d->disk->read_only                     ? -EROFS
           : d->store->volume.state != DISK_READY ? -EBUSY
                                                  : 0;
}

int64_t
store_read(struct drive *d, uint32_t parent, const struct store_read *ask)
{
    unsigned right = ask->flags & (REGISTRY_READ_INSERT | REGISTRY_READ_CREATE |
                                   REGISTRY_READ_WRITE)
                         ? CAP_WRITE
                         : CAP_READ;
    struct disk_extent extent;
    struct cap_name guard;
    struct wish wish;
    int answer = store_extent(d, parent, ask->block, &extent);

    if (answer < 0) {
        return answer;
    }
    answer = store_guard(d, parent, &extent, right, &guard);
    if (answer < 0 || (answer == 1 && !cap_allows(ask->cap, &guard, right))) {
        return answer == -EAGAIN ? -EAGAIN : -EPERM;
    }
    wish.answer = store_guard(d, parent, &extent, CAP_READ, &wish.guard);
    if (wish.answer == -EAGAIN) {
        return -EAGAIN;
    }
    wish.type = extent.type;
    if (ask->flags & REGISTRY_READ_WRITE) {
        answer = write_check(d, &wish, answer, &guard);
        if (answer < 0) {
            return answer;
        }
    }
    wish.parent = d->store->volume.registry.entry[parent].block;
    return entry_read(d, ask, &wish);
}

int64_t
store_read_catalogue(struct drive *d, const struct store_read *ask)
{
    struct wish wish = {.type = DISK_TYPE_CATALOGUE,
                        .parent = DISK_CATALOGUE_BLOCK,
                        .answer = 0};

    if (d->store->volume.state < DISK_READY) {
        return -EPERM;
    }
    return ask->block == DISK_CATALOGUE_BLOCK &&
                   !(ask->flags & REGISTRY_READ_WRITE)
               ? entry_read(d, ask, &wish)
               : -EINVAL;
}

int64_t
store_read_recovery(struct drive *d, const struct store_read *ask)
{
    struct store *s = d->store;
    struct disk_request *r;
    int error;

    if (ask->block != s->recover.want || ask->block >= d->disk->blocks) {
        return -EINVAL;
    }
    if (s->recovery_reading) {
        return -EBUSY;
    }
    error = store_request(d, ask->context, REQUEST_RECOVER, ask->cookie, &r);
    if (error < 0) {
        return error;
    }
    if (s->recovery_frame == 0) {
        error = ask->frame == NULL ? -EINVAL
                                   : store_adopt(ask->context->env, ask->frame);
        if (error < 0) {
            request_end(d, r);
            event_unreserve(ask->context);
            return error;
        }
        s->recovery_frame = (uint32_t)frame_number(ask->frame);
        store_guard_set(ask->frame, -EPERM, NULL);
    }
    s->recovery_reading = true;
    s->recovery_block = RECOVER_NOTHING;
    r->frame = s->recovery_frame;
    r->block = ask->block;
    request_start(d, r, DISK_READ);
    return 0;
}

int
store_write(struct drive *d, struct context *c, uint32_t e, uint64_t cookie)
{
    struct volume *v = &d->store->volume;
    struct registry_entry *entry = &v->registry.entry[e];
    bool data = (entry->flags & REGISTRY_META) == 0;
    struct disk_request *r;
    int error;

    ASSERT(entry->state > REGISTRY_READING);
    if (d->disk->read_only || v->state != DISK_READY) {
        return -EROFS;
    }
    error =
        store_request(d, c, data ? REQUEST_DATA : REQUEST_METADATA, cookie, &r);
    if (error < 0) {
        return error;
    }
    r->entry = e;
    if (data) {
        error = entry->state == REGISTRY_WRITING ? -EBUSY
                : entry->flags & REGISTRY_FROZEN ? -EBUSY
                : entry->state == REGISTRY_CLEAN ? 1
                                                 : 0;
    } else {
        error = write_begin(v, e);
    }
    if (error < 0) {
        request_end(d, r);
        event_unreserve(c);
        return error;
    }
    if (error == 1) {
        store_tell(d, r, 0);
    } else if (data) {
        registry_set(&v->registry, e, REGISTRY_WRITING, entry->flags);
        store_unwritable(frame_record(entry->frame));
        r->frame = entry->frame;
        r->block = entry->block;
        request_start(d, r, DISK_WRITE);
    } else {
        v->registry.twin[e].glue[WRITER_TAG] = (uint64_t)r->tag + 1;
        d->store->waits = false;
    }
    return 0;
}
