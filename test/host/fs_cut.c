/* SPDX-License-Identifier: MIT */
/*
 * Power cuts: random operations, with syncs; and each disk that a cut may leave
 * is recovered, mounted and repaired. Then
 *
 *   - the check finds nothing more
 *   - every name that a sync promised, and nobody touched since, is there, and
 *     every inode that was not removed has a name, old or new
 *   - what was not written since has exactly its bytes; and no file has a byte
 *     that is neither its own nor zero: not what was on the disk before
 *   - what fs_fsync promised for one file holds for that one
 *   - the space that nobody has is free: recovery finds what the kernel has
 *
 * Without some of the flushes a promise must be found broken.
 *
 *     fs_cut [OPERATIONS [SEED [SUBSETS]]]
 */
#include "kern/abi/error.h"
#include "lib/fs/check.h"
#include "test/host/check.h"
#include "test/host/fs_host.h"
#include "test/host/fs_model.h"
#include "test/power-cut/make.h"
#include "test/power-cut/replay.h"

#define BLOCKS ((uint64_t)2600)
#define BYTES (BLOCKS * FS_BLOCK)
#define ENTRIES 512
#define SYNC_EVERY 9  /* operations */
#define FSYNC_EVERY 4 /* of one file, between */
#define MARK_BLOCK 1  /* is nobody's */
#define SECRET 0x5e

struct promise {
    char magic[16];
    uint64_t synced;  /* operations */
    uint64_t fsynced; /* operations, when file `id` was written out; 0: none */
    uint64_t id;
};

static uint8_t *image; /* with what a cut left */
static uint8_t *work;  /* and the same, repaired */
static struct fs fs;
static uint64_t seed;
static const char *why;

static void
mark(struct make *make, uint64_t synced, uint64_t fsynced, uint64_t id)
{
    static _Alignas(8) uint8_t block[FS_BLOCK];
    struct promise p = {
        .magic = REPLAY_MARK, .synced = synced, .fsynced = fsynced, .id = id};

    memcpy(block, &p, sizeof(p));
    make_write(make, (uint64_t)MARK_BLOCK * FS_BLOCK, block, FS_BLOCK);
}

/* Does the operations on an empty disk, and writes down what the disk is told.
 */
static void
record(struct make *make, uint64_t operations)
{
    static const struct cap_name everybody;
    static struct model m;
    struct fs_volume *volume;
    uint64_t synced = 0;

    memset(image, SECRET, BYTES);
    fs_host_format(image, BLOCKS);
    CHECK_EQUAL(fs_host_begin(image, BLOCKS, make, ENTRIES), 0);
    CHECK_EQUAL(fs_host_tree(FS_TREE_NAME, true, &volume), 0);
    CHECK_EQUAL(fs_make(&fs, volume, &everybody, &everybody), 0);
    mark(make, 0, 0, 0);
    model_begin(&m, seed, 40);
    while (m.done < operations) {
        struct model_operation o;

        model_forget(&m);
        o = model_next(&m);
        model_do(&fs, &m, &o);
        if (m.done % SYNC_EVERY == 0) {
            CHECK_EQUAL(fs_sync(&fs), 0);
            synced = m.done;
            mark(make, synced, 0, 0);
        } else if (m.done % FSYNC_EVERY == 0 && o.kind == MODEL_WRITE) {
            struct fs_file *f = model_open(&fs, &m, o.inode);

            CHECK_EQUAL(fs_fsync(&fs, f), 0);
            fs_close(&fs, f);
            mark(make, synced, m.done, m.inode[o.inode].id);
        }
    }
    model_close(&fs);
    CHECK_EQUAL(fs_unmount(&fs), 0);
    model_end(&m);
}

/*
 * What is found.
 */
#define FOUND_MAX 2000
struct found {
    uint32_t directory; /* ids */
    uint32_t id;
    char name[MODEL_NAME_BYTES];
    size_t size;
    enum fs_file_kind kind;
};
static struct found found[FOUND_MAX];
static unsigned found_count;
static uint8_t bytes[MODEL_FILE_MAX + 40000];

