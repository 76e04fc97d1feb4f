/* SPDX-License-Identifier: MIT */
/*
 * A process may be killed at any instruction of a fork. Here it is stopped
 * behind each of them, by this machine's debugger, and what it would leave in
 * the table is looked at: a row is free, or all there, and never half a copy of
 * its maker's, whose descriptors would be closed twice.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/disk/completion.h"
#include "lib/posix/posix.h"
#include "lib/posix/row.h"
#include "lib/posix/shared.h"
#include "lib/posix/wake.h"
#include "test/host/check.h"

#define MAKER 5
#define ENV 77

struct process *process_self;
uint64_t exo_id = ENV;
struct uarea *exo_uarea;
uint32_t posix_held;
uint32_t posix_posted;
void (*completion_before_sleep)(void);

/* What process.c calls elsewhere, but not to make a row. */
#define NEVER(name, ...)                                                       \
    name(__VA_ARGS__)                                                          \
    {                                                                          \
        check_fail(__FILE__, __LINE__, #name);                                 \
    }
bool NEVER(lock_wait, struct lock *lock __attribute__((unused)));
void NEVER(lock_hand_over, struct lock *lock __attribute__((unused)));
bool NEVER(env_lives, uint32_t env __attribute__((unused)));
void NEVER(wake_begin, void);
void NEVER(wake_everybody, void);
void NEVER(wake_flush, void);
void NEVER(process_wake, struct process *p __attribute__((unused)));
void NEVER(process_wait_begin, void);
void NEVER(process_wait_end, void);
void NEVER(process_sleep, uint64_t deadline __attribute__((unused)));
void NEVER(posix_release_due, void);
void NEVER(file_exit, struct process *p __attribute__((unused)));
void NEVER(terminal_exit, const struct process *p __attribute__((unused)));
void NEVER(signal_send, struct process *p __attribute__((unused)),
           int signal __attribute__((unused)));
void NEVER(signal_parent, const struct process *p __attribute__((unused)));
void NEVER(env_end, uint64_t cap __attribute__((unused)),
           uint32_t env __attribute__((unused)));
int64_t NEVER(sys_slot_alloc, uint64_t cap __attribute__((unused)),
              uint64_t env __attribute__((unused)),
              uint64_t hart __attribute__((unused)),
              uint64_t slot __attribute__((unused)));

static void
table_begin(void)
{
    struct process_table *table;
    struct process *self;

    CHECK(mmap(SHARED_OF, sizeof(struct posix_shared), PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
               0) == SHARED_OF);
    table = &SHARED_OF->processes;
    self = process_self = &table->process[MAKER];
    memset(self, 0xff, sizeof(*self)); /* nothing of that is for a child */
    self->state = PROCESS_LIVE;
    self->env = ENV;
    self->pid = MAKER;
    self->parent = 1;
    self->children = 0;
    self->files = 1;
    table->taken = (uint64_t)1 << MAKER;
    table->pid_last = MAKER;
}

/* Whether some row but the maker's is not free. */
static bool
rows_look(void)
{
    bool found = false;

    for (int i = 0; i < POSIX_PROCESSES; i++) {
        const struct process *p = &SHARED_OF->processes.process[i];

        if (i == MAKER || p->state == PROCESS_FREE) {
            continue;
        }
        found = true;
        CHECK_EQUAL(p->state, PROCESS_MAKING);
        CHECK_EQUAL(p->pid, i);
        CHECK_EQUAL(p->parent, MAKER);
        CHECK_EQUAL(p->env, 0);
        CHECK_EQUAL(p->files, 0);
        CHECK_EQUAL(p->kill, 0);
        CHECK_EQUAL(p->signals, 0);
        CHECK_EQUAL(p->children, 0);
    }
    return found;
}

int
main(void)
{
    unsigned before = 0;
    unsigned after = 0;
    int status;
    pid_t pid;

    table_begin();
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK_EQUAL(ptrace(PTRACE_TRACEME, 0, NULL, NULL), 0);
        (void)raise(SIGSTOP);
        process_lock();
        CHECK(process_new() != NULL);
        process_unlock();
        _exit(0);
    }
    CHECK_EQUAL(waitpid(pid, &status, 0), pid);
    while (WIFSTOPPED(status)) {
        if (rows_look()) {
            after++;
        } else {
            before++;
        }
        CHECK_EQUAL(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
        CHECK_EQUAL(waitpid(pid, &status, 0), pid);
    }
    CHECK_EQUAL(status, 0);
    CHECK(before > 100 && after > 10);
    return 0;
}
