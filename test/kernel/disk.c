/* SPDX-License-Identifier: MIT */
/*
 * Self-checks of the disks' driver, on all disks of the machine at once, by
 * interrupt. Nothing of them survives: these disks are the test's own. Each tag
 * has a stretch of the disk and a buffer for itself, in frames that are free:
 * the machine ends after the check.
 */
#include "platform/disk.h"
#include "kern/abi/error.h"
#include "kern/interrupt.h"
#include "kern/main.h"
#include "kern/panic.h"
#include "kern/physical.h"
#include "kern/print.h"
#include "kern/time.h"
#include "test/kernel/expect.h"

#define ROUNDS 6
#define RESET_TURNS 8 /* wake-ups from one reset amid requests to the next */
#define COUNT_MAX 32  /* blocks of one request */
#define BUFFER_SIZE ((uint64_t)(COUNT_MAX + 1) * DISK_BLOCK_SIZE)
#define WORDS (DISK_BLOCK_SIZE / 8)
#define SECTOR 512
#define SECONDS 60

/* Where a request is, and of what. */
struct job {
    bool asked;
    bool answered;
    int error;
    enum disk_operation operation;
    unsigned rounds; /* to do */
    uint64_t block;
    uint32_t count;
    uint64_t version; /* of what was written there last */
    unsigned number;
    struct disk_segment segments[DISK_SEGMENTS_MAX];
};

static struct job jobs[DISKS_MAX][DISK_REQUESTS_MAX];
static paddr_t buffers;
static bool numbered[DISKS_MAX];
static unsigned asked; /* and not answered yet */
static unsigned most;
static uint64_t answers[DISKS_MAX];
static uint64_t seed;
static uint64_t deadline;

static uint64_t
random_below(uint64_t limit)
{
    EXPECT(limit > 0);
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % limit;
}

/* What a word of the disk holds: as the test's disks are made, or as `version`
   was written. */
static uint64_t
content(const struct disk *disk, uint64_t word, uint64_t version)
{
    uint64_t at = word % WORDS;

    if (version == 0) {
        return numbered[disk->index] && (at == 0 || at == WORDS - 1)
                   ? word / WORDS
                   : 0;
    }
    return (word + 1) * 0x9e3779b97f4a7c15u + version;
}

/* Cuts the buffer of a tag into pieces for the job: in any number, not at
   pages, and now and then from its end to its start. */
static void
job_cut(struct job *job, const struct disk *disk, unsigned tag)
{
    paddr_t at =
        buffers + (disk->index * DISK_REQUESTS_MAX + tag) * BUFFER_SIZE;
    uint64_t left = (uint64_t)job->count * DISK_BLOCK_SIZE;
    uint64_t end = at + SECTOR * random_below(8) + left;
    bool backwards = random_below(2) != 0;
    uint64_t piece;

    at = end - left;
    for (job->number = 0; left > 0; left -= piece) {
        piece = SECTOR * (1 + random_below(24));
        if (piece > left || job->number + 1 == disk->segments) {
            piece = left;
        }
        end -= piece;
        job->segments[job->number++] =
            (struct disk_segment){backwards ? end : at, (uint32_t)piece};
        at += piece;
    }
}

/* Whether the job's memory is as the disk should be; or makes it so, or makes
   it something else. */
enum what { COMPARE, FILL, SPOIL };

static bool
job_memory(const struct job *job, const struct disk *disk, enum what what)
{
    uint64_t word = job->block * WORDS;

    for (unsigned i = 0; i < job->number; i++) {
        uint64_t *at = direct_map(job->segments[i].address);

        for (unsigned j = 0; j < job->segments[i].bytes / 8; j++, word++) {
            uint64_t wanted = content(disk, word, job->version);

            if (what == COMPARE && at[j] != wanted) {
                printk(PRINT_ERROR, "disk %u, block %lu: %lx, not %lx\n",
                       disk->index, word / WORDS, at[j], wanted);
                return false;
            }
            if (what != COMPARE) {
                at[j] = what == FILL ? wanted : ~wanted;
            }
        }
    }
    return true;
}

