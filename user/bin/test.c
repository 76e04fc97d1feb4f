/* SPDX-License-Identifier: MIT */
/* Tells by its status whether a condition holds. Also known as [. */
#include <string.h>

#include "condition.h"
#include "path.h"
#include "program.h"

static const char help[] =
    "usage: test CONDITION\n"
    "       [ CONDITION ]\n"
    "Status: 0 if the condition holds, 1 if not, 2 if it is none.\n"
    "  -n S, S, -z S          S is not empty; is empty\n"
    "  S = T, S != T          the same; not the same\n"
    "  M -eq N                numbers: -eq -ne -gt -ge -lt -le\n"
    "  -e F                   there is such a file; with -b block device,\n"
    "                         -c character device, -d folder, -f plain file,\n"
    "                         -g set-group-id, -h or -L link, -p pipe,\n"
    "                         -S socket, -s not empty, -u set-user-id\n"
    "  -r F, -w F, -x F       which one may read, write, execute\n"
    "  -t N                   descriptor N is a terminal\n"
    "  F -nt G, -ot, -ef      newer; older; the same file\n"
    "  ! C, ( C ), C -a D, C -o D\n";

int
main(int argc, char **argv)
{
    const char *own = argc > 0 ? path_base(argv[0]) : "test";
    bool bracket = strcmp(own, "[") == 0;
    size_t count = argc > 0 ? (size_t)argc - 1 : 0;

    program_trouble = 2;
    program_begin(bracket ? "[" : "test", argv, help);
    if (count == 1 && strcmp(argv[1], "--help") == 0) {
        (void)program_option("");
    }
    if (bracket) {
        if (count == 0 || strcmp(argv[count], "]") != 0) {
            program_die("the last word must be ]");
        }
        count--;
    }
    return condition_test(argv + 1, count);
}
