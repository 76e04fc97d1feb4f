/* SPDX-License-Identifier: MIT */
/* Lists folders. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "path.h"
#include "program.h"

static const char help[] =
    "usage: ls [-1AaCdFhiLlnpRrSst] [FILE]...\n"
    "Lists what is in folders, and other files, by name.\n"
    "  -a, -A  also names that begin with a dot; without . and ..\n"
    "  -C, -1  in columns, as to a terminal; a line each\n"
    "  -d      folders themselves\n"
    "  -F, -p  with a mark of the kind: / * @ | =; folders only\n"
    "  -h      sizes in units that are read easily\n"
    "  -i, -s  with file numbers; with blocks of 1024 bytes\n"
    "  -L      what links name\n"
    "  -l, -n  all that is known of each\n"
    "  -R      also what is in the folders that are found\n"
    "  -S, -t  by size, largest first; by time, newest first\n"
    "  -r      the other way round\n";

#define HALF_YEAR (183 * 86400L)

struct entry {
    const char *name;
    char *path;
    struct stat status;
    char *target; /* of a link */
};

/* Options, by their letters. */
static bool on[128];
static time_t now;
static bool printed;

static bool
time_later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec > b->tv_sec ||
           (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

static int
entry_compare(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    int order = 0;

    if (on['S']) {
        order = a->status.st_size > b->status.st_size   ? -1
                : a->status.st_size < b->status.st_size ? 1
                                                        : 0;
    } else if (on['t']) {
        order = time_later(&a->status.st_mtim, &b->status.st_mtim)   ? -1
                : time_later(&b->status.st_mtim, &a->status.st_mtim) ? 1
                                                                     : 0;
    }
    if (order == 0) {
        order = strcmp(a->name, b->name);
    }
    return on['r'] ? -order : order;
}

/* False, and complains, if there is no such file. */
static bool
entry_read(struct entry *entry, const char *name, const char *path, bool follow)
{
    char target[PATH_MAX];

    *entry = (struct entry){.name = name};
    if (!follow || stat(path, &entry->status) != 0) {
        if (lstat(path, &entry->status) != 0) {
            program_complain("%s", path);
            return false;
        }
    }
    if (S_ISLNK(entry->status.st_mode)) {
        ssize_t length = readlink(path, target, sizeof(target) - 1);

        target[length < 0 ? 0 : length] = '\0';
        entry->target = program_copy(target);
    }
    entry->path = program_copy(path);
    return true;
}

static void
entries_free(struct entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(entries[i].path);
        free(entries[i].target);
    }
    free(entries);
}

static const char *
entry_mark(const struct entry *entry)
{
    mode_t mode = entry->status.st_mode;

    if (S_ISDIR(mode)) {
        return on['F'] || on['p'] ? "/" : "";
    }
    if (!on['F']) {
        return "";
    }
    return S_ISLNK(mode)        ? (on['l'] ? "" : "@")
           : S_ISFIFO(mode)     ? "|"
           : S_ISSOCK(mode)     ? "="
           : (mode & 0111) != 0 ? "*"
                                : "";
}

static void
size_text(off_t size, char text[32])
{
    if (on['h']) {
        program_size_text((uintmax_t)size, text);
    } else {
        (void)snprintf(text, 32, "%jd", (intmax_t)size);
    }
}

static void
time_text(time_t when, char text[32])
{
    struct tm parts;
    bool near = when > now - HALF_YEAR && when <= now + 60;

    if (localtime_r(&when, &parts) == NULL) {
        (void)snprintf(text, 32, "%jd", (intmax_t)when);
        return;
    }
    if (strftime(text, 32, near ? "%b %e %H:%M" : "%b %e  %Y", &parts) == 0) {
        text[0] = '\0';
    }
}

/* What comes before the name: numbers that -i and -s ask for. */
static int
prefix_text(const struct entry *entry, int number_width, int block_width,
            char text[64])
{
    int length = 0;

    text[0] = '\0';
    if (on['i']) {
        length = snprintf(text, 64, "%*ju ", number_width,
                          (uintmax_t)entry->status.st_ino);
    }
    if (on['s']) {
        length +=
            snprintf(text + length, 64 - (size_t)length, "%*jd ", block_width,
                     (intmax_t)(entry->status.st_blocks + 1) / 2);
    }
    return length;
}

static int
widest(int width, intmax_t value)
{
    int length = snprintf(NULL, 0, "%jd", value);

    return length > width ? length : width;
}

static void
long_print(const struct entry *entries, size_t count, int number_width,
           int block_width)
{
    int links = 0;
    int owners = 0;
    int groups = 0;
    int sizes = 0;

    for (size_t i = 0; i < count; i++) {
        const struct stat *s = &entries[i].status;
        char size[32];

        links = widest(links, (intmax_t)s->st_nlink);
        owners = widest(owners, (intmax_t)s->st_uid);
        groups = widest(groups, (intmax_t)s->st_gid);
        size_text(s->st_size, size);
        sizes = (int)strlen(size) > sizes ? (int)strlen(size) : sizes;
    }
    for (size_t i = 0; i < count; i++) {
        const struct entry *e = &entries[i];
        const struct stat *s = &e->status;
        char prefix[64];
        char mode[11];
        char size[32];
        char when[32];

        (void)prefix_text(e, number_width, block_width, prefix);
        path_mode_text(s->st_mode, mode);
        size_text(s->st_size, size);
        time_text(s->st_mtim.tv_sec, when);
        printf("%s%s %*ju %*ju %*ju %*s %s %s%s", prefix, mode, links,
               (uintmax_t)s->st_nlink, owners, (uintmax_t)s->st_uid, groups,
               (uintmax_t)s->st_gid, sizes, size, when, e->name, entry_mark(e));
        if (e->target != NULL) {
            printf(" -> %s", e->target);
        }
        putchar('\n');
    }
}

