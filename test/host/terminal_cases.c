/* SPDX-License-Identifier: MIT */
/* The line discipline, case by case: what is read, what is seen, what is sent.
 */
#include <signal.h>
#include <unistd.h>

#include "lib/posix/terminal.h"
#include "test/host/check.h"

static struct terminal t;
static int last_signal;

static void
type(const char *bytes)
{
    last_signal = 0;
    for (; *bytes != '\0'; bytes++) {
        int signal = terminal_type(&t, (uint8_t)*bytes);

        last_signal = signal != 0 ? signal : last_signal;
    }
}

static void
seen(const char *wanted)
{
    static char bytes[TERMINAL_ECHO + 1];
    size_t count = 0;

    for (int c = terminal_echo(&t); c >= 0; c = terminal_echo(&t)) {
        CHECK(count < sizeof(bytes) - 1);
        bytes[count++] = (char)c;
    }
    bytes[count] = '\0';
    check_subject = bytes;
    CHECK(strcmp(bytes, wanted) == 0);
}

#define GOT(count, wanted) got_at(__LINE__, count, wanted)

static void
got_at(int line, size_t count, const char *wanted)
{
    static char bytes[TERMINAL_INPUT + 1];
    size_t n = terminal_take(&t, (uint8_t *)bytes, count);

    check_equal((long long)n, (long long)strlen(wanted), __FILE__, line,
                wanted);
    bytes[n] = '\0';
    check_subject = bytes;
    CHECK(memcmp(bytes, wanted, n) == 0);
}

static void
begin(tcflag_t set, tcflag_t clear)
{
    struct termios modes;

    terminal_init(&t);
    modes = t.modes;
    modes.c_lflag = (modes.c_lflag | set) & ~clear;
    terminal_modes_set(&t, &modes);
}

static void
lines(void)
{
    begin(0, 0);
    type("one");
    CHECK(!terminal_ready(&t, 10));
    CHECK_EQUAL(terminal_input(&t), 0);
    type("\rtwo\n");
    CHECK(terminal_ready(&t, 10));
    CHECK_EQUAL(terminal_input(&t), 8);
    seen("one\r\ntwo\r\n");
    GOT(100, "one\n");
    GOT(1, "t");
    GOT(100, "wo\n");
    CHECK(!terminal_ready(&t, 10));
    GOT(100, "");
    t.modes.c_cc[VEOL] = ';';
    type("a;b");
    GOT(100, "a;");
    GOT(100, "");
}

static void
end_of_file(void)
{
    begin(0, 0);
    type("abc\x04");
    seen("abc");
    GOT(100, "abc"); /* and the mark with it */
    CHECK(!terminal_ready(&t, 1));
    type("\x04x\n");
    CHECK(terminal_ready(&t, 1));
    GOT(100, "");
    GOT(100, "x\n");
    type("abc\x04"
         "d\n");
    GOT(3, "abc");
    GOT(100, "d\n");
    type("\x04\x04");
    GOT(100, "");
    CHECK(terminal_ready(&t, 1));
    GOT(100, "");
    CHECK(!terminal_ready(&t, 1));
}

static void
editing(void)
{
    begin(0, 0);
    type("ab\x7f");
    seen("ab\b \b");
    type("c\x08\n");
    seen("c\b \b\r\n");
    GOT(100, "a\n");
    type("\x7f\x7f\n");
    seen("\r\n");
    GOT(100, "\n");
    type("x\xc3\xa9\x7f\n"); /* a character of two bytes */
    seen("x\xc3\xa9\b \b\r\n");
    GOT(100, "x\n");
    type("x\x01\x7f\n"); /* seen as ^A */
    seen("x^A\b \b\b \b\r\n");
    GOT(100, "x\n");
    type("ab\t\x7f\n"); /* six places */
    seen("ab\t\b \b\b \b\b \b\b \b\b \b\b \b\r\n");
    GOT(100, "ab\n");
    type("one two  \x17z\n");
    seen("one two  \b \b\b \b\b \b\b \b\b \bz\r\n");
    GOT(100, "one z\n");
    type("one\x15two\n");
    seen("one\b \b\b \b\b \btwo\r\n");
    GOT(100, "two\n");
    type("\x16\x03\x16\x04\x16\n.\n"); /* nothing of it means anything */
    CHECK_EQUAL(last_signal, 0);
    GOT(100, "\x03\x04\n.\n");
    begin(0, ECHOE);
    type("a\x7f\x7f\x15"
         "bc\x15\n");
    seen("a^?bc^U\r\n\r\n");
    begin(0, ECHO);
    type("a\x7f\x15xy\n");
    seen("");
    GOT(100, "xy\n");
    begin(ECHONL, ECHO);
    type("a\n");
    seen("\r\n");
    begin(0, IEXTEN);
    type("a\x17\x16\n");
    GOT(100, "a\x17\x16\n");
}

