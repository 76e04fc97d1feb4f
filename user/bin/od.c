/* SPDX-License-Identifier: MIT */
/* Prints bytes as numbers and letters. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

static const char help[] =
    "usage: od [-bcdosvx] [-A BASE] [-t TYPE]... [-j SKIP] [-N COUNT] "
    "[FILE]...\n"
    "Prints bytes of the files in lines of 16.\n"
    "  -t TYPE   as a: names, c: characters, d: decimal, u: without sign, o:\n"
    "            octal, x: hexadecimal; with 1, 2, 4 or 8 bytes, or C, S, I, "
    "L\n"
    "  -b -c -d -o -s -x  are -t o1, c, u2, o2, d2, x2\n"
    "  -A BASE   of addresses: d, o, x, or n for none\n"
    "  -j SKIP   not the first bytes; -N COUNT: no more than so many\n"
    "  -v        also lines that are as the one before, else a *\n";

#define LINE 16
#define TYPES_MAX 16

struct type {
    size_t size;
    int width; /* of a value, without the blank before it */
    char letter;
};

static struct type types[TYPES_MAX];
static size_t type_count;
static char base = 'o';
static bool all;
static uintmax_t skip;
static uintmax_t left = UINTMAX_MAX;

static char **names;
static int input = -1;

/* How many places the largest value of size bytes takes. */
static int
value_width(char letter, size_t size)
{
    static const char widths[3][9] = {
        {0, 4, 6, 0, 11, 0, 0, 0, 20}, /* d, with a sign */
        {0, 3, 6, 0, 11, 0, 0, 0, 22}, /* o */
        {0, 3, 5, 0, 10, 0, 0, 0, 20}, /* u */
    };

    switch (letter) {
    case 'd':
        return widths[0][size];
    case 'o':
        return widths[1][size];
    case 'u':
        return widths[2][size];
    case 'x':
        return (int)size * 2;
    default:
        return 3;
    }
}

static void
type_add(char letter, size_t size)
{
    if (type_count == TYPES_MAX) {
        program_die("more than %d types", TYPES_MAX);
    }
    types[type_count++] = (struct type){
        .size = size, .width = value_width(letter, size), .letter = letter};
}

static void
types_read(const char *text)
{
    const char *all_text = text;

    while (*text != '\0') {
        static const char letters[] = "CSIL1248";
        static const char sizes[] = {1, 2, 4, 8, 1, 2, 4, 8};
        char letter = *text++;
        const char *size = *text == '\0' ? NULL : strchr(letters, *text);

        if (strchr("acdoux", letter) == NULL) {
            program_misused("%s: no such type", all_text);
        }
        if (letter == 'a' || letter == 'c') {
            type_add(letter, 1);
        } else if (size != NULL) {
            text++;
            type_add(letter, (size_t)sizes[size - letters]);
        } else {
            type_add(letter, 4);
        }
    }
}

/* The next byte of all files, or -1. */
static int
byte_next(void)
{
    static unsigned char buffer[16384];
    static size_t at;
    static size_t size;

    while (at == size) {
        ssize_t got;

        if (input < 0) {
            if (*names == NULL) {
                return -1;
            }
            input = strcmp(*names, "-") == 0 ? STDIN_FILENO
                                             : open(*names, O_RDONLY);
            if (input < 0) {
                program_complain("%s", *names++);
                continue;
            }
        }
        got = program_read(input, *names, buffer, sizeof(buffer));
        at = 0;
        size = got > 0 ? (size_t)got : 0;
        if (size == 0) {
            if (input != STDIN_FILENO) {
                close(input);
            }
            input = -1;
            names++;
        }
    }
    return buffer[at++];
}

static void
name_print(unsigned byte)
{
    static const char *const controls[] = {
        "nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs",
        "ht",  "nl",  "vt",  "ff",  "cr",  "so",  "si",  "dle", "dc1",
        "dc2", "dc3", "dc4", "nak", "syn", "etb", "can", "em",  "sub",
        "esc", "fs",  "gs",  "rs",  "us",  "sp"};

    byte &= 127;
    if (byte <= 32) {
        printf(" %3s", controls[byte]);
    } else if (byte == 127) {
        printf(" del");
    } else {
        printf(" %3c", (char)byte);
    }
}

static void
character_print(unsigned byte)
{
    static const char bytes[] = "\a\b\f\n\r\t\v";
    static const char letters[] = "abfnrtv";
    const char *known = byte == 0 ? NULL : strchr(bytes, (int)byte);

    if (byte == 0) {
        printf("  \\0");
    } else if (known != NULL) {
        printf("  \\%c", letters[known - bytes]);
    } else if (byte >= 32 && byte < 127) {
        printf("   %c", (char)byte);
    } else {
        printf(" %03o", byte);
    }
}

