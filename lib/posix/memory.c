/* SPDX-License-Identifier: MIT */
/*
 * Areas stand in a table in the order of their addresses, and do not touch if
 * they could be one. The handler of faults reads it at any moment: so a change
 * of it first counts no area, and at last all. In between nothing is touched
 * that is in one: `areas` and the table are lib/posix's own data.
 *
 * Pages of a shared mapping are there from the beginning, so that parent and
 * children find the same. So are those of a file. Shared, they are those of the
 * cache (memory_file.c); else they are read at once, and what is written to the
 * file later is not seen.
 */
#include "lib/posix/memory.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/posix/file.h"
#include "lib/posix/layout.h"
#include "lib/posix/mapping.h"
#include "lib/posix/posix.h"
#include "lib/posix/set.h"
#include "lib/posix/space.h"
#include "lib/posix/table.h"

#define AREAS_MAX 128
#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)

struct area {
    uint64_t start;
    uint64_t end;
    uint32_t rights;
    uint16_t shared;
    uint16_t mapping; /* its number plus 1, if it is of a file, shared */
};

static struct area area[AREAS_MAX];
static unsigned areas;
static uint64_t heap_begin = POSIX_PROGRAM;
static uint64_t heap_end = POSIX_PROGRAM;

static uint64_t
page_up(uint64_t address)
{
    return (address + PAGE - 1) & ~(PAGE - 1);
}

void
memory_exec(uint64_t end)
{
    areas = 0;
    mapping_drop_all();
    heap_begin = page_up(end); /* the last page may be one of text */
    heap_end = heap_begin;
}

/* The area with an address, or NULL. */
static const struct area *
area_of(uint64_t address)
{
    unsigned low = 0;
    unsigned high = areas;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (address >= area[middle].end) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < areas && address >= area[low].start ? &area[low] : NULL;
}

int
memory_rights(uint64_t address)
{
    const struct area *a;

    if (address >= POSIX_STACK_BOTTOM && address < POSIX_STACK_TOP) {
        return PROT_READ | PROT_WRITE;
    }
    if (address >= heap_begin && address < heap_end) {
        return PROT_READ | PROT_WRITE;
    }
    a = area_of(address);
    return a == NULL ? -1 : (int)a->rights;
}

bool
memory_is_file(uint64_t address)
{
    const struct area *a = area_of(address);

    return a != NULL && a->mapping != 0;
}

/* The first area that ends behind the address. */
static unsigned
area_at(uint64_t address)
{
    unsigned i = 0;

    while (i < areas && area[i].end <= address) {
        i++;
    }
    return i;
}

static bool
areas_join(const struct area *a, const struct area *b)
{
    return a->end == b->start && a->rights == b->rights && !a->shared &&
           !b->shared;
}

static int
area_insert(unsigned at, const struct area *new)
{
    if (areas == AREAS_MAX) {
        return -ENOMEM;
    }
    memmove(&area[at + 1], &area[at], (areas - at) * sizeof(area[0]));
    area[at] = *new;
    areas++;
    return 0;
}

static void
area_remove(unsigned at)
{
    memmove(&area[at], &area[at + 1], (areas - at - 1) * sizeof(area[0]));
    areas--;
}

/* Makes an area end, and another begin, at the address. */
static int
area_split(uint64_t address)
{
    unsigned i = area_at(address);
    struct area upper;

    if (i == areas || area[i].start >= address) {
        return 0;
    }
    upper = area[i];
    upper.start = address;
    if (area_insert(i + 1, &upper) < 0) {
        return -ENOMEM;
    }
    area[i].end = address;
    return 0;
}

static void
areas_tidy(void)
{
    for (unsigned i = 1; i < areas;) {
        if (areas_join(&area[i - 1], &area[i])) {
            area[i - 1].end = area[i].end;
            area_remove(i);
        } else {
            i++;
        }
    }
}

static uint64_t
bits_of(int protection)
{
    return EXO_R | ((protection & PROT_WRITE) ? EXO_W : 0) |
           ((protection & PROT_EXEC) ? EXO_X : 0);
}

/* Whether a range is one that a program may ask for, and not the libOS's. */
static bool
range_good(uint64_t address, uint64_t size)
{
    return address % PAGE == 0 && size != 0 && size <= POSIX_MAP_END &&
           address >= USER_START && address <= POSIX_MAP_END - size &&
           (address + size <= POSIX_STACK_BOTTOM || address >= POSIX_MAP);
}

