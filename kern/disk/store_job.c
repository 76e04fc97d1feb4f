/* SPDX-License-Identifier: MIT */
/*
 * The jobs of a disk: changes, types, recovery. Each has its own state, and a
 * step of it leaves everything such that anybody can take the next.
 */
#include "kern/abi/error.h"
#include "kern/csr.h"
#include "kern/disk/frame_dma.h"
#include "kern/disk/store.h"
#include "kern/event.h"
#include "kern/main.h"
#include "kern/panic.h"
#include "kern/pt.h"
#include "kern/string.h"
#include "kern/time.h"

/* A block table takes at most this part of the machine's RAM. */
#define TABLE_SHARE 64

/* So much of RAM, in pages, is one entry of all registries. */
#define PAGES_AN_ENTRY 8

static uint64_t
memory_pages(void)
{
    uint64_t pages = 0;

    for (unsigned i = 0; i < kernel_memory.bank_count; i++) {
        pages += (kernel_memory.bank[i].end - kernel_memory.bank[i].start) >>
                 FRAME_SHIFT;
    }
    return pages;
}

static uint32_t
entries_of_one(void)
{
    uint64_t count = memory_pages() / PAGES_AN_ENTRY / disk_count;

    return count < ENTRIES_MAX ? (uint32_t)count : ENTRIES_MAX;
}

void
store_init(struct drive *d)
{
    struct store *s = d->store;
    uint32_t count = entries_of_one();
    uint32_t heads = 1; /* of the hash, a power of two */
    unsigned disk = d->disk->index;
    uint64_t table =
        INFORMATION_BLOCKS + (uint64_t)disk * INFORMATION_BLOCKS_SIZE;
    uint64_t most = (memory_pages() << FRAME_SHIFT) / TABLE_SHARE;

    while (heads < count) {
        heads *= 2;
    }
    if (disk == 0) {
        information_map(INFORMATION_DOUBLES, (uint64_t)DISKS_MAX *
                                                 DISK_DOUBLES_MAX *
                                                 sizeof(struct disk_double));
        information_map(INFORMATION_REGISTRY,
                        (uint64_t)disk_count * count *
                            sizeof(struct registry_entry));
    }
    most = most < VOLUME_BLOCKS_MAX ? most : VOLUME_BLOCKS_MAX;
    s->blocks_max = d->disk->blocks < most ? d->disk->blocks : most;
    information_map(table, s->blocks_max + sizeof(uint64_t));
    s->first = disk * count;
    s->volume.disk = disk;
    s->volume.blocks = (struct block_table){.state = information_at(table),
                                            .blocks = s->blocks_max};
    s->volume.doubles.entry =
        (struct disk_double *)information_at(INFORMATION_DOUBLES) +
        (size_t)disk * DISK_DOUBLES_MAX;
    s->volume.registry = (struct registry){
        .entry = (struct registry_entry *)information_at(INFORMATION_REGISTRY) +
                 s->first,
        .twin = drive_memory(count * sizeof(struct registry_twin)),
        .count = count,
        .hash = drive_memory(heads * sizeof(uint32_t)),
        .hash_mask = heads - 1,
        .disk = (uint8_t)disk};
    registry_init(&s->volume.registry);
    volume_init(&s->volume);
    s->recovery_block = RECOVER_NOTHING;
    s->withdrawn = REGISTRY_NONE;
    s->type.block = drive_memory(FRAME_SIZE);
    s->type.frame =
        (uint32_t)(((uint64_t)s->type.block - DIRECT_BASE) >> FRAME_SHIFT);
    d->row->registry_first = s->first;
    d->row->registry_count = count;
    d->row->table_blocks = s->blocks_max;
}

uint64_t
store_pages(void)
{
    return disk_count == 0 ? 0 : (uint64_t)disk_count * entries_of_one() * 4;
}

struct drive *
store_open(uint64_t number, uint32_t *entry)
{
    uint32_t count = drive_table[0].store->volume.registry.count;
    struct drive *d = drive_find(number / count); /* all have as many */

    if (d != NULL) {
        *entry = (uint32_t)(number % count);
        lock_acquire(&d->lock);
        store_enter(d);
    }
    return d;
}

