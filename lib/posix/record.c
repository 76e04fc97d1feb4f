/* SPDX-License-Identifier: MIT */
#include "lib/posix/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/posix/inode.h"
#include "lib/posix/posix.h"
#include "lib/posix/shared.h"

static struct records *
records(void)
{
    return &SHARED_OF->files.records;
}

static uint64_t
self_bit(void)
{
    return (uint64_t)1 << process_index(process_self);
}

/* Two that may be in each other's way: of a kind, for the same file. */
static bool
is_beside(const struct record *r, const struct record *wanted)
{
    return r->kind != RECORD_FREE && r->node == wanted->node &&
           (r->owner < POSIX_PROCESSES) == (wanted->owner < POSIX_PROCESSES);
}

static bool
is_over(const struct record *r, const struct record *wanted)
{
    return r->first <= wanted->last && wanted->first <= r->last;
}

/* Somebody else's lock that is in the way of a wanted one, or NULL. */
static const struct record *
blocker(const struct record *wanted)
{
    unsigned i;

    for (i = 0; i < RECORDS_MAX && wanted->kind != RECORD_FREE; i++) {
        const struct record *r = &records()->record[i];

        if (is_beside(r, wanted) && r->owner != wanted->owner &&
            is_over(r, wanted) &&
            (r->kind == RECORD_WRITE || wanted->kind == RECORD_WRITE)) {
            return r;
        }
    }
    return NULL;
}

/* Who waits looks again, and says anew for whom. */
static void
wake(void)
{
    if (records()->waiting != 0) {
        memset(records()->wants, 0, sizeof(records()->wants));
        process_wake_all(&records()->waiting);
    }
}

static void
free_one(struct record *r)
{
    r->kind = RECORD_FREE;
    wake();
}

static void
add(const struct record *wanted)
{
    struct record *r = records()->record;
    uint32_t kind = wanted->kind;

    while (r->kind != RECORD_FREE) {
        r++;
    }
    if (wanted->owner < POSIX_PROCESSES) {
        records()->owners |= (uint64_t)1 << wanted->owner;
    } else {
        unsigned open = wanted->owner - POSIX_PROCESSES;

        records()->opens[open / 64] |= (uint64_t)1 << open % 64;
    }
    r->node = wanted->node;
    r->owner = wanted->owner;
    r->first = wanted->first;
    r->last = wanted->last;
    atomic_signal_fence(memory_order_seq_cst);
    r->kind = kind;
}

/* Whether there is room for what a change may add: the lock itself, and what is
   left behind it of one that is cut in two. */
static bool
has_room(const struct record *wanted)
{
    unsigned needed = wanted->kind != RECORD_FREE;
    unsigned free = 0;
    unsigned i;

    for (i = 0; i < RECORDS_MAX; i++) {
        const struct record *r = &records()->record[i];

        free += r->kind == RECORD_FREE;
        needed += is_beside(r, wanted) && r->owner == wanted->owner &&
                  r->first < wanted->first && r->last > wanted->last;
    }
    return needed <= free;
}

/* Makes a lock of the same owner leave a range. */
static void
cut(struct record *r, const struct record *wanted)
{
    struct record rest = *r;

    if (r->last > wanted->last) {
        rest.first = wanted->last + 1;
        if (r->first < wanted->first) {
            add(&rest);
        } else {
            r->first = rest.first;
        }
    } else if (r->first >= wanted->first) {
        free_one(r);
    }
    if (r->first < wanted->first) {
        r->last = wanted->first - 1;
    }
    wake();
}

/* The owner has the wanted lock there, or none, instead of what it had. */
static int64_t
apply(struct record wanted)
{
    struct record range = wanted;
    unsigned i;

    if (!has_room(&wanted)) {
        return -ENOLCK;
    }
    for (i = 0; i < RECORDS_MAX; i++) {
        struct record *r = &records()->record[i];

        if (!is_beside(r, &wanted) || r->owner != wanted.owner ||
            !is_over(r, &range)) {
            continue;
        }
        if (r->kind == wanted.kind) { /* both are one */
            wanted.first = r->first < wanted.first ? r->first : wanted.first;
            wanted.last = r->last > wanted.last ? r->last : wanted.last;
            r->kind = RECORD_FREE; /* nobody may have what was locked */
        } else {
            cut(r, &range);
        }
    }
    if (wanted.kind != RECORD_FREE) {
        add(&wanted);
    }
    return 0;
}

