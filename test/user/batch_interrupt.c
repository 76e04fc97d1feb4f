/* SPDX-License-Identifier: MIT */
/*
 * A batch ends early when an interrupt waits. Only for runs under -icount: so
 * few calls are then far from the other reason to end early. What interrupts is
 * a byte that is typed. That answers what the batches themselves write, for
 * else it comes when it is handled at once, between batches.
 */
#include "lib/exo/exo.h"
#include "test/user/expect.h"

#define ENTRIES 8
#define BATCHES 5000
#define TEXT 0x0a3a657079540a0aUL /* "\n\nType:\n" */
#define TEXT_SIZE 8

static int64_t
batch_write(void)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        uint64_t *entry = &exo_uarea->batch[4 * i];

        entry[0] = BATCH_HEADER(NUMBER_console_write, 3);
        entry[1] = 0;
        entry[2] = TEXT;
        entry[3] = TEXT_SIZE;
    }
    return sys_batch(0, ENTRIES);
}

int
main(void)
{
    const volatile struct uarea *after = exo_uarea;

    for (unsigned i = 0; i < BATCHES; i++) {
        int64_t result = batch_write();

        if (result == -EAGAIN) {
            EXPECT(after->batch_done > 0, 1);
            EXPECT(after->batch_done < ENTRIES, 1);
            EXPECT(after->batch_next, 4 * after->batch_done);
            EXPECT(after->batch[after->batch_next],
                   BATCH_HEADER(NUMBER_console_write, 3));
            printf("test: a batch ended early\n");
            return 0;
        }
        EXPECT(result, ENTRIES);
    }
    printf("test: no batch ended early\n");
    return 1;
}
