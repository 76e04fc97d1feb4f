/* SPDX-License-Identifier: MIT */
#include "user/exo/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/exo/words.h"

__attribute__((format(printf, 2, 3))) static void
put(const struct report *r, const char *format, ...)
{
    char text[REPORT_LINE];
    va_list list;

    va_start(list, format);
    (void)vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    r->line(r->context, text);
}

static void
disk_put(const struct report *r, unsigned d)
{
    struct disk_row row = r->m->disks[d];

    put(r,
        "disk %u: %s, %" PRIu64 " blocks; %" PRIu32 " of %" PRIu32
        " requests; read %" PRIu64 ", written %" PRIu64 " blocks, %" PRIu64
        " flushes, %" PRIu64 " errors",
        d, words_disk(row.state), row.blocks, row.waiting, row.requests,
        row.blocks_read, row.blocks_written, row.flushes, row.errors);
}

void
report_machine(const struct report *r)
{
    const struct machine *m = r->m;
    const struct census *now = r->now;
    char up[TIME_TEXT];

    words_time(machine_time(), m->boot->time_frequency, up);
    put(r, "up %s, %" PRIu32 " hart%s; slots: %" PRIu64 " of %" PRIu64 " free",
        up, m->boot->hart_count, m->boot->hart_count == 1 ? "" : "s",
        now->slots_free, now->slots);
    put(r,
        "frames: %" PRIu64 "; kernel %" PRIu64 ", envs %" PRIu64
        ", registry %" PRIu64 ", leaving %" PRIu64 ", free %" PRIu64
        " (%" PRIu64 " clean)",
        now->total, now->kernel, now->owned, now->registry, now->leaving,
        now->free, now->clean);
    put(r,
        "registry: %" PRIu64 " of %" PRIu64 " entries used, %" PRIu64 " dirty",
        now->entries_used, now->entries, now->entries_dirty);
    for (unsigned d = 0; d < m->boot->disk_count; d++) {
        disk_put(r, d);
    }
}

/* For qsort, which takes no argument. */
static enum report_order sort_order;

static uint64_t
sort_key(const struct census_env *e)
{
    switch (sort_order) {
    case REPORT_BY_FRAMES:
        return e->frames;
    case REPORT_BY_SLOTS:
        return e->slots;
    case REPORT_BY_BLOCKS:
        return e->entries;
    default:
        return 0;
    }
}

static int
envs_compare(const void *a, const void *b)
{
    const struct census_env *x = *(const struct census_env *const *)a;
    const struct census_env *y = *(const struct census_env *const *)b;

    if (sort_key(x) != sort_key(y)) {
        return sort_key(x) < sort_key(y) ? 1 : -1;
    }
    return x->row.id < y->row.id ? -1 : x->row.id > y->row.id;
}

static void
env_put(const struct report *r, const struct census_env *e,
        const struct census_env *was)
{
    struct process p;
    bool known = machine_process_of(r->m, e->row.id, &p);
    int64_t more = was == NULL || was->row.id != e->row.id
                       ? 0
                       : (int64_t)(e->frames - was->frames);
    char pid[16] = "-";
    char change[16] = "";

    if (known) {
        (void)snprintf(pid, sizeof(pid), "%" PRId32, p.pid);
    }
    if (more != 0) {
        (void)snprintf(change, sizeof(change), "%+" PRId64, more);
    }
    put(r,
        "%7" PRIx32 " %4s %-10.10s %6" PRIu64 " %5s %6" PRIu64 " %6" PRIu64
        " %5" PRIu64 " %6" PRIu64 " %5" PRIu32 " %4" PRIu32 " %4" PRIu32 "%s",
        e->row.id, pid, known ? p.name : "", e->frames, change, e->tables,
        e->shared, e->slots, e->entries, e->row.asked, e->row.owed, e->row.lost,
        e->row.state == ENV_DYING ? " dying" : "");
}

unsigned
report_envs(const struct report *r, const struct census *before,
            enum report_order order, unsigned most, uint32_t *ids)
{
    const struct census_env *sorted[ENVS_MAX];
    unsigned count = 0;

