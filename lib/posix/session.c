/* SPDX-License-Identifier: MIT */
#include "lib/posix/session.h"

#include <errno.h>
#include <string.h>

#include "lib/exo/exo.h"
#include "lib/posix/posix.h"
#include "lib/posix/row.h"
#include "lib/posix/shared.h"

/* Words one behind the other, each with its zero, and an empty one. */
static int64_t
words_pack(char *packed, char *const *words)
{
    size_t at = 0;

    for (; *words != NULL; words++) {
        size_t bytes = strlen(*words) + 1;

        if (at + bytes >= DOMAIN_WORDS) {
            return -ENAMETOOLONG;
        }
        memcpy(packed + at, *words, bytes);
        at += bytes;
    }
    packed[at] = 0;
    return 0;
}

int64_t
session_ask(const char *name, char *const *words, bool console)
{
    int64_t error;

    if (SHARED_OF->files.uid != 0) {
        return -EPERM;
    }
    if (strlen(name) >= sizeof(SHARED_OF->session[0].name)) {
        return -ENAMETOOLONG;
    }
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct session *s = &SHARED_OF->session[i];
        uint32_t nobody = 0;

        if (!__atomic_compare_exchange_n(&s->asker, &nobody, (uint32_t)exo_id,
                                         false, __ATOMIC_ACQUIRE,
                                         __ATOMIC_RELAXED)) {
            continue;
        }
        error = words_pack(s->words, words);
        if (error < 0) {
            __atomic_store_n(&s->asker, 0, __ATOMIC_RELEASE);
            return error;
        }
        memcpy(s->name, name, strlen(name) + 1);
        s->console = console;
        __atomic_store_n(&s->state, SESSION_ASKED, __ATOMIC_RELEASE);
        process_wake(process_first());
        return i;
    }
    return -EAGAIN;
}

int64_t
session_wait(unsigned row)
{
    struct session *s = &SHARED_OF->session[row];
    int64_t result = 0;

    process_wait_begin();
    (void)__atomic_fetch_or(&s->waiting,
                            (uint64_t)1 << process_index(process_self),
                            __ATOMIC_SEQ_CST);
    while (result == 0 &&
           __atomic_load_n(&s->state, __ATOMIC_ACQUIRE) != SESSION_ENDED) {
        result = process_wait(0);
    }
    process_wait_end();
    if (result == 0) {
        result = s->status;
        s->state = SESSION_FREE;
        __atomic_store_n(&s->asker, 0, __ATOMIC_RELEASE);
    }
    return result;
}
