/* SPDX-License-Identifier: MIT */
/* A session of another user's, in a domain of its own, which the first process
   makes: it has the terminal until it ends. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "lib/posix/posix.h"
#include "lib/posix/session.h"
#include "user/bin/program.h"

static const char help[] =
    "usage: su NAME [PROGRAM [WORD...]]\n"
    "Runs the shell, or PROGRAM, as the user of that name (/etc/passwd), in a\n"
    "domain of its own, and ends with its status. For root only, who is asked\n"
    "for no password.\n";

int
main(int argc, char **argv)
{
    char **words;
    int64_t result;

    (void)argc;
    program_begin("su", argv, help);
    (void)program_option("");
    words = program_operands();
    if (words[0] == NULL) {
        program_misused("which user?");
    }
    /* What is typed is for the other domain meanwhile; what is sent is not for
       this one to die of, or the session would. */
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTSTP, SIG_IGN);
    do {
        posix_hold();
        result = session_ask(words[0], words + 1, true);
    } while (posix_again(result));
    if (result >= 0) {
        unsigned row = (unsigned)result;

        do {
            posix_hold();
            result = session_wait(row);
        } while (posix_again(result));
    }
    if (result == -ENOENT) {
        program_die("%s: there is no such user", words[0]);
    }
    if (result < 0) {
        errno = (int)-result;
        program_complain("%s", words[0]);
        return program_end();
    }
    return (int)result;
}