bool
store_busy(const struct drive *d)
{
    const struct store *s = d->store;
    bool type = s->type.stage != TYPE_NONE && s->type.stage != TYPE_WRITE;

    return s->releasing != 0 || type || (volume_busy(&s->volume) && !s->waits);
}

void
drive_unlock(struct drive *d)
{
    struct store *s = d->store;
    struct request_end tell[sizeof(s->tell) / sizeof(s->tell[0])];
    unsigned told = s->told;
    struct frame *back[DISK_CHANGE_BLOCKS];
    unsigned returned = s->returned;
    uint32_t refused = s->refused;

    memcpy(back, s->back, sizeof(back));
    memcpy(tell, s->tell, told * sizeof(tell[0]));
    s->told = 0;
    s->returned = 0;
    d->work = store_busy(d);
    d->row->state = s->volume.state;
    d->row->doubles = s->volume.doubles.count;
    lock_release(&d->lock);
    if (returned > 0) { /* before it is told */
        store_return(refused, back, returned);
    }
    for (unsigned i = 0; i < told; i++) {
        event_complete(tell[i].env, tell[i].hart, tell[i].cookie,
                       (uint64_t)tell[i].value);
    }
}

/* One step of whatever there is; false if nothing could be done. */
static bool
step(struct drive *d)
{
    struct store *s = d->store;

    if (s->releasing != 0) {
        (void)store_release_step(d);
        return true;
    }
    /* What a change waits for does not come from a dead disk. */
    if (store_type_step(d) || (d->dead && change_give_up(&s->volume, -EIO))) {
        return true;
    }
    s->progress = false;
    s->waits = !volume_step(&s->volume) && !s->progress;
    return !s->waits;
}

void
store_enter(struct drive *d)
{
    ASSERT(lock_held(&d->lock));
    d->store->begun = csr_read(instret);
    program_until(d->disk->index, d->store->begun + STEP_PROGRAMS);
}

void
store_step(struct drive *d)
{
    if (csr_read(instret) - d->store->begun < STEP_FRESH ||
        volume_time(&d->store->volume)) {
        while (store_busy(d) && step(d) && volume_time(&d->store->volume)) {
        }
    }
}

bool
volume_time(struct volume *v)
{
    const struct store *s = drive_table[v->disk].store;

    return program_hurry(v->disk) && s->told + 2 < 8 &&
           csr_read(instret) - s->begun < STEP_BEFORE;
}

/*
 * Types.
 */
bool
store_type_step(struct drive *d)
{
    struct store *s = d->store;
    struct type_job *t = &s->type;
    const struct disk_type *header = (const struct disk_type *)t->block;
    int error = 0;

    switch (t->stage) {
    case TYPE_CHECK:
        error = type_check_step(&t->check);
        if (error == 0) {
            error = type_find(&s->volume.types, header->hash);
            if (error >= 0) { /* it has it */
                break;
            }
            error = type_slot(&s->volume.types);
            if (error >= 0) {
                t->type = (unsigned)error;
                t->stage = TYPE_LOAD;
                return true;
            }
        }
        break;
    case TYPE_LOAD:
        error =
            program_load(&s->volume, t->type, t->block, &t->owns, &t->access);
        if (error == 0) {
            struct disk_request *r = &d->request[t->tag];

            t->stage = TYPE_WRITE;
            r->frame = t->frame;
            r->block = t->type;
            r->stage = 1;
            request_start(d, r, DISK_WRITE);
            return true;
        }
        break;
    case TYPE_WRITTEN:
        error = t->error;
        if (error == 0) {
            type_add(&s->volume.types, t->type, t->block, t->owns, t->access);
            error = (int)t->type;
        } else {
            program_drop(s->volume.disk, t->type);
        }
        break;
    default:
        return false;
    }
    if (error != -EAGAIN) {
        t->stage = TYPE_NONE;
        store_tell(d, &d->request[t->tag], error);
    }
    return true;
}

/* Copies a frame that the capability lets the caller read. */
static int
frame_copy(uint32_t to, struct frame *from, const struct cap *cap)
{
    int error = frame_dma_begin(from, 0, 1, cap, CAP_READ);

    if (error == 0) {
        page_copy(frame_contents(to), frame_contents(frame_number(from)));
        frame_dma_end(from);
    }
    return error;
}

