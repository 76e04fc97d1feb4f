/* SPDX-License-Identifier: MIT */
/*
 * An env without rights reads and writes nothing of a disk, by any call; nor
 * does one with rights by what has become stale. And one that asks for all that
 * it can get leaves enough for others.
 *
 * The puppet has no rights on the disk, then only a binding of two blocks.
 */
#include "test/user/disk_puppet.h"
#include "test/user/expect.h"

#define CALLS_TRIED 3000

static uint64_t binding;
static uint64_t frame;

static uint64_t
random_next(void)
{
    static uint64_t state = 88172645463325252;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* A handle, more or less. */
static uint64_t
handle_pick(void)
{
    switch (random_next() % 4) {
    case 0:
        return binding;
    case 1:
        return binding ^ 1UL << random_next() % 64;
    case 2:
        return (random_next() % 8) << 32 | random_next() % 1024;
    default:
        return random_next();
    }
}

/* Nothing that the puppet does has an effect: no request, no binding. */
static void
strangers(uint64_t own)
{
    uint64_t reads = DISK_ROW[0].reads;
    uint64_t writes = DISK_ROW[0].writes;
    uint64_t others = DISK_ROW[0].flushes + DISK_ROW[0].discards;

    PUPPET->batch = DISK_PIECE(own, 0, 1);
    for (unsigned i = 0; i < CALLS_TRIED; i++) {
        uint64_t cap = random_next() % 8;
        uint64_t handle = handle_pick();
        int64_t result;

        switch (random_next() % 6) {
        case 0:
            result = puppet_call(
                CALL_disk_bind, cap, random_next() % 2 ? DISK_WHOLE : handle,
                random_next() % 64, random_next() % 64, random_next() % 5);
            break;
        case 1:
            result = puppet_call(CALL_disk_read, cap, handle, 0, 1, i);
            break;
        case 2:
            result = puppet_call(CALL_disk_write, cap, handle, 0, 1, i);
            break;
        case 3:
            result = puppet_call(CALL_disk_flush, handle, i, 0, 0, 0);
            break;
        case 4:
            result = puppet_call(CALL_disk_discard, handle, 0, 1, i, 0);
            break;
        default:
            result =
                puppet_call(CALL_release, RELEASE_BINDING, handle, 0, 0, 0);
            break;
        }
        EXPECT(result < 0 && result != -EAGAIN, 1);
    }
    EXPECT(PUPPET->posted, 0);
    EXPECT(DISK_ROW[0].reads, reads);
    EXPECT(DISK_ROW[0].writes, writes);
    EXPECT(DISK_ROW[0].flushes + DISK_ROW[0].discards, others);
    /* Ours is there still. */
    EXPECT(sys_disk_read(0, binding, 7, disk_piece(frame, 0, 1), 1), 0);
    EXPECT(disk_wait(1), 0);
    EXPECT(disk_word(0, frame, 0), 7);
}

/* With a binding of its own it reaches that, by frames that are its own. */
static void
bounds(uint64_t own)
{
    uint64_t narrow;
    uint64_t posted = 0;

    EXPECT(sys_cap_grant(0, CAP_CHILD, puppet.id, 4, CAP_RIGHTS_ALL), 0);
    narrow =
        (uint64_t)puppet_call(CALL_disk_bind, 4, DISK_WHOLE, 10, 2, CAP_READ);
    EXPECT((int64_t)narrow > 0, 1);
    EXPECT(puppet_call(CALL_cap_drop, 4, 0, 0, 0, 0), 0);
    PUPPET->batch = DISK_PIECE(own, 0, 1);
    for (uint64_t block = 0; block < 2; block++) {
        EXPECT(puppet_call(CALL_disk_read, CHILD_CAP_OWN, narrow, block, 1, 1),
               0);
        posted++;
        while (PUPPET->posted < posted) {
            disk_sleep(2);
            EXPECT(puppet_call(CALL_null, 0, 0, 0, 0, 0), 0);
        }
        EXPECT(disk_word(CAP_CHILD, own, 0), 10 + block);
    }
    EXPECT(puppet_call(CALL_disk_read, CHILD_CAP_OWN, narrow, 2, 1, 1),
           -EINVAL);
    EXPECT(puppet_call(CALL_disk_read, CHILD_CAP_OWN, narrow, ~0UL, 1, 1),
           -EINVAL);
    EXPECT(puppet_call(CALL_disk_read, CHILD_CAP_OWN, narrow, ~0UL - 9, 1, 1),
           -EINVAL);
    EXPECT(puppet_call(CALL_disk_write, CHILD_CAP_OWN, narrow, 0, 1, 1),
           -EPERM);
    /* Into a frame that it may only read, of the parent's: entry 3. */
    PUPPET->batch = DISK_PIECE(frame, 0, 1);
    EXPECT(puppet_call(CALL_disk_read, 3, narrow, 0, 1, 1), -EPERM);
    EXPECT(puppet_call(CALL_disk_read, CHILD_CAP_OWN, narrow, 0, 1, 1), -EPERM);
    EXPECT(sys_release(RELEASE_BINDING, narrow), -ESTALE);
    EXPECT(puppet_call(CALL_release, RELEASE_BINDING, narrow, 0, 0, 0), 0);
    PUPPET->batch = DISK_PIECE(own, 0, 1);
    EXPECT(puppet_call(CALL_disk_read, CHILD_CAP_OWN, narrow, 0, 1, 1),
           -ESTALE);
    EXPECT(PUPPET->posted, posted);
}

/* A new env in the place of an old one has nothing of that. */
static void
successor(void)
{
    uint64_t old = puppet.id;
    int64_t handle;

    EXPECT(sys_cap_grant(0, CAP_CHILD, puppet.id, 4, CAP_RIGHTS_ALL), 0);
    handle = puppet_call(CALL_disk_bind, 4, DISK_WHOLE, 0, 8, DISK_BOTH);
    EXPECT(handle > 0, 1);
    child_end(&puppet);
    puppet_make(0, true);
    EXPECT(puppet.id >> 20, old >> 20);
    EXPECT(puppet_call(CALL_disk_flush, (uint64_t)handle, 1, 0, 0, 0), -ESTALE);
}

int
main(void)
{
    uint64_t own;

    (void)puppet_open();
    frame = frame_clean(0);
    binding = disk_bind_whole(0, DISK_BOTH);
    puppet_make(0, false);
    own = frame_clean(CAP_CHILD);
    disk_word_set(CAP_CHILD, own, 0, 4711);
    strangers(own);
    EXPECT(disk_word(CAP_CHILD, own, 0), 4711);
    bounds(own);
    successor();
    child_end(&puppet);
    EXPECT(sys_release(RELEASE_BINDING, binding), 0);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_REQUESTS], 0);
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_BINDINGS], 0);
    printf("disk_attack: done\n");
    return 0;
}
