/* SPDX-License-Identifier: MIT */
#include "lib/fs/path.h"

#include <string.h>

#include "kern/abi/error.h"

/* How far one has come: directories that are open, from the root on. */
struct walk {
    struct fs *fs;
    struct fs_file *at[FS_OPEN_MAX];
    unsigned depth;
    unsigned links;
};

static void
walk_up(struct walk *w)
{
    if (w->depth > 0) {
        fs_close(w->fs, w->at[w->depth--]);
    }
}

static void
walk_end(struct walk *w)
{
    while (w->depth > 0) {
        walk_up(w);
    }
}

static int64_t walk_path(struct walk *w, const char *path, size_t length,
                         bool follow);

/* Goes where a symbolic link says, from where it lies. */
static int64_t
walk_link(struct walk *w, struct fs_file *link)
{
    char target[FS_TARGET_MAX];
    int64_t bytes = fs_readlink(w->fs, link, target, sizeof(target));

    if (bytes < 0) {
        return bytes;
    }
    if (++w->links > FS_SYMLINKS_MAX) {
        return -ENAMETOOLONG;
    }
    if (target[0] == '/') {
        walk_end(w);
    }
    return walk_path(w, target, (size_t)bytes, true);
}

static int64_t
walk_name(struct walk *w, const char *name, size_t bytes, bool follow)
{
    struct fs_file *file;
    struct fs_status status;
    int64_t error = fs_open(w->fs, w->at[w->depth], name, bytes, &file);

    if (error != 0) {
        return error;
    }
    error = fs_stat(w->fs, file, &status);
    if (error == 0 && status.kind == FS_SYMLINK && follow) {
        error = walk_link(w, file);
        fs_close(w->fs, file);
        return error;
    }
    if (error == 0 && w->depth + 1 == FS_OPEN_MAX) {
        error = -ENAMETOOLONG;
    }
    if (error != 0) {
        fs_close(w->fs, file);
        return error;
    }
    w->at[++w->depth] = file;
    return 0;
}

static int64_t
walk_path(struct walk *w, const char *path, size_t length, bool follow)
{
    const char *end = path + length;
    int64_t error = 0;

    while (path < end && error == 0) {
        const char *slash = memchr(path, '/', (size_t)(end - path));
        size_t bytes = (size_t)((slash != NULL ? slash : end) - path);

        if (bytes == 2 && memcmp(path, "..", 2) == 0) {
            walk_up(w);
        } else if (bytes > 1 || (bytes == 1 && path[0] != '.')) {
            error = walk_name(w, path, bytes, follow || slash != NULL);
        }
        path += bytes + (slash != NULL);
    }
    return error;
}

static int64_t
path_open(struct fs *fs, const char *path, size_t length, bool follow,
          struct fs_file **file)
{
    struct walk w = {.fs = fs, .at = {fs_root(fs)}};
    int64_t error = length > FS_PATH_MAX ? -ENAMETOOLONG
                                         : walk_path(&w, path, length, follow);

    *file = w.at[w.depth];
    if (error == 0 && w.depth > 0) {
        w.depth--; /* it stays open */
    }
    walk_end(&w);
    return error;
}

int64_t
fs_path_open(struct fs *fs, const char *path, bool follow,
             struct fs_file **file)
{
    return path_open(fs, path, strlen(path), follow, file);
}

int64_t
fs_path_parent(struct fs *fs, const char *path, struct fs_file **directory,
               const char **name)
{
    const char *slash = strrchr(path, '/');

    *name = slash != NULL ? slash + 1 : path;
    if (**name == 0 || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0) {
        return -EINVAL;
    }
    return path_open(fs, path, (size_t)(*name - path), true, directory);
}
