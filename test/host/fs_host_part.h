/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_FS_HOST_PART_H
#define CHITIN_TEST_HOST_FS_HOST_PART_H
/* What the parts of the volume on this machine ask of each other. */
#include "kern/disk/change.h"
#include "test/host/fs_host.h"

struct volume *fs_host_kernel(void);
struct fs_volume *fs_host_volume(void);
/* Writes a type's block. */
void fs_host_type_write(unsigned type, const void *block);

#endif
