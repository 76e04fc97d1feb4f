/* SPDX-License-Identifier: MIT */
/*
 * Who finds the console empty can sleep until a byte comes: it is told once,
 * whoever else asks, on which hart, and whoever has ended meanwhile.
 */
#include "lib/exo/exo.h"
#include "test/user/expect.h"
#include "test/user/harts.h"

#define CHILDREN 6
#define MUCH (5 * 8 * 26)
#define CHILD_CAP_READ 3
/* The kernel remembers so many. */
#define WAITERS 4

struct shared {
    volatile uint64_t asked;
    volatile uint64_t told;
    volatile int64_t wrong;
};

#define SHARED_PAGE ((struct shared *)SHARED)

static void
asker(struct uarea *uarea)
{
    int64_t c;

    uarea->masked = MASKED_INTERRUPT;
    c = sys_console_read(CHILD_CAP_READ);
    if (c != -EAGAIN) {
        SHARED_PAGE->wrong = c;
    }
    __atomic_fetch_add(&SHARED_PAGE->asked, 1, __ATOMIC_RELAXED);
    while (!(__atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQUIRE) &
             PENDING_CONSOLE)) {
        (void)exo_sleep(uarea);
    }
    __atomic_fetch_add(&SHARED_PAGE->told, 1, __ATOMIC_RELAXED);
    for (;;) {
        (void)exo_sleep(uarea);
        uarea->pending = 0;
    }
}

static void
sleeper(struct uarea *uarea)
{
    uarea->masked = MASKED_INTERRUPT;
    SHARED_PAGE->asked = 1;
    while (uarea->pending == 0) {
        (void)exo_sleep(uarea);
    }
    SHARED_PAGE->told++;
    for (;;) {
        uarea->pending = 0;
        (void)exo_sleep(uarea);
    }
}

static bool
told_take(void)
{
    return __atomic_exchange_n(&exo_uarea->pending, 0, __ATOMIC_ACQUIRE) ==
           PENDING_CONSOLE;
}

/* Waits without a call that could take the event. */
static void
spin(uint64_t milliseconds)
{
    uint64_t end = time_now() + milliseconds * MILLISECOND;

    while (time_now() < end) {
    }
}

static void
line_expect(const char *line)
{
    for (; *line != '\0'; line++) {
        EXPECT(sys_console_read(0), *line);
    }
    EXPECT(sys_console_read(0) >= 0, 1); /* Enter */
}

/* The first byte tells, the others do not. */
static void
told_once(void)
{
    EXPECT(sys_console_read(0), -EAGAIN);
    EXPECT(sys_console_read(0), -EAGAIN);
    spin(20);
    EXPECT(exo_uarea->pending, 0);
    printf("test: type a line\n");
    while (exo_uarea->pending == 0) {
        EXPECT(exo_sleep(exo_uarea), 0);
    }
    EXPECT(told_take(), 1);
    spin(100);
    EXPECT(exo_uarea->pending, 0);
    line_expect("abc");
}

/* What is typed while nobody reads, more than the kernel keeps, waits. */
static void
much(void)
{
    printf("test: type much\n");
    spin(500);
    for (unsigned i = 0; i < MUCH; i++) {
        int64_t c = sys_console_read(0);

        while (c == -EAGAIN) {
            c = sys_console_read(0);
        }
        EXPECT(c, 'a' + i % 26);
    }
    while (sys_console_read(0) == -EAGAIN) { /* Enter */
    }
    (void)told_take();
}

/* More than are remembered: those that make room are told so. */
static void
many(uint64_t page, uint64_t harts)
{
    struct child child[CHILDREN];

    EXPECT(sys_console_read(0), -EAGAIN);
    for (uint64_t i = 0; i < CHILDREN; i++) {
        child[i] = harts_child(page, asker, i % harts, 0);
        harts_slots(child[i].id, i % harts, i + 1);
        harts_wait_for(&SHARED_PAGE->asked, i + 1);
        EXPECT(SHARED_PAGE->asked, i + 1);
    }
    harts_wait(100);
    EXPECT(SHARED_PAGE->told, CHILDREN - WAITERS); /* and this env was first */
    exo_uarea->masked = MASKED_INTERRUPT;
    printf("test: type another\n");
    harts_wait_for(&SHARED_PAGE->told, CHILDREN);
    EXPECT(SHARED_PAGE->told, CHILDREN);
    EXPECT(SHARED_PAGE->wrong, 0);
    harts_wait(100);
    line_expect("de");
    for (unsigned i = 0; i < CHILDREN; i++) {
        child_end(&child[i]);
    }
}

/* One that asked has ended, and another has its place in the table. */
static void
dead(uint64_t page, uint64_t harts)
{
    struct child child;

    *SHARED_PAGE = (struct shared){0};
    child = harts_child(page, asker, harts - 1, 0);
    harts_slots(child.id, harts - 1, 1);
    harts_wait_for(&SHARED_PAGE->asked, 1);
    child_end(&child);
    *SHARED_PAGE = (struct shared){0};
    child = harts_child(page, sleeper, harts - 1, 0);
    harts_slots(child.id, harts - 1, 1);
    harts_wait_for(&SHARED_PAGE->asked, 1);
    exo_uarea->masked = MASKED_INTERRUPT;
    EXPECT(sys_console_read(0), -EAGAIN);
    printf("test: type the last\n");
    while (exo_uarea->pending == 0) {
        EXPECT(exo_sleep(exo_uarea), 0);
    }
    EXPECT(told_take(), 1);
    harts_wait(100);
    line_expect("f");
    EXPECT(SHARED_PAGE->told, 0);
    child_end(&child);
}

int
main(void)
{
    uint64_t page = frame_clean(0);
    uint64_t harts;

    (void)window_open(page);
    harts = harts_open();
    exo_uarea->masked = MASKED_INTERRUPT;
    told_once();
    much();
    many(page, harts);
    dead(page, harts);
    printf("test: console ok on %lu hart%s\n", harts, harts > 1 ? "s" : "");
    return 0;
}
