/* SPDX-License-Identifier: MIT */
#include "lib/posix/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>

#include "lib/posix/inode.h"
#include "lib/posix/posix.h"
#include "lib/posix/set.h"
#include "lib/posix/shared.h"

static struct mappings *
mappings(void)
{
    return &SHARED_OF->files.mappings;
}

static struct file *
file_at(const struct mapping *m)
{
    return &SHARED_OF->files.open[m->file];
}

const struct mapping *
mapping_of(unsigned number)
{
    return &mappings()->mapping[number];
}

/* The first of a set, which is taken out of it. */
static unsigned
take(uint64_t *set)
{
    unsigned i = set_first(*set);

    *set &= *set - 1;
    return i;
}

/* Pages of the cache that mappings keep there. What parent and children have of
   the same counts once. */
static uint64_t
pages_kept(void)
{
    uint64_t pages = 0;
    unsigned last = MAPPINGS_MAX;

    for (uint64_t left = mappings()->used; left != 0;) {
        unsigned i = take(&left);
        const struct mapping *m = mapping_of(i);

        if (last == MAPPINGS_MAX || mapping_of(last)->file != m->file ||
            mapping_of(last)->first != m->first ||
            mapping_of(last)->pages != m->pages) {
            pages += m->pages;
        }
        last = i;
    }
    return pages;
}

static void
enter(unsigned i, const struct mapping *m)
{
    mappings()->mapping[i] = *m;
    file_at(m)->users++;
    atomic_signal_fence(memory_order_seq_cst);
    mappings()->used |= (uint64_t)1 << i;
}

int64_t
mapping_add(const struct file *f, uint64_t first, uint64_t pages, uint64_t base,
            bool writable)
{
    const struct mapping m = {
        .row = (uint16_t)process_index(process_self),
        .file = (uint16_t)(f - SHARED_OF->files.open),
        .writable = writable,
        .first = first,
        .pages = pages,
        .base = base,
    };
    uint32_t entries = SHARED_OF->volume.entries;
    int64_t number = -ENOMEM;

    file_take();
    /* Half of the cache is for the rest. */
    if (~mappings()->used != 0 &&
        (entries == 0 || pages_kept() + pages <= entries / 2)) {
        number = set_first(~mappings()->used);
        enter((unsigned)number, &m);
    }
    file_drop();
    return number;
}

int64_t
mapping_page(const struct mapping *m, uint64_t block, bool write, void **page)
{
    struct fs *fs = &inode_system()->fs;
    struct fs_file *file = inode_file(file_at(m)->index);
    int64_t error = fs_page(fs, file, block, write, page);
    char byte = 0;

    if (error == -ENODATA) {
        /* One byte as it is: then the block is the file's. */
        error = fs_read(fs, file, block * FS_BLOCK, &byte, 1);
        error = error < 0    ? error
                : error == 0 ? -ENODATA
                             : fs_write(fs, file, block * FS_BLOCK, &byte, 1);
        error = error < 0 ? error : fs_page(fs, file, block, write, page);
    }
    return posix_error(error);
}

/* Blocks of the file behind the mapping's first; at most the mapping's. */
static uint64_t
pages_there(const struct mapping *m)
{
    struct fs_status status;
    uint64_t blocks;

    if (fs_stat(&inode_system()->fs, inode_file(file_at(m)->index), &status) !=
        0) {
        return 0;
    }
    blocks = (status.size + FS_BLOCK - 1) / FS_BLOCK;
    blocks = blocks > m->first ? blocks - m->first : 0;
    return blocks < m->pages ? blocks : m->pages;
}

/* Pages that are there may be, or have been, written. */
static int64_t
pages_note(const struct mapping *m)
{
    struct fs_file *file = inode_file(file_at(m)->index);
    uint64_t pages = pages_there(m);
    int64_t error = 0;
    void *page;

    for (uint64_t i = 0; i < pages && error == 0; i++) {
        error = fs_page(&inode_system()->fs, file, m->first + i, true, &page);
        error = error == -ENODATA ? 0 : error;
    }
    return posix_error(error);
}

