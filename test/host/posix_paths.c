/* SPDX-License-Identifier: MIT */
/*
 * Paths, names and what is said of files, one call after the other with its
 * errors, on a file system that the kernel's own modules judge. At the end
 * nothing is open, and the check of the file system finds nothing to say.
 */
#include "lib/fs/check.h"
#include "test/host/fs_host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/posix/inode.h"
#include "lib/posix/posix.h"
#include "lib/posix/shared.h"
#include "lib/posix/tree.h"
#include "lib/posix/tree_place.h"
#include "test/host/check.h"
#include "test/host/posix_host.h"

#define BLOCKS ((uint64_t)4096)
#define ENTRIES 1024

static uint8_t *image;
static struct fs_volume *volume;

static void
mount_new(void)
{
    memset(image, 0, BLOCKS * FS_BLOCK);
    fs_host_format(image, BLOCKS);
    CHECK_EQUAL(fs_host_begin(image, BLOCKS, NULL, ENTRIES), 0);
    CHECK_EQUAL(fs_host_tree(FS_TREE_NAME, true, &volume), 0);
    posix_host_begin();
    CHECK_EQUAL(tree_mount(volume, 1), 0);
}

static void
say(void *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "%s\n", text);
}

/* Everything is closed: nothing is used but what always is. */
static void
end(void)
{
    struct fs *fs = &inode_system()->fs;
    struct fs_check report;
    unsigned i;

    file_exit(process_self);
    inode_take();
    name_clear(true);
    inode_drop();
    for (i = 0; i < FS_OPEN_MAX; i++) {
        bool always = &fs->open[i] == fs->root || &fs->open[i] == fs->links;

        CHECK_EQUAL(fs->open[i].users, always ? 1 : 0);
    }
    for (i = 0; i < FILE_OPEN_MAX; i++) {
        CHECK_EQUAL(SHARED_OF->files.open[i].kind, FILE_FREE);
    }
    CHECK_EQUAL(tree_sync(), 0);
    CHECK_EQUAL(fs_check(fs, false, say, NULL, &report), 0);
    CHECK_EQUAL(report.faults, 0);
    CHECK_EQUAL(tree_unmount(), 0);
}

static void
make_file(const char *path, const char *text)
{
    int64_t d = file_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    check_subject = path;
    CHECK(d >= 0);
    CHECK_EQUAL(file_write((int)d, text, strlen(text)), strlen(text));
    CHECK_EQUAL(file_close((int)d), 0);
    check_subject = "";
}

/* What a file has, as text. */
static const char *
text_of(const char *path)
{
    static char text[64];
    int64_t d = file_open(path, O_RDONLY, 0);
    int64_t n;

    check_subject = path;
    CHECK(d >= 0);
    n = file_read((int)d, text, sizeof(text) - 1);
    CHECK(n >= 0);
    text[n] = 0;
    CHECK_EQUAL(file_close((int)d), 0);
    check_subject = "";
    return text;
}

static int64_t
open_close(const char *path, int flags)
{
    int64_t d = file_open(path, flags, 0644);

    return d < 0 ? d : file_close((int)d);
}

static mode_t
mode_of(const char *path)
{
    struct stat s;

    CHECK_EQUAL(file_stat(path, &s, 1), 0);
    return s.st_mode;
}

