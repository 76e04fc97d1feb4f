/* SPDX-License-Identifier: MIT */
/*
 * What processes do with the terminal. Its lock is held only while its state is
 * looked at or bytes go to the line, never while somebody waits for input. Who
 * finds that the last holder died makes the state whole: input that was not
 * read is lost then, and bytes that it was about to write.
 *
 * The locks of the process table and of the terminal are not held together
 * where one would do; where both are, the table's is first.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exo/exo.h"
#include "lib/posix/posix.h"
#include "lib/posix/set.h"
#include "lib/posix/shared.h"
#include "lib/posix/signal_part.h"
#include "lib/posix/terminal_part.h"
#include "lib/posix/timer.h"
#include "lib/posix/wake.h"

#define FIRST_PID 1
#define CHUNK 128 /* bytes that are written before others have a turn */

void
terminal_lock(void)
{
    if (lock_take(&TERMINAL->lock)) {
        terminal_mend(TERMINAL);
    }
}

void
terminal_unlock(void)
{
    lock_drop(&TERMINAL->lock);
}

/* terminal=80x24 among the words given at boot. */
static void
size_read(struct terminal *t)
{
    static const char key[] = "terminal=";
    const struct information *boot =
        (const struct information *)INFORMATION_BOOT;
    const char *word = strstr(boot->arguments, key);
    char *end;
    unsigned long columns;
    unsigned long rows;

    if (word == NULL) {
        return;
    }
    columns = strtoul(word + strlen(key), &end, 10);
    rows = *end == 'x' ? strtoul(end + 1, NULL, 10) : 0;
    if (columns > 0 && columns <= USHRT_MAX && rows > 0 && rows <= USHRT_MAX) {
        t->columns = (uint16_t)columns;
        t->rows = (uint16_t)rows;
    }
}

void
terminal_begin(void)
{
    terminal_init(TERMINAL);
    size_read(TERMINAL);
}

static inline uint64_t
own_bit(void)
{
    return (uint64_t)1 << process_index(process_self);
}

static void
wait_in(uint64_t *set)
{
    __atomic_fetch_or(set, own_bit(), __ATOMIC_SEQ_CST);
}

/* Bytes for the line, eight to a call; the lock is held. The line is slow: who
   waits for it lets others run. */
struct line {
    uint64_t bytes;
    unsigned count;
};

static int
line_flush(struct line *line)
{
    while (line->count > 0) {
        int64_t taken =
            sys_console_write(POSIX_CAP_CONSOLE, line->bytes, line->count);

        if (taken == -EAGAIN) {
            wake_flush();
            (void)exo_yield(0, exo_uarea);
        } else if (taken < 0) {
            return -EIO;
        } else {
            line->count -= (unsigned)taken;
            line->bytes = line->count > 0 ? line->bytes >> 8 * taken : 0;
        }
    }
    return 0;
}

static int
line_put(struct line *line, uint8_t byte)
{
    line->bytes |= (uint64_t)byte << 8 * line->count++;
    return line->count == sizeof(line->bytes) ? line_flush(line) : 0;
}

static int
echo_flush(struct line *line)
{
    int error = 0;

    for (int c = terminal_echo(TERMINAL); c >= 0 && error == 0;
         c = terminal_echo(TERMINAL)) {
        error = line_put(line, (uint8_t)c);
    }
    return error;
}

static int
print(const uint8_t *bytes, size_t count)
{
    struct line line = {.count = 0};
    int error = echo_flush(&line);

    for (size_t i = 0; i < count && error == 0; i++) {
        uint8_t made[TERMINAL_PRINT_MAX];
        size_t n = terminal_print(TERMINAL, bytes[i], made);

        for (size_t k = 0; k < n && error == 0; k++) {
            error = line_put(&line, made[k]);
        }
    }
    return error < 0 ? error : line_flush(&line);
}

int
terminal_background(int signal)
{
    const struct process *p = process_self;
    const struct terminal *t = TERMINAL;
    int error = -EINTR;

    if (t->session == 0 || t->session != p->session || t->group == p->group) {
        return 0;
    }
    if ((p->signals_masked | p->signals_ignored) & SIGNAL_BIT(signal)) {
        return signal == SIGTTIN ? -EIO : 0;
    }
    process_lock();
    if (signal_is_orphaned(p->group, NULL)) {
        error = -EIO;
    } else {
        (void)signal_send_group(p->group, signal);
    }
    process_unlock();
    return error;
}

/* Waits while the terminal is stopped. */
static int
wait_for_start(int nonblocking)
{
    int error = 0;

    process_wait_begin();
    wait_in(&TERMINAL->writers);
    while (error == 0 && TERMINAL->stopped) {
        error = nonblocking ? -EAGAIN : process_wait(0);
    }
    process_wait_end();
    return error;
}

