/* SPDX-License-Identifier: MIT */
/* Takes every frame that there is, again and again, and frees none. */
#include "lib/exo/exo.h"

int
main(void)
{
    for (;;) {
        (void)sys_frame_alloc(exo_cap, 0, 0);
    }
}