static void
test_walk(void)
{
    char longest[PATH_MAX + 16];

    mount_new();
    CHECK_EQUAL(tree_mkdir("/a", 0777), 0);
    CHECK_EQUAL(tree_mkdir("/a/b/", 0777), 0);
    make_file("/a/b/c", "here");
    CHECK(strcmp(text_of("//a/./b/../b//c"), "here") == 0);
    CHECK(strcmp(text_of("/../../a/b/c"), "here") == 0);
    CHECK(strcmp(text_of("a/b/c"), "here") == 0);
    CHECK_EQUAL(open_close("", O_RDONLY), -ENOENT);
    CHECK_EQUAL(open_close("/a/x", O_RDONLY), -ENOENT);
    CHECK_EQUAL(open_close("/a/x/c", O_RDONLY), -ENOENT);
    CHECK_EQUAL(open_close("/a/b/c/", O_RDONLY), -ENOTDIR);
    CHECK_EQUAL(open_close("/a/b/c/.", O_RDONLY), -ENOTDIR);
    CHECK_EQUAL(open_close("/a/b/c/..", O_RDONLY), -ENOTDIR);
    CHECK_EQUAL(open_close("/a/b/c/d", O_CREAT | O_WRONLY), -ENOTDIR);
    CHECK_EQUAL(open_close("/", O_RDONLY), 0);
    CHECK_EQUAL(open_close("/a/b/", O_RDONLY | O_DIRECTORY), 0);

    memset(longest, 'n', sizeof(longest));
    longest[256] = 0;
    CHECK_EQUAL(open_close(longest, O_CREAT | O_WRONLY), -ENAMETOOLONG);
    longest[255] = 0;
    CHECK_EQUAL(open_close(longest, O_CREAT | O_WRONLY), 0);
    CHECK_EQUAL(tree_unlink(longest), 0);
    memset(longest, '/', sizeof(longest));
    memcpy(longest + PATH_MAX, "a", 2);
    CHECK_EQUAL(open_close(longest, O_RDONLY), -ENAMETOOLONG);
    memcpy(longest + PATH_MAX - 2, "a", 2);
    CHECK_EQUAL(open_close(longest, O_RDONLY), 0);
    end();
}

/* The working directory. */
static void
test_where(void)
{
    char where[64];
    int d;

    mount_new();
    CHECK_EQUAL(tree_mkdir("/a", 0777), 0);
    CHECK_EQUAL(tree_mkdir("/a/b", 0777), 0);
    make_file("/a/b/c", "here");
    CHECK_EQUAL(tree_getcwd(where, sizeof(where)), 0);
    CHECK(strcmp(where, "/") == 0);
    CHECK_EQUAL(tree_chdir("a/b"), 0);
    CHECK_EQUAL(tree_getcwd(where, sizeof(where)), 0);
    CHECK(strcmp(where, "/a/b") == 0);
    CHECK_EQUAL(tree_getcwd(where, 5), 0);
    CHECK_EQUAL(tree_getcwd(where, 4), -ERANGE);
    CHECK_EQUAL(tree_getcwd(where, 0), -EINVAL);
    CHECK(strcmp(text_of("c"), "here") == 0);
    CHECK_EQUAL(tree_chdir("c"), -ENOTDIR);
    CHECK_EQUAL(tree_chdir("nothing"), -ENOENT);
    CHECK_EQUAL(tree_chdir(".."), 0);
    CHECK(strcmp(text_of("b/c"), "here") == 0);
    d = (int)file_open("b", O_RDONLY, 0);
    CHECK_EQUAL(tree_chdir_open(d), 0);
    CHECK_EQUAL(file_close(d), 0);
    CHECK_EQUAL(tree_chdir_open(d), -EBADF);
    d = (int)file_open("c", O_RDONLY, 0);
    CHECK_EQUAL(tree_chdir_open(d), -ENOTDIR);
    CHECK_EQUAL(file_close(d), 0);
    /* It moves under one's feet, and goes. */
    CHECK_EQUAL(tree_rename("/a", "/z"), 0);
    CHECK_EQUAL(tree_getcwd(where, sizeof(where)), 0);
    CHECK(strcmp(where, "/z/b") == 0);
    CHECK_EQUAL(tree_unlink("c"), 0);
    CHECK_EQUAL(tree_rmdir("/z/b"), 0);
    CHECK_EQUAL(tree_getcwd(where, sizeof(where)), -ENOENT);
    CHECK_EQUAL(open_close("new", O_CREAT | O_WRONLY), -ENOENT);
    CHECK_EQUAL(open_close("..", O_RDONLY), 0);
    CHECK_EQUAL(tree_chdir("/"), 0);
    CHECK_EQUAL(tree_rmdir("z"), 0);
    end();
}

