/* SPDX-License-Identifier: MIT */
/*
 * A type whose programs burn nearly all the fuel that they have, by divisions,
 * before they answer. Each call that runs them is counted in instructions,
 * right after the edge of a slot, so that the next is not among them; and each
 * edge while a change is on its way, which goes on there.
 */
#include <string.h>

#include "kern/abi/error.h"
#include "kern/abi/information.h"
#include "test/user/child.h"
#include "test/user/disk_format.h"
#include "test/user/download.h"
#include "test/user/expect.h"

#define LIMIT 20000 /* of instructions in one entry of the kernel */
#define ROUNDS 204  /* what there is fuel for */
#define TYPE 2
#define CHILD (DATA + 100)
#define TRIES 6
#define AFTER 50 /* looks at the time after an edge */

#define DIVIDE INSTRUCTION(CODE_ALU | CODE_DIV | CODE_X, 2, 3, 0, 0)
#define BURN(...)                                                              \
    __VA_ARGS__, SET(2, 7), SET(3, 3), DIVIDE, DIVIDE, DIVIDE, DIVIDE, DIVIDE, \
        DIVIDE, DIVIDE, DIVIDE, DIVIDE, DIVIDE,                                \
        INSTRUCTION(CODE_ALU64 | CODE_ADD, 6, 0, 0, -1),                       \
        JUMP_IF(CODE_JNE, 6, 0, -12)
#define EMIT INSTRUCTION(CODE_JMP | CODE_CALL, 0, 0, 0, CODE_EMIT)

/* Ten divisions, at 6, a sum and a jump back: 67 of fuel. What the node counts
   are extents: none, the data, or that and a node. */
static const struct code_instruction owns[] = {
    LOAD(7, 1, offsetof(struct node, count), CODE_DW),
    BURN(LOAD(6, 1, offsetof(struct node, zero), CODE_DW)),
    JUMP_IF(CODE_JEQ, 7, 0, 9),
    SET(1, DATA),
    SET(2, DATA_BLOCKS),
    SET(3, 0),
    EMIT,
    JUMP_IF(CODE_JEQ, 7, 1, 4),
    SET(1, CHILD),
    SET(2, 1),
    SET(3, TYPE),
    EMIT,
    SET(0, 0),
    EXIT_PROGRAM};
static const struct code_instruction access_dear[] = {
    BURN(SET(6, 50)), SET(0, offsetof(struct node, guard)), EXIT_PROGRAM};

static uint64_t frame;

static uint64_t
instructions(void)
{
    uint64_t count;

    __asm__ volatile("rdinstret %0" : "=r"(count)::"memory");
    return count;
}

/* The most that a call, or an edge, took. */
struct most {
    uint64_t most;
};

static struct most edges;

static void
most_add(struct most *m, uint64_t took)
{
    m->most = took > m->most ? took : m->most;
}

static uint64_t
slot_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now /
           ((const volatile struct information *)INFORMATION_BOOT)->slot_ticks;
}

/* Waits for the edge of a slot, and a little for its interrupt: what that takes
   is added. */
static void
edge_pass(void)
{
    uint64_t slot = slot_now();
    unsigned after = 0;

    while (after < AFTER) {
        uint64_t before = instructions();

        after += slot_now() != slot;
        most_add(&edges, instructions() - before);
    }
}

static int64_t
change(uint64_t entry, uint64_t claimed, struct most *l)
{
    uint64_t before;
    int64_t result;

    format_fill(frame);
    exo_uarea->batch[0] = claimed;
    exo_uarea->batch[1] = 0;
    exo_uarea->batch[2] = entry | frame << 32;
    exo_uarea->batch[3] = frame_clean(0);
    exo_uarea->batch[4] = ENTRY[entry].version;
    edge_pass();
    before = instructions();
    result = sys_disk_change(0, 0, 1, 4);
    most_add(l, instructions() - before);
    edge_pass();
    edge_pass();
    return result < 0 ? result : disk_wait(4);
}

static uint64_t
entry_read(uint64_t parent, uint64_t block, uint64_t page, uint64_t flags,
           struct most *l)
{
    uint64_t before;
    int64_t result;

    do {
        edge_pass();
        before = instructions();
        result = sys_registry_read(0, parent, block, page, flags, 6);
        most_add(l, instructions() - before);
    } while (result == -EAGAIN);
    EXPECT(result >= 0, 1);
    EXPECT(disk_wait(6), 0);
    return (uint64_t)result;
}

static uint64_t
bind(uint64_t node, struct most *l)
{
    uint64_t before;
    int64_t result;

    do {
        edge_pass();
        before = instructions();
        result = sys_disk_bind(0, node, DATA, 1, DISK_BOTH);
        most_add(l, instructions() - before);
    } while (result == -EAGAIN);
    EXPECT(result > 0, 1);
    return (uint64_t)result;
}

