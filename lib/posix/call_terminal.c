/* SPDX-License-Identifier: MIT */
/* The C library's functions on the terminal. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "lib/posix/call.h"
#include "lib/posix/posix.h"
#include "lib/posix/signal.h"
#include "lib/posix/terminal_part.h"

#define NAME "/dev/tty"

int
terminal_is_own(void)
{
    return TERMINAL->session != 0 && TERMINAL->session == process_self->session;
}

static int
own_check(void)
{
    return terminal_is_own() ? 0 : -ENOTTY;
}

int
isatty(int descriptor)
{
    int error;

    posix_hold();
    error = file_terminal(descriptor);
    posix_release();
    return error < 0 ? (int)call_result(error) + 1 : 1;
}

int
ttyname_r(int descriptor, char *name, size_t size)
{
    int error;

    posix_hold();
    error = file_terminal(descriptor);
    posix_release();
    if (error == 0 && size < sizeof(NAME)) {
        error = -ERANGE;
    }
    if (error == 0) {
        memcpy(name, NAME, sizeof(NAME));
    }
    return -error;
}

char *
ttyname(int descriptor)
{
    static char name[] = NAME;

    return isatty(descriptor) ? name : NULL;
}

int
tcgetattr(int descriptor, struct termios *modes)
{
    int error;

    posix_hold();
    error = file_terminal(descriptor);
    if (error == 0) {
        terminal_lock();
        *modes = TERMINAL->modes;
        terminal_unlock();
    }
    posix_release();
    return (int)call_result(error);
}

/* All that is written has gone to the line: nothing has to be waited for. */
static int64_t
modes_set(int descriptor, int when, const struct termios *modes)
{
    int error = file_terminal(descriptor);

    if (error == 0) {
        error = terminal_background(SIGTTOU);
    }
    if (error == 0) {
        terminal_lock();
        if (when == TCSAFLUSH) {
            terminal_flush(TERMINAL);
        }
        terminal_modes_set(TERMINAL, modes);
        terminal_unlock();
        process_wake_all(&TERMINAL->readers);
        process_wake_all(&TERMINAL->writers);
    }
    return error;
}

int
tcsetattr(int descriptor, int when, const struct termios *modes)
{
    int64_t result;

    if (when != TCSANOW && when != TCSADRAIN && when != TCSAFLUSH) {
        return (int)call_result(-EINVAL);
    }
    do {
        posix_hold();
        result = modes_set(descriptor, when, modes);
    } while (posix_again(result));
    return (int)call_result(result);
}

static int64_t
flush(int descriptor, int queue)
{
    int error = file_terminal(descriptor);

    if (error == 0) {
        error = terminal_background(SIGTTOU);
    }
    if (error == 0 && queue != TCOFLUSH) {
        terminal_lock();
        terminal_flush(TERMINAL);
        terminal_unlock();
    }
    return error;
}

int
tcflush(int descriptor, int queue)
{
    int64_t result;

    if (queue != TCIFLUSH && queue != TCOFLUSH && queue != TCIOFLUSH) {
        return (int)call_result(-EINVAL);
    }
    do {
        posix_hold();
        result = flush(descriptor, queue);
    } while (posix_again(result));
    return (int)call_result(result);
}

static int64_t
foreground(int descriptor)
{
    int error = file_terminal(descriptor);

    return error < 0 ? error : terminal_background(SIGTTOU);
}

int
tcdrain(int descriptor)
{
    int64_t result;

    do {
        posix_hold();
        result = foreground(descriptor);
    } while (posix_again(result));
    return (int)call_result(result);
}

int
tcsendbreak(int descriptor, int duration)
{
    (void)duration; /* the line has no breaks */
    return tcdrain(descriptor);
}

static int64_t
flow(int descriptor, int action)
{
    int64_t error = foreground(descriptor);

    if (error == 0 && (action == TCOOFF || action == TCOON)) {
        TERMINAL->stopped = action == TCOOFF;
        process_wake_all(&TERMINAL->writers);
    }
    return error;
}

/* The other side is not asked to stop: TCIOFF and TCION change nothing. */
int
tcflow(int descriptor, int action)
{
    int64_t result;

    if (action < TCOOFF || action > TCION) {
        return (int)call_result(-EINVAL);
    }
    do {
        posix_hold();
        result = flow(descriptor, action);
    } while (posix_again(result));
    return (int)call_result(result);
}

