/* SPDX-License-Identifier: MIT */
#include "test/power-cut/kernel.h"

#include "kern/abi/error.h"
#include "kern/disk/recover.h"
#include "lib/disk/format.h"
#include "lib/disk/node.h"
#include "test/host/check.h"
#include "test/power-cut/survey.h"

#define FRAMES 400
#define ENTRIES 64
#define HEADS 32
#define BINDINGS 256
#define NOTHING INT32_MIN

struct binding {
    bool bound;
    uint32_t parent; /* entry, or REGISTRY_NONE: the whole disk */
    uint64_t first;
    uint64_t count;
    uint64_t rights;
    uint64_t generation; /* handles of old ones are stale */
};

static struct {
    _Alignas(FRAME_SIZE) uint8_t frame[FRAMES][FRAME_SIZE];
    uint8_t *image;
    struct make *make;
    struct volume volume;
    struct recover recover;
    uint8_t table[SURVEY_BLOCKS_MAX + 8];
    struct disk_double doubles[DISK_DOUBLES_MAX];
    struct registry_entry entry[ENTRIES];
    struct registry_twin twin[ENTRIES];
    uint32_t hash[HEADS];
    bool frame_used[FRAMES];
    struct binding binding[BINDINGS];
    int changed;        /* how the change ended, or NOTHING */
    int settled;        /* and the write */
    uint32_t to_write;  /* an entry, or REGISTRY_NONE, */
    uint32_t its_frame; /* and what of it */
} k;

struct cap_name
kernel_name(uint64_t cap)
{
    return (struct cap_name){{cap, 0}};
}

static struct cap
cap_make(uint64_t index)
{
    struct cap c = {.name = kernel_name(index),
                    .mask = {{index == 0 ? 0 : 0xffff, 0}},
                    .read_word0 = index,
                    .write_word0 = index,
                    .rights = CAP_RIGHTS_ALL,
                    .length = index != 0,
                    .held = 1};

    CHECK(index < KERNEL_CAPS);
    return c;
}

/*
 * What the modules ask for.
 */
uint8_t *
registry_page(uint32_t frame)
{
    CHECK(frame > 0 && frame < FRAMES && k.frame_used[frame]);
    return k.frame[frame];
}

void
registry_release(struct registry *r, uint32_t e, uint32_t frame)
{
    (void)r;
    (void)e;
    CHECK(k.frame_used[frame]);
    k.frame_used[frame] = false;
}

static uint32_t
frame_take(void)
{
    uint32_t frame;

    for (frame = 1; frame < FRAMES; frame++) {
        if (!k.frame_used[frame]) {
            k.frame_used[frame] = true;
            return frame;
        }
    }
    CHECK(false);
    return 0;
}

void
volume_changed(struct volume *v, int result)
{
    uint32_t i;

    for (i = 0; result != 0 && i < v->change.blocks; i++) {
        change_frame_drop(&v->registry, v->change.block[i].entry,
                          v->change.block[i].frame);
    }
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
    unsigned i;

    (void)v;
    (void)image; /* guards do not change here */
    for (i = 0; i < BINDINGS; i++) {
        struct binding *b = &k.binding[i];
        const struct disk_extent *x = owned_find(after, b->first);

        if (b->bound && b->parent == e &&
            (x == NULL || b->first + b->count > x->first + x->count)) {
            b->bound = false;
        }
    }
    return 0;
}

/*
 * The device.
 */
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
        device_flush();
        device_write(k.entry[k.to_write].block, registry_page(k.its_frame), 1);
        device_flush();
        write_done(&k.volume, k.to_write, 0);
        k.to_write = REGISTRY_NONE;
    }
}

void
kernel_begin(uint8_t *image, uint64_t blocks, struct make *make)
{
    memset(&k, 0, sizeof(k));
    CHECK(blocks <= SURVEY_BLOCKS_MAX);
    k.image = image;
    k.make = make;
    k.to_write = REGISTRY_NONE;
    k.volume.blocks = (struct block_table){k.table, blocks};
    k.volume.doubles.entry = k.doubles;
    k.volume.registry = (struct registry){.entry = k.entry,
                                          .twin = k.twin,
                                          .count = ENTRIES,
                                          .hash = k.hash,
                                          .hash_mask = HEADS - 1};
    registry_init(&k.volume.registry);
    volume_init(&k.volume);
}

/* lib/disk/disk.h */
int64_t
disk_open(struct disk *disk, uint64_t number, uint64_t cap, uint64_t frame_cap)
{
    *disk = (struct disk){.number = number, .cap = cap, .frame_cap = frame_cap};
    disk->space.blocks = k.volume.blocks.blocks;
    return number == 0 ? 0 : -ENODEV;
}

