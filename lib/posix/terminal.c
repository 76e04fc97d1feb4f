/* SPDX-License-Identifier: MIT */
/*
 * The line discipline. Within a line that is being edited, what erasing takes
 * from the screen is computed anew from the column in which the line began:
 * nothing is noted with a byte but whether it is a mark.
 */
#include "lib/posix/terminal.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define AT(t, position) (t)->input[(position) % TERMINAL_INPUT]

#define MARK_END 0x100   /* the end of file was typed */
#define MARK_PLAIN 0x200 /* beside a byte: it was typed with VLNEXT */

#define BELL '\a'
#define BACKSPACE '\b'
#define DELETE 0x7f
#define TAB_WIDTH 8
#define CONTROL(c) ((c)&0x1f)

/* POSIX has no names for these, but every terminal has them. */
#define ERASE_WORD CONTROL('w')
#define LITERAL CONTROL('v')

void
terminal_init(struct terminal *t)
{
    memset(t, 0, sizeof(*t));
    t->modes.c_iflag = ICRNL | IXON;
    t->modes.c_oflag = OPOST | ONLCR;
    t->modes.c_cflag = CS8 | CREAD | CLOCAL;
    t->modes.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | IEXTEN;
    t->modes.c_cc[VINTR] = CONTROL('c');
    t->modes.c_cc[VQUIT] = CONTROL('\\');
    t->modes.c_cc[VERASE] = DELETE;
    t->modes.c_cc[VKILL] = CONTROL('u');
    t->modes.c_cc[VEOF] = CONTROL('d');
    t->modes.c_cc[VMIN] = 1;
    t->modes.c_cc[VSTART] = CONTROL('q');
    t->modes.c_cc[VSTOP] = CONTROL('s');
    t->modes.c_cc[VSUSP] = CONTROL('z');
    (void)cfsetispeed(&t->modes, B115200);
    (void)cfsetospeed(&t->modes, B115200);
    t->rows = 24;
    t->columns = 80;
}

void
terminal_mend(struct terminal *t)
{
    terminal_flush(t);
    t->echo_taken = t->echo_put;
    t->stopped = 0;
}

/* Before positions are believed: a process may have written anything there. */
static void
whole(struct terminal *t)
{
    if (t->put - t->taken > TERMINAL_INPUT ||
        t->line - t->taken > t->put - t->taken) {
        terminal_flush(t);
    }
    if (t->echo_put - t->echo_taken > TERMINAL_ECHO) {
        t->echo_taken = t->echo_put;
    }
}

static bool
local(const struct terminal *t, tcflag_t flag)
{
    return (t->modes.c_lflag & flag) != 0;
}

/* Whether a byte is that special character, which may be switched off. */
static bool
special(const struct terminal *t, unsigned which, uint8_t byte)
{
    return t->modes.c_cc[which] == byte && byte != _POSIX_VDISABLE;
}

static void
echo_put(struct terminal *t, uint8_t byte)
{
    uint8_t line[TERMINAL_PRINT_MAX];
    size_t count = terminal_print(t, byte, line);

    for (size_t i = 0; i < count; i++) {
        if (t->echo_put - t->echo_taken < TERMINAL_ECHO) {
            t->echo[t->echo_put++ % TERMINAL_ECHO] = line[i];
        }
    }
}

int
terminal_echo(struct terminal *t)
{
    whole(t);
    if (t->echo_taken == t->echo_put) {
        return -1;
    }
    return t->echo[t->echo_taken++ % TERMINAL_ECHO];
}

static bool
is_control(unsigned byte)
{
    return byte < ' ' || byte == DELETE;
}

/* Bytes of UTF-8 that stand in the place of the one before. */
static bool
is_continuation(unsigned byte)
{
    return (byte & 0xc0) == 0x80;
}

/* A new line is one only where it ends the line. */
static void
echo_byte(struct terminal *t, uint8_t byte, bool ends)
{
    if (is_control(byte) && byte != '\t' && !ends && local(t, ECHOCTL)) {
        echo_put(t, '^');
        byte ^= 0x40;
    }
    echo_put(t, byte);
}

/* The column behind what is in the line that is being edited up to `end`. */
static uint32_t
column_at(const struct terminal *t, uint32_t end)
{
    uint32_t column = t->margin;
    uint32_t first = t->line;

    for (uint32_t i = 0; i < (end - first) % (2 * TERMINAL_INPUT); i++) {
        unsigned byte = AT(t, first + i) & 0xff;

        if (byte == '\t') {
            column += TAB_WIDTH - column % TAB_WIDTH;
        } else if (is_control(byte)) {
            column += local(t, ECHOCTL) ? 2 : 0;
        } else if (!is_continuation(byte)) {
            column++;
        }
    }
    return column;
}

