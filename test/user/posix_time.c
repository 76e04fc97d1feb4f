/* SPDX-License-Identifier: MIT */
/*
 * Clocks, random bytes, names and limits.
 */
#include <limits.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "test/user/posix_expect.h"

#define YEAR_2020 1577836800

static double
seconds(clockid_t clock)
{
    struct timespec time;

    EXPECT(clock_gettime(clock, &time), 0);
    EXPECT(time.tv_nsec >= 0 && time.tv_nsec < 1000000000, 1);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void
spin(double span)
{
    double end = seconds(CLOCK_MONOTONIC) + span;

    while (seconds(CLOCK_MONOTONIC) < end) {
    }
}

static void
clocks(void)
{
    struct timeval day;
    struct timespec span;
    struct tms used;
    double real = seconds(CLOCK_REALTIME);
    double last = seconds(CLOCK_MONOTONIC);
    clock_t begun = clock();
    clock_t ticks = times(&used);

    EXPECT(real > YEAR_2020, 1); /* QEMU has a clock */
    for (int i = 0; i < 10000; i++) {
        double now = seconds(CLOCK_MONOTONIC);

        EXPECT(now >= last, 1);
        last = now;
    }
    EXPECT(gettimeofday(&day, NULL), 0);
    EXPECT((double)day.tv_sec - real < 10 && (double)day.tv_sec >= real - 1, 1);
    EXPECT(day.tv_usec >= 0 && day.tv_usec < 1000000, 1);
    EXPECT(time(NULL) - day.tv_sec <= 1, 1);
    EXPECT(clock_getres(CLOCK_MONOTONIC, &span), 0);
    EXPECT(span.tv_sec == 0 && span.tv_nsec > 0, 1);
    EXPECT_ERROR(clock_gettime(77, &span), EINVAL);
    EXPECT_ERROR(clock_getres(77, &span), EINVAL);
    EXPECT_ERROR(clock_settime(CLOCK_REALTIME, &span), EPERM);
    EXPECT_ERROR(clock_settime(CLOCK_MONOTONIC, &span), EINVAL);

    /* What is slept is not used. */
    begun = clock();
    EXPECT(usleep(200000), 0);
    EXPECT(clock() - begun < CLOCKS_PER_SEC / 10, 1);
    begun = clock();
    spin(0.2);
    EXPECT(clock() - begun >= CLOCKS_PER_SEC / 6, 1);
    EXPECT(times(&used) - ticks >= (clock_t)sysconf(_SC_CLK_TCK) * 4 / 10, 1);
}

static void
sleeps(void)
{
    struct timespec until;
    double begun = seconds(CLOCK_MONOTONIC);

    EXPECT(clock_gettime(CLOCK_MONOTONIC, &until), 0);
    until.tv_sec++;
    EXPECT(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0);
    EXPECT(seconds(CLOCK_MONOTONIC) - begun >= 1, 1);
    EXPECT(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0);
    EXPECT(clock_nanosleep(77, 0, &until, NULL), EINVAL);
    EXPECT(seconds(CLOCK_MONOTONIC) - begun < 2, 1);
}

/* No two processes get the same, and bits are evenly 0 and 1. */
static void
randoms(void)
{
    unsigned char bytes[4000];
    unsigned char again[16];
    unsigned char *shared;
    unsigned ones = 0;
    int status;

    EXPECT(getrandom(bytes, sizeof(bytes), 0), sizeof(bytes));
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        ones += (unsigned)__builtin_popcount(bytes[i]);
    }
    EXPECT(ones > 15500 && ones < 16500, 1);
    EXPECT(getentropy(bytes, 16), 0);
    EXPECT(getentropy(again, 16), 0);
    EXPECT(memcmp(bytes, again, 16) != 0, 1);
    EXPECT_ERROR(getentropy(bytes, 257), EIO);
    EXPECT_ERROR(getrandom(bytes, 1, 77), EINVAL);
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(shared != MAP_FAILED, 1);
    for (int i = 0; i < 5; i++) {
        pid_t child = fork();

        if (child == 0) {
            EXPECT(getrandom(shared, 16, 0), 16);
            _exit(0);
        }
        EXPECT(getrandom(bytes, 16, 0), 16);
        EXPECT(waitpid(child, &status, 0), child);
        EXPECT(status, 0);
        EXPECT(memcmp(bytes, shared, 16) != 0, 1);
    }
}

static void
names(void)
{
    struct utsname name;
    struct rlimit limit;
    char host[HOST_NAME_MAX];

    EXPECT(uname(&name), 0);
    EXPECT(strcmp(name.sysname, "Chitin"), 0);
    EXPECT(strcmp(name.machine, "riscv64"), 0);
    EXPECT(gethostname(host, sizeof(host)), 0);
    EXPECT(strcmp(host, name.nodename), 0);
    EXPECT_ERROR(gethostname(host, 2), ENAMETOOLONG);
    EXPECT(sysconf(_SC_PAGESIZE), 4096);
    EXPECT(sysconf(_SC_OPEN_MAX) >= _POSIX_OPEN_MAX, 1);
    EXPECT(sysconf(_SC_NPROCESSORS_ONLN) >= 1, 1);
    EXPECT(sysconf(_SC_PHYS_PAGES) > 1000, 1);
    EXPECT_ERROR(sysconf(-7), EINVAL);
    errno = 0;
    EXPECT(sysconf(_SC_AIO_MAX), -1);
    EXPECT(errno, 0);
    EXPECT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT(limit.rlim_cur, sysconf(_SC_OPEN_MAX));
    EXPECT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur--;
    EXPECT_ERROR(setrlimit(RLIMIT_NOFILE, &limit), EPERM);
    EXPECT_ERROR(getrlimit(77, &limit), EINVAL);
}

int
main(void)
{
    clocks();
    sleeps();
    randoms();
    names();
    printf("test: time ok\n");
    return 0;
}
