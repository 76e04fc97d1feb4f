/* SPDX-License-Identifier: MIT */
/*
 * An env that has loaded as much code as it can keeps no disk from having its
 * types: neither those that are there when it is recovered, nor a new one.
 */
#include "kern/abi/error.h"
#include "lib/exo/map.h"
#include "test/user/child.h"
#include "test/user/disk_format.h"
#include "test/user/download.h"
#include "test/user/expect.h"

#define CODES 512

static int64_t code[CODES];

static unsigned
code_fill(uint64_t page)
{
    static const struct code_instruction word_is[] = {WORD_IS};
    struct code_instruction *program = exo_map_borrow(0, page);
    unsigned count = 0;
    int64_t made;

    for (unsigned i = 0; i < WORD_IS_COUNT; i++) {
        program[i] = word_is[i];
    }
    exo_map_return();
    while ((made = download(0, page, WORD_IS_COUNT)) >= 0) {
        EXPECT(count < CODES, 1);
        code[count++] = made;
    }
    EXPECT(made == -EDQUOT || made == -ENOSPC, 1);
    return count;
}

/* The number of a type that takes every block for empty. */
static int64_t
type_install(uint64_t frame, const char *name)
{
    static const struct code_instruction nothing[] = {SET(0, 0), EXIT_PROGRAM};
    const struct format_programs programs = {name, nothing, 2, nothing, 2};

    format_type_of(frame, &programs);
    EXPECT(sys_disk_type(0, 0, frame, 3), 0);
    return disk_wait(3);
}

int
main(void)
{
    uint64_t frame = frame_clean(0);
    uint64_t raw = disk_bind_whole(0, DISK_BOTH);
    unsigned count;

    format_label(0, raw, frame);
    format_type(frame);
    EXPECT(sys_disk_write(0, raw, 2, disk_piece(frame, 0, 1), 1), 0);
    EXPECT(disk_wait(1), 0);
    EXPECT(sys_release(RELEASE_BINDING, raw), 0);
    count = code_fill(frame_clean(0));
    format_recover(0, frame_clean(0));
    format_type(frame);
    EXPECT(sys_disk_type(0, 0, frame, 3), 0);
    EXPECT(disk_wait(3), 2); /* it was known */
    EXPECT(type_install(frame, "nothing"), 3);
    for (unsigned i = 0; i < count; i++) {
        EXPECT(sys_release(RELEASE_CODE, (uint64_t)code[i]), 0);
    }
    EXPECT(ACCOUNT_ROW[ACCOUNT_FIRST].used[ACCOUNT_CODE], 0);
    printf("disk_code: done\n");
    return 0;
}
