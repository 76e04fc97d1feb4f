/* SPDX-License-Identifier: MIT */
/*
 * Random calls on two disks, one that has trees and one that is raw, by an env
 * that may do everything: what the kernel keeps of frames, requests and
 * bindings agrees at the end, and no block is what it cannot be. With storm=1
 * others do the same meanwhile, on all other harts. seed= and calls= choose
 * other calls.
 */
#include <string.h>

#include "kern/abi/information.h"
#include "test/user/child.h"
#include "test/user/disk_format.h"
#include "test/user/disk_storm.h"
#include "test/user/expect.h"

#define FRAMES 48
#define HANDLES 16
#define CALLS 60000

static uint64_t state = 88172645463325252;
static uint64_t frame[FRAMES];
static uint64_t handle[HANDLES];
static uint64_t done[64];
static const uint64_t limit_blocks = 1024;

static uint64_t
random_next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t
below(uint64_t limit)
{
    return random_next() % limit;
}

static uint64_t
frame_pick(void)
{
    return below(20) == 0 ? below(1 << 24) : frame[below(FRAMES)];
}

static uint64_t
entry_pick(void)
{
    uint64_t count = DISK_ROW[0].registry_count;

    return below(30) == 0 ? below(3 * count) : below(4);
}

static uint64_t
block_pick(void)
{
    switch (below(8)) {
    case 0:
        return random_next();
    case 1:
        return DISK_CATALOGUE_BLOCK;
    case 2:
    case 3:
    case 4:
        return NODE + below(3);
    default:
        return DATA + below(4 * DATA_BLOCKS);
    }
}

/* Bytes that may be a node's, or the catalogue's. */
static void
bytes_make(uint64_t page, uint64_t entry)
{
    format_node((unsigned)below(4));
    if (ENTRY[entry].type == DISK_TYPE_CATALOGUE) {
        struct disk_tree *t = (struct disk_tree *)format_bytes;

        memset(format_bytes, 0, sizeof(format_bytes));
        t->first = NODE + below(2);
        t->count = (uint32_t)below(3);
        t->type = 2;
        if (t->count == 0) {
            memset(t, 0, sizeof(*t));
        }
    } else if (below(10) == 0) {
        format_bytes[below(sizeof(struct node))] = (uint8_t)random_next();
    }
    format_fill(page);
}

static int64_t
change_make(void)
{
    uint64_t blocks = 1 + below(8) / 7;
    uint64_t unit = below(2) ? DATA_BLOCKS : 1;
    uint64_t words[2 + 3 * 2] = {below(4) * unit, below(3) / 2 * unit};

    for (uint64_t i = 0; i < blocks; i++) {
        uint64_t entry = entry_pick();
        uint64_t from = frame[below(FRAMES)];

        if (FRAME_ROW[from].owner == exo_id && entry < 8) {
            bytes_make(from, entry);
        }
        words[2 + 3 * i] = entry | from << 32;
        words[3 + 3 * i] = below(2) ? frame_pick() : 0;
        words[4 + 3 * i] = ENTRY[entry < 8 ? entry : 0].version;
    }
    memcpy(exo_uarea->batch, words, sizeof(words));
    return sys_disk_change(0, below(20) == 0, blocks, 1);
}

static int64_t
transfer_make(bool write)
{
    uint64_t count = 1 + below(4);
    uint64_t binding = below(10) == 0 ? random_next() : handle[below(HANDLES)];

    for (uint64_t i = 0; i < count; i++) {
        exo_uarea->batch[i] = DISK_PIECE(frame_pick(), below(20) == 0, 1);
    }
    return write ? sys_disk_write(0, binding, below(20), count, 1)
                 : sys_disk_read(0, binding, below(20), count, 1);
}

static int64_t
bind_make(void)
{
    uint64_t parent = below(3) == 0 ? DISK_WHOLE | 1 : entry_pick();
    int64_t result =
        sys_disk_bind(0, parent, block_pick(), 1 + below(16), 1 + below(4));

    if (result > 0) {
        uint64_t *at = &handle[below(HANDLES)];

        (void)sys_release(RELEASE_BINDING, *at);
        *at = (uint64_t)result;
    }
    return result;
}

/* A frame that went to the registry is another from then on. */
static void
frame_renew(unsigned i)
{
    if (FRAME_ROW[frame[i]].owner != exo_id ||
        FRAME_ROW[frame[i]].type != FRAME_DATA) {
        frame[i] = frame_clean(0);
    }
}

static int64_t
read_make(void)
{
    uint64_t parent = below(8) == 0 ? DISK_WHOLE | below(2) : entry_pick();
    uint64_t block = block_pick();
    uint64_t page = below(5) == 0 ? 0 : frame_pick();
    uint64_t flags = below(2) ? 0 : below(8);
    int64_t result = -EAGAIN;

    for (unsigned i = 0; i < 3 && result == -EAGAIN; i++) {
        result = sys_registry_read(0, parent, block, page, flags, 1);
    }
    return result;
}

