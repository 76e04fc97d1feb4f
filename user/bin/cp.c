/* SPDX-License-Identifier: MIT */
/* Copies files and trees. */
#include <stdlib.h>

#include "path.h"
#include "program.h"
#include "tree.h"

static const char help[] =
    "usage: cp [-fipRrLPv] FROM TO\n"
    "       cp [-fipRrLPv] FROM... FOLDER\n"
    "Copies a file to another name, or files into a folder.\n"
    "  -f      remove a target that cannot be opened\n"
    "  -i      ask before a file is overwritten\n"
    "  -p      keep times, owner and mode\n"
    "  -R, -r  copy folders and all in them, links as links\n"
    "  -L      with -R: copy what links name\n"
    "  -P      with -R: copy links as links (as without)\n"
    "  -v      say what is copied\n";

int
main(int argc, char **argv)
{
    struct tree_copy how = {.recursive = false};
    char **names;
    size_t count = 0;
    char *target;
    int option;

    (void)argc;
    program_begin("cp", argv, help);
    while ((option = program_option("fipRrLPv")) != 0) {
        how.force |= option == 'f';
        how.interactive |= option == 'i';
        how.preserve |= option == 'p';
        how.recursive |= option == 'R' || option == 'r';
        how.verbose |= option == 'v';
        if (option == 'L' || option == 'P') {
            how.follow = option == 'L';
        }
    }
    names = program_operands_count(2, SIZE_MAX);
    while (names[count] != NULL) {
        count++;
    }
    target = names[--count];
    if (path_is_directory(target)) {
        for (size_t i = 0; i < count; i++) {
            char *to = path_inside(target, names[i]);

            (void)tree_copy(names[i], to, &how);
            free(to);
        }
    } else if (count > 1) {
        program_misused("%s: is no folder, and there are %zu files", target,
                        count);
    } else {
        (void)tree_copy(names[0], target, &how);
    }
    return program_end();
}
