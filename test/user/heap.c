/* SPDX-License-Identifier: MIT */
/*
 * malloc under stress: what it gives is nobody else's and keeps its contents;
 * when all is freed, going through the same again takes no more memory; what
 * sbrk gives back is free.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* Not lib/exo/exo.h: its error names are those of <errno.h>. */
#include "test/user/expect.h"
#include "test/user/frames.h"

#define BLOCKS 300
#define STEPS 20000

extern uint64_t exo_id;

static struct {
    unsigned char *bytes;
    size_t size;
    unsigned char fill;
} block[BLOCKS];

static uint64_t state;

static uint64_t
below(uint64_t limit)
{
    state = state * 6364136223846793005 + 1442695040888963407;
    return (state >> 33) % limit;
}

static void
check(unsigned i)
{
    for (size_t j = 0; j < block[i].size; j += j < 64 ? 1 : 61) {
        EXPECT(block[i].bytes[j], block[i].fill);
    }
}

static void
stress(void)
{
    state = 1;
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned i = (unsigned)below(BLOCKS);

        check(i);
        if (block[i].size > 0 && below(3) == 0) {
            size_t size = below(2000) + 1;

            block[i].bytes = realloc(block[i].bytes, size);
            EXPECT(block[i].bytes != NULL, 1);
            block[i].size = block[i].size < size ? block[i].size : size;
            check(i);
        }
        free(block[i].bytes);
        block[i].size = below(100) == 0 ? below(300000) : below(600);
        block[i].bytes = malloc(block[i].size);
        EXPECT(block[i].bytes != NULL, 1);
        block[i].fill = (unsigned char)step;
        memset(block[i].bytes, block[i].fill, block[i].size);
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        check(i);
        free(block[i].bytes);
        block[i].bytes = NULL;
        block[i].size = 0;
    }
}

int
main(void)
{
    unsigned frames;
    void *more;
    char *end;

    stress();
    frames = frames_of(exo_id);
    stress();
    EXPECT(frames_of(exo_id), frames);

    end = sbrk(0);
    EXPECT((char *)sbrk(1000000) - end, 0);
    end[0] = end[999999] = 1;
    EXPECT(frames_of(exo_id) > frames + 200, 1);
    EXPECT((char *)sbrk(-1000000) - end, 1000000);
    /* A page table may have come, of two frames. */
    EXPECT(frames_of(exo_id) - frames <= 2, 1);

    /* More than there is: an error, and nothing is lost. */
    frames = frames_of(exo_id);
    EXPECT(sbrk((ptrdiff_t)1 << 40) == (void *)-1, 1);
    EXPECT(sbrk(PTRDIFF_MIN) == (void *)-1, 1);
    EXPECT(sbrk((ptrdiff_t)1 << 34) == (void *)-1, 1);
    EXPECT(errno, ENOMEM);
    errno = 0;
    more = malloc((size_t)1 << 40);
    EXPECT(more == NULL, 1);
    free(more);
    EXPECT(errno, ENOMEM);
    EXPECT(frames_of(exo_id), frames);
    EXPECT((char *)sbrk(0) - end, 0);
    stress();
    printf("test: heap ok\n");
    return 0;
}
