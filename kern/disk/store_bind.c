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
#include "kern/csr.h"
#include "kern/disk/store.h"
#include "kern/panic.h"
#include "kern/pt.h"

/* Instructions after which a call runs no program any more. */
#define RUN_BEFORE 3500

#define BREAK_STEP 12

/* Whether one more run of a program could make the call too long. Each call has
   one, however long it waited for the lock: else it might never get on. */
static bool
late(struct lookup *l, uint64_t begun)
{
    bool first = l->begun != begun;

    l->begun = begun;
    return !first && csr_read(instret) - begun > RUN_BEFORE;
}

static unsigned
right_index(unsigned right)
{
    return right == CAP_WRITE;
}

int
store_extent(struct drive *d, uint32_t e, uint64_t block, uint64_t begun,
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
        if (late(l, begun)) {
            return -EAGAIN;
        }
        l->entry = e;
        l->version = entry->version;
        l->known[0] = l->known[1] = false;
        (void)type_owns(&v->types, entry->type, registry_page(entry->frame),
                        v->blocks.blocks, &l->set); /* malformed: nothing */
    }
    found = owned_find(&l->set, block);
    if (found == NULL) {
        return -ENOENT;
    }
    *extent = *found;
    return 0;
}

int
store_guard(struct drive *d, const struct disk_extent *extent, unsigned right,
            uint64_t begun, struct cap_name *guard)
{
    struct volume *v = &d->store->volume;
    struct lookup *l = &d->store->lookup[hart_self()->index];
    const struct registry_entry *entry = &v->registry.entry[l->entry];
    unsigned i = right_index(right);

    if (l->first != extent->first) {
        l->first = extent->first;
        l->known[0] = l->known[1] = false;
    }
    if (!l->known[i]) {
        if (late(l, begun)) {
            return -EAGAIN;
        }
        l->answer[i] =
            type_guard(&v->types, entry->type, registry_page(entry->frame),
                       extent->first, right, &l->guard[i]);
        l->known[i] = true;
    }
    *guard = l->guard[i];
    return l->answer[i];
}

int
store_writer(struct drive *d, uint32_t e, const struct env *env,
             const struct cap *cap, uint64_t begun)
{
    struct volume *v = &d->store->volume;
    const struct registry_entry *entry = &v->registry.entry[e];
    uint32_t parent = registry_find(&v->registry, entry->parent);
    struct disk_extent extent;
    struct cap_name guard;
    int answer;

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
    answer = store_extent(d, parent, entry->block, begun, &extent);
    if (answer == 0) {
        answer = store_guard(d, &extent, CAP_WRITE, begun, &guard);
    }
    if (answer == 1) {
        return cap_allows(cap, &guard, CAP_WRITE) ? 0 : -EPERM;
    }
    return answer;
}

/* Whether each of the rights is the capability's: 0, -EPERM, -EAGAIN. */
static int
rights_check(struct drive *d, const struct store_bind *ask,
             const struct disk_extent *extent)
{
    for (unsigned right = CAP_READ; right <= CAP_WRITE; right <<= 1) {
        struct cap_name guard;
        int answer;

        if (!(ask->rights & right)) {
            continue;
        }
        answer = store_guard(d, extent, right, ask->begun, &guard);
        if (answer == -EAGAIN) {
            return -EAGAIN;
        }
        if (answer < 0 ||
            (answer == 1 && !cap_allows(ask->cap, &guard, right))) {
            return -EPERM;
        }
    }
    return 0;
}

