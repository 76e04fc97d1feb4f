/* SPDX-License-Identifier: MIT */
/*
 * The C library's functions on files, one after the other, with what they
 * refuse; on a tree in memory or on a disk.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <utime.h>

#include "test/user/posix_expect.h"

#define BYTES 100000
#define DESCRIPTORS 64
#define MANY 1000

static unsigned char wrote[BYTES];
static unsigned char got[BYTES + 10];

static void
bytes(void)
{
    struct iovec part[3] = {{got, 10}, {got + 10, 0}, {got + 10, 20}};
    struct stat status;
    int d;
    int e;

    for (unsigned i = 0; i < BYTES; i++) {
        wrote[i] = (unsigned char)(i * 2654435761u >> 11);
    }
    d = open("f", O_RDWR | O_CREAT | O_EXCL, 0640);
    EXPECT(d, 3);
    EXPECT(write(d, wrote, BYTES), BYTES);
    EXPECT(lseek(d, 0, SEEK_CUR), BYTES);
    EXPECT(read(d, got, 1), 0);
    EXPECT(lseek(d, 0, SEEK_SET), 0);
    EXPECT(read(d, got, BYTES + 10), BYTES);
    EXPECT(memcmp(got, wrote, BYTES), 0);
    EXPECT(pread(d, got, 10, 5000), 10);
    EXPECT(memcmp(got, wrote + 5000, 10), 0);
    EXPECT(pwrite(d, "new", 3, 7), 3);
    EXPECT(lseek(d, 0, SEEK_CUR), BYTES);
    EXPECT(pread(d, got, 3, 7), 3);
    EXPECT(memcmp(got, "new", 3), 0);
    EXPECT_ERROR(pread(d, got, 1, -1), EINVAL);
    EXPECT_ERROR(lseek(d, -1, SEEK_SET), EINVAL);
    EXPECT_ERROR(lseek(d, 0, 9), EINVAL);
    EXPECT_ERROR(lseek(d, LONG_MAX, SEEK_CUR), EOVERFLOW);
    EXPECT_ERROR(lseek(99, 0, SEEK_SET), EBADF);
    EXPECT_ERROR(read(99, got, 1), EBADF);
    EXPECT_ERROR(write(-1, got, 1), EBADF);
    EXPECT_ERROR(close(99), EBADF);

    /* A hole, and the end that moves. */
    EXPECT(lseek(d, BYTES, SEEK_END), 2 * BYTES);
    EXPECT(write(d, "x", 1), 1);
    EXPECT(pread(d, got, 10, 2 * BYTES - 9), 10);
    EXPECT(got[0], 0);
    EXPECT(got[9], 'x');
    EXPECT(ftruncate(d, 100), 0);
    EXPECT(fstat(d, &status), 0);
    EXPECT(status.st_size, 100);
    EXPECT(status.st_mode, S_IFREG | 0640);
    EXPECT_ERROR(ftruncate(d, -1), EINVAL);
    EXPECT(fsync(d), 0);
    EXPECT_ERROR(fsync(99), EBADF);
    EXPECT(lseek(d, 0, SEEK_SET), 0);
    EXPECT(readv(d, part, 3), 30);
    EXPECT(memcmp(got, wrote, 7), 0);
    EXPECT(writev(d, part, 3), 30);
    EXPECT(lseek(d, 0, SEEK_CUR), 60);
    EXPECT_ERROR(readv(d, part, 0), EINVAL);

    /* Two descriptors of one open file; two open files. */
    e = dup(d);
    EXPECT(e, 4);
    EXPECT(lseek(e, 5, SEEK_SET), 5);
    EXPECT(lseek(d, 0, SEEK_CUR), 5);
    EXPECT(close(e), 0);
    e = open("f", O_WRONLY | O_APPEND);
    EXPECT(write(e, "end", 3), 3);
    EXPECT(lseek(e, 0, SEEK_CUR), 103);
    EXPECT(lseek(d, 0, SEEK_CUR), 5);
    EXPECT_ERROR(read(e, got, 1), EBADF);
    EXPECT(close(e), 0);
    e = open("f", O_RDONLY);
    EXPECT_ERROR(write(e, got, 1), EBADF);
    EXPECT_ERROR(ftruncate(e, 0), EINVAL);
    EXPECT(close(e), 0);
    EXPECT(close(d), 0);
    e = open("f", O_WRONLY | O_TRUNC);
    EXPECT(lseek(e, 0, SEEK_END), 0);
    EXPECT(posix_fallocate(e, 10, 9000), 0);
    EXPECT(lseek(e, 0, SEEK_END), 9010);
    EXPECT(posix_fallocate(e, 0, 0), EINVAL);
    EXPECT(close(e), 0);
    EXPECT_ERROR(open("f", O_CREAT | O_EXCL | O_WRONLY, 0600), EEXIST);
    EXPECT_ERROR(open("none", O_RDONLY), ENOENT);
    EXPECT_ERROR(open("f/", O_RDONLY), ENOTDIR);
    EXPECT_ERROR(open("/", O_WRONLY), EISDIR);
    EXPECT_ERROR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
}

