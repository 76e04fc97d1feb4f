/* SPDX-License-Identifier: MIT */
/* Counts lines, words and bytes. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

static const char help[] = "usage: wc [-clmw] [FILE]...\n"
                           "Counts lines, words and bytes of files.\n"
                           "  -l  lines only, which is newlines\n"
                           "  -w  words only: what blanks separate\n"
                           "  -c  bytes only\n"
                           "  -m  characters of UTF-8 only\n";

struct counts {
    uintmax_t lines;
    uintmax_t words;
    uintmax_t characters;
    uintmax_t bytes;
};

static const char order[] = "lwmc";
static bool chosen[4];

static void
counts_print(const struct counts *c, const char *name)
{
    const uintmax_t values[] = {c->lines, c->words, c->characters, c->bytes};
    size_t several = 0;
    bool first = true;

    for (size_t i = 0; i < 4; i++) {
        several += chosen[i];
    }
    for (size_t i = 0; i < 4; i++) {
        if (chosen[i]) {
            printf(several > 1 ? "%s%7ju" : "%s%ju", first ? "" : " ",
                   values[i]);
            first = false;
        }
    }
    printf("%s%s\n", name == NULL ? "" : " ", name == NULL ? "" : name);
}

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
file_count(int file, const char *name, struct counts *c)
{
    static char buffer[65536];
    bool inside = false;
    ssize_t got;

    while ((got = program_read(file, name, buffer, sizeof(buffer))) > 0) {
        c->bytes += (size_t)got;
        for (ssize_t i = 0; i < got; i++) {
            bool space = is_space(buffer[i]);

            c->lines += buffer[i] == '\n';
            c->words += inside && space;
            /* Bytes that go on with a character do not begin one. */
            c->characters += ((unsigned char)buffer[i] & 0xc0) != 0x80;
            inside = !space;
        }
    }
    c->words += inside;
}

int
main(int argc, char **argv)
{
    struct counts total = {.lines = 0};
    bool any = false;
    char **names;
    int option;

    (void)argc;
    program_begin("wc", argv, help);
    while ((option = program_option("clmw")) != 0) {
        chosen[strchr(order, option) - order] = true;
        any = true;
    }
    if (!any) {
        chosen[0] = chosen[1] = chosen[3] = true;
    }
    names = program_operands();
    if (*names == NULL) {
        file_count(STDIN_FILENO, "standard input", &total);
        counts_print(&total, NULL);
        return program_end();
    }
    for (char **name = names; *name != NULL; name++) {
        struct counts counts = {.lines = 0};
        bool input = strcmp(*name, "-") == 0;
        int file = input ? STDIN_FILENO : open(*name, O_RDONLY);

        if (file < 0) {
            program_complain("%s", *name);
            continue;
        }
        file_count(file, *name, &counts);
        if (!input) {
            close(file);
        }
        counts_print(&counts, *name);
        total.lines += counts.lines;
        total.words += counts.words;
        total.characters += counts.characters;
        total.bytes += counts.bytes;
    }
    if (names[1] != NULL) {
        counts_print(&total, "total");
    }
    return program_end();
}
