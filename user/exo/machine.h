/* SPDX-License-Identifier: MIT */
/*
 * The tables that every process can read: the kernel's, of the machine and what
 * is in it, and the table of processes. machine.c says where they are; a test
 * on the host makes them up. Who writes them goes on meanwhile: a row that
 * belongs together is copied out by the functions here.
 */
#ifndef USER_EXO_MACHINE_H
#define USER_EXO_MACHINE_H

#include <stdbool.h>

#include "kern/abi/account.h"
#include "kern/abi/disk_io.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/posix/process.h"

struct machine {
    const struct information *boot;
    const volatile struct frame *frames; /* by page number */
    uint64_t frames_end;                 /* places for records */
    const volatile struct env_row *envs;
    const volatile struct account *accounts;
    const volatile struct disk_row *disks;
    const volatile struct registry_entry *registry;
    const volatile uint32_t *slots; /* SLOTS of each hart */
    const volatile struct process_table *processes;
};

const struct machine *machine_open(void);

/* Ticks of `time`; of boot->time_frequency in a second. */
uint64_t machine_time(void);

/* The row of the env of that index, as it was at one moment; whether there is
   an env. */
bool machine_env(const struct machine *m, unsigned index, struct env_row *row);

/* The live env of that id, or false. */
bool machine_env_find(const struct machine *m, uint32_t id,
                      struct env_row *row);

/* A row of the process table, and whether there is a process. Its name ends
   with a zero byte, whatever is in the table. */
bool machine_process(const struct machine *m, unsigned index,
                     struct process *row);

/* The process that an env runs, or false. */
bool machine_process_of(const struct machine *m, uint32_t env,
                        struct process *row);

/* What is to be called its name: the process's, "init" and so on; else "". */
void machine_env_name(const struct machine *m, uint32_t env,
                      char name[POSIX_PROCESS_NAME]);

#endif
