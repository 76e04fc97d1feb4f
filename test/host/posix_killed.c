/* SPDX-License-Identifier: MIT */
/*
 * Processes of this machine that share files and pipes as those of a domain do,
 * and are killed: at each lock that they take, and at any time. Those who are
 * left go on; in the end nothing is open, and the file system is right.
 */
#include "lib/fs/check.h"
#include "lib/fs/volume_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/posix/inode.h"
#include "lib/posix/posix.h"
#include "lib/posix/shared.h"
#include "lib/posix/tree.h"
#include "test/host/check.h"
#include "test/host/posix_host.h"

#define BLOCKS 1024
#define KILLS 60

static struct volume_memory *volume;

static uint64_t
now(struct fs_volume *v)
{
    struct timespec t;

    (void)v;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t
fixed(struct fs_volume *v)
{
    (void)v;
    return 0x9e3779b97f4a7c15;
}

static void
say(void *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "%s\n", text);
}

/* Two kinds of locks on a file, one of which has to be waited for. */
static void
locks(int d)
{
    const struct flock some = {.l_type = F_WRLCK, .l_start = 10, .l_len = 10};
    const struct flock less = {.l_type = F_UNLCK, .l_start = 12, .l_len = 2};
    int common = (int)file_open("/locked", O_RDWR | O_CREAT, 0644);

    (void)record_set(d, &some, true);
    (void)record_set(d, &less, true);
    (void)record_set(common, &some, true);
    (void)record_flock(common, LOCK_SH);
    (void)record_flock(common, LOCK_UN);
    (void)file_close(common);
}

/* What each does again and again; it leaves nothing behind but one file. */
static void
work(int number)
{
    static const char bytes[5000] = "some bytes";
    char name[] = "/0";
    char other[] = "/d/0";
    char fifo[] = "/p0";
    char got[100];
    int64_t mapping;
    int p[2];
    int d;

    fifo[2] = (char)('0' + number);
    name[1] = other[3] = (char)('0' + number);
    (void)tree_mkdir("/d", 0755);
    d = (int)file_open(name, O_RDWR | O_CREAT, 0644);
    (void)file_write(d, bytes, sizeof(bytes));
    (void)tree_rename(name, other);
    locks(d);
    mapping = mapping_add(file_of(d), 0, 2, 0, true);
    (void)file_duplicate(d, 10, 0);
    (void)tree_chdir("/d");
    (void)tree_link(other, name);
    (void)tree_unlink(other);
    (void)file_pread(d, got, sizeof(got), 0);
    (void)tree_unlink(name);
    (void)file_close(10);
    (void)file_close(d);
    if (mapping >= 0) {
        mapping_drop((unsigned)mapping);
    }
    (void)tree_mkfifo_at(AT_FDCWD, fifo, 0644);
    p[0] = (int)file_open(fifo, O_RDONLY | O_NONBLOCK, 0);
    p[1] = (int)file_open(fifo, O_WRONLY, 0);
    (void)tree_unlink(fifo);
    (void)file_write(p[1], bytes, 100);
    (void)file_close(p[0]);
    (void)file_close(p[1]);
    if (pipe_open(p, 0) == 0) {
        (void)file_write(p[1], bytes, 100);
        (void)file_duplicate_to(p[0], 20, 0);
        (void)file_close(p[0]);
        (void)file_read(20, got, 100);
        (void)file_close(20);
        (void)file_close(p[1]);
    }
    (void)tree_chdir("/");
}

/* All is closed but what this process has, and the files are as they were. */
static void
check_all(void)
{
    struct fs *fs = &inode_system()->fs;
    struct fs_check report;
    unsigned used = 0;
    unsigned i;

    file_take();
    file_drop();
    inode_take();
    name_clear(true);
    for (i = 0; i < FS_OPEN_MAX; i++) {
        used += fs->open[i].users;
    }
    CHECK_EQUAL(used, 2); /* the root, and the directory of links */
    inode_drop();
    for (i = 0; i < FILE_OPEN_MAX; i++) {
        const struct file *f = &SHARED_OF->files.open[i];

        CHECK(f->kind == FILE_FREE || f->kind == FILE_DEVICE);
    }
    for (i = 0; i < FILE_PIPES; i++) {
        CHECK_EQUAL(SHARED_OF->files.pipe[i].reading, 0);
        CHECK_EQUAL(SHARED_OF->files.pipe[i].writing, 0);
    }
    for (i = 0; i < RECORDS_MAX; i++) {
        CHECK_EQUAL(SHARED_OF->files.records.record[i].kind, RECORD_FREE);
    }
    CHECK_EQUAL(SHARED_OF->files.mappings.used, 0);
    CHECK_EQUAL(tree_sync(), 0);
    /* Who died while a file went has left that to the next mount. */
    CHECK_EQUAL(fs_check(fs, true, NULL, NULL, &report), 0);
    CHECK_EQUAL(report.repaired, report.faults);
    CHECK_EQUAL(fs_check(fs, false, say, NULL, &report), 0);
    CHECK_EQUAL(report.faults, 0);
    CHECK(report.files <= 7 && report.data <= 6);
}

