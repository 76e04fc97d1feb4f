/* SPDX-License-Identifier: MIT */
/*
 * The loader: an ordinary program from the archive runs in an env of its own,
 * again and again, with and without a console; a broken file, a capability that
 * does not do and want of memory are errors, after which no frame is missing.
 */
#include "lib/exo/program.h"

#include <string.h>
#include <unistd.h>

#include "kern/abi/cap.h"
#include "lib/exo/archive.h"
#include "test/user/expect.h"
#include "test/user/frames.h"

#define CAP 1
#define OWN 7

static const void *file;
static size_t size;
static unsigned char copy[65536];

static void
run(unsigned grants, uint64_t argument)
{
    static const struct exo_grant console = {0, 0, CAP_WRITE};
    struct exo_child child;
    uint64_t id;

    EXPECT(exo_program_load(&child, CAP, file, size), 0);
    EXPECT(exo_program_start(&child, OWN, &console, grants, argument), 0);
    id = child.id;
    EXPECT(frames_of(id) > 20, 1);
    EXPECT(exo_yield(id, exo_uarea), 0);
    EXPECT(exo_uarea->pending, PENDING_DEATH);
    exo_uarea->pending = 0;
    EXPECT(exo_program_end(&child), 0);
    EXPECT(frames_of(id), 0);
}

/* Changes `bytes` bytes of the file at an offset, and tries. */
static void
broken(size_t offset, uint64_t value, size_t bytes)
{
    struct exo_child child;

    memcpy(copy, file, size);
    memcpy(copy + offset, &value, bytes);
    EXPECT(exo_program_load(&child, CAP, copy, size), -EINVAL);
}

static void
refusals(void)
{
    struct exo_child child;
    uint64_t headers;

    memcpy(&headers, (const char *)file + 32, sizeof(headers));
    for (size_t length = 0; length < 64 + 2 * 56; length++) {
        EXPECT(exo_program_load(&child, CAP, file, length), -EINVAL);
    }
    EXPECT(exo_program_load(&child, CAP, file, size / 2), -EINVAL);
    broken(0, 0, 1);                     /* magic */
    broken(4, 1, 1);                     /* 32 bits */
    broken(5, 2, 1);                     /* big-endian */
    broken(16, 3, 2);                    /* position-independent */
    broken(18, 62, 2);                   /* x86 */
    broken(24, 1, 8);                    /* entry: nowhere */
    broken(32, ~0UL, 8);                 /* program headers beyond the file */
    broken(32, size - 1, 8);             /* partly */
    broken(54, 32, 2);                   /* of another size */
    broken(56, 0xffff, 2);               /* too many */
    broken(56, 0, 2);                    /* none: nowhere to enter */
    broken(headers, 3, 4);               /* an interpreter */
    broken(headers, 2, 4);               /* to be linked at run time */
    broken(headers + 4, 7, 4);           /* to write and execute */
    broken(headers + 4, 1, 4);           /* to execute only */
    broken(headers + 8, size, 8);        /* bytes outside of the file */
    broken(headers + 8, ~0UL - 100, 8);  /* and beyond all bounds */
    broken(headers + 16, 0, 8);          /* at page 0 */
    broken(headers + 16, EXO_WINDOW, 8); /* too high */
    broken(headers + 16, ~0UL, 8);
    broken(headers + 32, ~0UL, 8); /* more bytes than room */
    broken(headers + 40, ~0UL, 8);
    broken(headers + 40, 1UL << 36, 8);
    broken(headers + 40, 1UL << 31, 8);
    broken(headers + 56 + 16, 0x10000, 8); /* a second one over the first */
}

static void
capabilities(void)
{
    struct exo_grant grants[2] = {{0, 0, CAP_WRITE}, {40, 1, CAP_WRITE}};
    struct exo_child child;

    EXPECT(exo_program_load(&child, 9, file, size), -EBADF);
    EXPECT(sys_cap_derive(CAP, 2, 0, CAP_READ | CAP_CONTROL), 0);
    EXPECT(exo_program_load(&child, 2, file, size), -EPERM);
    EXPECT(sys_cap_drop(2), 0);
    EXPECT(exo_program_load(&child, CAP, file, size), 0);
    EXPECT(exo_program_start(&child, OWN, grants, 2, 0), -EBADF);
    grants[1] = grants[0]; /* twice the same entry */
    EXPECT(exo_program_load(&child, CAP, file, size), 0);
    EXPECT(exo_program_start(&child, OWN, grants, 2, 0), -EBUSY);
    EXPECT(exo_program_load(&child, CAP, file, size), 0);
    EXPECT(exo_program_end(&child), 0); /* never started */
}

static void
want(void)
{
    char *end = sbrk(0);
    struct exo_child child;

    for (unsigned left = 0; left < 28; left += 3) {
        for (ptrdiff_t step = 1 << 24; step >= 4096; step /= 2) {
            while (sbrk(step) != (void *)-1) {
            }
        }
        (void)sbrk(-(ptrdiff_t)left * 4096);
        EXPECT(exo_program_load(&child, CAP, file, size), -EDQUOT);
    }
    (void)sbrk(end - (char *)sbrk(0));
}

int
main(void)
{
    unsigned before;

    /* Events stay pending until they are looked at; no slices. */
    exo_uarea->entry_interrupt = 0;
    EXPECT(sys_slot_free(0, exo_id, 0, 0), 0);
    EXPECT(exo_archive_find(exo_archive, exo_archive_size, "nothing", &file,
                            &size),
           -ENOENT);
    EXPECT(
        exo_archive_find(exo_archive, exo_archive_size, "hello", &file, &size),
        0);
    for (size_t cut = 0; cut < 300; cut++) {
        EXPECT(exo_archive_find(exo_archive, cut, "hello", &file, &size),
               -EINVAL);
    }
    EXPECT(size <= sizeof(copy), 1);
    EXPECT(sys_cap_fresh(0, CAP), 0);
    run(1, 1);
    before = frames_of(exo_id);
    run(1, 2);
    for (unsigned i = 0; i < 10; i++) {
        run(0, i); /* what it says is heard by nobody */
    }
    EXPECT(frames_of(exo_id), before);
    refusals();
    EXPECT(frames_of(exo_id), before);
    capabilities();
    EXPECT(frames_of(exo_id), before);
    want();
    EXPECT(frames_of(exo_id), before);
    printf("test: program ok\n");
    return 0;
}
