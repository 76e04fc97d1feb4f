/* SPDX-License-Identifier: MIT */
/* Prints the name of the folder where it is. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"

static const char help[] =
    "usage: pwd [-LP]\n"
    "Prints the name of the working folder.\n"
    "  -L  as PWD has it, with links, if that is right (as without)\n"
    "  -P  without links\n";

/* Whether PWD names this folder, without . and .. in it. */
static bool
name_right(const char *name)
{
    struct stat named;
    struct stat here;

    if (name == NULL || name[0] != '/' || stat(name, &named) != 0 ||
        stat(".", &here) != 0 || named.st_dev != here.st_dev ||
        named.st_ino != here.st_ino) {
        return false;
    }
    for (const char *at = name; *at != '\0'; at += strcspn(at, "/")) {
        size_t length;

        at += strspn(at, "/");
        length = strcspn(at, "/");
        if (strncmp(at, "..", length) == 0 && length > 0 && length <= 2) {
            return false;
        }
    }
    return true;
}

int
main(int argc, char **argv)
{
    static char path[PATH_MAX];
    const char *name = getenv("PWD");
    bool links = true;
    int option;

    (void)argc;
    program_begin("pwd", argv, help);
    while ((option = program_option("LP")) != 0) {
        links = option == 'L';
    }
    (void)program_operands_count(0, 0);
    if (links && name_right(name)) {
        printf("%s\n", name);
    } else if (getcwd(path, sizeof(path)) != NULL) {
        printf("%s\n", path);
    } else {
        program_complain("the working folder");
    }
    return program_end();
}
