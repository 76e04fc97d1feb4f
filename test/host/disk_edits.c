/* SPDX-License-Identifier: MIT */
/*
 * Two types of file system that wish each other no good, on one disk: random
 * changes, writes and failures, and after each change every block has the one
 * owner that it should have, by the model. Arguments: how many changes are to
 * be tried, and whether types are to be programs that are interpreted.
 */
#include "test/host/disk_machine.h"

int
main(int count, char **argument)
{
    uint64_t edits = count > 1 ? strtoull(argument[1], NULL, 10) : 60000;
    bool interpret = count > 2 && strcmp(argument[2], "interpret") == 0;
    uint64_t accepted = 0;
    uint64_t refused = 0;
    uint64_t writes = 0;
    uint64_t tried;
    uint64_t seed = 1;

    while (accepted + refused < edits) {
        machine_begin(seed++);
        machine->interpret = interpret;
        machine->hurry = seed % 2 == 0;
        while (machine->accepted + machine->refused < 20000 &&
               accepted + refused + machine->accepted + machine->refused <
                   edits) {
            uint64_t before = machine->accepted;

            play_step(60);
            if (machine->accepted != before) {
                model_check();
            }
        }
        accepted += machine->accepted;
        refused += machine->refused;
        writes += machine->writes;
        machine_end();
    }
    tried = accepted + refused;
    (void)printf("%llu changes: %llu accepted, %llu refused; %llu blocks of "
                 "metadata written\n",
                 (unsigned long long)tried, (unsigned long long)accepted,
                 (unsigned long long)refused, (unsigned long long)writes);
    /* It is no test if nearly all is refused. */
    CHECK(accepted > edits / 10 && refused > edits / 10);
    CHECK(writes > edits / 100);
    return 0;
}
