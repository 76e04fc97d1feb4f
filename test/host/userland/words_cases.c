/* SPDX-License-Identifier: MIT */
/* Prints capabilities and numbers in words, for exo_check. */
#include <stdio.h>

#include "lib/posix/layout.h"
#include "user/exo/capabilities.h"
#include "user/exo/words.h"

#define SERIAL(n)                                                              \
    ((uint64_t)(CAP_SERIAL_BASE + (n) / CAP_SERIAL_HALF) |                     \
     (uint64_t)(CAP_SERIAL_BASE + (n) % CAP_SERIAL_HALF) << 16)

static struct cap_list list;

static void
hold(unsigned index, uint64_t word0, uint64_t word1, unsigned rights)
{
    list.entry[index].name = (struct cap_name){{word0, word1}};
    list.entry[index].rights = (uint8_t)rights;
    list.entry[index].held = 1;
}

int
main(void)
{
    static const uint64_t ticks[] = {
        0,           123450,       599999999,    600000000,
        36000000000, 864000000000, 8640000000000};
    char text[TIME_TEXT];

    hold(POSIX_CAP_CONSOLE, 0, 0, CAP_WRITE);
    hold(POSIX_CAP_OWN, 1 | SERIAL(40000ul) << 16, 0, CAP_RIGHTS_ALL);
    hold(POSIX_CAP_DOMAIN, 1, 0, CAP_FRESH | CAP_PASS);
    hold(POSIX_CAP_SHARED, 0x10001, 0, CAP_READ | CAP_WRITE | CAP_PASS);
    hold(5, 0x0004000300020001, 0x7fff000700060005, 0);
    hold(POSIX_CAP_CHILDREN + 3, 1 | SERIAL(0ul) << 16 | 9ull << 48, 0,
         CAP_CONTROL);
    capabilities_print(&list, false);
    for (unsigned i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
        words_time(ticks[i], 10000000, text);
        puts(text);
    }
    puts(words_cause(99));
    return 0;
}
