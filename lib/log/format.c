/* SPDX-License-Identifier: MIT */
#include "lib/log/format.h"

/* r1 is the root's image. A root has at most 168 segments of 24 bytes, behind
   its head of 64; each is a run of data blocks, type 0. */
const char log_owns[] = "       r6 = r1\n"
                        "       r7 = *(u32 *)(r6 + 8)\n"
                        "       if r7 > 168 goto bad\n"
                        "       r6 += 64\n"
                        "next:  if r7 == 0 goto good\n"
                        "       r1 = *(u64 *)(r6 + 0)\n"
                        "       r2 = *(u32 *)(r6 + 8)\n"
                        "       r3 = 0\n"
                        "       call 1\n"
                        "       r6 += 24\n"
                        "       r7 += -1\n"
                        "       goto next\n"
                        "good:  r0 = 0\n"
                        "       exit\n"
                        "bad:   r0 = 1\n"
                        "       exit\n";

/* The same guard for the root and for what it owns, to read and to write. */
const char log_access[] = "r0 = 16\n"
                          "exit\n";
