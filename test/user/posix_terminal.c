/* SPDX-License-Identifier: MIT */
/*
 * The terminal, and job control: what a shell does, as a session of its own.
 * Process 1 brings what is typed, and sees in the end who was hung up.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#include "lib/posix/posix.h"
#include "test/user/posix_expect.h"

#define ROUNDS 5

static volatile sig_atomic_t count;

static void
counting(int signal)
{
    (void)signal;
    count++;
}

/* Says something that the test waits for. */
static void
say(const char *text)
{
    EXPECT(write(STDOUT_FILENO, text, strlen(text)), strlen(text));
}

static void
nap(long milliseconds)
{
    struct timespec time = {0, milliseconds * 1000000};

    (void)nanosleep(&time, NULL);
}

static void
line_expect(const char *wanted)
{
    char line[100];
    ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

    EXPECT(n, strlen(wanted));
    line[n] = '\0';
    EXPECT(strcmp(line, wanted), 0);
}

static void
lines(void)
{
    struct pollfd poll_of = {.fd = STDIN_FILENO, .events = POLLIN | POLLOUT};
    int waiting;

    EXPECT(poll(&poll_of, 1, 0), 1);
    EXPECT(poll_of.revents, POLLOUT);
    say("test: type a line\n");
    poll_of.events = POLLIN;
    EXPECT(poll(&poll_of, 1, 10000), 1);
    EXPECT(poll_of.revents, POLLIN);
    EXPECT(ioctl(STDIN_FILENO, FIONREAD, &waiting), 0);
    EXPECT(waiting, 6);
    line_expect("hello\n");
    say("test: type the end\n");
    line_expect("");
    say("test: type ahead\n");
    nap(300);
    line_expect("one\n");
    line_expect("two\n");
    say("test: type nothing\n");
    EXPECT(fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK), 0);
    EXPECT_ERROR(read(STDIN_FILENO, &waiting, 1), EAGAIN);
    EXPECT(fcntl(STDIN_FILENO, F_SETFL, 0), 0);
}

static void
raw(void)
{
    struct termios before;
    struct termios modes;
    char bytes[10];

    EXPECT(tcgetattr(STDIN_FILENO, &before), 0);
    EXPECT((before.c_lflag & (ICANON | ECHO | ISIG)), ICANON | ECHO | ISIG);
    modes = before;
    cfmakeraw(&modes);
    EXPECT(tcsetattr(STDIN_FILENO, TCSAFLUSH, &modes), 0);
    say("test: type a key\r\n");
    EXPECT(read(STDIN_FILENO, bytes, sizeof(bytes)), 1);
    EXPECT(bytes[0], 'x');
    say("test: type an interrupt\r\n");
    EXPECT(read(STDIN_FILENO, bytes, sizeof(bytes)), 1);
    EXPECT(bytes[0], 3);
    modes.c_cc[VMIN] = 0;
    modes.c_cc[VTIME] = 2;
    EXPECT(tcsetattr(STDIN_FILENO, TCSANOW, &modes), 0);
    EXPECT(read(STDIN_FILENO, bytes, sizeof(bytes)), 0);
    modes.c_cc[VMIN] = 10;
    modes.c_cc[VTIME] = 2;
    EXPECT(tcsetattr(STDIN_FILENO, TCSANOW, &modes), 0);
    say("test: type two keys\r\n");
    EXPECT(read(STDIN_FILENO, bytes, sizeof(bytes)), 2);
    EXPECT(tcsetattr(STDIN_FILENO, TCSADRAIN, &before), 0);
    EXPECT_ERROR(tcsetattr(STDIN_FILENO, 77, &before), EINVAL);
    EXPECT_ERROR(tcgetattr(77, &before), EBADF);
    EXPECT_ERROR(tcflush(STDIN_FILENO, 77), EINVAL);
    EXPECT(tcflush(STDIN_FILENO, TCIOFLUSH), 0);
    EXPECT(tcdrain(STDIN_FILENO), 0);
}

/* A child in a group of its own; in the foreground, if that is wanted. */
static pid_t
job_make(void (*run)(void), int foreground)
{
    pid_t child = fork();

    if (child == 0) {
        EXPECT(setpgid(0, 0), 0);
        if (foreground) {
            (void)signal(SIGTTOU, SIG_IGN);
            EXPECT(tcsetpgrp(STDIN_FILENO, getpid()), 0);
            (void)signal(SIGTTOU, SIG_DFL);
        }
        run();
        _exit(0);
    }
    EXPECT(child > 0, 1);
    (void)setpgid(child, child);
    return child;
}

static int
job_wait(pid_t child)
{
    int status;

    EXPECT(waitpid(child, &status, WUNTRACED), child);
    return status;
}

static void
foreground_take(void)
{
    EXPECT(tcsetpgrp(STDIN_FILENO, getpgrp()), 0);
    EXPECT(tcgetpgrp(STDIN_FILENO), getpgrp());
}

static void
spin(void)
{
    say("test: interrupt this\n");
    for (;;) {
    }
}

static void
read_one(void)
{
    line_expect("for the job\n");
    say("test: the job has it\n");
}

static void
write_one(void)
{
    say("test: from the background\n");
}

static void
stop_me(void)
{
    say("test: stop this\n");
    for (;;) {
        (void)pause();
    }
}

