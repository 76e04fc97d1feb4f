/* SPDX-License-Identifier: MIT */
/* Removes names of files, and trees. */
#include <string.h>

#include "path.h"
#include "program.h"
#include "tree.h"

static const char help[] = "usage: rm [-dfiRrv] FILE...\n"
                           "Removes names of files.\n"
                           "  -d      also empty folders\n"
                           "  -f      ask nothing; what is not there is well\n"
                           "  -i      ask always\n"
                           "  -R, -r  folders and all in them\n"
                           "  -v      say what is removed\n";

/* What nobody means to remove: the whole tree, or where one stands. */
static bool
name_protected(const char *name)
{
    const char *base = path_base(name);
    size_t length = strcspn(base, "/");

    return name[strspn(name, "/")] == '\0' || (length == 1 && base[0] == '.') ||
           (length == 2 && base[0] == '.' && base[1] == '.');
}

int
main(int argc, char **argv)
{
    struct tree_remove how = {.recursive = false};
    char **names;
    int option;

    (void)argc;
    program_begin("rm", argv, help);
    while ((option = program_option("dfiRrv")) != 0) {
        how.directories |= option == 'd';
        how.recursive |= option == 'R' || option == 'r';
        how.verbose |= option == 'v';
        if (option == 'f' || option == 'i') {
            how.force = option == 'f';
            how.interactive = option == 'i';
        }
    }
    names = program_operands_count(how.force ? 0 : 1, SIZE_MAX);
    for (; *names != NULL; names++) {
        if (**names == '\0' || !name_protected(*names)) {
            (void)tree_remove(*names, &how);
        } else {
            program_say("%s: is not removed, whatever the options", *names);
        }
    }
    return program_end();
}
