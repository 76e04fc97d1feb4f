/* SPDX-License-Identifier: MIT */
/* Gives files further names. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"
#include "program.h"

static const char help[] = "usage: ln [-fns] FROM [TO]\n"
                           "       ln [-fns] FROM... FOLDER\n"
                           "Gives files further names, TO or in a folder; the\n"
                           "same name here if there is no TO.\n"
                           "  -f  instead of what has that name\n"
                           "  -n  a link to a folder is no folder\n"
                           "  -s  symbolic links: names of names\n";

static bool force;
static bool symbolic;

static void
link_make(const char *from, const char *to)
{
    struct stat source;
    struct stat target;

    if (force && lstat(to, &target) == 0) {
        if (stat(from, &source) == 0 && source.st_dev == target.st_dev &&
            source.st_ino == target.st_ino) {
            program_say("%s and %s are the same file", from, to);
            return;
        }
        if (unlink(to) != 0) {
            program_complain("%s", to);
            return;
        }
    }
    if ((symbolic ? symlink : link)(from, to) != 0) {
        int error = errno;
        bool missing = !symbolic && lstat(from, &source) != 0;

        errno = error;
        program_complain("%s", missing ? from : to);
    }
}

int
main(int argc, char **argv)
{
    static char here[] = ".";
    bool direct = false;
    char **names;
    size_t count = 0;
    char *target = here;
    struct stat status;
    int option;

    (void)argc;
    program_begin("ln", argv, help);
    while ((option = program_option("fns")) != 0) {
        force |= option == 'f';
        direct |= option == 'n';
        symbolic |= option == 's';
    }
    names = program_operands_count(1, SIZE_MAX);
    do {
        count++;
    } while (names[count] != NULL);
    if (count > 1) {
        target = names[--count];
    }
    if (path_is_directory(target) &&
        !(direct && lstat(target, &status) == 0 && S_ISLNK(status.st_mode))) {
        for (size_t i = 0; i < count; i++) {
            char *to = path_inside(target, names[i]);

            link_make(names[i], to);
            free(to);
        }
    } else if (count > 1) {
        program_misused("%s: is no folder, and there are %zu files", target,
                        count);
    } else {
        link_make(names[0], target);
    }
    return program_end();
}
