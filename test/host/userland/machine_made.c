/* SPDX-License-Identifier: MIT */
/*
 * A machine of 64 pages, 2 harts, a disk and three processes, made up: what the
 * programs of user/exo print of it is known. With MACHINE_MOVES set, something
 * happens after the first look.
 */
#include <stdio.h>
#include <stdlib.h>

#include "user/exo/machine.h"

#define FREQUENCY 10000000u
#define FIRST 8 /* page of RAM */
#define PAGES 64
#define INIT 0x100001u
#define SHELL 0x200001u
#define SORT 0x300002u
#define GUEST 0x400001u /* an env that is no process */

static struct information boot;
static struct frame frames[FIRST + PAGES + FIRST];
static struct env_row envs[ENVS_MAX];
static struct account accounts[ACCOUNTS_MAX];
static struct disk_row disks[INFORMATION_DISKS];
static struct registry_entry registry[8];
static uint32_t slots[2 * SLOTS];
static struct process_table processes;
static uint64_t looks;

static void
frames_make(uint64_t from, uint64_t count, enum frame_type type, uint32_t owner)
{
    for (; count > 0; from++, count--) {
        frames[from] =
            (struct frame){.type = (uint8_t)type, .owner = owner, .maps = 1};
    }
}

static void
env_make(uint32_t id, uint32_t creator, uint32_t account, uint32_t record)
{
    envs[id >> 20] = (struct env_row){.sequence = 2,
                                      .id = id,
                                      .creator = creator,
                                      .account = account,
                                      .state = ENV_LIVE,
                                      .record = record};
    frames_make(record, 2, FRAME_ENV, id);
}

static void
process_make(int32_t pid, int32_t parent, uint32_t state, uint32_t env,
             const char *name)
{
    struct process *p = &processes.process[pid % POSIX_PROCESSES];

    *p = (struct process){.state = state,
                          .env = env,
                          .pid = pid,
                          .parent = parent,
                          .group = pid,
                          .session = 2,
                          .started = (uint64_t)pid * FREQUENCY};
    (void)snprintf(p->name, sizeof(p->name), "%s", name);
}

static void
machine_make(void)
{
    boot = (struct information){.frames = PAGES,
                                .time_frequency = FREQUENCY,
                                .hart_count = 2,
                                .disk_count = 1};
    frames_make(FIRST, 10, FRAME_KERNEL, 0);
    frames_make(FIRST + 10, PAGES - 10, FRAME_FREE, 0);
    frames[FIRST + 20].flags = FRAME_CLEAN;
    frames_make(FIRST + 30, 2, FRAME_REGISTRY, INIT);
    env_make(INIT, 0, 1, FIRST + 32);
    env_make(SHELL, INIT, 1, FIRST + 34);
    env_make(SORT, SHELL, 1, FIRST + 36);
    env_make(GUEST, INIT, 2, FIRST + 38);
    frames_make(FIRST + 40, 5, FRAME_DATA, SORT);
    frames[FIRST + 44].maps = 3;
    frames_make(FIRST + 46, 1, FRAME_TABLE_2, SORT);
    frames_make(FIRST + 47, 1, FRAME_SHADOW, SORT);
    frames_make(FIRST + 48, 1, FRAME_UAREA, SORT);
    frames_make(FIRST + 50, 1, FRAME_DATA, SHELL);
    for (unsigned i = 0; i < SLOTS; i += 8) {
        slots[i] = INIT;
    }
    slots[1] = SHELL;
    slots[2] = slots[3] = slots[SLOTS + 9] = SORT;
    envs[SORT >> 20].asked = 7;
    envs[SORT >> 20].owed = 2;
    envs[SORT >> 20].lost = 1;
    disks[0] = (struct disk_row){.blocks = 1000,
                                 .state = DISK_READY,
                                 .requests = 32,
                                 .waiting = 1,
                                 .blocks_read = 12,
                                 .blocks_written = 3,
                                 .flushes = 2,
                                 .registry_first = 2,
                                 .registry_count = 6};
    registry[2] = (struct registry_entry){
        .state = REGISTRY_CLEAN, .block = 0x40, .holder = INIT};
    registry[3] = (struct registry_entry){
        .state = REGISTRY_DIRTY, .block = 0x41, .holder = SORT};
    registry[4] =
        (struct registry_entry){.state = REGISTRY_CLEAN, .block = 0x42};
    process_make(1, 0, PROCESS_LIVE, INIT, "init");
    process_make(2, 1, PROCESS_LIVE, SHELL, "sh");
    process_make(70, 2, PROCESS_STOPPED, SORT, "sort");
    process_make(9, 2, PROCESS_ZOMBIE, 0x500001u, "true");
    processes.process[1].session = 1;
}

/* What happens between two looks: sort is asked for 3, gives 4 and loses one;
   the guest ends by a fault; somebody else comes; the shell gets a slot. */
static void
machine_move(void)
{
    struct env_row *sort = &envs[SORT >> 20];

    sort->asked += 3;
    sort->owed = 0;
    sort->lost++;
    frames_make(FIRST + 40, 1, FRAME_FREE, 0);
    envs[GUEST >> 20].state = ENV_NONE;
    envs[GUEST >> 20].cause = CAUSE_FAULT;
    frames_make(FIRST + 38, 2, FRAME_FREE, 0);
    env_make(0x500002u, SHELL, 1, FIRST + 52);
    process_make(71, 2, PROCESS_LIVE, 0x500002u, "wc");
    slots[5] = SHELL;
}

const struct machine *
machine_open(void)
{
    static const struct machine machine = {
        .boot = &boot,
        .frames = frames,
        .frames_end = sizeof(frames) / sizeof(frames[0]),
        .envs = envs,
        .accounts = accounts,
        .disks = disks,
        .registry = registry,
        .slots = slots,
        .processes = &processes,
    };

    machine_make();
    return &machine;
}

/* A bit more than two hours. exotop asks for it once in each look. */
uint64_t
machine_time(void)
{
    if (looks++ == 0 && getenv("MACHINE_MOVES") != NULL) {
        machine_move();
    }
    return (uint64_t)7384 * FREQUENCY + FREQUENCY / 2;
}
