/* SPDX-License-Identifier: MIT */
/* Writes its input to several places. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "program.h"

static const char help[] = "usage: tee [-ai] [FILE]...\n"
                           "Writes standard input to standard output and to "
                           "the files.\n"
                           "  -a  at the end of the files\n"
                           "  -i  SIGINT is ignored\n";

struct place {
    int file; /* -1: no more */
    const char *name;
};

int
main(int argc, char **argv)
{
    static char buffer[32768];
    int flags = O_WRONLY | O_CREAT | O_TRUNC;
    struct place *places;
    char **names;
    size_t count = 1;
    ssize_t got;
    int option;

    (void)argc;
    program_begin("tee", argv, help);
    while ((option = program_option("ai")) != 0) {
        if (option == 'i') {
            signal(SIGINT, SIG_IGN);
        } else {
            flags = O_WRONLY | O_CREAT | O_APPEND;
        }
    }
    names = program_operands();
    for (; names[count - 1] != NULL; count++) {
    }
    places = program_memory(NULL, count, sizeof(*places));
    places[0] = (struct place){STDOUT_FILENO, "standard output"};
    for (size_t i = 1; i < count; i++) {
        places[i] =
            (struct place){open(names[i - 1], flags, 0666), names[i - 1]};
        if (places[i].file < 0) {
            program_complain("%s", places[i].name);
        }
    }
    while ((got = program_read(STDIN_FILENO, "standard input", buffer,
                               sizeof(buffer))) > 0) {
        for (size_t i = 0; i < count; i++) {
            if (places[i].file >= 0 &&
                !program_write(places[i].file, buffer, (size_t)got)) {
                program_complain("%s", places[i].name);
                places[i].file = -1;
            }
        }
    }
    free(places);
    return program_end();
}
