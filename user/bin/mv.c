/* SPDX-License-Identifier: MIT */
/* Gives files other names; across file systems it copies and removes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"
#include "program.h"
#include "tree.h"

static const char help[] =
    "usage: mv [-fiv] FROM TO\n"
    "       mv [-fiv] FROM... FOLDER\n"
    "Gives a file or folder another name, or moves some into a folder.\n"
    "  -f  ask nothing\n"
    "  -i  ask before something is overwritten\n"
    "  -v  say what is moved\n";

static bool interactive;
static bool verbose;

static void
across_move(const char *from, const char *to)
{
    static const struct tree_copy copy = {
        .recursive = true, .preserve = true, .force = true};
    static const struct tree_remove away = {.recursive = true, .force = true};

    if (tree_copy(from, to, &copy)) {
        (void)tree_remove(from, &away);
    }
}

static void
entry_move(const char *from, const char *to)
{
    struct stat source;
    struct stat target;

    if (lstat(from, &source) != 0) {
        program_complain("%s", from);
        return;
    }
    if (lstat(to, &target) == 0) {
        if (source.st_dev == target.st_dev && source.st_ino == target.st_ino) {
            program_say("%s and %s are the same file", from, to);
            return;
        }
        if (interactive && !program_confirm("overwrite", to)) {
            return;
        }
    }
    if (verbose) {
        printf("%s -> %s\n", from, to);
    }
    if (rename(from, to) != 0) {
        if (errno == EXDEV) {
            across_move(from, to);
        } else if (errno == EINVAL) {
            program_say("%s: cannot be moved into itself, %s", from, to);
        } else {
            program_complain("%s to %s", from, to);
        }
    }
}

int
main(int argc, char **argv)
{
    char **names;
    size_t count = 0;
    char *target;
    int option;

    (void)argc;
    program_begin("mv", argv, help);
    while ((option = program_option("fiv")) != 0) {
        verbose |= option == 'v';
        if (option != 'v') {
            interactive = option == 'i';
        }
    }
    names = program_operands_count(2, SIZE_MAX);
    do {
        count++;
    } while (names[count] != NULL);
    target = names[--count];
    if (path_is_directory(target)) {
        for (size_t i = 0; i < count; i++) {
            char *to = path_inside(target, names[i]);

            entry_move(names[i], to);
            free(to);
        }
    } else if (count > 1) {
        program_misused("%s: is no folder, and there are %zu files", target,
                        count);
    } else {
        entry_move(names[0], target);
    }
    return program_end();
}