/* Takes what is behind `end` away from the line, and off the screen. */
static void
erase(struct terminal *t, uint32_t end)
{
    uint32_t before = column_at(t, t->put);
    uint32_t after = column_at(t, end);

    t->put = end;
    for (; local(t, ECHO) && before > after; before--) {
        echo_put(t, BACKSPACE);
        echo_put(t, ' ');
        echo_put(t, BACKSPACE);
    }
}

/* Where the last character of the line begins. */
static uint32_t
character_before(const struct terminal *t)
{
    uint32_t end = t->put;

    while (end != t->line && is_continuation(AT(t, --end))) {
    }
    return end;
}

static bool
is_of_word(unsigned byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || byte == '_' || byte >= 0x80;
}

static uint32_t
word_before(const struct terminal *t)
{
    bool word = false;
    uint32_t end = t->put;

    for (; end != t->line; end--) {
        bool of_word = is_of_word(AT(t, end - 1) & 0xff);

        if (word && !of_word) {
            break;
        }
        word = of_word;
    }
    return end;
}

/* Where erasing is not to be seen, the byte typed for it is. */
static void
erase_character(struct terminal *t, uint8_t byte)
{
    uint32_t end = character_before(t);

    if (!local(t, ECHO) || local(t, ECHOE)) {
        erase(t, end);
    } else if (t->put != end) {
        t->put = end;
        echo_byte(t, byte, false);
    }
}

static void
erase_line(struct terminal *t, uint8_t byte)
{
    if (t->put == t->line) {
        return;
    }
    if (!local(t, ECHO) || (local(t, ECHOE) && local(t, ECHOK))) {
        erase(t, t->line);
        return;
    }
    t->put = t->line;
    echo_byte(t, byte, false);
    if (local(t, ECHOK)) {
        echo_put(t, '\n');
    }
}

void
terminal_flush(struct terminal *t)
{
    t->taken = t->put;
    t->line = t->put;
    t->margin = t->column;
    t->literal = 0;
}

/* A signal that is typed: what was typed before it is of no use any more, nor
   what has not been seen yet. */
static int
type_signal(struct terminal *t, uint8_t byte, int signal)
{
    if (!local(t, NOFLSH)) {
        terminal_flush(t);
        t->echo_taken = t->echo_put;
    }
    t->stopped = 0;
    if (local(t, ECHO)) {
        echo_byte(t, byte, false);
    }
    t->margin = t->column;
    return signal;
}

static int
signal_of(const struct terminal *t, uint8_t byte)
{
    return !local(t, ISIG)           ? 0
           : special(t, VINTR, byte) ? SIGINT
           : special(t, VQUIT, byte) ? SIGQUIT
           : special(t, VSUSP, byte) ? SIGTSTP
                                     : 0;
}

/* Puts one into the line. The last place is for what ends it, so that a line
   that is too long can be ended. */
static bool
line_put(struct terminal *t, uint16_t byte, bool ends)
{
    uint32_t used = t->put - t->taken;

    if (used >= TERMINAL_INPUT || (used + 1 == TERMINAL_INPUT && !ends)) {
        echo_put(t, BELL);
        return false;
    }
    if (t->put == t->line) {
        t->margin = t->column;
    }
    AT(t, t->put) = byte;
    t->put++;
    return true;
}

static void
type_raw(struct terminal *t, uint8_t byte)
{
    if (line_put(t, byte, true)) {
        t->line = t->put;
        if (local(t, ECHO)) {
            echo_byte(t, byte, byte == '\n');
        }
    }
}

static void
type_plain(struct terminal *t, uint8_t byte)
{
    if (line_put(t, byte | MARK_PLAIN, false) && local(t, ECHO)) {
        echo_byte(t, byte, false);
    }
}

static void
type_end_of_line(struct terminal *t, uint8_t byte)
{
    if (line_put(t, byte, true)) {
        t->line = t->put;
        if (local(t, ECHO) || (byte == '\n' && local(t, ECHONL))) {
            echo_byte(t, byte, byte == '\n');
        }
        t->margin = t->column;
    }
}

/* A terminal's key for erasing sends one of two bytes, and people do not know
   which: where DEL erases, backspace does. */
static bool
is_erase(const struct terminal *t, uint8_t byte)
{
    return special(t, VERASE, byte) ||
           (byte == BACKSPACE && t->modes.c_cc[VERASE] == DELETE);
}

static void
type_canonical(struct terminal *t, uint8_t byte)
{
    if (is_erase(t, byte)) {
        erase_character(t, byte);
    } else if (special(t, VKILL, byte)) {
        erase_line(t, byte);
    } else if (byte == ERASE_WORD && local(t, IEXTEN)) {
        erase(t, word_before(t));
    } else if (special(t, VEOF, byte)) {
        if (line_put(t, MARK_END, true)) {
            t->line = t->put;
        }
    } else if (byte == '\n' || special(t, VEOL, byte)) {
        type_end_of_line(t, byte);
    } else {
        type_plain(t, byte);
    }
}

