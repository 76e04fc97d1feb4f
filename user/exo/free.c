/* SPDX-License-Identifier: MIT */
/* How much memory there is, and who has it. */
#include <stdio.h>

#include "user/bin/program.h"
#include "user/exo/census.h"

static const char help[] =
    "usage: free [-bkmhp]\n"
    "Prints how the memory of the machine is used, in units of 1024 bytes.\n"
    "  -b, -k, -m  in bytes, units of 1024 bytes, of 1048576 bytes\n"
    "  -h          in units that are read easily\n"
    "  -p          in pages of 4 KiB\n"
    "kernel is what the kernel has, and what is kept for firmware; envs what\n"
    "programs own; cache blocks of disks; free what nobody has. Unheld blocks\n"
    "that are clean make room when there is no other.\n";

static struct census census;

static void
number_print(uint64_t pages, int option)
{
    uint64_t bytes = pages * FRAME_SIZE;
    char text[32];

    if (option == 'h') {
        program_size_text(bytes, text);
        printf(" %10s", text);
    } else {
        uint64_t unit = option == 'b'   ? 1
                        : option == 'm' ? 1 << 20
                        : option == 'p' ? FRAME_SIZE
                                        : 1024;

        printf(" %10ju", (uintmax_t)(bytes / unit));
    }
}

int
main(int argc, char **argv)
{
    const struct machine *m = machine_open();
    int unit = 'k';
    int option;

    (void)argc;
    program_begin("free", argv, help);
    while ((option = program_option("bkmhp")) != 0) {
        unit = option;
    }
    (void)program_operands_count(0, 0);
    census_take(&census, m);
    printf("        %10s %10s %10s %10s %10s\n", "total", "kernel", "envs",
           "cache", "free");
    printf("memory ");
    number_print(census.total, unit);
    number_print(census.kernel, unit);
    number_print(census.owned + census.leaving, unit);
    number_print(census.registry, unit);
    number_print(census.free, unit);
    putchar('\n');
    return program_end();
}
