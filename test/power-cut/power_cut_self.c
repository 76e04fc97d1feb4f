/* SPDX-License-Identifier: MIT */
/*
 * The replay itself, on traces made by hand. A small store writes a value's
 * blocks, flushes, writes which value is the last, flushes, and says so in a
 * mark. Every disk that a cut may leave has the last value whole. Without some
 * of the flushes, with torn blocks or with a mark too early that is not so, and
 * the replay must find it.
 */
#include "test/host/check.h"
#include "test/power-cut/make.h"
#include "test/power-cut/replay.h"

#define BLOCKS 16
#define BYTES ((uint64_t)BLOCKS * REPLAY_BLOCK)
#define WIDTH 3 /* blocks of a value */
#define LAST 0  /* the block that says which is the last */
#define MARKS (BLOCKS - 1)

struct store {
    bool early;        /* says that it is durable before the flush */
    bool double_flush; /* flushes between value and last */
    bool through;
};

static uint64_t
value_block(uint64_t value, uint64_t i)
{
    return 1 + (value % 2) * WIDTH + i;
}

static void
block_fill(uint8_t *block, uint64_t value)
{
    size_t i;

    for (i = 0; i < REPLAY_BLOCK / 8; i++) {
        memcpy(block + i * 8, &value, 8);
    }
}

static void
mark_make(struct make *make, uint64_t value)
{
    uint8_t block[REPLAY_BLOCK] = REPLAY_MARK;

    memcpy(block + 16, &value, sizeof(value));
    make_write(make, MARKS * (uint64_t)REPLAY_BLOCK, block, sizeof(block));
}

static void
store_run(struct make *make, const struct store *store, uint64_t values)
{
    uint8_t bytes[WIDTH * REPLAY_BLOCK];
    uint64_t value;
    uint64_t i;

    make_begin(make);
    for (value = 1; value <= values; value++) {
        for (i = 0; i < WIDTH; i++) {
            block_fill(bytes + i * REPLAY_BLOCK, value);
        }
        make_write(make, value_block(value, 0) * REPLAY_BLOCK, bytes,
                   sizeof(bytes));
        if (store->through) {
            make_write_through(make, LAST, bytes, REPLAY_BLOCK);
        } else {
            if (store->double_flush) {
                make_flush(make);
            }
            make_write(make, LAST, bytes, REPLAY_BLOCK);
            if (store->early) {
                mark_make(make, value);
            }
            make_flush(make);
        }
        mark_make(make, value);
    }
    make_end(make);
}

static bool
store_check(void *context, const uint8_t *image, uint64_t bytes,
            const struct replay_cut *cut)
{
    uint64_t last;
    uint64_t durable = 0;
    uint64_t i;
    uint8_t block[REPLAY_BLOCK];

    (void)context;
    CHECK_EQUAL(bytes, BYTES);
    memcpy(&last, image, sizeof(last));
    if (cut->mark != NULL) {
        memcpy(&durable, cut->mark + 16, sizeof(durable));
    }
    block_fill(block, last);
    for (i = 0; last > 0 && i < WIDTH; i++) {
        if (memcmp(image + value_block(last, i) * REPLAY_BLOCK, block,
                   sizeof(block)) != 0) {
            return false;
        }
    }
    return last >= durable && memcmp(image, block, sizeof(block)) == 0;
}

static bool
store_replay(const struct store *store, const struct replay_options *options,
             struct replay *replay)
{
    static uint8_t image[BYTES];
    struct make make;
    struct trace trace;
    bool good;

    memset(image, 0, sizeof(image));
    memset(replay, 0, sizeof(*replay));
    store_run(&make, store, 20);
    CHECK(trace_open(&trace, make.log, make.size));
    replay->options = options;
    replay->check = store_check;
    good = replay_run(replay, &trace, image, BYTES);
    CHECK(replay->fault == NULL);
    free(make.log);
    return good;
}

