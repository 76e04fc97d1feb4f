/* SPDX-License-Identifier: MIT */
/*
 * The log on a disk of memory, which writes down what it is told to do: first
 * by single cases, then a long run, then every disk that a power cut may leave
 * of it. The disk does what the kernel's rules do: blocks that were given back
 * are free when the root without them is durable, and a root is written when
 * what it claims was. Without its flushes values must be lost.
 */
#include "kern/abi/error.h"
#include "lib/log/log.h"
#include "test/host/check.h"
#include "test/power-cut/make.h"
#include "test/power-cut/replay.h"
#include "test/power-cut/work.h"

#define BLOCKS ((uint64_t)128)
#define BYTES (BLOCKS * LOG_BLOCK)
#define ROOT 1
#define MARK 2
#define FIRST 3 /* that may be claimed */
#define SEGMENT 8
#define SEED 7

enum { FREE, USED, WILL_FREE };

struct host_disk {
    uint8_t *image;
    struct make *make; /* NULL: it is not written down */
    uint8_t state[BLOCKS];
    bool written[BLOCKS]; /* since it was claimed */
    struct log_root root; /* accepted */
    int fail;             /* writes until one fails; 0: none does */
    uint64_t next;        /* where a search begins */
};

static int64_t
host_read(void *context, uint64_t block, void *page)
{
    struct host_disk *d = context;

    CHECK(block >= FIRST && block < BLOCKS);
    memcpy(page, d->image + block * LOG_BLOCK, LOG_BLOCK);
    return 0;
}

static void
put(struct host_disk *d, uint64_t block, const void *page)
{
    memcpy(d->image + block * LOG_BLOCK, page, LOG_BLOCK);
    if (d->make != NULL) {
        make_write(d->make, block * LOG_BLOCK, page, LOG_BLOCK);
    }
}

static int64_t
host_write(void *context, uint64_t block, const void *page)
{
    struct host_disk *d = context;

    CHECK(block >= FIRST && block < BLOCKS);
    CHECK_EQUAL(d->state[block], USED);
    if (d->fail > 0 && --d->fail == 0) {
        return -EIO;
    }
    d->written[block] = true;
    put(d, block, page);
    return 0;
}

static int64_t
host_flush(void *context)
{
    struct host_disk *d = context;

    if (d->make != NULL) {
        make_flush(d->make);
    }
    return 0;
}

static int64_t
host_find(void *context, uint32_t count)
{
    struct host_disk *d = context;
    uint64_t tried;
    uint32_t run = 0;

    for (tried = 0; tried < 2 * BLOCKS; tried++) {
        uint64_t block = (d->next + tried) % BLOCKS;

        run = block > FIRST && d->state[block] == FREE ? run + 1 : 0;
        if (run == count) {
            d->next = block + 1;
            return (int64_t)(block + 1 - count);
        }
    }
    return -ENOSPC;
}

/* Which blocks a root owns. */
static void
owned(const struct log_root *root, uint8_t *map)
{
    uint64_t end = 0;
    uint32_t i;
    uint32_t j;

    memset(map, 0, BLOCKS);
    CHECK(root->segments <= LOG_SEGMENTS_MAX);
    for (i = 0; i < root->segments; i++) {
        const struct log_segment *s = &root->segment[i];

        CHECK(s->first >= FIRST && s->first >= end);
        end = s->first + s->count;
        CHECK(end <= BLOCKS && s->count > 0);
        for (j = 0; j < s->count; j++) {
            map[s->first + j] = 1;
        }
    }
}

static int64_t
host_change(void *context, const struct log_root *root, uint32_t claimed,
            uint32_t given)
{
    struct host_disk *d = context;
    uint8_t before[BLOCKS];
    uint8_t after[BLOCKS];
    uint64_t i;

    owned(&d->root, before);
    owned(root, after);
    for (i = 0; i < BLOCKS; i++) {
        if (after[i] && !before[i]) {
            CHECK_EQUAL(d->state[i], FREE);
            d->state[i] = USED;
            d->written[i] = false;
            claimed--;
        } else if (before[i] && !after[i]) {
            d->state[i] = WILL_FREE;
            given--;
        }
    }
    CHECK(claimed == 0 && given == 0);
    d->root = *root;
    return 0;
}