static bool
is_wrong(const char *what)
{
    why = what;
    return false;
}

static struct fs_file *
found_open(const char *name, size_t length, struct fs_file *directory)
{
    struct fs_file *f = NULL;

    return fs_open(&fs, directory, name, length, &f) == 0 ? f : NULL;
}

/* Each byte of a file is its own, or of a hole. */
static bool
bytes_check(struct fs_file *f, const struct found *x)
{
    size_t i;

    if (x->kind == FS_FILE &&
        fs_read(&fs, f, 0, bytes, sizeof(bytes)) != (int64_t)x->size) {
        return is_wrong("a file cannot be read");
    }
    for (i = 0; i < x->size && x->kind == FS_FILE; i++) {
        if (bytes[i] != 0 && bytes[i] != model_byte(x->id, i)) {
            return is_wrong("a byte of a file is not its own");
        }
    }
    return true;
}

static bool
walk(struct fs_file *directory, uint32_t id)
{
    struct fs_cursor cursor = {0};
    int64_t more;

    while ((more = fs_next(&fs, directory, &cursor)) == 1) {
        struct found *x = &found[found_count++];
        struct fs_status status;
        struct fs_file *f =
            found_open(cursor.name, cursor.name_bytes, directory);
        bool good = true;

        CHECK(found_count < FOUND_MAX);
        if (f == NULL || fs_stat(&fs, f, &status) != 0) {
            return is_wrong("a name is there, and cannot be opened");
        }
        *x = (struct found){.directory = id,
                            .id = status.uid,
                            .size = status.size,
                            .kind = status.kind};
        memcpy(x->name, cursor.name, cursor.name_bytes);
        good = bytes_check(f, x);
        if (status.kind == FS_DIRECTORY && good) {
            good = walk(f, status.uid);
        }
        fs_close(&fs, f);
        if (!good) {
            return false;
        }
    }
    return more == 0 ? true : is_wrong("a directory cannot be read");
}

static const struct found *
found_name(uint32_t directory, const char *name)
{
    unsigned i;

    for (i = 0; i < found_count; i++) {
        if (found[i].directory == directory &&
            strcmp(found[i].name, name) == 0) {
            return &found[i];
        }
    }
    return NULL;
}

static const struct found *
found_id(uint32_t id)
{
    unsigned i;

    for (i = 0; i < found_count && found[i].id != id; i++) {
    }
    return i < found_count ? &found[i] : NULL;
}

/* Whether a file has exactly its bytes. */
static bool
content_check(struct fs_file *directory, const struct model_inode *n,
              const struct found *x)
{
    struct fs_cursor cursor = {0};

    if (x->kind != n->kind || (n->kind != FS_DIRECTORY && x->size != n->size)) {
        return is_wrong("a file that was durable has another size");
    }
    /* It is looked for by its id, wherever it is. */
    while (n->kind == FS_FILE && fs_next(&fs, directory, &cursor) == 1) {
        struct fs_file *f =
            found_open(cursor.name, cursor.name_bytes, directory);
        struct fs_status status = {0};
        bool good = true;

        if (f == NULL || fs_stat(&fs, f, &status) != 0) {
            return is_wrong("a name is there, and cannot be opened");
        }
        if (status.kind == FS_DIRECTORY) {
            good = content_check(f, n, x);
        } else if (status.uid == n->id) {
            good =
                fs_read(&fs, f, 0, bytes, sizeof(bytes)) == (int64_t)n->size &&
                (n->size == 0 || memcmp(bytes, n->bytes, n->size) == 0);
            why = good ? why : "a file that was durable has other bytes";
        }
        fs_close(&fs, f);
        if (!good) {
            return false;
        }
    }
    return true;
}

/*
 * What was promised, and what of it the operations that came after it touch, by
 * the ids of inodes.
 */
