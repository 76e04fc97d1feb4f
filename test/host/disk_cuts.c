/* SPDX-License-Identifier: MIT */
/*
 * Power cuts: the same game as in disk_edits.c, cut at random places with any
 * of the writes that no flush made stay. After each, recovery runs, and what
 * must hold is checked; then the game goes on with what it left.
 *
 * Arguments: how many cuts; and what is left out, which a cut must then show:
 * the flush before a write of metadata, or the one after it.
 */
#include "test/host/disk_machine.h"

#define CUTS_A_DISK 200

int
main(int count, char **argument)
{
    uint64_t cuts = count > 1 ? strtoull(argument[1], NULL, 10) : 1000;
    const char *without = count > 2 ? argument[2] : "";
    uint64_t frozen = 0;
    uint64_t accepted = 0;
    uint64_t seed = 1000;

    for (uint64_t done = 0; done < cuts;) {
        machine_begin(seed++);
        machine->hurry = seed % 2 == 0;
        machine->no_flush_before = strcmp(without, "before") == 0;
        machine->no_flush_after = strcmp(without, "after") == 0;
        while (machine->cuts < CUTS_A_DISK && done + machine->cuts < cuts) {
            for (uint64_t steps = machine_below(400); steps > 0; steps--) {
                play_step(20);
            }
            machine_cut();
        }
        done += machine->cuts;
        frozen += machine->frozen;
        accepted += machine->accepted;
        machine_end();
    }
    (void)printf("%llu cuts, %llu changes, %llu blocks found with two owners\n",
                 (unsigned long long)cuts, (unsigned long long)accepted,
                 (unsigned long long)frozen);
    CHECK(frozen > 0);
    return 0;
}