/* With the first steps towards finding out that its data was never written. */
static void
write(uint64_t entry, struct most *l)
{
    uint64_t before;
    int64_t result;

    edge_pass();
    before = instructions();
    result = sys_registry_write(0, entry, 5);
    most_add(l, instructions() - before);
    EXPECT(result, 0);
    EXPECT(disk_wait(5), -EBUSY);
}

/* Of a disk without types: each step. */
static void
recover(uint64_t reading, struct most *l)
{
    int64_t wanted;

    do {
        uint64_t before;

        edge_pass();
        before = instructions();
        wanted = sys_disk_recover(0, 0);
        most_add(l, instructions() - before);
        if (wanted > 0) {
            EXPECT(sys_registry_read(0, DISK_WHOLE, (uint64_t)wanted - 1,
                                     reading, 0, 2),
                   0);
            EXPECT(disk_wait(2), 0);
            reading = 0;
        }
    } while (wanted != 0);
}

/* With the first steps towards its hash. */
static int64_t
type_install(struct most *l)
{
    uint64_t before;
    int64_t result;

    edge_pass();
    before = instructions();
    result = sys_disk_type(0, 0, frame, 3);
    most_add(l, instructions() - before);
    return result;
}

/* A node that `owns` divides so often over. */
static void
node_make(unsigned extents, uint64_t rounds)
{
    format_node(extents);
    ((struct node *)format_bytes)->zero = rounds;
}

int
main(void)
{
    static const struct format_programs programs = {
        .name = "dear",
        .owns = owns,
        .owns_count = sizeof(owns) / sizeof(*owns),
        .access = access_dear,
        .access_count = sizeof(access_dear) / sizeof(*access_dear)};
    struct disk_tree *t = (struct disk_tree *)format_bytes;
    struct most changes = {0};
    struct most reads = {0};
    struct most binds = {0};
    struct most writes = {0};
    struct most nothing = {0};
    uint64_t catalogue;
    uint64_t node;
    uint64_t child;
    uint64_t raw;

    frame = frame_clean(0);
    raw = disk_bind_whole(0, DISK_BOTH);
    format_label(0, raw, frame);
    EXPECT(sys_release(RELEASE_BINDING, raw), 0);
    recover(frame_clean(0), &nothing);
    format_type_of(frame, &programs);
    EXPECT(type_install(&nothing), 0);
    EXPECT(disk_wait(3), TYPE);
    catalogue = entry_read(DISK_WHOLE, 64, frame_clean(0), 0, &nothing);
    memset(format_bytes, 0, sizeof(format_bytes));
    *t = (struct disk_tree){.first = NODE, .count = 1, .type = TYPE};
    EXPECT(change(catalogue, 1, &nothing), 0);
    node = entry_read(catalogue, NODE, 0, REGISTRY_READ_CREATE, &nothing);
    node_make(1, ROUNDS);
    EXPECT(change(node, DATA_BLOCKS, &changes), 0);
    for (unsigned i = 0; i < TRIES; i++) {
        node_make(1, ROUNDS * 100); /* it is stopped */
        EXPECT(change(node, 0, &changes), -EINVAL);
        node_make(1, ROUNDS);
        EXPECT(change(node, 0, &changes), 0);
        EXPECT(sys_release(RELEASE_BINDING, bind(node, &binds)), 0);
        (void)entry_read(node, DATA + 1 + i, frame_clean(0),
                         REGISTRY_READ_INSERT, &reads);
        write(node, &writes);
    }
    /* A first image, which its parent's two programs let the caller write: they
       do not go into one entry. */
    node_make(2, ROUNDS);
    EXPECT(change(node, 1, &changes), 0);
    child = entry_read(node, CHILD, 0, REGISTRY_READ_CREATE, &reads);
    node_make(0, ROUNDS);
    EXPECT(change(child, 0, &changes), 0);
    printf("disk_dear: change %lu, read %lu, bind %lu, write %lu, catalogue, "
           "type and recovery %lu, edges %lu\n",
           changes.most, reads.most, binds.most, writes.most, nothing.most,
           edges.most);
    if (strstr(((const struct information *)INFORMATION_BOOT)->arguments,
               "uncounted") == NULL) {
        EXPECT(binds.most > CODE_FUEL_OWNS / 2, 1);
        EXPECT(changes.most <= LIMIT && reads.most <= LIMIT, 1);
        EXPECT(binds.most <= LIMIT && writes.most <= LIMIT, 1);
        EXPECT(nothing.most <= LIMIT && edges.most <= LIMIT, 1);
    }
    printf("disk_dear: done\n");
    return 0;
}