int64_t
store_bind(struct drive *d, uint32_t e, const struct store_bind *ask)
{
    struct registry *r = &d->store->volume.registry;
    const struct lookup *l = &d->store->lookup[hart_self()->index];
    struct disk_extent extent;
    struct extent *x;
    int64_t handle;
    int error = store_extent(d, e, ask->first, ask->begun, &extent);

    if (error == 0 &&
        (extent.type != DISK_TYPE_DATA ||
         ask->count > extent.count - (ask->first - extent.first))) {
        error = -EINVAL;
    }
    error = error < 0 ? error : rights_check(d, ask, &extent);
    if (error < 0) {
        return error;
    }
    handle = extent_bind(d, ask->env, e, ask->first, ask->count, ask->rights);
    if (handle < 0) {
        return handle;
    }
    x = &d->extent[handle & ((1 << EXTENT_DISK_SHIFT) - 1)];
    for (unsigned i = 0; i < 2; i++) {
        x->answer[i] = (uint32_t)l->answer[i];
        x->guard[i] = l->guard[i];
    }
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

/* Whether the new image says of a binding what the old one did. */
static bool
says_same(const struct volume *v, uint32_t e, const uint8_t *image,
          const struct owned_set *after, const struct extent *x)
{
    const struct disk_extent *extent = owned_find(after, x->first);

    if (extent == NULL || extent->type != DISK_TYPE_DATA ||
        x->count > extent->count - (x->first - extent->first)) {
        return false;
    }
    for (unsigned right = CAP_READ; right <= CAP_WRITE; right <<= 1) {
        unsigned i = right_index(right);
        struct cap_name guard;
        int answer;

        if (!(x->rights & right)) {
            continue;
        }
        answer = type_guard(&v->types, v->registry.entry[e].type, image,
                            extent->first, right, &guard);
        if (answer != (int)x->answer[i] ||
            (answer == 1 && (guard.word[0] != x->guard[i].word[0] ||
                             guard.word[1] != x->guard[i].word[1]))) {
            return false;
        }
    }
    return true;
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
            s->progress = true;
            x->checked = s->changes;
            if (!says_same(v, e, image, after, x)) {
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

int
store_withdraw(struct drive *d, uint32_t frame)
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

static int
entry_withdraw(struct drive *d, uint32_t e)
{
    const struct registry *r = &d->store->volume.registry;
    uint32_t frame = r->entry[e].frame;
    uint32_t image = r->twin[e].image;

    /* Data that was writable is dirty when its I/O is done: by the frame. */
    if (frame != 0 && r->entry[e].state != REGISTRY_DIRTY &&
        store_is_writable(d, e)) {
        return -EAGAIN;
    }
    if (store_withdraw(d, frame) < 0) {
        return -EAGAIN;
    }
    return image == frame ? 0 : store_withdraw(d, image);
}

/* What the new image says of an extent, asked once for all of its blocks: for
   reading, and for writing if that matters. 0, or -EAGAIN after a run of a
   program, of which one is enough for a step. */
static int
reguard_ask(struct drive *d, uint32_t parent, const uint8_t *image,
            const struct disk_extent *extent, unsigned right)
{
    struct volume *v = &d->store->volume;
    struct reguard *memo = &d->store->reguard;
    unsigned i = right_index(right);

    if (memo->change != d->store->changes || memo->parent != parent ||
        memo->first != extent->first) {
        *memo = (struct reguard){.change = d->store->changes,
                                 .parent = parent,
                                 .first = extent->first,
                                 .count = extent->count};
    }
    if (memo->known[i]) {
        return 0;
    }
    memo->known[i] = true;
    memo->answer[i] = type_guard(&v->types, v->registry.entry[parent].type,
                                 image, extent->first, right, &memo->guard[i]);
    d->store->progress = true;
    return -EAGAIN;
}

/* Whether the last extent that was asked of has the block, and nothing said of
   it is news. Most blocks of a change are such. */
static bool
reguard_same(const struct store *s, const struct registry_entry *entry,
             uint32_t parent)
{
    const struct reguard *memo = &s->reguard;
    const struct frame *f = frame_record(entry->frame);
    bool writable = (f->harts & REGISTRY_WRITABLE) != 0;

    return entry->block - memo->first < memo->count &&
           memo->change == s->changes && memo->parent == parent &&
           entry->state != REGISTRY_READING && memo->known[0] &&
           memo->known[writable] &&
           store_guard_is(f, memo->answer[0], &memo->guard[0]) &&
           (!writable || store_guard_is(f, memo->answer[1], &memo->guard[1]));
}

int
volume_reguard(struct volume *v, uint32_t e, uint32_t parent,
               const uint8_t *image, const struct owned_set *after)
{
    struct drive *d = &drive_table[v->disk];
    const struct registry_entry *entry = &v->registry.entry[e];
    const struct frame *f = frame_record(entry->frame);
    const struct disk_extent *extent;

    if (reguard_same(d->store, entry, parent)) {
        return 0;
    }
    extent = owned_find(after, entry->block);
    if (entry->frame == 0 || extent == NULL ||
        store_guard_is(f, -EPERM, NULL)) {
        return 0;
    }
    if (entry->state == REGISTRY_READING) {
        return -EAGAIN; /* it is shown as it was asked for */
    }
    for (unsigned right = CAP_READ; right <= CAP_WRITE; right <<= 1) {
        if ((right == CAP_READ || store_is_writable(d, e)) &&
            reguard_ask(d, parent, image, extent, right) < 0) {
            return -EAGAIN;
        }
    }
    d->store->progress |= entry_withdraw(d, e) == 0;
    return -EAGAIN; /* that is enough for a step: next, it is sealed */
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
    return entry_withdraw(d, e);
}