static void
job_submit(struct disk *disk, unsigned tag)
{
    const struct job *job = &jobs[disk->index][tag];
    bool flush = job->operation == DISK_FLUSH;

    EXPECT(disk->driver->submit(disk, tag, job->operation,
                                flush ? 0 : job->block, flush ? 0 : job->count,
                                job->segments, job->number) == 0);
}

static void
job_ask(struct disk *disk, unsigned tag, enum disk_operation operation)
{
    struct job *job = &jobs[disk->index][tag];

    EXPECT(!job->asked);
    job->operation = operation;
    job->number = 0;
    if (operation == DISK_READ || operation == DISK_WRITE) {
        job_cut(job, disk, tag);
        (void)job_memory(job, disk, operation == DISK_WRITE ? FILL : SPOIL);
    }
    job->asked = true;
    job->answered = false;
    most = ++asked > most ? asked : most;
    job_submit(disk, tag);
}

static void
on_interrupt(struct disk *disk)
{
    unsigned tag;
    int error;
    enum disk_answer answer;

    disk->driver->acknowledge(disk);
    while ((answer = disk->driver->complete(disk, &tag, &error)) == DISK_DONE) {
        struct job *job = &jobs[disk->index][tag];

        EXPECT(job->asked && !job->answered);
        job->asked = false;
        job->answered = true;
        job->error = error;
        asked--;
        answers[disk->index]++;
    }
    EXPECT(answer == DISK_NOTHING);
}

static void
wait_once(void)
{
    EXPECT(time_now() < deadline);
    time_set(time_now() + time_ticks(100000000));
    interrupt_wait();
    time_set(TIME_NEVER);
}

static void
wait_all(void)
{
    while (asked > 0) {
        wait_once();
    }
}

/* The stretch of the disk that is a tag's own. */
static uint64_t
stretch(const struct disk *disk)
{
    uint64_t blocks = disk->blocks / DISK_REQUESTS_MAX;

    return blocks < COUNT_MAX ? blocks : COUNT_MAX;
}

static void
job_place(struct disk *disk, unsigned tag)
{
    struct job *job = &jobs[disk->index][tag];
    uint64_t first = random_below(stretch(disk));

    job->block = tag * stretch(disk) + first;
    job->count = (uint32_t)(1 + random_below(stretch(disk) - first));
}

static void
begin(void)
{
    const struct memory_run *run = &kernel_memory.free[0];

    for (unsigned i = 1; i < kernel_memory.free_count; i++) {
        const struct memory_run *other = &kernel_memory.free[i];

        run = other->end - other->start > run->end - run->start ? other : run;
    }
    EXPECT(run->end - run->start >=
           BUFFER_SIZE * DISKS_MAX * DISK_REQUESTS_MAX);
    buffers = run->start;
    deadline = time_now() + SECONDS * time_frequency;
    EXPECT(disk_count > 0);
    device_disks_listen(on_interrupt);
}

/* All of each disk is as the test's disks are made, up to its last block. */
static void
check_contents(struct disk *disk)
{
    struct job *job = &jobs[disk->index][0];
    const uint64_t *memory;

    EXPECT(disk->requests == DISK_REQUESTS_MAX && disk->blocks > 1 &&
           stretch(disk) > 0);
    job->block = 1;
    job->count = 1;
    job->number = 1;
    job_ask(disk, 0, DISK_READ);
    wait_all();
    memory = direct_map(job->segments[0].address);
    numbered[disk->index] = *memory == 1;
    printk(PRINT_INFO, "check: disk %u is %s\n", disk->index,
           *memory == 1 ? "numbered" : "empty");
    for (uint64_t block = 0; block < disk->blocks;) {
        unsigned tag = 0;

        for (; tag < disk->requests && block < disk->blocks; tag++) {
            uint64_t left = disk->blocks - block;

            job = &jobs[disk->index][tag];
            job->block = block;
            job->count = (uint32_t)(left < COUNT_MAX ? left : COUNT_MAX);
            block += job->count;
            job_ask(disk, tag, DISK_READ);
        }
        wait_all();
        while (tag-- > 0) {
            job = &jobs[disk->index][tag];
            EXPECT(job->error == 0);
            EXPECT(job_memory(job, disk, COMPARE));
        }
    }
}

