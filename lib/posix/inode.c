/* SPDX-License-Identifier: MIT */
/*
 * The file system in shared memory. When somebody died with its lock, lib/fs
 * forgets what it has in memory and reads it anew (fs_recover), the names are
 * forgotten, and its handles are counted anew, from the open files. The last
 * two are also done when open files were counted anew. Somebody may die in the
 * middle of that, too: what is broken says so until it is not.
 */
#include "lib/posix/inode.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/posix/shared.h"

_Static_assert(sizeof(struct file_system) <= FILE_SYSTEM_BYTES &&
                   _Alignof(struct file_system) <= 4096,
               "has its room in shared memory");

static const struct inode dev = {.mode = S_IFDIR | 0755, .kind = FS_DIRECTORY};
static const struct inode device = {.mode = S_IFCHR | 0666};

struct file_system *
inode_system(void)
{
    return (struct file_system *)(void *)SHARED_OF->files.system;
}

/* Handles are used by open files, and no more by names. */
static void
handles_recount(struct file_system *s)
{
    static uint32_t users[FS_OPEN_MAX];
    unsigned i;

    memset(users, 0, sizeof(users));
    file_take();
    s->recount = 0;
    for (i = 0; i < FILE_OPEN_MAX; i++) {
        const struct file *f = &SHARED_OF->files.open[i];

        if ((f->kind == FILE_REGULAR || f->kind == FILE_DIRECTORY) &&
            f->index < FS_OPEN_MAX) {
            users[f->index]++;
        }
    }
    file_drop();
    name_clear(false);
    if (s->mounted != 0) {
        fs_recount(&s->fs, users);
    }
}

static void
system_repair(struct file_system *s)
{
    unsigned i;

    if (s->broken != 0) {
        for (i = 0; i < FS_OPEN_MAX; i++) {
            s->node[i].number = 0;
        }
        if (s->mounted != 0 && fs_recover(&s->fs) < 0) {
            return; /* the next one tries again */
        }
        s->recount = 1;
    }
    while (s->recount != 0) {
        handles_recount(s);
    }
    s->broken = 0;
}

void
inode_take(void)
{
    struct file_system *s = inode_system();

    if (lock_take(&s->lock)) {
        s->broken = 1;
    }
    if ((s->broken | s->recount) != 0) {
        system_repair(s);
    }
}

void
inode_drop(void)
{
    lock_drop(&inode_system()->lock);
}

const struct inode *
inode_look(unsigned node)
{
    if (node >= FS_OPEN_MAX) {
        return node == INODE_DEV ? &dev : &device;
    }
    return &inode_system()->node[node];
}

bool
inode_is_fifo(unsigned node)
{
    return S_ISFIFO(inode_look(node)->mode);
}

int64_t
inode_of(struct fs_file *file)
{
    struct file_system *s = inode_system();
    unsigned index = (unsigned)(file - s->fs.open);
    struct inode *n = &s->node[index];
    struct fs_status status;
    int64_t error;

    if (n->number == file->number) {
        return index;
    }
    error = fs_stat(&s->fs, file, &status);
    if (error != 0) {
        fs_close(&s->fs, file);
        return posix_error(error);
    }
    n->uid = status.uid;
    n->gid = status.gid;
    n->mode = status.mode;
    n->kind = (uint16_t)status.kind;
    n->number = status.number;
    return index;
}

void
inode_use(unsigned node)
{
    if (node < FS_OPEN_MAX) {
        inode_file(node)->users++;
    }
}

void
inode_put(unsigned node)
{
    struct fs_file *file;

    if (node < FS_OPEN_MAX) {
        file = inode_file(node);
        if (file->users > 1) {
            file->users--;
        } else {
            fs_close(&inode_system()->fs, file);
        }
    }
}

void
inode_forget(unsigned node)
{
    struct file_system *s = inode_system();
    struct inode *n = &s->node[node];
    struct fs_status status;

    if (fs_stat(&s->fs, inode_file(node), &status) == 0) {
        n->mode = status.mode;
        n->uid = status.uid;
        n->gid = status.gid;
    } else {
        n->number = 0;
    }
}

int64_t
inode_permits(unsigned node, int what)
{
    const struct inode *n = inode_look(node);
    const struct files *f = &SHARED_OF->files;
    unsigned mode = n->mode;

    if (f->uid == 0) {
        /* All but running what is no program. */
        return (what & X_OK) == 0 || n->kind == FS_DIRECTORY ||
                       (mode & 0111) != 0
                   ? 0
                   : -EACCES;
    }
    mode >>= f->uid == n->uid ? 6 : f->gid == n->gid ? 3 : 0;
    return ((unsigned)what & ~mode) == 0 ? 0 : -EACCES;
}

int64_t
inode_owned(unsigned node)
{
    uint32_t uid = SHARED_OF->files.uid;

    return uid == 0 || uid == inode_look(node)->uid ? 0 : -EPERM;
}
