/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_KERNEL_EXPECT_H
#define CHITIN_TEST_KERNEL_EXPECT_H
/*
 * What the files of the kernel's self-checks share.
 */

#define EXPECT(condition)                                                      \
    do {                                                                       \
        if (!(condition)) {                                                    \
            check_failed(__LINE__, #condition);                                \
        }                                                                      \
    } while (0)

/* Says which check has failed, and ends the machine with EXIT_CHECK. */
_Noreturn void check_failed(int line, const char *what);

/* Those of test/kernel/disk.c. */
void check_disk(void);
void check_disk_error(void);
void check_disk_slow(void);

#endif
