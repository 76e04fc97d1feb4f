/* SPDX-License-Identifier: MIT */
/* Replaces, removes and squeezes bytes. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

static const char help[] =
    "usage: tr [-c] [-s] SET SET\n"
    "       tr -d [-c] SET\n"
    "       tr -s [-c] SET\n"
    "       tr -ds [-c] SET SET\n"
    "Replaces bytes of the first set by those of the second, in order.\n"
    "  -d  removes those of the first set\n"
    "  -s  of a run of the same byte of the last set one stays\n"
    "  -c  all that are not in the first set (also -C)\n"
    "A set has bytes, ranges a-z, classes [:alpha:], [x*] or [x*N]: as many x\n"
    "as needed or N, [=x=], and \\n \\t \\r \\a \\b \\f \\v \\\\ and \\ddd.\n";

#define SET_MAX 65536

struct set {
    unsigned char *bytes;
    size_t count;
    size_t fill; /* where [x*] stands, or SIZE_MAX */
    unsigned char filler;
};

static unsigned char map[256]; /* what each byte is replaced by */
static bool gone[256];
static bool single[256]; /* what of a run of them one stays */

static void
set_add(struct set *set, unsigned byte)
{
    if (set->count == SET_MAX) {
        program_die("a set has more than %d bytes", SET_MAX);
    }
    set->bytes[set->count++] = (unsigned char)byte;
}

static unsigned
byte_read(const char **text)
{
    static const char letters[] = "abfnrtv\\";
    static const char bytes[] = "\a\b\f\n\r\t\v\\";
    const char *known;
    unsigned value = 0;

    if (**text != '\\' || (*text)[1] == '\0') {
        return (unsigned char)*(*text)++;
    }
    (*text)++;
    known = strchr(letters, **text);
    if (known != NULL) {
        (*text)++;
        return (unsigned char)bytes[known - letters];
    }
    if (**text < '0' || **text > '7') {
        return (unsigned char)*(*text)++;
    }
    for (int i = 0; i < 3 && **text >= '0' && **text <= '7'; i++) {
        value = value * 8 + (unsigned)(*(*text)++ - '0');
    }
    return value & 0xff;
}

static void
class_add(struct set *set, const char *name, size_t length)
{
    static const struct {
        const char *name;
        int (*has)(int);
    } classes[] = {
        {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank},
        {"cntrl", iscntrl}, {"digit", isdigit}, {"graph", isgraph},
        {"lower", islower}, {"print", isprint}, {"punct", ispunct},
        {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
    };

    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (strlen(classes[i].name) == length &&
            strncmp(classes[i].name, name, length) == 0) {
            for (int byte = 0; byte < 256; byte++) {
                if (classes[i].has(byte)) {
                    set_add(set, (unsigned)byte);
                }
            }
            return;
        }
    }
    program_misused("[:%.*s:]: no such class", (int)length, name);
}

/* What begins with [: a class, a byte's equals, a byte many times. */
static bool
bracket_read(struct set *set, const char **text)
{
    const char *at = *text + 1;
    const char *end;
    unsigned byte;
    unsigned long count;
    char *behind;

    if (*at == ':' && (end = strstr(at + 1, ":]")) != NULL) {
        class_add(set, at + 1, (size_t)(end - at) - 1);
        *text = end + 2;
        return true;
    }
    if (*at == '=' && at[1] != '\0' && at[2] == '=' && at[3] == ']') {
        set_add(set, (unsigned char)at[1]);
        *text = at + 4;
        return true;
    }
    if (*at == '\0') {
        return false;
    }
    byte = byte_read(&at);
    if (*at != '*') {
        return false;
    }
    count = strtoul(at + 1, &behind, at[1] == '0' ? 8 : 10);
    if (*behind != ']') {
        return false;
    }
    *text = behind + 1;
    if (count == 0) {
        set->fill = set->count;
        set->filler = (unsigned char)byte;
        return true;
    }
    for (; count > 0; count--) {
        set_add(set, byte);
    }
    return true;
}

