/* SPDX-License-Identifier: MIT */
/*
 * Judges disks: that of a file, or every disk that a power cut may leave of a
 * trace. scripts/power-cut makes the traces.
 */
#include "test/host/check.h"
#include "test/power-cut/judge.h"
#include "test/power-cut/replay.h"

static const char usage[] =
    "usage: power-cut replay BEFORE LOG [OPTION]...\n"
    "       power-cut check DISK [SEED LOG TREE]\n"
    "       power-cut secret DISK\n"
    "\n"
    "replay judges every disk that a cut may leave of a log of blklogwrites, "
    "on\n"
    "the disk BEFORE; check one disk, of which operations are said to be\n"
    "durable; secret fills a disk with what nobody may ever see.\n"
    "\n"
    "  --seed N        of what is chosen at random\n"
    "  --subsets N     disks of one window at most (256)\n"
    "  --lose-flush N  every N-th flush does nothing\n"
    "  --torn          blocks may be written in part\n"
    "\n"
    "Status: 0 all are right; 1 one is not; 2 wrong call.\n";

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

struct judge {
    struct judge_counts counts;
    const char *why;
};

static bool
cut_judge(void *context, const uint8_t *image, uint64_t bytes,
          const struct replay_cut *cut)
{
    struct judge *judge = context;
    struct mark mark;

    if (cut->mark != NULL) {
        memcpy(&mark, cut->mark, sizeof(mark));
    }
    judge->why = judge_disk(image, bytes, cut->mark != NULL ? &mark : NULL,
                            &judge->counts);
    return judge->why == NULL;
}

static void
disk_save(const char *path, const uint8_t *image, size_t size)
{
    FILE *file = fopen(path, "wb");

    CHECK(file != NULL);
    CHECK(fwrite(image, 1, size, file) == size);
    CHECK(fclose(file) == 0);
}

static int
replay_command(int argc, char **argv)
{
    struct replay_options options = {.seed = 1, .subsets = 256};
    struct judge judge = {0};
    struct replay replay = {
        .options = &options, .check = cut_judge, .context = &judge};
    struct trace trace;
    size_t size;
    size_t log_size;
    uint8_t *image;
    void *log;
    bool good;
    int i;

    for (i = 4; i < argc; i++) {
        if (strcmp(argv[i], "--torn") == 0) {
            options.torn = true;
        } else if (strcmp(argv[i], "--seed") == 0) {
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
    good = trace_open(&trace, log, log_size) &&
           replay_run(&replay, &trace, image, size);
    printf("power-cut: %lu writes, %lu flushes, %lu disks: %lu without a "
           "label, %lu without the trees, %lu with blocks owned twice\n",
           replay.writes, replay.flushes, replay.images, judge.counts.raw,
           judge.counts.empty, judge.counts.twice);
    if (!good) {
        const char *why = replay.fault != NULL  ? replay.fault
                          : trace.fault != NULL ? trace.fault
                                                : judge.why;

        printf("power-cut: failed: %s (window %lu, %lu of its %lu writes, "
               "seed %lu); the disk is %s.failed\n",
               why, replay.cut.window, replay.cut.kept, replay.cut.writes,
               options.seed, argv[3]);
        (void)snprintf(log, log_size, "%s.failed", argv[3]);
        disk_save(log, image, size);
    }
    free(image);
    free(log);
    return !good;
}

static int
check_command(int argc, char **argv)
{
    struct judge_counts counts = {0};
    struct mark mark = {{0}, 0, 0, 0};
    size_t size;
    uint8_t *image;
    const char *why;

    if (argc == 6) {
        mark.seed = number(argv[3]);
        mark.log = number(argv[4]);
        mark.tree = number(argv[5]);
    } else if (argc != 3) {
        usage_exit();
    }
    image = file_load(argv[2], &size);
    why = judge_disk(image, size, &mark, &counts);
    free(image);
    printf("power-cut: %s%s\n",
           why == NULL ? "right" : "failed: ", why == NULL ? "" : why);
    return why != NULL;
}

static int
secret_command(char **argv)
{
    size_t size;
    uint8_t *image = file_load(argv[2], &size);
    const uint64_t secret = JUDGE_SECRET;
    size_t at;

    for (at = 0; at + sizeof(secret) <= size; at += sizeof(secret)) {
        memcpy(image + at, &secret, sizeof(secret));
    }
    disk_save(argv[2], image, size);
    free(image);
    return 0;
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
    if (argc == 3 && strcmp(argv[1], "secret") == 0) {
        return secret_command(argv);
    }
    usage_exit();
}
