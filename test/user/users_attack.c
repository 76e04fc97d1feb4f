/* SPDX-License-Identifier: MIT */
#include "test/user/users_attack.h"

#include <stdio.h>

#include "kern/abi/account.h"
#include "kern/abi/frame.h"
#include "lib/exo/call.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/posix/layout.h"

#define ADDRESS 0x3e80000000 /* nothing else is there */
#define ENV_SHIFT 20
#define BINDING 15
#define GATES 8
#define PTE_W ((uint64_t)1 << 2)

static const volatile struct frame *const records =
    (const volatile struct frame *)INFORMATION_FRAMES;

/* The table for ADDRESS, which is the caller's, and a page. */
static uint64_t own_table;
static uint64_t own_frame;

uint32_t
users_account(uint32_t env)
{
    const volatile struct env_row *row =
        &users_envs[env >> ENV_SHIFT & (ENVS_MAX - 1)];

    return row->id == env ? row->account : 0;
}

void
users_result(struct users_count *count, int64_t error, const char *what)
{
    if (error >= 0 || error == -EAGAIN) {
        count->got++;
        printf("test: %s: %ld\n", what, error);
    } else {
        count->refused++;
    }
}

#define TRY(call) users_result(count, call, #call)

static void
table_make(void)
{
    struct exo_map map = exo_map_own();
    struct exo_range range = {ADDRESS, 1, 0};
    int64_t frame = exo_frame_alloc(POSIX_CAP_OWN, 0);
    uint64_t number = (uint64_t)frame;

    if (frame > 0) {
        (void)exo_map_insert(&map, &range, POSIX_CAP_OWN, &number, EXO_R);
        (void)exo_map_remove(&map, ADDRESS, FRAME_SIZE);
        own_table = (uint64_t)exo_map_table(&map, ADDRESS);
        own_frame = number;
    }
}

static void
attack_table(struct users_count *count, uint64_t cap, uint64_t table)
{
    uint64_t caps = POSIX_CAP_OWN | cap << 8;

    exo_uarea->batch[0] = own_frame << 10 | EXO_R | EXO_AD;
    TRY(sys_pt_map(cap | POSIX_CAP_OWN << 8, table, 0, 1));
    TRY(sys_pt_unmap(cap, table, 0, 1));
    TRY(sys_pt_protect(cap | cap << 8, table, 0, 1, 0, PTE_W));
    TRY(sys_pt_copy(caps, table, own_table, 0, 1, 0));
    TRY(sys_pt_copy(cap | POSIX_CAP_OWN << 8, own_table, table, 0, 1, 0));
    TRY(sys_pt_link(caps, exo_root, 3, table));
    TRY(sys_pt_link(cap | POSIX_CAP_OWN << 8, table, 0, own_table));
}

void
users_attack_frame(struct users_count *count, uint64_t cap, uint64_t frame)
{
    uint32_t type = records[frame].type;

    exo_uarea->batch[0] = frame << 10 | EXO_R | EXO_AD;
    TRY(sys_pt_map(POSIX_CAP_OWN | cap << 8, own_table, 0, 1));
    exo_uarea->batch[0] = frame << 10 | EXO_R | EXO_W | EXO_AD;
    TRY(sys_pt_map(POSIX_CAP_OWN | cap << 8, own_table, 0, 1));
    TRY(sys_frame_free(FRAME_BY(cap, frame), FRAME_FREE_BREAK));
    TRY(sys_frame_set_guard(POSIX_CAP_OWN, cap, frame));
    TRY(sys_frame_mark(own_frame, 1, 0, frame));
    TRY(sys_frame_give(cap, FRAME_BY(cap, frame), exo_id));
    if (type >= FRAME_TABLE_0 && type <= FRAME_TABLE_2) {
        attack_table(count, cap, frame);
    }
}

void
users_attack_env(struct users_count *count, uint32_t env)
{
    const struct information *boot =
        (const struct information *)INFORMATION_BOOT;
    uint64_t first = 0;
    const volatile uint32_t *slot =
        (const volatile uint32_t *)INFORMATION_SLOTS;

    table_make();
    while (records[first].type == FRAME_ABSENT) {
        first++;
    }
    for (uint64_t cap = 0; cap < POSIX_CAP_CHILDREN; cap++) {
        for (uint64_t i = first; i < first + boot->frames; i++) {
            if (records[i].owner == env) {
                users_attack_frame(count, cap, i);
            }
        }
        TRY(sys_env_destroy(cap, env));
        TRY(sys_cap_grant(POSIX_CAP_SHARED, cap, env, 40, CAP_RIGHTS_ALL));
        TRY(sys_revoke(cap, env, RESOURCE_FRAME, 0, 1, 0));
        TRY(sys_repossess(cap, env));
        for (uint64_t gate = 0; gate < GATES; gate++) {
            if (cap != POSIX_CAP_SHARED || gate != POSIX_GATE_WAKE ||
                users_account(env) != users_account((uint32_t)exo_id)) {
                TRY(sys_gate_bind(cap, env, gate, BINDING));
            }
        }
        TRY(sys_slot_alloc(cap, env, 0, SLOTS - 1));
        for (uint64_t i = 0; i < SLOTS; i++) {
            if (slot[i] == env) {
                TRY(sys_slot_free(cap, env, 0, i));
            }
        }
    }
}

void
users_attack_machine(struct users_count *count)
{
    struct exo_map map = exo_map_own();
    uint64_t text = (uint64_t)exo_map_table(&map, LIBOS_TEXT);

    for (uint64_t cap = 0; cap < POSIX_CAP_CHILDREN; cap++) {
        TRY(sys_console_read(cap));
        TRY(sys_machine_exit(cap, 0));
        TRY(sys_pt_protect(POSIX_CAP_SHARED | cap << 8, text, 0, 1, 0, PTE_W));
    }
    for (uint64_t i = 1; i < ACCOUNTS_MAX; i++) {
        TRY(sys_account_close(i));
    }
}