int64_t
memory_unmap(uint64_t address, size_t size)
{
    uint64_t end = page_up(address + size);
    uint64_t gone = 0;
    int64_t error;

    if (!range_good(address, end - address)) {
        return -EINVAL;
    }
    if (area_split(address) < 0 || area_split(end) < 0) {
        areas_tidy();
        return -ENOMEM;
    }
    for (unsigned i = area_at(address); i < areas && area[i].start < end;) {
        if (area[i].mapping != 0) {
            gone |= (uint64_t)1 << (area[i].mapping - 1);
        }
        area_remove(i);
    }
    error = space_clear(address, end);
    for (unsigned i = 0; i < areas; i++) {
        if (area[i].mapping != 0) { /* there is some of it left */
            gone &= ~((uint64_t)1 << (area[i].mapping - 1));
        }
    }
    for (; gone != 0; gone &= gone - 1) {
        mapping_drop(set_first(gone));
    }
    return error;
}

/* The lowest free range above POSIX_MAP; 0: none. */
static uint64_t
range_find(uint64_t size)
{
    uint64_t at = POSIX_MAP;

    for (unsigned i = area_at(at); i < areas && area[i].start < at + size;
         i++) {
        at = area[i].end;
    }
    return size <= POSIX_MAP_END - at ? at : 0;
}

/* Pages of a shared mapping. */
static int64_t
shared_make(uint64_t address, uint64_t size, int protection)
{
    int64_t error = space_make(address, size / PAGE, EXO_W);

    for (uint64_t at = address; error >= 0 && at < address + size; at += PAGE) {
        table_book.shared[table_find(at)] = 1;
    }
    return error < 0 || (protection & PROT_WRITE)
               ? error
               : space_protect_shared(address, size / PAGE, EXO_W, 0);
}

uint64_t
memory_shared(uint64_t address, bool *is)
{
    unsigned i = area_at(address);

    *is = i < areas && area[i].start <= address && area[i].shared;
    return *is                                     ? area[i].end
           : i < areas && area[i].start <= address ? area[i].end
           : i < areas                             ? area[i].start
                                                   : USER_END;
}

static int64_t
file_fill(uint64_t address, size_t size, int protection, int descriptor,
          off_t offset)
{
    size_t done = 0;
    int64_t count = space_make(address, page_up(size) / PAGE, EXO_W);

    while (count >= 0 && done < size) {
        count = file_pread(descriptor, (char *)address + done, size - done,
                           offset + (off_t)done);
        if (count == 0) {
            break;
        }
        done += count > 0 ? (size_t)count : 0;
    }
    if (count < 0) {
        return count;
    }
    return (protection & PROT_WRITE)
               ? 0
               : space_protect(address, page_up(size) / PAGE, EXO_W,
                               bits_of(protection) & EXO_X);
}

static int64_t
map_check(uint64_t address, size_t size, int protection, int flags,
          off_t offset)
{
    int kind = flags & (MAP_SHARED | MAP_PRIVATE);

    if (size == 0 || (protection & ~PROT_ALL) || offset % (off_t)PAGE != 0 ||
        (kind != MAP_SHARED && kind != MAP_PRIVATE)) {
        return -EINVAL;
    }
    if (size > POSIX_MAP_END) {
        return -ENOMEM;
    }
    if ((protection & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC)) {
        return -EACCES;
    }
    if ((flags & MAP_FIXED) && !range_good(address, page_up(size))) {
        return -EINVAL;
    }
    return 0;
}

/* What is mapped becomes what it is to show. */
static int64_t
fill(const struct area *a, size_t size, int flags, int descriptor, off_t offset)
{
    if (!(flags & MAP_ANONYMOUS)) {
        return a->shared ? memory_file_fill(a->mapping - 1u, a->rights)
                         : file_fill(a->start, size, (int)a->rights, descriptor,
                                     offset);
    }
    return a->shared ? posix_error(shared_make(a->start, a->end - a->start,
                                               (int)a->rights))
                     : 0;
}