/* The newest image of an entry owns these blocks, and the capability may. */
static int64_t
bind_check(const struct disk *disk, uint64_t parent, uint64_t first,
           uint64_t count, uint64_t rights)
{
    static struct owned_set set;
    const struct cap c = cap_make(disk->cap);
    const struct disk_extent *x;
    const uint8_t *image;
    unsigned type;
    uint64_t right;

    if (parent >= ENTRIES || k.entry[parent].frame == 0) {
        return -EINVAL;
    }
    image = registry_page(k.entry[parent].frame);
    type = k.entry[parent].type;
    (void)type_owns(&k.volume.types, type, image, k.volume.blocks.blocks, &set);
    x = owned_find(&set, first);
    if (x == NULL || first + count > x->first + x->count) {
        return -EINVAL;
    }
    for (right = CAP_READ; right <= CAP_WRITE; right <<= 1) {
        if ((rights & right) && type_access(&k.volume.types, type, image,
                                            x->first, right, &c) != 0) {
            return -EPERM;
        }
    }
    return (rights & CAP_WRITE) &&
                   double_frozen(&k.volume.doubles, first, count)
               ? -EBUSY
               : (int64_t)x->type;
}

int64_t
disk_bind(const struct disk *disk, uint64_t parent, uint64_t first,
          uint64_t count, uint64_t rights)
{
    int64_t type = DISK_TYPE_DATA;
    uint64_t i;

    if (parent == disk_whole(disk)) {
        type = k.volume.state == DISK_RAW ? DISK_TYPE_DATA : -EBUSY;
        parent = REGISTRY_NONE;
    } else {
        type = bind_check(disk, parent, first, count, rights);
    }
    if (type != DISK_TYPE_DATA) {
        return type < 0 ? type : -EPERM;
    }
    for (i = 0; i < BINDINGS; i++) {
        struct binding *b = &k.binding[i];

        if (!b->bound) {
            *b = (struct binding){true,  (uint32_t)parent, first,
                                  count, rights,           b->generation + 1};
            return (int64_t)(b->generation * BINDINGS + i);
        }
    }
    return -ENOSPC;
}

static struct binding *
binding_find(uint64_t handle)
{
    struct binding *b = &k.binding[handle % BINDINGS];

    return b->bound && b->generation == handle / BINDINGS ? b : NULL;
}

int64_t
disk_unbind(uint64_t binding)
{
    struct binding *b = binding_find(binding);

    if (b == NULL) {
        return -ESTALE;
    }
    b->bound = false;
    return 0;
}

int64_t
disk_read(const struct disk *disk, uint64_t binding, uint64_t offset,
          void *pages, uint64_t count)
{
    struct binding *b = binding_find(binding);
    uint64_t i;

    (void)disk;
    if (b == NULL) {
        return -ESTALE;
    }
    if (!(b->rights & CAP_READ) || offset + count > b->count) {
        return -EPERM;
    }
    for (i = b->first + offset; i < b->first + offset + count; i++) {
        if (block_state(&k.volume.blocks, i) == BLOCK_UNINITIALISED) {
            return -ENODATA;
        }
    }
    memcpy(pages, k.image + (b->first + offset) * DISK_BLOCK_BYTES,
           count * DISK_BLOCK_BYTES);
    return 0;
}

int64_t
disk_write(const struct disk *disk, uint64_t binding, uint64_t offset,
           const void *pages, uint64_t count)
{
    struct binding *b = binding_find(binding);

    (void)disk;
    if (b == NULL) {
        return -ESTALE;
    }
    if (!(b->rights & CAP_WRITE) || offset + count > b->count) {
        return -EPERM;
    }
    device_write(b->first + offset, pages, count);
    block_written(&k.volume.blocks, b->first + offset, (uint32_t)count);
    return 0;
}

int64_t
disk_flush(const struct disk *disk, uint64_t binding)
{
    (void)disk;
    if (binding_find(binding) == NULL) {
        return -ESTALE;
    }
    device_flush();
    return 0;
}

int64_t
disk_make(const struct disk *disk)
{
    static _Alignas(8) uint8_t block[DISK_BLOCK_BYTES];
    uint64_t b;

    memset(block, 0, sizeof(block));
    for (b = 0; b < DISK_FIRST_BLOCK; b++) {
        device_write(b, block, 1);
    }
    device_flush();
    disk_format_label(block, disk->space.blocks);
    device_write(DISK_LABEL_BLOCK, block, 1);
    device_flush();
    return 0;
}

/* lib/disk/node.h */
int64_t
disk_recover(struct disk *disk)
{
    struct recover *r = &k.recover;
    int result;

    recover_begin(&k.volume, r);
    do {
        result = recover_step(&k.volume, r,
                              r->want == RECOVER_NOTHING
                                  ? NULL
                                  : k.image + r->want * DISK_BLOCK_BYTES);
    } while (result == -EAGAIN);
    disk->space.table = k.table;
    disk->space.blocks = k.volume.blocks.blocks;
    return result;
}

