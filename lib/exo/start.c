/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "lib/exo/exo.h"

extern char __tls_base[]; /* program.ld */

int main(void);
void __libc_init_array(void);
_Noreturn void exo_start(uint64_t root, uint64_t id, const void *archive,
                         size_t archive_size, uint64_t cap, uint64_t argument,
                         struct uarea *uarea);

static _Alignas(16) unsigned char event_stack[8192];

/* NOLINTBEGIN(readability-function-size): all in registers. */
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
    exo_uarea_init(uarea, event_stack + sizeof(event_stack));
    exo_tls_init(__tls_base);
    __libc_init_array();
    exit(main());
}
/* NOLINTEND(readability-function-size) */