static void
test_links(void)
{
    char target[64];
    struct stat s;

    mount_new();
    CHECK_EQUAL(tree_mkdir("/d", 0777), 0);
    make_file("/d/f", "one");
    CHECK_EQUAL(tree_symlink("d", "/to-d"), 0);
    CHECK_EQUAL(tree_symlink("../d/f", "/d/to-f"), 0);
    CHECK_EQUAL(tree_symlink("/to-d/to-f", "/absolute"), 0);
    CHECK(strcmp(text_of("/absolute"), "one") == 0);
    CHECK(strcmp(text_of("/to-d/to-f"), "one") == 0);
    CHECK_EQUAL(open_close("/to-d/", O_RDONLY | O_DIRECTORY), 0);
    CHECK_EQUAL(open_close("/absolute/", O_RDONLY), -ENOTDIR);
    CHECK_EQUAL(open_close("/absolute", O_RDONLY | O_NOFOLLOW), -ELOOP);
    CHECK_EQUAL(open_close("/to-d/f", O_RDONLY | O_NOFOLLOW), 0);
    CHECK_EQUAL(tree_readlink("/absolute", target, sizeof(target)), 10);
    CHECK(memcmp(target, "/to-d/to-f", 10) == 0);
    CHECK_EQUAL(tree_readlink("/absolute", target, 3), 3);
    CHECK_EQUAL(tree_readlink("/absolute", target, 0), -EINVAL);
    CHECK_EQUAL(tree_readlink("/d/f", target, sizeof(target)), -EINVAL);
    CHECK_EQUAL(file_stat("/to-d", &s, 0), 0);
    CHECK(S_ISLNK(s.st_mode));
    CHECK_EQUAL(s.st_size, 1);
    CHECK_EQUAL(file_stat("/to-d", &s, 1), 0);
    CHECK(S_ISDIR(s.st_mode));
    CHECK_EQUAL(file_stat("/to-d/", &s, 0), 0);
    CHECK(S_ISDIR(s.st_mode));

    /* To itself, to each other, to nothing. */
    CHECK_EQUAL(tree_symlink("self", "/self"), 0);
    CHECK_EQUAL(open_close("/self", O_RDONLY), -ELOOP);
    CHECK_EQUAL(open_close("/self/x", O_RDONLY), -ELOOP);
    CHECK_EQUAL(tree_symlink("b", "/a"), 0);
    CHECK_EQUAL(tree_symlink("a", "/b"), 0);
    CHECK_EQUAL(open_close("/a", O_RDONLY | O_CREAT), -ELOOP);
    CHECK_EQUAL(tree_symlink("d/new", "/dangling"), 0);
    CHECK_EQUAL(open_close("/dangling", O_RDONLY), -ENOENT);
    CHECK_EQUAL(open_close("/dangling", O_WRONLY | O_CREAT | O_EXCL), -EEXIST);
    CHECK_EQUAL(open_close("/dangling", O_WRONLY | O_CREAT), 0);
    CHECK_EQUAL(file_stat("/d/new", &s, 0), 0);
    CHECK_EQUAL(tree_mkdir("/self", 0777), -EEXIST);
    CHECK_EQUAL(tree_symlink("x", "/d/f"), -EEXIST);
    CHECK_EQUAL(tree_symlink("", "/empty"), -ENOENT);
    CHECK_EQUAL(tree_symlink("x", "/none/x"), -ENOENT);
    CHECK_EQUAL(tree_symlink("x", "/x/"), -ENOENT);
    end();
}

