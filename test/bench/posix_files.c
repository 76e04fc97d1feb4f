/* SPDX-License-Identifier: MIT */
/* What files and pipes cost: the middle of many, for a single one may be
   interrupted. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/bench/mark.h"
#include "test/bench/posix.h"

#define CALLS 50
#define SYNCS 4
#define GROWS 64
#define PAGE 4096
#define PAGES 256
#define TURNS 200

static _Alignas(PAGE) unsigned char page[PAGE];
static int file;

static uint64_t
open_close(void)
{
    uint64_t begin = COUNT_BEGIN();

    for (unsigned i = 0; i < CALLS; i++) {
        (void)close(open("/tmp/bench/file", O_RDONLY));
    }
    return (COUNT_END() - begin) / CALLS;
}

static uint64_t
read_pages(void)
{
    uint64_t begin;

    (void)lseek(file, 0, SEEK_SET);
    begin = COUNT_BEGIN();
    for (unsigned i = 0; i < PAGES; i++) {
        (void)read(file, page, PAGE);
    }
    return (COUNT_END() - begin) / PAGES;
}

static uint64_t
write_pages(void)
{
    uint64_t begin;

    (void)lseek(file, 0, SEEK_SET);
    begin = COUNT_BEGIN();
    for (unsigned i = 0; i < PAGES; i++) {
        (void)write(file, page, PAGE);
    }
    return (COUNT_END() - begin) / PAGES;
}

/* A file that is made longer, from nothing on, page by page. */
static uint64_t
grow_pages(void)
{
    int d = open("/tmp/bench/longer", O_WRONLY | O_CREAT, 0644);
    uint64_t begin = COUNT_BEGIN();

    for (unsigned i = 0; i < GROWS; i++) {
        (void)write(d, page, PAGE);
    }
    begin = COUNT_END() - begin;
    (void)close(d);
    (void)unlink("/tmp/bench/longer");
    return begin / GROWS;
}

static uint64_t
create_write_unlink(void)
{
    uint64_t begin = COUNT_BEGIN();

    for (unsigned i = 0; i < CALLS; i++) {
        int d = open("/tmp/bench/new", O_WRONLY | O_CREAT, 0644);

        (void)write(d, page, 1024);
        (void)close(d);
        (void)unlink("/tmp/bench/new");
    }
    return (COUNT_END() - begin) / CALLS;
}

static uint64_t
write_fsync(void)
{
    uint64_t begin = COUNT_BEGIN();

    for (unsigned i = 0; i < SYNCS; i++) {
        (void)pwrite(file, page, PAGE, (off_t)i * PAGE);
        (void)fsync(file);
    }
    return (COUNT_END() - begin) / SYNCS;
}

static uint64_t
status(void)
{
    uint64_t begin = COUNT_BEGIN();
    struct stat s;

    for (unsigned i = 0; i < CALLS; i++) {
        (void)stat("/tmp/bench/file", &s);
    }
    return (COUNT_END() - begin) / CALLS;
}

static uint64_t
pipe_roundtrip(void)
{
    uint64_t begin = 0;
    char byte = 0;
    int to[2];
    int from[2];

    if (pipe(to) < 0 || pipe(from) < 0) {
        abort();
    }
    if (fork() == 0) {
        (void)close(to[1]);
        while (read(to[0], &byte, 1) == 1) {
            (void)write(from[1], &byte, 1);
        }
        _exit(0);
    }
    for (unsigned i = 0; i < TURNS + 10; i++) {
        if (i == 10) { /* what is shared after the fork has been copied */
            begin = COUNT_BEGIN();
        }
        (void)write(to[1], &byte, 1);
        (void)read(from[0], &byte, 1);
    }
    begin = COUNT_END() - begin;
    (void)close(to[0]);
    (void)close(to[1]);
    (void)close(from[0]);
    (void)close(from[1]);
    (void)wait(NULL);
    return begin / TURNS;
}

void
posix_file_rows(void)
{
    (void)mkdir("/tmp", 0777);
    (void)mkdir("/tmp/bench", 0777);
    file = open("/tmp/bench/file", O_RDWR | O_CREAT, 0644);
    (void)write_pages();
    posix_row("open_close", open_close, 0);
    posix_row("stat", status, 0);
    posix_row("read_4k_cached", read_pages, 0);
    posix_row("write_4k_cached", write_pages, 0);
    posix_row("grow_4k", grow_pages, 0);
    posix_row("create_write_1k_unlink", create_write_unlink, 0);
    posix_row("write_4k_fsync", write_fsync, 0);
    posix_row("pipe_roundtrip", pipe_roundtrip, 0);
    (void)close(file);
    (void)unlink("/tmp/bench/file");
}