static void
descriptors(void)
{
    int open_ones[DESCRIPTORS];
    int count = 0;
    int d = open("f", O_RDONLY);

    EXPECT(dup2(d, 20), 20);
    EXPECT(dup2(20, 20), 20);
    EXPECT_ERROR(dup2(d, -1), EBADF);
    EXPECT_ERROR(dup2(d, 64), EBADF);
    EXPECT_ERROR(dup2(50, 51), EBADF);
    EXPECT_ERROR(dup3(20, 20, 0), EINVAL);
    EXPECT(dup3(d, 21, O_CLOEXEC), 21);
    EXPECT(fcntl(21, F_GETFD), FD_CLOEXEC);
    EXPECT(fcntl(20, F_GETFD), 0);
    EXPECT(fcntl(20, F_SETFD, FD_CLOEXEC), 0);
    EXPECT(fcntl(20, F_GETFD), FD_CLOEXEC);
    EXPECT(fcntl(d, F_DUPFD, 30), 30);
    EXPECT(fcntl(d, F_DUPFD_CLOEXEC, 30), 31);
    EXPECT(fcntl(31, F_GETFD), FD_CLOEXEC);
    EXPECT_ERROR(fcntl(d, F_DUPFD, 64), EINVAL);
    EXPECT_ERROR(fcntl(99, F_GETFL), EBADF);
    EXPECT(fcntl(d, F_GETFL) & O_ACCMODE, O_RDONLY);
    EXPECT(fcntl(d, F_SETFL, O_NONBLOCK), 0);
    EXPECT(fcntl(20, F_GETFL), O_NONBLOCK);
    EXPECT(close(20) | close(21) | close(30) | close(31), 0);
    EXPECT_ERROR(close(20), EBADF);
    while (count < DESCRIPTORS && (open_ones[count] = dup(d)) >= 0) {
        count++;
    }
    EXPECT(errno, EMFILE);
    EXPECT(count, 60);
    EXPECT_ERROR(open("f", O_RDONLY), EMFILE);
    while (count > 0) {
        EXPECT(close(open_ones[--count]), 0);
    }
    EXPECT(close(d), 0);
    EXPECT(isatty(1), 1);
    EXPECT(isatty(d), 0);
    EXPECT(errno, EBADF);
}

