/* SPDX-License-Identifier: MIT */
/*
 * Who owns which frames, slots and blocks, live; and what happens: envs that
 * come and go, slots that change hands, what is asked for and what is taken.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "user/bin/program.h"
#include "user/exo/events.h"
#include "user/exo/report.h"

static const char help[] =
    "usage: exotop [-d SECONDS] [-n COUNT] [-e ENV] [-s ORDER]\n"
    "Shows who owns what of the machine, and what happens to it.\n"
    "  -d SECONDS  look again after so many, 1 if nothing is said\n"
    "  -n COUNT    print so many times, and end: for scripts\n"
    "  -e ENV      print which frames, slots and blocks this env owns, and "
    "end\n"
    "  -s ORDER    sorted by frames, slots, blocks or id\n"
    "Keys: q ends, f s b i sort, up and down choose an env, Enter shows what "
    "it\n"
    "owns and goes back, space looks at once. Columns: ACCOUNT what it is\n"
    "charged to; FRAMES pages that it owns, CHANGE since the last look; "
    "TABLES\n"
    "of them for page tables; SHARED mapped more than once; BLOCKS of disks "
    "that\n"
    "it holds in memory; ASKED how much was asked of it, OWES what of that is\n"
    "not given yet, LOST how often something was taken.\n";

static struct census looks[2];
static struct census *now = &looks[0];
static struct census *before = &looks[1];
static bool looked; /* `before` holds something */
static struct events events;
static enum report_order order = REPORT_BY_FRAMES;
static struct termios modes_before;
static volatile sig_atomic_t ended;

/* The screen: how large it is, and which line is next. */
static unsigned rows = 24;
static unsigned columns = 80;
static unsigned line_next;
static unsigned chosen;      /* the line of the env that is chosen */
static uint32_t shown;       /* the env whose things are shown, or 0 */
static unsigned line_marked; /* this one is in reverse */
static uint32_t ids[ENVS_MAX];
static unsigned ids_count;

static void
look(const struct machine *m)
{
    struct census *old = before;

    before = now;
    now = old;
    now->first = before->first;
    now->end = before->end;
    census_take(now, m);
    if (looked) {
        events_note(&events, m, before, now);
    }
}

/* Without a screen. */
static void
line_print(void *context, const char *text)
{
    (void)context;
    puts(text);
}

static void
events_print(uint64_t from)
{
    for (; from < events.count; from++) {
        puts(events.text[from % EVENTS_MAX]);
    }
}

static void
rounds_print(const struct machine *m, uintmax_t count, unsigned seconds)
{
    for (uintmax_t i = 0; i < count; i++) {
        uint64_t from = events.count;
        struct report report;

        if (i > 0) {
            (void)fflush(stdout);
            (void)sleep(seconds);
            putchar('\n');
        }
        look(m);
        report = (struct report){m, now, line_print, NULL};
        report_machine(&report);
        (void)report_envs(&report, looked ? before : NULL, order, ENVS_MAX,
                          NULL);
        events_print(from);
        looked = true;
    }
}

/* On the screen: what does not fit is left out. */
static void
line_draw(void *context, const char *text)
{
    (void)context;
    if (line_next < rows) {
        printf("%s%.*s\x1b[K%s%s", line_next == line_marked ? "\x1b[7m" : "",
               (int)columns, text, line_next == line_marked ? "\x1b[m" : "",
               line_next + 1 < rows ? "\n" : "");
        line_next++;
    }
}

static void
size_read(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 3 &&
        size.ws_col > 0) {
        rows = size.ws_row;
        columns = size.ws_col;
    }
}

static void
events_draw(unsigned room)
{
    uint64_t count = events.count < EVENTS_MAX ? events.count : EVENTS_MAX;
    uint64_t from = events.count - (count < room ? count : room);

    for (; from < events.count; from++) {
        line_draw(NULL, events.text[from % EVENTS_MAX]);
    }
}

static void
screen_draw(const struct machine *m)
{
    const struct report report = {m, now, line_draw, NULL};
    unsigned used;
    unsigned most;

    size_read();
    line_next = 0;
    line_marked = UINT32_MAX;
    fputs("\x1b[H", stdout);
    if (shown != 0) {
        report_env(&report, shown);
        fputs("\x1b[J", stdout);
        (void)fflush(stdout);
        return;
    }
    report_machine(&report);
    line_draw(NULL, "");
    used = line_next + 1;
    /* A third of what is left is for events. */
    most = rows > used ? (rows - used) * 2 / 3 : 0;
    chosen = chosen < ids_count || ids_count == 0 ? chosen : ids_count - 1;
    line_marked = used + chosen;
    ids_count = report_envs(&report, looked ? before : NULL, order, most, ids);
    ids_count = ids_count < most ? ids_count : most;
    line_draw(NULL, "");
    events_draw(rows > line_next ? rows - line_next : 0);
    fputs("\x1b[J", stdout);
    (void)fflush(stdout);
}

