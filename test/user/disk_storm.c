/* SPDX-License-Identifier: MIT */
/*
 * A child here has none of the parent's data: it lives by its stack, its U-area
 * and the page that all share.
 */
#include "test/user/disk_storm.h"

#include "test/user/disk_format.h"
#include "test/user/expect.h"
#include "test/user/harts.h"

#define NUMBER(number, name, path, arguments, meaning) CALL_##name = (number),
enum { CALL_TABLE(NUMBER) };
#undef NUMBER

#define STORMS 3
#define ALL 4 /* a child's capability for everything */
#define OWN_FRAMES 32
#define HANDLES 4

struct storm {
    uint64_t parent;
    volatile uint64_t ready[STORMS];
    volatile uint64_t calls[STORMS];
    volatile uint64_t go;
    volatile uint64_t stop;
};
#define STORM ((volatile struct storm *)SHARED)

/* What a child knows. */
struct wind {
    uint64_t random;
    uint64_t frames;
    uint64_t page; /* its last frame */
    uint64_t handle[HANDLES];
};

static struct child children[STORMS];
static unsigned count;

static uint64_t
below(struct wind *w, uint64_t limit)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random % limit;
}

static uint64_t
block_pick(struct wind *w)
{
    return below(w, 3) == 0 ? NODE + below(w, 3)
                            : DATA + below(w, 4 * DATA_BLOCKS);
}

/* An empty node instead of what there is. */
static void
change_words(struct wind *w, struct uarea *uarea)
{
    uint64_t entry = below(w, 4);

    uarea->batch[0] = 0;
    uarea->batch[1] = below(w, 4) * DATA_BLOCKS;
    uarea->batch[2] = entry | w->page << 32;
    uarea->batch[3] = below(w, 2) == 0 ? w->page : 0;
    uarea->batch[4] = ENTRY[entry].version;
}

static void
frame_renew(struct wind *w)
{
    int64_t page;

    if (w->frames < OWN_FRAMES && below(w, 4) == 0) {
        page = call_raw(CALL_frame_alloc, ALL, 0, 0, 0, 0, 0);
        if (page > 0) {
            (void)call_raw(CALL_frame_scrub, (uint64_t)page, 0, 0, 0, 0, 0);
            w->page = (uint64_t)page;
            w->frames++;
        }
    }
}

static void
call_any(struct wind *w, struct uarea *uarea)
{
    uint64_t number = CALL_disk_type + below(w, 12);
    uint64_t *handle = &w->handle[below(w, HANDLES)];
    uint64_t parent = below(w, 4);
    int64_t result;

    if (number == CALL_disk_type) {
        (void)call_raw(number, ALL, below(w, 2), w->page, 1, 0, 0);
    } else if (number == CALL_disk_bind) {
        result =
            call_raw(number, ALL, below(w, 3) == 0 ? DISK_WHOLE | 1 : parent,
                     block_pick(w), 1 + below(w, 16), 1 + below(w, 3), 0);
        if (result > 0) {
            (void)call_raw(CALL_release, RELEASE_BINDING, *handle, 0, 0, 0, 0);
            *handle = (uint64_t)result;
        }
    } else if (number == CALL_disk_read || number == CALL_disk_write) {
        uarea->batch[0] = DISK_PIECE(w->page, 0, 1);
        (void)call_raw(number, ALL, *handle, below(w, 16), 1, 1, 0);
    } else if (number == CALL_disk_flush) {
        (void)call_raw(number, *handle, 1, 0, 0, 0, 0);
    } else if (number == CALL_disk_discard) {
        (void)call_raw(number, *handle, below(w, 8), below(w, 8), 1, 0, 0);
    } else if (number == CALL_disk_change) {
        change_words(w, uarea);
        (void)call_raw(number, ALL, 0, 1, 1, 0, 0);
    } else if (number == CALL_registry_read) {
        (void)call_raw(number, ALL, parent, block_pick(w), w->page, below(w, 8),
                       1);
    } else if (number == CALL_registry_write) {
        (void)call_raw(number, ALL, parent, 1, 0, 0, 0);
    } else if (number == CALL_disk_recover) {
        (void)call_raw(number, ALL, below(w, 2), 0, 0, 0, 0);
    } else if (below(w, 4) == 0) {
        (void)call_raw(CALL_frame_free, w->page, FRAME_FREE_BREAK, 0, 0, 0, 0);
    } else {
        (void)call_raw(CALL_release, 1 + below(w, 2),
                       below(w, 2) == 0 ? *handle : parent, 0, 0, 0, 0);
    }
}

static void
storm_main(struct uarea *uarea)
{
    volatile struct storm *s = STORM;
    uint64_t index = uarea->own[25] & 0xff;
    struct wind w;

    w.random = uarea->own[25] * 0x9e3779b97f4a7c15 | 1;
    w.frames = w.page = 0;
    for (unsigned i = 0; i < HANDLES; i++) {
        w.handle[i] = 0;
    }
    uarea->consent = CONSENT_CAPS | CONSENT_FRAMES;
    for (;;) {
        s->ready[index] = 1;
        if (s->go != 0 && s->stop == 0) {
            frame_renew(&w);
            call_any(&w, uarea);
            uarea->ring_taken = uarea->ring_posted;
            s->calls[index]++;
        }
        (void)exo_yield(s->parent, uarea);
    }
}

unsigned
storm_begin(uint64_t seed)
{
    uint64_t page = frame_clean(0);
    uint64_t harts;

    (void)window_open(page);
    harts = harts_open();
    STORM->parent = exo_id;
    count = harts - 1 < STORMS ? (unsigned)(harts - 1) : STORMS;
    for (unsigned i = 0; i < count; i++) {
        children[i] = harts_child(page, storm_main, i + 1, seed << 8 | i);
        harts_slots(children[i].id, i + 1, 1);
    }
    for (unsigned i = 0; i < count; i++) {
        harts_wait_for(&STORM->ready[i], 1);
        EXPECT(sys_cap_grant(0, CAP_CHILD, children[i].id, ALL, CAP_RIGHTS_ALL),
               0);
    }
    STORM->go = 1;
    return count;
}

uint64_t
storm_end(void)
{
    uint64_t calls = 0;

    if (count == 0) {
        return 0; /* it never began */
    }
    STORM->stop = 1;
    for (unsigned i = 0; i < count; i++) {
        EXPECT(STORM->calls[i] > 0, 1);
        calls += STORM->calls[i];
        child_end(&children[i]);
    }
    return calls;
}