/* Two names of a file. */
static void
test_second(void)
{
    struct stat s;

    mount_new();
    CHECK_EQUAL(tree_mkdir("/d", 0777), 0);
    make_file("/d/f", "one");
    CHECK_EQUAL(tree_link("/d/f", "/g"), 0);
    CHECK_EQUAL(file_stat("/g", &s, 1), 0);
    CHECK_EQUAL(s.st_nlink, 2);
    make_file("/g", "two");
    CHECK(strcmp(text_of("/d/f"), "two") == 0);
    CHECK_EQUAL(tree_link("/d/f", "/g"), -EEXIST);
    CHECK_EQUAL(tree_link("/d", "/e"), -EPERM);
    CHECK_EQUAL(tree_link("/none", "/e"), -ENOENT);
    CHECK_EQUAL(tree_link("/d/f", "/none/e"), -ENOENT);
    CHECK_EQUAL(tree_link("/dev/null", "/e"), -EPERM);
    CHECK_EQUAL(tree_rename("/g", "/d/f"), 0); /* both stay */
    CHECK_EQUAL(tree_unlink("/d/f"), 0);
    CHECK(strcmp(text_of("/g"), "two") == 0);
    CHECK_EQUAL(file_stat("/d/f", &s, 1), -ENOENT);
    CHECK_EQUAL(file_stat("/g", &s, 1), 0);
    CHECK_EQUAL(s.st_nlink, 1);
    end();
}

static void
test_names(void)
{
    struct stat s;

    mount_new();
    process_self->umask = 027;
    CHECK_EQUAL(tree_mkdir("/d", 0777), 0);
    CHECK_EQUAL(mode_of("/d"), S_IFDIR | 0750);
    CHECK_EQUAL(tree_mkdir("/d", 0777), -EEXIST);
    CHECK_EQUAL(tree_mkdir("/", 0777), -EEXIST);
    CHECK_EQUAL(tree_mkdir("/d/.", 0777), -EEXIST);
    CHECK_EQUAL(tree_mkdir("/none/d", 0777), -ENOENT);
    make_file("/f", "f");
    CHECK_EQUAL(mode_of("/f"), S_IFREG | 0640);
    CHECK_EQUAL(tree_mkdir("/f", 0777), -EEXIST);
    CHECK_EQUAL(tree_mkdir("/f/d", 0777), -ENOTDIR);
    CHECK_EQUAL(tree_rmdir("/f"), -ENOTDIR);
    CHECK_EQUAL(tree_rmdir("/none"), -ENOENT);
    CHECK_EQUAL(tree_rmdir("/"), -EBUSY);
    CHECK_EQUAL(tree_rmdir("/d/."), -EINVAL);
    CHECK_EQUAL(tree_rmdir("/d/.."), -ENOTEMPTY);
    CHECK_EQUAL(tree_unlink("/d"), -EISDIR);
    CHECK_EQUAL(tree_unlink("/none"), -ENOENT);
    CHECK_EQUAL(tree_unlink("/f/"), -ENOTDIR);
    make_file("/d/f", "df");
    CHECK_EQUAL(tree_rmdir("/d"), -ENOTEMPTY);
    CHECK_EQUAL(tree_rename("/f", "/d"), -EISDIR);
    CHECK_EQUAL(tree_rename("/d", "/f"), -ENOTDIR);
    CHECK_EQUAL(tree_rename("/f", "/g/"), -ENOTDIR);
    CHECK_EQUAL(tree_rename("/f/", "/g"), -ENOTDIR);
    CHECK_EQUAL(tree_rename("/none", "/g"), -ENOENT);
    CHECK_EQUAL(tree_rename("/d", "/d/e"), -EINVAL);
    CHECK_EQUAL(tree_rename("/d/.", "/e"), -EINVAL);
    CHECK_EQUAL(tree_rename("/", "/e"), -EBUSY);
    CHECK_EQUAL(tree_mkdir("/e", 0777), 0);
    CHECK_EQUAL(tree_rename("/e", "/d"), -ENOTEMPTY);
    CHECK_EQUAL(tree_rename("/d", "/e"), 0);
    CHECK(strcmp(text_of("/e/f"), "df") == 0);
    CHECK_EQUAL(file_stat("/d", &s, 1), -ENOENT);
    CHECK_EQUAL(tree_rename("/f", "/e/f"), 0);
    CHECK(strcmp(text_of("/e/f"), "f") == 0);
    end();
}