/* Downwards in as many columns as fit. */
static void
columns_print(const struct entry *entries, size_t count, int number_width,
              int block_width)
{
    size_t width = 0;
    size_t columns;
    size_t rows;
    char prefix[64];

    for (size_t i = 0; i < count; i++) {
        size_t length =
            strlen(entries[i].name) + strlen(entry_mark(&entries[i])) +
            (size_t)prefix_text(&entries[i], number_width, block_width, prefix);

        width = length > width ? length : width;
    }
    columns = on['C'] ? (program_width() + 2) / (width + 2) : 1;
    columns = columns == 0 ? 1 : columns;
    rows = (count + columns - 1) / columns;
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = row; i < count; i += rows) {
            const struct entry *e = &entries[i];
            const char *mark = entry_mark(e);
            int before = prefix_text(e, number_width, block_width, prefix);
            size_t length = (size_t)before + strlen(e->name) + strlen(mark);

            printf("%s%s%s", prefix, e->name, mark);
            if (i + rows < count) {
                printf("%*s", (int)(width + 2 - length), "");
            }
        }
        putchar('\n');
    }
}

static void
entries_print(struct entry *entries, size_t count)
{
    int number_width = 0;
    int block_width = 0;

    if (count == 0) {
        return;
    }
    qsort(entries, count, sizeof(*entries), entry_compare);
    for (size_t i = 0; i < count; i++) {
        number_width = widest(number_width, (intmax_t)entries[i].status.st_ino);
        block_width = widest(block_width,
                             (intmax_t)(entries[i].status.st_blocks + 1) / 2);
    }
    (on['l'] ? long_print : columns_print)(entries, count, number_width,
                                           block_width);
    printed = true;
}

static bool
name_shown(const char *name)
{
    return name[0] != '.' || on['a'] || on['A'];
}

static void
folder_list(const char *path, bool titled)
{
    struct listing listing;
    struct entry *entries;
    size_t count = 0;
    intmax_t blocks = 0;

    if (titled) {
        printf("%s%s:\n", printed ? "\n" : "", path);
        printed = true;
    }
    if (!path_list(path, on['a'], &listing)) {
        return;
    }
    entries = program_memory(NULL, listing.count + 1, sizeof(*entries));
    for (size_t i = 0; i < listing.count; i++) {
        char *inner = path_join(path, listing.names[i]);

        if (name_shown(listing.names[i]) &&
            entry_read(&entries[count], listing.names[i], inner, on['L'])) {
            blocks += (intmax_t)entries[count++].status.st_blocks;
        }
        free(inner);
    }
    if (on['l'] || on['s']) {
        printf("total %jd\n", (blocks + 1) / 2);
    }
    entries_print(entries, count);
    for (size_t i = 0; on['R'] && i < count; i++) {
        if (S_ISDIR(entries[i].status.st_mode) &&
            strcmp(entries[i].name, ".") != 0 &&
            strcmp(entries[i].name, "..") != 0) {
            folder_list(entries[i].path, true);
        }
    }
    entries_free(entries, count);
    path_list_free(&listing);
}

static void
options_read(void)
{
    int option;

    on['C'] = isatty(STDOUT_FILENO) != 0;
    while ((option = program_option("1AaCdFhiLlnpRrSst")) != 0) {
        if (option == '1' || option == 'l' || option == 'n') {
            on['C'] = false;
        }
        if (option == 'S' || option == 't') {
            on['S'] = false;
            on['t'] = false;
        }
        if (option == 'C') {
            on['l'] = false;
        }
        on[option == 'n' ? 'l' : option] = true;
    }
    /* All others are of those names only that were asked for. */
    on['R'] = on['R'] && !on['d'];
}

int
main(int argc, char **argv)
{
    static char here[] = ".";
    static char *only[] = {here, NULL};
    struct entry *files;
    struct entry *folders;
    size_t file_count = 0;
    size_t folder_count = 0;
    size_t count = 0;
    bool titled;
    char **names;

    (void)argc;
    program_trouble = 2;
    program_begin("ls", argv, help);
    options_read();
    now = time(NULL);
    names = *program_operands() == NULL ? only : program_operands();
    while (names[count] != NULL) {
        count++;
    }
    files = program_memory(NULL, count, sizeof(*files));
    folders = program_memory(NULL, count, sizeof(*folders));
    for (size_t i = 0; i < count; i++) {
        /* A link is listed as such with -d, -l and -F. */
        bool follow = on['L'] || !(on['d'] || on['l'] || on['F']);
        struct entry *entry = &files[file_count];

        if (!entry_read(entry, names[i], names[i], follow)) {
            continue;
        }
        if (S_ISDIR(entry->status.st_mode) && !on['d']) {
            folders[folder_count++] = *entry;
        } else {
            file_count++;
        }
    }
    entries_print(files, file_count);
    qsort(folders, folder_count, sizeof(*folders), entry_compare);
    titled = count > 1 || on['R'];
    for (size_t i = 0; i < folder_count; i++) {
        folder_list(folders[i].path, titled);
    }
    entries_free(files, file_count);
    entries_free(folders, folder_count);
    return program_end();
}
