/* SPDX-License-Identifier: MIT */
/*
 * Memory of a process: mappings made, changed, split and taken away; the heap
 * up and down; a stack that grows; what may not be touched ends the process.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kern/abi/account.h"
#include "kern/abi/information.h"
#include "test/user/posix_expect.h"
#include "test/user/posix_used.h"

#define PAGE 4096
#define MANY 600
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define READ_WRITE (PROT_READ | PROT_WRITE)

static unsigned char *
map(size_t size, int rights, int flags)
{
    unsigned char *memory = mmap(NULL, size, rights, flags, -1, 0);

    EXPECT(memory != MAP_FAILED, 1);
    return memory;
}

/* Whether a child that touches the byte ends by SIGSEGV. */
static void
touch(volatile unsigned char *byte, int write, int faults)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        if (write) {
            *byte = 1;
        } else {
            (void)*byte;
        }
        _exit(0);
    }
    EXPECT(waitpid(child, &status, 0), child);
    EXPECT(status, faults ? SIGSEGV : 0);
}

static void
mappings(void)
{
    unsigned char *m = map(16 * PAGE, READ_WRITE, ANONYMOUS);

    for (unsigned i = 0; i < 16 * PAGE; i++) {
        EXPECT(m[i], 0);
        m[i] = (unsigned char)(i / PAGE);
    }
    EXPECT(munmap(m + 4 * PAGE, 2 * PAGE), 0);
    touch(m + 3 * PAGE, 1, 0);
    touch(m + 4 * PAGE, 0, 1);
    touch(m + 5 * PAGE, 1, 1);
    touch(m + 6 * PAGE, 1, 0);
    EXPECT(mprotect(m + 8 * PAGE, PAGE, PROT_READ), 0);
    touch(m + 8 * PAGE, 0, 0);
    touch(m + 8 * PAGE, 1, 1);
    touch(m + 9 * PAGE, 1, 0);
    EXPECT(m[8 * PAGE], 8);
    EXPECT(mprotect(m + 8 * PAGE, PAGE, READ_WRITE), 0);
    m[8 * PAGE] = 88;
    EXPECT(m[8 * PAGE], 88);
    /* What is put there takes the place of what was. */
    EXPECT(mmap(m + 8 * PAGE, PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED, -1, 0) ==
               m + 8 * PAGE,
           1);
    EXPECT(m[8 * PAGE], 0);
    EXPECT(m[9 * PAGE], 9);
    EXPECT(munmap(m, 16 * PAGE), 0);
    touch(m + 8 * PAGE, 0, 1);

    m = map(2 * PAGE, PROT_NONE, ANONYMOUS); /* a guard page, not touched yet */
    EXPECT(mprotect(m, PAGE, READ_WRITE), 0);
    m[0] = 1;
    touch(m + PAGE, 0, 1);
    EXPECT_ERROR(mprotect(m, PAGE, PROT_NONE), ENOTSUP);
    EXPECT(munmap(m, 2 * PAGE), 0);
}

static void
refusals(void)
{
    EXPECT(mmap(NULL, 0, PROT_READ, ANONYMOUS, -1, 0) == MAP_FAILED, 1);
    EXPECT(errno, EINVAL);
    EXPECT(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0) == MAP_FAILED, 1);
    EXPECT(errno, EINVAL);
    EXPECT(mmap((void *)0x123, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0) ==
               MAP_FAILED,
           1);
    EXPECT(errno, EINVAL);
    EXPECT(mmap((void *)0x40000000, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1,
                0) == MAP_FAILED,
           1);
    EXPECT(errno, EINVAL);
    EXPECT(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0) == MAP_FAILED, 1);
    EXPECT(errno, EBADF);
    EXPECT(mmap(NULL, (size_t)1 << 60, PROT_READ, ANONYMOUS, -1, 0) ==
               MAP_FAILED,
           1);
    EXPECT(errno, ENOMEM);
    EXPECT_ERROR(munmap((void *)0x40000000, PAGE), EINVAL);
    EXPECT_ERROR(mprotect((void *)0x40000000, PAGE, READ_WRITE), EINVAL);
    EXPECT_ERROR(msync((void *)0x7000000000, PAGE, MS_SYNC), ENOMEM);
}

static void
files(void)
{
    static const char text[] = "what stands in a file";
    int file = open("/memory", O_RDWR | O_CREAT, 0600);
    char *m;

    EXPECT(file >= 0, 1);
    EXPECT(write(file, text, sizeof(text)), sizeof(text));
    m = mmap(NULL, sizeof(text), READ_WRITE, MAP_PRIVATE, file, 0);
    EXPECT(m != MAP_FAILED, 1);
    EXPECT(memcmp(m, text, sizeof(text)), 0);
    EXPECT(m[sizeof(text)], 0);
    m[0] = 'W'; /* not in the file */
    EXPECT(lseek(file, 0, SEEK_SET), 0);
    EXPECT(read(file, m + 100, 1), 1);
    EXPECT(m[100], 'w');
    EXPECT(munmap(m, sizeof(text)), 0);
    m = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0);
    EXPECT(m != MAP_FAILED, 1);
    touch((unsigned char *)m, 0, 0);
    touch((unsigned char *)m, 1, 1);
    EXPECT(munmap(m, PAGE), 0);
    EXPECT(close(file), 0);
    EXPECT(unlink("/memory"), 0);
}

static void
heap(void)
{
    unsigned char *now = sbrk(0);

    EXPECT(sbrk(100 * PAGE) == now, 1);
    memset(now, 1, 100 * PAGE);
    EXPECT(sbrk(-100 * PAGE) == now + 100 * PAGE, 1);
    EXPECT(sbrk(0) == now, 1);
    touch(now + 50 * PAGE, 0, 1);
    EXPECT(sbrk(100 * PAGE) == now, 1);
    EXPECT(now[50 * PAGE], 0);
    EXPECT(sbrk(-100 * PAGE) == now + 100 * PAGE, 1);
    EXPECT(sbrk((intptr_t)1 << 40) == (void *)-1, 1);
    EXPECT(errno, ENOMEM);
}

/* What stands in a frame is looked at again when those below are gone. */
static unsigned
grow(unsigned depth)
{
    volatile unsigned char here[PAGE];
    unsigned below;

    here[0] = (unsigned char)depth;
    below = depth == 0 ? 0 : grow(depth - 1) + 1;
    return below + (here[0] != (unsigned char)depth);
}

int
main(void)
{
    uint64_t frames = 0;

    for (unsigned round = 0; round < 3; round++) {
        mappings();
        refusals();
        files();
        heap();
        EXPECT(munmap(map(MANY * PAGE, READ_WRITE, ANONYMOUS), MANY * PAGE), 0);
        if (round == 0) {
            frames = frames_used();
        }
    }
    EXPECT(frames_used(), frames);
    printf("memory: mappings\n");
    EXPECT(grow(1000), 1000);
    touch((unsigned char *)0x10, 0, 1);
    touch((unsigned char *)0x40000000, 0, 0); /* the libOS: to be read only */
    touch((unsigned char *)0x40000000, 1, 1);
    if (fork() == 0) {
        (void)grow(1000000); /* beyond what a stack may be */
        _exit(0);
    }
    {
        int status = 0;

        EXPECT(wait(&status) > 0, 1);
        EXPECT(WTERMSIG(status), SIGSEGV);
    }
    printf("memory: ok\n");
    return 0;
}
