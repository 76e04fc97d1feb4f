/* SPDX-License-Identifier: MIT */
/*
 * Descriptors and open files. When somebody died with the lock, users of open
 * files are counted anew from the rows of the process table; a row counts from
 * the end of file_fork to that of file_exit, which is what `files` says.
 * What has no user then is closed.
 */
#include "lib/posix/inode.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/posix/posix.h"
#include "lib/posix/shared.h"

#define STATUS_FLAGS (O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC)

static struct files *
files(void)
{
    return &SHARED_OF->files;
}

/* Whether none of some descriptors is open: most are not. */
#define FEW 4

static bool
few_free(const int16_t *descriptor)
{
    uint64_t few;

    memcpy(&few, __builtin_assume_aligned(descriptor, sizeof(few)),
           sizeof(few));
    return few == ~(uint64_t)0;
}

static void
row_clear(struct process *p)
{
    unsigned i;

    for (i = 0; i < POSIX_DESCRIPTORS; i++) {
        p->descriptor[i] = -1;
    }
    p->directory = -1;
    p->close_on_exec = 0;
    p->files = 0;
}

void
files_init(void)
{
    unsigned i;

    memset(files(), 0, sizeof(struct files));
    for (i = 0; i < POSIX_PROCESSES; i++) {
        row_clear(&SHARED_OF->processes.process[i]);
    }
}

/* An open file has no user any more. A node's are counted from these rows when
   the file system's lock is taken next, unless the caller has it. */
static void
open_end(struct file *f, bool locked)
{
    unsigned kind = f->kind;

    record_open_end((unsigned)(f - files()->open));
    f->kind = FILE_FREE;
    if (kind == FILE_PIPE_READ || kind == FILE_PIPE_WRITE) {
        pipe_close(&files()->pipe[f->index], kind == FILE_PIPE_READ);
    } else if (kind == FILE_REGULAR || kind == FILE_DIRECTORY) {
        if (locked) {
            if (f->index < FS_OPEN_MAX) { /* its name may keep it open */
                fs_rest(&inode_system()->fs, inode_file(f->index));
            }
            inode_put(f->index);
        } else {
            inode_system()->recount = 1;
        }
    }
}

static void
count(int index)
{
    if (index >= 0 && index < FILE_OPEN_MAX) {
        files()->open[index].users++;
    }
}

static void
files_recover(void)
{
    struct files *s = files();
    uint16_t end[FILE_PIPES][2] = {{0}};
    uint64_t rows = 0;
    unsigned i;
    unsigned d;

    for (i = 0; i < FILE_OPEN_MAX; i++) {
        s->open[i].users = 0;
    }
    for (i = 0; i < POSIX_PROCESSES; i++) {
        const struct process *p = &SHARED_OF->processes.process[i];
        bool counts =
            p->files != 0 && (SHARED_OF->processes.taken >> i & 1) != 0;

        for (d = 0; d < POSIX_DESCRIPTORS && counts; d++) {
            count(p->descriptor[d]);
        }
        count(counts ? p->directory : -1);
        rows |= (uint64_t)counts << i;
    }
    mapping_count(rows);
    for (i = 0; i < FILE_OPEN_MAX; i++) {
        struct file *f = &s->open[i];

        if (f->kind != FILE_FREE && f->users == 0) {
            open_end(f, false);
        } else if (f->kind == FILE_PIPE_READ || f->kind == FILE_PIPE_WRITE) {
            end[f->index % FILE_PIPES][f->kind == FILE_PIPE_WRITE]++;
        }
    }
    /* Ends that were to get an open file, or had one a moment ago. */
    for (i = 0; i < FILE_PIPES; i++) {
        while (s->pipe[i].reading > end[i][0]) {
            pipe_close(&s->pipe[i], true);
        }
        while (s->pipe[i].writing > end[i][1]) {
            pipe_close(&s->pipe[i], false);
        }
    }
    inode_system()->recount = 1;
    s->broken = 0;
}

void
file_take(void)
{
    struct files *s = files();

    if (lock_take(&s->lock)) {
        s->broken = 1;
    }
    if (s->broken != 0) {
        files_recover();
    }
}

void
file_drop(void)
{
    lock_drop(&files()->lock);
}

