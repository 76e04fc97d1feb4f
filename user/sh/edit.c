/* SPDX-License-Identifier: MIT */
/*
 * The line stands in one row. If it is too long, the part around the cursor is
 * shown. The row is drawn anew after each key, from its beginning, so that
 * nothing must be known of what the terminal showed before. How wide it is, is
 * asked anew, too: COLUMNS, or 80.
 *
 * The terminal's modes are changed without dropping input, and keys are read
 * one by one: what is typed ahead is for whoever reads next.
 */
#include "edit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "history.h"
#include "shell.h"
#include "trap.h"
#include "user/bin/program.h"
#include "variable.h"

#define CONTROL(letter) ((letter)&31)

/* Keys that are more than one byte. */
enum {
    KEY_END_OF_INPUT = -1,
    KEY_LEFT = 256,
    KEY_RIGHT,
    KEY_UP,
    KEY_DOWN,
    KEY_HOME,
    KEY_END,
    KEY_DELETE,
    KEY_WORD_LEFT,
    KEY_WORD_RIGHT,
    KEY_WORD_DELETE,
    KEY_WORD_ERASE,
    KEY_OTHER
};

static int terminal;
static const char *prompt;
static struct text line;
static size_t cursor;
static size_t age; /* 0: the new line; else the age of the old one, plus 1 */
static struct text new_line; /* while an old one is shown */
static struct text killed;

void
edit_begin(int file)
{
    terminal = file;
}

static void
put(const char *bytes, size_t length)
{
    (void)program_write(terminal, bytes, length);
}

static int
byte_read(void)
{
    unsigned char byte;

    for (;;) {
        ssize_t got = read(terminal, &byte, 1);

        if (got == 1) {
            return byte;
        }
        if (got == 0 || errno != EINTR) {
            return KEY_END_OF_INPUT;
        }
        if (trap_interrupted()) {
            return CONTROL('C');
        }
        traps_run();
    }
}

/* What ESC [ or ESC O begins. */
static int
sequence_read(void)
{
    int number = 0;
    bool shifted = false;
    int c = byte_read();

    while ((c >= '0' && c <= '9') || c == ';') {
        shifted |= c == ';';
        number = shifted ? number : number * 10 + c - '0';
        c = byte_read();
    }
    switch (c) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return shifted ? KEY_WORD_RIGHT : KEY_RIGHT;
    case 'D':
        return shifted ? KEY_WORD_LEFT : KEY_LEFT;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_END;
    case '~':
        return number == 1 || number == 7   ? KEY_HOME
               : number == 4 || number == 8 ? KEY_END
               : number == 3                ? KEY_DELETE
                                            : KEY_OTHER;
    default:
        return c == KEY_END_OF_INPUT ? c : KEY_OTHER;
    }
}

static int
key_read(void)
{
    int c = byte_read();

    if (c != 27) {
        return c;
    }
    c = byte_read();
    switch (c) {
    case '[':
    case 'O':
        return sequence_read();
    case 'b':
        return KEY_WORD_LEFT;
    case 'f':
        return KEY_WORD_RIGHT;
    case 'd':
        return KEY_WORD_DELETE;
    case 127:
    case CONTROL('H'):
        return KEY_WORD_ERASE;
    default:
        return c == KEY_END_OF_INPUT ? c : KEY_OTHER;
    }
}

/* Bytes that go on with a character of UTF-8 stand in no place of their own. */
static bool
is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t
places(const char *bytes, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++) {
        count += !is_continuation(bytes[i]);
    }
    return count;
}

/* How many places the prompt takes, without sequences such as ESC [1m. */
static size_t
prompt_places(void)
{
    size_t count = 0;

    for (const char *at = prompt; *at != '\0'; at++) {
        if (at[0] == 27 && at[1] == '[') {
            at += 2;
            while (*at != '\0' && (*at < '@' || *at > '~')) {
                at++;
            }
            if (*at == '\0') {
                break;
            }
            continue;
        }
        count += !is_continuation(*at);
    }
    return count;
}

static size_t
width(void)
{
    const char *columns = variable_get("COLUMNS");
    unsigned long value = columns == NULL ? 0 : strtoul(columns, NULL, 10);

    return value == 0 || value > 10000 ? 80 : value;
}