/* What a process prints decides where the line begins. */
static void
columns(void)
{
    uint8_t line[TERMINAL_PRINT_MAX];

    begin(0, 0);
    for (const char *c = "$ "; *c != '\0'; c++) {
        CHECK_EQUAL(terminal_print(&t, (uint8_t)*c, line), 1);
    }
    type("a\t\x7f");
    seen("a\t\b \b\b \b\b \b\b \b\b \b");
    t.modes.c_oflag = OPOST | TAB3 | OCRNL;
    t.column = 5;
    CHECK_EQUAL(terminal_print(&t, '\t', line), 3);
    CHECK(memcmp(line, "   ", 3) == 0);
    CHECK_EQUAL(terminal_print(&t, '\r', line), 1);
    CHECK_EQUAL(line[0], '\n');
    t.modes.c_oflag = OPOST | ONLCR;
    CHECK_EQUAL(terminal_print(&t, '\n', line), 2);
    CHECK(memcmp(line, "\r\n", 2) == 0);
    t.modes.c_oflag = ONLCR; /* means nothing without OPOST */
    CHECK_EQUAL(terminal_print(&t, '\n', line), 1);
    t.modes.c_oflag = OPOST | ONOCR;
    t.column = 0;
    CHECK_EQUAL(terminal_print(&t, '\r', line), 0);
}

static void
signals(void)
{
    begin(0, 0);
    type("abc\x03");
    CHECK_EQUAL(last_signal, SIGINT);
    seen("^C"); /* what was not yet seen is of no use either */
    type("x\n");
    GOT(100, "x\n");
    type("line\n\x1c");
    CHECK_EQUAL(last_signal, SIGQUIT);
    CHECK(!terminal_ready(&t, 1));
    type("\x1a");
    CHECK_EQUAL(last_signal, SIGTSTP);
    begin(NOFLSH, 0);
    type("abc\x03\n");
    CHECK_EQUAL(last_signal, SIGINT);
    GOT(100, "abc\n");
    begin(0, ISIG);
    type("\x03\n");
    CHECK_EQUAL(last_signal, 0);
    GOT(100, "\x03\n");
    begin(0, 0);
    t.modes.c_cc[VINTR] = _POSIX_VDISABLE;
    CHECK_EQUAL(terminal_type(&t, 0), 0);
    type("\x03\n");
    CHECK_EQUAL(last_signal, 0);
    CHECK_EQUAL(terminal_input(&t), 3);
}

static void
raw(void)
{
    begin(0, ICANON | ECHO);
    t.modes.c_cc[VMIN] = 3;
    type("ab");
    CHECK(!terminal_ready(&t, 10));
    CHECK(terminal_ready(&t, 2));
    type("\x04");
    CHECK(terminal_ready(&t, 10));
    GOT(10, "ab\x04");
    t.modes.c_cc[VMIN] = 0;
    CHECK(terminal_ready(&t, 10));
    GOT(10, "");
    type("\x7f\r\x15");
    GOT(2, "\x7f\n");
    GOT(10, "\x15");
    t.modes.c_iflag = INLCR;
    type("\n");
    GOT(10, "\r");
    t.modes.c_iflag = IGNCR | ISTRIP;
    type("\r\xe1");
    GOT(10, "a");
    seen("");
}