/* Whether somebody in the way waits, in the end, for the process itself. */
static bool
is_round(unsigned owner)
{
    unsigned i;

    for (i = 0; i < POSIX_PROCESSES; i++) {
        if (owner == process_index(process_self)) {
            return true;
        }
        if (records()->wants[owner] == 0) {
            return false;
        }
        owner = (records()->wants[owner] - 1u) % POSIX_PROCESSES;
    }
    return false;
}

/* Asks once; -EAGAIN: the process is noted as one that waits. */
static int64_t
try_set(const struct record *wanted)
{
    struct records *s = records();
    unsigned self = process_index(process_self);
    const struct record *in_way;
    int64_t error;

    file_take();
    in_way = blocker(wanted);
    s->wants[self] = 0;
    if (in_way == NULL) {
        error = apply(*wanted);
    } else if (in_way->owner < POSIX_PROCESSES && is_round(in_way->owner)) {
        error = -EDEADLK;
    } else {
        if (in_way->owner < POSIX_PROCESSES) {
            s->wants[self] = (uint8_t)(in_way->owner + 1);
        }
        (void)__atomic_fetch_or(&s->waiting, self_bit(), __ATOMIC_SEQ_CST);
        error = -EAGAIN;
    }
    file_drop();
    return error;
}

static int64_t
set(const struct record *wanted, bool wait)
{
    int64_t error;
    int waited = 0;

    process_wait_begin();
    for (;;) {
        error = try_set(wanted);
        if (error != -EAGAIN || !wait) {
            break;
        }
        waited = process_wait(0);
        if (waited < 0) {
            error = waited;
            break;
        }
    }
    process_wait_end();
    if (error < 0) {
        file_take();
        records()->wants[process_index(process_self)] = 0;
        file_drop();
    }
    (void)__atomic_fetch_and(&records()->waiting, ~self_bit(),
                             __ATOMIC_SEQ_CST);
    return error == -EDEADLK && !wait ? -EAGAIN : error;
}

/* Where the offsets of a struct flock count from. */
static int64_t
base_of(const struct file *f, int whence, int64_t *base)
{
    struct fs_status status;
    int64_t error = 0;

    switch (whence) {
    case SEEK_SET:
        *base = 0;
        return 0;
    case SEEK_CUR:
        *base = (int64_t)f->offset;
        return 0;
    case SEEK_END:
        inode_take();
        error = fs_stat(&inode_system()->fs, inode_file(f->index), &status);
        inode_drop();
        *base = error == 0 ? (int64_t)status.size : 0;
        return posix_error(error);
    default:
        return -EINVAL;
    }
}

/* The range that a struct flock means. */
static int64_t
range_of(const struct file *f, const struct flock *lock, struct record *r)
{
    int64_t start;
    int64_t last = INT64_MAX;
    int64_t error = base_of(f, lock->l_whence, &start);

    if (error != 0) {
        return error;
    }
    if (__builtin_add_overflow(start, lock->l_start, &start)) {
        return -EOVERFLOW;
    }
    if (lock->l_len > 0 &&
        __builtin_add_overflow(start, lock->l_len - 1, &last)) {
        return -EOVERFLOW;
    }
    if (lock->l_len < 0) {
        last = start - 1;
        if (__builtin_add_overflow(start, lock->l_len, &start)) {
            return -EINVAL;
        }
    }
    if (start < 0 || last < start) {
        return -EINVAL;
    }
    r->first = (uint64_t)start;
    r->last = (uint64_t)last;
    return 0;
}