static void
line_draw(void)
{
    size_t before = prompt_places();
    size_t room = width() > before + 8 ? width() - before - 1 : 8;
    size_t begin = 0;
    size_t end;
    struct text out = {.bytes = NULL};
    char move[32];

    while (places(line.bytes + begin, cursor - begin) >= room) {
        begin++;
        while (begin < cursor && is_continuation(line.bytes[begin])) {
            begin++;
        }
    }
    end = begin;
    while (end < line.length &&
           places(line.bytes + begin, end - begin) < room) {
        end++;
        while (end < line.length && is_continuation(line.bytes[end])) {
            end++;
        }
    }
    text_add_byte(&out, '\r');
    text_add_string(&out, prompt);
    text_add(&out, line.bytes + begin, end - begin);
    text_add_string(&out, "\033[K\r");
    before += places(line.bytes + begin, cursor - begin);
    if (before > 0) {
        (void)snprintf(move, sizeof(move), "\033[%zuC", before);
        text_add_string(&out, move);
    }
    put(out.bytes, out.length);
    text_free(&out);
}

static void
line_set(const char *text)
{
    char *copy = program_copy(text);

    line.length = 0;
    text_add_string(&line, copy);
    cursor = line.length;
    free(copy);
}

static void
range_remove(size_t begin, size_t end, bool keep)
{
    if (keep) {
        killed.length = 0;
        text_add(&killed, line.bytes + begin, end - begin);
    }
    memmove(line.bytes + begin, line.bytes + end, line.length - end + 1);
    line.length -= end - begin;
    cursor = begin;
}

static void
range_insert(const char *bytes, size_t length)
{
    text_add(&line, bytes, length);
    memmove(line.bytes + cursor + length, line.bytes + cursor,
            line.length - length - cursor);
    memcpy(line.bytes + cursor, bytes, length);
    cursor += length;
}

static size_t
left_of(size_t at)
{
    if (at > 0) {
        at--;
    }
    while (at > 0 && is_continuation(line.bytes[at])) {
        at--;
    }
    return at;
}

static size_t
right_of(size_t at)
{
    if (at < line.length) {
        at++;
    }
    while (at < line.length && is_continuation(line.bytes[at])) {
        at++;
    }
    return at;
}

