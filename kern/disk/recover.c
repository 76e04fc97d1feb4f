/* SPDX-License-Identifier: MIT */
/*
 * Recovery. The block table is made of what the trees on the disk own, from the
 * catalogue on; what no tree owns is free. While it runs, UNINITIALISED in the
 * table means: a metadata block to be visited; each is visited once. Those that
 * do not fit on a small stack are found by going over the table, again until
 * nothing was missed; so a disk of any shape needs no more memory.
 *
 * By change.c, after a crash a block has one owner, or is in the table of
 * doubles as that was then. So what is found owned twice fits in the table, but
 * on a disk that something else has written to; then nothing on it is changed
 * any more. Two owners of a block have been one: who moved it could write both.
 * Both may still read it, nobody writes it, and neither's write can be lost for
 * the other: until one drops it. Dropping it frees nothing, as the other has
 * it.
 *
 * An image that is malformed owns nothing: what it says was not accepted, or it
 * is not what was written. Its block is frozen, so that the bytes stay for who
 * wants to look; what it may have meant to own is free. A type that cannot be
 * loaded makes all images malformed that name it, and as its number is never
 * given to another, they stay so.
 *
 * What is on the disk has been flushed: recovery after recovery finds the same.
 */
#include "kern/disk/recover.h"
#include "kern/abi/error.h"
#include "kern/panic.h"

enum { CLEAR, LABEL, TYPE, VISIT, MARK, NEXT, SCAN, END };

/* The next step needs a block, and does `phase` with it. */
static void
want(struct recover *r, uint32_t phase, uint64_t block)
{
    r->phase = phase;
    r->want = block;
}

/* The next step needs none. */
static void
proceed(struct recover *r, uint32_t phase)
{
    r->phase = phase;
    r->want = RECOVER_NOTHING;
}

void
recover_begin(struct volume *v, struct recover *r)
{
    ASSERT(v->state != DISK_READY && !volume_busy(v));
    v->state = DISK_RECOVERING;
    v->doubles.count = 0;
    type_table_init(&v->types);
    r->at = 0;
    r->stacked = 0;
    r->checking = false;
    r->checked = false;
    r->scanning = false;
    r->missed = false;
    r->full = false;
    proceed(r, CLEAR);
}

static void
visit(struct recover *r, uint64_t block, unsigned type)
{
    r->block = block;
    r->type = type;
    want(r, VISIT, block);
}

static void
type_next(struct recover *r)
{
    r->checked = false;
    r->checking = false;
    if (++r->type < DISK_TYPES) {
        want(r, TYPE, r->type);
    } else {
        visit(r, DISK_CATALOGUE_BLOCK, DISK_TYPE_CATALOGUE);
    }
}

/* Looks at type r->type, in portions: first at its hash; if that is right, its
   programs are loaded. */
static void
step_type(struct volume *v, struct recover *r, const uint8_t *image)
{
    uint32_t owns = 0;
    uint32_t access = 0;
    int error;

    if (!r->checking) {
        type_check_begin(&r->check, image);
        r->checking = true;
    } else if (!r->checked) {
        error = type_check_step(&r->check);
        r->checked = error == 0;
        if (error == -EINVAL) {
            type_next(r);
        }
    } else {
        error = program_load(v, r->type, image, &owns, &access);
        if (error == 0) {
            type_add(&v->types, r->type, image, owns, access);
        } else if (error != -EAGAIN) {
            v->types.reserved |= (uint64_t)1 << r->type;
        }
        if (error != -EAGAIN) {
            type_next(r);
        }
    }
}

/* Puts an extent in the table of doubles, unless it is there. */
static void
freeze(struct volume *v, struct recover *r, uint64_t first, uint32_t count,
       enum disk_double_kind kind)
{
    struct disk_double frozen = {.first = first, .count = count, .kind = kind};

    r->full |= !double_add(&v->doubles, &frozen);
}

static int
step_visit(struct volume *v, struct recover *r, const uint8_t *image)
{
    const struct disk_double *found;
    int error = type_owns(&v->types, r->type, image, v->blocks.blocks, &r->set);

    if (error == -EAGAIN) {
        return 0; /* again, with more time */
    }
    r->extent = 0;
    r->done = 0;
    if (error != 0) {
        if (r->type == DISK_TYPE_CATALOGUE) {
            return -EINVAL;
        }
        v->types.reserved |= r->set.missing;
        (void)double_run(&v->doubles, r->block, 1, &found);
        if (found == NULL) {
            freeze(v, r, r->block, 1, DOUBLE_MALFORMED);
        }
    }
    proceed(r, MARK);
    return 0;
}