struct file *
file_of(int descriptor)
{
    int index;

    if ((unsigned)descriptor >= POSIX_DESCRIPTORS) {
        return NULL;
    }
    index = process_self->descriptor[descriptor];
    return index < 0 ? NULL : &files()->open[index];
}

/* A free row, filled: its index, or -ENFILE. */
static int64_t
open_new(enum file_kind kind, unsigned index, uint32_t flags)
{
    struct files *s = files();
    unsigned i;

    for (i = 0; i < FILE_OPEN_MAX; i++) {
        unsigned at = (s->next + i) % FILE_OPEN_MAX;

        if (s->open[at].kind == FILE_FREE) {
            s->open[at] = (struct file){.users = 1,
                                        .flags = flags & STATUS_FLAGS,
                                        .kind = (uint16_t)kind,
                                        .index = (uint16_t)index};
            s->next = at + 1;
            return at;
        }
    }
    return -ENFILE;
}

static int64_t
descriptor_free(unsigned least)
{
    unsigned i;

    for (i = least; i < POSIX_DESCRIPTORS; i++) {
        if (process_self->descriptor[i] < 0) {
            return i;
        }
    }
    return -EMFILE;
}

static void
descriptor_set(unsigned descriptor, int64_t index, bool close_on_exec)
{
    uint64_t bit = (uint64_t)1 << descriptor;

    process_self->descriptor[descriptor] = (int16_t)index;
    process_self->close_on_exec =
        (process_self->close_on_exec & ~bit) | (close_on_exec ? bit : 0);
}

int64_t
file_add(enum file_kind kind, unsigned index, uint32_t flags,
         bool close_on_exec)
{
    int64_t descriptor = descriptor_free(0);
    int64_t at;

    if (descriptor < 0) {
        return descriptor;
    }
    at = open_new(kind, index, flags);
    if (at < 0) {
        return at;
    }
    descriptor_set((unsigned)descriptor, at, close_on_exec);
    return descriptor;
}

int64_t
file_add_directory(unsigned index)
{
    int64_t at = open_new(FILE_DIRECTORY, index, 0);

    if (at >= 0) {
        int old = process_self->directory;

        process_self->directory = (int16_t)at;
        if (old >= 0) {
            file_put((unsigned)old);
        }
    }
    return at;
}

int64_t
files_begin(void)
{
    int64_t result;

    file_take();
    process_self->files = 1;
    result = file_add(FILE_DEVICE, DEVICE_CONSOLE, O_RDWR, false);
    if (result >= 0) {
        result = file_duplicate_to(0, 1, 0);
    }
    if (result >= 0) {
        result = file_duplicate_to(0, 2, 0);
    }
    file_drop();
    return result < 0 ? result : 0;
}

void
file_put(unsigned index)
{
    struct file *f = &files()->open[index];

    if (--f->users == 0) {
        open_end(f, lock_is_mine(&inode_system()->lock));
    }
}

/* What is in the file system is closed with both locks. */
static bool
put_begin(const struct file *f)
{
    bool both =
        f->users == 1 && (f->kind == FILE_REGULAR || f->kind == FILE_DIRECTORY);

    if (both) {
        inode_take();
    }
    file_take();
    return both;
}

static void
put_end(bool both)
{
    file_drop();
    if (both) {
        inode_drop();
    }
}

/* A descriptor of the file is closed, the lock of the files being held. */
static void
descriptor_end(const struct file *f)
{
    if (f->kind == FILE_REGULAR) {
        record_close(f->index);
    }
}

int64_t
file_close(int descriptor)
{
    struct file *f = file_of(descriptor);
    bool both;

    if (f == NULL) {
        return -EBADF;
    }
    both = put_begin(f);
    descriptor_set((unsigned)descriptor, -1, false);
    descriptor_end(f);
    file_put((unsigned)(f - files()->open));
    put_end(both);
    return 0;
}

int64_t
file_duplicate(int descriptor, int least, int flags)
{
    struct file *f = file_of(descriptor);
    int64_t to;

    if (f == NULL) {
        return -EBADF;
    }
    if (least < 0 || least >= POSIX_DESCRIPTORS) {
        return -EINVAL;
    }
    file_take();
    to = descriptor_free((unsigned)least);
    if (to >= 0) {
        f->users++;
        descriptor_set((unsigned)to, f - files()->open,
                       (flags & O_CLOEXEC) != 0);
    }
    file_drop();
    return to;
}

