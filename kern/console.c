/* SPDX-License-Identifier: MIT */
#include "kern/console.h"

#include "kern/env.h"
#include "kern/event.h"
#include "kern/lock.h"
#include "kern/panic.h"
#include "platform/device.h"

#define SIZE 256  /* a power of two, so that the counters may wrap */
#define WAITERS 4 /* a byte tells all of them: rule 6 bounds it */

struct waiter {
    uint64_t id; /* 0: none */
    unsigned hart;
};

static char buffer[SIZE];
static unsigned written;
static unsigned consumed;
static bool held; /* by the device */
static struct waiter waiters[WAITERS];
static unsigned asked;
static struct lock console_input_lock = {.rank = LOCK_LEAF};

/* The id may be of an env that has ended: it is nobody else's then. */
static void
waiter_tell(struct waiter w)
{
    struct env *e = w.id != 0 ? env_lock(w.id) : NULL;

    if (e != NULL) {
        event_post(e, w.hart, PENDING_CONSOLE);
        env_unlock(e);
    }
}

bool
console_room(void)
{
    bool room;

    lock_acquire(&console_input_lock);
    room = written - consumed < SIZE;
    if (!room) {
        held = true;
        device_console_hold(true);
    }
    lock_release(&console_input_lock);
    return room;
}

void
console_receive(char c)
{
    struct waiter told[WAITERS];

    lock_acquire(&console_input_lock);
    ASSERT(written - consumed < SIZE);
    buffer[written++ % SIZE] = c;
    for (unsigned i = 0; i < WAITERS; i++) {
        told[i] = waiters[i];
        waiters[i].id = 0;
    }
    lock_release(&console_input_lock);
    for (unsigned i = 0; i < WAITERS; i++) {
        waiter_tell(told[i]);
    }
}

int
console_read_for(uint64_t id, unsigned hart)
{
    struct waiter displaced = {.id = 0};
    int c = -1;

    lock_acquire(&console_input_lock);
    if (written != consumed) {
        c = (unsigned char)buffer[consumed++ % SIZE];
        if (held && written - consumed <= SIZE / 2) {
            held = false;
            device_console_hold(false);
        }
    } else if (id != 0) {
        unsigned i = 0;

        while (i < WAITERS &&
               (waiters[i].id != id || waiters[i].hart != hart)) {
            i++;
        }
        if (i == WAITERS) {
            displaced = waiters[asked % WAITERS];
            waiters[asked++ % WAITERS] = (struct waiter){id, hart};
        }
    }
    lock_release(&console_input_lock);
    waiter_tell(displaced);
    return c;
}

int
console_read(void)
{
    return console_read_for(0, 0);
}