static void
names(void)
{
    struct timespec times[2] = {{1, 0}, {1000000000, 5}};
    struct statvfs system;
    struct stat status;
    char path[PATH_MAX];
    char *where;

    EXPECT(mkdir("d", 0755), 0);
    EXPECT_ERROR(mkdir("d", 0755), EEXIST);
    EXPECT_ERROR(mkdir("none/d", 0755), ENOENT);
    EXPECT(rename("f", "d/g"), 0);
    EXPECT(symlink("d/g", "l"), 0);
    EXPECT(link("l", "h"), 0);
    EXPECT(lstat("h", &status), 0);
    EXPECT(S_ISLNK(status.st_mode) != 0, 1);
    EXPECT(unlink("h"), 0);
    EXPECT(link("d/g", "h"), 0);
    EXPECT(stat("h", &status), 0);
    EXPECT(status.st_nlink, 2);
    EXPECT(readlink("l", path, sizeof(path)), 3);
    EXPECT_ERROR(readlink("h", path, sizeof(path)), EINVAL);
    EXPECT_ERROR(stat("none", &status), ENOENT);
    EXPECT_ERROR(rmdir("d"), ENOTEMPTY);
    EXPECT_ERROR(rename("d", "d/e"), EINVAL);
    EXPECT_ERROR(unlink("d"), EISDIR);
    EXPECT(symlink("round", "round"), 0);
    EXPECT_ERROR(open("round", O_RDONLY), ELOOP);
    EXPECT(unlink("round"), 0);
    memset(path, 'n', 256);
    path[256] = 0;
    EXPECT_ERROR(mkdir(path, 0755), ENAMETOOLONG);
    EXPECT(chdir("d"), 0);
    where = getcwd(NULL, 0);
    EXPECT(where != NULL && strcmp(where, "/tmp/posix/d") == 0, 1);
    free(where);
    EXPECT(getcwd(path, 4) == NULL && errno == ERANGE, 1);
    EXPECT(realpath("../l", path) != NULL &&
               strcmp(path, "/tmp/posix/d/g") == 0,
           1);
    EXPECT(realpath("../l/../x", path) == NULL, 1);
    EXPECT(errno, ENOTDIR);
    EXPECT(chdir(".."), 0);
    EXPECT(umask(077), 022);
    EXPECT(mkdir("e", 0777), 0);
    EXPECT(stat("e", &status), 0);
    EXPECT(status.st_mode, S_IFDIR | 0700);
    EXPECT(umask(022), 077);
    EXPECT(chmod("e", 0), 0);
    EXPECT(chmod("h", 01777), 0);
    EXPECT(stat("h", &status), 0);
    EXPECT(status.st_mode, S_IFREG | 01777);
    EXPECT(chown("h", 3, 4), 0);
    EXPECT(utimensat(AT_FDCWD, "h", times, 0), 0);
    EXPECT(stat("h", &status), 0);
    EXPECT(status.st_uid, 3);
    EXPECT(status.st_gid, 4);
    EXPECT(status.st_mtime, 1000000000);
    EXPECT(utime("h", NULL), 0);
    EXPECT(stat("h", &status), 0);
    EXPECT(status.st_mtime != 1000000000, 1);
    EXPECT(access("h", R_OK | W_OK | X_OK), 0);
    EXPECT_ERROR(access("none", F_OK), ENOENT);
    EXPECT(truncate("h", 1), 0);
    EXPECT_ERROR(truncate("d", 1), EISDIR);
    EXPECT(statvfs("/", &system), 0);
    EXPECT(system.f_bsize, 4096);
    sync();
    EXPECT(unlink("h") | unlink("l") | unlink("d/g") | rmdir("e"), 0);
    EXPECT(rmdir("d"), 0);
}

static void
directories(void)
{
    struct dirent **list;
    struct dirent *entry;
    unsigned seen = 0;
    char name[] = "m0";
    long place;
    DIR *d;

    EXPECT(mkdir("many", 0755), 0);
    EXPECT(chdir("many"), 0);
    for (name[1] = '0'; name[1] <= '9'; name[1]++) {
        EXPECT(close(creat(name, 0644)), 0);
    }
    d = opendir(".");
    EXPECT(d != NULL, 1);
    while ((entry = readdir(d)) != NULL) {
        seen |= entry->d_name[0] == 'm' ? 1u << (entry->d_name[1] - '0') : 0;
    }
    EXPECT(seen, 0x3ff);
    rewinddir(d);
    EXPECT(strcmp(readdir(d)->d_name, "."), 0);
    (void)readdir(d);
    place = telldir(d);
    strcpy(name, readdir(d)->d_name);
    (void)readdir(d);
    seekdir(d, place);
    EXPECT(strcmp(readdir(d)->d_name, name), 0);
    EXPECT(dirfd(d) >= 3, 1);
    EXPECT(closedir(d), 0);
    EXPECT(scandir(".", &list, NULL, alphasort), 12);
    EXPECT(strcmp(list[11]->d_name, "m9"), 0);
    for (int i = 0; i < 12; i++) {
        (void)unlink(list[i]->d_name);
        free(list[i]);
    }
    free(list);
    EXPECT(chdir(".."), 0);
    EXPECT(rmdir("many"), 0);
    EXPECT(opendir("none") == NULL && errno == ENOENT, 1);
    EXPECT(opendir("/dev/null") == NULL && errno == ENOTDIR, 1);
}

