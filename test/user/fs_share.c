/* SPDX-License-Identifier: MIT */
/*
 * A file system that two envs use, in memory that they share, each within one
 * lock: this one, and one that is destroyed wherever it happens to be, again
 * and again. What that one had synced must be there; what it was at may be
 * there or not; and nothing may keep this one from going on.
 *
 * Boot arguments: seed=; rounds=.
 */
#include <string.h>

#include "kern/abi/cap.h"
#include "kern/abi/error.h"
#include "kern/abi/information.h"
#include "lib/disk/completion.h"
#include "lib/disk/volume.h"
#include "lib/exo/archive.h"
#include "lib/exo/program.h"
#include "lib/fs/check.h"
#include "test/user/expect.h"

#define CAP_CHILD 1
#define CAP_OWN 7     /* the child's, of itself */
#define CAP_SHARED 10 /* of both */
#define SHARED_NAME 1
#define SHARED 0x50000000
#define WINDOW 0x60000000
#define FILES 12
#define SIZE_MAX_KIB 40

/* What is promised of a file. */
struct promise {
    uint32_t busy; /* nothing, at the moment */
    uint32_t there;
    uint64_t seed;
    uint64_t size;
};

struct shared {
    uint64_t lock; /* the env that has it */
    uint64_t child_operations;
    struct promise promise[FILES];
    struct disk_volume volume;
    struct fs fs;
};
#define S ((struct shared *)SHARED)

static uint64_t dice;

static uint64_t
roll(uint64_t sides)
{
    dice = dice * 6364136223846793005 + 1442695040888963407;
    return (dice >> 33) % sides;
}

static uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

/* False: it was had by one that is dead. */
static bool
lock(uint64_t alive)
{
    uint64_t free = 0;

    while (!__atomic_compare_exchange_n(&S->lock, &free, exo_id, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        if (free != alive) {
            S->lock = exo_id;
            return false;
        }
        /* The other first; if it waits for the disk, so does the hart. */
        (void)exo_yield(free, exo_uarea);
        if (S->lock == free) {
            EXPECT(sys_alarm(time_now() + 1000, 1), 0);
            completion_sleep();
        }
        free = 0;
    }
    return true;
}

static void
unlock(void)
{
    __atomic_store_n(&S->lock, 0, __ATOMIC_RELEASE);
}

static void
fill(uint8_t *bytes, uint64_t seed, uint64_t at, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)((seed + (at + i) / 8) * 0x9e3779b97f4a7c15 >>
                             8 * ((at + i) % 8));
    }
}

static const char *
name_of(unsigned i)
{
    static char name[8];

    (void)snprintf(name, sizeof(name), "f%u", i);
    return name;
}

static uint8_t bytes[SIZE_MAX_KIB * 1024];
static uint8_t back[SIZE_MAX_KIB * 1024];

/* One operation on a file, and its promise; several steps, each with the lock.
   `other` is the env that may have it. */
