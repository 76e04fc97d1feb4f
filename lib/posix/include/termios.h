/* SPDX-License-Identifier: MIT */
/* The values are Linux's, so that they look familiar in a debugger. */
#ifndef CHITIN_POSIX_TERMIOS_H
#define CHITIN_POSIX_TERMIOS_H
#include <sys/cdefs.h>
#include <sys/types.h>

#define NCCS 20

__BEGIN_DECLS

typedef unsigned char cc_t;
typedef unsigned int speed_t;
typedef unsigned int tcflag_t;

struct termios {
    tcflag_t c_iflag;
    tcflag_t c_oflag;
    tcflag_t c_cflag;
    tcflag_t c_lflag;
    cc_t c_cc[NCCS];
    speed_t c_ispeed;
    speed_t c_ospeed;
};

/* c_cc */
#define VINTR 0
#define VQUIT 1
#define VERASE 2
#define VKILL 3
#define VEOF 4
#define VTIME 5
#define VMIN 6
#define VSTART 8
#define VSTOP 9
#define VSUSP 10
#define VEOL 11

/* c_iflag */
#define IGNBRK 000001U
#define BRKINT 000002U
#define IGNPAR 000004U
#define PARMRK 000010U
#define INPCK 000020U
#define ISTRIP 000040U
#define INLCR 000100U
#define IGNCR 000200U
#define ICRNL 000400U
#define IXON 002000U
#define IXANY 004000U
#define IXOFF 010000U

/* c_oflag */
#define OPOST 0000001U
#define ONLCR 0000004U
#define OCRNL 0000010U
#define ONOCR 0000020U
#define ONLRET 0000040U
#define OFILL 0000100U
#define NLDLY 0000400U
#define NL0 0000000U
#define NL1 0000400U
#define CRDLY 0003000U
#define CR0 0000000U
#define CR1 0001000U
#define CR2 0002000U
#define CR3 0003000U
#define TABDLY 0014000U
#define TAB0 0000000U
#define TAB1 0004000U
#define TAB2 0010000U
#define TAB3 0014000U
#define BSDLY 0020000U
#define BS0 0000000U
#define BS1 0020000U
#define VTDLY 0040000U
#define VT0 0000000U
#define VT1 0040000U
#define FFDLY 0100000U
#define FF0 0000000U
#define FF1 0100000U

/* c_cflag */
#define CSIZE 0000060U
#define CS5 0000000U
#define CS6 0000020U
#define CS7 0000040U
#define CS8 0000060U
#define CSTOPB 0000100U
#define CREAD 0000200U
#define PARENB 0000400U
#define PARODD 0001000U
#define HUPCL 0002000U
#define CLOCAL 0004000U

/* c_lflag */
#define ISIG 0000001U
#define ICANON 0000002U
#define ECHO 0000010U
#define ECHOE 0000020U
#define ECHOK 0000040U
#define ECHONL 0000100U
#define NOFLSH 0000200U
#define TOSTOP 0000400U
#define ECHOCTL 0001000U
#define IEXTEN 0100000U

#define B0 0U
#define B50 50U
#define B75 75U
#define B110 110U
#define B134 134U
#define B150 150U
#define B200 200U
#define B300 300U
#define B600 600U
#define B1200 1200U
#define B1800 1800U
#define B2400 2400U
#define B4800 4800U
#define B9600 9600U
#define B19200 19200U
#define B38400 38400U
#define B57600 57600U
#define B115200 115200U

/* tcsetattr */
#define TCSANOW 0
#define TCSADRAIN 1
#define TCSAFLUSH 2

/* tcflush */
#define TCIFLUSH 0
#define TCOFLUSH 1
#define TCIOFLUSH 2

/* tcflow */
#define TCOOFF 0
#define TCOON 1
#define TCIOFF 2
#define TCION 3

speed_t cfgetispeed(const struct termios *);
speed_t cfgetospeed(const struct termios *);
void cfmakeraw(struct termios *);
int cfsetispeed(struct termios *, speed_t);
int cfsetospeed(struct termios *, speed_t);
int tcdrain(int);
int tcflow(int, int);
int tcflush(int, int);
int tcgetattr(int, struct termios *);
pid_t tcgetsid(int);
int tcsendbreak(int, int);
int tcsetattr(int, int, const struct termios *);

__END_DECLS

#endif
