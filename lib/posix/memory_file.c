/* SPDX-License-Identifier: MIT */
/*
 * Shared mappings of files: the process has the pages of the cache in its own
 * tables, the same that read and write copy from and to. They are there from
 * the beginning, and keep their blocks in the cache. When a file gets shorter
 * the kernel takes what it loses out of all tables; to touch that is SIGBUS, as
 * is what lies behind the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/exo/map.h"
#include "lib/posix/inode.h"
#include "lib/posix/mapping.h"
#include "lib/posix/memory.h"
#include "lib/posix/shared.h"
#include "lib/posix/table.h"

#define TRIES 100

int64_t
memory_file_check(int descriptor, int protection)
{
    const struct file *f = file_of(descriptor);
    unsigned access;

    if (f == NULL) {
        return -EBADF;
    }
    access = f->flags & O_ACCMODE;
    if (access == O_WRONLY || ((protection & PROT_WRITE) && access != O_RDWR)) {
        return -EACCES;
    }
    if (f->kind != FILE_REGULAR) {
        return -ENODEV;
    }
    return !(protection & PROT_READ) && !(protection & PROT_WRITE) ? -ENOTSUP
           : (protection & PROT_EXEC)                              ? -ENOTSUP
                                                                   : 0;
}

/* The frame of a page of the cache. */
static uint64_t
frame_of(const void *page)
{
    const struct disk_volume *v = &SHARED_OF->volume;

    return v->window != 0
               ? volume_frame_at(v, page)
               : SHARED_OF->cache_frame[((uint64_t)page - POSIX_CACHE) / PAGE];
}

/* One page; another env may change the entry in between. */
static int64_t
page_map(const struct mapping *m, uint64_t i, uint32_t rights)
{
    bool write = (rights & PROT_WRITE) != 0;
    int table = table_make(m->base + i * PAGE);
    int64_t error = table < 0 ? posix_error(table) : -EBUSY;

    for (unsigned try = 0; try < TRIES && error == -EBUSY; try++) {
        void *page;

        error = mapping_page(m, m->first + i, write, &page);
        if (error == 0) {
            error = posix_error(
                table_set_cached(table, m->base + i * PAGE, frame_of(page),
                                 write ? PTE_W | PTE_MAY_WRITE : 0));
        }
    }
    if (error == 0) {
        table_book.shared[table] = 1;
    }
    return error;
}

/* What lies behind the end in its page is zero. */
static int64_t
tail_clear(const struct mapping *m, uint64_t size)
{
    uint64_t from = size % PAGE;
    void *page;
    uint8_t *byte;
    int64_t error = mapping_page(m, size / PAGE, false, &page);

    if (error < 0) {
        return error;
    }
    for (byte = page; from < PAGE && byte[from] == 0; from++) {
    }
    if (from < PAGE) {
        error = mapping_page(m, size / PAGE, true, &page);
        if (error == 0) {
            memset((uint8_t *)page + from, 0, PAGE - from);
        }
    }
    return error;
}

int64_t
memory_file_fill(unsigned mapping, uint32_t rights)
{
    const struct mapping *m = mapping_of(mapping);
    const struct file *f = &SHARED_OF->files.open[m->file];
    struct fs_status status;
    uint64_t end;
    int64_t error;

    inode_take();
    error = posix_error(
        fs_stat(&inode_system()->fs, inode_file(f->index), &status));
    end = error == 0 ? (status.size + PAGE - 1) / PAGE : 0;
    if (end > m->first + m->pages) {
        end = m->first + m->pages;
    } else if (end > m->first && status.size % PAGE != 0) {
        error = tail_clear(m, status.size);
    }
    for (uint64_t i = m->first; i < end && error == 0; i++) {
        error = page_map(m, i - m->first, rights);
    }
    inode_drop();
    return error;
}
