/* SPDX-License-Identifier: MIT */
#include "lib/fs/format.h"

_Static_assert(offsetof(struct fs_head, magic) == 0, "fs_owns says so");
_Static_assert(offsetof(struct fs_head, flags) == 9, "fs_access says so");
_Static_assert(offsetof(struct fs_head, records) == 14, "fs_owns says so");
_Static_assert(offsetof(struct fs_head, read) == FS_READ_OFFSET, "likewise");
_Static_assert(offsetof(struct fs_head, write) == FS_WRITE_OFFSET, "likewise");
_Static_assert(offsetof(struct fs_record, type) == 15, "fs_owns says so");
_Static_assert(FS_RECORDS_MAX <= DISK_EXTENTS_MAX, "the kernel takes no more");

/* r1 is the node's image. The records end where it ends; a place is 40 bits of
   first block and 24 bits of count. */
const char fs_owns[] = "       r6 = r1\n"
                       "       r0 = 1\n"
                       "       r2 = *(u64 *)(r6 + 0)\n"
                       "       r3 = 0x5346206e69746943 ll\n"
                       "       if r2 != r3 goto out\n"
                       "       r7 = *(u16 *)(r6 + 14)\n"
                       "       if r7 > 200 goto out\n"
                       "       if r7 == 0 goto good\n"
                       "       r2 = r7\n"
                       "       r2 <<= 4\n"
                       "       r7 = r6\n"
                       "       r7 += 4096\n"
                       "       r6 = r7\n"
                       "       r6 -= r2\n"
                       "next:  r2 = *(u64 *)(r6 + 0)\n"
                       "       r1 = r2\n"
                       "       r1 <<= 24\n"
                       "       r1 >>= 24\n"
                       "       r2 >>= 40\n"
                       "       r3 = *(u8 *)(r6 + 15)\n"
                       "       call 1\n"
                       "       r6 += 16\n"
                       "       if r6 != r7 goto next\n"
                       "good:  r0 = 0\n"
                       "out:   exit\n";

/* The guards of the head are for the node and for all that it owns; r4 is the
   right, 2 to write. Who may read may be anyone. */
const char fs_access[] = "       r0 = 48\n"
                         "       if r4 == 2 goto out\n"
                         "       r0 = 65536\n"
                         "       r2 = *(u8 *)(r1 + 9)\n"
                         "       r2 &= 1\n"
                         "       if r2 != 0 goto out\n"
                         "       r0 = 32\n"
                         "out:   exit\n";