/* What is open stays when its name goes; /dev is there, and stays. */
static void
test_open(void)
{
    struct stat s;
    char byte;
    int d;

    mount_new();
    CHECK_EQUAL(tree_mkdir("/e", 0777), 0);
    make_file("/e/f", "f");
    d = (int)file_open("/e/f", O_RDWR, 0);
    CHECK_EQUAL(tree_unlink("/e/f"), 0);
    CHECK_EQUAL(open_close("/e/f", O_RDONLY), -ENOENT);
    CHECK_EQUAL(file_read(d, &byte, 1), 1);
    CHECK_EQUAL(byte, 'f');
    CHECK_EQUAL(tree_stat_open(d, &s), 0);
    CHECK_EQUAL(s.st_nlink, 0);
    make_file("/e/f", "another");
    CHECK_EQUAL(file_pread(d, &byte, 1, 0), 1);
    CHECK_EQUAL(byte, 'f');
    CHECK_EQUAL(file_close(d), 0);
    CHECK(strcmp(text_of("/e/f"), "another") == 0);
    CHECK_EQUAL(tree_mkdir("/dev", 0777), -EEXIST);
    CHECK_EQUAL(tree_rmdir("/dev"), -EPERM);
    CHECK_EQUAL(tree_unlink("/dev/null"), -EPERM);
    CHECK_EQUAL(open_close("/dev/x", O_CREAT | O_WRONLY), -EPERM);
    CHECK_EQUAL(tree_rename("/e/f", "/dev/null"), -EPERM);
    CHECK(S_ISCHR(mode_of("/dev/null")));
    CHECK(S_ISDIR(mode_of("/dev/..")));
    end();
}

static void
test_permissions(void)
{
    struct timespec times[2] = {{5, 6}, {7, 8}};
    struct stat s;

    mount_new();
    make_file("/f", "text");
    CHECK_EQUAL(tree_chmod("/f", 0600), 0);
    CHECK_EQUAL(mode_of("/f"), S_IFREG | 0600);
    CHECK_EQUAL(tree_access("/f", R_OK | W_OK), 0);
    CHECK_EQUAL(tree_access("/f", X_OK), -EACCES);
    CHECK_EQUAL(tree_access("/f", 8), -EINVAL);
    CHECK_EQUAL(tree_access("/none", F_OK), -ENOENT);
    CHECK_EQUAL(tree_chown("/f", 7, (gid_t)-1, 1), 0);
    CHECK_EQUAL(file_stat("/f", &s, 1), 0);
    CHECK_EQUAL(s.st_uid, 7);
    CHECK_EQUAL(s.st_gid, 0);
    CHECK_EQUAL(tree_mkdir("/mine", 0777), 0);
    CHECK_EQUAL(tree_chown("/mine", 9, 9, 1), 0);
    CHECK_EQUAL(tree_mkdir("/shut", 0700), 0);
    make_file("/shut/f", "x");

    SHARED_OF->files.uid = 9;
    SHARED_OF->files.gid = 9;
    CHECK_EQUAL(tree_access("/f", R_OK), -EACCES);
    CHECK_EQUAL(open_close("/f", O_RDONLY), -EACCES);
    CHECK_EQUAL(open_close("/f", O_WRONLY), -EACCES);
    CHECK_EQUAL(open_close("/shut/f", O_RDONLY), -EACCES);
    CHECK_EQUAL(tree_chdir("/shut"), -EACCES);
    CHECK_EQUAL(open_close("/g", O_CREAT | O_WRONLY), -EACCES);
    CHECK_EQUAL(tree_unlink("/f"), -EACCES);
    CHECK_EQUAL(tree_chmod("/f", 0777), -EPERM);
    CHECK_EQUAL(tree_chown("/f", 9, 9, 1), -EPERM);
    CHECK_EQUAL(tree_times("/f", times, 1), -EPERM);
    CHECK_EQUAL(tree_times("/f", NULL, 1), -EACCES);
    CHECK_EQUAL(tree_truncate("/f", 0), -EACCES);
    make_file("/mine/g", "mine");
    CHECK_EQUAL(file_stat("/mine/g", &s, 1), 0);
    CHECK_EQUAL(s.st_uid, 9);
    CHECK_EQUAL(tree_chmod("/mine/g", 0), 0);
    CHECK_EQUAL(open_close("/mine/g", O_RDONLY), -EACCES);
    CHECK_EQUAL(tree_chmod("/mine/g", 0444), 0);
    CHECK_EQUAL(open_close("/mine/g", O_RDONLY), 0);
    CHECK_EQUAL(open_close("/mine/g", O_RDWR), -EACCES);
    CHECK_EQUAL(tree_chown("/mine/g", 8, 9, 1), -EPERM);
    CHECK_EQUAL(tree_chown("/mine/g", 9, 9, 1), 0);
    SHARED_OF->files.uid = 0;
    SHARED_OF->files.gid = 0;
    end();
}