static size_t
word_left_of(size_t at)
{
    while (at > 0 && line.bytes[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && line.bytes[at - 1] != ' ') {
        at--;
    }
    return at;
}

static size_t
word_right_of(size_t at)
{
    while (at < line.length && line.bytes[at] == ' ') {
        at++;
    }
    while (at < line.length && line.bytes[at] != ' ') {
        at++;
    }
    return at;
}

static void
history_move(bool back)
{
    if (back ? age == history_count() : age == 0) {
        return;
    }
    if (age == 0) {
        new_line.length = 0;
        text_add(&new_line, line.bytes, line.length);
    }
    age = back ? age + 1 : age - 1;
    line_set(age == 0 ? text_string(&new_line) : history_get(age - 1));
}

/* The next older line with a text in it, from an age on; or where it was. */
static size_t
history_search(const char *text, size_t from)
{
    for (size_t i = from; i < history_count(); i++) {
        if (strstr(history_get(i), text) != NULL) {
            return i;
        }
    }
    return from;
}

/* Ctrl-R: gives the key that ended it. */
static int
search_run(void)
{
    struct text wanted = {.bytes = NULL};
    const char *own_prompt = prompt;
    size_t found = 0;
    int key;

    for (;;) {
        struct text shown = {.bytes = NULL};

        text_add_string(&shown, "(search '");
        text_add_string(&shown, text_string(&wanted));
        text_add_string(&shown, "'): ");
        prompt = shown.bytes;
        line_draw();
        prompt = own_prompt;
        text_free(&shown);
        key = key_read();
        if (key == CONTROL('R')) {
            found = history_search(text_string(&wanted), found + 1);
        } else if ((key == 127 || key == CONTROL('H')) && wanted.length > 0) {
            wanted.bytes[--wanted.length] = '\0';
            found = history_search(wanted.bytes, 0);
        } else if (key >= ' ' && key < 256 && key != 127) {
            text_add_byte(&wanted, (char)key);
            found = history_search(wanted.bytes, found);
        } else {
            break;
        }
        if (wanted.length > 0 && found < history_count() &&
            strstr(history_get(found), wanted.bytes) != NULL) {
            line_set(history_get(found));
            age = found + 1;
        }
    }
    text_free(&wanted);
    return key;
}

static void
key_move(int key)
{
    switch (key) {
    case CONTROL('A'):
    case KEY_HOME:
        cursor = 0;
        break;
    case CONTROL('E'):
    case KEY_END:
        cursor = line.length;
        break;
    case CONTROL('B'):
    case KEY_LEFT:
        cursor = left_of(cursor);
        break;
    case CONTROL('F'):
    case KEY_RIGHT:
        cursor = right_of(cursor);
        break;
    case KEY_WORD_LEFT:
        cursor = word_left_of(cursor);
        break;
    case KEY_WORD_RIGHT:
        cursor = word_right_of(cursor);
        break;
    case CONTROL('P'):
    case KEY_UP:
        history_move(true);
        break;
    case CONTROL('N'):
    case KEY_DOWN:
        history_move(false);
        break;
    case CONTROL('L'):
        put("\033[H\033[2J", 7);
        break;
    default:
        break;
    }
}

static void
key_do(int key)
{
    char byte = (char)key;

    switch (key) {
    case 127:
    case CONTROL('H'):
        range_remove(left_of(cursor), cursor, false);
        break;
    case CONTROL('D'):
    case KEY_DELETE:
        range_remove(cursor, right_of(cursor), false);
        break;
    case CONTROL('K'):
        range_remove(cursor, line.length, true);
        break;
    case CONTROL('U'):
        range_remove(0, cursor, true);
        break;
    case CONTROL('W'):
    case KEY_WORD_ERASE:
        range_remove(word_left_of(cursor), cursor, true);
        break;
    case KEY_WORD_DELETE:
        range_remove(cursor, word_right_of(cursor), true);
        break;
    case CONTROL('Y'):
        range_insert(text_string(&killed), killed.length);
        break;
    case '\t':
        range_insert(" ", 1);
        break;
    default:
        if (key >= ' ' && key < 256) {
            range_insert(&byte, 1);
        } else {
            key_move(key);
        }
    }
}

/* Keys till the line is done: as edit_line. */
static int
keys_run(void)
{
    for (;;) {
        int key;

        line_draw();
        key = key_read();
        if (key == CONTROL('R')) {
            key = search_run();
        }
        if (key == '\r' || key == '\n') {
            cursor = line.length;
            line_draw();
            put("\r\n", 2);
            return 1;
        }
        if (key == CONTROL('C')) {
            put("^C\r\n", 4);
            trap_interrupt_clear();
            return -1;
        }
        if (key == KEY_END_OF_INPUT ||
            (key == CONTROL('D') && line.length == 0)) {
            put("\r\n", 2);
            return 0;
        }
        key_do(key);
    }
}

/* From what is no terminal, or none that can be set: a line as it is. */
static int
plain_read(struct text *text)
{
    size_t begin = text->length;
    int c;

    fprintf(stderr, "%s", prompt);
    while ((c = byte_read()) >= 0 && c != '\n') {
        if (c == CONTROL('C')) {
            text->length = begin;
            trap_interrupt_clear();
            fputc('\n', stderr);
            return -1;
        }
        if (c != '\0') {
            text_add_byte(text, (char)c);
        }
    }
    if (c < 0 && text->length == begin) {
        return 0;
    }
    text_add_byte(text, '\n');
    return 1;
}

int
edit_line(const char *shown, struct text *text)
{
    struct termios before;
    struct termios raw;
    int result;

    prompt = shown;
    fflush(stdout);
    if (tcgetattr(terminal, &before) != 0) {
        return plain_read(text);
    }
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(IXON | INLCR | IGNCR);
    raw.c_iflag |= ICRNL;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(terminal, TCSADRAIN, &raw) != 0) {
        return plain_read(text);
    }
    line_set("");
    age = 0;
    result = keys_run();
    (void)tcsetattr(terminal, TCSADRAIN, &before);
    if (result > 0) {
        history_add(line.bytes);
        text_add(text, line.bytes, line.length);
        text_add_byte(text, '\n');
    }
    return result;
}