int64_t
disk_type(const struct disk *disk, const void *block)
{
    const struct disk_type *type = block;
    int number = type_find(&k.volume.types, type->hash);
    uint32_t owns;
    uint32_t access;

    (void)disk;
    if (number >= 0) {
        return number;
    }
    number = type_slot(&k.volume.types);
    if (number < 0 ||
        program_load(&k.volume, (unsigned)number, block, &owns, &access) != 0) {
        return -EINVAL;
    }
    device_write((uint64_t)number, block, 1);
    device_flush();
    type_add(&k.volume.types, (unsigned)number, block, owns, access);
    return number;
}

/* The entry of a block, made if it is missing and can be. */
static int64_t
entry_get(uint64_t block, uint64_t parent)
{
    struct registry *r = &k.volume.registry;
    uint32_t e = registry_find(r, block);
    unsigned flags = volume_entry_flags(&k.volume, block);
    uint32_t frame = 0;
    unsigned looks = ENTRIES;
    int64_t made;

    if (e != REGISTRY_NONE) {
        registry_touch(r, e);
        return e;
    }
    if (r->free == REGISTRY_NONE) {
        e = registry_oldest(r, &looks);
        CHECK(e != REGISTRY_NONE);
        registry_release_all(r, e);
        registry_remove(r, e);
    }
    if (!(flags & REGISTRY_EMPTY)) {
        frame = frame_take();
        memcpy(k.frame[frame], k.image + block * DISK_BLOCK_BYTES, FRAME_SIZE);
    }
    made = registry_insert(r, block, block_type(&k.volume.blocks, block), flags,
                           frame, parent);
    if (frame != 0) {
        registry_filled(r, (uint32_t)made);
    }
    return made;
}

int64_t
node_catalogue(const struct disk *disk, struct node *node)
{
    int64_t e = entry_get(DISK_CATALOGUE_BLOCK, DISK_CATALOGUE_BLOCK);

    (void)disk;
    *node = (struct node){DISK_CATALOGUE_BLOCK, (uint32_t)e, 0};
    return e < 0 ? e : 0;
}

int64_t
node_open(const struct disk *disk, const struct node *parent, uint64_t block,
          struct node *node)
{
    int64_t e = bind_check(disk, parent->entry, block, 1, CAP_READ);

    if (e == DISK_TYPE_DATA) {
        return -EINVAL;
    }
    if (e > 0) {
        e = entry_get(block, parent->block);
    }
    *node = (struct node){block, (uint32_t)e, 0};
    return e < 0 ? e : 0;
}

int64_t
node_create(const struct disk *disk, const struct node *parent, uint64_t block,
            struct node *node)
{
    int64_t error = node_open(disk, parent, block, node);

    if (error == 0) {
        CHECK(k.entry[node->entry].flags & REGISTRY_EMPTY);
        node->version = k.entry[node->entry].version;
    }
    return error;
}

int64_t
node_image(const struct disk *disk, struct node *node, void *image)
{
    const struct registry_entry *entry = &k.entry[node->entry];

    (void)disk;
    CHECK_EQUAL(entry->block, node->block);
    memcpy(image, registry_page(entry->frame), FRAME_SIZE);
    node->version = entry->version;
    return 0;
}

int64_t
node_change(const struct disk *disk, const struct node_edit *edit,
            unsigned edits, uint64_t claimed, uint64_t given)
{
    const struct cap c = cap_make(disk->cap);
    struct change_block block[DISK_CHANGE_BLOCKS] = {0};
    unsigned i;
    int error;

    CHECK(edits <= DISK_CHANGE_BLOCKS);
    for (i = 0; i < edits; i++) {
        block[i] = (struct change_block){edit[i].node->entry, frame_take(),
                                         edit[i].node->version};
        memcpy(k.frame[block[i].frame], edit[i].image, FRAME_SIZE);
    }
    k.changed = NOTHING;
    error = change_begin(&k.volume, block, edits, claimed, given, &c);
    if (error != 0) {
        for (i = 0; i < edits; i++) {
            k.frame_used[block[i].frame] = false;
        }
        return error;
    }
    run();
    CHECK(k.changed != NOTHING);
    for (i = 0; i < edits && k.changed == 0; i++) {
        edit[i].node->version = k.entry[edit[i].node->entry].version;
    }
    return k.changed;
}

int64_t
node_write(const struct disk *disk, const struct node *node)
{
    int error = write_begin(&k.volume, node->entry);

    (void)disk;
    if (error != 0) {
        return error == 1 ? 0 : error;
    }
    k.settled = NOTHING;
    run();
    CHECK(k.settled != NOTHING);
    return k.settled;
}

bool
node_is_clean(const struct disk *disk, const struct node *node)
{
    (void)disk;
    return k.entry[node->entry].state == REGISTRY_CLEAN;
}
