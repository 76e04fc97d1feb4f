/* SPDX-License-Identifier: MIT */
/*
 * The longest single entry into the kernel: no other env gets the hart before
 * it is over. Each call is made as expensive as an env can make it, as far as
 * one knows how, and counted from user mode, firmware included.
 */
#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "test/bench/bench.h"
#include "test/user/child.h"

/* Entries of the capability list that are free here. */
#define CAP_TEMPORARY 6
#define CAP_DEEP 7

/* Three runs of places in the window, of PLACES each, and where copies go. */
#define PLACE_BEFORE PLACE
#define PLACE_BETWEEN (PLACE + PLACES)
#define PLACE_AFTER (PLACE + 2 * PLACES)
#define PLACE_COPY (PLACE + 3 * PLACES)

#define PARTS 512
#define CAP_CHILD_BOTH (CAP_CHILD | CAP_CHILD << 8)

#define NAME(number, name, path, arguments, meaning) [number] = #name,
#define ROWS (CALL_MAX + 1)
static const char *const names[ROWS] = {CALL_TABLE(NAME)[EDGE] = "edge"};

static struct {
    const char *what;
    uint64_t count;
} worst[ROWS];

void
row_note(unsigned row, const char *what, uint64_t count)
{
    if (count > worst[row].count) {
        worst[row].what = what;
        worst[row].count = count;
    }
}

/* Which slot it is now. */
static uint64_t
slot_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now / 10000;
}

/* An edge behind the call is an entry of its own, which has a row: a call that
   one followed is not noted. */
int64_t
timed(const char *what, uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2,
      uint64_t a3, uint64_t a4, uint64_t a5)
{
    uint64_t slot = slot_now();
    uint64_t count = bench_call6(number, a0, a1, a2, a3, a4, a5) - overhead;

    if (slot_now() == slot) {
        row_note((unsigned)number, what, count);
    }
    return bench_result;
}

/* Takes frames, each under a guard of its own. */
static void
frames_of_guards(uint64_t *of)
{
    for (unsigned i = 0; i < PLACES; i++) {
        sys_cap_derive(0, CAP_TEMPORARY, i + 1, CAP_RIGHTS_ALL);
        of[i] = frame_clean(CAP_TEMPORARY);
        sys_cap_drop(CAP_TEMPORARY);
    }
}

static void
batch_set(const uint64_t *of)
{
    for (unsigned i = 0; i < PLACES; i++) {
        exo_uarea->batch[i] = LEAF(of[i]);
    }
}

/* Batches: each frame under another guard, each link between two others. */
static void
longest_batches(void)
{
    uint64_t of[PLACES];

    frames_of_guards(of);
    batch_set(of);
    TIMED(PLACES, "64 guards", pt_map, 0, window, PLACE_BEFORE, PLACES, 0, 0);
    TIMED(PLACES, "64 guards, chained", pt_map, 0, window, PLACE_BETWEEN,
          PLACES, 0, 0);
    TIMED(PLACES, "64 guards, chained", pt_map, 0, window, PLACE_AFTER, PLACES,
          0, 0);
    TIMED(PLACES, "64 lose W", pt_protect, 0, window, PLACE_BETWEEN, PLACES,
          WRITE, 0);
    TIMED(PLACES, "64 of 64 guards get W", pt_protect, 0, window, PLACE_BETWEEN,
          PLACES, 0x80, WRITE | 0x80);
    TIMED(PLACES, "64 chained, losing W", pt_copy, 0, window, window,
          PLACE_BETWEEN | PLACE_COPY << 16, PLACES, (uint64_t)1 << 63 | 0x3c0);
    TIMED(PLACES, "64 between others", pt_unmap, 0, window, PLACE_BETWEEN,
          PLACES, 0, 0);
    sys_pt_unmap(0, window, PLACE_BEFORE, PLACES);
    sys_pt_unmap(0, window, PLACE_AFTER, PLACES);
    sys_pt_unmap(0, window, PLACE_COPY, PLACES);
    for (unsigned i = 0; i < PLACES; i++) {
        bench_result = sys_frame_free(of[i], 0);
        want("frame_free", 0);
    }
}

static void
longest_tables(void)
{
    uint64_t table = frame_clean(0);
    uint64_t shadow = frame_clean(0);

    for (uint64_t level = 0; level < 3; level++) {
        uint64_t above = level < 2 ? table_new(0, level + 1) : 0;

        TIMED(0, "cleared, with the kernel's half", pt_make, table, shadow,
              level, 0, 0, 0);
        if (above != 0) {
            TIMED(0, "a table", pt_link, 0, above, 0, table, 0, 0);
            sys_pt_unmap(0, above, 0, 1);
        }
        TIMED(0, "a table", pt_unmake, table, 0, 0, 0, 0, 0);
    }
}