/* A device of a read-only disk refuses by itself what nobody should ask. */
static void
check_read_only(const struct disk *disk)
{
    struct disk writable = *disk;
    struct job *job = &jobs[disk->index][0];

    writable.read_only = false;
    job->block = 0;
    job->count = 1;
    job->version = 1;
    job_ask(&writable, 0, DISK_WRITE);
    wait_all();
    EXPECT(job->error == -EIO);
    job->version = 0;
    printk(PRINT_INFO, "check: disk %u is read-only\n", disk->index);
}

/* What a tag does when it has been answered: write, flush, read, compare, and
   that some times over. */
static void
job_step(struct disk *disk, unsigned tag)
{
    struct job *job = &jobs[disk->index][tag];

    job->answered = false;
    EXPECT(job->error == 0);
    if (job->operation == DISK_WRITE && disk->flush) {
        job_ask(disk, tag, DISK_FLUSH);
        return;
    }
    if (job->operation != DISK_READ) {
        job_ask(disk, tag, DISK_READ);
        return;
    }
    EXPECT(job_memory(job, disk, COMPARE));
    if (--job->rounds > 0) {
        job_place(disk, tag);
        job->version = 1 + random_below(1000);
        job_ask(disk, tag, DISK_WRITE);
    }
}

/* Resets a disk in the middle of it, and asks again for what had not been
   answered; how much. */
static unsigned
reset_amid(struct disk *disk)
{
    unsigned again = 0;

    EXPECT(disk->driver->reset(disk));
    for (unsigned tag = 0; tag < disk->requests; tag++) {
        if (jobs[disk->index][tag].asked) {
            job_submit(disk, tag);
            again++;
        }
    }
    return again;
}

static void
check_many(void)
{
    unsigned again = 0;
    unsigned next = 0;

    for (unsigned i = 0; i < disk_count; i++) {
        for (unsigned tag = 0; tag < disk_table[i].requests; tag++) {
            jobs[i][tag].rounds = disk_table[i].read_only ? 1 : ROUNDS;
            job_place(&disk_table[i], tag);
            job_ask(&disk_table[i], tag, DISK_READ);
        }
    }
    for (unsigned turn = 0; asked > 0; turn++) {
        if (turn % RESET_TURNS == 0) {
            again += reset_amid(&disk_table[next]);
            next = next + 1 < disk_count ? next + 1 : 0;
        }
        wait_once();
        for (unsigned i = 0; i < disk_count; i++) {
            for (unsigned tag = 0; tag < disk_table[i].requests; tag++) {
                if (jobs[i][tag].answered) {
                    job_step(&disk_table[i], tag);
                }
            }
        }
    }
    EXPECT(most == disk_count * DISK_REQUESTS_MAX);
    EXPECT(again >= DISK_REQUESTS_MAX);
    printk(PRINT_INFO, "check: %u requests asked again amid others\n", again);
}

/* What is discarded may read as anything, and what is beside it does not. */
static void
check_discard(struct disk *disk)
{
    struct job *before = &jobs[disk->index][0];
    struct job *middle = &jobs[disk->index][1];
    struct job *behind = &jobs[disk->index][2];
    uint64_t kept = 0;

    for (unsigned tag = 0; tag < 3; tag++) {
        jobs[disk->index][tag].block = 8 + 4 * tag;
        jobs[disk->index][tag].count = 4;
        jobs[disk->index][tag].version = 77;
        job_ask(disk, tag, DISK_WRITE);
    }
    wait_all();
    job_ask(disk, 1, DISK_DISCARD);
    wait_all();
    EXPECT(middle->error == 0);
    for (unsigned tag = 0; tag < 3; tag++) {
        job_ask(disk, tag, DISK_READ);
    }
    wait_all();
    EXPECT(before->error == 0 && middle->error == 0 && behind->error == 0);
    EXPECT(job_memory(before, disk, COMPARE));
    EXPECT(job_memory(behind, disk, COMPARE));
    for (unsigned i = 0; i < middle->number; i++) {
        const uint64_t *at = direct_map(middle->segments[i].address);

        for (unsigned j = 0; j < middle->segments[i].bytes / 8; j++) {
            kept += at[j] != 0;
        }
    }
    printk(PRINT_INFO, "check: disk %u discards, %lu words left\n", disk->index,
           kept);
}