int
store_type(struct drive *d, struct context *c, struct frame *from,
           const struct cap *cap, uint64_t cookie)
{
    struct type_job *t = &d->store->type;
    struct disk_request *r;
    int error = d->store->volume.state != DISK_READY ? -EPERM
                : t->stage != TYPE_NONE              ? -EAGAIN
                : d->disk->read_only                 ? -EROFS
                                     : frame_copy(t->frame, from, cap);

    error = error < 0 ? error : store_request(d, c, REQUEST_TYPE, cookie, &r);
    if (error == 0) {
        t->tag = r->tag;
        t->stage = TYPE_CHECK;
        type_check_begin(&t->check, t->block);
    }
    return error;
}

/*
 * Changes. glue[0] of one is the tag of the request that waits for it, plus 1.
 */
#define CHANGE_TAG 0

/* What was given for a change that failed goes back: a frame of the caller's
   when the lock has been given back. */
static void
offer_refuse(struct drive *d, const struct change_block *block,
             const struct store_offer *offer, uint32_t account)
{
    struct store *s = d->store;

    if (offer->frame == NULL) {
        change_frame_drop(&s->volume.registry, block->entry, block->frame);
        return;
    }
    account_release(account, ACCOUNT_REGISTRY, offer->pages);
    ASSERT(s->returned < DISK_CHANGE_BLOCKS);
    s->back[s->returned++] = offer->frame;
}

void
volume_changed(struct volume *v, int result)
{
    struct drive *d = &drive_table[v->disk];
    struct store *s = d->store;
    struct disk_request *r = &d->request[v->change.glue[CHANGE_TAG] - 1];
    uint32_t account = account_number(r->account);

    s->refused = r->env;
    for (unsigned i = 0; i < v->change.blocks; i++) {
        const struct store_offer *offer = &s->offer[i];
        const struct change_block *block = &v->change.block[i];

        if (result != 0) {
            offer_refuse(d, block, offer, account);
        } else if (offer->frame != NULL) {
            account_release(account, ACCOUNT_REGISTRY, offer->pages);
            store_accept(d, block->entry, r->env, account);
        }
    }
    store_tell(d, r, result);
}

/* Takes the entry's spare frame, out of everybody's tables. */
static int
spare_take(struct drive *d, uint32_t e, uint32_t *frame)
{
    struct registry_twin *twin = &d->store->volume.registry.twin[e];
    struct frame *spare = frame_record(twin->spare);

    if (twin->spare == 0) {
        return -EINVAL;
    }
    if (pt_break(spare, REGISTRY_ID, 12) < 0) {
        return -EAGAIN;
    }
    frame_set_flag(spare, FRAME_BREAKING); /* until it is shown again */
    frame_unlock(spare);
    *frame = twin->spare;
    twin->spare = 0;
    return 0;
}

/* The frame that the bytes go to: the registry's, and mapped by nobody. What it
   would cost to be the entry's holder is charged. */
static int
offer_take(struct drive *d, struct env *env, const struct store_edit *edit,
           struct store_offer *offer, uint32_t *frame)
{
    const struct registry_entry *entry =
        &d->store->volume.registry.entry[edit->entry];
    int error;

    offer->frame = edit->to;
    if (edit->to == NULL) {
        return spare_take(d, edit->entry, frame);
    }
    offer->pages = 1 + (entry->holder == env->id ? 0 : (uint64_t)entry->pages);
    if (account_charge(env_account(env), ACCOUNT_REGISTRY, offer->pages) < 0) {
        return -EDQUOT;
    }
    error = store_adopt(env, edit->to);
    if (error < 0) {
        account_release(env_account(env), ACCOUNT_REGISTRY, offer->pages);
    }
    *frame = (uint32_t)frame_number(edit->to);
    return error;
}

/* The opposite. */
static void
offer_undo(struct drive *d, struct env *env, const struct change_block *block,
           const struct store_offer *offer)
{
    if (offer->frame == NULL) {
        d->store->volume.registry.twin[block->entry].spare = block->frame;
        return;
    }
    account_release(env_account(env), ACCOUNT_REGISTRY, offer->pages);
    store_disown(env, offer->frame);
}

/* Takes the frames, and copies the bytes, which the caller must be able to
   read. Nothing, or all of it. */