int64_t
terminal_write(const void *bytes, size_t count, int nonblocking)
{
    const uint8_t *next = bytes;
    size_t done = 0;
    int error = 0;

    if (TERMINAL->modes.c_lflag & TOSTOP) {
        error = terminal_background(SIGTTOU);
    }
    while (error == 0 && done < count) {
        size_t some = count - done < CHUNK ? count - done : CHUNK;

        /* Process 1 is who starts it again. */
        if (TERMINAL->stopped && process_self->pid != FIRST_PID) {
            error = wait_for_start(nonblocking);
            continue;
        }
        terminal_lock();
        error = print(next + done, some);
        terminal_unlock();
        if (error == 0) {
            done += some;
            error = done < count && signal_is_due() ? -EINTR : 0;
        }
    }
    return done > 0 ? (int64_t)done : error;
}

/* When a read that is not of lines is over, though there is not what it wants:
   0 is never. */
static uint64_t
read_deadline(const struct terminal *t, uint64_t begun)
{
    uint64_t ticks = t->modes.c_cc[VTIME] * (timer_frequency() / 10);

    if ((t->modes.c_lflag & ICANON) || ticks == 0) {
        return 0;
    }
    if (t->modes.c_cc[VMIN] == 0) {
        return begun + ticks;
    }
    return terminal_input(t) > 0 ? t->typed + ticks : 0;
}

/* One look at what there is: 0 or more, or -EAGAIN and when to give up. */
static int64_t
read_now(void *bytes, size_t count, uint64_t begun, int nonblocking,
         uint64_t *deadline)
{
    struct terminal *t = TERMINAL;
    int64_t result = -EAGAIN;

    terminal_lock();
    wait_in(&t->readers);
    *deadline = read_deadline(t, begun);
    /* Without VMIN it is ready at once, but for the time that it waits. */
    if ((terminal_ready(t, count) &&
         (terminal_input(t) > 0 || *deadline == 0)) ||
        (*deadline != 0 && timer_now() >= *deadline) ||
        (nonblocking && terminal_input(t) > 0)) {
        result = (int64_t)terminal_take(t, bytes, count);
    }
    terminal_unlock();
    return result;
}

int64_t
terminal_read(void *bytes, size_t count, int nonblocking)
{
    uint64_t begun = timer_now();
    int64_t result = 0;

    if (count == 0) {
        return 0;
    }
    process_wait_begin();
    for (;;) {
        uint64_t deadline;

        result = terminal_background(SIGTTIN);
        if (result < 0) {
            break;
        }
        result = read_now(bytes, count, begun, nonblocking, &deadline);
        if (result != -EAGAIN || nonblocking) {
            break;
        }
        result = process_wait(deadline);
        if (result == -EINTR) {
            break;
        }
    }
    process_wait_end();
    return result;
}

int
terminal_poll(int events, int wait)
{
    struct terminal *t = TERMINAL;
    int found = 0;

    if (wait) {
        wait_in(&t->readers);
        wait_in(&t->writers);
    }
    terminal_lock();
    if ((events & POLLIN) && terminal_input(t) > 0) {
        found |= POLLIN;
    }
    if ((events & POLLOUT) && !t->stopped) {
        found |= POLLOUT;
    }
    terminal_unlock();
    return found;
}

/* Some of what was typed goes through the discipline; the signals that it
   meant, a bit for each, or -1 if nothing was typed. */
static int64_t
type_some(void)
{
    struct line line = {.count = 0};
    int64_t signals = -1;

    terminal_lock();
    for (unsigned i = 0; i < CHUNK; i++) {
        int64_t c = sys_console_read(POSIX_CAP_CONSOLE);
        int signal;

        if (c < 0) {
            break;
        }
        signal = terminal_type(TERMINAL, (uint8_t)c);
        signals = signals < 0 ? 0 : signals;
        signals |= signal != 0 ? (int64_t)SIGNAL_BIT(signal) : 0;
        (void)echo_flush(&line);
    }
    (void)line_flush(&line);
    TERMINAL->typed = timer_now();
    terminal_unlock();
    return signals;
}

/* Who is in the foreground. Where all of them have ended, and the leader of the
   session has not taken the terminal back yet, it is the leader's group: what
   is typed between two commands is meant for the shell. */
static int32_t
foreground(void)
{
    const struct process *leader = process_find(TERMINAL->session);

    return leader == NULL || signal_group_lives(TERMINAL->group)
               ? TERMINAL->group
               : leader->group;
}

/* The state is others' to write: a group that is not there gets nothing. */
static void
signals_send(uint64_t signals)
{
    process_lock();
    for (; signals != 0; signals &= signals - 1) {
        if (TERMINAL->session != 0 && foreground() > 1) {
            (void)signal_send_group(foreground(), (int)set_first(signals));
        }
    }
    process_unlock();
}

void
terminal_pump(void)
{
    int64_t signals;

    posix_hold();
    while ((signals = type_some()) >= 0) {
        signals_send((uint64_t)signals);
        process_wake_all(&TERMINAL->readers);
        process_wake_all(&TERMINAL->writers);
    }
    posix_release();
}

void
terminal_exit(const struct process *p)
{
    struct terminal *t = TERMINAL;

    signal_orphans(p);
    if (p->session == p->pid && t->session == p->session) {
        if (t->group > 1) {
            (void)signal_send_group(t->group, SIGHUP);
            (void)signal_send_group(t->group, SIGCONT);
        }
        t->session = 0;
        t->group = 0;
    }
}
