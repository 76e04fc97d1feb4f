/* SPDX-License-Identifier: MIT */
#include "test/host/fs_host_part.h"

#include <time.h>

#include "kern/abi/error.h"
#include "kern/disk/recover.h"
#include "lib/disk/format.h"
#include "test/host/check.h"
#include "test/power-cut/make.h"

#define NOTHING INT32_MIN
#define FRAMES_PER_ENTRY 4

struct fs_host_counts fs_host_counts;

static struct {
    struct fs_volume fs;
    uint8_t *image;
    struct make *make;
    struct volume volume;
    struct recover recover;
    struct disk_double doubles[DISK_DOUBLES_MAX];
    uint32_t entries;
    struct registry_entry *entry;
    struct registry_twin *twin;
    uint32_t *hash;
    uint8_t (*frame)[FRAME_SIZE];
    uint32_t *frame_next; /* the free ones are chained; UINT32_MAX: in use */
    uint32_t frame_free;
    int changed;        /* how the change ended, or NOTHING */
    int settled;        /* and the write */
    uint32_t to_write;  /* an entry, or REGISTRY_NONE, */
    uint32_t its_frame; /* and what of it */
    uint64_t fail;
    uint64_t clock;
} k;

/* Dominates every guard. */
static const struct cap everything = {.rights = CAP_RIGHTS_ALL, .held = 1};

/* What the kernel's modules ask for; more of it in test/power-cut. */
uint8_t *
registry_page(uint32_t frame)
{
    CHECK(frame > 0 && k.frame_next[frame] == UINT32_MAX);
    return k.frame[frame];
}

void
registry_release(struct registry *r, uint32_t e, uint32_t frame)
{
    (void)r;
    (void)e;
    CHECK(frame > 0 && k.frame_next[frame] == UINT32_MAX);
    k.frame_next[frame] = k.frame_free;
    k.frame_free = frame;
}

static void *
take(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    CHECK(memory != NULL);
    return memory;
}

static uint32_t
frame_take(void)
{
    uint32_t frame = k.frame_free;

    CHECK(frame != 0);
    k.frame_free = k.frame_next[frame];
    k.frame_next[frame] = UINT32_MAX;
    return frame;
}

void
volume_changed(struct volume *v, int result)
{
    (void)v;
    k.changed = result;
}

void
volume_write(struct volume *v, uint32_t e, uint32_t frame)
{
    (void)v;
    CHECK_EQUAL(k.to_write, REGISTRY_NONE);
    k.to_write = e;
    k.its_frame = frame;
}

void
volume_settled(struct volume *v, uint32_t e, int error)
{
    (void)v;
    (void)e;
    k.settled = error;
}

int
volume_unbind(struct volume *v, uint32_t e, const uint8_t *image,
              const struct owned_set *after)
{
    (void)v;
    (void)e;
    (void)image;
    (void)after;
    return 0; /* nothing is bound: each request is checked for itself */
}

/* The device. */
static void
device_write(uint64_t block, const void *bytes, uint64_t count)
{
    memcpy(k.image + block * DISK_BLOCK_BYTES, bytes, count * DISK_BLOCK_BYTES);
    if (k.make != NULL) {
        make_write(k.make, block * DISK_BLOCK_BYTES, bytes,
                   count * DISK_BLOCK_BYTES);
    }
}

static void
device_flush(void)
{
    fs_host_counts.flushes++;
    if (k.make != NULL) {
        make_flush(k.make);
    }
}

/* Does all there is to do. */
static void
run(void)
{
    for (;;) {
        while (volume_step(&k.volume)) {
        }
        if (k.to_write == REGISTRY_NONE) {
            return;
        }
        fs_host_counts.writes++;
        device_flush();
        device_write(k.entry[k.to_write].block, registry_page(k.its_frame), 1);
        device_flush();
        write_done(&k.volume, k.to_write, 0);
        k.to_write = REGISTRY_NONE;
    }
}

/* Registry. */