/* Room for 4 MiB is made in few changes, and what is there stays. */
static void
test_allocate(void)
{
    struct stat s;
    uint64_t before;
    char byte = 1;
    int d;

    mount_new();
    make_file("/f", "text");
    d = (int)file_open("/f", O_RDWR, 0);
    before = fs_host_counts.changes;
    CHECK_EQUAL(file_allocate(d, 1, 4 << 20), 0);
    CHECK(fs_host_counts.changes - before < 20);
    CHECK_EQUAL(tree_stat_open(d, &s), 0);
    CHECK_EQUAL(s.st_size, (4 << 20) + 1);
    CHECK_EQUAL(file_pread(d, &byte, 1, 3), 1);
    CHECK_EQUAL(byte, 't');
    CHECK_EQUAL(file_pread(d, &byte, 1, 4), 1);
    CHECK_EQUAL(byte, 0);
    CHECK_EQUAL(file_close(d), 0);
    end();
}

/* Times; and what is set of what is open. */
static void
test_status(void)
{
    struct timespec times[2] = {{5, 6}, {7, 8}};
    struct statvfs v;
    struct stat s;
    int d;

    mount_new();
    make_file("/f", "text");
    CHECK_EQUAL(tree_mkdir("/mine", 0777), 0);
    CHECK_EQUAL(tree_times("/f", times, 1), 0);
    CHECK_EQUAL(file_stat("/f", &s, 1), 0);
    CHECK_EQUAL(s.st_mtim.tv_sec, 7);
    CHECK_EQUAL(s.st_mtim.tv_nsec, 8);
    times[1].tv_nsec = UTIME_OMIT;
    CHECK_EQUAL(tree_times("/f", times, 1), 0);
    times[1].tv_nsec = 1000000000;
    CHECK_EQUAL(tree_times("/f", times, 1), -EINVAL);
    times[1] = (struct timespec){-1, 0};
    CHECK_EQUAL(tree_times("/f", times, 1), -EINVAL);
    CHECK_EQUAL(file_stat("/f", &s, 1), 0);
    CHECK_EQUAL(s.st_mtim.tv_sec, 7);
    times[1].tv_nsec = UTIME_NOW;
    CHECK_EQUAL(tree_times("/f", times, 1), 0);
    CHECK_EQUAL(file_stat("/f", &s, 1), 0);
    CHECK(s.st_mtim.tv_sec != 7);
    /* As of what is written later, which is not before it. */
    CHECK_EQUAL(s.st_mtim.tv_nsec % FS_TIME_UNIT, 0);
    d = (int)file_open("/f", O_RDONLY, 0);
    CHECK_EQUAL(tree_chmod_open(d, 0640), 0);
    CHECK_EQUAL(tree_chown_open(d, 1, 2), 0);
    CHECK_EQUAL(tree_stat_open(d, &s), 0);
    CHECK_EQUAL(s.st_mode, S_IFREG | 0640);
    CHECK_EQUAL(s.st_uid, 1);
    CHECK_EQUAL(s.st_gid, 2);
    CHECK_EQUAL(s.st_size, 4);
    CHECK_EQUAL(s.st_blocks, 8);
    CHECK_EQUAL(file_truncate(d, 1), -EINVAL);
    CHECK_EQUAL(file_close(d), 0);
    CHECK_EQUAL(tree_chmod_open(d, 0), -EBADF);
    CHECK_EQUAL(tree_stat_open(d, &s), -EBADF);

    CHECK_EQUAL(tree_truncate("/f", 2), 0);
    CHECK(strcmp(text_of("/f"), "te") == 0);
    CHECK_EQUAL(tree_truncate("/f", -1), -EINVAL);
    CHECK_EQUAL(tree_truncate("/mine", 1), -EISDIR);
    CHECK_EQUAL(tree_truncate("/none", 1), -ENOENT);
    CHECK_EQUAL(tree_statvfs(&v), 0);
    CHECK(v.f_bfree > 0 && v.f_bfree < v.f_blocks);
    end();
}