    for (unsigned i = 0; i < ENVS_MAX; i++) {
        if (r->now->env[i].row.id != 0) {
            sorted[count++] = &r->now->env[i];
        }
    }
    sort_order = order;
    qsort(sorted, count, sizeof(const struct census_env *), envs_compare);
    put(r, "%7s %4s %-10s %6s %5s %6s %6s %5s %6s %5s %4s %4s", "ENV", "PID",
        "COMMAND", "FRAMES", "+/-", "TABLES", "SHARED", "SLOTS", "BLOCKS",
        "ASKED", "OWES", "LOST");
    for (unsigned i = 0; i < count && i < most; i++) {
        const struct census_env *e = sorted[i];

        if (ids != NULL) {
            ids[i] = e->row.id;
        }
        env_put(r, e, before == NULL ? NULL : &before->env[e->row.id >> 20]);
    }
    return count;
}

/* Runs of numbers, on lines of a width that suits. */
struct runs {
    const struct report *report;
    const char *title;
    char text[80];
    uint64_t first;
    uint64_t count;
};

static void
run_put(struct runs *runs)
{
    char run[48];

    if (runs->count == 0) {
        return;
    }
    if (runs->count == 1) {
        (void)snprintf(run, sizeof(run), " %" PRIx64, runs->first);
    } else {
        (void)snprintf(run, sizeof(run), " %" PRIx64 "-%" PRIx64, runs->first,
                       runs->first + runs->count - 1);
    }
    if (strlen(runs->text) + strlen(run) >= sizeof(runs->text)) {
        put(runs->report, "%s%s", runs->title, runs->text);
        runs->text[0] = '\0';
    }
    (void)strncat(runs->text, run, sizeof(runs->text) - strlen(runs->text) - 1);
    runs->count = 0;
}

static void
run_add(struct runs *runs, uint64_t number, uint64_t count)
{
    if (runs->count == 0 || runs->first + runs->count != number) {
        run_put(runs);
        runs->first = number;
    }
    runs->count += count;
}

static void
runs_end(struct runs *runs)
{
    run_put(runs);
    if (runs->text[0] != '\0') {
        put(runs->report, "%s%s", runs->title, runs->text);
    }
    runs->text[0] = '\0';
}

static void
frames_put(const struct report *r, uint32_t id)
{
    static const struct {
        enum frame_type first, last;
        const char *title;
    } kinds[] = {
        {FRAME_DATA, FRAME_DATA, "data   "},
        {FRAME_TABLE_0, FRAME_SHADOW, "tables "},
        {FRAME_ENV, FRAME_UAREA, "env    "},
    };

    for (unsigned k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        struct runs runs = {.report = r, .title = kinds[k].title};

        for (uint64_t i = r->now->first; i < r->now->end; i++) {
            const volatile struct frame *f = &r->m->frames[i];

            if (f->owner == id && f->type >= kinds[k].first &&
                f->type <= kinds[k].last) {
                run_add(&runs, i, (uint64_t)1 << f->order);
            }
        }
        runs_end(&runs);
    }
}

void
report_env(const struct report *r, uint32_t id)
{
    const struct machine *m = r->m;
    char title[32];

    put(r,
        "env %" PRIx32 " of account %" PRIu32
        ": frames, slots and blocks by number, in hexadecimal",
        id, r->now->env[id >> 20].row.account);
    frames_put(r, id);
    for (unsigned h = 0; h < m->boot->hart_count; h++) {
        struct runs runs = {.report = r, .title = title};

        (void)snprintf(title, sizeof(title), "hart %u ", h);
        for (unsigned s = 0; s < SLOTS; s++) {
            if (m->slots[h * SLOTS + s] == id) {
                run_add(&runs, s, 1);
            }
        }
        runs_end(&runs);
    }
    for (unsigned d = 0; d < m->boot->disk_count; d++) {
        const volatile struct disk_row *disk = &m->disks[d];
        struct runs runs = {.report = r, .title = title};

        (void)snprintf(title, sizeof(title), "disk %u ", d);
        for (uint32_t i = 0; i < disk->registry_count; i++) {
            const volatile struct registry_entry *e =
                &m->registry[disk->registry_first + i];

            if (e->holder == id && e->state != REGISTRY_FREE) {
                run_add(&runs, e->block, 1);
            }
        }
        runs_end(&runs);
    }
}
