/* SPDX-License-Identifier: MIT */
/*
 * The line discipline beside the host's, on a pseudo-terminal: for random lines
 * in random modes, each read gives the same, and the same is seen on a screen.
 * Erasing may be sent in different bytes.
 */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "lib/posix/terminal.h"
#include "test/host/check.h"

#define ROUNDS 10000
#define BYTES 60
#define LAST "END\n"
#define SIZE 8192

struct text {
    size_t length;
    char bytes[SIZE];
};

static struct terminal model;
static uint64_t state = 7;
static int master, slave;

static void
text_add(struct text *text, const void *bytes, size_t count)
{
    CHECK(text->length + count < SIZE);
    memcpy(text->bytes + text->length, bytes, count);
    text->length += count;
}

/* What is seen when that has been sent: a character of UTF-8 is one place. */
static void
screen(const struct text *sent, struct text *seen)
{
    static char row[SIZE][5];
    size_t column = 0;
    size_t width = 0;

    seen->length = 0;
    for (size_t i = 0; i <= sent->length; i++) {
        char c = '\n'; /* the end is one, too */

        if (i < sent->length) {
            c = sent->bytes[i];
        }
        if (c == '\n') {
            for (size_t k = 0; k < width; k++) {
                text_add(seen, row[k], strlen(row[k]));
            }
            while (seen->length > 0 && seen->bytes[seen->length - 1] == ' ') {
                seen->length--;
            }
            text_add(seen, "\n", 1);
            for (size_t k = 0; k < column; k++) { /* without a return */
                memcpy(row[k], " ", 2);
            }
            width = column;
        } else if (c == '\r') {
            column = 0;
        } else if (c == '\b') {
            column -= column > 0;
        } else if (((unsigned char)c & 0xc0) == 0x80) {
            if (column > 0) {
                row[column - 1][1] = c;
                row[column - 1][2] = '\0';
            }
        } else {
            size_t end = c == '\t' ? column + 8 - column % 8 : column + 1;

            for (; width < end; width++) {
                memcpy(row[width], " ", 2);
            }
            if (c != '\t') {
                row[column][0] = c;
                row[column][1] = '\0';
            }
            column = end;
        }
    }
}

static struct termios
modes_random(void)
{
    static const tcflag_t local[] = {ECHO, ECHOE, ECHOK, ECHONL, ECHOCTL};
    static const tcflag_t input[] = {IGNCR, ISTRIP, IXON};
    struct termios modes;
    uint64_t r = random_next(&state) >> 8;

    terminal_init(&model);
    modes = model.modes;
    modes.c_iflag = ICRNL | IUTF8;
    modes.c_lflag = ICANON | IEXTEN;
    for (unsigned i = 0; i < 5; i++) {
        modes.c_lflag |= r >> i & 1 ? local[i] : 0;
    }
    for (unsigned i = 0; i < 3; i++) {
        modes.c_iflag |= (r >> (8 + 2 * i)) % 4 == 0 ? input[i] : 0;
    }
    modes.c_cc[VERASE] = r >> 20 & 1 ? 0x7f : '#';
    modes.c_cc[VEOL] = r >> 21 & 1 ? ';' : 0;
    return modes;
}

static void
modes_set(const struct termios *modes)
{
    struct termios host = *modes;

    terminal_modes_set(&model, modes);
    host.c_lflag |= host.c_lflag & ECHOE ? ECHOKE : 0;
    host.c_cc[VWERASE] = 0x17;
    host.c_cc[VLNEXT] = 0x16;
    host.c_cc[VREPRINT] = 0;
    host.c_cc[VEOL2] = 0;
    CHECK(tcsetattr(slave, TCSAFLUSH, &host) == 0);
}

static void
bytes_random(struct text *typed)
{
    static const char *const some[] = {
        "a",    "b",        "cd",   " ",    " ",
        "\t",   "\xc3\xa9", "\x01", "\x7f", "\x7f",
        "\x7f", "#",        "#",    "\x15", "\x17",
        "\x16", "\n",       "\r",   "\x04", "\xe2\x82\xac",
        ";",    "0",        "1\t2", "\x1b"};

    typed->length = 0;
    for (uint64_t n = random_below(&state, BYTES); n > 0; n--) {
        const char *s =
            some[random_below(&state, sizeof(some) / sizeof(some[0]))];

        /* The host leaves what shows that the next byte has no meaning. */
        if (*s != '\t' || typed->length == 0 ||
            typed->bytes[typed->length - 1] != 0x16) {
            text_add(typed, s, strlen(s));
        }
    }
    /* Whatever is under way is over, and then the last line comes. */
    text_add(typed, "\n\n" LAST, 2 + strlen(LAST));
}

