/* SPDX-License-Identifier: MIT */
/*
 * A second env, made by hand of frames, page tables and a copy of the text's
 * mappings: it runs when it is yielded to, shares one page, and cannot touch
 * anything else; a fault in its double-fault handler ends it alone; when it has
 * been destroyed, its id is nobody's and its frames are free. Each finds its
 * own capability list by the table of envs, and can read it and not write it.
 */
#include <string.h>

#include "kern/abi/cap.h"
#include "kern/abi/information.h"
#include "lib/exo/exo.h"
#include "test/user/child.h"
#include "test/user/expect.h"

struct shared {
    volatile uint64_t count;
    volatile uint64_t parent;
    volatile uint64_t misbehave;
    volatile int64_t dropped; /* what the child got when it dropped entry 6 */
};

/* Runs in the child: text only, no data of the parent's. */
static void
child_main(struct uarea *uarea)
{
    struct shared *shared = (struct shared *)SHARED;

    uarea->consent = CONSENT_CAPS;
    for (;;) {
        shared->count++;
        shared->dropped = sys_cap_drop(6);
        if (shared->misbehave) {
            /* No exception entry: each fault leads to the next. */
            __asm__ volatile("ebreak");
        }
        (void)exo_yield(shared->parent, uarea);
    }
}

#define ENVS 255

struct parts {
    uint64_t record;
    uint64_t list;
    uint64_t root;
    uint64_t shadow;
};

static int64_t
bare_make(struct parts *parts)
{
    *parts = (struct parts){frame_clean(CAP_CHILD), frame_clean(CAP_CHILD),
                            frame_clean(CAP_CHILD), frame_clean(CAP_CHILD)};
    EXPECT(sys_pt_make(parts->root, parts->shadow, 2), 0);
    return sys_env_create(CAP_CHILD, parts->record, parts->list, parts->root,
                          0);
}

/* When the table of envs is full, a refusal changes nothing: not even what is
   in the frames that were offered. */
static void
exhaust(uint64_t window)
{
    volatile uint64_t *page = (volatile uint64_t *)(SHARED + 5 * 4096);
    static uint64_t id[ENVS];
    struct parts parts;
    unsigned made = 0;
    uint64_t gift;

    for (int64_t next = bare_make(&parts); next > 0; next = bare_make(&parts)) {
        id[made++] = (uint64_t)next;
    }
    EXPECT(made, ENVS - 1); /* and this one */
    gift = frame_clean(CAP_CHILD);
    EXPECT(sys_frame_give(CAP_CHILD, gift, id[0]), 0);
    EXPECT(sys_frame_free(gift, 0), -EPERM); /* though nothing holds it */
    exo_uarea->batch[0] = parts.record << 10 | 0xc6; /* D, A, W, R */
    EXPECT(sys_pt_map(CAP_CHILD << 8, window, 5, 1), 1);
    page[0] = 77;
    EXPECT(sys_pt_unmap(0, window, 5, 1), 1);
    EXPECT(sys_env_create(CAP_CHILD, parts.record, parts.list, parts.root, 0),
           -ENOSPC);
    EXPECT(sys_pt_map(CAP_CHILD << 8, window, 5, 1), 1);
    EXPECT(page[0], 77);
    EXPECT(sys_pt_unmap(0, window, 5, 1), 1);
    while (made > 0) {
        int64_t error = -EAGAIN;

        for (made--; error == -EAGAIN;) {
            error = sys_env_destroy(CAP_CHILD, id[made]);
        }
        EXPECT(error == 0 || error == -ESRCH, 1);
    }
    EXPECT(sys_env_create(CAP_CHILD, parts.root, parts.list, parts.root, 0),
           -EINVAL);
    EXPECT(sys_pt_unmake(parts.root), 0);
    EXPECT(sys_frame_free(parts.record, 0), 0);
    EXPECT(sys_frame_free(parts.list, 0), 0);
    EXPECT(sys_frame_free(parts.root, 0), 0);
    EXPECT(sys_frame_free(parts.shadow, 0), 0);
}

/* Where lists are mapped, in both address spaces. */
#define LIST_INDEX 6
#define LIST ((const struct cap *)(SHARED + LIST_INDEX * 4096))

/* The page number of an env's list. */
static uint64_t
list_of(uint64_t id)
{
    const struct env_row *row = (const struct env_row *)INFORMATION_ENVS;

    return row[id >> 20].list;
}

static int64_t
list_map(struct uarea *uarea, uint64_t caps, uint64_t table, uint64_t leaf)
{
    uarea->batch[0] = leaf;
    return sys_pt_map(caps, table, LIST_INDEX, 1);
}

