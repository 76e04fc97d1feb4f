/* SPDX-License-Identifier: MIT */
/*
 * One image, in which the writes of a subset are made and undone again. Each
 * write is cut into pieces, of which a subset keeps some: blocks, or sectors
 * where they may be torn.
 */
#include "test/power-cut/replay.h"

#include <stdlib.h>
#include <string.h>

#include "test/host/check.h"

struct piece {
    uint64_t offset;
    const uint8_t *data; /* NULL: discarded */
    bool kept;
    bool forced; /* durable once it was done: in every subset */
};

struct window {
    struct replay *replay;
    uint8_t *image;
    uint64_t bytes;
    uint64_t grain; /* bytes of a piece */
    struct piece *pieces;
    uint8_t *old; /* what each piece replaced */
    size_t count;
    size_t room;
    uint64_t random;
    const uint8_t *mark;
};

static void
piece_add(struct window *w, uint64_t offset, const uint8_t *data, bool forced)
{
    if (w->count == w->room) {
        w->room = w->room * 2 + 64;
        w->pieces = realloc(w->pieces, w->room * sizeof(*w->pieces));
        w->old = realloc(w->old, w->room * w->grain);
        CHECK(w->pieces != NULL && w->old != NULL);
    }
    w->pieces[w->count++] = (struct piece){offset, data, false, forced};
}

static bool
write_add(struct window *w, const struct trace_entry *entry)
{
    uint64_t done;

    if (entry->offset > w->bytes || entry->bytes > w->bytes - entry->offset ||
        entry->offset % w->grain != 0 || entry->bytes % w->grain != 0) {
        w->replay->fault = "a write outside of the disk, or not of whole "
                           "blocks";
        return false;
    }
    for (done = 0; done < entry->bytes; done += w->grain) {
        const uint8_t *data = entry->data != NULL ? entry->data + done : NULL;

        piece_add(w, entry->offset + done, data, entry->forced);
        w->replay->writes++;
        if (data != NULL && (entry->offset + done) % REPLAY_BLOCK == 0 &&
            entry->bytes - done >= REPLAY_BLOCK &&
            memcmp(data, REPLAY_MARK, sizeof(REPLAY_MARK)) == 0) {
            w->mark = data;
        }
    }
    return true;
}

static void
piece_apply(struct window *w, const struct piece *piece, uint8_t *old)
{
    memcpy(old, w->image + piece->offset, w->grain);
    if (piece->data != NULL) {
        memcpy(w->image + piece->offset, piece->data, w->grain);
    } else {
        memset(w->image + piece->offset, REPLAY_DISCARDED, w->grain);
    }
}

/* Judges the disk with those pieces that are kept. If it is bad it stays. */
static bool
subset_check(struct window *w)
{
    struct replay *replay = w->replay;
    struct replay_cut *cut = &replay->cut;
    size_t i;

    *cut = (struct replay_cut){replay->windows, w->count, 0, w->mark};
    for (i = 0; i < w->count; i++) {
        w->pieces[i].kept |= w->pieces[i].forced;
        if (w->pieces[i].kept) {
            piece_apply(w, &w->pieces[i], w->old + i * w->grain);
            /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): replay_run frees it
             */
            cut->kept++;
        }
    }
    replay->images++;
    if (!replay->check(replay->context, w->image, w->bytes, cut)) {
        return false;
    }
    while (i-- > 0) {
        if (w->pieces[i].kept) {
            memcpy(w->image + w->pieces[i].offset, w->old + i * w->grain,
                   w->grain);
        }
    }
    return true;
}

/* The pieces from `from` to before `to` are `inside`, the others not. */
static bool
range_check(struct window *w, size_t from, size_t to, bool inside)
{
    size_t i;

    for (i = 0; i < w->count; i++) {
        w->pieces[i].kept = (i >= from && i < to) == inside;
    }
    return subset_check(w);
}

static bool
every_subset(struct window *w)
{
    uint64_t set;
    size_t i;

    for (set = 0; set >> w->count == 0; set++) {
        for (i = 0; i < w->count; i++) {
            w->pieces[i].kept = set >> i & 1;
        }
        if (!subset_check(w)) {
            return false;
        }
    }
    return true;
}

/* Of a window with many pieces: prefixes, one alone, all but one, and random
   ones, of which each keeps a share of its own. All these are taken in turns,
   so that a limit cuts each kind; the turns begin anywhere. */
static bool
some_subsets(struct window *w)
{
    uint64_t limit = w->replay->options->subsets;
    uint64_t first = random_below(&w->random, w->count);
    uint64_t made;
    size_t i;

    if (!range_check(w, 0, w->count, true) ||
        !range_check(w, 0, w->count, false)) {
        return false;
    }
    for (made = 2; made < limit; made++) {
        size_t at = (size_t)((first + made / 4) % w->count);
        uint64_t share = random_below(&w->random, 17);
        bool good;

        switch (made / 4 < w->count ? made % 4 : 3) {
        case 0:
            good = range_check(w, 0, at, true);
            break;
        case 1:
            good = range_check(w, at, at + 1, true);
            break;
        case 2:
            good = range_check(w, at, at + 1, false);
            break;
        default:
            for (i = 0; i < w->count; i++) {
                w->pieces[i].kept = random_below(&w->random, 16) < share;
            }
            good = subset_check(w);
            break;
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

/* Judges a window, then makes all of it durable. */
static bool
window_end(struct window *w)
{
    uint64_t limit = w->replay->options->subsets;
    size_t i;
    bool good =
        w->count == 0 || (w->count < 32 && (uint64_t)1 << w->count <= limit)
            ? every_subset(w)
            : some_subsets(w);

    if (!good) {
        return false;
    }
    for (i = 0; i < w->count; i++) {
        piece_apply(w, &w->pieces[i], w->old);
    }
    w->count = 0;
    w->replay->windows++;
    return true;
}

bool
replay_run(struct replay *replay, struct trace *trace, uint8_t *image,
           uint64_t bytes)
{
    const struct replay_options *options = replay->options;
    struct window w = {
        .replay = replay,
        .image = image,
        .bytes = bytes,
        .grain = options->torn ? REPLAY_SECTOR : REPLAY_BLOCK,
        .random = options->seed * 2 + 1,
    };
    struct trace_entry entry;
    bool good = true;

    while (good && trace_next(trace, &entry)) {
        if (entry.kind != TRACE_FLUSH) {
            good = write_add(&w, &entry);
            continue;
        }
        replay->flushes++;
        if (options->flush_lost == 0 ||
            replay->flushes % options->flush_lost != 0) {
            good = window_end(&w);
        }
    }
    good = good && window_end(&w) && trace->fault == NULL;
    if (trace->fault != NULL) {
        replay->fault = trace->fault;
    }
    free(w.pieces);
    free(w.old);
    return good;
}