/* Asks for one block by every tag. */
static void
ask_all(struct disk *disk, enum disk_operation operation, uint64_t version)
{
    for (unsigned tag = 0; tag < disk->requests; tag++) {
        struct job *job = &jobs[disk->index][tag];

        job->block = tag;
        job->count = 1;
        job->version = version;
        job_ask(disk, tag, operation);
    }
}

/* Whether all have been answered so; says which were not. */
static bool
all_read(const struct disk *disk)
{
    bool well = true;

    for (unsigned tag = 0; tag < disk->requests; tag++) {
        const struct job *job = &jobs[disk->index][tag];

        if (job->error != 0) {
            EXPECT(job->error == -EIO);
            printk(PRINT_INFO, "check: block %lu failed\n", job->block);
            well = false;
        } else {
            EXPECT(job_memory(job, disk, COMPARE));
        }
    }
    return well;
}

/* With all requests in flight, which are asked again after it. */
static void
check_reset(struct disk *disk)
{
    unsigned tag;
    int error;

    EXPECT(disk->driver->reset(disk));
    EXPECT(disk->driver->complete(disk, &tag, &error) == DISK_NOTHING);
    for (tag = 0; tag < disk->requests; tag++) {
        struct job *job = &jobs[disk->index][tag];

        EXPECT(job->asked);
        job->asked = false;
        asked--;
        job_ask(disk, tag, DISK_READ);
    }
    wait_all();
    EXPECT(all_read(disk));
    printk(PRINT_INFO, "check: disk %u is reset with %u in flight\n",
           disk->index, disk->requests);
}

/* A disk that is not heard any more still answers who looks. */
static void
check_silence(struct disk *disk)
{
    uint64_t until = time_now() + time_ticks(50000000);

    device_disk_silence(disk);
    job_ask(disk, 0, DISK_READ);
    while (time_now() < until) {
        (void)interrupt_poll();
    }
    EXPECT(asked == 1);
    while (asked > 0) {
        EXPECT(time_now() < deadline);
        on_interrupt(disk);
    }
}

void
check_disk(void)
{
    begin();
    for (unsigned i = 0; i < disk_count; i++) {
        struct disk *disk = &disk_table[i];

        check_contents(disk);
        if (disk->read_only) {
            check_read_only(disk);
        }
    }
    check_many();
    for (unsigned i = 0; i < disk_count; i++) {
        struct disk *disk = &disk_table[i];
        uint64_t version = disk->read_only ? 0 : 5;

        if (!disk->read_only) {
            ask_all(disk, DISK_WRITE, version);
            wait_all();
        }
        ask_all(disk, DISK_READ, version);
        check_reset(disk);
        if (disk->discard) {
            check_discard(disk);
        }
        EXPECT(answers[i] / 2 >= DISK_REQUESTS_MAX);
    }
    EXPECT(hart_self()->count_external > 0);
    check_silence(&disk_table[0]);
}

/* A disk on which some blocks cannot be read: those, and no others. */
void
check_disk_error(void)
{
    struct disk *disk = &disk_table[0];

    begin();
    ask_all(disk, DISK_READ, 0);
    wait_all();
    EXPECT(!all_read(disk));
}

/* A disk that needs long: nothing has come when it is reset, and nothing of
   what was asked before comes later. */
void
check_disk_slow(void)
{
    struct disk *disk = &disk_table[0];

    begin();
    ask_all(disk, DISK_READ, 0);
    for (uint64_t until = time_now() + time_ticks(20000000);
         time_now() < until;) {
        (void)interrupt_poll();
    }
    EXPECT(answers[0] == 0 && asked == disk->requests);
    check_reset(disk);
    EXPECT(answers[0] == disk->requests);
}