/* The extent of a block by the newest bytes of its owner, if it may be used. */
static int64_t
owner_check(uint64_t parent, uint64_t block, uint64_t count, uint64_t right)
{
    static struct owned_set set;
    uint32_t p = registry_find(&k.volume.registry, parent);
    const struct disk_extent *x;
    const uint8_t *image;
    unsigned type;

    if (p == REGISTRY_NONE || k.entry[p].frame == 0) {
        return -ENOENT;
    }
    image = registry_page(k.entry[p].frame);
    type = k.entry[p].type;
    (void)type_owns(&k.volume.types, type, image, k.volume.blocks.blocks, &set);
    x = owned_find(&set, block);
    if (x == NULL || block + count > x->first + x->count) {
        return -ENOENT;
    }
    if (type_access(&k.volume.types, type, image, x->first, right,
                    &everything) != 0) {
        return -EPERM;
    }
    if (right == CAP_WRITE && double_frozen(&k.volume.doubles, block, count)) {
        return -EBUSY;
    }
    return (int64_t)x->type;
}

/* The entry of a metadata block, made if it is missing. */
static int64_t
entry_get(uint64_t block, uint64_t parent)
{
    struct registry *r = &k.volume.registry;
    uint32_t e = registry_find(r, block);
    unsigned flags;
    uint32_t frame = 0;
    unsigned looks = k.entries;
    int64_t made;

    if (block != DISK_CATALOGUE_BLOCK) {
        /* The kernel walks up from where something moves to: the whole way is
           to be in the registry. */
        uint32_t up = parent == DISK_CATALOGUE_BLOCK
                          ? (uint32_t)entry_get(parent, parent)
                          : registry_find(r, parent);

        if (up == REGISTRY_NONE) {
            return -ENOENT;
        }
        registry_touch(r, up);
    }
    if (e != REGISTRY_NONE && k.entry[e].parent == parent) {
        registry_touch(r, e);
        return e;
    }
    if (block != DISK_CATALOGUE_BLOCK) {
        made = owner_check(parent, block, 1, CAP_READ);
        if (made <= DISK_TYPE_DATA) {
            return made < 0 ? made : -EINVAL;
        }
        if (e != REGISTRY_NONE) {
            return e;
        }
    }
    if (r->free == REGISTRY_NONE) {
        e = registry_oldest(r, &looks);
        if (e == REGISTRY_NONE) {
            return -ENOMEM;
        }
        registry_release_all(r, e);
        registry_remove(r, e);
    }
    flags = volume_entry_flags(&k.volume, block);
    if ((flags & REGISTRY_EMPTY) == 0) {
        frame = frame_take();
        memcpy(k.frame[frame], k.image + block * DISK_BLOCK_BYTES, FRAME_SIZE);
        fs_host_counts.loads++;
    }
    made = registry_insert(r, block, block_type(&k.volume.blocks, block), flags,
                           frame, parent);
    if (frame != 0) {
        registry_filled(r, (uint32_t)made);
    }
    return made;
}

/* The functions of the volume. */
static int64_t
host_read(struct fs_volume *v, uint64_t parent, uint64_t block, void *image,
          uint64_t *version)
{
    int64_t e = entry_get(block, parent);
    const struct registry_entry *entry;

    (void)v;
    fs_host_counts.looks++;
    if (e < 0) {
        return e;
    }
    entry = &k.entry[e];
    if ((entry->flags & REGISTRY_EMPTY) != 0) {
        *version = entry->version;
        return -ENODATA;
    }
    if (entry->version == *version) {
        return 0;
    }
    memcpy(image, registry_page(entry->frame), FRAME_SIZE);
    *version = entry->version;
    return 1;
}

static int64_t
host_change(struct fs_volume *v, struct fs_edit *edit, unsigned edits,
            uint64_t claimed, uint64_t given)
{
    struct change_block block[DISK_CHANGE_BLOCKS] = {0};
    unsigned i;
    int error;

    (void)v;
    CHECK(edits > 0 && edits <= DISK_CHANGE_BLOCKS);
    for (i = 0; i < edits; i++) {
        int64_t e = entry_get(edit[i].block, edit[i].parent);

        if (e < 0) {
            return e;
        }
        block[i] = (struct change_block){(uint32_t)e, 0, edit[i].version};
    }
    for (i = 0; i < edits; i++) {
        block[i].frame = frame_take();
        memcpy(k.frame[block[i].frame], edit[i].image, FRAME_SIZE);
    }
    k.changed = NOTHING;
    error = change_begin(&k.volume, block, edits, claimed, given, &everything);
    if (error != 0) {
        for (i = 0; i < edits; i++) {
            registry_release(&k.volume.registry, block[i].entry,
                             block[i].frame);
        }
        return error;
    }
    run();
    CHECK(k.changed != NOTHING);
    fs_host_counts.changes += k.changed == 0;
    fs_host_counts.refused += k.changed != 0;
    for (i = 0; i < edits && k.changed == 0; i++) {
        edit[i].version = k.entry[block[i].entry].version;
    }
    return k.changed;
}

