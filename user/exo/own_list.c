/* SPDX-License-Identifier: MIT */
#include "user/exo/own_list.h"

#include <unistd.h>

#include "lib/exo/map.h"
#include "lib/posix/layout.h"
#include "user/bin/program.h"

/* Where nothing else is: between mappings and the window. */
#define LIST_ADDRESS POSIX_MAP_END

/* The list is memory under the env's own name, which the kernel alone writes.
 */
static void
list_map(const struct machine *m)
{
    const struct exo_map map = exo_map_own();
    const struct exo_range range = {LIST_ADDRESS, 1, 0};
    struct process self;
    struct env_row row;

    for (unsigned i = 0; i < POSIX_PROCESSES; i++) {
        if (machine_process(m, i, &self) && self.pid == getpid() &&
            machine_env_find(m, self.env, &row)) {
            uint64_t frame = row.list;
            int64_t error =
                exo_map_insert(&map, &range, POSIX_CAP_OWN, &frame, EXO_R);

            if (error < 0) {
                program_die("the capability list cannot be mapped: error %d",
                            (int)error);
            }
            return;
        }
    }
    program_die("process %d has no env", (int)getpid());
}

const struct cap_list *
own_list(const struct machine *m)
{
    static bool mapped;

    if (!mapped) {
        list_map(m);
        mapped = true;
    }
    return (const struct cap_list *)LIST_ADDRESS;
}

int
own_list_control(const struct machine *m, const struct env_row *row)
{
    /* What an env's record is under is the env's name. */
    const struct cap_name guard = {{m->frames[row->record].guard.word[0],
                                    m->frames[row->record].guard.word[1]}};
    const struct cap_list *list = own_list(m);

    for (int i = 0; i < CAP_LIST_ENTRIES; i++) {
        const struct cap *c = &list->entry[i];

        if (c->held != 0 && (c->rights & CAP_CONTROL) != 0 &&
            (guard.word[0] & c->mask.word[0]) == c->name.word[0] &&
            (guard.word[1] & c->mask.word[1]) == c->name.word[1]) {
            return i;
        }
    }
    return -1;
}
