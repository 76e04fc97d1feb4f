/* SPDX-License-Identifier: MIT */
/* Names that are made, changed and taken away. A name leaves the cache before
   it is changed, so that what has no name is used by open files only. */
#include "lib/posix/path.h"
#include "lib/posix/tree.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/posix/shared.h"

static struct fs *
system_fs(void)
{
    return &inode_system()->fs;
}

/* Makes something where nothing has the name. */
static int64_t
make_missing(const struct path *p, enum fs_file_kind kind, mode_t mode)
{
    struct fs_status status = {.kind = kind,
                               .uid = SHARED_OF->files.uid,
                               .gid = SHARED_OF->files.gid,
                               .mode = (uint16_t)(mode & ~process_self->umask)};
    struct fs_file *file;
    int64_t error = path_change(p, -EEXIST);

    if (error == 0) {
        error = fs_create(system_fs(), inode_file(p->at), p->name, p->bytes,
                          &status, &file);
        if (error == 0) {
            fs_close(system_fs(), file);
        }
        error = posix_error(error);
    }
    return error;
}

/* Looks for a name that is to be made: -EEXIST, or 0 if it is missing. */
static int64_t
missing(struct path *p)
{
    bool slash = p->slash;
    int64_t node;

    p->slash = false; /* a link of that name is there, too */
    node = path_look(p, false);
    p->slash = slash;
    if (node >= 0) {
        inode_put((unsigned)node);
        return -EEXIST;
    }
    return node == -ENOENT ? 0 : node;
}

static int64_t
make(int directory, const char *path, enum fs_file_kind kind, mode_t mode)
{
    struct path p;
    int64_t error;

    inode_take();
    error = path_begin(&p, directory, path);
    if (error == 0) {
        error = missing(&p);
        if (error == 0 && p.slash && kind != FS_DIRECTORY) {
            error = -ENOENT;
        }
        if (error == 0) {
            error = make_missing(&p, kind, mode);
        }
        path_end(&p);
    }
    inode_drop();
    return error;
}

int64_t
tree_mkdir_at(int directory, const char *path, mode_t mode)
{
    return make(directory, path, FS_DIRECTORY, mode & 07777);
}

int64_t
tree_mkfifo_at(int directory, const char *path, mode_t mode)
{
    return make(directory, path, FS_FILE, (mode & 07777) | S_IFIFO);
}

/* Takes away the name, if it is a directory's or not. */
static int64_t
name_remove(struct path *p, bool directory)
{
    int64_t node;
    int64_t error = 0;
    unsigned kind;

    /* The name may be changed: what it is then says who takes it away. */
    if (!p->slash && path_change(p, -EBUSY) == 0) {
        name_drop(p->at, p->name, p->bytes);
        return posix_error(fs_remove(system_fs(), inode_file(p->at), p->name,
                                     p->bytes,
                                     directory ? FS_DIRECTORY : FS_FILE));
    }
    node = path_look(p, false);
    if (node < 0) {
        return node;
    }
    kind = inode_look((unsigned)node)->kind;
    inode_put((unsigned)node);
    if (directory != (kind == FS_DIRECTORY)) {
        return directory ? -ENOTDIR : -EISDIR;
    }
    if (p->bytes == 2 && memcmp(p->name, "..", 2) == 0) {
        return -ENOTEMPTY;
    }
    error = path_change(p, p->bytes == 0 ? -EBUSY : -EINVAL);
    if (error != 0) {
        return error;
    }
    name_drop(p->at, p->name, p->bytes);
    return posix_error(
        fs_unlink(system_fs(), inode_file(p->at), p->name, p->bytes));
}

int64_t
tree_remove_at(int directory, const char *path, int is_directory)
{
    struct path p;
    int64_t error;

    inode_take();
    error = path_begin(&p, directory, path);
    if (error == 0) {
        error = name_remove(&p, is_directory != 0);
        path_end(&p);
    }
    inode_drop();
    return error;
}

/* Two paths whose last names are to be changed. The text of the first is copied
   if it is a link's: the second one may be one, too. */
struct pair {
    struct path from;
    struct path to;
    char name[FS_NAME_MAX + 1];
};

