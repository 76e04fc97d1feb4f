/* SPDX-License-Identifier: MIT */
/* Rows of tables that others write. */
#include <string.h>

#include "user/exo/machine.h"

/* How often a row that changes all the time is read again. */
#define TRIES 1000

static uint32_t
sequence_read(const volatile uint32_t *sequence)
{
    uint32_t value = *sequence;

    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return value;
}

bool
machine_env(const struct machine *m, unsigned index, struct env_row *row)
{
    const volatile struct env_row *from = &m->envs[index];

    for (unsigned i = 0; i < TRIES; i++) {
        uint32_t before = sequence_read(&from->sequence);

        *row = *from;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (before % 2 == 0 && from->sequence == before) {
            return row->state != ENV_NONE;
        }
    }
    return false;
}

bool
machine_env_find(const struct machine *m, uint32_t id, struct env_row *row)
{
    unsigned index = id >> 20;

    return id != 0 && index < ENVS_MAX && machine_env(m, index, row) &&
           row->id == id;
}

bool
machine_process(const struct machine *m, unsigned index, struct process *row)
{
    *row = m->processes->process[index];
    row->name[POSIX_PROCESS_NAME - 1] = '\0';
    return row->state != PROCESS_FREE;
}

bool
machine_process_of(const struct machine *m, uint32_t env, struct process *row)
{
    for (unsigned i = 0; i < POSIX_PROCESSES; i++) {
        if (machine_process(m, i, row) && row->env == env &&
            row->state != PROCESS_ZOMBIE) {
            return true;
        }
    }
    return false;
}

void
machine_env_name(const struct machine *m, uint32_t env,
                 char name[POSIX_PROCESS_NAME])
{
    struct process row;

    name[0] = '\0';
    if (machine_process_of(m, env, &row)) {
        memcpy(name, row.name, POSIX_PROCESS_NAME);
    }
}