/* Blocks to visit. */
static void
push(struct recover *r, uint64_t first, uint32_t count, unsigned type)
{
    if (r->stacked == RECOVER_STACK) {
        r->missed = true;
        return;
    }
    r->stack[r->stacked++] =
        (struct disk_extent){.first = first, .count = count, .type = type};
}

/* A portion of an extent that an image owns. */
static void
step_mark(struct volume *v, struct recover *r)
{
    const struct disk_extent *x = &r->set.extent[r->extent];
    const struct disk_double *found;
    uint64_t first;
    uint32_t n;

    if (r->extent == r->set.count) {
        (void)block_set(&v->blocks, r->block, 1, BLOCK_USED, r->type);
        proceed(r, NEXT);
        return;
    }
    first = x->first + r->done;
    n = block_run(&v->blocks, first, x->count - r->done);
    if (block_state(&v->blocks, first) != BLOCK_FREE) {
        n = (uint32_t)double_run(&v->doubles, first, n, &found);
        if (found != NULL) {
            r->full = true; /* it has three owners */
        } else {
            freeze(v, r, first, n, DOUBLE_FROZEN);
        }
    } else if (x->type == DISK_TYPE_DATA) {
        n = block_set(&v->blocks, first, n, BLOCK_USED, DISK_TYPE_DATA);
    } else {
        n = block_set(&v->blocks, first, n, BLOCK_UNINITIALISED, x->type);
        push(r, first, n, x->type);
    }
    r->done += n;
    if (r->done == x->count) {
        r->extent++;
        r->done = 0;
    }
}

/* Chooses the block to visit next. */
static void
step_next(struct volume *v, struct recover *r)
{
    if (r->stacked > 0) {
        struct disk_extent *x = &r->stack[r->stacked - 1];
        uint64_t block = x->first++;

        r->stacked -= --x->count == 0;
        if (block_state(&v->blocks, block) == BLOCK_UNINITIALISED) {
            visit(r, block, block_type(&v->blocks, block));
        }
    } else if (r->scanning) {
        proceed(r, SCAN);
    } else if (r->missed) {
        r->missed = false;
        r->scanning = true;
        r->at = DISK_FIRST_BLOCK;
    } else {
        proceed(r, END);
    }
}

static void
step_scan(struct volume *v, struct recover *r)
{
    if (r->at == v->blocks.blocks) {
        r->scanning = false;
        proceed(r, NEXT);
    } else if (block_state(&v->blocks, r->at) == BLOCK_UNINITIALISED) {
        visit(r, r->at, block_type(&v->blocks, r->at));
        r->at++;
    } else {
        r->at += block_run(&v->blocks, r->at, v->blocks.blocks - r->at);
    }
}

static int
step_label(struct volume *v, struct recover *r, const uint8_t *image)
{
    const struct disk_label *label = (const struct disk_label *)image;

    if (label_check(label, v->blocks.blocks) != 0) {
        return -EINVAL;
    }
    v->blocks.blocks = label->blocks;
    r->type = DISK_TYPE_FIRST;
    want(r, TYPE, r->type);
    return 0;
}

int
recover_step(struct volume *v, struct recover *r, const uint8_t *image)
{
    int error = 0;

    if (r->want != RECOVER_NOTHING && image == NULL) {
        return -EAGAIN;
    }
    switch (r->phase) {
    case CLEAR:
        r->at = block_table_clear(&v->blocks, r->at);
        if (r->at == v->blocks.blocks) {
            want(r, LABEL, DISK_LABEL_BLOCK);
        }
        break;
    case LABEL:
        error = step_label(v, r, image);
        break;
    case TYPE:
        step_type(v, r, image);
        break;
    case VISIT:
        error = step_visit(v, r, image);
        break;
    case MARK:
        step_mark(v, r);
        break;
    case NEXT:
        step_next(v, r);
        break;
    case SCAN:
        step_scan(v, r);
        break;
    default:
        v->state = r->full ? DISK_READ_ONLY : DISK_READY;
        return 0;
    }
    if (error != 0) {
        v->state = DISK_RAW;
        return error;
    }
    return -EAGAIN;
}
