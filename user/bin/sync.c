/* SPDX-License-Identifier: MIT */
/* Brings what was written to the disk. */
#include <fcntl.h>
#include <unistd.h>

#include "program.h"

static const char help[] = "usage: sync [FILE]...\n"
                           "Returns when all that was written, or what was "
                           "written to these files, is\n"
                           "on the disk.\n";

int
main(int argc, char **argv)
{
    char **name;

    (void)argc;
    program_begin("sync", argv, help);
    (void)program_option("");
    name = program_operands();
    if (*name == NULL) {
        sync();
    }
    for (; *name != NULL; name++) {
        int file = open(*name, O_RDONLY);

        if (file < 0) {
            program_complain("%s", *name);
            continue;
        }
        if (fsync(file) != 0) {
            program_complain("%s", *name);
        }
        close(file);
    }
    return program_end();
}