#define IDS_MAX 20000
#define TOUCHED_MAX 1000
static struct model then;
static struct model later;
static bool written[IDS_MAX];
static bool removed[IDS_MAX];
static struct found touched[TOUCHED_MAX]; /* names */
static unsigned touched_count;

static void
touched_collect(const struct model *m)
{
    unsigned i;

    for (i = 0; i < MODEL_INODES; i++) {
        const struct model_inode *n = &m->inode[i];

        CHECK(n->id < IDS_MAX);
        written[n->id] |= n->written;
        removed[n->id] |= n->removed;
    }
    for (i = 0; i < MODEL_NAMES; i++) {
        const struct model_name *n = &m->name[i];

        if (n->used && n->touched) {
            struct found *x = &touched[touched_count++];

            CHECK(touched_count < TOUCHED_MAX);
            x->directory = m->inode[n->directory].id;
            x->id = m->inode[n->inode].id;
            x->kind = m->inode[n->inode].kind;
            memcpy(x->name, n->name, sizeof(x->name));
        }
    }
}

/* The model after so many operations, and what of it the next ones touch. */
static void
model_at(uint64_t done, uint64_t ahead)
{
    if (then.done > done || then.next_id == 0) {
        model_end(&then);
        model_begin(&then, seed, 40);
    }
    while (then.done < done) {
        model_forget(&then);
        (void)model_next(&then);
    }
    model_forget(&then);
    model_copy(&later, &then);
    memset(written, 0, sizeof(written));
    memset(removed, 0, sizeof(removed));
    touched_count = 0;
    while (ahead-- > 0) {
        model_forget(&later);
        (void)model_next(&later);
        touched_collect(&later);
    }
}

/* An inode that was there then. */
static bool
inode_check(const struct model_inode *n)
{
    const struct found *x;

    if (n->kind == 0 || n->id == 0 || removed[n->id]) {
        return true;
    }
    x = found_id(n->id);
    if (x == NULL) {
        (void)fprintf(stderr, "file %u, at %lu\n", n->id, then.done);
        return is_wrong("what was durable is not there");
    }
    return written[n->id] ? true : content_check(fs_root(&fs), n, x);
}

static bool
is_touched(uint32_t directory, const char *name, const struct found *as)
{
    unsigned i;

    for (i = 0; i < touched_count; i++) {
        const struct found *x = &touched[i];

        /* A symbolic link gets its id a moment later. */
        if (x->directory == directory && strcmp(x->name, name) == 0 &&
            (as == NULL || x->id == as->id ||
             (as->id == 0 && x->kind == FS_SYMLINK))) {
            return true;
        }
    }
    return false;
}

static bool
promise_check(void)
{
    uint32_t i;

    for (i = 0; i < MODEL_INODES; i++) {
        if (!inode_check(&then.inode[i])) {
            return false;
        }
    }
    for (i = 0; i < MODEL_NAMES; i++) {
        const struct model_name *n = &then.name[i];
        uint32_t directory = then.inode[n->directory].id;
        const struct found *x;

        if (n->used && !is_touched(directory, n->name, NULL)) {
            x = found_name(directory, n->name);
            if (x == NULL || x->id != then.inode[n->inode].id) {
                return is_wrong("a name that was durable is not there");
            }
        }
    }
    return true;
}

/* Whatever is found was made, and had this name at some time. */
static bool
made_check(void)
{
    unsigned i;
    unsigned j;

    for (i = 0; i < found_count; i++) {
        const struct found *x = &found[i];
        bool known = is_touched(x->directory, x->name, x);

        for (j = 0; j < MODEL_NAMES && !known; j++) {
            const struct model_name *n = &then.name[j];

            known = n->used && then.inode[n->inode].id == x->id &&
                    then.inode[n->directory].id == x->directory &&
                    strcmp(n->name, x->name) == 0;
        }
        if (!known) {
            return is_wrong("a name is there that nobody gave");
        }
    }
    return true;
}

