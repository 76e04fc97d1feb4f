/* SPDX-License-Identifier: MIT */
#ifndef POSIX_SYS_TERMIOS_H
#define POSIX_SYS_TERMIOS_H
typedef unsigned tcflag_t;
typedef unsigned char cc_t;
struct termios {
    tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
    cc_t c_cc[20];
};
#define ICRNL 1u
#define INLCR 2u
#define IGNCR 4u
#define IXON 8u
#define ICANON 1u
#define ECHO 2u
#define ISIG 4u
#define IEXTEN 8u
#define VMIN 0
#define VTIME 1
#define TCSADRAIN 1
int tcgetattr(int file, struct termios *modes);
int tcsetattr(int file, int when, const struct termios *modes);
#endif