int64_t
memory_map(uint64_t address, size_t size, int protection, int flags,
           int descriptor, off_t offset)
{
    struct area new = {.rights = (uint32_t)protection,
                       .shared = (flags & MAP_SHARED) != 0};
    uint64_t pages = page_up(size);
    bool is_file = new.shared && !(flags & MAP_ANONYMOUS);
    int64_t error = map_check(address, size, protection, flags, offset);

    if (error == 0 && is_file) {
        error = memory_file_check(descriptor, protection);
    }
    if (error < 0) {
        return error;
    }
    new.start = (flags & MAP_FIXED) ? address : range_find(pages);
    new.end = new.start + pages;
    if (new.start == 0) {
        return -ENOMEM;
    }
    if (flags & MAP_FIXED) {
        error = memory_unmap(address, size);
    }
    if (error == 0 && is_file) {
        error = mapping_add(file_of(descriptor), (uint64_t)offset / PAGE,
                            pages / PAGE, new.start,
                            (protection & PROT_WRITE) != 0);
        new.mapping = (uint16_t)(error + 1);
    }
    if (error < 0) {
        return error;
    }
    error = area_insert(area_at(new.start), &new);
    if (error < 0) {
        if (is_file) {
            mapping_drop(new.mapping - 1u);
        }
        return error;
    }
    error = fill(&new, size, flags, descriptor, offset);
    if (error < 0) {
        (void)memory_unmap(new.start, size);
        return error;
    }
    areas_tidy();
    return (int64_t) new.start;
}

/* What is mapped of files in a range may have those rights. */
static int64_t
files_allow(uint64_t address, uint64_t end, int protection)
{
    int64_t error = 0;

    for (unsigned i = area_at(address);
         i < areas && area[i].start < end && error == 0; i++) {
        if (area[i].mapping == 0) {
            continue;
        }
        if (!(protection & PROT_READ) || (protection & PROT_EXEC)) {
            return -ENOTSUP;
        }
        if (protection & PROT_WRITE) {
            error = mapping_allow(area[i].mapping - 1u);
        }
    }
    return error;
}

int64_t
memory_protect(uint64_t address, size_t size, int protection)
{
    uint64_t end = page_up(address + size);
    uint64_t set = bits_of(protection) & (EXO_W | EXO_X);
    int64_t error;

    if (address % PAGE != 0 || (protection & ~PROT_ALL) ||
        !range_good(address, end - address)) {
        return -EINVAL;
    }
    if ((protection & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC)) {
        return -EACCES;
    }
    /* A page that is there can be read: RISC-V has none that cannot, but those
       that are not there. */
    if (!(protection & PROT_READ) && space_used(address, end)) {
        return -ENOTSUP;
    }
    error = files_allow(address, end, protection);
    if (error < 0) {
        return error;
    }
    if (area_split(address) < 0 || area_split(end) < 0) {
        areas_tidy();
        return -ENOMEM;
    }
    error = space_protect(address, (end - address) / PAGE,
                          (EXO_W | EXO_X) & ~set, set);
    for (unsigned i = area_at(address); i < areas && area[i].start < end; i++) {
        area[i].rights = (uint32_t)protection;
        if (area[i].shared && error >= 0) {
            error = space_protect_shared(area[i].start,
                                         (area[i].end - area[i].start) / PAGE,
                                         0, set & EXO_W);
        }
    }
    areas_tidy();
    if (error == 0 && (set & EXO_X)) {
        exo_code_fence();
    }
    return error < 0 ? posix_error(error) : 0;
}

int64_t
memory_sync(uint64_t address, size_t size, bool disk)
{
    uint64_t end = page_up(address + size);
    int64_t error = 0;

    if (address % PAGE != 0) {
        return -EINVAL;
    }
    for (uint64_t at = address; at < end; at += PAGE) {
        if (memory_rights(at) < 0) {
            return -ENOMEM;
        }
    }
    for (unsigned i = area_at(address);
         i < areas && area[i].start < end && error == 0; i++) {
        if (area[i].mapping != 0) {
            error = mapping_sync(area[i].mapping - 1u, disk);
        }
    }
    return error;
}

int64_t
memory_heap_move(int64_t by)
{
    uint64_t now = heap_end;

    if ((by < 0 && (uint64_t)-by > now - heap_begin) ||
        (by > 0 && (uint64_t)by > LIBOS_DATA_END - now)) {
        return -ENOMEM;
    }
    heap_end = now + (uint64_t)by;
    if (page_up(heap_end) < page_up(now)) {
        (void)space_clear(page_up(heap_end), page_up(now));
    }
    return (int64_t)now;
}