static int64_t
host_commit(void *context)
{
    struct host_disk *d = context;
    uint8_t now[BLOCKS];
    uint64_t i;

    owned(&d->root, now);
    for (i = 0; i < BLOCKS; i++) {
        CHECK(!now[i] || d->written[i]);
    }
    host_flush(d);
    put(d, ROOT, &d->root);
    host_flush(d);
    for (i = 0; i < BLOCKS; i++) {
        if (d->state[i] == WILL_FREE) {
            d->state[i] = FREE;
        }
    }
    return 0;
}

static struct log_disk
disk_make(struct host_disk *d, uint8_t *image, struct make *make)
{
    const struct cap_name nobody = {{0, 0}};

    memset(d, 0, sizeof(*d));
    d->image = image;
    d->make = make;
    log_root_make(&d->root, &nobody);
    return (struct log_disk){d,         host_read,   host_write, host_flush,
                             host_find, host_change, host_commit};
}

/* One log, which goes through the cases. */
static struct {
    uint8_t image[BYTES];
    struct log log;
    struct host_disk host;
    struct log_disk disk;
    struct log_place index[8];
} c;

static void
cases_check(void)
{
    char value[16] = "";
    static uint8_t large[LOG_VALUE_MAX + 1];

    c.disk = disk_make(&c.host, c.image, NULL);
    check_subject = "cases";
    CHECK_EQUAL(log_open(&c.log, &c.disk, &c.host.root, SEGMENT, c.index, 7),
                -EINVAL);
    CHECK_EQUAL(log_open(&c.log, &c.disk, &c.host.root, 0, c.index, 8),
                -EINVAL);
    CHECK_EQUAL(log_open(&c.log, &c.disk, &c.host.root, SEGMENT, c.index, 8),
                0);
    CHECK_EQUAL(log_get(&c.log, 1, value, sizeof(value)), -ENOENT);
    CHECK_EQUAL(log_remove(&c.log, 1), -ENOENT);
    CHECK_EQUAL(log_reclaim(&c.log), 0);
    CHECK_EQUAL(log_append(&c.log, 1, large, sizeof(large)), -EINVAL);
    CHECK_EQUAL(log_append(&c.log, 1, "one", 4), 0);
    CHECK_EQUAL(log_get(&c.log, 1, value, sizeof(value)), 4);
    CHECK(strcmp(value, "one") == 0);
    CHECK_EQUAL(log_append(&c.log, 1, "two", 4), 0);
    CHECK_EQUAL(log_append(&c.log, 2, NULL, 0), 0);
    CHECK_EQUAL(log_sync(&c.log), 0);
    CHECK_EQUAL(log_append(&c.log, 3, large, LOG_VALUE_MAX), 0);
    CHECK_EQUAL(log_remove(&c.log, 2), 0);
    CHECK_EQUAL(log_get(&c.log, 2, value, sizeof(value)), -ENOENT);
    CHECK_EQUAL(log_sync(&c.log), 0);
    CHECK_EQUAL(c.log.root.segments, 2);
    CHECK_EQUAL(c.log.next, 4);
}

