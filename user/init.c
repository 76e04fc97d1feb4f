/* SPDX-License-Identifier: MIT */
/*
 * The first program: says that it runs, starts the programs of its archive that
 * boot arguments name (start=NAME), sees to it that memory does not run out
 * among them, and echoes what is typed. Ctrl-D on an empty line ends the
 * machine.
 */
#include <stdio.h>
#include <string.h>

#include "kern/abi/account.h"
#include "kern/abi/cap.h"
#include "kern/abi/information.h"
#include "lib/exo/archive.h"
#include "lib/exo/program.h"
#include "lib/manager/manager.h"

#define CTRL_D 4
#define PROGRAMS_MAX 7
#define NAME_MAX 32

/* A program has its own name in this entry of its list. */
#define CAP_OWN 1

static struct manager manager;
static unsigned programs;

static inline uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

/* Of eight slots of the hart each program has one, and this one the first. */
static void
slots_take(uint64_t env, uint64_t eighth)
{
    for (uint64_t slot = eighth; slot < SLOTS; slot += 8) {
        (void)sys_slot_alloc(0, env, exo_uarea->hart, slot);
    }
}

static void
program_start(const char *name)
{
    static const struct exo_grant console = {0, 0, CAP_WRITE};
    struct exo_child child = {.id = 0};
    uint64_t cap = programs + 1;
    const void *file;
    size_t size;
    int64_t error =
        exo_archive_find(exo_archive, exo_archive_size, name, &file, &size);

    if (error == 0 && programs < PROGRAMS_MAX &&
        (error = sys_cap_fresh(0, cap)) == 0) {
        programs++;
        error = exo_program_load(&child, cap, file, size);
    }
    if (error == 0) {
        error = exo_program_start(&child, CAP_OWN, &console, 1, 0);
    }
    if (error == 0) {
        slots_take(child.id, programs);
        printf("init: %s is env 0x%lx\n", name, child.id);
    } else {
        printf("init: %s: error %ld\n", name, error);
    }
}

static void
programs_start(void)
{
    const struct information *boot =
        (const struct information *)INFORMATION_BOOT;
    const char *word = boot->arguments;

    while (*word != '\0') {
        size_t length = strcspn(word, " ");
        char name[NAME_MAX];

        if (strncmp(word, "start=", 6) == 0 && length - 6 < sizeof(name)) {
            memcpy(name, word + 6, length - 6);
            name[length - 6] = '\0';
            program_start(name);
        }
        word += length + (word[length] == ' ');
    }
}

/* A turn of the manager, then sleep till it wants the next, or an event. */
static void
manager_turn(void)
{
    uint64_t rounds = manager.rounds;
    uint64_t ended = manager.ended;
    uint64_t next = manager_step(&manager, time_now());

    if (manager.rounds != rounds) {
        printf("init: memory is short: %lu frames free, %lu wanted\n",
               manager.view.free, manager.high);
    }
    if (manager.ended != ended) {
        printf("init: an env that does not answer was ended\n");
    }
    exo_uarea->masked = MASKED_INTERRUPT;
    if (next > time_now() && sys_alarm(next, 0) == 0) {
        (void)exo_sleep(exo_uarea);
    }
    exo_uarea->ring_taken = exo_uarea->ring_posted;
    __atomic_exchange_n(&exo_uarea->pending, 0, __ATOMIC_ACQUIRE);
    exo_uarea->masked = 0;
}

int
main(void)
{
    bool empty = true;

    printf("init: env 0x%lx in user mode; Ctrl-D ends the machine\n", exo_id);
    slots_take(exo_id, 0);
    manager_init(&manager, (uint32_t)exo_id, ACCOUNT_FIRST);
    programs_start();
    for (;;) {
        int64_t c = sys_console_read(0);

        if (c == CTRL_D && empty) {
            return 0;
        }
        if (c < 0) {
            manager_turn();
            continue;
        }
        empty = c == '\r';
        putchar(c == '\r' ? '\n' : (int)c);
        fflush(stdout);
    }
}