static int
offers_take(struct drive *d, const struct store_change *ask,
            struct change_block *block)
{
    struct env *env = ask->context->env;
    struct store_offer *offer = d->store->offer;
    unsigned taken = 0;
    int error = 0;

    while (error == 0 && taken < ask->blocks) {
        const struct store_edit *edit = &ask->edit[taken];

        error = offer_take(d, env, edit, &offer[taken], &block[taken].frame);
        if (error == 0) {
            error = frame_copy(block[taken].frame, edit->from, ask->cap);
            taken++;
        }
    }
    while (error < 0 && taken-- > 0) {
        offer_undo(d, env, &block[taken], &offer[taken]);
    }
    return error;
}

/* Whether the env may begin a change now: nobody who was refused before it
   still waits. Else it waits for its turn from now on, if there is room. */
static bool
turn_take(struct store *s, uint32_t id, bool busy)
{
    uint64_t now = time_now();
    uint64_t lasts = time_ticks(TURN_LASTS);
    unsigned at = TURNS_MAX;
    unsigned kept = 0;

    for (unsigned i = 0; i < s->turns; i++) {
        if (now - s->turn[i].asked < lasts) {
            at = s->turn[i].env == id ? kept : at;
            s->turn[kept++] = s->turn[i];
        }
    }
    at = at < kept ? at : kept;
    if (!busy && at == 0) {
        kept -= kept > 0;
        memmove(&s->turn[0], &s->turn[1], kept * sizeof(s->turn[0]));
    } else if (at < TURNS_MAX) {
        s->turn[at] = (struct turn){id, now};
        kept += at == kept;
    }
    s->turns = kept;
    return !busy && at == 0;
}

int64_t
store_change(struct drive *d, const struct store_change *ask)
{
    struct store *s = d->store;
    struct change_block block[DISK_CHANGE_BLOCKS];
    struct disk_request *r;
    int error;

    for (unsigned i = 0; i < ask->blocks; i++) {
        block[i] = (struct change_block){.entry = ask->edit[i].entry,
                                         .version = ask->edit[i].version};
    }
    error = change_check(&s->volume, block, ask->blocks);
    if (!turn_take(s, ask->context->env->id, error == -EAGAIN)) {
        error = -EAGAIN;
    }
    error = error < 0 ? error
                      : store_request(d, ask->context, REQUEST_CHANGE,
                                      ask->cookie, &r);
    if (error < 0) {
        return error;
    }
    error = offers_take(d, ask, block);
    if (error < 0) {
        request_end(d, r);
        event_unreserve(ask->context);
        return error;
    }
    s->volume.change.glue[CHANGE_TAG] = (uint64_t)r->tag + 1;
    s->changes++;
    s->waits = false;
    error = change_begin(&s->volume, block, ask->blocks, ask->claimed,
                         ask->given, ask->cap);
    ASSERT(error == 0); /* as it was checked */
    return 0;
}

/*
 * Recovery.
 */
static void
recovery_end(struct drive *d)
{
    struct store *s = d->store;

    if (s->recovery_frame != 0) {
        store_free(d, frame_record(s->recovery_frame));
    }
    s->recovery_frame = 0;
    s->recovery_block = RECOVER_NOTHING;
}

static int64_t
recovery_begin(struct drive *d)
{
    struct store *s = d->store;

    if (d->dead) {
        return -EIO;
    }
    if (d->whole > 0) {
        return -EBUSY;
    }
    if (!program_unload(s->volume.disk)) {
        s->volume.blocks.blocks = s->blocks_max;
        recover_begin(&s->volume, &s->recover);
    }
    return -EAGAIN;
}

int64_t
store_recover(struct drive *d)
{
    struct store *s = d->store;
    int error = -EAGAIN;

    if (s->volume.state >= DISK_READY) {
        return 0;
    }
    if (s->volume.state == DISK_RAW) {
        return recovery_begin(d);
    }
    while (error == -EAGAIN && volume_time(&s->volume)) {
        uint64_t want = s->recover.want;
        const uint8_t *image = NULL;

        if (want != RECOVER_NOTHING) {
            if (s->recovery_block != want || s->recovery_reading) {
                return (int64_t)want + 1;
            }
            image = registry_page(s->recovery_frame);
        }
        error = recover_step(&s->volume, &s->recover, image);
    }
    if (error != -EAGAIN) {
        recovery_end(d);
    }
    return error;
}
