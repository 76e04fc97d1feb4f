/* SPDX-License-Identifier: MIT */
/* Adds up the room that files take on the disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "path.h"
#include "program.h"

static const char help[] =
    "usage: du [-a | -s] [-kh] [FILE]...\n"
    "Prints how many blocks of 512 bytes each folder takes, with all in it.\n"
    "  -a  also each file\n"
    "  -s  only what is named\n"
    "  -k  in units of 1024 bytes\n"
    "  -h  in units that are read easily\n"
    "A file with several names counts once.\n";

static bool all;
static bool summary;
static bool human;
static unsigned unit = 512;

/* Files with several names that were met. */
static struct seen {
    dev_t device;
    ino_t number;
} * seen;
static size_t seen_count;

static bool
seen_before(const struct stat *status)
{
    if (S_ISDIR(status->st_mode) || status->st_nlink < 2) {
        return false;
    }
    for (size_t i = 0; i < seen_count; i++) {
        if (seen[i].device == status->st_dev &&
            seen[i].number == status->st_ino) {
            return true;
        }
    }
    /* Room for a power of two, so that it seldom grows. */
    if ((seen_count & (seen_count - 1)) == 0) {
        seen = program_memory(seen, seen_count == 0 ? 1 : seen_count * 2,
                              sizeof(*seen));
    }
    seen[seen_count++] = (struct seen){status->st_dev, status->st_ino};
    return false;
}

static void
sum_print(uintmax_t blocks, const char *path)
{
    char text[32];

    if (human) {
        program_size_text(blocks * 512, text);
        printf("%s\t%s\n", text, path);
    } else {
        printf("%ju\t%s\n", unit == 512 ? blocks : (blocks + 1) / 2, path);
    }
}

/* Blocks of 512 bytes. */
static uintmax_t
entry_sum(const char *path, bool named)
{
    struct stat status;
    struct listing listing;
    uintmax_t sum;

    if (lstat(path, &status) != 0) {
        program_complain("%s", path);
        return 0;
    }
    if (seen_before(&status)) {
        return 0;
    }
    sum = (uintmax_t)status.st_blocks;
    if (S_ISDIR(status.st_mode) && path_list(path, false, &listing)) {
        for (size_t i = 0; i < listing.count; i++) {
            char *inner = path_join(path, listing.names[i]);

            sum += entry_sum(inner, false);
            free(inner);
        }
        path_list_free(&listing);
    }
    if (named || (!summary && (all || S_ISDIR(status.st_mode)))) {
        sum_print(sum, path);
    }
    return sum;
}

int
main(int argc, char **argv)
{
    static char here[] = ".";
    static char *only[] = {here, NULL};
    char **names;
    int option;

    (void)argc;
    program_begin("du", argv, help);
    while ((option = program_option("ahks")) != 0) {
        all |= option == 'a';
        human |= option == 'h';
        summary |= option == 's';
        unit = option == 'k' ? 1024 : unit;
    }
    names = program_operands();
    for (names = *names == NULL ? only : names; *names != NULL; names++) {
        (void)entry_sum(*names, true);
    }
    free(seen);
    return program_end();
}