/* An editor takes over in the middle of what was typed ahead, and gives back.
 */
static void
changes(void)
{
    struct termios modes;

    begin(0, 0);
    type("ls\npar\x04t");
    modes = t.modes;
    modes.c_lflag &= ~(tcflag_t)ICANON;
    terminal_modes_set(&t, &modes);
    CHECK_EQUAL(terminal_input(&t), 8);
    GOT(100, "ls\npar\x04t");
    type("xyz");
    modes.c_lflag |= ICANON;
    terminal_modes_set(&t, &modes);
    CHECK(terminal_ready(&t, 1));
    GOT(100, "xyz");
    type("a\x7f\x7f\x7f\n");
    GOT(100, "\n");
    type("dropped\nall");
    terminal_flush(&t);
    type("\n");
    GOT(100, "\n");
}

static void
flow(void)
{
    struct termios modes;

    begin(0, 0);
    type("\x13");
    CHECK_EQUAL(t.stopped, 1);
    type("a");
    CHECK_EQUAL(t.stopped, 1);
    type("\x11");
    CHECK_EQUAL(t.stopped, 0);
    type("\x13\x03");
    CHECK_EQUAL(t.stopped, 0);
    t.modes.c_iflag |= IXANY;
    type("\x13\n");
    CHECK_EQUAL(t.stopped, 0);
    type("\x13");
    modes = t.modes;
    modes.c_iflag = 0;
    terminal_modes_set(&t, &modes);
    CHECK_EQUAL(t.stopped, 0);
    type("\x13\n");
    GOT(10, "\n");
    GOT(10, "\x13\n");
}

/* What is typed ahead has an end, and a line that is too long can be ended. */
static void
full(void)
{
    size_t bells = 0;

    begin(0, 0);
    for (unsigned i = 0; i < TERMINAL_INPUT + 10; i++) {
        type("x");
        for (int c = terminal_echo(&t); c >= 0; c = terminal_echo(&t)) {
            bells += c == '\a';
        }
    }
    CHECK_EQUAL(bells, 11);
    type("\n");
    CHECK_EQUAL(terminal_input(&t), TERMINAL_INPUT);
    type("\nx\x04\x03");
    CHECK_EQUAL(last_signal, SIGINT);
    CHECK_EQUAL(terminal_input(&t), 0);
    for (unsigned i = 0; i < 3 * TERMINAL_ECHO; i++) {
        type("y"); /* nobody takes the echo */
    }
    type("\x15z\n");
    GOT(10, "z\n");
}

/* Whatever stands in the shared state, nothing is left or endless. */
static void
damage(void)
{
    uint64_t state = 1;

    for (unsigned i = 0; i < 20000; i++) {
        uint8_t bytes[64];
        uint64_t r = random_next(&state);

        if (i % 8 == 0) {
            terminal_init(&t);
            for (uint8_t *p = (uint8_t *)&t.modes; p < (uint8_t *)(&t + 1);
                 p++) {
                if (random_below(&state, 4) == 0) {
                    *p = (uint8_t)random_next(&state);
                }
            }
        }
        switch (r % 8) {
        case 0:
            t.line = (uint32_t)(r >> 32);
            break;
        case 1:
            t.put = (uint32_t)(r >> 32);
            break;
        case 2:
            t.echo_put = (uint32_t)(r >> 32);
            break;
        case 3:
            terminal_mend(&t);
            break;
        default:
            break;
        }
        (void)terminal_type(&t, (uint8_t)(r >> 8));
        (void)terminal_echo(&t);
        (void)terminal_ready(&t, r >> 40);
        CHECK(terminal_take(&t, bytes, (r >> 16) % 65) <= 64);
        CHECK(terminal_print(&t, (uint8_t)(r >> 24), bytes) <=
              TERMINAL_PRINT_MAX);
    }
}

int
main(void)
{
    lines();
    end_of_file();
    editing();
    columns();
    signals();
    raw();
    changes();
    flow();
    full();
    damage();
    return 0;
}
