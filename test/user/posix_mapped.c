/* SPDX-License-Identifier: MIT */
/*
 * Shared mappings of files: what one writes there others read, by mappings and
 * by read, and the other way round; holes, ends, rights; what is lost when the
 * file gets shorter; and what is left of who is killed: nothing. With the
 * argument `disk` on a disk, else in memory.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/posix/shared.h"
#include "test/user/posix_expect.h"

#define PAGE 4096
#define BYTES (3 * PAGE + 100)
#define READ_WRITE (PROT_READ | PROT_WRITE)
#define MAPPINGS 64
#define OPEN_FILES 256

static bool disk;
static char bytes[BYTES];

static char *
map(int file, size_t size, int rights, off_t offset)
{
    char *m = mmap(NULL, size, rights, MAP_SHARED, file, offset);

    if (m == MAP_FAILED) {
        printf("test: mmap: %s\n", strerror(errno));
    }
    EXPECT(m != MAP_FAILED, 1);
    return m;
}

static int
refused(int file, size_t size, int rights)
{
    char *m = mmap(NULL, size, rights, MAP_SHARED, file, 0);

    EXPECT(m == MAP_FAILED, 1);
    return errno;
}

/* The signal that a child is ended by that touches a byte; 0: none. */
static int
touch(volatile char *byte, bool write)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        if (write) {
            *byte = 1;
        } else {
            (void)*byte;
        }
        _exit(0);
    }
    EXPECT(waitpid(child, &status, 0), child);
    return status & 127;
}

static int
file_make(void)
{
    int file = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);

    EXPECT(file >= 0, 1);
    for (int i = 0; i < BYTES; i++) {
        bytes[i] = (char)(i / 7);
    }
    EXPECT(write(file, bytes, BYTES), BYTES);
    return file;
}

static void
coherent(void)
{
    int file = file_make();
    char *m = map(file, BYTES, READ_WRITE, 0);
    char *again = map(file, PAGE, PROT_READ, PAGE);
    char word[8] = "";
    struct stat status;

    EXPECT(memcmp(m, bytes, BYTES), 0);
    EXPECT(m[BYTES], 0); /* behind the end */
    EXPECT(m[4 * PAGE - 1], 0);
    memcpy(m + PAGE, "mapped", 6);
    EXPECT(pread(file, word, 6, PAGE), 6);
    EXPECT(memcmp(word, "mapped", 6), 0);
    EXPECT(memcmp(again, "mapped", 6), 0);
    EXPECT(pwrite(file, "written", 7, PAGE + 2), 7);
    EXPECT(memcmp(m + PAGE, "mawritten", 9), 0);
    EXPECT(memcmp(again, "mawritten", 9), 0);
    /* From and to the mapping itself. */
    EXPECT(pread(file, m + 2 * PAGE, 9, PAGE), 9);
    EXPECT(pwrite(file, m + PAGE, 9, 10), 9);
    EXPECT(memcmp(m + 10, "mawritten", 9), 0);
    EXPECT(memcmp(m + 2 * PAGE, "mawritten", 9), 0);
    /* What is written behind the end is not the file's when it gets longer. */
    m[BYTES] = 'x';
    EXPECT(ftruncate(file, BYTES + 10), 0);
    EXPECT(pread(file, word, 1, BYTES), 1);
    EXPECT(word[0], 0);
    /* It lasts, without the descriptor and without the mapping. */
    EXPECT(close(file), 0);
    m[5] = 'y';
    EXPECT(munmap(m + PAGE, PAGE), 0);
    m[6] = 'z';
    EXPECT(touch(m + PAGE, false), SIGSEGV);
    EXPECT(munmap(m, BYTES) | munmap(again, PAGE), 0);
    file = open("f", O_RDONLY);
    EXPECT(pread(file, word, 2, 5), 2);
    EXPECT(word[0], 'y');
    EXPECT(word[1], 'z');
    EXPECT(fstat(file, &status), 0);
    EXPECT(status.st_size, BYTES + 10);
    EXPECT(close(file), 0);
}

