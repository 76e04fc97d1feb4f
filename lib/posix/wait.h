/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_WAIT_H
#define CHITIN_LIB_POSIX_WAIT_H
#include <stdint.h>

struct wait_result {
    int32_t pid;
    int32_t status;
};

/* As waitpid: the child's pid, 0 with WNOHANG if none has anything to tell, or
   the negative of an errno. Within posix_hold. */
int64_t process_wait_child(int32_t which, int options,
                           struct wait_result *result);

#endif
