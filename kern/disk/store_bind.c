/* SPDX-License-Identifier: MIT */
/*
 * What an image says of an extent, and the bindings that rest on it.
 *
 * Invariants, under the drive's lock:
 *
 *  - a binding of a typed extent hangs at the entry of the block whose newest
 *    image owns the extent, and counts as a pin of it, so the entry stays; also
 *    one that has ended, while requests are on their way by it;
 *  - what `access` said when it was made is what it says of the newest image.
 */
#include "kern/abi/error.h"
#include "kern/disk/store.h"
#include "kern/panic.h"
#include "kern/pt.h"

#define BREAK_STEP 12

static unsigned
right_index(unsigned right)
{
    return right == CAP_WRITE;
}

int
store_extent(struct drive *d, uint32_t e, uint64_t block,
             struct disk_extent *extent)
{
    struct volume *v = &d->store->volume;
    struct lookup *l = &d->store->lookup[hart_self()->index];
    const struct registry_entry *entry = &v->registry.entry[e];
    const struct disk_extent *found;

    if (entry->state <= REGISTRY_READING || !(entry->flags & REGISTRY_META) ||
        (entry->flags & REGISTRY_EMPTY)) {
        return -EINVAL;
    }
    if (entry->flags & REGISTRY_CHANGING) {
        return -EAGAIN;
    }
    if (l->entry != e || l->version != entry->version) {
        l->version = 0;
        if (type_owns(&v->types, entry->type, registry_page(entry->frame),
                      v->blocks.blocks, &l->set) == -EAGAIN) {
            return -EAGAIN;
        }
        l->entry = e;
        l->version = entry->version; /* malformed: nothing */
    }
    found = owned_find(&l->set, block);
    if (found == NULL) {
        return -ENOENT;
    }
    *extent = *found;
    return 0;
}

int
store_guard(struct drive *d, uint32_t e, const struct disk_extent *extent,
            unsigned right, struct cap_name *guard)
{
    struct volume *v = &d->store->volume;
    const struct registry_entry *entry = &v->registry.entry[e];

    return type_guard(&v->types, entry->type, registry_page(entry->frame),
                      extent->first, right, guard);
}

int
store_writer(struct drive *d, uint32_t e, const struct env *env,
             const struct cap *cap)
{
    struct volume *v = &d->store->volume;
    const struct registry_entry *entry = &v->registry.entry[e];
    uint32_t parent = registry_find(&v->registry, entry->parent);
    struct disk_extent extent;
    int error;

    if (entry->holder == env->id || entry->type == DISK_TYPE_CATALOGUE) {
        return 0;
    }
    if ((entry->flags & REGISTRY_META) && !(entry->flags & REGISTRY_EMPTY)) {
        return type_access(&v->types, entry->type, registry_page(entry->frame),
                           CODE_ACCESS_SELF, CAP_WRITE, cap);
    }
    if (parent == REGISTRY_NONE) {
        return -ENOENT;
    }
    error = store_extent(d, parent, entry->block, &extent);
    entry = &v->registry.entry[parent];
    return error < 0 ? error
                     : type_access(&v->types, entry->type,
                                   registry_page(entry->frame), extent.first,
                                   CAP_WRITE, cap);
}

/* Whether each of the rights is the capability's: 0, -EPERM, -EAGAIN. */
static int
rights_check(struct drive *d, uint32_t e, const struct store_bind *ask,
             const struct disk_extent *extent, struct said *said)
{
    for (unsigned right = CAP_READ; right <= CAP_WRITE; right <<= 1) {
        struct cap_name *guard = &said->guard[right_index(right)];
        int answer;

        if (!(ask->rights & right)) {
            continue;
        }
        answer = store_guard(d, e, extent, right, guard);
        if (answer < 0 ||
            (answer == 1 && !cap_allows(ask->cap, guard, right))) {
            return answer == -EAGAIN ? answer : -EPERM;
        }
        said->answer[right_index(right)] = answer;
    }
    return 0;
}

int64_t
store_bind(struct drive *d, uint32_t e, const struct store_bind *ask)
{
    struct registry *r = &d->store->volume.registry;
    struct disk_extent extent;
    struct said said = {0};
    struct extent *x;
    int64_t handle;
    int error = store_extent(d, e, ask->first, &extent);

    if (error == 0 &&
        (extent.type != DISK_TYPE_DATA ||
         ask->count > extent.count - (ask->first - extent.first))) {
        error = -EINVAL;
    }
    error = error < 0 ? error : rights_check(d, e, ask, &extent, &said);
    if (error < 0) {
        return error;
    }
    handle = extent_bind(d, ask->env, e, ask->first, ask->count, ask->rights);
    if (handle < 0) {
        return handle;
    }
    x = &d->extent[handle & ((1 << EXTENT_DISK_SHIFT) - 1)];
    x->said = said;
    x->previous = 0;
    x->next = r->twin[e].bindings;
    if (x->next != 0) {
        d->extent[x->next - 1].previous = (uint32_t)(x - d->extent) + 1;
    }
    r->twin[e].bindings = (uint32_t)(x - d->extent) + 1;
    registry_open(&r->entry[e]);
    r->entry[e].pins++;
    registry_close(&r->entry[e]);
    return handle;
}

void
store_unhang(struct drive *d, struct extent *x)
{
    struct registry *r = &d->store->volume.registry;

    if (x->next != 0) {
        d->extent[x->next - 1].previous = x->previous;
    }
    if (x->previous != 0) {
        d->extent[x->previous - 1].next = x->next;
    } else {
        ASSERT(r->twin[x->parent].bindings == (uint32_t)(x - d->extent) + 1);
        r->twin[x->parent].bindings = x->next;
    }
    registry_open(&r->entry[x->parent]);
    r->entry[x->parent].pins--;
    registry_close(&r->entry[x->parent]);
    if (x->waiting == 0) { /* a change may wait for that */
        d->store->waits = false;
        d->work = true;
    }
}