static void
jobs(void)
{
    struct termios modes;
    pid_t job;
    int status;

    (void)signal(SIGTTOU, SIG_IGN);
    for (int i = 0; i < ROUNDS; i++) {
        status = job_wait(job_make(spin, 1));
        EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT, 1);
        foreground_take();
    }

    job = job_make(stop_me, 1);
    status = job_wait(job);
    EXPECT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP, 1);
    foreground_take();
    EXPECT(tcsetpgrp(STDIN_FILENO, job), 0);
    EXPECT(kill(-job, SIGCONT), 0);
    say("test: quit this\n");
    status = job_wait(job);
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT, 1);
    foreground_take();

    job = job_make(read_one, 0);
    status = job_wait(job);
    EXPECT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN, 1);
    EXPECT(tcsetpgrp(STDIN_FILENO, job), 0);
    EXPECT(kill(-job, SIGCONT), 0);
    say("test: type for the job\n");
    EXPECT(job_wait(job), 0);
    foreground_take();

    EXPECT(tcgetattr(STDIN_FILENO, &modes), 0);
    modes.c_lflag |= TOSTOP;
    EXPECT(tcsetattr(STDIN_FILENO, TCSANOW, &modes), 0);
    (void)signal(SIGTTOU, SIG_DFL);
    job = job_make(write_one, 0);
    status = job_wait(job);
    EXPECT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU, 1);
    modes.c_lflag &= ~(tcflag_t)TOSTOP;
    EXPECT(tcsetattr(STDIN_FILENO, TCSANOW, &modes), 0);
    EXPECT(kill(-job, SIGCONT), 0);
    EXPECT(job_wait(job), 0);

    EXPECT_ERROR(tcsetpgrp(STDIN_FILENO, 1), EPERM);
    EXPECT_ERROR(tcsetpgrp(STDIN_FILENO, 12345), EPERM);
    EXPECT_ERROR(tcsetpgrp(STDIN_FILENO, -1), EINVAL);
    EXPECT_ERROR(tcsetpgrp(77, 1), EBADF);
    EXPECT(tcgetsid(STDIN_FILENO), getpid());
}

static void
write_when_started(void)
{
    say("test: started again\n");
}

static void
others(void)
{
    struct winsize size;
    pid_t job;
    int status;

    EXPECT(ioctl(STDIN_FILENO, TIOCGWINSZ, &size), 0);
    EXPECT(size.ws_col, 100);
    EXPECT(size.ws_row, 40);
    (void)signal(SIGWINCH, counting);
    size.ws_col = 132;
    EXPECT(ioctl(STDIN_FILENO, TIOCSWINSZ, &size), 0);
    EXPECT(count, 1);
    EXPECT(ioctl(STDIN_FILENO, TIOCSWINSZ, &size), 0);
    EXPECT(count, 1); /* nothing has changed */
    EXPECT_ERROR(ioctl(STDIN_FILENO, 0x7777, &size), ENOTTY);
    EXPECT(isatty(STDIN_FILENO), 1);
    EXPECT_ERROR(isatty(77) - 1, EBADF);
    EXPECT(strcmp(ttyname(STDIN_FILENO), "/dev/tty"), 0);

    EXPECT(tcflow(STDOUT_FILENO, TCOOFF), 0);
    job = fork();
    if (job == 0) {
        write_when_started();
        _exit(0);
    }
    nap(50);
    EXPECT(waitpid(job, &status, WNOHANG), 0);
    EXPECT(tcflow(STDOUT_FILENO, TCOON), 0);
    EXPECT(job_wait(job), 0);
    EXPECT_ERROR(tcflow(STDOUT_FILENO, 77), EINVAL);
}

static void
hung_up(void)
{
    for (;;) {
        (void)pause();
    }
}

static void
session(void)
{
    int console;

    EXPECT_ERROR(tcgetpgrp(STDIN_FILENO), ENOTTY);
    EXPECT(setsid(), getpid());
    EXPECT(getsid(0), getpid());
    EXPECT(getpgrp(), getpid());
    EXPECT_ERROR(tcgetpgrp(STDIN_FILENO), ENOTTY);
    EXPECT_ERROR(open("/dev/tty", O_RDWR), ENXIO);
    console = open("/dev/console", O_RDWR | O_NOCTTY);
    EXPECT(console >= 0, 1);
    EXPECT_ERROR(tcgetpgrp(console), ENOTTY);
    EXPECT(close(console), 0);
    EXPECT(ioctl(STDIN_FILENO, TIOCSCTTY, 0), 0);
    EXPECT(tcgetpgrp(STDIN_FILENO), getpid());
    console = open("/dev/tty", O_RDWR);
    EXPECT(console >= 0, 1);
    EXPECT(tcgetpgrp(console), getpid());
    EXPECT(close(console), 0);
    lines();
    raw();
    jobs();
    others();
    (void)job_make(hung_up, 1);
    nap(50);
}

int
main(void)
{
    pid_t leader = fork();
    int hangups = 0;
    int ended = 0;

    if (leader == 0) {
        session();
        _exit(42);
    }
    while (ended < 2) {
        int status;
        pid_t child;

        posix_hold();
        process_wait_begin();
        terminal_pump();
        child = waitpid(-1, &status, WNOHANG);
        if (child > 0) {
            ended++;
            hangups += WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP;
            EXPECT(child != leader || status == 42 << 8, 1);
        } else {
            (void)process_wait(0);
        }
        process_wait_end();
        posix_release();
    }
    EXPECT(hangups, 1);
    printf("test: terminal ok\n");
    return 0;
}
