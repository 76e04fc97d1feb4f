/* SPDX-License-Identifier: MIT */
/*
 * Paths that begin at open directories: each function, from a directory that is
 * not the working one, with what it refuses.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "test/user/posix_expect.h"

static int there; /* the directory /tmp/at/d */
static int file;  /* no directory */

/* What a file has, as one letter, by a path from the root; 0: it is not there.
 */
static int
letter(const char *path)
{
    char got = 0;
    int d = open(path, O_RDONLY);

    if (d >= 0) {
        EXPECT(read(d, &got, 1), 1);
        EXPECT(close(d), 0);
    }
    return got;
}

static void
make(const char *path, const char *text)
{
    int d = openat(there, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    EXPECT(d >= 0, 1);
    EXPECT(write(d, text, 1), 1);
    EXPECT(close(d), 0);
}

static void
opening(void)
{
    int d;

    make("f", "a");
    EXPECT(letter("/tmp/at/d/f"), 'a');
    EXPECT(letter("/tmp/at/f"), 0);
    d = openat(there, "/tmp/at/d/f", O_RDONLY);
    EXPECT(d >= 0, 1);
    EXPECT(close(d), 0);
    d = openat(-1, "/tmp/at/d/f", O_RDONLY);
    EXPECT(d >= 0, 1); /* nobody looks at the directory */
    EXPECT(close(d), 0);
    d = openat(AT_FDCWD, "d/f", O_RDONLY);
    EXPECT(d >= 0, 1);
    EXPECT(close(d), 0);
    EXPECT(openat(there, "f", O_CREAT | O_EXCL | O_WRONLY, 0600), -1);
    EXPECT(errno, EEXIST);
    EXPECT_ERROR(openat(there, "none", O_RDONLY), ENOENT);
    EXPECT_ERROR(openat(there, "", O_RDONLY), ENOENT);
    EXPECT_ERROR(openat(60, "f", O_RDONLY), EBADF);
    EXPECT_ERROR(openat(file, "f", O_RDONLY), ENOTDIR);
    EXPECT_ERROR(openat(1, "f", O_RDONLY), ENOTDIR);
    d = openat(there, "..", O_RDONLY | O_DIRECTORY);
    EXPECT(letter("/tmp/at/d/f"), 'a');
    EXPECT(faccessat(d, "d/f", F_OK, 0), 0);
    EXPECT(close(d), 0);
}

static void
names(void)
{
    char text[8];
    int cwd = open(".", O_RDONLY | O_DIRECTORY);

    EXPECT(mkdirat(there, "e", 0755), 0);
    EXPECT_ERROR(mkdirat(there, "e", 0755), EEXIST);
    EXPECT_ERROR(mkdirat(60, "e", 0755), EBADF);
    EXPECT_ERROR(mkdirat(file, "e", 0755), ENOTDIR);
    EXPECT(renameat(there, "f", cwd, "g"), 0);
    EXPECT(letter("/tmp/at/g"), 'a');
    EXPECT(letter("/tmp/at/d/f"), 0);
    EXPECT(renameat(cwd, "g", there, "e/f"), 0);
    EXPECT(letter("/tmp/at/d/e/f"), 'a');
    EXPECT_ERROR(renameat(there, "e", there, "e/e"), EINVAL);
    EXPECT_ERROR(renameat(60, "e", there, "x"), EBADF);
    EXPECT_ERROR(renameat(there, "e", 60, "x"), EBADF);
    EXPECT_ERROR(renameat(there, "e", file, "x"), ENOTDIR);

    EXPECT(symlinkat("e/f", there, "l"), 0);
    EXPECT_ERROR(symlinkat("e/f", there, "l"), EEXIST);
    EXPECT_ERROR(symlinkat("e/f", file, "m"), ENOTDIR);
    EXPECT(readlinkat(there, "l", text, sizeof(text)), 3);
    EXPECT(memcmp(text, "e/f", 3), 0);
    EXPECT_ERROR(readlinkat(there, "e/f", text, sizeof(text)), EINVAL);
    EXPECT_ERROR(readlinkat(60, "l", text, sizeof(text)), EBADF);

    /* The link itself, and where it leads. */
    EXPECT(linkat(there, "l", cwd, "soft", 0), 0);
    EXPECT(readlinkat(cwd, "soft", text, sizeof(text)), 3);
    EXPECT(linkat(there, "l", cwd, "hard", AT_SYMLINK_FOLLOW), 0);
    EXPECT(letter("/tmp/at/hard"), 'a');
    EXPECT_ERROR(linkat(there, "l", cwd, "hard", 0), EEXIST);
    EXPECT_ERROR(linkat(there, "e", cwd, "x", 0), EPERM);
    EXPECT_ERROR(linkat(there, "l", cwd, "x", AT_REMOVEDIR), EINVAL);
    EXPECT_ERROR(linkat(there, "l", 60, "x", 0), EBADF);
    EXPECT(unlinkat(cwd, "soft", 0), 0);
    EXPECT(unlinkat(cwd, "hard", 0), 0);

    EXPECT_ERROR(unlinkat(there, "e", 0), EISDIR);
    EXPECT_ERROR(unlinkat(there, "e", AT_REMOVEDIR), ENOTEMPTY);
    EXPECT_ERROR(unlinkat(there, "l", AT_REMOVEDIR), ENOTDIR);
    EXPECT_ERROR(unlinkat(there, "l", AT_SYMLINK_FOLLOW), EINVAL);
    EXPECT_ERROR(unlinkat(60, "l", 0), EBADF);
    EXPECT(close(cwd), 0);
}

static void
status(void)
{
    struct timespec times[2] = {{1, 0}, {1000000000, 5}};
    struct stat s;

    EXPECT(fstatat(there, "l", &s, 0), 0);
    EXPECT(s.st_mode, S_IFREG | 0644);
    EXPECT(fstatat(there, "l", &s, AT_SYMLINK_NOFOLLOW), 0);
    EXPECT(S_ISLNK(s.st_mode) != 0, 1);
    EXPECT_ERROR(fstatat(there, "l", &s, AT_REMOVEDIR), EINVAL);
    EXPECT_ERROR(fstatat(there, "none", &s, 0), ENOENT);
    EXPECT_ERROR(fstatat(60, "l", &s, 0), EBADF);
    EXPECT_ERROR(fstatat(file, "l", &s, 0), ENOTDIR);

    EXPECT(fchmodat(there, "l", 0600, 0), 0);
    EXPECT(fstatat(there, "e/f", &s, 0), 0);
    EXPECT(s.st_mode, S_IFREG | 0600);
    EXPECT_ERROR(fchmodat(there, "l", 0600, AT_SYMLINK_NOFOLLOW), EOPNOTSUPP);
    EXPECT(fchmodat(there, "e/f", 0640, AT_SYMLINK_NOFOLLOW), 0);
    EXPECT_ERROR(fchmodat(there, "l", 0600, AT_REMOVEDIR), EINVAL);
    EXPECT_ERROR(fchmodat(60, "l", 0600, 0), EBADF);

    EXPECT(fchownat(there, "l", 3, 4, 0), 0);
    EXPECT(fchownat(there, "l", 5, 6, AT_SYMLINK_NOFOLLOW), 0);
    EXPECT(fstatat(there, "e/f", &s, 0), 0);
    EXPECT(s.st_uid, 3);
    EXPECT(s.st_gid, 4);
    EXPECT(fstatat(there, "l", &s, AT_SYMLINK_NOFOLLOW), 0);
    EXPECT(s.st_uid, 5);
    EXPECT_ERROR(fchownat(file, "l", 3, 4, 0), ENOTDIR);

    EXPECT(utimensat(there, "l", times, 0), 0);
    EXPECT(fstatat(there, "e/f", &s, 0), 0);
    EXPECT(s.st_mtime, 1000000000);
    EXPECT_ERROR(utimensat(60, "l", times, 0), EBADF);

    EXPECT(faccessat(there, "l", R_OK | W_OK, AT_EACCESS), 0);
    EXPECT_ERROR(faccessat(there, "l", X_OK, 0), EACCES);
    EXPECT_ERROR(faccessat(there, "none", F_OK, 0), ENOENT);
    EXPECT_ERROR(faccessat(there, "l", F_OK, AT_REMOVEDIR), EINVAL);
    EXPECT_ERROR(faccessat(60, "l", F_OK, 0), EBADF);
}

/* A stream of a descriptor; a directory that has gone. */
static void
streams(void)
{
    int d = openat(there, "e", O_RDONLY | O_DIRECTORY);
    DIR *folder = fdopendir(d);
    unsigned seen = 0;

    EXPECT(folder != NULL, 1);
    EXPECT(dirfd(folder), d);
    while (readdir(folder) != NULL) {
        seen++;
    }
    EXPECT(seen, 3);
    EXPECT(faccessat(dirfd(folder), "f", F_OK, 0), 0);
    EXPECT(unlinkat(there, "e/f", 0), 0);
    EXPECT(unlinkat(there, "e", AT_REMOVEDIR), 0);
    EXPECT_ERROR(faccessat(dirfd(folder), "f", F_OK, 0), ENOENT);
    EXPECT_ERROR(openat(dirfd(folder), "f", O_CREAT | O_WRONLY, 0600), ENOENT);
    EXPECT(closedir(folder), 0);
    EXPECT_ERROR(fcntl(d, F_GETFD), EBADF);
    EXPECT(fdopendir(file) == NULL && errno == ENOTDIR, 1);
    EXPECT(fdopendir(60) == NULL && errno == EBADF, 1);
}

int
main(void)
{
    (void)mkdir("/tmp", 0777); /* there is none on an empty disk */
    EXPECT(mkdir("/tmp/at", 0755) | mkdir("/tmp/at/d", 0755), 0);
    EXPECT(chdir("/tmp/at"), 0);
    there = open("d", O_RDONLY | O_DIRECTORY);
    file = open("plain", O_RDWR | O_CREAT, 0644);
    EXPECT(there >= 0 && file >= 0, 1);
    opening();
    names();
    status();
    streams();
    EXPECT(unlinkat(there, "l", 0) | unlink("plain"), 0);
    EXPECT(close(there) | close(file), 0);
    EXPECT(rmdir("d") | chdir("/") | rmdir("/tmp/at"), 0);
    printf("test: at ok\n");
    return 0;
}