/* VSTOP and VSTART; true if the byte was one of them. */
static bool
type_flow(struct terminal *t, uint8_t byte)
{
    if (!(t->modes.c_iflag & IXON)) {
        return false;
    }
    if (special(t, VSTOP, byte)) {
        t->stopped = 1;
        return true;
    }
    if (t->stopped && (t->modes.c_iflag & IXANY)) {
        t->stopped = 0;
    }
    if (special(t, VSTART, byte)) {
        t->stopped = 0;
        return true;
    }
    return false;
}

int
terminal_type(struct terminal *t, uint8_t byte)
{
    tcflag_t flags = t->modes.c_iflag;
    int signal;

    whole(t);
    if (flags & ISTRIP) {
        byte &= 0x7f;
    }
    if (t->literal) {
        t->literal = 0;
        if (local(t, ICANON)) {
            type_plain(t, byte);
        } else {
            type_raw(t, byte);
        }
        return 0;
    }
    if (type_flow(t, byte)) {
        return 0;
    }
    signal = signal_of(t, byte);
    if (signal != 0) {
        return type_signal(t, byte, signal);
    }
    if (byte == '\r' && (flags & IGNCR)) {
        return 0;
    }
    if (byte == '\r' && (flags & ICRNL)) {
        byte = '\n';
    } else if (byte == '\n' && (flags & INLCR)) {
        byte = '\r';
    }
    if (!local(t, ICANON)) {
        type_raw(t, byte);
    } else if (byte == LITERAL && local(t, IEXTEN)) {
        t->literal = 1;
        if (local(t, ECHO) && local(t, ECHOCTL)) {
            echo_put(t, '^');
            echo_put(t, BACKSPACE);
        }
    } else {
        type_canonical(t, byte);
    }
    return 0;
}

/* Whether it is seen as a place of its own on the screen. */
static bool
takes_place(uint8_t byte)
{
    return !is_control(byte) && !is_continuation(byte);
}

size_t
terminal_print(struct terminal *t, uint8_t byte,
               uint8_t line[TERMINAL_PRINT_MAX])
{
    tcflag_t flags = t->modes.c_oflag;
    size_t count = 0;

    if (!(flags & OPOST)) {
        flags = 0;
    }
    if (byte == '\r' && (flags & OCRNL)) {
        byte = '\n';
    }
    if (byte == '\r' && (flags & ONOCR) && t->column == 0) {
        return 0;
    }
    if (byte == '\t') {
        unsigned width = TAB_WIDTH - t->column % TAB_WIDTH;

        t->column += width;
        if ((flags & TABDLY) == TAB3) {
            memset(line, ' ', width);
            return width;
        }
    } else if (byte == '\r') {
        t->column = 0;
    } else if (byte == '\n') {
        if (flags & ONLCR) {
            line[count++] = '\r';
        }
        if (flags & (ONLCR | ONLRET)) {
            t->column = 0;
        }
    } else if (byte == BACKSPACE) {
        t->column -= t->column > 0;
    } else {
        t->column += takes_place(byte);
    }
    line[count++] = byte;
    return count;
}

size_t
terminal_input(const struct terminal *t)
{
    uint32_t count = t->line - t->taken;

    return count < TERMINAL_INPUT ? count : TERMINAL_INPUT;
}

bool
terminal_ready(const struct terminal *t, size_t count)
{
    size_t least = local(t, ICANON) ? 1 : t->modes.c_cc[VMIN];

    return terminal_input(t) >= (least < count ? least : count);
}

static bool
ends_line(const struct terminal *t, uint16_t byte)
{
    return byte == '\n' ||
           (byte <= UINT8_MAX && special(t, VEOL, (uint8_t)byte));
}

/* An end of file that was typed ends what was before it, and is not read again.
   Who reads bytes has it as a byte. */
size_t
terminal_take(struct terminal *t, uint8_t *bytes, size_t count)
{
    bool lines = local(t, ICANON);
    size_t done = 0;

    whole(t);
    while (terminal_input(t) > 0) {
        uint16_t byte = AT(t, t->taken);

        if (lines && byte == MARK_END && (done > 0 || count > 0)) {
            t->taken++;
            break;
        }
        if (done == count) {
            break;
        }
        t->taken++;
        bytes[done++] = byte == MARK_END ? t->modes.c_cc[VEOF] : (uint8_t)byte;
        if (lines && ends_line(t, byte)) {
            break;
        }
    }
    return done;
}

void
terminal_modes_set(struct terminal *t, const struct termios *modes)
{
    whole(t);
    t->modes = *modes;
    t->line = t->put;
    t->margin = t->column;
    t->literal = 0;
    if (!(modes->c_iflag & IXON)) {
        t->stopped = 0;
    }
}