static bool
mounted_check(const struct promise *p)
{
    found_count = 0;
    if (!walk(fs_root(&fs), 0)) {
        return false;
    }
    model_at(p->synced, (uint64_t)2 * SYNC_EVERY);
    if (!promise_check() || !made_check()) {
        return false;
    }
    if (p->fsynced > 0) {
        uint32_t i;

        model_at(p->fsynced, SYNC_EVERY + FSYNC_EVERY);
        for (i = 0; i < MODEL_INODES; i++) {
            if (then.inode[i].id == p->id && !inode_check(&then.inode[i])) {
                return is_wrong("what fsync promised is not there");
            }
        }
    }
    return true;
}

static uint64_t repairs;

/* What was repaired on the disk that failed. */
static char said[4000];

static void
say(void *context, const char *text)
{
    size_t length = strlen(said);

    (void)context;
    (void)snprintf(said + length, sizeof(said) - length, "%s\n", text);
}

static bool
cut_check(void *context, const uint8_t *disk, uint64_t size,
          const struct replay_cut *cut)
{
    const struct promise *p = (const void *)cut->mark;
    struct fs_volume *volume;
    struct fs_check report;
    int64_t error;

    (void)context;
    if (p == NULL) {
        return true; /* it is not made yet */
    }
    memcpy(work, disk, size);
    if (fs_host_begin(work, BLOCKS, NULL, ENTRIES) != 0) {
        return is_wrong("the disk cannot be recovered");
    }
    error = fs_host_tree(FS_TREE_NAME, false, &volume);
    if (error == 0) {
        error = fs_mount(&fs, volume);
    }
    if (error < 0) {
        return is_wrong("it cannot be mounted");
    }
    if (error == 1) {
        said[0] = 0;
        if (fs_check(&fs, true, say, NULL, &report) != 0) {
            return is_wrong("it cannot be repaired");
        }
        repairs += report.repaired;
    }
    if (fs_check(&fs, false, say, NULL, &report) != 0 || report.faults != 0) {
        return is_wrong("repaired, it is not right");
    }
    if (!mounted_check(p)) {
        return false;
    }
    if (fs_unmount(&fs) != 0) {
        return is_wrong("it cannot be unmounted");
    }
    return fs_host_check() == NULL
               ? true
               : is_wrong("the table of blocks is another one");
}

int
main(int argc, char **argv)
{
    uint64_t operations = argc > 1 ? strtoull(argv[1], NULL, 0) : 200;
    struct replay_options options = {
        .seed = 1, .subsets = argc > 3 ? strtoull(argv[3], NULL, 0) : 12};
    struct replay replay = {.options = &options, .check = cut_check};
    struct trace trace;
    struct make make;

    seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    image = malloc(BYTES);
    work = malloc(BYTES);
    CHECK(image != NULL && work != NULL);
    make_begin(&make);
    record(&make, operations);
    make_end(&make);
    CHECK(trace_open(&trace, make.log, make.size));
    memset(image, SECRET, BYTES);
    fs_host_format(image, BLOCKS);
    if (!replay_run(&replay, &trace, image, BYTES)) {
        (void)fprintf(stderr, "%swindow %lu, %lu of %lu writes: %s\n", said,
                      replay.cut.window, replay.cut.kept, replay.cut.writes,
                      replay.fault != NULL ? replay.fault : why);
        CHECK(false);
    }
    (void)printf("%lu disks, %lu windows, %lu repairs\n", replay.images,
                 replay.windows, repairs);
    CHECK(replay.images > operations && repairs > 0);
    options.flush_lost = 4;
    memset(image, SECRET, BYTES);
    fs_host_format(image, BLOCKS);
    CHECK(trace_open(&trace, make.log, make.size));
    CHECK(!replay_run(&replay, &trace, image, BYTES));
    model_end(&then);
    model_end(&later);
    fs_host_end();
    free(make.log);
    free(image);
    free(work);
    return 0;
}
