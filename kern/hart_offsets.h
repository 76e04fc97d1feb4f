/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_HART_OFFSETS_H
#define CHITIN_KERN_HART_OFFSETS_H
/* Offsets into struct hart that assembly uses; kern/hart.c asserts them. */
#define HART_SELF 0
#define HART_SATP 8
#define HART_REGISTERS 16
#endif