/* A value in the machine's order, which is little-endian. */
static void
value_print(const struct type *type, const unsigned char *bytes, int width)
{
    unsigned long long value = 0;
    long long with_sign;

    for (size_t i = type->size; i > 0; i--) {
        value = value << 8 | bytes[i - 1];
    }
    switch (type->letter) {
    case 'a':
        name_print(bytes[0]);
        break;
    case 'c':
        character_print(bytes[0]);
        break;
    case 'd':
        with_sign = (long long)(value << (64 - 8 * type->size));
        printf(" %*lld", width, with_sign >> (64 - 8 * type->size));
        break;
    case 'o':
        printf(" %*s%0*llo", width - type->width, "", type->width, value);
        break;
    case 'x':
        printf(" %*s%0*llx", width - type->width, "", type->width, value);
        break;
    default:
        printf(" %*llu", width, value);
    }
}

static void
address_print(uintmax_t address)
{
    if (base == 'd') {
        printf("%07ju", address);
    } else if (base == 'o') {
        printf("%07jo", address);
    } else if (base == 'x') {
        printf("%06jx", address);
    }
}

/* All types have one width for the same bytes, so that columns agree. */
static int
column_width(const struct type *type)
{
    size_t widest = 0;

    for (size_t i = 0; i < type_count; i++) {
        size_t each = (size_t)(types[i].width + 1) * (8 / types[i].size);

        widest = each > widest ? each : widest;
    }
    return (int)(widest / (8 / type->size)) - 1;
}

static void
line_print(uintmax_t address, const unsigned char *line, size_t size)
{
    for (size_t t = 0; t < type_count; t++) {
        int width = column_width(&types[t]);

        if (t == 0) {
            address_print(address);
        } else if (base != 'n') {
            printf("%*s", base == 'x' ? 6 : 7, "");
        }
        for (size_t at = 0; at < size; at += types[t].size) {
            if (types[t].letter == 'a' || types[t].letter == 'c') {
                printf("%*s", width - 3, "");
            }
            value_print(&types[t], line + at, width);
        }
        putchar('\n');
    }
}

static void
lines_print(void)
{
    unsigned char line[LINE];
    unsigned char before[LINE];
    bool repeated = false;
    uintmax_t address = skip;
    uintmax_t begin = skip;

    for (;;) {
        size_t size = 0;
        int byte = 0;

        while (size < LINE && left > 0 && (byte = byte_next()) >= 0) {
            line[size++] = (unsigned char)byte;
            left--;
        }
        if (size == 0) {
            break;
        }
        address += size;
        if (!all && size == LINE && begin > skip &&
            memcmp(line, before, LINE) == 0) {
            if (!repeated) {
                printf("*\n");
            }
            repeated = true;
        } else {
            repeated = false;
            memset(line + size, 0, LINE - size);
            line_print(begin, line, size);
            memcpy(before, line, LINE);
        }
        begin = address;
        if (size < LINE) {
            break;
        }
    }
    if (base != 'n' && (address > skip || program_status == 0)) {
        address_print(address);
        putchar('\n');
    }
}

int
main(int argc, char **argv)
{
    static char standard[] = "-";
    static char *only[] = {standard, NULL};
    static const char short_letters[] = "bcdosx";
    static const char *const short_types[] = {"o1", "c",  "u2",
                                              "o2", "d2", "x2"};
    int option;

    (void)argc;
    program_begin("od", argv, help);
    while ((option = program_option("A:bcdj:N:ost:vx")) != 0) {
        const char *known = strchr(short_letters, option);

        if (known != NULL) {
            types_read(short_types[known - short_letters]);
        } else if (option == 'A') {
            base = program_value[0];
            if (base == '\0' || strchr("doxn", base) == NULL ||
                program_value[1] != '\0') {
                program_misused("%s: no such base", program_value);
            }
        } else if (option == 'j') {
            skip = program_size(program_value, UINTMAX_MAX, "skip");
        } else if (option == 'N') {
            left = program_size(program_value, UINTMAX_MAX, "count");
        } else if (option == 't') {
            types_read(program_value);
        } else {
            all = true;
        }
    }
    if (type_count == 0) {
        type_add('o', 2);
    }
    names = *program_operands() == NULL ? only : program_operands();
    for (uintmax_t i = 0; i < skip; i++) {
        if (byte_next() < 0) {
            program_die("there are not %ju bytes to pass over", skip);
        }
    }
    lines_print();
    return program_end();
}
