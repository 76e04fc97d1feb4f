/* SPDX-License-Identifier: MIT */
#include "user/exo/events.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "user/exo/words.h"

__attribute__((format(printf, 2, 3))) static void
event_add(struct events *events, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(events->text[events->count++ % EVENTS_MAX], EVENT_TEXT,
                    format, list);
    va_end(list);
}

/* "5 slots", with the noun in the right number. */
static const char *
plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void
env_began(struct events *events, const struct machine *m,
          const struct census_env *e)
{
    char name[POSIX_PROCESS_NAME];

    machine_env_name(m, e->row.id, name);
    event_add(events, "env %x%s%s: made by %x", e->row.id,
              name[0] == '\0' ? "" : " ", name, e->row.creator);
}

/* Why, only the row knows, and only until the next env has it. */
static void
env_ended(struct events *events, const struct census_env *was,
          const struct census_env *now)
{
    if (now->row.id == 0 && now->row.cause != CAUSE_NONE) {
        event_add(events, "env %x: ended by %s", was->row.id,
                  words_cause(now->row.cause));
    } else {
        event_add(events, "env %x: ended", was->row.id);
    }
}

static void
slots_note(struct events *events, const struct census_env *was,
           const struct census_env *now)
{
    if (now->slots > was->slots) {
        uint64_t more = now->slots - was->slots;

        event_add(events, "env %x: got %" PRIu64 " slot%s, has %" PRIu64,
                  now->row.id, more, plural(more), now->slots);
    } else if (now->slots < was->slots) {
        uint64_t less = was->slots - now->slots;

        event_add(events, "env %x: %" PRIu64 " slot%s fewer, has %" PRIu64,
                  now->row.id, less, plural(less), now->slots);
    }
}

static void
revocation_note(struct events *events, const struct env_row *was,
                const struct env_row *now)
{
    uint32_t asked = now->asked - was->asked;
    uint32_t lost = now->lost - was->lost;
    /* What is gone from the debt. Things are taken one by one, but a frame may
       be many pages: so what was given is not said in numbers. */
    uint32_t settled = was->owed + asked - now->owed;

    if (asked > 0) {
        event_add(events, "env %x: asked for %" PRIu32, now->id, asked);
    }
    if (lost > 0) {
        event_add(events, "env %x: lost %" PRIu32 ", owes %" PRIu32, now->id,
                  lost, now->owed);
    } else if (settled > 0) {
        event_add(events, "env %x: gave %" PRIu32 ", owes %" PRIu32, now->id,
                  settled, now->owed);
    }
}

void
events_note(struct events *events, const struct machine *m,
            const struct census *before, const struct census *now)
{
    for (unsigned i = 0; i < ENVS_MAX; i++) {
        const struct census_env *was = &before->env[i];
        const struct census_env *is = &now->env[i];

        if (was->row.id == is->row.id) {
            if (is->row.id != 0) {
                slots_note(events, was, is);
                revocation_note(events, &was->row, &is->row);
            }
            continue;
        }
        if (was->row.id != 0) {
            env_ended(events, was, is);
        }
        if (is->row.id != 0) {
            env_began(events, m, is);
        }
    }
}