static void
operate(unsigned i, uint64_t other)
{
    struct promise *p = &S->promise[i];
    struct fs_status status = {.kind = FS_FILE, .mode = 0644};
    uint64_t seed = roll(UINT32_MAX);
    uint64_t size = roll(sizeof(bytes) * 3 / 2);
    const char *name = name_of(i);
    struct fs_file *file = NULL;
    int64_t error;

    size = size < sizeof(bytes) ? size : roll(200);
    /* Within the lock: else who waits for it would find the promise given that
       the other makes meanwhile. */
    EXPECT(lock(other), 1);
    p->busy = 1;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    error = fs_open(&S->fs, fs_root(&S->fs), name, strlen(name), &file);
    if (error == -ENOENT) {
        error = fs_create(&S->fs, fs_root(&S->fs), name, strlen(name), &status,
                          &file);
    }
    EXPECT(error, 0);
    switch (roll(4)) {
    case 0: /* gone */
        EXPECT(fs_unlink(&S->fs, fs_root(&S->fs), name, strlen(name)), 0);
        fs_close(&S->fs, file);
        EXPECT(fs_sync(&S->fs), 0);
        p->there = 0;
        break;
    case 1: /* by way of another name, which is taken from what had it */
        EXPECT(fs_truncate(&S->fs, file, 0), 0);
        fill(bytes, seed, 0, size);
        EXPECT(fs_write(&S->fs, file, 0, bytes, size), size);
        EXPECT(fs_rename(&S->fs, fs_root(&S->fs),
                         (struct fs_text){name, strlen(name)}, fs_root(&S->fs),
                         (struct fs_text){"moved", 5}),
               0);
        EXPECT(fs_fsync(&S->fs, file), 0);
        EXPECT(fs_rename(&S->fs, fs_root(&S->fs), (struct fs_text){"moved", 5},
                         fs_root(&S->fs), (struct fs_text){name, strlen(name)}),
               0);
        EXPECT(fs_fsync(&S->fs, file), 0);
        fs_close(&S->fs, file);
        *p = (struct promise){1, 1, seed, size};
        break;
    default: /* new bytes */
        fill(bytes, seed, 0, size);
        EXPECT(fs_write(&S->fs, file, 0, bytes, size), size);
        EXPECT(fs_truncate(&S->fs, file, size), 0);
        EXPECT(fs_fsync(&S->fs, file), 0);
        fs_close(&S->fs, file);
        *p = (struct promise){1, 1, seed, size};
    }
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    p->busy = 0;
    unlock();
}

/* Whether a file is as was promised; the caller has the lock. */
static void
check(unsigned i)
{
    const struct promise *p = &S->promise[i];
    const char *name = name_of(i);
    struct fs_status status;
    struct fs_file *file;
    int64_t error = fs_open(&S->fs, fs_root(&S->fs), name, strlen(name), &file);

    if (p->busy) {
        if (error == 0) {
            EXPECT(fs_read(&S->fs, file, 0, back, sizeof(back)) >= 0, 1);
            fs_close(&S->fs, file);
        } else {
            EXPECT(error, -ENOENT);
        }
        return;
    }
    EXPECT(error, p->there ? 0 : -ENOENT);
    if (p->there) {
        EXPECT(fs_stat(&S->fs, file, &status), 0);
        EXPECT(status.size, p->size);
        EXPECT(fs_read(&S->fs, file, 0, back, sizeof(back)), p->size);
        fill(bytes, p->seed, 0, p->size);
        EXPECT(memcmp(bytes, back, p->size), 0);
        fs_close(&S->fs, file);
    }
}

_Noreturn static void
child(uint64_t parent)
{
    dice = S->child_operations + 77;
    for (;;) {
        operate((unsigned)roll(FILES), parent);
        S->child_operations++;
        dice += S->child_operations;
        if (roll(2) == 0) { /* who waits for the lock gets it */
            (void)exo_yield(parent, exo_uarea);
        }
    }
}

/*
 * The parent.
 */
static struct exo_map shared_map;

static int64_t
middle_visit(void *context, const struct exo_entry *e)
{
    if (e->level == 2) {
        *(uint64_t *)context = e->entry >> 10;
    }
    return 0;
}

static uint64_t
shared_make(void)
{
    uint64_t pages = (sizeof(struct shared) + FRAME_SIZE - 1) / FRAME_SIZE;
    uint64_t middle = 0;

    EXPECT(sys_cap_derive(0, CAP_SHARED, SHARED_NAME, CAP_RIGHTS_ALL), 0);
    EXPECT(
        sys_cap_derive(CAP_SHARED, CAP_SHARED + 1, SHARED_NAME, CAP_RIGHTS_ALL),
        0);
    EXPECT(sys_cap_drop(CAP_SHARED), 0);
    EXPECT(sys_cap_derive(CAP_SHARED + 1, CAP_SHARED, 0, CAP_RIGHTS_ALL), 0);
    EXPECT(exo_map_new(&shared_map, CAP_SHARED), 0);
    for (uint64_t i = 0; i < pages; i++) {
        struct exo_range range = {SHARED + i * FRAME_SIZE, 1, 0};
        uint64_t frame = (uint64_t)exo_frame_alloc(CAP_SHARED, 0);

        EXPECT((int64_t)frame > 0, 1);
        EXPECT(exo_map_insert(&shared_map, &range, CAP_SHARED, &frame, EXO_W),
               0);
    }
    EXPECT(exo_map_visit(&shared_map, middle_visit, &middle), 0);
    EXPECT(sys_pt_link(0 | CAP_SHARED << 8, exo_root, SHARED >> 30, middle), 0);
    memset(S, 0, sizeof(*S));
    return middle;
}

