/* SPDX-License-Identifier: MIT */
/* Writes lines that match a pattern. */
#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lines.h"
#include "path.h"
#include "program.h"

static const char help[] =
    "usage: grep [-EFchHilnoqrsvwx] PATTERN [FILE]...\n"
    "       grep [-EFchHilnoqrsvwx] -e PATTERN... [-f FILE]... [FILE]...\n"
    "Writes the lines that match a pattern: a basic regular expression.\n"
    "  -E          an extended one\n"
    "  -F          a text that is in the line\n"
    "  -e PATTERN  one of several\n"
    "  -f FILE     each line of it is one\n"
    "  -i          capitals are as small letters\n"
    "  -v          lines that do not match\n"
    "  -w, -x      as a whole word; as the whole line\n"
    "  -c, -l, -q  how many lines; names of files with such; nothing\n"
    "  -n          with the numbers of lines\n"
    "  -o          only what matches\n"
    "  -h, -H      without, with the file's name\n"
    "  -r          folders and all in them\n"
    "  -s          not a word of files that cannot be read\n"
    "Status: 0 if there are such lines, 1 if not, 2 after an error.\n";

/* Options, by their letters. */
static bool on[128];

struct pattern {
    const char *text; /* of -F */
    regex_t regex;
};

static struct pattern *patterns;
static size_t pattern_count;
static bool named;
static bool any;

static void
pattern_add(const char *text)
{
    struct pattern *p;
    int flags = (on['E'] ? REG_EXTENDED : 0) | (on['i'] ? REG_ICASE : 0);
    int error;

    patterns = program_memory(patterns, pattern_count + 1, sizeof(*patterns));
    p = &patterns[pattern_count++];
    p->text = program_copy(text);
    if (on['F']) {
        return;
    }
    error = regcomp(&p->regex, text, flags);
    if (error != 0) {
        char why[128];

        (void)regerror(error, &p->regex, why, sizeof(why));
        program_die("%s: %s", text, why);
    }
}

/* A list of patterns has one on each line. */
static void
patterns_add(const char *list)
{
    char *text = program_copy(list);
    char *line = text;

    for (;;) {
        char *end = strchr(line, '\n');

        if (end != NULL) {
            *end = '\0';
        }
        pattern_add(line);
        if (end == NULL) {
            break;
        }
        line = end + 1;
    }
    free(text);
}

static void
patterns_read(const char *name)
{
    struct lines lines;
    size_t length;
    const char *line;

    if (!lines_open(&lines, name)) {
        exit(program_trouble);
    }
    while ((line = lines_next(&lines, &length)) != NULL) {
        pattern_add(line);
    }
    lines_close(&lines);
}

static const char *
text_find(const char *line, const char *text)
{
    size_t length = strlen(text);

    if (!on['i']) {
        return strstr(line, text);
    }
    for (;; line++) {
        if (strncasecmp(line, text, length) == 0) {
            return line;
        }
        if (*line == '\0') {
            return NULL;
        }
    }
}

static bool
find_first(const struct pattern *p, const char *line, bool begins,
           regmatch_t *match)
{
    const char *found;

    if (!on['F']) {
        return regexec(&p->regex, line, 1, match, begins ? 0 : REG_NOTBOL) == 0;
    }
    found = text_find(line, p->text);
    if (found == NULL) {
        return false;
    }
    match->rm_so = (regoff_t)(found - line);
    match->rm_eo = match->rm_so + (regoff_t)strlen(p->text);
    return true;
}

static bool
is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Whether -w and -x let a match from begin to end pass. */
static bool
match_allowed(const char *line, const char *begin, const char *end)
{
    if (on['x']) {
        return begin == line && *end == '\0';
    }
    return !on['w'] ||
           ((begin == line || !is_word(begin[-1])) && !is_word(*end));
}

/* The first place from start on where p matches. */
static bool
pattern_search(const struct pattern *p, const char *line, const char *start,
               const char **begin, const char **end)
{
    regmatch_t match;

    while (find_first(p, start, start == line, &match)) {
        *begin = start + match.rm_so;
        *end = start + match.rm_eo;
        if (match_allowed(line, *begin, *end)) {
            return true;
        }
        /* Of -F any place is as good; of others a shorter match might be. */
        if (on['x'] && !on['F']) {
            return false;
        }
        if (**begin == '\0') {
            return false;
        }
        start = *begin + 1;
    }
    return false;
}