/* Whether an entry is what kern/abi/cap.h says of a name of one word. */
static int
cap_is(const struct cap *c, uint64_t name, unsigned length, uint64_t rights)
{
    int read = (rights & CAP_READ) != 0;
    int write = (rights & CAP_WRITE) != 0;
    struct cap wanted = {
        .name = {{name, 0}},
        .mask = {{(1UL << 16 * length) - 1, 0}},
        .read_word0 = read ? name : CAP_POISON,
        .write_word0 = write ? name : CAP_POISON,
        .pte_forbidden = CAP_PTE_NEVER | (read ? 0 : CAP_PTE_NEED_READ) |
                         (write ? 0 : CAP_PTE_NEED_WRITE),
        .rights = (uint8_t)rights,
        .length = (uint8_t)length,
        .held = 1,
    };

    return memcmp(c, &wanted, sizeof(wanted)) == 0;
}

static int
cap_is_empty(const struct cap *c)
{
    return c->name.word[0] == CAP_POISON && c->read_word0 == CAP_POISON &&
           c->write_word0 == CAP_POISON && c->pte_forbidden == UINT64_MAX &&
           c->last == 0;
}

static int
serial_half(uint64_t component)
{
    return component >= CAP_SERIAL_BASE &&
           component < CAP_SERIAL_BASE + CAP_SERIAL_HALF;
}

/* The list of this env: what is made shows at once, what is dropped is gone. */
static void
list_read(uint64_t window)
{
    uint64_t leaf = list_of(exo_id) << 10 | 0x42; /* A, R */
    uint64_t fresh;

    EXPECT(sys_cap_derive(0, 10, 0, CAP_WRITE), 0);
    EXPECT(sys_cap_derive(0, 11, 7, CAP_READ), 0);
    EXPECT(list_map(exo_uarea, 10 << 8, window, leaf), -EPERM);
    EXPECT(list_map(exo_uarea, 11 << 8, window, leaf), -EPERM);
    EXPECT(list_map(exo_uarea, 0, window, leaf | 0x84), -EINVAL); /* D, W */
    EXPECT(list_map(exo_uarea, 0, window, leaf | 0x08), -EINVAL); /* X */
    EXPECT(list_map(exo_uarea, 0, window, leaf), 1);
    EXPECT(sys_pt_protect(0, window, LIST_INDEX, 1, 0, 0x84), -EINVAL);
    EXPECT(cap_is(&LIST[0], 0, 0, CAP_RIGHTS_ALL), 1);
    EXPECT(cap_is(&LIST[10], 0, 0, CAP_WRITE), 1);
    EXPECT(cap_is(&LIST[11], 7, 1, CAP_READ), 1);
    EXPECT(cap_is_empty(&LIST[12]), 1);
    EXPECT(sys_cap_derive(11, 12, 9, CAP_RIGHTS_ALL), 0);
    EXPECT(cap_is(&LIST[12], 9 << 16 | 7, 2, CAP_READ), 1);
    EXPECT(sys_cap_fresh(0, 63), 0);
    fresh = LIST[63].name.word[0];
    EXPECT(serial_half(fresh & 0xffff) && serial_half(fresh >> 16), 1);
    EXPECT(cap_is(&LIST[63], fresh, 2, CAP_RIGHTS_ALL), 1);
    for (uint64_t i = 10; i <= 12; i++) {
        EXPECT(sys_cap_drop(i), 0);
        EXPECT(cap_is_empty(&LIST[i]), 1);
    }
    EXPECT(sys_cap_drop(63), 0);
    EXPECT(cap_is_empty(&LIST[63]), 1);
    EXPECT(sys_pt_unmap(0, window, LIST_INDEX, 1), 1);
}

struct reader {
    volatile uint64_t parent;
    volatile uint64_t self;
    volatile uint64_t leaf;
    volatile uint64_t drop; /* to drop its entry 6 */
    volatile int64_t result[4];
    struct cap other;  /* the parent's entry 0 */
    struct cap own[4]; /* its own, 3 to 6 */
};

/* A child that reads the parent's list, by the root's name only, and its own
   by its own. */
static void
reader_main(struct uarea *uarea)
{
    struct reader *reader = (struct reader *)SHARED;
    const uint64_t own = CHILD_CAP_OWN | CHILD_CAP_OWN << 8;
    uint64_t other = list_of(reader->parent) << 10 | 0x42;
    uint64_t list = list_of(reader->self) << 10 | 0x42;

    reader->result[0] = list_map(uarea, own, reader->leaf, other);
    reader->result[1] =
        list_map(uarea, CHILD_CAP_OWN | 3 << 8, reader->leaf, other);
    reader->other = LIST[0];
    (void)sys_pt_unmap(CHILD_CAP_OWN, reader->leaf, LIST_INDEX, 1);
    reader->result[2] = list_map(uarea, own, reader->leaf, list | 0x84);
    reader->result[3] = list_map(uarea, own, reader->leaf, list);
    uarea->consent = CONSENT_CAPS;
    for (;;) {
        for (unsigned i = 0; i < 4; i++) {
            reader->own[i] = LIST[3 + i];
        }
        (void)exo_yield(reader->parent, uarea);
        if (reader->drop) {
            (void)sys_cap_drop(6);
        }
    }
}