static int64_t
host_write(struct fs_volume *v, uint64_t block)
{
    uint32_t e = registry_find(&k.volume.registry, block);
    int error;

    (void)v;
    if (e == REGISTRY_NONE) {
        return 0; /* dirty ones stay */
    }
    error = write_begin(&k.volume, e);
    if (error != 0) {
        return error == 1 ? 0 : error;
    }
    k.settled = NOTHING;
    run();
    CHECK(k.settled != NOTHING);
    fs_host_counts.busy += k.settled != 0;
    return k.settled;
}

static int64_t
host_attached(struct fs_volume *v, uint64_t block)
{
    uint32_t e = registry_find(&k.volume.registry, block);

    (void)v;
    return e != REGISTRY_NONE && (k.entry[e].flags & REGISTRY_DETACHED) == 0;
}

/* Whether all blocks were written. */
static bool
data_is_there(uint64_t block, uint64_t blocks)
{
    uint64_t i = 0;

    while (i < blocks &&
           block_state(&k.volume.blocks, block + i) != BLOCK_UNINITIALISED) {
        i++;
    }
    return i == blocks;
}

static int64_t
data_check(uint64_t parent, uint64_t block, uint64_t blocks, uint64_t right)
{
    int64_t type = owner_check(parent, block, blocks, right);

    return type == DISK_TYPE_DATA ? 0 : type < 0 ? type : -EPERM;
}

static int64_t
host_data_read(struct fs_volume *v, uint64_t parent, uint64_t block,
               uint64_t offset, uint64_t count, void *bytes)
{
    uint64_t blocks = (offset + count + FRAME_SIZE - 1) / FRAME_SIZE;
    int64_t error = data_check(parent, block, blocks, CAP_READ);

    (void)v;
    if (error == 0 && !data_is_there(block, blocks)) {
        return -ENODATA;
    }
    if (error == 0) {
        memcpy(bytes, k.image + block * FRAME_SIZE + offset, count);
    }
    return error;
}

static int64_t
host_data_write(struct fs_volume *v, uint64_t parent, uint64_t block,
                uint64_t offset, uint64_t count, const void *bytes)
{
    uint64_t blocks = (offset + count + FRAME_SIZE - 1) / FRAME_SIZE;
    int64_t error = data_check(parent, block, blocks, CAP_WRITE);
    uint8_t *whole;
    uint64_t i;

    (void)v;
    if (error == 0 && k.fail > 0 && --k.fail == 0) {
        error = -EIO;
    }
    if (error != 0) {
        return error;
    }
    whole = take(blocks, FRAME_SIZE);
    for (i = 0; i < blocks; i++) {
        if (data_is_there(block + i, 1)) {
            memcpy(whole + i * FRAME_SIZE, k.image + (block + i) * FRAME_SIZE,
                   FRAME_SIZE);
        }
    }
    CHECK(count <= PTRDIFF_MAX && offset + count <= blocks * FRAME_SIZE);
    memcpy(whole + offset, bytes, count);
    device_write(block, whole, blocks);
    free(whole);
    for (i = 0; i < blocks; i += BLOCK_STEP / 4) {
        uint64_t n = blocks - i;

        block_written(&k.volume.blocks, block + i,
                      (uint32_t)(n < BLOCK_STEP / 4 ? n : BLOCK_STEP / 4));
    }
    fs_host_counts.data += blocks;
    fs_host_counts.data_requests++;
    return 0;
}

static int64_t
host_flush(struct fs_volume *v)
{
    (void)v;
    device_flush();
    return 0;
}