/* The leftmost match of all patterns, of those the longest. */
static bool
line_search(const char *line, const char *start, const char **begin,
            const char **end)
{
    bool found = false;

    for (size_t i = 0; i < pattern_count; i++) {
        const char *b;
        const char *e;

        if (pattern_search(&patterns[i], line, start, &b, &e) &&
            (!found || b < *begin || (b == *begin && e > *end))) {
            found = true;
            *begin = b;
            *end = e;
            if (!on['o']) {
                break;
            }
        }
    }
    return found;
}

/* A line may have null bytes in it: each part between them is looked at. */
static bool
line_matches(const char *line, size_t length)
{
    const char *begin;
    const char *end;

    for (size_t at = 0; at <= length; at += strlen(line + at) + 1) {
        if (line_search(line + at, line + at, &begin, &end)) {
            return true;
        }
    }
    return false;
}

static void
prefix_print(const char *name, uintmax_t number)
{
    if (named) {
        printf("%s:", name);
    }
    if (on['n']) {
        printf("%ju:", number);
    }
}

static void
line_print(const char *name, uintmax_t number, const char *line, size_t length)
{
    const char *start = line;
    const char *begin;
    const char *end;

    if (!on['o']) {
        prefix_print(name, number);
        fwrite(line, 1, length, stdout);
        putchar('\n');
        return;
    }
    while (!on['v'] && line_search(line, start, &begin, &end)) {
        if (end > begin) {
            prefix_print(name, number);
            printf("%.*s\n", (int)(end - begin), begin);
        }
        start = end > begin ? end : end + 1;
        if (*begin == '\0' || *end == '\0') {
            break;
        }
    }
}

static void
file_search(int file, const char *name)
{
    struct lines lines;
    uintmax_t number = 0;
    uintmax_t count = 0;
    const char *line;
    size_t length;

    lines_begin(&lines, file, name);
    if (file == STDIN_FILENO) {
        name = "(standard input)";
    }
    while ((line = lines_next(&lines, &length)) != NULL) {
        number++;
        if (line_matches(line, length) == on['v']) {
            continue;
        }
        any = true;
        count++;
        if (on['q'] || on['l']) {
            break;
        }
        if (!on['c']) {
            line_print(name, number, line, length);
        }
    }
    free(lines.buffer);
    if (on['q']) {
        return;
    }
    if (on['l']) {
        if (count > 0) {
            printf("%s\n", name);
        }
    } else if (on['c']) {
        if (named) {
            printf("%s:", name);
        }
        printf("%ju\n", count);
    }
}

static void
name_search(const char *name)
{
    char *one[] = {program_copy(name), NULL};
    struct stat status;

    if (on['q'] && any) {
        free(one[0]);
        return;
    }
    if (strcmp(name, "-") == 0 || stat(name, &status) != 0) {
        if (on['s'] && strcmp(name, "-") != 0) {
            program_status = program_trouble;
        } else {
            program_inputs(one, file_search);
        }
    } else if (S_ISDIR(status.st_mode)) {
        struct listing listing;

        if (!on['r']) {
            if (!on['s']) {
                program_say("%s: is a folder; with -r it is searched", name);
            }
            program_status = program_trouble;
        } else if (path_list(name, false, &listing)) {
            for (size_t i = 0; i < listing.count; i++) {
                char *path = path_join(name, listing.names[i]);

                name_search(path);
                free(path);
            }
            path_list_free(&listing);
        }
    } else {
        program_inputs(one, file_search);
    }
    free(one[0]);
}

int
main(int argc, char **argv)
{
    char **lists = program_memory(NULL, (size_t)argc + 1, sizeof(*lists));
    char *kinds = program_memory(NULL, (size_t)argc + 1, 1);
    size_t list_count = 0;
    char **names;
    int option;
    int status;

    program_trouble = 2;
    program_begin("grep", argv, help);
    while ((option = program_option("EFce:f:hHilnoqrsvwx")) != 0) {
        if (option == 'e' || option == 'f') {
            kinds[list_count] = (char)option;
            lists[list_count++] = program_value;
        } else {
            on[option] = true;
        }
    }
    names = program_operands_count(list_count == 0 ? 1 : 0, SIZE_MAX);
    if (list_count == 0) {
        patterns_add(*names++);
    }
    for (size_t i = 0; i < list_count; i++) {
        (kinds[i] == 'f' ? patterns_read : patterns_add)(lists[i]);
    }
    named = !on['h'] &&
            (on['H'] || on['r'] || (names[0] != NULL && names[1] != NULL));
    if (*names == NULL) {
        name_search(on['r'] ? "." : "-");
    }
    for (; *names != NULL; names++) {
        name_search(*names);
    }
    free(lists);
    free(kinds);
    status = program_end();
    if (status != 0 && !(on['q'] && any)) {
        return status;
    }
    return !any;
}