/* The lock that a process wants of a file. */
static int64_t
wanted_of(int descriptor, const struct flock *lock, struct record *r)
{
    const struct file *f = file_of(descriptor);

    if (f == NULL) {
        return -EBADF;
    }
    if (f->kind != FILE_REGULAR) {
        return -EINVAL;
    }
    *r = (struct record){.node = f->index,
                         .owner = (uint16_t)process_index(process_self)};
    switch (lock->l_type) {
    case F_RDLCK:
        r->kind = RECORD_READ;
        break;
    case F_WRLCK:
        r->kind = RECORD_WRITE;
        break;
    case F_UNLCK:
        break;
    default:
        return -EINVAL;
    }
    return range_of(f, lock, r);
}

int64_t
record_set(int descriptor, const struct flock *lock, bool wait)
{
    struct record wanted;
    int64_t error = wanted_of(descriptor, lock, &wanted);
    int access;

    if (error != 0) {
        return error;
    }
    access = (int)file_of(descriptor)->flags & O_ACCMODE;
    if ((wanted.kind == RECORD_READ && access == O_WRONLY) ||
        (wanted.kind == RECORD_WRITE && access == O_RDONLY)) {
        return -EBADF;
    }
    return set(&wanted, wait);
}

int64_t
record_get(int descriptor, struct flock *lock)
{
    struct record wanted;
    const struct record *r;
    int64_t error = wanted_of(descriptor, lock, &wanted);

    if (error == 0 && wanted.kind == RECORD_FREE) {
        error = -EINVAL;
    }
    if (error != 0) {
        return error;
    }
    file_take();
    r = blocker(&wanted);
    if (r == NULL) {
        lock->l_type = F_UNLCK;
    } else {
        lock->l_type = r->kind == RECORD_WRITE ? F_WRLCK : F_RDLCK;
        lock->l_whence = SEEK_SET;
        lock->l_start = (off_t)r->first;
        lock->l_len =
            r->last == INT64_MAX ? 0 : (off_t)(r->last - r->first + 1);
        lock->l_pid = SHARED_OF->processes.process[r->owner].pid;
    }
    file_drop();
    return 0;
}

int64_t
record_flock(int descriptor, int operation)
{
    const struct file *f = file_of(descriptor);
    struct record wanted = {.last = INT64_MAX};

    if (f == NULL) {
        return -EBADF;
    }
    if (f->kind != FILE_REGULAR && f->kind != FILE_DIRECTORY) {
        return -EINVAL;
    }
    switch (operation & ~LOCK_NB) {
    case LOCK_SH:
        wanted.kind = RECORD_READ;
        break;
    case LOCK_EX:
        wanted.kind = RECORD_WRITE;
        break;
    case LOCK_UN:
        break;
    default:
        return -EINVAL;
    }
    wanted.node = f->index;
    wanted.owner = (uint16_t)(POSIX_PROCESSES + (f - SHARED_OF->files.open));
    return set(&wanted, (operation & LOCK_NB) == 0);
}

void
record_close(unsigned node)
{
    struct records *s = records();
    unsigned self = process_index(process_self);
    bool others = false;
    unsigned i;

    if ((s->owners & self_bit()) == 0) {
        return;
    }
    for (i = 0; i < RECORDS_MAX; i++) {
        struct record *r = &s->record[i];

        if (r->kind != RECORD_FREE && r->owner == self) {
            if (r->node == node) {
                free_one(r);
            } else {
                others = true;
            }
        }
    }
    if (!others) {
        s->owners &= ~self_bit();
    }
}

static void
owner_end(unsigned owner)
{
    unsigned i;

    for (i = 0; i < RECORDS_MAX; i++) {
        struct record *r = &records()->record[i];

        if (r->kind != RECORD_FREE && r->owner == owner) {
            free_one(r);
        }
    }
}

void
record_exit(unsigned row)
{
    struct records *s = records();
    uint64_t bit = (uint64_t)1 << row;

    s->wants[row] = 0;
    (void)__atomic_fetch_and(&s->waiting, ~bit, __ATOMIC_SEQ_CST);
    if ((s->owners & bit) != 0) {
        owner_end(row);
        s->owners &= ~bit;
    }
}

void
record_open_end(unsigned index)
{
    uint64_t bit = (uint64_t)1 << index % 64;

    if ((records()->opens[index / 64] & bit) != 0) {
        owner_end(POSIX_PROCESSES + index);
        records()->opens[index / 64] &= ~bit;
    }
}