/* Puts the parts of a large frame into the owner's list in no order. */
static void
parts_shuffle(uint64_t first)
{
    for (uint64_t i = 0; i < PARTS; i++) {
        uint64_t part = first + i * 201 % PARTS;

        sys_frame_free(part, 0);
        (void)sys_frame_alloc(0, 0, part);
    }
}

static void
longest_frames(void)
{
    uint64_t first = (uint64_t)sys_frame_alloc(2, 9, 0);

    TIMED(0, "512 pages", frame_free, first, 0, 0, 0, 0, 0);
    TIMED(first, "512 pages", frame_alloc, 0, 9, first, 0, 0, 0);
    while (timed("16 pages", CALL_frame_scrub, first, 0, 0, 0, 0, 0) != 0) {
        want("frame_scrub", -EAGAIN);
    }
    TIMED(0, "of 512", frame_split, first, 0, 0, 0, 0, 0);
    TIMED(0, "of 512, as they were split", frame_join, first, 0, 0, 0, 0, 0);
    sys_frame_split(first);
    parts_shuffle(first);
    exo_uarea->batch[0] = LEAF(first + PARTS - 1);
    sys_pt_map(0, window, PLACE, 1);
    while (timed("of 512 in no order, the last in use", CALL_frame_join, first,
                 0, 0, 0, 0, 0) == -EAGAIN) {
    }
    want("frame_join (the last in use)", -EBUSY);
    sys_pt_unmap(0, window, PLACE, 1);
    parts_shuffle(first);
    while (timed("of 512 in no order", CALL_frame_join, first, 0, 0, 0, 0, 0) ==
           -EAGAIN) {
    }
    want("frame_join (in no order)", 0);
    sys_frame_free(first, 0);
    TIMED(first + 5, "one out of 512", frame_alloc, 0, 0, first + 5, 0, 0, 0);
    TIMED(0, "one", frame_free, first + 5, 0, 0, 0, 0, 0);
}

/* The same one order up, where the machine has such a frame. */
static void
longest_gigabyte(void)
{
    uint64_t first = (uint64_t)sys_frame_alloc(0, 18, 0);

    if ((int64_t)first < 0) {
        return;
    }
    TIMED(0, "1 GiB", frame_split, first, 0, 0, 0, 0, 0);
    TIMED(0, "1 GiB, as it was split", frame_join, first, 0, 0, 0, 0, 0);
    sys_frame_free(first, 0);
    TIMED(first + 5, "one out of 1 GiB", frame_alloc, 0, 0, first + 5, 0, 0, 0);
    sys_frame_free(first + 5, 0);
}

/* A frame that is mapped 192 times, which loses all of them. */
static void
longest_mapped(void)
{
    uint64_t f = frame_clean(0);

    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < PLACES; i++) {
            exo_uarea->batch[i] = LEAF(f);
        }
        sys_pt_map(0, window, PLACE_BEFORE, PLACES);
        sys_pt_map(0, window, PLACE_BETWEEN, PLACES);
        sys_pt_map(0, window, PLACE_AFTER, PLACES);
        while (timed("192 maps, no heir", CALL_frame_free, f, 0, 0, 0, 0, 0) ==
               -EAGAIN) {
        }
        want("frame_free (192 maps)", -EBUSY);
        while (round == 0 && timed("192 maps", CALL_frame_set_guard, CAP_CHILD,
                                   0, f, 0, 0, 0) == -EAGAIN) {
        }
        while (round == 1 && timed("192 maps, broken", CALL_frame_free, f,
                                   FRAME_FREE_BREAK, 0, 0, 0, 0) == -EAGAIN) {
        }
        want("192 maps", 0);
        if (round == 0) {
            bench_result = sys_frame_set_guard(0, 0, f);
            want("frame_set_guard (back)", 0);
        }
    }
}

/* As many calls in one as it lets begin: a frame of 512 split and joined. */
static void
longest_batch(void)
{
    uint64_t first = (uint64_t)sys_frame_alloc(0, 9, 0);
    uint64_t done = 0;
    unsigned at = 0;

    for (unsigned i = 0; i < 8; i++) {
        exo_uarea->batch[at++] = (i % 2 ? CALL_frame_join : CALL_frame_split) |
                                 (uint64_t)1 << BATCH_COUNT_SHIFT;
        exo_uarea->batch[at++] = first;
    }
    at = 0;
    while (timed("512 pages split and joined", CALL_batch, at, 8 - done, 0, 0,
                 0, 0) == -EAGAIN) {
        at = exo_uarea->batch_next;
        done += exo_uarea->batch_done;
    }
    want("batch", (int64_t)(8 - done));
    sys_frame_free(first, 0);
}

