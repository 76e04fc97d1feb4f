/* SPDX-License-Identifier: MIT */
#include "lib/posix/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/posix/shared.h"

/* The text of links, with what comes behind them. */
static char link_text[PATH_BYTES];

static int64_t walk(struct path *p, const char *text);

static unsigned
root(void)
{
    struct file_system *s = inode_system();

    return (unsigned)(fs_root(&s->fs) - s->fs.open);
}

static void
go_to(struct path *p, unsigned node)
{
    unsigned old = p->at;

    p->at = node;
    inode_put(old);
}

/* What is above a directory; used once more. */
static unsigned
above(unsigned node)
{
    const struct fs_file *up;
    unsigned found = node;

    if (node == INODE_DEV) {
        found = root();
    } else if (node != root()) {
        up = inode_file(node)->directory;
        found = (unsigned)(up - inode_system()->fs.open);
    }
    inode_use(found);
    return found;
}

static int64_t
device_find(const char *name, size_t bytes)
{
    unsigned i;

    for (i = 0; i < DEVICES; i++) {
        if (strlen(device_name[i]) == bytes &&
            memcmp(device_name[i], name, bytes) == 0) {
            return INODE_DEVICE + i;
        }
    }
    return -ENOENT;
}

/* The node of a name in the directory where the path is. */
static int64_t
step(const struct path *p, const char *name, size_t bytes, uint32_t hash)
{
    const struct inode *n = inode_look(p->at);
    int64_t error;

    if (n->kind != FS_DIRECTORY) {
        return -ENOTDIR;
    }
    error = inode_permits(p->at, X_OK);
    if (error != 0) {
        return error;
    }
    if (name[0] == '.' && bytes == 1) {
        inode_use(p->at);
        return p->at;
    }
    if (name[0] == '.' && name[1] == '.' && bytes == 2) {
        return above(p->at);
    }
    if (p->at == INODE_DEV) {
        return device_find(name, bytes);
    }
    if (bytes == 3 && memcmp(name, "dev", 3) == 0 && p->at == root()) {
        return INODE_DEV;
    }
    return name_find(p->at, name, bytes, hash);
}

/* Goes on in the text of a link, and then in the rest. */
static int64_t
walk_link(struct path *p, unsigned link, const char *rest)
{
    struct file_system *s = inode_system();
    size_t rest_bytes = strlen(rest) + 1;
    char target[FS_TARGET_MAX];
    int64_t bytes =
        fs_readlink(&s->fs, inode_file(link), target, sizeof(target));

    inode_put(link);
    if (bytes < 0) {
        return posix_error(bytes);
    }
    if (++p->links > PATH_LINKS) {
        return -ELOOP;
    }
    if ((size_t)bytes + rest_bytes > sizeof(link_text)) {
        return -ENAMETOOLONG;
    }
    /* The rest may be in there. */
    memmove(link_text + bytes, rest, rest_bytes);
    memcpy(link_text, target, (size_t)bytes);
    if (bytes == 0) {
        return -ENOENT;
    }
    return walk(p, link_text);
}

/* Up to the last name of a text, from where the path is. */
static int64_t
walk(struct path *p, const char *text)
{
    const char *begin = text;

    if (*text == '/') {
        unsigned to = root();

        inode_use(to);
        go_to(p, to);
    }
    for (;;) {
        uint32_t hash = NAME_HASH;
        const char *name;
        const char *rest;
        int64_t node;

        while (*text == '/') {
            text++;
        }
        for (name = text; *text != 0 && *text != '/'; text++) {
            hash = name_hash_add(hash, *text);
        }
        if (text - name > FS_NAME_MAX || text - begin >= PATH_BYTES) {
            return -ENAMETOOLONG;
        }
        for (rest = text; *rest == '/'; rest++) {
        }
        p->name = name;
        p->bytes = (size_t)(text - name);
        p->hash = hash;
        p->slash = rest != text;
        if (*rest == 0) {
            return 0;
        }
        node = step(p, name, p->bytes, hash);
        if (node < 0) {
            return node;
        }
        if (inode_look((unsigned)node)->kind == FS_SYMLINK) {
            return walk_link(p, (unsigned)node, text);
        }
        go_to(p, (unsigned)node);
    }
}

/* The directory where a text begins. */
static int64_t
base(int directory, const char *text)
{
    int index = process_self->directory;
    const struct file *f;

    if (directory == AT_FDCWD || *text == '/') {
        return index < 0 ? root() : SHARED_OF->files.open[index].index;
    }
    f = file_of(directory);
    return f == NULL ? -EBADF : f->kind != FILE_DIRECTORY ? -ENOTDIR : f->index;
}

int64_t
path_begin(struct path *p, int directory, const char *text)
{
    int64_t error;

    if (*text == 0) {
        return -ENOENT;
    }
    if (inode_system()->mounted == 0) {
        return -ENODEV;
    }
    error = base(directory, text);
    if (error < 0) {
        return error;
    }
    p->at = (unsigned)error;
    p->links = 0;
    inode_use(p->at);
    error = walk(p, text);
    if (error != 0) {
        path_end(p);
    }
    return error;
}

void
path_end(struct path *p)
{
    inode_put(p->at);
}

int64_t
path_look(struct path *p, bool follow)
{
    int64_t node;
    int64_t error;

    for (;;) {
        if (p->bytes == 0) {
            inode_use(p->at);
            return p->at;
        }
        node = step(p, p->name, p->bytes, p->hash);
        if (node < 0 || inode_look((unsigned)node)->kind != FS_SYMLINK ||
            !(follow || p->slash)) {
            break;
        }
        error = walk_link(p, (unsigned)node, p->slash ? "/" : "");
        if (error != 0) {
            return error;
        }
    }
    if (node >= 0 && p->slash &&
        inode_look((unsigned)node)->kind != FS_DIRECTORY) {
        inode_put((unsigned)node);
        return -ENOTDIR;
    }
    return node;
}

int64_t
path_find(int directory, const char *text, bool follow)
{
    struct path p;
    int64_t node = path_begin(&p, directory, text);

    if (node == 0) {
        node = path_look(&p, follow);
        path_end(&p);
    }
    return node;
}

int64_t
path_change(const struct path *p, int64_t special)
{
    if (p->bytes == 0 || (p->bytes == 1 && p->name[0] == '.') ||
        (p->bytes == 2 && p->name[0] == '.' && p->name[1] == '.')) {
        return special;
    }
    if (inode_look(p->at)->kind != FS_DIRECTORY) {
        return -ENOTDIR;
    }
    if (p->at == INODE_DEV ||
        (p->at == root() && p->bytes == 3 && memcmp(p->name, "dev", 3) == 0)) {
        return -EPERM;
    }
    return inode_permits(p->at, W_OK | X_OK);
}
