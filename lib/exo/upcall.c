/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exo/exo.h"
#include "lib/exo/own.h"

uint64_t exo_root;
uint64_t exo_id;
struct uarea *exo_uarea;
const void *exo_archive;
size_t exo_archive_size;
uint64_t exo_cap;
uint64_t exo_argument;

static void exception_report(struct uarea *uarea);
static void events_forget(struct uarea *uarea);
EXO_RESIDENT_DATA void (*exo_exception_handler)(struct uarea *uarea) =
    exception_report;
EXO_RESIDENT_DATA void (*exo_event_handler)(struct uarea *uarea) =
    events_forget;
EXO_RESIDENT_DATA void (*exo_double_handler)(struct uarea *uarea);

/* In program.ld; two are no addresses, but numbers. */
extern const char __tls_image[];
extern const char __tls_image_size[];

static void
exception_report(struct uarea *uarea)
{
    const struct level *level = &uarea->level[LEVEL_EXCEPTION];

    printf("exception %lu at pc 0x%lx, value 0x%lx: no handler\n", level->cause,
           level->pc, level->value);
    exit(EXIT_FAILURE);
}

EXO_RESIDENT static void
events_forget(struct uarea *uarea)
{
    __atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQUIRE);
}

void
exo_uarea_init(struct uarea *uarea, void *event_stack_end)
{
    memset(uarea->own, 0, sizeof(uarea->own));
    uarea->entry_exception = (uint64_t)exo_exception_entry;
    uarea->entry_interrupt = (uint64_t)exo_event_entry;
    uarea->entry_prologue = (uint64_t)exo_prologue;
    uarea->entry_epilogue = (uint64_t)exo_epilogue;
    uarea->own[(OWN_EVENT_STACK - UAREA_OWN) / 8] = (uint64_t)event_stack_end;
}

int64_t
exo_bind(struct uarea *uarea, uint64_t cap, uint64_t env, uint64_t gate,
         uint64_t binding)
{
    int64_t error;

    do {
        error = sys_gate_bind(cap, env, gate, binding);
    } while (error == -EAGAIN);
    if (error == 0) {
        uarea->own[(OWN_BINDING - UAREA_OWN) / 8 + binding] = env;
    }
    return error;
}

void
exo_tls_init(void *tls)
{
    memcpy(tls, __tls_image, (size_t)__tls_image_size);
    memset((char *)tls + (size_t)__tls_image_size, 0,
           EXO_TLS_SIZE - (size_t)__tls_image_size);
}