static void
devices(void)
{
    int d = open("/dev/null", O_RDWR);

    EXPECT(write(d, "x", 1), 1);
    EXPECT(read(d, got, 10), 0);
    EXPECT(close(d), 0);
    d = open("/dev/zero", O_RDONLY);
    memset(got, 1, 10);
    EXPECT(read(d, got, 10), 10);
    EXPECT(got[0] | got[9], 0);
    EXPECT(close(d), 0);
    d = open("/dev/full", O_WRONLY);
    EXPECT_ERROR(write(d, "x", 1), ENOSPC);
    EXPECT(close(d), 0);
    d = open("/dev/urandom", O_RDONLY);
    memset(got, 0, 1000);
    EXPECT(read(d, got, 1000), 1000);
    EXPECT(memcmp(got, got + 500, 500) != 0, 1);
    EXPECT(close(d), 0);
    EXPECT_ERROR(open("/dev/none", O_RDONLY), ENOENT);
    d = open("/dev/console", O_WRONLY);
    EXPECT(write(d, "test: console\n", 14), 14);
    EXPECT(close(d), 0);
}

/* Streams: buffers, positions, ends. */
static void
streams(void)
{
    char line[32];
    FILE *f = fopen("stream", "w+");
    int closed;

    EXPECT(fprintf(f, "one %d\ntwo\n", 1), 10);
    EXPECT(fseek(f, 4, SEEK_SET), 0);
    EXPECT(fgets(line, sizeof(line), f) != NULL && strcmp(line, "1\n") == 0, 1);
    EXPECT(ftell(f), 6);
    closed = fclose(f);
    EXPECT(closed, 0);
    f = fopen("stream", "a");
    EXPECT(fputs("three\n", f) >= 0, 1);
    closed = fclose(f);
    EXPECT(closed, 0);
    f = fopen("stream", "r");
    for (int i = 0; i < 3; i++) {
        EXPECT(fgets(line, sizeof(line), f) != NULL, 1);
    }
    EXPECT(strcmp(line, "three\n"), 0);
    EXPECT(fgetc(f), EOF);
    EXPECT(feof(f) != 0, 1);
    closed = fclose(f);
    EXPECT(closed, 0);
    f = fopen("none", "r");
    EXPECT(f == NULL && errno == ENOENT, 1);
    EXPECT(unlink("stream"), 0);
}

/* A folder of more blocks than are kept at hand: each is let go of, and read
   again. */
static void
large_folder(void)
{
    char name[200];
    unsigned seen = 0;
    DIR *folder;

    memset(name, 'n', sizeof(name));
    for (unsigned i = 0; i < MANY; i++) {
        int d;

        snprintf(name + sizeof(name) - 6, 6, "%u", i);
        d = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
        EXPECT(d >= 0, 1);
        EXPECT(close(d), 0);
    }
    folder = opendir(".");
    while (readdir(folder) != NULL) {
        seen++;
    }
    EXPECT(closedir(folder), 0);
    EXPECT(seen, MANY + 2);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name + sizeof(name) - 6, 6, "%u", i);
        EXPECT(unlink(name), 0);
    }
}

/* A file that was there before: what is written into it is read first. */
static void
old_file(void)
{
    char found[8] = "";
    int d = open("/home/old", O_WRONLY);

    EXPECT(d >= 0, 1);
    EXPECT(pwrite(d, "new", 3, 5000), 3);
    EXPECT(fsync(d), 0);
    EXPECT(close(d), 0);
    d = open("/home/old", O_RDONLY);
    EXPECT(pread(d, found, 4, 4999), 4);
    EXPECT(memcmp(found + 1, "new", 3), 0);
    EXPECT(found[0] != 0, 1);
    EXPECT(close(d), 0);
}

int
main(int argc, char **argv)
{
    (void)mkdir("/tmp", 0777); /* there is none on an empty disk */
    EXPECT(mkdir("/tmp/posix", 0755), 0);
    EXPECT(chdir("/tmp/posix"), 0);
    if (argc > 1 && strcmp(argv[1], "old") == 0) {
        old_file();
    }
    bytes();
    descriptors();
    names();
    directories();
    devices();
    streams();
    large_folder();
    EXPECT(chdir("/"), 0);
    EXPECT(rmdir("/tmp/posix"), 0);
    printf("test: files ok\n");
    return 0;
}
