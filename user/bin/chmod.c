/* SPDX-License-Identifier: MIT */
/* Changes what may be done with files. */
#include <stdlib.h>
#include <string.h>

#include "mode.h"
#include "path.h"
#include "program.h"

static const char help[] =
    "usage: chmod [-R] MODE FILE...\n"
    "Changes the modes of files. MODE is octal (755), or changes with commas\n"
    "between: who (u, g, o, a), then + - or =, then what (r, w, x, X, s, t).\n"
    "  -R  folders and all in them\n";

static const char *change;
static bool recursive;
static mode_t mask;

static void
file_change(const char *path)
{
    struct stat status;
    mode_t mode;

    if (stat(path, &status) != 0) {
        program_complain("%s", path);
        return;
    }
    mode = status.st_mode & 07777;
    (void)mode_change(change, S_ISDIR(status.st_mode), mask, &mode);
    if (chmod(path, mode) != 0) {
        program_complain("%s", path);
    }
}

static void
tree_change(const char *path)
{
    struct stat status;
    struct listing listing;

    if (lstat(path, &status) != 0) {
        program_complain("%s", path);
        return;
    }
    /* A link within a tree may lead out of it. */
    if (S_ISLNK(status.st_mode)) {
        return;
    }
    file_change(path);
    if (!S_ISDIR(status.st_mode) || !path_list(path, false, &listing)) {
        return;
    }
    for (size_t i = 0; i < listing.count; i++) {
        char *inner = path_join(path, listing.names[i]);

        tree_change(inner);
        free(inner);
    }
    path_list_free(&listing);
}

/* A mode such as -w looks like an option. */
static bool
mode_follows(void)
{
    const char *word = program_option_word();

    return word != NULL && strchr("rwxXstugo", word[1]) != NULL;
}

int
main(int argc, char **argv)
{
    char **names;
    mode_t mode = 0;

    (void)argc;
    program_begin("chmod", argv, help);
    while (!mode_follows() && program_option("R") != 0) {
        recursive = true;
    }
    names = program_operands_count(2, SIZE_MAX);
    change = *names++;
    mask = umask(0);
    (void)umask(mask);
    if (!mode_change(change, false, mask, &mode)) {
        program_misused("%s: is no mode", change);
    }
    for (; *names != NULL; names++) {
        (recursive ? tree_change : file_change)(*names);
    }
    return program_end();
}