/* What has no label is raw again when that was looked for. */
static int64_t
recover_one(uint64_t disk)
{
    int64_t wanted = sys_disk_recover(0, disk);

    return wanted <= 0
               ? wanted
               : sys_registry_read(0, DISK_WHOLE | disk, (uint64_t)wanted - 1,
                                   frame_pick(), 0, 1);
}

static int64_t
call_one(unsigned number)
{
    switch (number) {
    case 51:
        return sys_disk_type(0, below(3), frame_pick(), 1);
    case 52:
        return bind_make();
    case 53:
        return transfer_make(false);
    case 54:
        return transfer_make(true);
    case 55:
        return sys_disk_flush(handle[below(HANDLES)], 1);
    case 56:
        return sys_disk_discard(handle[below(HANDLES)], below(8), below(8), 1);
    case 57:
        return change_make();
    case 58:
        return read_make();
    case 59:
        return sys_registry_write(0, entry_pick(), 1);
    case 60:
        return recover_one(below(2));
    case 61:
        return sys_release(1 + below(2),
                           below(2) ? handle[below(HANDLES)] : entry_pick());
    default:
        return sys_frame_free(frame[below(FRAMES)], FRAME_FREE_BREAK);
    }
}

static void
answers_take(unsigned left)
{
    while (disk_ready() > left) {
        (void)disk_next(NULL);
    }
}

/* The disk's table agrees with itself. */
static void
tables_check(void)
{
    EXPECT(BLOCK[DISK_CATALOGUE_BLOCK],
           BLOCK_USED | DISK_TYPE_CATALOGUE << BLOCK_TYPE_SHIFT);
    for (uint64_t block = DISK_FIRST_BLOCK; block < limit_blocks; block++) {
        unsigned type = BLOCK[block] >> BLOCK_TYPE_SHIFT;

        EXPECT(type == DISK_TYPE_DATA || type == 2, 1);
    }
}

static void
settle(void)
{
    uint64_t pages = 0;

    for (unsigned i = 0; i < HANDLES; i++) {
        (void)sys_release(RELEASE_BINDING, handle[i]);
    }
    do {
        answers_take(0);
        if (ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_REQUESTS] <
            UAREA_RING_ENTRIES / 2) {
            disk_sleep(5);
        }
        (void)sys_disk_recover(0, 0); /* a step for whoever needs one */
    } while (ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_REQUESTS] > 0);
    answers_take(0);
    EXPECT(DISK_ROW[0].waiting + DISK_ROW[1].waiting, 0);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_BINDINGS], 0);
    for (uint64_t e = 0; e < 2 * (uint64_t)DISK_ROW[0].registry_count; e++) {
        pages += ENTRY[e].holder == exo_id ? ENTRY[e].pages : 0;
        EXPECT(ENTRY[e].pins, 0);
    }
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_REGISTRY], pages);
    for (unsigned i = 0; i < FRAMES; i++) {
        EXPECT(FRAME_ROW[frame[i]].pins, 0);
    }
    tables_check();
}

static uint64_t
argument(const char *name, uint64_t otherwise)
{
    const struct information *info =
        (const struct information *)INFORMATION_BOOT;
    const char *at = strstr(info->arguments, name);

    return at != NULL ? strtoul(at + strlen(name), NULL, 10) : otherwise;
}

static void
prepare(void)
{
    uint64_t raw = disk_bind_whole(0, DISK_BOTH);

    for (unsigned i = 0; i < FRAMES; i++) {
        frame[i] = frame_clean(0);
    }
    format_label(0, raw, frame[0]);
    EXPECT(sys_release(RELEASE_BINDING, raw), 0);
    format_recover(0, frame[1]);
    frame_renew(1);
    format_type(frame[0]);
    EXPECT(sys_disk_type(0, 0, frame[0], 3), 0);
    EXPECT(disk_wait(3), 2);
    EXPECT(sys_registry_read(0, DISK_WHOLE, 64, frame[1], 0, 6) >= 0, 1);
    EXPECT(disk_wait(6), 0);
    frame_renew(1);
}

int
main(void)
{
    uint64_t calls = argument("calls=", CALLS);
    uint64_t theirs;
    unsigned others;

    state ^= argument("seed=", 1) << 20;
    prepare();
    others = argument("storm=", 0) == 0 ? 0 : storm_begin(argument("seed=", 1));
    for (uint64_t i = 0; i < calls; i++) {
        unsigned number = 51 + (unsigned)below(12);

        if (number == 62 && below(10) != 0) {
            number = 57;
        }
        done[number] += call_one(number) >= 0;
        answers_take((unsigned)below(24));
        for (unsigned f = 0; f < FRAMES; f++) {
            frame_renew(f);
        }
        if (others == 0 && i % (calls / 4 + 1) == 0) {
            settle();
        }
    }
    theirs = storm_end();
    settle();
    printf("disk_fuzz: done: %lu others'", theirs);
    for (unsigned number = 51; number < 63; number++) {
        printf(" %lu", done[number]);
    }
    printf("\n");
    return 0;
}
