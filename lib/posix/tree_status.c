/* SPDX-License-Identifier: MIT */
/* What is said of files, and what of that may be set. Only the time of the last
   change of contents is kept: it stands for all three. */
#include "lib/posix/path.h"
#include "lib/posix/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/posix/posix.h"
#include "lib/posix/shared.h"

#define SECOND 1000000000
#define STAT_UNIT 512 /* of st_blocks */
#define DEVICE_DISK 1
#define DEVICE_PIPE 2
#define DEVICE_DEV 3

static const mode_t kind_mode[] = {
    [FS_FILE] = S_IFREG, [FS_DIRECTORY] = S_IFDIR, [FS_SYMLINK] = S_IFLNK};

static void
times_fill(struct stat *status, uint64_t time)
{
    status->st_mtim.tv_sec = (time_t)(time / SECOND);
    status->st_mtim.tv_nsec = (long)(time % SECOND);
    status->st_atim = status->st_mtim;
    status->st_ctim = status->st_mtim;
}

static int64_t
node_status(unsigned node, struct stat *status)
{
    const struct inode *n = inode_look(node);
    struct fs_status s;
    int64_t error;

    memset(status, 0, sizeof(*status));
    status->st_blksize = FS_BLOCK;
    if (node >= FS_OPEN_MAX) {
        status->st_mode = n->mode;
        status->st_nlink = 1;
        status->st_dev = DEVICE_DEV;
        status->st_ino = node;
        status->st_rdev = (dev_t)node + 1;
        return 0;
    }
    error = fs_stat(&inode_system()->fs, inode_file(node), &s);
    if (error != 0) {
        return posix_error(error);
    }
    status->st_dev = DEVICE_DISK;
    status->st_ino = s.number;
    status->st_mode = s.mode | (S_ISFIFO(s.mode) ? 0u : kind_mode[s.kind]);
    if (s.kind == FS_SYMLINK) {
        status->st_mode |= 0777;
    }
    status->st_nlink = (nlink_t)s.links;
    status->st_uid = (uid_t)s.uid;
    status->st_gid = (gid_t)s.gid;
    status->st_size = (off_t)s.size;
    status->st_blocks =
        (blkcnt_t)((s.size + FS_BLOCK - 1) / FS_BLOCK * (FS_BLOCK / STAT_UNIT));
    times_fill(status, s.mtime);
    return 0;
}

int64_t
file_stat_at(int directory, const char *path, struct stat *status, int follow)
{
    int64_t node;
    int64_t error;

    inode_take();
    node = path_find(directory, path, follow != 0);
    error = node;
    if (node >= 0) {
        error = node_status((unsigned)node, status);
        inode_put((unsigned)node);
    }
    inode_drop();
    return error;
}

int64_t
file_stat(const char *path, struct stat *status, int follow)
{
    return file_stat_at(AT_FDCWD, path, status, follow);
}

int64_t
tree_stat_open(int descriptor, struct stat *status)
{
    const struct file *f = file_of(descriptor);
    int64_t error;

    if (f == NULL) {
        return -EBADF;
    }
    if (f->kind == FILE_DEVICE) {
        return node_status(INODE_DEVICE + (unsigned)f->index, status);
    }
    if (f->kind == FILE_PIPE_READ || f->kind == FILE_PIPE_WRITE) {
        const struct pipe *p = &SHARED_OF->files.pipe[f->index];

        memset(status, 0, sizeof(*status));
        status->st_mode = S_IFIFO | 0600;
        status->st_nlink = 1;
        status->st_dev = p->number != 0 ? DEVICE_DISK : DEVICE_PIPE;
        status->st_ino = p->number != 0 ? p->number : f->index + 1u;
        status->st_size = (off_t)(p->head - p->tail);
        status->st_blksize = PIPE_ATOMIC;
        return 0;
    }
    inode_take();
    error = node_status(f->index, status);
    inode_drop();
    return error;
}

/* What is to be set. */
struct setting {
    unsigned what; /* FS_SET_ */
    bool any;      /* who may write may set it, not only the owner */
    struct fs_status status;
};

static int64_t
node_set(unsigned node, struct setting *s)
{
    struct fs *fs = &inode_system()->fs;
    struct fs_status is;
    int64_t error = inode_owned(node);

    if (error != 0 && s->any) {
        error = inode_permits(node, W_OK);
    }
    if (error != 0 || s->what == 0) {
        return error;
    }
    if (node >= FS_OPEN_MAX) {
        return -EPERM;
    }
    if ((s->what & FS_SET_MODE) != 0 && inode_look(node)->kind == FS_SYMLINK) {
        return -EOPNOTSUPP; /* nobody asks for it */
    }
    error = fs_stat(fs, inode_file(node), &is);
    if (error != 0) {
        return posix_error(error);
    }
    s->status.mode |= is.mode & S_IFMT; /* of a FIFO */
    if ((s->what & FS_SET_OWNER) != 0) {
        s->status.uid = s->status.uid == UINT32_MAX ? is.uid : s->status.uid;
        s->status.gid = s->status.gid == UINT32_MAX ? is.gid : s->status.gid;
        if (SHARED_OF->files.uid != 0 &&
            (s->status.uid != is.uid ||
             (s->status.gid != is.gid &&
              s->status.gid != SHARED_OF->files.gid))) {
            return -EPERM;
        }
    }
    error = fs_set(fs, inode_file(node), s->what, &s->status);
    inode_forget(node);
    return posix_error(error);
}

static int64_t
path_set(int directory, const char *path, int follow, struct setting *s)
{
    int64_t node;
    int64_t error;

    inode_take();
    node = path_find(directory, path, follow != 0);
    error = node;
    if (node >= 0) {
        error = node_set((unsigned)node, s);
        inode_put((unsigned)node);
    }
    inode_drop();
    return error;
}