/* A child that dies with the n-th lock that it takes, while another works. */
static void
at_each_lock(void)
{
    unsigned n;
    int status = 0;

    for (n = 1; n < 200; n++) {
        int other = posix_host_fork();
        int pid;
        int i;

        if (other == 0) {
            for (i = 0; i < 20; i++) {
                work(1);
            }
            posix_host_exit(0);
        }
        pid = posix_host_fork();
        if (pid == 0) {
            posix_host_die = n;
            work(0);
            posix_host_die = 0;
            posix_host_exit(7);
        }
        status = posix_host_wait(pid);
        CHECK_EQUAL(posix_host_wait(other), 0);
        check_all();
        if (WIFEXITED(status)) {
            break;
        }
        CHECK_EQUAL(WTERMSIG(status), SIGKILL);
    }
    CHECK_EQUAL(WEXITSTATUS(status), 7);
    CHECK(n > 20);
}

static void
at_any_time(void)
{
    uint64_t seed = 1;
    int other = posix_host_fork();
    int i;

    if (other == 0) {
        for (;;) {
            work(1);
        }
    }
    for (i = 0; i < KILLS; i++) {
        struct timespec moment = {0, 0};
        int pid = posix_host_fork();

        if (pid == 0) {
            for (;;) {
                work(0);
            }
        }
        moment.tv_nsec = (long)random_below(&seed, 4000000);
        (void)nanosleep(&moment, NULL);
        (void)kill(pid, SIGKILL);
        CHECK_EQUAL(WTERMSIG(posix_host_wait(pid)), SIGKILL);
        pid = posix_host_fork();
        if (pid == 0) {
            work(2);
            posix_host_exit(0);
        }
        CHECK_EQUAL(posix_host_wait(pid), 0);
    }
    (void)kill(other, SIGKILL);
    (void)posix_host_wait(other);
    check_all();
}

/* Bytes in order through a pipe, each side waiting for the other. */
static void
through_pipe(void)
{
    static uint8_t bytes[7000];
    uint32_t sum = 0;
    uint32_t wanted = 0;
    int64_t n;
    int p[2];
    int pid;
    int i;
    int k;

    CHECK_EQUAL(pipe_open(p, 0), 0);
    pid = posix_host_fork();
    for (i = 0; i < 100; i++) {
        for (k = 0; k < (int)sizeof(bytes); k++) {
            bytes[k] = (uint8_t)(i * 31 + k);
            wanted = wanted * 3 + bytes[k];
        }
        if (pid == 0) {
            CHECK_EQUAL(file_write(p[1], bytes, sizeof(bytes)), sizeof(bytes));
        }
    }
    if (pid == 0) {
        posix_host_exit(0);
    }
    CHECK_EQUAL(file_close(p[1]), 0);
    while ((n = file_read(p[0], bytes, 999)) > 0) {
        for (k = 0; k < n; k++) {
            sum = sum * 3 + bytes[k];
        }
    }
    CHECK_EQUAL(n, 0);
    CHECK_EQUAL(sum, wanted);
    CHECK_EQUAL(posix_host_wait(pid), 0);
    CHECK_EQUAL(file_close(p[0]), 0);
}

/* Nobody reads any more: the writer that waits is told. */
static void
broken_pipe(void)
{
    static uint8_t bytes[PIPE_BYTES];
    const volatile struct pipe *pipe;
    int p[2];
    int pid;

    CHECK_EQUAL(pipe_open(p, 0), 0);
    pipe = &SHARED_OF->files.pipe[file_of(p[0])->index];
    pid = posix_host_fork();
    if (pid == 0) {
        CHECK_EQUAL(file_close(p[0]), 0);
        CHECK_EQUAL(file_write(p[1], bytes, sizeof(bytes)), sizeof(bytes));
        CHECK_EQUAL(file_write(p[1], bytes, 10), -EPIPE);
        CHECK_EQUAL(process_self->signals, (uint64_t)1 << SIGPIPE);
        posix_host_exit(0);
    }
    CHECK_EQUAL(file_close(p[1]), 0);
    while (pipe->head - pipe->tail < PIPE_BYTES) {
        (void)usleep(1000);
    }
    (void)usleep(20000); /* it waits by now */
    CHECK_EQUAL(file_close(p[0]), 0);
    CHECK_EQUAL(posix_host_wait(pid), 0);
}

int
main(void)
{
    static void *memory;

    posix_host_begin();
    volume = posix_host_share(sizeof(*volume));
    memory = posix_host_share((size_t)BLOCKS * FS_BLOCK);
    volume_memory_init(volume, memory, BLOCKS, now, fixed);
    CHECK_EQUAL(tree_mount(&volume->fs, 1), 0);
    through_pipe();
    broken_pipe();
    check_all();
    at_each_lock();
    at_any_time();
    return 0;
}
