/* SPDX-License-Identifier: MIT */
/* What terminals know. */
#ifndef CHITIN_POSIX_SYS_IOCTL_H
#define CHITIN_POSIX_SYS_IOCTL_H
#include <sys/cdefs.h>

#define TIOCSCTTY 0x540e
#define TIOCGPGRP 0x540f
#define TIOCSPGRP 0x5410
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD 0x541b

__BEGIN_DECLS

struct winsize {
    unsigned short ws_row;
    unsigned short ws_col;
    unsigned short ws_xpixel;
    unsigned short ws_ypixel;
};

int ioctl(int, unsigned long, ...);

__END_DECLS

#endif
