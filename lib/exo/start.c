/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exo/exo.h"

uint64_t exo_root;
uint64_t exo_id;
struct uarea *exo_uarea;
const void *exo_archive;
size_t exo_archive_size;
uint64_t exo_cap;
uint64_t exo_argument;

static void exception_report(struct uarea *uarea);
void (*exo_exception_handler)(struct uarea *uarea) = exception_report;

/* In program.ld; two are no addresses, but numbers. */
extern char __tls_base[];
extern const char __tls_image[];
extern const char __tls_image_size[];

/* In start.S. */
void exo_exception_entry(void);

int main(void);
void __libc_init_array(void);
_Noreturn void exo_start(uint64_t root, uint64_t id, const void *archive,
                         size_t archive_size, uint64_t cap, uint64_t argument,
                         struct uarea *uarea);

static void
exception_report(struct uarea *uarea)
{
    const struct level *level = &uarea->level[LEVEL_EXCEPTION];

    printf("exception %lu at pc 0x%lx, value 0x%lx: no handler\n", level->cause,
           level->pc, level->value);
    exit(EXIT_FAILURE);
}

void
exo_tls_init(void *tls)
{
    memcpy(tls, __tls_image, (size_t)__tls_image_size);
    memset((char *)tls + (size_t)__tls_image_size, 0,
           EXO_TLS_SIZE - (size_t)__tls_image_size);
}

_Noreturn void
exo_start(uint64_t root, uint64_t id, const void *archive, size_t archive_size,
          uint64_t cap, uint64_t argument, struct uarea *uarea)
{
    exo_root = root;
    exo_id = id;
    exo_uarea = uarea;
    exo_archive = archive;
    exo_archive_size = archive_size;
    exo_cap = cap;
    exo_argument = argument;
    uarea->entry_exception = (uint64_t)exo_exception_entry;
    uarea->entry_prologue = (uint64_t)exo_prologue;
    exo_tls_init(__tls_base);
    __libc_init_array();
    exit(main());
}
