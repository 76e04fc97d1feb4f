/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_POSIX_LOCK_H
#define CHITIN_TEST_HOST_POSIX_LOCK_H
/* Included before all else, so that the stand-in sees each lock that is taken
   (posix_host_die). */
#include "lib/posix/lock.h"

bool posix_host_lock_take(struct lock *lock);
/* NOLINTNEXTLINE(readability-identifier-naming): it stands for the function. */
#define lock_take(lock) posix_host_lock_take(lock)

#endif