static void
reader_run(uint64_t page)
{
    struct reader *reader = (struct reader *)SHARED;
    struct child child = child_make(page, reader_main);
    uint64_t name;

    *reader =
        (struct reader){.parent = exo_id, .self = child.id, .leaf = child.leaf};
    EXPECT(exo_yield(child.id, exo_uarea), 0);
    EXPECT(reader->result[0], -EPERM);
    EXPECT(reader->result[1], 1);
    EXPECT(reader->result[2], -EINVAL);
    EXPECT(reader->result[3], 1);
    EXPECT(cap_is(&reader->other, 0, 0, CAP_RIGHTS_ALL), 1);
    name = reader->own[2].name.word[0];
    EXPECT(cap_is(&reader->own[0], 0, 0, CAP_READ), 1);
    EXPECT(cap_is_empty(&reader->own[1]), 1);
    EXPECT(cap_is(&reader->own[2], name, 2, CAP_RIGHTS_ALL), 1);
    EXPECT(cap_is_empty(&reader->own[3]), 1);
    EXPECT(sys_cap_grant(CAP_CHILD, 60, child.id, 6, CAP_WRITE), 0);
    EXPECT(exo_yield(child.id, exo_uarea), 0);
    EXPECT(cap_is(&reader->own[3], name, 2, CAP_WRITE), 1);
    reader->drop = 1;
    EXPECT(exo_yield(child.id, exo_uarea), 0);
    EXPECT(cap_is_empty(&reader->own[3]), 1);
    child_end(&child);
}

static volatile uint64_t events;

static void
event_keep(struct uarea *uarea)
{
    events |= __atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQUIRE);
}

int
main(void)
{
    struct shared *shared = (struct shared *)SHARED;
    uint64_t page = frame_clean(0);
    uint64_t window = window_open(page);
    uint64_t old = 0;

    shared->parent = exo_id;
    exo_event_handler = event_keep;
    EXPECT(sys_env_destroy(0, exo_id), -EBUSY);
    EXPECT(sys_yield(0), -ESRCH); /* nobody has a slot */
    EXPECT(sys_yield(~0UL), -ESRCH);
    EXPECT(sys_yield(exo_id + 1), -ESRCH);
    EXPECT(exo_yield(exo_id, exo_uarea), 0); /* to itself */
    for (unsigned round = 0; round < 20; round++) {
        struct child child = child_make(page, child_main);

        /* Its index was another's before: that id names nobody, and what is
           the child's is not the parent's to free. */
        EXPECT(sys_env_destroy(CAP_CHILD, old), -ESRCH);
        EXPECT(sys_yield(old), -ESRCH);
        EXPECT(old == 0 || old >> 20 == child.id >> 20, 1);
        old = child.id;
        EXPECT(sys_frame_free(child.frames[1], 0), -EPERM);
        /* Its record can be read; that does not outlive it. */
        exo_uarea->batch[0] = child.frames[0] << 10 | 0x42; /* A, R */
        EXPECT(sys_pt_map(0, window, 8, 1), 1);
        shared->count = 0;
        shared->misbehave = 0;
        for (unsigned i = 1; i <= 100; i++) {
            EXPECT(exo_yield(child.id, exo_uarea), 0);
            EXPECT(shared->count, i);
        }
        /* It takes capabilities from anyone, and no frames. */
        EXPECT(shared->dropped, -EBADF);
        EXPECT(sys_cap_grant(0, 60, child.id, 6, CAP_READ), 0);
        EXPECT(sys_cap_grant(0, 60, child.id, 6, CAP_READ), -EBUSY);
        EXPECT(sys_cap_grant(0, 0, child.id, 3, CAP_READ), -EBUSY);
        EXPECT(sys_frame_give(0, page, child.id), -EBUSY);
        EXPECT(exo_yield(child.id, exo_uarea), 0);
        EXPECT(shared->dropped, 0);
        if (round % 2 == 1) {
            shared->misbehave = 1;
            EXPECT(exo_yield(child.id, exo_uarea), 0);
            EXPECT(events, PENDING_DEATH);
            events = 0;
            EXPECT(exo_yield(child.id, exo_uarea), -ESRCH);
        }
        child_end(&child);
        events = 0; /* the end by force is told as well */
        EXPECT(sys_pt_unmap(0, window, 8, 1), 0);
    }
    list_read(window);
    reader_run(page);
    exhaust(window);
    printf("test: envs ok\n");
    return 0;
}
