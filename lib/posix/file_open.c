/* SPDX-License-Identifier: MIT */
/* Opening: by a path, a node and an open file, in this order; each is given
   back if the next cannot be had. */
#include "lib/posix/path.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/posix/posix.h"
#include "lib/posix/shared.h"

/* Makes the file whose name is missing. If it must not be there, its name is
   taken at once, for other users of the volume to see. */
static int64_t
create(const struct path *p, int flags, mode_t mode)
{
    int64_t (*make)(struct fs *, struct fs_file *, const char *, size_t,
                    const struct fs_status *, struct fs_file **) =
        (flags & O_EXCL) != 0 ? fs_create : fs_create_later;
    struct file_system *s = inode_system();
    struct fs_status status = {
        .kind = FS_FILE,
        .uid = SHARED_OF->files.uid,
        .gid = SHARED_OF->files.gid,
        .mode = (uint16_t)(mode & ~process_self->umask & 07777)};
    struct fs_file *file;
    int64_t error = path_change(p, -EISDIR);

    if (error != 0) {
        return error;
    }
    if (p->slash) {
        return -EISDIR;
    }
    error = make(&s->fs, inode_file(p->at), p->name, p->bytes, &status, &file);
    if (error == -ENFILE) {
        name_clear(true);
        error =
            make(&s->fs, inode_file(p->at), p->name, p->bytes, &status, &file);
    }
    return error != 0 ? posix_error(error) : inode_of(file);
}

/* Whether what is there may be opened so. */
static int64_t
check(unsigned node, int flags)
{
    int access = flags & O_ACCMODE;
    int what = (access != O_WRONLY ? R_OK : 0) |
               (access != O_RDONLY || (flags & O_TRUNC) != 0 ? W_OK : 0);
    unsigned kind = inode_look(node)->kind;

    if (kind == FS_SYMLINK) {
        return -ELOOP;
    }
    if ((flags & O_DIRECTORY) != 0 && kind != FS_DIRECTORY) {
        return -ENOTDIR;
    }
    if (kind == FS_DIRECTORY &&
        ((what & W_OK) != 0 || (flags & O_CREAT) != 0)) {
        return -EISDIR;
    }
    return inode_permits(node, what);
}

/* The node to be opened; it may be made, or emptied. */
static int64_t
find(struct path *p, int flags, mode_t mode)
{
    bool alone = (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0;
    int64_t node = path_look(p, !alone && (flags & O_NOFOLLOW) == 0);
    int64_t error;

    if (node == -ENOENT && (flags & O_CREAT) != 0) {
        return create(p, flags, mode);
    }
    if (node < 0) {
        return node;
    }
    error = alone ? -EEXIST : check((unsigned)node, flags);
    if (error == 0 && (flags & O_TRUNC) != 0 &&
        inode_look((unsigned)node)->kind == FS_FILE &&
        !inode_is_fifo((unsigned)node)) {
        error = mapping_cut((unsigned)node, 0);
        if (error == 0) {
            error = posix_error(fs_truncate(&inode_system()->fs,
                                            inode_file((unsigned)node), 0));
        }
    }
    if (error != 0) {
        inode_put((unsigned)node);
        return error;
    }
    return node;
}

/* The open file of a node, and a descriptor. */
static int64_t
add(unsigned node, int flags)
{
    unsigned kind = inode_look(node)->kind;
    int64_t result = 0;

    if (inode_is_fifo(node)) {
        result = fifo_open(inode_file(node)->number, flags);
        if (result >= 0) {
            inode_put(node); /* its number is enough */
        }
        return result;
    }
    if (node >= INODE_DEVICE) {
        result = device_open(node - INODE_DEVICE, flags);
    }
    if (result == 0) {
        file_take();
        result =
            node >= INODE_DEVICE
                ? file_add(FILE_DEVICE, node - INODE_DEVICE, (uint32_t)flags,
                           (flags & O_CLOEXEC) != 0)
                : file_add(kind == FS_DIRECTORY ? FILE_DIRECTORY : FILE_REGULAR,
                           node, (uint32_t)flags, (flags & O_CLOEXEC) != 0);
        file_drop();
    }
    return result;
}

int64_t
file_open_at(int directory, const char *path, int flags, mode_t mode)
{
    struct path p;
    int64_t node;
    int64_t result;

    if ((flags & O_ACCMODE) == O_ACCMODE) {
        return -EINVAL;
    }
    inode_take();
    result = path_begin(&p, directory, path);
    if (result == 0) {
        node = find(&p, flags, mode);
        result = node;
        if (node >= 0) {
            result = add((unsigned)node, flags);
            if (result < 0) {
                inode_put((unsigned)node);
            }
        }
        path_end(&p);
    }
    inode_drop();
    return fifo_wait(result);
}

int64_t
file_open(const char *path, int flags, mode_t mode)
{
    return file_open_at(AT_FDCWD, path, flags, mode);
}