static int64_t
open_set(int descriptor, struct setting *s)
{
    const struct file *f = file_of(descriptor);
    int64_t error;

    if (f == NULL) {
        return -EBADF;
    }
    if (f->kind != FILE_REGULAR && f->kind != FILE_DIRECTORY) {
        return -EPERM;
    }
    inode_take();
    error = node_set(f->index, s);
    inode_drop();
    return error;
}

static struct setting
mode_setting(mode_t mode)
{
    return (struct setting){.what = FS_SET_MODE,
                            .status = {.mode = (uint16_t)(mode & 07777)}};
}

int64_t
tree_chmod_at(int directory, const char *path, mode_t mode, int follow)
{
    struct setting s = mode_setting(mode);

    return path_set(directory, path, follow, &s);
}

int64_t
tree_chmod_open(int descriptor, mode_t mode)
{
    struct setting s = mode_setting(mode);

    return open_set(descriptor, &s);
}

/* picolibc's uid_t has 16 bits: -1 is what is not changed. */
static struct setting
owner_setting(uid_t uid, gid_t gid)
{
    return (struct setting){
        .what = FS_SET_OWNER,
        .status = {.uid = uid == (uid_t)-1 ? UINT32_MAX : uid,
                   .gid = gid == (gid_t)-1 ? UINT32_MAX : gid}};
}

int64_t
tree_chown_at(int directory, const char *path, uid_t uid, gid_t gid, int follow)
{
    struct setting s = owner_setting(uid, gid);

    return path_set(directory, path, follow, &s);
}

int64_t
tree_chown_open(int descriptor, uid_t uid, gid_t gid)
{
    struct setting s = owner_setting(uid, gid);

    return open_set(descriptor, &s);
}

/* times[1] is what is kept. */
static int64_t
times_setting(const struct timespec times[2], struct setting *s)
{
    unsigned i;

    *s = (struct setting){.what = FS_SET_MTIME};
    for (i = 0; i < 2 && times != NULL; i++) {
        long nanoseconds = times[i].tv_nsec;

        if (nanoseconds != UTIME_NOW && nanoseconds != UTIME_OMIT &&
            (nanoseconds < 0 || nanoseconds >= SECOND)) {
            return -EINVAL;
        }
    }
    if (times == NULL || times[1].tv_nsec == UTIME_NOW) {
        s->any = times == NULL || times[0].tv_nsec == UTIME_NOW;
        s->status.mtime = fs_now(&inode_system()->fs);
    } else if (times[1].tv_nsec == UTIME_OMIT) {
        s->what = 0;
    } else if (times[1].tv_sec < 0) {
        return -EINVAL;
    } else {
        s->status.mtime =
            (uint64_t)times[1].tv_sec * SECOND + (uint64_t)times[1].tv_nsec;
    }
    return 0;
}

int64_t
tree_times_at(int directory, const char *path, const struct timespec times[2],
              int follow)
{
    struct setting s;
    int64_t error = times_setting(times, &s);

    return error != 0 ? error : path_set(directory, path, follow, &s);
}

int64_t
tree_times_open(int descriptor, const struct timespec times[2])
{
    struct setting s;
    int64_t error = times_setting(times, &s);

    return error != 0 ? error : open_set(descriptor, &s);
}

int64_t
tree_access_at(int directory, const char *path, int what, int follow)
{
    int64_t node;
    int64_t error;

    if ((what & ~(R_OK | W_OK | X_OK)) != 0) {
        return -EINVAL;
    }
    inode_take();
    node = path_find(directory, path, follow != 0);
    error = node;
    if (node >= 0) {
        error = inode_permits((unsigned)node, what);
        inode_put((unsigned)node);
    }
    inode_drop();
    return error;
}

int64_t
tree_truncate(const char *path, int64_t size)
{
    int64_t node;
    int64_t error;

    if (size < 0) {
        return -EINVAL;
    }
    inode_take();
    node = path_find(AT_FDCWD, path, true);
    error = node;
    if (node >= 0) {
        unsigned kind = inode_look((unsigned)node)->kind;
        bool bytes = kind == FS_FILE && !inode_is_fifo((unsigned)node);

        error = kind == FS_DIRECTORY ? -EISDIR
                : !bytes             ? -EINVAL
                                     : inode_permits((unsigned)node, W_OK);
        if (error == 0) {
            error = mapping_cut((unsigned)node, (uint64_t)size);
        }
        if (error == 0) {
            error = posix_error(fs_truncate(&inode_system()->fs,
                                            inode_file((unsigned)node),
                                            (uint64_t)size));
        }
        inode_put((unsigned)node);
    }
    inode_drop();
    return error;
}

int64_t
tree_statvfs(struct statvfs *status)
{
    const struct fs_volume *v;
    uint64_t free_blocks = 0;
    uint64_t i;

    memset(status, 0, sizeof(*status));
    inode_take();
    if (inode_system()->mounted == 0) {
        inode_drop();
        return -ENODEV;
    }
    v = inode_system()->fs.volume;
    for (i = DISK_FIRST_BLOCK; i < v->blocks; i++) {
        free_blocks += (v->table[i] & BLOCK_STATE) == BLOCK_FREE;
    }
    status->f_blocks = (fsblkcnt_t)(v->blocks - DISK_FIRST_BLOCK);
    inode_drop();
    status->f_bsize = FS_BLOCK;
    status->f_frsize = FS_BLOCK;
    status->f_bfree = (fsblkcnt_t)free_blocks;
    status->f_bavail = (fsblkcnt_t)free_blocks;
    status->f_namemax = FS_NAME_MAX;
    return 0;
}
