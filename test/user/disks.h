/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_DISKS_H
#define CHITIN_TEST_USER_DISKS_H
/* What the tests of disks share: rows, completions and pieces. */
#include "kern/abi/account.h"
#include "kern/abi/cap.h"
#include "kern/abi/disk_io.h"
#include "kern/abi/frame.h"
#include "lib/exo/exo.h"

#define DISK_ROW ((const volatile struct disk_row *)INFORMATION_DISK_ROWS)
#define ACCOUNT_ROW ((const volatile struct account *)INFORMATION_ACCOUNTS)
#define FRAME_ROW ((const volatile struct frame *)INFORMATION_FRAMES)

#define DISK_BOTH (CAP_READ | CAP_WRITE)

/* The next completion, waiting for it: its value, and its cookie unless that is
   NULL. */
int64_t disk_next(uint64_t *cookie);

/* Waits for the completion of that cookie, which must be the next: its value.
 */
int64_t disk_wait(uint64_t cookie);

/* How many completions are there and not taken. */
unsigned disk_ready(void);

/* Puts words that name pieces from batch word 0 on: the argument of disk_read
   and disk_write. */
uint64_t disk_pieces(unsigned count, const uint64_t *piece);
uint64_t disk_piece(uint64_t frame, uint64_t offset, uint64_t count);

/* The whole of a raw disk, or fails the test. */
uint64_t disk_bind_whole(uint64_t disk, uint64_t rights);

/* Word `word` of page `offset` of a frame of capability entry `cap`; and sets
   it. */
uint64_t disk_word(uint64_t cap, uint64_t page, unsigned word);
void disk_word_set(uint64_t cap, uint64_t page, unsigned word, uint64_t value);

/* Sleeps so long. */
void disk_sleep(uint64_t milliseconds);

#endif