static void
set_read(struct set *set, const char *text)
{
    const char *all = text;

    *set = (struct set){.bytes = program_memory(NULL, SET_MAX, 1),
                        .fill = SIZE_MAX};
    while (*text != '\0') {
        unsigned low;
        unsigned high;

        if (*text == '[' && bracket_read(set, &text)) {
            continue;
        }
        low = byte_read(&text);
        high = low;
        if (text[0] == '-' && text[1] != '\0') {
            text++;
            high = byte_read(&text);
            if (high < low) {
                program_misused("%s: a range goes backwards", all);
            }
        }
        for (; low <= high; low++) {
            set_add(set, low);
        }
    }
}

static void
set_complement(struct set *set)
{
    bool in[256] = {false};

    for (size_t i = 0; i < set->count; i++) {
        in[set->bytes[i]] = true;
    }
    set->count = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        if (!in[byte]) {
            set_add(set, byte);
        }
    }
}

/* Makes the second set as long as the first: by [x*], or by its last byte. */
static void
set_extend(struct set *set, size_t count)
{
    size_t at = set->fill == SIZE_MAX ? set->count : set->fill;
    size_t more = count > set->count ? count - set->count : 0;

    if (set->fill == SIZE_MAX) {
        if (set->count == 0) {
            program_misused("the second set is empty");
        }
        set->filler = set->bytes[set->count - 1];
    }
    if (more == 0) {
        return;
    }
    memmove(set->bytes + at + more, set->bytes + at, set->count - at);
    memset(set->bytes + at, set->filler, more);
    set->count += more;
}

/*
 * Says what becomes of each byte. The second set is null if there is none; it
 * is as long as the first if it replaces.
 */
static void
tables_fill(const struct set *first, const struct set *second, bool delete,
            bool squeeze)
{
    const struct set *squeezed = second == NULL ? first : second;

    for (unsigned i = 0; i < 256; i++) {
        map[i] = (unsigned char)i;
    }
    for (size_t i = 0; i < first->count; i++) {
        unsigned char byte = first->bytes[i];

        gone[byte] = delete;
        if (second != NULL && !delete) {
            map[byte] = second->bytes[i];
        }
    }
    for (size_t i = 0; squeeze && i < squeezed->count; i++) {
        single[squeezed->bytes[i]] = true;
    }
}

static void
input_translate(void)
{
    static unsigned char buffer[32768];
    int last = -1;
    ssize_t got;

    while ((got = program_read(STDIN_FILENO, "standard input", buffer,
                               sizeof(buffer))) > 0) {
        size_t kept = 0;

        for (ssize_t i = 0; i < got; i++) {
            unsigned char byte = map[buffer[i]];

            if (!gone[buffer[i]] && !(byte == last && single[byte])) {
                buffer[kept++] = byte;
                last = byte;
            }
        }
        program_put(buffer, kept);
    }
}

int
main(int argc, char **argv)
{
    bool complement = false;
    bool delete = false;
    bool squeeze = false;
    struct set first;
    struct set second;
    char **words;
    int option;

    (void)argc;
    program_begin("tr", argv, help);
    while ((option = program_option("cCds")) != 0) {
        complement |= option == 'c' || option == 'C';
        delete |= option == 'd';
        squeeze |= option == 's';
    }
    words = program_operands_count(delete == squeeze ? 2 : 1,
                                   delete &&!squeeze ? 1 : 2);
    set_read(&first, words[0]);
    set_read(&second, words[1] == NULL ? "" : words[1]);
    if (complement) {
        set_complement(&first);
    }
    if (!delete &&words[1] != NULL) {
        set_extend(&second, first.count);
    }
    tables_fill(&first, words[1] == NULL ? NULL : &second, delete, squeeze);
    free(first.bytes);
    free(second.bytes);
    input_translate();
    return program_end();
}
