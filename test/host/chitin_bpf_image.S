/* SPDX-License-Identifier: MIT */
/* What runs programs on the bare machine, as bytes. */
    .section .rodata
    .globl target_image, target_image_end
target_image:
    .incbin TARGET_IMAGE
target_image_end:
    .section .note.GNU-stack, "", %progbits