static void
test_directories(void)
{
    struct tree_place place = {0};
    struct dirent entry;
    unsigned seen = 0;
    char name[] = "/d/f0";
    int d;
    int i;

    mount_new();
    CHECK_EQUAL(tree_mkdir("/d", 0777), 0);
    for (i = 0; i < 10; i++) {
        name[4] = (char)('0' + i);
        make_file(name, "x");
    }
    d = (int)file_open("/d", O_RDONLY, 0);
    CHECK_EQUAL(file_read(d, name, 1), -EISDIR);
    CHECK_EQUAL(open_close("/d", O_RDWR), -EISDIR);
    CHECK_EQUAL(tree_next(d, &place, &entry), 1);
    CHECK(strcmp(entry.d_name, ".") == 0);
    CHECK_EQUAL(tree_next(d, &place, &entry), 1);
    CHECK(strcmp(entry.d_name, "..") == 0);
    while (tree_next(d, &place, &entry) == 1) {
        CHECK_EQUAL(entry.d_type, DT_REG);
        seen |= 1u << (entry.d_name[1] - '0');
        (void)snprintf(name, sizeof(name), "/d/%.2s", entry.d_name);
        CHECK_EQUAL(tree_unlink(name), 0); /* while it is read */
    }
    CHECK_EQUAL(seen, 0x3ff);
    CHECK_EQUAL(file_close(d), 0);
    CHECK_EQUAL(tree_rmdir("/d"), 0);

    memset(&place, 0, sizeof(place));
    seen = 0;
    d = (int)file_open("/dev", O_RDONLY, 0);
    while (tree_next(d, &place, &entry) == 1) {
        seen += entry.d_type == DT_CHR;
    }
    CHECK_EQUAL(seen, DEVICES);
    CHECK_EQUAL(file_close(d), 0);
    CHECK_EQUAL(tree_next(d, &place, &entry), -EBADF);
    CHECK_EQUAL(tree_next(0, &place, &entry), -ENOTDIR);
    end();
}

/* More names than the cache and lib/fs hold open. */
static void
test_many(void)
{
    char name[16];
    int open[40];
    int round;
    int i;

    mount_new();
    for (i = 0; i < 400; i++) {
        (void)snprintf(name, sizeof(name), "/%03d", i);
        CHECK_EQUAL(tree_mkdir(name, 0777), 0);
        (void)snprintf(name, sizeof(name), "/%03d/f", i);
        make_file(name, name);
    }
    for (round = 0; round < 3; round++) {
        for (i = 0; i < 40; i++) {
            (void)snprintf(name, sizeof(name), "/%03d/f", i * 7 + round);
            open[i] = (int)file_open(name, O_RDONLY, 0);
            CHECK(open[i] >= 0);
        }
        for (i = 0; i < 400; i++) {
            (void)snprintf(name, sizeof(name), "/%03d/f", i);
            CHECK(strcmp(text_of(name), name) == 0);
        }
        for (i = 0; i < 40; i++) {
            CHECK_EQUAL(file_close(open[i]), 0);
        }
    }
    end();
}

int
main(void)
{
    image = calloc(BLOCKS, FS_BLOCK);
    CHECK(image != NULL);
    test_walk();
    test_where();
    test_links();
    test_second();
    test_names();
    test_open();
    test_permissions();
    test_allocate();
    test_status();
    test_directories();
    test_many();
    fs_host_end();
    free(image);
    return 0;
}