/* Under both locks, so that the group is one of the session while it is set. */
static int64_t
group_set(int descriptor, pid_t group)
{
    struct process *table = SHARED_OF->processes.process;
    int64_t error = foreground(descriptor);

    if (error == 0) {
        error = own_check();
    }
    if (error < 0) {
        return error;
    }
    error = -EPERM;
    process_lock();
    for (unsigned i = 0; i < POSIX_PROCESSES; i++) {
        if (table[i].state != PROCESS_FREE && table[i].group == group &&
            table[i].session == process_self->session) {
            error = 0;
        }
    }
    if (error == 0) {
        TERMINAL->group = group;
    }
    process_unlock();
    process_wake_all(&TERMINAL->readers);
    return error;
}

int
tcsetpgrp(int descriptor, pid_t group)
{
    int64_t result;

    if (group <= 0) {
        return (int)call_result(-EINVAL);
    }
    do {
        posix_hold();
        result = group_set(descriptor, group);
    } while (posix_again(result));
    return (int)call_result(result);
}

/* A word of the terminal's, if it is the caller's terminal. */
static int
own_word(int descriptor, const int32_t *word)
{
    int64_t error;

    posix_hold();
    error = file_terminal(descriptor);
    if (error == 0) {
        error = own_check();
    }
    if (error == 0) {
        error = *word != 0 ? *word : INT_MAX; /* no group has that number */
    }
    posix_release();
    return (int)call_result(error);
}

pid_t
tcgetpgrp(int descriptor)
{
    return own_word(descriptor, &TERMINAL->group);
}

pid_t
tcgetsid(int descriptor)
{
    return own_word(descriptor, &TERMINAL->session);
}

int
terminal_claim(void)
{
    struct process *p = process_self;
    int error = 0;

    process_lock();
    if (TERMINAL->session != p->session) {
        if (p->session != p->pid || TERMINAL->session != 0) {
            error = -EPERM;
        } else {
            TERMINAL->session = p->session;
            TERMINAL->group = p->group;
        }
    }
    process_unlock();
    return error;
}

static int64_t
size_set(const struct winsize *size)
{
    bool changed;

    terminal_lock();
    changed =
        TERMINAL->rows != size->ws_row || TERMINAL->columns != size->ws_col;
    TERMINAL->rows = size->ws_row;
    TERMINAL->columns = size->ws_col;
    terminal_unlock();
    if (changed && TERMINAL->group > 1) {
        process_lock();
        (void)signal_send_group(TERMINAL->group, SIGWINCH);
        process_unlock();
    }
    return 0;
}

static int64_t
control(int descriptor, unsigned long request, void *argument)
{
    int64_t error = file_terminal(descriptor);

    if (error < 0) {
        return error;
    }
    switch (request) {
    case TIOCGWINSZ:
        *(struct winsize *)argument = (struct winsize){
            .ws_row = TERMINAL->rows, .ws_col = TERMINAL->columns};
        return 0;
    case TIOCSWINSZ:
        return size_set(argument);
    case TIOCSCTTY:
        return terminal_claim();
    case FIONREAD:
        terminal_lock();
        *(int *)argument = (int)terminal_input(TERMINAL);
        terminal_unlock();
        return 0;
    case TIOCGPGRP:
        error = own_check();
        *(pid_t *)argument = error == 0 ? TERMINAL->group : 0;
        return error;
    case TIOCSPGRP:
        return group_set(descriptor, *(const pid_t *)argument);
    default:
        return -ENOTTY;
    }
}

int
ioctl(int descriptor, unsigned long request, ...)
{
    int64_t result;
    void *argument;
    va_list arguments;

    va_start(arguments, request);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    do {
        posix_hold();
        result = control(descriptor, request, argument);
    } while (posix_again(result));
    return (int)call_result(result);
}

speed_t
cfgetispeed(const struct termios *modes)
{
    return modes->c_ispeed;
}

speed_t
cfgetospeed(const struct termios *modes)
{
    return modes->c_ospeed;
}

int
cfsetispeed(struct termios *modes, speed_t speed)
{
    modes->c_ispeed = speed;
    return 0;
}

int
cfsetospeed(struct termios *modes, speed_t speed)
{
    modes->c_ospeed = speed;
    return 0;
}

void
cfmakeraw(struct termios *modes)
{
    modes->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR |
                                  IGNCR | ICRNL | IXON);
    modes->c_oflag &= ~(tcflag_t)OPOST;
    modes->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    modes->c_cflag = (modes->c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    modes->c_cc[VMIN] = 1;
    modes->c_cc[VTIME] = 0;
}
