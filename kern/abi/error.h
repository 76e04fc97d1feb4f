/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_ERROR_H
#define CHITIN_ABI_ERROR_H
/*
 * The closed list of errors: X(name, number, meaning). A function that can
 * fail returns 0 or more on success and the negative of one of these numbers
 * otherwise. Numbers and names follow Linux's asm-generic/errno-base.h and
 * errno.h where POSIX has the name.
 */
#define ERROR_TABLE(X)                                                         \
    X(EPERM, 1, "the capability does not allow it")                            \
    X(ENOENT, 2, "no such thing")                                              \
    X(ESRCH, 3, "no such env, or it does not run here")                        \
    X(EIO, 5, "the device failed")                                             \
    X(EBADF, 9, "no capability there")                                         \
    X(EAGAIN, 11, "not finished: call again")                                  \
    X(ENOMEM, 12, "no frame is left")                                          \
    X(EBUSY, 16, "in use")                                                     \
    X(ENODEV, 19, "no such device")                                            \
    X(EINVAL, 22, "malformed argument")                                        \
    X(ENOSPC, 28, "a table is full")                                           \
    X(EROFS, 30, "the disk is read-only")                                      \
    X(ERANGE, 34, "out of range")                                              \
    X(ENAMETOOLONG, 36, "the name has no room")                                \
    X(ENOSYS, 38, "not offered here")                                          \
    X(ENODATA, 61, "nothing was ever written there")                           \
    X(EOVERFLOW, 75, "two ranges overlap")                                     \
    X(ESTALE, 116, "the binding or version is not there any more")             \
    X(EDQUOT, 122, "the account has no room")                                  \
    X(EDIED, 201, "the env that was called has ended")                         \
    X(ENOSERIAL, 200, "no serial is left while the machine is up")

/* With ERROR_NAMES_OF_LIBC most of the names are the C library's <errno.h>'s,
   which is included already; not all numbers are the same then. */
#ifdef ERROR_NAMES_OF_LIBC
enum error_number { EDIED = 201, ENOSERIAL = 200 };
#else
#define ERROR_NUMBER(name, number, meaning) name = (number),
enum error_number { ERROR_TABLE(ERROR_NUMBER) };
#undef ERROR_NUMBER
#endif

#endif
