/* SPDX-License-Identifier: MIT */
/*
 * Operations on files, each durable when it ends, until the power goes away:
 * what is durable is said in the trace, by a block that begins as a mark does,
 * and on the console. Whoever judges the disk knows what the operations are
 * (test/power-cut/files.h). Between them other files are written that nobody
 * waits for.
 *
 *     posix_power SEED OPERATIONS     0 operations: for ever
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "test/power-cut/files.h"
#include "test/power-cut/replay.h"
#include "test/user/posix_expect.h"

static struct files_state state[FILES_COUNT];
static uint8_t bytes[FILES_BYTES];
static uint64_t seed;
static int marks;

static void
mark(uint64_t done)
{
    static union {
        struct files_mark mark;
        uint8_t block[FILES_MARK_BYTES];
    } block;

    memcpy(block.mark.magic, REPLAY_MARK, sizeof(REPLAY_MARK));
    block.mark.seed = seed;
    block.mark.done = done;
    EXPECT(pwrite(marks, &block, sizeof(block), 0), sizeof(block));
    EXPECT(fsync(marks), 0);
    printf("posix_power: durable %lu %lu\n", (unsigned long)seed,
           (unsigned long)done);
    EXPECT(fflush(stdout), 0);
}

static void
write_durable(const char *path, int flags, const struct files_operation *o)
{
    int file = open(path, O_WRONLY | O_CREAT | flags, 0644);

    EXPECT(file >= 0, 1);
    files_fill(bytes, o->count, o->salt);
    EXPECT(write(file, bytes, o->count), o->count);
    EXPECT(fsync(file), 0);
    EXPECT(close(file), 0);
}

static void
operate(const struct files_operation *o)
{
    const char *path = files_path(o->file);
    int file;

    switch (o->kind) {
    case FILES_WRITE:
        write_durable(path, O_TRUNC, o);
        break;
    case FILES_APPEND:
        write_durable(path, O_APPEND, o);
        break;
    case FILES_REPLACE:
        write_durable("/a/new", O_TRUNC, o);
        EXPECT(rename("/a/new", path), 0);
        file = open(path, O_RDONLY);
        EXPECT(fsync(file), 0);
        EXPECT(close(file), 0);
        break;
    case FILES_REMOVE:
        EXPECT(unlink(path), 0);
        sync();
        break;
    }
}

/* What nobody waits for. */
static void
disturb(uint64_t n)
{
    char path[] = "/b/x0";
    size_t count = n * 37 % 5000;
    int file;

    path[4] = (char)('0' + n % 5);
    if (n % 7 == 0) {
        (void)unlink(path);
        return;
    }
    file = open(path, O_WRONLY | O_CREAT, 0644);
    EXPECT(file >= 0, 1);
    EXPECT(pwrite(file, bytes, count, (off_t)(n * 911 % 30000)), count);
    EXPECT(close(file), 0);
}

int
main(int argc, char **argv)
{
    uint64_t operations;

    EXPECT(argc, 3);
    seed = strtoul(argv[1], NULL, 10);
    operations = strtoul(argv[2], NULL, 10);
    EXPECT(mkdir("/a", 0755) == 0 || errno == EEXIST, 1);
    EXPECT(mkdir("/b", 0755) == 0 || errno == EEXIST, 1);
    marks = open(FILES_MARKS, O_RDWR | O_CREAT, 0644);
    EXPECT(marks >= 0, 1);
    for (uint32_t i = 0; i < FILES_COUNT; i++) {
        EXPECT(unlink(files_path(i)) == 0 || errno == ENOENT, 1);
    }
    sync();
    mark(0);
    for (uint64_t n = 1; operations == 0 || n <= operations; n++) {
        struct files_operation o = files_operation(seed, n);

        if (files_do(state, &o)) {
            operate(&o);
            mark(n);
        } else {
            disturb(n);
        }
    }
    printf("posix_power: done\n");
    return 0;
}