/* What comes of a block that is damaged, or of a crash that left one out. */
static void
damage_check(void)
{
    char value[16] = "";
    uint8_t large[LOG_VALUE_MAX];

    check_subject = "a damaged block";
    CHECK_EQUAL(log_open(&c.log, &c.disk, &c.host.root, SEGMENT, c.index, 8),
                0);
    CHECK_EQUAL(c.log.next, 4);
    CHECK_EQUAL(log_get(&c.log, 1, value, sizeof(value)), 4);
    CHECK(strcmp(value, "two") == 0);
    CHECK_EQUAL(log_get(&c.log, 1, value, 1), 4);
    CHECK_EQUAL(log_get(&c.log, 2, value, sizeof(value)), -ENOENT);
    CHECK_EQUAL(log_get(&c.log, 3, large, sizeof(large)), LOG_VALUE_MAX);
    /* A block that was damaged is found, and what comes behind it is not
       believed. */
    c.image[(c.log.root.segment[0].first + 1) * LOG_BLOCK + 100] ^= 1;
    c.log.other_sequence = 0;
    CHECK_EQUAL(log_get(&c.log, 3, large, sizeof(large)), -EINVAL);
    CHECK_EQUAL(log_open(&c.log, &c.disk, &c.host.root, SEGMENT, c.index, 8),
                0);
    CHECK_EQUAL(c.log.next, 2);
    CHECK_EQUAL(log_get(&c.log, 3, large, sizeof(large)), -ENOENT);
    CHECK_EQUAL(log_get(&c.log, 2, value, sizeof(value)), 0);
    /* Its number is used again; what was behind it does not come back. */
    CHECK_EQUAL(log_append(&c.log, 4, "four", 5), 0);
    CHECK_EQUAL(log_sync(&c.log), 0);
    CHECK_EQUAL(log_open(&c.log, &c.disk, &c.host.root, SEGMENT, c.index, 8),
                0);
    CHECK_EQUAL(c.log.next, 3);
    CHECK_EQUAL(log_get(&c.log, 2, value, sizeof(value)), 0);
}

static void
full_check(void)
{
    static uint8_t large[LOG_VALUE_MAX];
    uint64_t i;

    check_subject = "a full index";
    for (i = 10; i < 14; i++) {
        CHECK_EQUAL(log_append(&c.log, i, "x", 2), 0);
    }
    CHECK_EQUAL(log_append(&c.log, i, "x", 2), -ENOSPC);
    CHECK_EQUAL(log_append(&c.log, 10, "y", 2), 0);
    check_subject = "a full disk";
    while (log_append(&c.log, 1, large, LOG_VALUE_MAX) == 0) {
    }
    CHECK_EQUAL(log_append(&c.log, 1, large, LOG_VALUE_MAX), -ENOSPC);
    CHECK_EQUAL(log_reclaim(&c.log), SEGMENT);
    CHECK_EQUAL(log_append(&c.log, 1, large, LOG_VALUE_MAX), 0);
}

static void
failing_check(void)
{
    static uint8_t large[LOG_VALUE_MAX];

    check_subject = "a disk that fails";
    /* A block that could not be written is written again; */
    CHECK_EQUAL(log_sync(&c.log), 0);
    CHECK_EQUAL(log_append(&c.log, 1, large, LOG_VALUE_MAX), 0);
    c.host.fail = 1;
    CHECK_EQUAL(log_sync(&c.log), -EIO);
    CHECK_EQUAL(log_sync(&c.log), 0);
    /* a segment that could not be zeroed is never written to. */
    while (!c.log.failed) {
        uint32_t had = c.log.root.segments;

        CHECK_EQUAL(log_reclaim(&c.log), SEGMENT);
        while (log_append(&c.log, 1, large, LOG_VALUE_MAX) == 0 &&
               c.log.root.segments < had) {
            c.host.fail = 3;
        }
        c.host.fail = 0;
    }
    CHECK_EQUAL(log_append(&c.log, 1, large, LOG_VALUE_MAX), -EIO);
    CHECK_EQUAL(log_sync(&c.log), -EIO);
}