/* Adds a read: its length, and bytes. */
static void
reads_add(struct text *reads, const void *bytes, size_t count)
{
    unsigned char length = (unsigned char)count;

    text_add(reads, &length, 1);
    text_add(reads, bytes, count);
}

static void
wait_readable(int file)
{
    struct pollfd p = {file, POLLIN, 0};

    CHECK_EQUAL(poll(&p, 1, 10000), 1);
}

static void
host_play(const struct text *typed, struct text *reads, struct text *echo)
{
    char bytes[200];
    ssize_t n;

    CHECK(write(master, typed->bytes, typed->length) == (ssize_t)typed->length);
    do {
        wait_readable(slave);
        n = read(slave, bytes, sizeof(bytes));
        CHECK(n >= 0);
        reads_add(reads, bytes, (size_t)n);
    } while (n != (ssize_t)strlen(LAST) ||
             memcmp(bytes, LAST, strlen(LAST)) != 0);
    /* The last line is seen before it can be read. */
    for (struct pollfd p = {master, POLLIN, 0}; poll(&p, 1, 0) == 1;) {
        n = read(master, bytes, sizeof(bytes));
        CHECK(n > 0);
        text_add(echo, bytes, (size_t)n);
    }
}

static void
model_play(const struct text *typed, struct text *reads, struct text *echo)
{
    char bytes[200];
    size_t n;

    for (size_t i = 0; i < typed->length; i++) {
        CHECK_EQUAL(terminal_type(&model, (uint8_t)typed->bytes[i]), 0);
        for (int c = terminal_echo(&model); c >= 0; c = terminal_echo(&model)) {
            char byte = (char)c;

            text_add(echo, &byte, 1);
        }
    }
    while (terminal_ready(&model, sizeof(bytes))) {
        n = terminal_take(&model, (uint8_t *)bytes, sizeof(bytes));
        reads_add(reads, bytes, n);
    }
}

static void
show(const char *what, const struct text *text)
{
    (void)fprintf(stderr, "%s:", what);
    for (size_t i = 0; i < text->length; i++) {
        unsigned char c = (unsigned char)text->bytes[i];

        (void)fprintf(stderr, c > ' ' && c < 0x7f ? " %c" : " %02x", c);
    }
    (void)fprintf(stderr, "\n");
}

static void
same(const char *what, const struct text *host, const struct text *own,
     const struct text *typed, const struct termios *modes)
{
    if (host->length == own->length &&
        memcmp(host->bytes, own->bytes, own->length) == 0) {
        return;
    }
    (void)fprintf(stderr, "%s differ, c_lflag %#x c_iflag %#x\n", what,
                  (unsigned)modes->c_lflag, (unsigned)modes->c_iflag);
    show("typed", typed);
    show("host", host);
    show("own", own);
    exit(1);
}

int
main(void)
{
    static struct text typed, host_reads, host_echo, reads, echo, host_seen,
        seen;

    master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
        printf("no pseudo-terminal here: skipped\n");
        return 0;
    }
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    CHECK(slave >= 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct termios modes = modes_random();

        host_reads.length = host_echo.length = 0;
        reads.length = echo.length = 0;
        modes_set(&modes);
        bytes_random(&typed);
        host_play(&typed, &host_reads, &host_echo);
        model_play(&typed, &reads, &echo);
        same("reads", &host_reads, &reads, &typed, &modes);
        /* With less it is not on the screen what is erased there. */
        if ((modes.c_lflag & (ECHOE | ECHOCTL)) == (ECHOE | ECHOCTL)) {
            screen(&host_echo, &host_seen);
            screen(&echo, &seen);
            same("screens", &host_seen, &seen, &typed, &modes);
        }
    }
    return 0;
}