/* What an interrupt does that the call brings about is in these. */
static void
longest_slots(void)
{
    for (uint64_t slot = 0; slot < 16; slot++) {
        TIMED(0, "own, and told of it", slot_alloc, 0, exo_id, 0, slot, 0, 0);
    }
    for (uint64_t slot = 1; slot < 16; slot++) {
        TIMED(0, "own, and told of it", slot_free, 0, exo_id, 0, slot, 0, 0);
    }
}

static void
longest_accounts(void)
{
    uint64_t last = 0;

    while (timed("any", CALL_account_carve, 1, 1, 0, 0, 0, 0) > 0) {
        last = (uint64_t)bench_result;
    }
    want("account_carve (all rows)", -ENOSPC);
    for (; last > 1; last--) {
        TIMED(0, "any", account_close, last, 0, 0, 0, 0, 0);
    }
}

/* An env whose tables are full, whose frames are mapped elsewhere: steps of its
   end by who destroys it, or at the edges of slices. */
static void
longest_env(bool edges)
{
    uint64_t record = frame_clean(CAP_CHILD);
    uint64_t list = frame_clean(CAP_CHILD);
    uint64_t root = table_new(CAP_CHILD, 2);
    uint64_t leaf = table_new(CAP_CHILD, 0);
    uint64_t uarea = frame_clean(CAP_CHILD);
    uint64_t env;

    batch_set(frames);
    for (uint64_t i = 0; i < 512; i += PLACES) {
        sys_pt_map(CAP_CHILD, leaf, i, PLACES);
    }
    for (unsigned i = 0; i < PLACES; i++) {
        exo_uarea->batch[i] = LEAF(uarea);
    }
    sys_pt_map(CAP_CHILD << 8, window, PLACE, PLACES);
    ((struct uarea *)(SHARED + PLACE * 4096))->version = UAREA_VERSION;

    env = (uint64_t)timed("an env", CALL_env_create, CAP_CHILD, record, list,
                          root, 0, 0);
    TIMED(0, "the longest name", cap_grant, CAP_DEEP, CAP_CHILD, env, 5,
          CAP_RIGHTS_ALL, 0);
    TIMED(0, "a page table", frame_give, CAP_CHILD, leaf, env, 0, 0, 0);
    for (unsigned i = 0; i < 31; i++) { /* with the table, one step */
        sys_frame_give(CAP_CHILD, frame_clean(CAP_CHILD), env);
    }
    TIMED(0, "a page", frame_give, CAP_CHILD, uarea, env, 0, 0, 0);
    TIMED(0, "a page with 64 maps", env_bind, CAP_CHILD, env, 0, uarea, 0, 0);
    if (edges) {
        uint64_t now;

        bench_result = sys_env_destroy(CAP_CHILD, env);
        want("env_destroy (begun)", -EAGAIN);
        __asm__ volatile("rdtime %0" : "=r"(now));
        row_note(EDGE, "with a step of an env with full tables",
                 bench_gap(now + 64 * 10000));
        bench_result = sys_env_destroy(CAP_CHILD, env);
        want("env_destroy (after 64 edges)", -ESRCH);
        return;
    }
    while (timed("steps of an env with full tables", CALL_env_destroy,
                 CAP_CHILD, env, 0, 0, 0, 0) == -EAGAIN) {
    }
    want("env_destroy", 0);
}

/* Frames of this env, each mapped MAPS times and with a save place, taken
   8 in a step; where the table of requests is full. */