static void
stores_check(void)
{
    const struct store good = {.double_flush = true};
    const struct store through = {.through = true};
    const struct store missing = {0};
    const struct store early = {.double_flush = true, .early = true};
    struct replay_options options = {.seed = 1, .subsets = 1024};
    struct replay replay;

    check_subject = "a store that flushes as it must";
    CHECK(store_replay(&good, &options, &replay));
    CHECK_EQUAL(replay.windows, 41);
    /* The value and the mark before it; the last: all subsets. */
    CHECK_EQUAL(replay.images, 8 + 19 * 16 + 20 * 2 + 2);
    check_subject = "writes that are durable at once";
    CHECK(store_replay(&through, &options, &replay));
    check_subject = "a store without a flush";
    CHECK(!store_replay(&missing, &options, &replay));
    check_subject = "a store that speaks too early";
    CHECK(!store_replay(&early, &options, &replay));
    check_subject = "a flush that does nothing";
    options.flush_lost = 3;
    CHECK(!store_replay(&good, &options, &replay));
    CHECK(!store_replay(&good, &options, &replay));
    check_subject = "large windows";
    options.flush_lost = 0;
    options.subsets = 12;
    CHECK(store_replay(&good, &options, &replay));
    CHECK(!store_replay(&missing, &options, &replay));
    check_subject = "torn blocks";
    options.torn = true;
    CHECK(!store_replay(&good, &options, &replay));
}

/* Each subset of a window is tried, and no other disk. */
struct seen {
    uint32_t sets; /* a bit for each set of blocks that were written */
};

static bool
set_see(void *context, const uint8_t *image, uint64_t bytes,
        const struct replay_cut *cut)
{
    struct seen *seen = context;
    uint32_t set = 0;
    uint32_t i;

    (void)bytes;
    for (i = 0; i < 4; i++) {
        uint8_t was = image[i * REPLAY_BLOCK];

        CHECK(was == 0 || was == i + 1 || was == REPLAY_DISCARDED);
        CHECK(was != REPLAY_DISCARDED || i == 3);
        set |= (uint32_t)(was != 0) << i;
    }
    CHECK_EQUAL(cut->kept, (uint64_t)__builtin_popcount(set));
    CHECK(!(seen->sets >> set & 1));
    seen->sets |= 1u << set;
    return true;
}

static void
subsets_check(void)
{
    static uint8_t image[BYTES];
    const struct replay_options options = {.seed = 1, .subsets = 16};
    struct seen seen = {0};
    struct replay replay = {
        .options = &options, .check = set_see, .context = &seen};
    uint8_t bytes[3 * REPLAY_BLOCK];
    struct make make;
    struct trace trace;
    uint64_t i;

    check_subject = "subsets";
    for (i = 0; i < 3; i++) {
        memset(bytes + i * REPLAY_BLOCK, (int)i + 1, REPLAY_BLOCK);
    }
    make_begin(&make);
    make_write(&make, 0, bytes, sizeof(bytes));
    make_discard(&make, 3 * (uint64_t)REPLAY_BLOCK, REPLAY_BLOCK);
    make_end(&make);
    CHECK(trace_open(&trace, make.log, make.size));
    CHECK(replay_run(&replay, &trace, image, BYTES));
    CHECK_EQUAL(seen.sets, 0xffff);
    CHECK_EQUAL(image[3 * REPLAY_BLOCK], REPLAY_DISCARDED);
    free(make.log);
}

static bool
nothing_check(void *context, const uint8_t *image, uint64_t bytes,
              const struct replay_cut *cut)
{
    (void)context;
    (void)image;
    (void)bytes;
    (void)cut;
    return true;
}

/* Logs that are none, damaged, or of another disk. */
static void
damage_check(void)
{
    static uint8_t image[BYTES];
    const struct store store = {.double_flush = true};
    const struct replay_options options = {.seed = 1, .subsets = 16};
    struct replay replay = {.options = &options, .check = nothing_check};
    struct make make;
    struct trace trace;
    size_t cut;

    check_subject = "damaged logs";
    store_run(&make, &store, 4);
    for (cut = 0; cut < make.size; cut += 100) {
        void *part = malloc(cut + 1);

        CHECK(part != NULL);
        memcpy(part, make.log, cut);
        CHECK(!trace_open(&trace, part, cut) ||
              !replay_run(&replay, &trace, image, BYTES));
        CHECK(trace.fault != NULL);
        free(part);
    }
    CHECK(trace_open(&trace, make.log, make.size));
    CHECK(!replay_run(&replay, &trace, image, BYTES / 2));
    CHECK(replay.fault != NULL);
    make.log[0] ^= 1;
    CHECK(!trace_open(&trace, make.log, make.size));
    free(make.log);
}

int
main(void)
{
    subsets_check();
    stores_check();
    damage_check();
    return 0;
}
