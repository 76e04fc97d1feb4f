/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <stdint.h>
#include "test/bench/mark.h"
static unsigned char page[4096] = {1};
static const char *name;
static uint64_t t[4];
static void turn(void)
{
    t[0] = COUNT_BEGIN();
    int d = open(name, O_WRONLY | O_CREAT, 0644);
    t[1] = COUNT_AT(middle);
    (void)write(d, page, 1024);
    t[2] = COUNT_AT(middle);
    (void)close(d);
    t[3] = COUNT_AT(middle);
    (void)unlink(name);
    uint64_t e = COUNT_END();
    printf("turn: open %lu write %lu close %lu unlink %lu all %lu\n", t[1]-t[0], t[2]-t[1], t[3]-t[2], e-t[3], e-t[0]);
}
int
main(void)
{
    (void)mkdir("/tmp", 0777);
    (void)mkdir("/tmp/bench", 0777);
    (void)mkdir("/tmp/bench/deep", 0777);
    int f = open("/tmp/bench/file", O_RDWR | O_CREAT, 0644);
    for (int i = 0; i < 256; i++) (void)write(f, page, 4096);
    (void)close(f);
    name = "/tmp/bench/new";
    for (int i = 0; i < 8; i++) turn();
    name = "/tmp/bench/deep/new";
    for (int i = 0; i < 8; i++) turn();
    printf("bench: done\n");
    return 0;
}
