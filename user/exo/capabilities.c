/* SPDX-License-Identifier: MIT */
#include "user/exo/capabilities.h"

#include <stdio.h>

#include "lib/posix/layout.h"
#include "user/exo/words.h"

/* What lib/posix keeps in an entry. */
static const char *
purpose(unsigned index)
{
    static const char *const purposes[] = {
        [POSIX_CAP_CONSOLE] = "the console",
        [POSIX_CAP_OWN] = "what is its own",
        [POSIX_CAP_DOMAIN] = "to make children",
        [POSIX_CAP_SHARED] = "what the processes share, and files",
    };

    if (index >= POSIX_CAP_CHILDREN) {
        return "a child";
    }
    return index < sizeof(purposes) / sizeof(purposes[0]) &&
                   purposes[index] != NULL
               ? purposes[index]
               : "";
}

void
capabilities_print(const struct cap_list *list, bool all)
{
    printf("entry  %-16s %-30s for\n", "name", "rights");
    for (unsigned i = 0; i < CAP_LIST_ENTRIES; i++) {
        const struct cap *cap = &list->entry[i];
        char name[NAME_TEXT];
        char rights[RIGHTS_TEXT];

        if (cap->held == 0) {
            if (all) {
                printf("%5u  -\n", i);
            }
            continue;
        }
        words_name(&cap->name, name);
        words_rights(cap->rights, rights);
        printf("%5u  %-16s %-30s %s\n", i, name, rights, purpose(i));
    }
}
