/* SPDX-License-Identifier: MIT */
/*
 * One change at a time is made on a disk: who was refused for that goes before
 * who just had it, if it asks again soon, and only then.
 */
#include <string.h>

#include "test/user/disk_format.h"
#include "test/user/disk_puppet.h"
#include "test/user/download.h"
#include "test/user/expect.h"

/* Time is the machine's: where it took too long a round shows nothing. */
#define LASTS (10 * MILLISECOND) /* a turn of who does not ask again */
#define SOON (8 * MILLISECOND)
#define ROUNDS 20
#define TRIES 2000

#define DIVIDE INSTRUCTION(CODE_ALU | CODE_DIV | CODE_X, 2, 3, 0, 0)
#define FIVE_DIVISIONS DIVIDE, DIVIDE, DIVIDE, DIVIDE, DIVIDE

static uint64_t frame;
static uint64_t spare;
static uint64_t catalogue;
static uint64_t node;

/* Nodes of which it takes long to see what they own: no call does all of it. */
static void
type_slow(void)
{
    static const struct code_instruction owns[] = {
        SET(0, 0),
        SET(6, 200),
        SET(2, 7),
        SET(3, 3),
        FIVE_DIVISIONS,
        FIVE_DIVISIONS,
        INSTRUCTION(CODE_ALU64 | CODE_ADD, 6, 0, 0, -1),
        JUMP_IF(CODE_JNE, 6, 0, -12),
        EXIT_PROGRAM,
    };
    static const struct code_instruction access_code[] = {SET(0, 8),
                                                          EXIT_PROGRAM};
    static const struct format_programs programs = {
        "slow", owns, sizeof(owns) / sizeof(owns[0]), access_code, 2};

    format_type_of(frame, &programs);
    EXPECT(sys_disk_type(0, 0, frame, 3), 0);
    EXPECT(disk_wait(3), 2);
}

static int64_t
propose(uint64_t entry, uint64_t to, uint64_t claimed)
{
    exo_uarea->batch[0] = claimed;
    exo_uarea->batch[1] = 0;
    exo_uarea->batch[2] = entry | frame << 32;
    exo_uarea->batch[3] = to;
    exo_uarea->batch[4] = ENTRY[entry].version;
    return sys_disk_change(0, 0, 1, 4);
}

/* A tree of one node, which owns nothing. */
static void
tree(void)
{
    struct disk_tree *t = (struct disk_tree *)format_bytes;

    catalogue =
        (uint64_t)sys_registry_read(0, DISK_WHOLE, 64, frame_clean(0), 0, 6);
    EXPECT(disk_wait(6), 0);
    memset(format_bytes, 0, sizeof(format_bytes));
    *t = (struct disk_tree){.first = NODE, .count = 1, .type = 2};
    format_fill(frame);
    EXPECT(propose(catalogue, frame_clean(0), 1), 0);
    EXPECT(disk_wait(4), 0);
    do {
        node = (uint64_t)sys_registry_read(0, catalogue, NODE, 0,
                                           REGISTRY_READ_CREATE, 6);
    } while ((int64_t)node == -EAGAIN);
    EXPECT(disk_wait(6), 0);
    format_node(0);
    format_fill(frame);
    EXPECT(propose(node, frame_clean(0), 0), 0);
    EXPECT(disk_wait(4), 0);
    EXPECT(propose(node, frame_clean(0), 0), 0); /* and leaves a spare one */
    EXPECT(disk_wait(4), 0);
}

/* What the puppet proposes is looked at, and refused when it has been. */
static int64_t
their_proposal(void)
{
    PUPPET->batch = 0;
    PUPPET->more[0] = 0;
    PUPPET->more[1] = node | spare << 32;
    PUPPET->more[2] = 0;
    PUPPET->more[3] = ENTRY[node].version;
    return puppet_call(CALL_disk_change, CHILD_CAP_OWN, 0, 1, 1, 0);
}

/* Until no change is being made. */
static void
over_await(void)
{
    while (ENTRY[node].flags & REGISTRY_CHANGING) {
        (void)sys_disk_recover(0, 0); /* a step */
    }
}

static void
theirs_begins(void)
{
    int64_t result;

    do {
        result = their_proposal();
    } while (result == -EAGAIN);
    EXPECT(result, 0);
    EXPECT(ENTRY[node].flags & REGISTRY_CHANGING, REGISTRY_CHANGING);
}

/* It just had it, and this env was refused meanwhile: whether that was seen. */
static bool
round_seen(void)
{
    uint64_t begun;
    int64_t theirs;
    int64_t again;

    theirs_begins();
    begun = time_now();
    EXPECT(propose(node, 0, 0), -EAGAIN);
    over_await();
    theirs = their_proposal();
    if (time_now() - begun > SOON) {
        over_await();
        return false;
    }
    EXPECT(theirs, -EAGAIN);
    EXPECT(propose(node, 0, 0), 0);
    /* And the other way round: what it waits for is not this env's. */
    begun = time_now();
    EXPECT(their_proposal(), -EAGAIN);
    over_await();
    EXPECT(disk_wait(4), 0);
    again = propose(node, 0, 0);
    if (time_now() - begun > SOON) {
        if (again == 0) {
            EXPECT(disk_wait(4), 0);
        }
        return false;
    }
    EXPECT(again, -EAGAIN);
    EXPECT(their_proposal(), 0);
    over_await();
    return true;
}

/* Who does not ask again keeps nobody waiting. */
static void
lapse(void)
{
    uint64_t begun = time_now();

    theirs_begins();
    EXPECT(propose(node, 0, 0), -EAGAIN);
    over_await();
    do {
        over_await();
    } while (their_proposal() == -EAGAIN && time_now() - begun < 100 * LASTS);
    EXPECT(time_now() - begun >= LASTS, 1);
    EXPECT(time_now() - begun < 100 * LASTS, 1);
    over_await();
}

int
main(void)
{
    unsigned seen = 0;
    uint64_t raw;

    (void)puppet_open();
    frame = frame_clean(0);
    raw = disk_bind_whole(0, DISK_BOTH);
    format_label(0, raw, frame);
    EXPECT(sys_release(RELEASE_BINDING, raw), 0);
    format_recover(0, frame_clean(0));
    type_slow();

    tree();
    puppet_make(0, false);
    spare = (uint64_t)puppet_call(CALL_frame_alloc, CHILD_CAP_OWN, 0, 0, 0, 0);
    (void)puppet_call(CALL_frame_scrub, spare, 0, 0, 0, 0);
    for (unsigned i = 0; i < TRIES && seen < ROUNDS; i++) {
        seen += round_seen();
    }
    EXPECT(seen, ROUNDS);
    lapse();
    child_end(&puppet);
    printf("disk_turn: done\n");
    return 0;
}