void
mapping_note_all(void)
{
    for (uint64_t left = mappings()->used; left != 0;) {
        const struct mapping *m = mapping_of(take(&left));

        if (m->writable != 0) {
            (void)pages_note(m);
        }
    }
}

void
mapping_note(unsigned node)
{
    for (uint64_t left = mappings()->used; left != 0;) {
        const struct mapping *m = mapping_of(take(&left));

        if (m->writable != 0 && file_at(m)->index == node) {
            (void)pages_note(m);
        }
    }
}

int64_t
mapping_cut(unsigned node, uint64_t size)
{
    uint64_t blocks = (size + FS_BLOCK - 1) / FS_BLOCK;

    if (SHARED_OF->volume.window != 0) {
        return 0; /* the kernel takes the pages out of all memory */
    }
    for (uint64_t left = mappings()->used; left != 0;) {
        const struct mapping *m = mapping_of(take(&left));

        if (file_at(m)->index == node && blocks < m->first + pages_there(m)) {
            return -ETXTBSY;
        }
    }
    return 0;
}

int64_t
mapping_allow(unsigned number)
{
    struct mapping *m = &mappings()->mapping[number];
    int64_t error;

    if (m->writable != 0) {
        return 0;
    }
    if ((file_at(m)->flags & O_ACCMODE) != O_RDWR) {
        return -EACCES;
    }
    inode_take();
    error = pages_note(m);
    if (error == 0) {
        m->writable = 1;
    }
    inode_drop();
    return error;
}

int64_t
mapping_sync(unsigned number, bool disk)
{
    const struct mapping *m = mapping_of(number);
    int64_t error = 0;

    inode_take();
    if (m->writable != 0) {
        error = pages_note(m);
    }
    if (error == 0 && disk) {
        error = posix_error(
            fs_fdatasync(&inode_system()->fs, inode_file(file_at(m)->index)));
    }
    inode_drop();
    return error;
}

/* With both locks. */
static void
drop(unsigned i)
{
    unsigned file = mapping_of(i)->file;

    mappings()->used &= ~((uint64_t)1 << i);
    atomic_signal_fence(memory_order_seq_cst);
    file_put(file);
}

void
mapping_drop(unsigned number)
{
    inode_take();
    if (mapping_of(number)->writable != 0) {
        (void)pages_note(mapping_of(number));
    }
    file_take();
    drop(number);
    file_drop();
    inode_drop();
}

void
mapping_note_of(const struct process *p)
{
    for (uint64_t left = mappings()->used; left != 0;) {
        const struct mapping *m = mapping_of(take(&left));

        if (m->writable != 0 && m->row == process_index(p)) {
            (void)pages_note(m);
        }
    }
}

void
mapping_exit(const struct process *p)
{
    for (uint64_t left = mappings()->used; left != 0;) {
        unsigned i = take(&left);

        if (mapping_of(i)->row == process_index(p)) {
            drop(i);
        }
    }
}

void
mapping_drop_all(void)
{
    if (mappings()->used != 0) {
        inode_take();
        mapping_note_of(process_self);
        file_take();
        mapping_exit(process_self);
        file_drop();
        inode_drop();
    }
}

int64_t
mapping_fork(const struct process *child)
{
    struct mappings *s = mappings();
    unsigned self = process_index(process_self);
    unsigned needed = 0;

    for (uint64_t left = s->used; left != 0;) {
        needed += mapping_of(take(&left))->row == self;
    }
    if (needed > (unsigned)__builtin_popcountl(~s->used)) {
        return -EAGAIN;
    }
    for (uint64_t left = needed == 0 ? 0 : s->used; left != 0;) {
        struct mapping m = *mapping_of(take(&left));

        if (m.row == self) {
            m.row = (uint16_t)process_index(child);
            enter(set_first(~s->used), &m);
        }
    }
    return 0;
}

void
mapping_count(uint64_t rows)
{
    for (uint64_t left = mappings()->used; left != 0;) {
        unsigned i = take(&left);
        const struct mapping *m = mapping_of(i);

        if ((rows >> m->row & 1) != 0) {
            file_at(m)->users++;
        } else {
            mappings()->used &= ~((uint64_t)1 << i);
        }
    }
}
