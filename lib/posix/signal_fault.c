/* SPDX-License-Identifier: MIT */
/*
 * The upcalls of a process, and what of them becomes a signal.
 *
 * A handler of upcalls runs masked and on a stack of its own: it may not wait,
 * and not fault. So what is to be done in the program's place is left to
 * signal_entry.S, with pc, t0, t1 and a7 of what was interrupted; until
 * signal_arrived has them, `diverted` says that there is no room for others.
 * All that handlers write is on pages that fork copies at once (image.h).
 *
 * A fault while something is held is one of the libOS, or of a bad address that
 * a program gave it: then no handler can run, and nothing of the libOS be used:
 * the env ends as it is, and whoever buries the process gives back what it had.
 */
#include <stdio.h>
#include <string.h>

#include "lib/disk/completion.h"
#include "lib/exo/exo.h"
#include "lib/posix/image.h"
#include "lib/posix/layout.h"
#include "lib/posix/memory.h"
#include "lib/posix/posix.h"
#include "lib/posix/signal_part.h"
#include "lib/posix/timer.h"

/* Of scause. */
#define CAUSE_FETCH_MISALIGNED 0
#define CAUSE_FETCH_ACCESS 1
#define CAUSE_ILLEGAL 2
#define CAUSE_BREAKPOINT 3
#define CAUSE_LOAD_MISALIGNED 4
#define CAUSE_LOAD_ACCESS 5
#define CAUSE_STORE_MISALIGNED 6
#define CAUSE_STORE_ACCESS 7

#define MESSAGE_MAX 160
#define ADDRESS_MAX 40

/* Laid out for signal_entry.S. */
struct interrupted {
    uint64_t pc;
    uint64_t t0;
    uint64_t t1;
    uint64_t a7;
    uint64_t stack; /* where to go on; 0, 0: below what is used */
    uint64_t stack_end;
};

struct fault {
    int signal; /* 0: none */
    int code;
    uint64_t pc;
    uint64_t address;
};

extern struct interrupted signal_interrupted;
void signal_arrived(void);
_Noreturn void signal_end(void);

POSIX_RESIDENT struct interrupted signal_interrupted = {0};
static POSIX_RESIDENT struct fault fault = {0};
static POSIX_RESIDENT bool diverted = false;

/* What was interrupted at a level goes on at `entry` instead. */
static void
divert(struct level *level, void (*entry)(void), uint64_t stack,
       uint64_t stack_end)
{
    signal_interrupted = (struct interrupted){level->pc, level->t0, level->t1,
                                              level->a7, stack,     stack_end};
    diverted = true;
    level->pc = (uint64_t)entry;
}

static void
event(struct uarea *uarea)
{
    uint64_t pending =
        __atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQUIRE);

    process_event(pending);
    if (!posix_is_held() && !diverted &&
        (signal_is_due() || (pending & POSIX_POSTED))) {
        divert(&uarea->level[LEVEL_INTERRUPT], signal_entry, 0, 0);
    }
}

/* In the place of the program, as a function that it calls. The release does
   what has come. */
void
signal_arrived(void)
{
    struct fault f = fault;

    fault.signal = 0;
    diverted = false;
    if (f.signal != 0) {
        siginfo_t information = {.si_signo = f.signal,
                                 .si_code = f.code,
                                 .si_addr = (void *)f.address};

        signal_run(f.signal, &information);
    }
    posix_hold();
    posix_release();
}

static struct fault
fault_of(const struct level *level)
{
    struct fault f = {SIGSEGV, SEGV_MAPERR, level->pc, level->value};

    switch (level->cause) {
    case CAUSE_ILLEGAL:
        f.signal = SIGILL;
        f.code = ILL_ILLOPC;
        f.address = level->pc;
        break;
    case CAUSE_BREAKPOINT:
        f.signal = SIGTRAP;
        f.code = TRAP_BRKPT;
        f.address = level->pc;
        break;
    case CAUSE_FETCH_MISALIGNED:
    case CAUSE_LOAD_MISALIGNED:
    case CAUSE_STORE_MISALIGNED:
        f.signal = SIGBUS;
        f.code = BUS_ADRALN;
        break;
    case CAUSE_FETCH_ACCESS:
    case CAUSE_LOAD_ACCESS:
    case CAUSE_STORE_ACCESS:
        f.signal = SIGBUS;
        f.code = BUS_ADRERR;
        break;
    default:
        if (memory_is_lost(level->value)) {
            f.signal = SIGBUS;
            f.code = BUS_ADRERR;
        }
        break;
    }
    return f;
}

void
signal_fault(struct uarea *uarea)
{
    struct level *level = &uarea->level[LEVEL_EXCEPTION];
    bool room = !diverted && !posix_is_held();
    uint64_t stack = 0;
    uint64_t end = 0;

    fault = fault_of(level);
    if (!room || !signal_is_caught(fault.signal)) {
        level->pc = (uint64_t)signal_end_entry;
        return;
    }
    if (!signal_on_other_stack(fault.signal, &stack, &end)) {
        stack = end = 0;
    }
    divert(level, signal_entry, stack, end);
}

static void
exception(struct uarea *uarea)
{
    const struct level *level = &uarea->level[LEVEL_EXCEPTION];

    if (!memory_fault(level->cause, level->value)) {
        signal_fault(uarea);
    }
}

/* Without the terminal's lock, which the process may hold itself. */
static void
console_say(const char *text)
{
    while (*text != '\0') {
        if (*text == '\n') {
            while (sys_console_write(POSIX_CAP_CONSOLE, '\r', 1) == -EAGAIN) {
            }
        }
        while (sys_console_write(POSIX_CAP_CONSOLE, (uint8_t)*text, 1) ==
               -EAGAIN) {
        }
        text++;
    }
}

_Noreturn void
signal_end(void)
{
    const struct process *p = process_self;
    char address[ADDRESS_MAX] = "";
    char text[MESSAGE_MAX];

    if (fault.signal == SIGSEGV || fault.signal == SIGBUS) {
        (void)snprintf(address, sizeof(address), ", address 0x%lx",
                       fault.address);
    }
    (void)snprintf(text, sizeof(text), "%.*s (%d): %s at pc 0x%lx%s%s\n",
                   POSIX_PROCESS_NAME, p->name, (int)p->pid,
                   strsignal(fault.signal), fault.pc, address,
                   posix_is_held() ? ", in the libOS" : "");
    if (!posix_is_held()) {
        (void)terminal_write(text, strlen(text), 1);
        process_exit(fault.signal);
    }
    console_say(text);
    for (;;) {
        exo_uarea->masked = MASKED_DOUBLE;
        __asm__ volatile("ebreak");
    }
}

void
signal_begin(void)
{
    signal_defaults();
    completion_other = timer_entry;
    exo_event_handler = event;
    exo_exception_handler = exception;
}