/* dup2, and dup3 but for its error if both are the same. */
int64_t
file_duplicate_to(int descriptor, int to, int flags)
{
    struct file *f = file_of(descriptor);
    struct file *old = file_of(to);
    bool locked = lock_is_mine(&files()->lock);
    bool both = false;

    if (f == NULL || (unsigned)to >= POSIX_DESCRIPTORS) {
        return -EBADF;
    }
    if (descriptor == to) {
        return to;
    }
    if (!locked && old != NULL) {
        both = put_begin(old);
    } else if (!locked) {
        file_take();
    }
    f->users++;
    descriptor_set((unsigned)to, f - files()->open, (flags & O_CLOEXEC) != 0);
    if (old != NULL) {
        descriptor_end(old);
        file_put((unsigned)(old - files()->open));
    }
    if (!locked) {
        put_end(both);
    }
    return to;
}

int64_t
file_fork(struct process *child)
{
    int64_t error;
    unsigned i;

    file_take();
    error = mapping_fork(child);
    if (error < 0) {
        file_drop();
        return error;
    }
    memcpy(child->descriptor, process_self->descriptor,
           sizeof(child->descriptor));
    child->close_on_exec = process_self->close_on_exec;
    child->directory = process_self->directory;
    for (i = 0; i < POSIX_DESCRIPTORS; i++) {
        if (i % FEW == 0 && few_free(&child->descriptor[i])) {
            i += FEW - 1;
        } else {
            count(child->descriptor[i]);
        }
    }
    count(child->directory);
    child->files = 1;
    file_drop();
    return 0;
}

void
file_exec(void)
{
    unsigned i;

    for (i = 0; process_self->close_on_exec != 0 && i < POSIX_DESCRIPTORS;
         i++) {
        if ((process_self->close_on_exec >> i & 1) != 0) {
            (void)file_close((int)i);
        }
    }
}

void
file_exit(struct process *p)
{
    unsigned i;

    if (p->files == 0) {
        row_clear(p); /* it was not forked to the end */
        return;
    }
    inode_take();
    mapping_note_of(p);
    file_take();
    mapping_exit(p);
    record_exit(process_index(p));
    for (i = 0; i < POSIX_DESCRIPTORS; i++) {
        int index = p->descriptor[i];

        if (i % FEW == 0 && few_free(&p->descriptor[i])) {
            i += FEW - 1;
        } else if (index >= 0) {
            p->descriptor[i] = -1;
            file_put((unsigned)index);
        }
    }
    i = (unsigned)p->directory;
    if (p->directory >= 0) {
        p->directory = -1;
        file_put(i);
    }
    p->close_on_exec = 0;
    p->files = 0;
    file_drop();
    inode_drop();
}

int64_t
file_flags(int descriptor)
{
    const struct file *f = file_of(descriptor);

    return f == NULL ? -EBADF : (int64_t)f->flags;
}

int64_t
file_set_flags(int descriptor, int flags)
{
    const uint32_t may = O_APPEND | O_NONBLOCK | O_SYNC;
    struct file *f = file_of(descriptor);

    if (f == NULL) {
        return -EBADF;
    }
    file_take();
    f->flags = (f->flags & ~may) | ((uint32_t)flags & may);
    file_drop();
    return 0;
}

int64_t
file_close_on_exec(int descriptor)
{
    return file_of(descriptor) == NULL
               ? -EBADF
               : (int64_t)(process_self->close_on_exec >> descriptor & 1);
}

int64_t
file_set_close_on_exec(int descriptor, int on)
{
    if (file_of(descriptor) == NULL) {
        return -EBADF;
    }
    descriptor_set((unsigned)descriptor, process_self->descriptor[descriptor],
                   on != 0);
    return 0;
}

int
file_terminal(int descriptor)
{
    const struct file *f = file_of(descriptor);

    if (f == NULL) {
        return -EBADF;
    }
    return f->kind == FILE_DEVICE &&
                   (f->index == DEVICE_TTY || f->index == DEVICE_CONSOLE)
               ? 0
               : -ENOTTY;
}