static int64_t
pair_begin(struct pair *w, int directory, const char *path, int new_directory,
           const char *new_path)
{
    int64_t error = path_begin(&w->from, directory, path);

    if (error == 0) {
        memcpy(w->name, w->from.name, w->from.bytes);
        w->from.name = w->name;
        error = path_begin(&w->to, new_directory, new_path);
        if (error != 0) {
            path_end(&w->from);
        }
    }
    return error;
}

static void
pair_end(struct pair *w)
{
    path_end(&w->from);
    path_end(&w->to);
}

/* Whether a slash behind one of the two is right: it says directory. */
static int64_t
rename_check(struct pair *w)
{
    int64_t node = path_look(&w->from, false);
    bool directory;

    if (node < 0) {
        return node;
    }
    directory = inode_look((unsigned)node)->kind == FS_DIRECTORY;
    inode_put((unsigned)node);
    if (w->to.slash && !directory) {
        return -ENOTDIR;
    }
    node = path_change(&w->from, w->from.bytes == 0 ? -EBUSY : -EINVAL);
    if (node == 0) {
        node = path_change(&w->to, w->to.bytes == 0 ? -EBUSY : -EINVAL);
    }
    return node;
}

int64_t
tree_rename_at(int directory, const char *path, int new_directory,
               const char *new_path)
{
    struct pair w;
    int64_t error;

    inode_take();
    error = pair_begin(&w, directory, path, new_directory, new_path);
    if (error == 0) {
        error = rename_check(&w);
        if (error == 0) {
            name_drop(w.from.at, w.from.name, w.from.bytes);
            name_drop(w.to.at, w.to.name, w.to.bytes);
            error = posix_error(fs_rename(
                system_fs(), inode_file(w.from.at),
                (struct fs_text){w.from.name, w.from.bytes},
                inode_file(w.to.at), (struct fs_text){w.to.name, w.to.bytes}));
        }
        pair_end(&w);
    }
    inode_drop();
    return error;
}

/* Gives a node the name that a path ends with. */
static int64_t
link_make(unsigned node, struct path *to)
{
    int64_t error = missing(to);

    if (error == 0 && to->slash) {
        error = -ENOENT;
    }
    if (error == 0) {
        error = node >= FS_OPEN_MAX || inode_look(node)->kind == FS_DIRECTORY
                    ? -EPERM
                    : path_change(to, -EEXIST);
    }
    if (error == 0) {
        /* Its handle goes to the directory of links. */
        name_drop_node(node);
        error = posix_error(fs_link(system_fs(), inode_file(node),
                                    inode_file(to->at), to->name, to->bytes));
    }
    return error;
}

int64_t
tree_link_at(int directory, const char *path, int new_directory,
             const char *new_path, int follow)
{
    struct path to;
    int64_t node;
    int64_t error;

    inode_take();
    node = path_find(directory, path, follow != 0);
    error = node;
    if (node >= 0) {
        error = path_begin(&to, new_directory, new_path);
        if (error == 0) {
            error = link_make((unsigned)node, &to);
            path_end(&to);
        }
        inode_put((unsigned)node);
    }
    inode_drop();
    return error;
}

int64_t
tree_symlink_at(const char *target, int directory, const char *path)
{
    struct path p;
    size_t bytes = strlen(target);
    int64_t error;

    if (bytes == 0) {
        return -ENOENT;
    }
    if (bytes > FS_TARGET_MAX) {
        return -ENAMETOOLONG;
    }
    inode_take();
    error = path_begin(&p, directory, path);
    if (error == 0) {
        error = missing(&p);
        if (error == 0 && p.slash) {
            error = -ENOENT;
        }
        if (error == 0) {
            error = path_change(&p, -EEXIST);
        }
        if (error == 0) {
            error = posix_error(fs_symlink(system_fs(), inode_file(p.at),
                                           p.name, p.bytes, target, bytes));
        }
        path_end(&p);
    }
    inode_drop();
    return error;
}

int64_t
tree_readlink_at(int directory, const char *path, char *bytes, size_t room)
{
    int64_t node;
    int64_t result;

    if (room == 0) {
        return -EINVAL;
    }
    inode_take();
    node = path_find(directory, path, false);
    result = node;
    if (node >= 0) {
        result =
            inode_look((unsigned)node)->kind != FS_SYMLINK
                ? -EINVAL
                : posix_error(fs_readlink(
                      system_fs(), inode_file((unsigned)node), bytes, room));
        inode_put((unsigned)node);
    }
    inode_drop();
    return result;
}
