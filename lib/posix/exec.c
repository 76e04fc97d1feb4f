/* SPDX-License-Identifier: MIT */
/*
 * The old program's memory goes, and the new one's comes, while this still runs
 * on the old stack. That goes last, while a small piece runs on a stack of its
 * own.
 */
#include "lib/posix/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/exo/elf.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/posix/image.h"
#include "lib/posix/layout.h"
#include "lib/posix/memory.h"
#include "lib/posix/posix.h"
#include "lib/posix/space.h"

#define PAGE ((uint64_t)FRAME_SIZE)
#define HEAD 1024 /* bytes, with all that a program's headers say */
#define TAIL_STACK 3072
#define INTERPRETERS_MAX 4 /* scripts that scripts are run by */

/* What is left to be done on the other stack. */
static struct tail {
    uint64_t entry;
    uint64_t end; /* of the program */
    struct exec_stack stack;
    _Alignas(16) unsigned char bytes[TAIL_STACK];
} tail = {.entry = 0};

static int64_t
file_bytes(const struct exec_file *file, void *bytes, size_t count,
           uint64_t offset)
{
    if (file->bytes == NULL) {
        return file_pread(file->descriptor, bytes, count, (off_t)offset);
    }
    if (offset >= file->size) {
        return 0;
    }
    count = count < file->size - offset ? count : file->size - offset;
    memcpy(bytes, file->bytes + offset, count);
    return (int64_t)count;
}

/* All `count` bytes, or -EIO. */
static int64_t
file_bytes_all(const struct exec_file *file, void *bytes, size_t count,
               uint64_t offset)
{
    size_t done = 0;

    while (done < count) {
        int64_t some =
            file_bytes(file, (char *)bytes + done, count - done, offset + done);

        if (some <= 0) {
            return some < 0 ? some : -EIO;
        }
        done += (size_t)some;
    }
    return 0;
}

/* Segments of a program lie where the heap can go on behind them. */
static int64_t
head_check(const struct exec_file *file, const void *head, size_t count)
{
    struct exo_segment segment;

    if (exo_elf_check_head(head, count, file->size, &tail.entry) < 0) {
        return -ENOEXEC;
    }
    for (unsigned i = 0; exo_elf_segment(head, i, &segment); i++) {
        tail.end = segment.address + segment.memory_size;
        if (segment.address < POSIX_PROGRAM || tail.end > LIBOS_DATA_END) {
            return -ENOEXEC;
        }
    }
    return 0;
}

/* A program begins with the stamp of the image that it was linked with. */
static int64_t
stamp_check(const struct exec_file *file, const void *head)
{
    struct exo_segment segment;
    uint64_t stamp = 0;
    int64_t error = 0;

    if (exo_elf_segment(head, 0, &segment)) {
        error = file_bytes_all(file, &stamp, sizeof(stamp), segment.offset);
    }
    return error < 0 ? error : stamp == (uint64_t)libos_stamp ? 0 : -ENOTSUP;
}

static int64_t
segment_load(const struct exec_file *file, const struct exo_segment *segment)
{
    uint64_t from = segment->address & ~(PAGE - 1);
    uint64_t end = segment->address + segment->memory_size;
    uint64_t pages = (end - from + PAGE - 1) / PAGE;
    int64_t error = space_make(from, pages, EXO_W);

    error = error < 0 ? error
                      : file_bytes_all(file, (void *)segment->address,
                                       segment->file_size, segment->offset);
    return error < 0 || (segment->bits & EXO_W) != 0
               ? error
               : space_protect(from, pages, EXO_W, segment->bits & EXO_X);
}

/* On the other stack: the old one goes, and the new program begins. */
static void
tail_do(void *unused)
{
    int64_t error = space_clear(POSIX_STACK_BOTTOM, POSIX_STACK_TOP);

    (void)unused;
    error = error < 0 ? error : exec_stack_map(&tail.stack);
    if (error < 0) {
        process_exit(SIGKILL);
    }
    memory_exec(tail.end);
    image_anew();
    exo_code_fence();
    posix_enter(tail.entry, (void *)tail.stack.stack);
}

/* What the process is called: the last name of the path. */
static void
process_rename(const char *path)
{
    const char *slash = strrchr(path, '/');

    strlcpy(process_self->name, slash == NULL ? path : slash + 1,
            POSIX_PROCESS_NAME);
}

int64_t
exec_replace(const struct exec_file *file, const struct exec_words *words,
             const char *name)
{
    size_t count = file->size < HEAD ? (size_t)file->size : HEAD;
    struct exo_segment segment;
    uint64_t head[HEAD / sizeof(uint64_t)];
    int64_t error = file_bytes_all(file, head, count, 0);

    error = error < 0 ? error : head_check(file, head, count);
    error = error < 0 ? error : stamp_check(file, head);
    error = error < 0 ? error : exec_stack_make(&tail.stack, words);
    if (error < 0) {
        return error;
    }
    process_rename(name);
    error = space_clear(0, POSIX_STACK_BOTTOM);
    error = error < 0 ? error : space_clear(POSIX_PROGRAM, LIBOS_DATA_END);
    error = error < 0 ? error : space_clear(POSIX_MAP, POSIX_MAP_END);
    for (unsigned i = 0; error >= 0 && exo_elf_segment(head, i, &segment);
         i++) {
        error = segment_load(file, &segment);
    }
    if (error < 0) {
        process_exit(SIGKILL);
    }
    file_exec();
    signal_exec();
    posix_stack(tail.bytes + sizeof(tail.bytes), tail_do, NULL);
}
