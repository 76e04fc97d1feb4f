/* SPDX-License-Identifier: MIT */
/* Removes empty folders. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "path.h"
#include "program.h"

static const char help[] = "usage: rmdir [-p] FOLDER...\n"
                           "Removes empty folders.\n"
                           "  -p  a/b/c: then a/b, then a\n";

static void
folder_remove(const char *name, bool outer)
{
    char *path = program_copy(name);

    for (;;) {
        char *slash;

        if (rmdir(path) != 0) {
            program_complain("%s", path);
            break;
        }
        path_trim(path);
        slash = strrchr(path, '/');
        if (!outer || slash == NULL || slash == path) {
            break;
        }
        *slash = '\0';
        path_trim(path);
    }
    free(path);
}

int
main(int argc, char **argv)
{
    bool outer = false;

    (void)argc;
    program_begin("rmdir", argv, help);
    while (program_option("p") != 0) {
        outer = true;
    }
    for (char **name = program_operands_count(1, SIZE_MAX); *name != NULL;
         name++) {
        folder_remove(*name, outer);
    }
    return program_end();
}
