/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_IMAGE_H
#define CHITIN_KERN_IMAGE_H
/*
 * Names that the linker script and entry.S give to parts of the image, and the
 * three tables that map it.
 */
#include "kern/vm.h"

extern char image_start[];
extern char rodata_start[]; /* end of text, page-aligned */
extern char data_start[];   /* end of rodata, page-aligned */
extern char bss_start[];
extern char image_end[];

extern char boot_slot[]; /* the first hart's slot, kern/layout.h */
extern char hart_entry[];

extern pte_t early_root[PAGE_TABLE_ENTRIES];   /* until vm_switch */
extern pte_t image_middle[PAGE_TABLE_ENTRIES]; /* the window's 1 GiB */
extern pte_t image_leaves[PAGE_TABLE_ENTRIES]; /* the image's 2 MiB */

#endif
