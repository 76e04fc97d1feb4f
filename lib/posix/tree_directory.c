/* SPDX-License-Identifier: MIT */
/* Directories: the working one, and what is in them. */
#include "lib/posix/path.h"
#include "lib/posix/tree.h"
#include "lib/posix/tree_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/posix/posix.h"
#include "lib/posix/shared.h"

/* The node, which is used once more, becomes the working directory. */
static int64_t
directory_set(unsigned node)
{
    int64_t error = inode_look(node)->kind == FS_DIRECTORY
                        ? inode_permits(node, X_OK)
                        : -ENOTDIR;

    if (error == 0) {
        file_take();
        error = file_add_directory(node);
        file_drop();
    }
    if (error < 0) {
        inode_put(node);
    }
    return error < 0 ? error : 0;
}

int64_t
tree_chdir(const char *path)
{
    int64_t node;

    inode_take();
    node = path_find(AT_FDCWD, path, true);
    if (node >= 0) {
        node = directory_set((unsigned)node);
    }
    inode_drop();
    return node;
}

int64_t
tree_chdir_open(int descriptor)
{
    const struct file *f = file_of(descriptor);
    int64_t error;

    if (f == NULL) {
        return -EBADF;
    }
    if (f->kind != FILE_DIRECTORY) {
        return -ENOTDIR;
    }
    inode_take();
    inode_use(f->index);
    error = directory_set(f->index);
    inode_drop();
    return error;
}

/* Puts a name with a slash before what is at *at. */
static int64_t
prepend(char *path, size_t *at, const char *name)
{
    size_t bytes = strlen(name);

    if (*at < bytes + 1) {
        return -ERANGE;
    }
    *at -= bytes + 1;
    path[*at] = '/';
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): more follows. */
    memcpy(path + *at + 1, name, bytes);
    return 0;
}

/* Puts the path of a directory before what is at *at. */
static int64_t
prepend_directory(char *path, size_t *at, unsigned node)
{
    struct fs *fs = &inode_system()->fs;
    struct fs_file *f = fs_root(fs);
    char name[FS_NAME_MAX + 1];
    int64_t error = 0;

    if (node == INODE_DEV) {
        error = prepend(path, at, "dev");
    } else {
        f = inode_file(node);
    }
    for (; error == 0 && f != fs_root(fs); f = f->directory) {
        error = posix_error(fs_name(fs, f, name));
        if (error == 0) {
            error = prepend(path, at, name);
        }
    }
    if (error == 0 && path[*at] == 0) {
        error = prepend(path, at, "");
    }
    return error;
}

int64_t
tree_getcwd(char *path, size_t room)
{
    struct path p;
    size_t at = room - 1;
    int64_t error;

    if (room == 0) {
        return -EINVAL;
    }
    path[at] = 0;
    inode_take();
    error = path_begin(&p, AT_FDCWD, ".");
    if (error == 0) {
        error = prepend_directory(path, &at, p.at);
        path_end(&p);
    }
    inode_drop();
    if (error == 0) {
        memmove(path, path + at, room - at);
    }
    return error;
}

int64_t
tree_path(const char *text, char *path, size_t room)
{
    char name[FS_NAME_MAX + 1];
    struct path p;
    size_t at = room - 1;
    int64_t node;
    int64_t error;

    path[at] = 0;
    inode_take();
    error = path_begin(&p, AT_FDCWD, text);
    if (error == 0) {
        node = path_look(&p, true);
        error = node < 0 ? node : 0;
        if (node >= 0 && inode_look((unsigned)node)->kind != FS_DIRECTORY) {
            memcpy(name, p.name, p.bytes);
            name[p.bytes] = 0;
            error = prepend(path, &at, name);
            inode_put((unsigned)node);
            node = p.at;
            inode_use(p.at);
        }
        if (error == 0) {
            error = prepend_directory(path, &at, (unsigned)node);
        }
        if (node >= 0) {
            inode_put((unsigned)node);
        }
        path_end(&p);
    }
    inode_drop();
    if (error == 0) {
        memmove(path, path + at, room - at);
    }
    return error;
}

/* What comes in /dev. */
static int64_t
device_next(struct tree_place *place, struct dirent *entry)
{
    unsigned device = place->position - TREE_DOTS;

    if (device >= DEVICES) {
        return 0;
    }
    entry->d_ino = INODE_DEVICE + device;
    entry->d_type = DT_CHR;
    memcpy(entry->d_name, device_name[device], strlen(device_name[device]) + 1);
    return 1;
}

static int64_t
system_next(unsigned node, struct tree_place *place, struct dirent *entry)
{
    static const unsigned char type[] = {[FS_FILE] = DT_REG,
                                         [FS_DIRECTORY] = DT_DIR,
                                         [FS_SYMLINK] = DT_LNK,
                                         [FS_LINK] = DT_UNKNOWN};
    struct fs_cursor *c = &place->cursor;
    int64_t result = fs_next(&inode_system()->fs, inode_file(node), c);

    if (result == 1) {
        entry->d_ino = c->number;
        entry->d_type =
            c->kind == FS_FILE && S_ISFIFO(c->mode) ? DT_FIFO : type[c->kind];
        memcpy(entry->d_name, c->name, c->name_bytes);
        entry->d_name[c->name_bytes] = 0;
    }
    return posix_error(result);
}

/* "." and "..": each directory has them first. */
static int64_t
dot_next(unsigned node, const struct tree_place *place, struct dirent *entry)
{
    const struct fs_file *f = NULL;

    if (node != INODE_DEV) {
        f = inode_file(node);
        if (place->position == 1 && f != fs_root(&inode_system()->fs)) {
            f = f->directory;
        }
    }
    entry->d_ino = f != NULL ? f->number : INODE_DEV;
    entry->d_type = DT_DIR;
    memcpy(entry->d_name, "..", sizeof(".."));
    if (place->position == 0) {
        entry->d_name[1] = 0;
    }
    return 1;
}

int64_t
tree_next(int descriptor, struct tree_place *place, struct dirent *entry)
{
    const struct file *f = file_of(descriptor);
    int64_t result;

    if (f == NULL) {
        return -EBADF;
    }
    if (f->kind != FILE_DIRECTORY) {
        return -ENOTDIR;
    }
    inode_take();
    result = place->position < TREE_DOTS ? dot_next(f->index, place, entry)
             : f->index == INODE_DEV     ? device_next(place, entry)
                                         : system_next(f->index, place, entry);
    inode_drop();
    place->position += result == 1;
    return result;
}