#define MAPS 5
static void
longest_revoke(void)
{
    uint64_t first = (uint64_t)sys_frame_alloc(0, 9, 0);
    uint64_t place = (uint64_t)sys_frame_alloc(0, 9, 0);
    uint64_t now;
    int64_t left;

    for (unsigned i = 0; i < 2; i++) {
        while (sys_frame_scrub(i == 0 ? first : place) == -EAGAIN) {
        }
        sys_frame_split(i == 0 ? first : place);
    }
    for (unsigned i = 0; i < MAPS; i++) {
        for (unsigned j = 0; j < PLACES; j++) {
            exo_uarea->batch[j] = LEAF(first + j);
        }
        bench_result = sys_pt_map(0, window, PLACE + i * PLACES, PLACES);
        want("pt_map", PLACES);
    }
    TIMED(PLACES, "64 with save places", frame_mark, first, PLACES,
          MARK_EXPENDABLE, place, 0, 0);
    for (unsigned i = 1; i < UAREA_REQUEST_ENTRIES; i++) {
        TIMED(0, "one more", revoke, 0, exo_id, RESOURCE_FRAME, place + 500 + i,
              1, UINT64_MAX - i);
    }
    TIMED(0, "the last", revoke, 0, exo_id, RESOURCE_FRAME, REVOKE_ANY, PLACES,
          0);
    TIMED(-EBUSY, "no room", revoke, 0, exo_id, RESOURCE_FRAME, place, 1, 0);
    __asm__ volatile("rdtime %0" : "=r"(now));
    row_note(EDGE, "with a step of taking", bench_gap(now + 8 * 10000));
    do {
        left = timed("64 marked, of 5 maps, with places", CALL_repossess, 0,
                     exo_id, 0, 0, 0, 0);
    } while (left == -EAGAIN);
    want("repossess", UAREA_REQUEST_ENTRIES - 1);
    TIMED(0, "asked for, and the table is full", frame_free, place + 501, 0, 0,
          0, 0, 0);
    for (unsigned i = 2; i < UAREA_REQUEST_ENTRIES; i++) {
        sys_frame_free(place + 500 + i, 0);
    }
    exo_uarea->losses_taken = exo_uarea->losses_posted;
    __asm__ volatile("rdtime %0" : "=r"(now));
    (void)bench_gap(now + 20000); /* the last look whether more is owed */
    for (unsigned i = 0; i < PARTS; i++) {
        sys_frame_free(first + i, 0);
        sys_frame_free(place + i, 0);
    }
    for (uint64_t i = 0; i < 31; i++) { /* until the set is full */
        exo_uarea->batch[0] = LEAF(frames[i]);
        sys_pt_map(0, window, PLACE + i, 1);
        (void)timed("one more", CALL_guarantee, SHARED + (PLACE + i) * 4096, 0,
                    0, 0, 0, 0);
    }
    want("guarantee", -ENOSPC);
    sys_pt_unmap(0, window, PLACE, 31);
    for (unsigned i = 0; i < 31; i++) {
        sys_frame_mark(frames[i], 1, MARK_NONE, 0);
    }
}

static void
longest_caps(void)
{
    sys_cap_derive(0, CAP_DEEP, 1, CAP_RIGHTS_ALL);
    for (unsigned i = 1; i < 8; i++) {
        TIMED(0, "a longer name", cap_derive, CAP_DEEP, CAP_TEMPORARY, i,
              CAP_RIGHTS_ALL, 0, 0);
        TIMED(0, "any", cap_drop, CAP_DEEP, 0, 0, 0, 0, 0);
        sys_cap_derive(CAP_TEMPORARY, CAP_DEEP, 0, CAP_RIGHTS_ALL);
        sys_cap_drop(CAP_TEMPORARY);
    }
    TIMED(0, "any", cap_fresh, 2, CAP_TEMPORARY, 0, 0, 0, 0);
    sys_cap_drop(CAP_TEMPORARY);
}

static void
longest_rest(void)
{
    TIMED(8, "8 lines", console_write, 0, 0x0a0a0a0a0a0a0a0a, 8, 0, 0, 0);
    (void)timed("any", CALL_console_read, 0, 0, 0, 0, 0, 0);
    TIMED(0, "any", gate_set, 0, 0, (uint64_t)bench_gate, 0, 0, 0);
    TIMED(0, "any", gate_bind, 0, exo_id, 0, 1, 0, 0);
    TIMED(0, "closed", gate_set, 0, 0, 0, 0, 0, 0);
    sys_gate_set(0, 0, 1);
    sys_gate_bind(0, exo_id, 0, 1);
    TIMED(0, "oneself, with the handler", notify, 1, 0, 0, 0, 0, 0);
    sys_gate_set(0, 0, 0);
    (void)timed("soon", CALL_alarm, 1, 0, 0, 0, 0, 0);
    TIMED(0, "none", alarm, UINT64_MAX, 0, 0, 0, 0, 0);
    TIMED(0, "any", code_fence, 0, 0, 0, 0, 0, 0);
    TIMED(0, "any", fp_release, 0, 0, 0, 0, 0, 0);
}

uint64_t
kernel_longest(void)
{
    unsigned longest = 0;

    longest_caps();
    longest_batches();
    longest_tables();
    longest_frames();
    longest_gigabyte();
    longest_mapped();
    longest_batch();
    longest_accounts();
    longest_revoke();
    longest_code();
    longest_disk();
    longest_env(false);
    longest_rest();
    longest_slots();
    longest_env(true);
    sys_slot_free(0, exo_id, 0, 0);

    for (unsigned i = 0; i < ROWS; i++) {
        if (worst[i].count > 0) {
            printf("bench: longest %s: %lu (%s)\n", names[i], worst[i].count,
                   worst[i].what);
        }
        longest = worst[i].count > worst[longest].count ? i : longest;
    }
    printf("bench: note: the longest entry is %s: %s\n", names[longest],
           worst[longest].what);
    return worst[longest].count;
}