/* Whether an image says of rights to an extent what was said before; -EAGAIN if
   it was late. */
static int
says_same(const struct volume *v, uint32_t e, const uint8_t *image,
          const struct disk_extent *extent, unsigned rights,
          const struct said *said)
{
    for (unsigned right = CAP_READ; right <= CAP_WRITE; right <<= 1) {
        unsigned i = right_index(right);
        struct cap_name guard;
        int answer = type_guard(&v->types, v->registry.entry[e].type, image,
                                extent->first, right, &guard);

        if ((rights & right) != 0 &&
            (answer != said->answer[i] ||
             (answer == 1 && !cap_name_equal(&guard, &said->guard[i])))) {
            return answer == -EAGAIN ? answer : 0;
        }
    }
    return 1;
}

/* The same of a binding, whose blocks must be in one extent still. */
static int
binding_same(const struct volume *v, uint32_t e, const uint8_t *image,
             const struct owned_set *after, const struct extent *x)
{
    const struct disk_extent *extent = owned_find(after, x->first);

    if (extent == NULL || extent->type != DISK_TYPE_DATA ||
        x->count > extent->count - (x->first - extent->first)) {
        return 0;
    }
    return says_same(v, e, image, extent, x->rights, &x->said);
}

/* One binding in a call: it takes two runs of a program. */
int
volume_unbind(struct volume *v, uint32_t e, const uint8_t *image,
              const struct owned_set *after)
{
    struct drive *d = &drive_table[v->disk];
    struct store *s = d->store;
    bool waiting = false;

    for (uint32_t i = v->registry.twin[e].bindings; i != 0;
         i = d->extent[i - 1].next) {
        struct extent *x = &d->extent[i - 1];

        if (x->env == 0) { /* it has ended, and waits for the device */
            waiting = true;
        } else if (x->checked != s->changes) {
            int same = binding_same(v, e, image, after, x);

            s->progress = true;
            x->checked = same == -EAGAIN ? 0 : s->changes;
            if (same == 0) {
                extent_release(d, x);
            }
            return -EAGAIN;
        }
    }
    return waiting ? -EAGAIN : 0;
}

/* Ends what hangs at an entry that is to go: whether nothing does any more. */
static bool
unhang_all(struct drive *d, uint32_t e)
{
    uint32_t next;

    for (uint32_t i = d->store->volume.registry.twin[e].bindings; i != 0;
         i = next) {
        next = d->extent[i - 1].next;
        if (d->extent[i - 1].env != 0) {
            extent_release(d, &d->extent[i - 1]);
            d->store->progress = true;
            break;
        }
    }
    return d->store->volume.registry.twin[e].bindings == 0;
}

static int
frame_withdraw(struct drive *d, uint32_t frame)
{
    struct frame *f = frame_record(frame);

    if (frame == 0) {
        return 0;
    }
    if (pt_break(f, REGISTRY_ID, BREAK_STEP) < 0) {
        d->store->progress = true;
        return -EAGAIN;
    }
    f->harts = 0;
    f->guard = pt_sealer.name;
    frame_unlock(f);
    return 0;
}

int
store_withdraw(struct drive *d, uint32_t e)
{
    const struct registry *r = &d->store->volume.registry;
    uint32_t frame = r->entry[e].frame;
    uint32_t image = r->twin[e].image;

    /* Data that was writable is dirty when its I/O is done: by the frame. */
    if ((frame != 0 && r->entry[e].state != REGISTRY_DIRTY &&
         store_is_writable(d, e)) ||
        frame_withdraw(d, frame) < 0) {
        return -EAGAIN;
    }
    return image == frame ? 0 : frame_withdraw(d, image);
}

int
volume_reguard(struct volume *v, uint32_t e, uint32_t parent,
               const uint8_t *image, const struct owned_set *after)
{
    struct drive *d = &drive_table[v->disk];
    struct store *s = d->store;
    const struct registry_entry *entry = &v->registry.entry[e];
    const struct frame *f = frame_record(entry->frame);
    const struct disk_extent *extent = owned_find(after, entry->block);
    struct said said; /* of the frame */
    int same;

    if (entry->frame == 0 || extent == NULL ||
        store_guard_is(f, -EPERM, NULL)) {
        return 0;
    }
    if (entry->state == REGISTRY_READING) {
        return -EAGAIN; /* it is shown as it was asked for */
    }
    if (s->withdrawn == e) {
        s->progress |= store_withdraw(d, e) == 0;
        return -EAGAIN; /* that is enough for a step: next, it is sealed */
    }
    said.answer[0] = said.answer[1] = (f->harts & REGISTRY_ANYONE) == 0;
    said.guard[0] = said.guard[1] = f->guard;
    same = says_same(
        v, parent, image, extent,
        f->harts & REGISTRY_WRITABLE ? CAP_READ | CAP_WRITE : CAP_READ, &said);
    s->progress |= same != 1;
    s->withdrawn = same == 0 ? e : REGISTRY_NONE;
    return same == 1 ? 0 : -EAGAIN;
}

int
volume_leave(struct volume *v, uint32_t e, uint32_t to)
{
    struct drive *d = &drive_table[v->disk];
    const struct registry_entry *entry = &v->registry.entry[e];

    /* What is being read is shown, when it is there, as it was asked for: that
       must be over before it is anybody else's. */
    if (entry->state == REGISTRY_READING ||
        (to == REGISTRY_NONE &&
         (entry->state == REGISTRY_WRITING || !unhang_all(d, e)))) {
        return -EAGAIN;
    }
    return store_withdraw(d, e);
}
