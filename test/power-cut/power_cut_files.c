/* SPDX-License-Identifier: MIT */
/*
 * Judges the files of a disk, or of every disk that a power cut may leave of a
 * trace: it is recovered, mounted and repaired; then the check finds nothing,
 * and of the files of posix_power (test/user) each is as it was durable. The
 * one that was written at that moment may be half done, but no worse than what
 * was done to it permits.
 */
#include "kern/abi/error.h"
#include "lib/fs/check.h"
#include "lib/fs/path.h"
#include "test/host/check.h"
#include "test/host/fs_host.h"
#include "test/power-cut/files.h"
#include "test/power-cut/replay.h"

#define ENTRIES 512

static const char usage[] =
    "usage: power-cut-files replay BEFORE LOG [OPTION]...\n"
    "       power-cut-files check DISK [SEED DONE]\n"
    "\n"
    "replay judges every disk that a cut may leave of a log of blklogwrites, "
    "on\n"
    "the disk BEFORE; check one disk, by the mark that is on it, where at "
    "least\n"
    "so many operations were said to be durable.\n"
    "\n"
    "  --seed N        of what is chosen at random\n"
    "  --subsets N     disks of one window at most (64)\n"
    "  --lose-flush N  every N-th flush does nothing\n"
    "\n"
    "Status: 0 all are right; 1 one is not; 2 wrong call.\n";

static struct fs fs;
static uint8_t *work;
static uint8_t bytes[FILES_BYTES + 1];
static struct files_state state[FILES_COUNT]; /* after `at` */
static struct files_state next[FILES_COUNT];
static struct files_mark at;
static uint64_t repairs;

_Noreturn static void
usage_exit(void)
{
    (void)fputs(usage, stderr);
    exit(2);
}

static uint64_t
number(const char *text)
{
    char *end;
    uint64_t value;

    if (text == NULL) {
        usage_exit();
    }
    value = strtoull(text, &end, 0);
    if (end == text || *end != '\0') {
        usage_exit();
    }
    return value;
}

/* The files after so many operations of a seed. */
static void
state_at(const struct files_mark *mark)
{
    if (at.seed != mark->seed || at.done > mark->done) {
        memset(state, 0, sizeof(state));
        at = (struct files_mark){.seed = mark->seed};
    }
    while (at.done < mark->done) {
        struct files_operation o = files_operation(at.seed, ++at.done);

        (void)files_do(state, &o);
    }
}

/* The operation that came next. */
static struct files_operation
operation_next(void)
{
    struct files_operation o;
    uint64_t n = at.done;

    memcpy(next, state, sizeof(next));
    do {
        o = files_operation(at.seed, ++n);
    } while (!files_do(next, &o));
    return o;
}

/* What is found of a file: its size, or -1. */
static int64_t
file_read(uint32_t i)
{
    struct fs_file *file;
    int64_t count;

    if (fs_path_open(&fs, files_path(i), false, &file) != 0) {
        return -1;
    }
    count = fs_read(&fs, file, 0, bytes, sizeof(bytes));
    fs_close(&fs, file);
    return count < 0 ? -2 : count;
}

static bool
is_as(int64_t size, const struct files_state *s)
{
    return s->there ? size == s->size && memcmp(bytes, s->bytes, s->size) == 0
                    : size == -1;
}

/* NULL, or what is wrong with a file to which `kind` was being done. */
static const char *
half_check(uint32_t i, enum files_kind kind)
{
    const struct files_state *old = &state[i];
    int64_t size = file_read(i);

    if (is_as(size, old) || is_as(size, &next[i])) {
        return NULL;
    }
    switch (kind) {
    case FILES_WRITE:
        return size >= 0 || (size == -1 && !old->there)
                   ? NULL
                   : "a file that was written is not there";
    case FILES_APPEND:
        return size >= (int64_t)old->size && size <= (int64_t)next[i].size &&
                       memcmp(bytes, old->bytes, old->size) == 0
                   ? NULL
                   : "a file that grew has lost what it had";
    case FILES_REPLACE:
        return "a file that was replaced is neither the old nor the new one";
    case FILES_REMOVE:
        return "a file that was removed is neither there nor gone";
    }
    return "no such operation";
}

static const char *
files_check(const struct files_mark *mark)
{
    struct files_operation o;

    state_at(mark);
    o = operation_next();
    for (uint32_t i = 0; i < FILES_COUNT; i++) {
        if (i == o.file) {
            const char *why = half_check(i, o.kind);

            if (why != NULL) {
                return why;
            }
        } else if (!is_as(file_read(i), &state[i])) {
            return state[i].there ? "a file that was durable is another one"
                                  : "a file that was removed is there";
        }
    }
    return NULL;
}

