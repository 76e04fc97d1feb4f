/* SPDX-License-Identifier: MIT */
#include "kern/frame.h"

/* 64 words a round, and sixteen to copy: the loop costs little. Written out,
   for compilers at -O2 do not unroll. */
/* NOLINTBEGIN(bugprone-macro-parentheses): the argument is a macro's name. */
#define WORDS_4(each, i) each(i) each((i) + 1) each((i) + 2) each((i) + 3)
#define WORDS_16(each, i)                                                      \
    WORDS_4(each, i)                                                           \
    WORDS_4(each, (i) + 4) WORDS_4(each, (i) + 8) WORDS_4(each, (i) + 12)
#define WORDS_64(each)                                                         \
    WORDS_16(each, 0)                                                          \
    WORDS_16(each, 16) WORDS_16(each, 32) WORDS_16(each, 48)
/* NOLINTEND(bugprone-macro-parentheses) */
#define WORD_CLEAR(i) word[i] = 0;
#define WORD_COPY(i) target[i] = source[i];

void
page_clear(void *page)
{
    uint64_t *word = page;

    for (uint64_t *end = word + FRAME_SIZE / sizeof(*word); word < end;
         word += 64) {
        WORDS_64(WORD_CLEAR)
    }
}

void
page_copy(void *restrict to, const void *restrict from)
{
    uint64_t *target = to;
    const uint64_t *source = from;

    for (uint64_t *end = target + FRAME_SIZE / sizeof(*target); target < end;
         target += 16, source += 16) {
        WORDS_16(WORD_COPY, 0)
    }
}
