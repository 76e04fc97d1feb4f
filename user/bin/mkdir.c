/* SPDX-License-Identifier: MIT */
/* Makes folders. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mode.h"
#include "path.h"
#include "program.h"

static const char help[] =
    "usage: mkdir [-p] [-m MODE] FOLDER...\n"
    "Makes folders.\n"
    "  -p       also those that it is in; one that is there is well\n"
    "  -m MODE  with this mode: 755, or as chmod has it, from a=rwx\n";

static const char *mode_text;
static mode_t mask;

/* Makes the folders that path is in. */
static bool
outer_make(char *path)
{
    for (char *at = path + 1; *at != '\0'; at++) {
        if (*at != '/' || at[-1] == '/' ||
            at[1 + strspn(at + 1, "/")] == '\0') {
            continue;
        }
        *at = '\0';
        if (mkdir(path, 0777) != 0 && !path_is_directory(path)) {
            program_complain("%s", path);
            return false;
        }
        *at = '/';
    }
    return true;
}

static void
folder_make(const char *name, bool outer)
{
    char *path = program_copy(name);
    mode_t mode = 0777;

    if (!outer || *path == '\0' || outer_make(path)) {
        if (mkdir(path, mode) != 0) {
            int error = errno;

            if (!outer || !path_is_directory(path)) {
                errno = error;
                program_complain("%s", path);
            }
        } else if (mode_text != NULL &&
                   (!mode_change(mode_text, true, mask, &mode) ||
                    chmod(path, mode) != 0)) {
            program_complain("%s", path);
        }
    }
    free(path);
}

int
main(int argc, char **argv)
{
    bool outer = false;
    mode_t mode = 0;
    int option;

    (void)argc;
    program_begin("mkdir", argv, help);
    while ((option = program_option("pm:")) != 0) {
        outer |= option == 'p';
        if (option == 'm') {
            mode_text = program_value;
        }
    }
    mask = umask(0);
    (void)umask(mask);
    if (mode_text != NULL && !mode_change(mode_text, true, 0, &mode)) {
        program_misused("%s: is no mode", mode_text);
    }
    for (char **name = program_operands_count(1, SIZE_MAX); *name != NULL;
         name++) {
        folder_make(*name, outer);
    }
    return program_end();
}
