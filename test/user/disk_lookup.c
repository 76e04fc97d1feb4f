/* SPDX-License-Identifier: MIT */
/*
 * What a call on a disk has found out of an image is kept for the next try of
 * its hart: an env on another hart that asks of another image without pause
 * keeps nobody from getting on.
 */
#include <string.h>

#include "test/user/disk_format.h"
#include "test/user/expect.h"
#include "test/user/harts.h"

#define NUMBER(number, name, path, arguments, meaning) CALL_##name = (number),
enum { CALL_TABLE(NUMBER) };
#undef NUMBER

#define BINDS 400
#define TRIES 8 /* of one: three runs of programs, and some to spare */
#define THEIRS (DATA + DATA_BLOCKS)

struct spin {
    volatile uint64_t node;
    volatile uint64_t tries;
    volatile uint64_t bound;
    volatile uint64_t stop;
};
#define SPIN ((volatile struct spin *)SHARED)

static uint64_t frame;
static uint64_t raw;

/* Asks for a binding, of which each takes some tries, and asks again. */
static void
spinner(struct uarea *uarea)
{
    uarea->entry_epilogue = 0;
    while (SPIN->stop == 0) {
        int64_t result = -EAGAIN;

        if (SPIN->node != 0) {
            result = call_raw(CALL_disk_bind, CHILD_CAP_OWN, SPIN->node, THEIRS,
                              1, DISK_BOTH, 0);
            SPIN->tries++;
        }
        if (result > 0) {
            (void)call_raw(CALL_release, RELEASE_BINDING, (uint64_t)result, 0,
                           0, 0, 0);
            SPIN->bound++;
        }
    }
    for (;;) {
        (void)exo_sleep(uarea);
    }
}

static void
block_write(uint64_t block)
{
    format_fill(frame);
    EXPECT(sys_disk_write(0, raw, block, disk_piece(frame, 0, 1), 1), 0);
    EXPECT(disk_wait(1), 0);
}

/* A tree for each of the two, with an extent of data. */
static void
trees_write(const struct cap_name *guard)
{
    struct disk_tree *t = (struct disk_tree *)format_bytes;
    struct node *n = (struct node *)format_bytes;

    format_label(0, raw, frame);
    format_type(frame);
    block_write(2);
    memset(format_bytes, 0, sizeof(format_bytes));
    for (unsigned i = 0; i < 2; i++) {
        t[i] = (struct disk_tree){.first = NODE + i, .count = 1, .type = 2};
    }
    block_write(DISK_CATALOGUE_BLOCK);
    format_node(1);
    block_write(NODE);
    n->guard = *guard;
    n->extent[0].first = THEIRS;
    block_write(NODE + 1);
    EXPECT(sys_release(RELEASE_BINDING, raw), 0);
}

static uint64_t
entry_read(uint64_t parent, uint64_t block)
{
    uint64_t page = frame_clean(0);
    int64_t result;

    do {
        result = sys_registry_read(0, parent, block, page, 0, 6);
    } while (result == -EAGAIN);
    EXPECT(result >= 0, 1);
    EXPECT(disk_wait(6), 0);
    return (uint64_t)result;
}

/* The most tries that a binding took. */
static unsigned
binds_make(uint64_t node)
{
    unsigned most = 0;

    for (unsigned i = 0; i < BINDS; i++) {
        unsigned tries = 0;
        int64_t result;

        do {
            result = sys_disk_bind(0, node, DATA, 1, DISK_BOTH);
            tries++;
        } while (result == -EAGAIN);
        EXPECT(result > 0, 1);
        EXPECT(sys_release(RELEASE_BINDING, (uint64_t)result), 0);
        most = tries > most ? tries : most;
        /* Of another image next time. */
        EXPECT(sys_disk_bind(0, 0, DATA, 1, DISK_BOTH) < 0, 1);
    }
    return most;
}

int
main(void)
{
    uint64_t page = frame_clean(0);
    const volatile struct frame *f;
    struct cap_name guard;
    struct child child;
    uint64_t catalogue;
    uint64_t node;

    (void)window_open(page);
    EXPECT(harts_open() >= 2, 1);
    child = harts_child(page, spinner, 1, 0);
    f = &FRAME_ROW[child.uarea];
    guard = (struct cap_name){{f->guard.word[0], f->guard.word[1]}};
    frame = frame_clean(0);
    raw = disk_bind_whole(0, DISK_BOTH);
    trees_write(&guard);
    format_recover(0, frame_clean(0));
    catalogue =
        (uint64_t)sys_registry_read(0, DISK_WHOLE, 64, frame_clean(0), 0, 6);
    EXPECT(catalogue, 0);
    EXPECT(disk_wait(6), 0);
    node = entry_read(catalogue, NODE);
    SPIN->node = entry_read(catalogue, NODE + 1);
    harts_slots(child.id, 1, 1);
    harts_wait_for(&SPIN->bound, 10);
    EXPECT(SPIN->bound >= 10, 1);
    EXPECT(binds_make(node) <= TRIES, 1);
    SPIN->stop = 1;
    printf("disk_lookup: done: %lu tries of the other, %lu bindings\n",
           SPIN->tries, SPIN->bound);
    return 0;
}