static void
end_note(int signal)
{
    (void)signal;
    ended = 1;
}

static void
screen_begin(void)
{
    struct sigaction action = {.sa_handler = end_note};
    struct termios modes;

    if (tcgetattr(STDIN_FILENO, &modes_before) != 0) {
        program_complain("the terminal");
        exit(program_status);
    }
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
    modes = modes_before;
    modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &modes);
    /* Another screen, and no cursor. */
    fputs("\x1b[?1049h\x1b[?25l\x1b[2J", stdout);
}

static void
screen_end(void)
{
    fputs("\x1b[?25h\x1b[?1049l", stdout);
    (void)fflush(stdout);
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &modes_before);
}

static void
key_done(int key)
{
    switch (key) {
    case 'q':
        ended = 1;
        break;
    case 'f':
        order = REPORT_BY_FRAMES;
        break;
    case 's':
        order = REPORT_BY_SLOTS;
        break;
    case 'b':
        order = REPORT_BY_BLOCKS;
        break;
    case 'i':
        order = REPORT_BY_ID;
        break;
    case 'A': /* the end of an arrow's sequence */
    case 'k':
        chosen -= chosen > 0;
        break;
    case 'B':
    case 'j':
        chosen += chosen + 1 < ids_count;
        break;
    case '\r':
    case '\n':
        shown = shown != 0 || chosen >= ids_count ? 0 : ids[chosen];
        break;
    default:
        break;
    }
}

/* Till the time for the next look, or for the screen to be drawn anew. */
static void
keys_wait(unsigned seconds)
{
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    char keys[16];
    ssize_t count = 0;

    if (poll(&input, 1, (int)seconds * 1000) > 0) {
        count = read(STDIN_FILENO, keys, sizeof(keys));
        if (count == 0 || (count < 0 && errno != EINTR)) {
            ended = 1; /* nobody can end it any more */
        }
    }
    for (ssize_t i = 0; i < count; i++) {
        key_done(keys[i]);
    }
}

static void
screen_run(const struct machine *m, unsigned seconds)
{
    screen_begin();
    while (!ended) {
        look(m);
        screen_draw(m);
        looked = true;
        keys_wait(seconds);
    }
    screen_end();
}

static enum report_order
order_parse(const char *word)
{
    static const char *const words[] = {
        [REPORT_BY_FRAMES] = "frames",
        [REPORT_BY_SLOTS] = "slots",
        [REPORT_BY_BLOCKS] = "blocks",
        [REPORT_BY_ID] = "id",
    };

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i]) == 0) {
            return (enum report_order)i;
        }
    }
    program_misused("order '%s' is none of frames, slots, blocks and id", word);
}

static void
env_print(const struct machine *m, const char *word)
{
    struct env_row row;
    char *end;
    unsigned long id = strtoul(word, &end, 16);

    if (*word == '\0' || *end != '\0' || id > UINT32_MAX ||
        !machine_env_find(m, (uint32_t)id, &row)) {
        program_die("there is no env %s: exotop -n 1 lists them", word);
    }
    look(m);
    report_env(&(struct report){m, now, line_print, NULL}, row.id);
}

int
main(int argc, char **argv)
{
    const struct machine *m = machine_open();
    const char *env = NULL;
    unsigned seconds = 1;
    uintmax_t count = 0;
    int option;

    (void)argc;
    program_begin("exotop", argv, help);
    while ((option = program_option("d:n:e:s:")) != 0) {
        if (option == 'd') {
            seconds = (unsigned)program_number(program_value, 3600, "delay");
        } else if (option == 'n') {
            count = program_number(program_value, UINT32_MAX, "count");
        } else if (option == 's') {
            order = order_parse(program_value);
        } else {
            env = program_value;
        }
    }
    (void)program_operands_count(0, 0);
    if (env != NULL) {
        env_print(m, env);
    } else if (count > 0) {
        rounds_print(m, count, seconds);
    } else if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
        screen_run(m, seconds > 0 ? seconds : 1);
    } else {
        program_misused("there is no screen: say how often, with -n");
    }
    return program_end();
}