/* So many operations, with a sync now and then, and a mark after each. */
static void
run(struct log *log, struct host_disk *d, uint64_t operations)
{
    uint64_t random = SEED;
    uint64_t i;

    for (i = 1; i <= operations; i++) {
        CHECK_EQUAL(work_do(log, SEED, i), 0);
        if (random_below(&random, 6) == 0) {
            uint8_t mark[LOG_BLOCK] = REPLAY_MARK;

            CHECK_EQUAL(log_sync(log), 0);
            memcpy(mark + 16, &i, sizeof(i));
            put(d, MARK, mark);
        }
        while (log->root.segments > 6) {
            CHECK_EQUAL(log_reclaim(log), SEGMENT);
        }
    }
    CHECK_EQUAL(log_sync(log), 0);
}

static void
long_check(void)
{
    static uint8_t image[BYTES];
    static struct log log;
    static struct log_place index[WORK_INDEX];
    struct host_disk d;
    struct log_disk disk = disk_make(&d, image, NULL);
    const char *why = "";

    check_subject = "a long run";
    CHECK_EQUAL(log_open(&log, &disk, &d.root, SEGMENT, index, WORK_INDEX), 0);
    run(&log, &d, 20000);
    CHECK_EQUAL(work_check(&log, SEED, 20000, &why), 20000);
    CHECK_EQUAL(log_open(&log, &disk, &d.root, SEGMENT, index, WORK_INDEX), 0);
    CHECK_EQUAL(work_check(&log, SEED, 20000, &why), 20000);
    CHECK_EQUAL(work_check(&log, SEED, 20001, &why), -1);
    CHECK_EQUAL(work_check(&log, SEED + 1, 20000, &why), -1);
}

static const char *cut_why;

static bool
cut_check(void *context, const uint8_t *image, uint64_t bytes,
          const struct replay_cut *cut)
{
    static struct log log;
    static struct log_place index[WORK_INDEX];
    struct log_root root;
    struct host_disk d;
    struct log_disk disk = disk_make(&d, (uint8_t *)(uintptr_t)image, NULL);
    uint8_t map[BLOCKS];
    uint64_t synced = 0;

    (void)context;
    (void)bytes;
    memcpy(&root, image + ROOT * (uint64_t)LOG_BLOCK, sizeof(root));
    if (root.magic == 0) {
        root = d.root;
    }
    owned(&root, map);
    if (cut->mark != NULL) {
        memcpy(&synced, cut->mark + 16, sizeof(synced));
    }
    cut_why = "it cannot be opened";
    return log_open(&log, &disk, &root, SEGMENT, index, WORK_INDEX) == 0 &&
           work_check(&log, SEED, synced, &cut_why) >= 0;
}

static void
cuts_check(void)
{
    static uint8_t image[BYTES];
    static struct log log;
    static struct log_place index[WORK_INDEX];
    struct replay_options options = {.seed = SEED, .subsets = 128};
    struct replay replay = {.options = &options, .check = cut_check};
    struct host_disk d;
    struct make make;
    struct log_disk disk = disk_make(&d, image, &make);
    struct trace trace;

    make_begin(&make);
    CHECK_EQUAL(log_open(&log, &disk, &d.root, SEGMENT, index, WORK_INDEX), 0);
    run(&log, &d, 1500);
    make_end(&make);
    check_subject = "power cuts";
    CHECK(trace_open(&trace, make.log, make.size));
    memset(image, 0, sizeof(image));
    if (!replay_run(&replay, &trace, image, BYTES)) {
        (void)fprintf(stderr, "window %lu, %lu of %lu writes: %s\n",
                      replay.cut.window, replay.cut.kept, replay.cut.writes,
                      cut_why);
        CHECK(false);
    }
    CHECK(replay.images > 5000);
    check_subject = "a flush that does nothing";
    options.flush_lost = 4;
    memset(image, 0, sizeof(image));
    CHECK(trace_open(&trace, make.log, make.size));
    CHECK(!replay_run(&replay, &trace, image, BYTES));
    free(make.log);
}

int
main(void)
{
    cases_check();
    damage_check();
    full_check();
    failing_check();
    long_check();
    cuts_check();
    return 0;
}