static void
shared(void)
{
    int file = file_make();
    char *m = map(file, BYTES, READ_WRITE, 0);
    pid_t child = fork();
    int status;

    if (child == 0) {
        int own = open("f", O_RDWR);
        char *other = map(own, PAGE, READ_WRITE, 0);

        EXPECT(close(file), 0);
        m[1] = 'a';     /* by what it has from its parent, */
        other[2] = 'b'; /* and by what it made itself */
        _exit(0);
    }
    EXPECT(waitpid(child, &status, 0), child);
    EXPECT(status, 0);
    EXPECT(m[1], 'a');
    EXPECT(m[2], 'b');
    EXPECT(unlink("f"), 0);
    m[3] = 'c';
    EXPECT(pread(file, bytes, 1, 3), 1);
    EXPECT(bytes[0], 'c');
    EXPECT(close(file), 0);
    EXPECT(m[3], 'c');
    EXPECT(munmap(m, BYTES), 0);
}

static void
holes(void)
{
    int file = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
    char *m;
    char *n;

    EXPECT(ftruncate(file, 10 * PAGE), 0);
    m = map(file, 10 * PAGE, READ_WRITE, 0);
    n = map(file, PAGE, PROT_READ, 7 * PAGE);
    for (int i = 0; i < 10 * PAGE; i += 512) {
        EXPECT(m[i], 0);
    }
    m[7 * PAGE + 1] = 'h';
    EXPECT(n[1], 'h');
    EXPECT(pread(file, bytes, PAGE, 7 * PAGE), PAGE);
    EXPECT(bytes[0], 0);
    EXPECT(bytes[1], 'h');
    EXPECT(munmap(m, 10 * PAGE) | munmap(n, PAGE), 0);
    /* One of which nothing is there. */
    m = map(file, PAGE, PROT_READ, 20 * PAGE);
    EXPECT(touch(m, false), SIGBUS);
    EXPECT(munmap(m, PAGE), 0);
    EXPECT(close(file), 0);
}

static void
rights(void)
{
    int file = file_make();
    int reading = open("f", O_RDONLY);
    int writing = open("f", O_WRONLY);
    int folder = open("/", O_RDONLY);
    char *m = map(reading, BYTES, PROT_READ, 0);
    int ends[2];

    EXPECT(pipe(ends), 0);
    EXPECT(refused(reading, PAGE, READ_WRITE), EACCES);
    EXPECT(refused(writing, PAGE, PROT_READ), EACCES);
    EXPECT(refused(60, PAGE, PROT_READ), EBADF);
    EXPECT(refused(folder, PAGE, PROT_READ), ENODEV);
    EXPECT(refused(ends[0], PAGE, PROT_READ), ENODEV);
    EXPECT(refused(file, PAGE, PROT_READ | PROT_EXEC), ENOTSUP);
    EXPECT(refused(file, PAGE, PROT_NONE), ENOTSUP);
    EXPECT(touch(m, false), 0);
    EXPECT(touch(m, true), SIGSEGV);
    EXPECT_ERROR(mprotect(m, PAGE, READ_WRITE), EACCES);
    EXPECT(munmap(m, BYTES), 0);
    m = map(file, BYTES, PROT_READ, 0);
    EXPECT(touch(m, true), SIGSEGV);
    EXPECT(mprotect(m, BYTES, READ_WRITE), 0);
    m[PAGE] = 'p';
    EXPECT(pread(reading, bytes, 1, PAGE), 1);
    EXPECT(bytes[0], 'p');
    EXPECT(mprotect(m, PAGE, PROT_READ), 0);
    EXPECT(touch(m, true), SIGSEGV);
    EXPECT(touch(m + PAGE, true), 0);
    EXPECT(munmap(m, BYTES), 0);
    EXPECT(close(file) | close(reading) | close(writing) | close(folder), 0);
    EXPECT(close(ends[0]) | close(ends[1]), 0);
}

static sigjmp_buf back;
static volatile sig_atomic_t where;

static void
bus(int signal, siginfo_t *information, void *context)
{
    (void)context;
    EXPECT(signal, SIGBUS);
    EXPECT(information->si_code, BUS_ADRERR);
    where = (sig_atomic_t)((uint64_t)information->si_addr % (8 * PAGE));
    siglongjmp(back, 1);
}

