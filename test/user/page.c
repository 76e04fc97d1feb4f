/* SPDX-License-Identifier: MIT */
/*
 * Page clear and copy do that and no more, and take fewer instructions than
 * picolibc's memset and memcpy, where QEMU counts them.
 */
#include "lib/exo/page.h"

#include <string.h>

#include "lib/exo/exo.h"
#include "test/user/expect.h"

#define PAGE 4096

static _Alignas(8) unsigned char from[PAGE];
static _Alignas(8) unsigned char room[3 * PAGE];

static uint64_t
instructions(void)
{
    uint64_t count;

    __asm__ volatile("rdinstret %0" : "=r"(count)::"memory");
    return count;
}

static void
around(unsigned char inside)
{
    for (unsigned i = 0; i < 3 * PAGE; i++) {
        bool in = i >= PAGE && i < 2 * PAGE;

        EXPECT(room[i], in ? inside ? from[i - PAGE] : 0 : 0xa5);
    }
}

int
main(void)
{
    uint64_t count[5];

    for (unsigned i = 0; i < PAGE; i++) {
        from[i] = (unsigned char)(i * 7 + i / 256 + 1);
    }
    memset(room, 0xa5, sizeof(room));
    count[0] = instructions();
    exo_page_copy(room + PAGE, from);
    count[1] = instructions();
    around(1);
    count[2] = instructions();
    exo_page_clear(room + PAGE);
    count[3] = instructions();
    around(0);
    printf("test: page copy %lu, page clear %lu\n", count[1] - count[0],
           count[3] - count[2]);
    count[0] = instructions();
    memcpy(room, from, PAGE);
    __asm__ volatile("" ::: "memory");
    count[1] = instructions();
    memset(room, 0, PAGE);
    __asm__ volatile("" ::: "memory");
    count[2] = instructions();
    printf("test: memcpy %lu, memset %lu\n", count[1] - count[0],
           count[2] - count[1]);
    printf("test: page ok\n");
    return 0;
}