static struct exo_child
child_make(uint64_t middle)
{
    static const struct exo_grant grant[] = {
        {0, 0, CAP_WRITE}, {CAP_SHARED, CAP_SHARED, CAP_RIGHTS_ALL}};
    struct exo_child made;
    const void *file;
    size_t size;

    EXPECT(
        exo_archive_find(exo_archive, exo_archive_size, "init", &file, &size),
        0);
    EXPECT(exo_program_load(&made, CAP_CHILD, file, size), 0);
    EXPECT(exo_program_start(&made, CAP_OWN, grant, 2, exo_id), 0);
    /* Not before: its name is not enough to look at these tables. */
    EXPECT(sys_pt_link(CAP_CHILD | CAP_SHARED << 8, made.map.root, SHARED >> 30,
                       middle),
           0);
    return made;
}

static uint64_t
argument(const char *name, uint64_t without)
{
    const struct information *i = (const void *)INFORMATION_BOOT;
    const char *found = strstr(i->arguments, name);

    return found != NULL ? strtoull(found + strlen(name), NULL, 10) : without;
}

int
main(void)
{
    static const uint32_t nobody[FS_OPEN_MAX];
    struct fs_check report;
    uint64_t rounds = argument("rounds=", 60);
    uint64_t found = 0;
    uint64_t middle;

    if (exo_argument != 0) {
        child(exo_argument);
    }
    dice = argument("seed=", 1);
    for (uint64_t slot = 0; slot < SLOTS; slot++) { /* to be back soon */
        (void)sys_slot_alloc(0, exo_id, 0, slot);
    }
    EXPECT(sys_cap_fresh(0, CAP_CHILD), 0);
    middle = shared_make();
    EXPECT(volume_open(&S->volume, 0, 0, CAP_SHARED), 0);
    EXPECT(volume_window(&S->volume, &shared_map, WINDOW), 0);
    EXPECT(volume_pages(&S->volume, S->fs.page, FS_PAGES), 0);
    EXPECT(volume_tree(&S->volume, 0, FS_TREE_NAME), 0);
    EXPECT(fs_mount(&S->fs, &S->volume.fs), 0);
    for (uint64_t round = 0; round < rounds; round++) {
        struct exo_child made = child_make(middle);
        uint64_t yields = 1 + roll(12);
        uint64_t spin;

        for (uint64_t i = 0; i < yields; i++) {
            if (roll(3) == 0) {
                operate((unsigned)roll(FILES), made.id);
            }
            /* Its time ends with the slice, of which some is gone. */
            for (spin = roll(200000); spin > 0; spin--) {
                __asm__ volatile("" ::: "memory");
            }
            (void)exo_yield(made.id, exo_uarea);
        }
        EXPECT(exo_program_end(&made), 0);
        exo_uarea->pending &= ~(uint64_t)PENDING_DEATH;
        if (!lock(0)) {
            found++;
            EXPECT(fs_recover(&S->fs), 0);
        }
        fs_recount(&S->fs, nobody);
        for (unsigned i = 0; i < FILES; i++) {
            check(i);
        }
        if (roll(4) == 0) {
            EXPECT(fs_sync(&S->fs), 0);
        }
        unlock();
    }
    EXPECT(fs_unmount(&S->fs), 0);
    /* Files that had lost their names, and the like. */
    EXPECT(fs_mount(&S->fs, &S->volume.fs), 1);
    EXPECT(fs_check(&S->fs, true, NULL, NULL, &report), 0);
    for (unsigned i = 0; i < FILES; i++) {
        check(i);
    }
    EXPECT(fs_unmount(&S->fs), 0);
    printf("fs_share: %lu operations of the other, %lu of %lu ends in one\n",
           S->child_operations, found, rounds);
    EXPECT(S->child_operations > rounds, 1);
    EXPECT(found > rounds / 8, 1);
    printf("fs_share: done\n");
    return 0;
}