static void
shorter(void)
{
    const struct sigaction action = {.sa_sigaction = bus,
                                     .sa_flags = SA_SIGINFO};
    int file = file_make();
    char *m = map(file, BYTES, READ_WRITE, 0);

    if (!disk) { /* there nobody could take the pages from who has them */
        EXPECT_ERROR(ftruncate(file, PAGE), ETXTBSY);
        EXPECT_ERROR(truncate("f", PAGE), ETXTBSY);
        EXPECT_ERROR(open("f", O_WRONLY | O_TRUNC), ETXTBSY);
        EXPECT(ftruncate(file, BYTES - 50), 0);
        EXPECT(munmap(m, BYTES), 0);
        EXPECT(ftruncate(file, PAGE), 0);
        EXPECT(close(file), 0);
        return;
    }
    EXPECT(sigaction(SIGBUS, &action, NULL), 0);
    EXPECT(ftruncate(file, PAGE + 10), 0);
    m[0] = 'o';
    m[PAGE + 9] = 'k';
    if (sigsetjmp(back, 1) == 0) {
        m[2 * PAGE + 3] = 'x';
        EXPECT(0, 1);
    }
    EXPECT(where, (long)((uint64_t)(m + 2 * PAGE + 3) % (8 * PAGE)));
    EXPECT(signal(SIGBUS, SIG_DFL) != SIG_ERR, 1);
    EXPECT(touch(m + 2 * PAGE, false), SIGBUS);
    EXPECT(pread(file, bytes, 1, PAGE + 9), 1);
    EXPECT(bytes[0], 'k');
    EXPECT(munmap(m, BYTES), 0);
    EXPECT(close(file), 0);
}

/* What was written is known to be changed, though nobody said so; on a disk it
   is written. */
static void
synced(void)
{
    const struct disk_volume *v = &SHARED_OF->volume;
    int file = file_make();
    int other = open("f", O_RDONLY);
    char *m = map(file, BYTES, READ_WRITE, 0);
    uint64_t before;

    EXPECT(fsync(file), 0);
    m[PAGE] = 's';
    before = v->count.written;
    EXPECT(msync(m, BYTES, MS_SYNC), 0);
    EXPECT(v->count.written > before, disk);
    m[PAGE] = 't';
    before = v->count.written;
    EXPECT(fsync(other), 0);
    EXPECT(v->count.written > before, disk);
    m[PAGE] = 'u';
    before = v->count.written;
    sync();
    EXPECT(v->count.written > before, disk);
    EXPECT(msync(m, BYTES, MS_ASYNC | MS_INVALIDATE), 0);
    EXPECT_ERROR(msync(m + 1, BYTES, MS_SYNC), EINVAL);
    EXPECT_ERROR(msync(m, 8 * PAGE, MS_SYNC), ENOMEM);
    EXPECT_ERROR(msync(m, BYTES, MS_SYNC | MS_ASYNC), EINVAL);
    m[PAGE] = 'v';
    EXPECT(munmap(m, BYTES), 0);
    before = v->count.written;
    EXPECT(fsync(other), 0);
    EXPECT(v->count.written > before, disk);
    EXPECT(close(file) | close(other), 0);
}

/* More than there is room for, if something stayed. */
static void
given_back(void)
{
    int file = file_make();
    char *m[MAPPINGS + 1];
    int count = 0;
    int status;

    while ((m[count] = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0)) !=
           MAP_FAILED) {
        count++;
    }
    EXPECT(errno, ENOMEM);
    EXPECT(count, MAPPINGS);
    EXPECT_ERROR(fork(), EAGAIN);
    while (count > 0) {
        EXPECT(munmap(m[--count], PAGE), 0);
    }
    EXPECT(close(file), 0);
    for (int i = 0; i < OPEN_FILES + 10; i++) {
        file = open("f", O_RDWR);
        m[0] = map(file, PAGE, READ_WRITE, 0);
        EXPECT(close(file), 0);
        EXPECT(munmap(m[0], PAGE), 0);
    }
    for (int i = 0; i < MAPPINGS + 1; i++) {
        pid_t child = fork();

        if (child == 0) {
            file = open("f", O_RDWR);
            m[0] = map(file, PAGE, READ_WRITE, 0);
            m[0][0] = (char)i;
            if (i % 2 == 0) {
                (void)kill(getpid(), SIGKILL);
            }
            _exit(0);
        }
        EXPECT(waitpid(child, &status, 0), child);
        EXPECT(status, i % 2 == 0 ? SIGKILL : 0);
    }
    file = open("f", O_RDONLY);
    EXPECT(read(file, bytes, 1), 1);
    EXPECT(bytes[0], MAPPINGS);
    EXPECT(close(file), 0);
}

int
main(int argc, char **argv)
{
    disk = argc > 1 && strcmp(argv[1], "disk") == 0;
    (void)mkdir("/tmp", 0777); /* there is none on an empty disk */
    EXPECT(chdir("/tmp"), 0);
    coherent();
    shared();
    holes();
    rights();
    shorter();
    synced();
    given_back();
    EXPECT(unlink("f"), 0);
    printf("test: mapped ok\n");
    return 0;
}