/* Time goes on at each look, and is the same in each run. */
static uint64_t
host_now(struct fs_volume *v)
{
    (void)v;
    return k.clock += 1000;
}

static uint64_t
host_random(struct fs_volume *v)
{
    (void)v;
    return 0x9e3779b97f4a7c15;
}

static const struct fs_volume_functions functions = {
    .read = host_read,
    .change = host_change,
    .write = host_write,
    .attached = host_attached,
    .data_read = host_data_read,
    .data_write = host_data_write,
    .flush = host_flush,
    .now = host_now,
    .random = host_random};

void
fs_host_fail(uint64_t writes)
{
    k.fail = writes;
}

/* Power on and off. */
void
fs_host_format(uint8_t *image, uint64_t blocks)
{
    memset(image, 0, (size_t)DISK_FIRST_BLOCK * DISK_BLOCK_BYTES);
    disk_format_label(image, blocks);
}

void
fs_host_end(void)
{
    free(k.volume.blocks.state);
    free(k.entry);
    free(k.twin);
    free(k.hash);
    free(k.frame);
    free(k.frame_next);
    memset(&k, 0, sizeof(k));
}

int64_t
fs_host_begin(uint8_t *image, uint64_t blocks, struct make *make,
              uint32_t entries)
{
    uint32_t frames = entries * FRAMES_PER_ENTRY;
    uint32_t i;
    int result;

    fs_host_end();
    k.image = image;
    k.make = make;
    k.to_write = REGISTRY_NONE;
    k.clock = 1000000000;
    k.entries = entries;
    k.entry = take(entries, sizeof(*k.entry));
    k.twin = take(entries, sizeof(*k.twin));
    k.hash = take(entries, sizeof(*k.hash));
    k.frame = take(frames, sizeof(*k.frame));
    k.frame_next = take(frames, sizeof(*k.frame_next));
    for (i = 1; i < frames; i++) {
        k.frame_next[i] = k.frame_free;
        k.frame_free = i;
    }
    k.volume.blocks = (struct block_table){take(blocks + 8, 1), blocks};
    k.volume.doubles.entry = k.doubles;
    CHECK((entries & (entries - 1)) == 0);
    k.volume.registry = (struct registry){.entry = k.entry,
                                          .twin = k.twin,
                                          .count = entries,
                                          .hash = k.hash,
                                          .hash_mask = entries - 1};
    registry_init(&k.volume.registry);
    volume_init(&k.volume);
    recover_begin(&k.volume, &k.recover);
    do {
        uint64_t want = k.recover.want;

        result = recover_step(
            &k.volume, &k.recover,
            want == RECOVER_NOTHING ? NULL : image + want * DISK_BLOCK_BYTES);
    } while (result == -EAGAIN);
    k.fs.f = &functions;
    k.fs.table = k.volume.blocks.state;
    k.fs.blocks = k.volume.blocks.blocks;
    for (i = 0; i < k.volume.doubles.count; i++) {
        k.fs.twice += k.doubles[i].kind == DOUBLE_FROZEN;
    }
    return result;
}

struct volume *
fs_host_kernel(void)
{
    return &k.volume;
}

struct fs_volume *
fs_host_volume(void)
{
    return &k.fs;
}

void
fs_host_type_write(unsigned type, const void *block)
{
    device_write(type, block, 1);
    device_flush();
}

uint64_t
fs_host_free(void)
{
    uint64_t free_blocks = 0;
    uint64_t b;

    for (b = 0; b < k.volume.blocks.blocks; b++) {
        free_blocks += block_state(&k.volume.blocks, b) == BLOCK_FREE;
    }
    return free_blocks;
}

const char *
fs_host_check(void)
{
    uint64_t blocks = k.volume.blocks.blocks;
    uint8_t *before = take(blocks, 1);
    const char *why = NULL;
    uint64_t b;

    memcpy(before, k.volume.blocks.state, blocks);
    if (fs_host_begin(k.image, blocks, NULL, k.entries) != 0) {
        why = "the disk cannot be recovered";
    }
    for (b = 0; b < blocks && why == NULL; b++) {
        if (before[b] != k.volume.blocks.state[b]) {
            why = "the table of blocks is another one after recovery";
        }
    }
    free(before);
    return why;
}
