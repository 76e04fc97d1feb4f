/* SPDX-License-Identifier: MIT */
/*
 * A type whose programs burn nearly all the fuel that they have, by divisions,
 * before they answer. Each call that runs them is counted in instructions, with
 * an interrupt that may come right behind it.
 */
#include <string.h>

#include "kern/abi/error.h"
#include "test/user/child.h"
#include "test/user/disk_format.h"
#include "test/user/download.h"
#include "test/user/expect.h"

/* No entry of the kernel takes more than 20,000, and so does no call here, with
   what it is interrupted by. */
#define LIMIT 20000
#define ROUNDS 205 /* what there is fuel for */
#define TRIES 6

#define DIVIDE INSTRUCTION(CODE_ALU | CODE_DIV | CODE_X, 2, 3, 0, 0)
#define BURN(...)                                                              \
    __VA_ARGS__, SET(2, 7), SET(3, 3), DIVIDE, DIVIDE, DIVIDE, DIVIDE, DIVIDE, \
        DIVIDE, DIVIDE, DIVIDE, DIVIDE, DIVIDE,                                \
        INSTRUCTION(CODE_ALU64 | CODE_ADD, 6, 0, 0, -1),                       \
        JUMP_IF(CODE_JNE, 6, 0, -12)
#define EMIT INSTRUCTION(CODE_JMP | CODE_CALL, 0, 0, 0, CODE_EMIT)

/* Ten divisions, at 6, a sum and a jump back: 67 of fuel. */
static const struct code_instruction owns[] = {
    BURN(LOAD(6, 1, offsetof(struct node, zero), CODE_DW)),
    SET(1, DATA),
    SET(2, DATA_BLOCKS),
    SET(3, 0),
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

/* The most that a call took. */
struct most {
    uint64_t most;
};

static void
most_add(struct most *m, uint64_t took)
{
    m->most = took > m->most ? took : m->most;
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
    before = instructions();
    result = sys_disk_change(0, 0, 1, 4);
    most_add(l, instructions() - before);
    return result < 0 ? result : disk_wait(4);
}

static uint64_t
entry_read(uint64_t parent, uint64_t block, uint64_t page, uint64_t flags,
           struct most *l)
{
    uint64_t before;
    int64_t result;

    do {
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
    uint64_t before = instructions();
    int64_t result = sys_registry_write(0, entry, 5);

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
        uint64_t before = instructions();

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
    uint64_t before = instructions();
    int64_t result = sys_disk_type(0, 0, frame, 3);

    most_add(l, instructions() - before);
    return result;
}

/* A node that `owns` divides so often over. */
static void
node_make(uint64_t rounds)
{
    format_node(1);
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
    uint64_t raw;

    frame = frame_clean(0);
    raw = disk_bind_whole(0, DISK_BOTH);
    format_label(0, raw, frame);
    EXPECT(sys_release(RELEASE_BINDING, raw), 0);
    recover(frame_clean(0), &nothing);
    format_type_of(frame, &programs);
    EXPECT(type_install(&nothing), 0);
    EXPECT(disk_wait(3), 2);
    catalogue = entry_read(DISK_WHOLE, 64, frame_clean(0), 0, &nothing);
    memset(format_bytes, 0, sizeof(format_bytes));
    *t = (struct disk_tree){.first = NODE, .count = 1, .type = 2};
    EXPECT(change(catalogue, 1, &nothing), 0);
    node = entry_read(catalogue, NODE, 0, REGISTRY_READ_CREATE, &nothing);
    node_make(ROUNDS);
    EXPECT(change(node, DATA_BLOCKS, &changes), 0);
    for (unsigned i = 0; i < TRIES; i++) {
        node_make(ROUNDS * 100); /* it is stopped */
        EXPECT(change(node, 0, &changes), -EINVAL);
        node_make(ROUNDS);
        EXPECT(change(node, 0, &changes), 0);
        EXPECT(sys_release(RELEASE_BINDING, bind(node, &binds)), 0);
        (void)entry_read(node, DATA + 1 + i, frame_clean(0),
                         REGISTRY_READ_INSERT, &reads);
        write(node, &writes);
    }
    printf("disk_dear: change %lu, read %lu, bind %lu, write %lu, catalogue, "
           "type and recovery %lu\n",
           changes.most, reads.most, binds.most, writes.most, nothing.most);
    EXPECT(binds.most > CODE_FUEL_OWNS / 2, 1);
    EXPECT(changes.most <= LIMIT && reads.most <= LIMIT, 1);
    EXPECT(binds.most <= LIMIT && writes.most <= LIMIT, 1);
    EXPECT(nothing.most <= LIMIT, 1);
    printf("disk_dear: done\n");
    return 0;
}
