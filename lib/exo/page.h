/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_EXO_PAGE_H
#define CHITIN_LIB_EXO_PAGE_H
/* Zeroes, and copies, one page of 4 KiB, aligned to 8 bytes at least: some 580
   and 1130 instructions, where picolibc's memset and memcpy take more. */

void exo_page_clear(void *page);
void exo_page_copy(void *restrict to, const void *restrict from);

#endif