/* The mark that the disk has; false: none. */
static bool
mark_read(struct files_mark *mark)
{
    struct fs_file *file;
    int64_t count;

    if (fs_path_open(&fs, FILES_MARKS, false, &file) != 0) {
        return false;
    }
    count = fs_read(&fs, file, 0, mark, sizeof(*mark));
    fs_close(&fs, file);
    return count == sizeof(*mark) &&
           memcmp(mark->magic, REPLAY_MARK, sizeof(REPLAY_MARK)) == 0;
}

static const char *
mount(uint64_t blocks)
{
    struct fs_volume *volume;
    struct fs_check report;
    int64_t error;

    if (fs_host_begin(work, blocks, NULL, ENTRIES) != 0) {
        return "the disk cannot be recovered";
    }
    error = fs_host_tree(FS_TREE_NAME, false, &volume);
    error = error == 0 ? fs_mount(&fs, volume) : error;
    if (error < 0) {
        return "it cannot be mounted";
    }
    if (error == 1) {
        if (fs_check(&fs, true, NULL, NULL, &report) != 0) {
            return "it cannot be repaired";
        }
        repairs += report.repaired;
    }
    return fs_check(&fs, false, NULL, NULL, &report) == 0 && report.faults == 0
               ? NULL
               : "repaired, it is not right";
}

static const char *
unmount(void)
{
    if (fs_unmount(&fs) != 0) {
        return "it cannot be unmounted";
    }
    return fs_host_check() == NULL ? NULL
                                   : "the table of blocks is another one";
}

static bool
cut_check(void *context, const uint8_t *disk, uint64_t size,
          const struct replay_cut *cut)
{
    const char **why = context;
    struct files_mark mark;

    memcpy(work, disk, size);
    *why = mount(size / FS_BLOCK);
    if (*why == NULL && cut->mark != NULL) {
        memcpy(&mark, cut->mark, sizeof(mark));
        *why = files_check(&mark);
    }
    if (*why == NULL) {
        *why = unmount();
    }
    return *why == NULL;
}

static int
replay_command(int argc, char **argv)
{
    struct replay_options options = {.seed = 1, .subsets = 64};
    const char *why = NULL;
    struct replay replay = {
        .options = &options, .check = cut_check, .context = &why};
    struct trace trace;
    size_t size;
    size_t log_size;
    uint8_t *image;
    void *log;
    bool good;

    for (int i = 4; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0) {
            options.seed = number(argv[++i]);
        } else if (strcmp(argv[i], "--subsets") == 0) {
            options.subsets = number(argv[++i]);
        } else if (strcmp(argv[i], "--lose-flush") == 0) {
            options.flush_lost = number(argv[++i]);
        } else {
            usage_exit();
        }
    }
    image = file_load(argv[2], &size);
    log = file_load(argv[3], &log_size);
    work = malloc(size);
    CHECK(work != NULL);
    good = trace_open(&trace, log, log_size) &&
           replay_run(&replay, &trace, image, size);
    printf("power-cut: %lu writes, %lu flushes, %lu disks, %lu operations, %lu "
           "repairs\n",
           replay.writes, replay.flushes, replay.images, at.done, repairs);
    if (!good) {
        printf("power-cut: failed: %s (window %lu, %lu of its %lu writes, seed "
               "%lu)\n",
               replay.fault != NULL  ? replay.fault
               : trace.fault != NULL ? trace.fault
                                     : why,
               replay.cut.window, replay.cut.kept, replay.cut.writes,
               options.seed);
    } else if (at.done == 0) {
        printf("power-cut: failed: nothing was said to be durable\n");
        good = false;
    }
    fs_host_end();
    free(work);
    free(image);
    free(log);
    return !good;
}

static int
check_command(int argc, char **argv)
{
    struct files_mark mark = {.seed = 0};
    const char *why;
    size_t size;

    if (argc != 3 && argc != 5) {
        usage_exit();
    }
    work = file_load(argv[2], &size);
    why = mount(size / FS_BLOCK);
    if (why == NULL && argc == 5) {
        if (!mark_read(&mark) || mark.seed != number(argv[3]) ||
            mark.done < number(argv[4])) {
            why = "what was said to be durable is not there";
        } else {
            why = files_check(&mark);
        }
    }
    why = why == NULL ? unmount() : why;
    printf("power-cut: %s\n", why == NULL ? "right" : why);
    fs_host_end();
    free(work);
    return why != NULL;
}

int
main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[1], "replay") == 0) {
        return replay_command(argc, argv);
    }
    if (argc >= 3 && strcmp(argv[1], "check") == 0) {
        return check_command(argc, argv);
    }
    usage_exit();
}
