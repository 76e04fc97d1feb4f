/* SPDX-License-Identifier: MIT */
#include "lib/log/log_disk.h"

#include <string.h>

#include "kern/abi/error.h"

/* What goes to the disk goes by this page, and what comes from it. */
static _Alignas(FRAME_SIZE) uint8_t page[FRAME_SIZE];

static void
unbind(struct log_binding *b)
{
    if (b->handle != 0) {
        (void)disk_unbind(b->handle);
        b->handle = 0;
    }
}

/* The segment that has a block, or NULL. */
static const struct log_segment *
segment_of(const struct log_root *root, uint64_t block)
{
    uint32_t i;

    for (i = 0; i < root->segments; i++) {
        const struct log_segment *s = &root->segment[i];

        if (block >= s->first && block - s->first < s->count) {
            return s;
        }
    }
    return NULL;
}

/* The binding of the segment that has a block, made if it is missing. */
static int64_t
binding_of(struct log_on_disk *on, uint64_t block, struct log_binding **found)
{
    const struct log_segment *s = segment_of(&on->root, block);
    struct log_binding *b;
    int64_t handle;
    unsigned i;

    for (i = 0; i < LOG_SEGMENTS_MAX; i++) {
        b = &on->binding[i];
        if (b->handle != 0 && block >= b->first &&
            block - b->first < b->count) {
            *found = b;
            return 0;
        }
    }
    if (s == NULL) {
        return -EINVAL;
    }
    handle = disk_bind(on->disk, on->node.entry, s->first, s->count,
                       CAP_READ | CAP_WRITE);
    if (handle < 0) {
        return handle;
    }
    b = &on->binding[on->bindings++ % LOG_SEGMENTS_MAX];
    unbind(b);
    *b = (struct log_binding){s->first, s->count, (uint64_t)handle};
    *found = b;
    return 0;
}

/* One block. A binding that the kernel has broken is made once more. */
static int64_t
transfer(struct log_on_disk *on, uint64_t block, bool write)
{
    struct log_binding *b;
    int64_t error;
    int tries;

    for (tries = 0; tries < 2; tries++) {
        error = binding_of(on, block, &b);
        if (error < 0) {
            return error;
        }
        error = write
                    ? disk_write(on->disk, b->handle, block - b->first, page, 1)
                    : disk_read(on->disk, b->handle, block - b->first, page, 1);
        if (error != -ESTALE) {
            return error;
        }
        b->handle = 0;
    }
    return error;
}

static int64_t
log_read(void *context, uint64_t block, void *to)
{
    int64_t error = transfer(context, block, false);

    if (error == 0) {
        memcpy(to, page, sizeof(page));
    }
    return error;
}

static int64_t
log_write(void *context, uint64_t block, const void *from)
{
    memcpy(page, from, sizeof(page));
    return transfer(context, block, true);
}

/* By whatever binding there is; without one nothing was written. */
static int64_t
log_flush(void *context)
{
    struct log_on_disk *on = context;
    struct log_binding *b;
    int64_t error;

    if (on->root.segments == 0) {
        return 0;
    }
    error = binding_of(on, on->root.segment[0].first, &b);
    return error < 0 ? error : disk_flush(on->disk, b->handle);
}

static int64_t
log_find_room(void *context, uint32_t count)
{
    struct log_on_disk *on = context;

    return space_find(&on->disk->space, count);
}

static int64_t
log_change(void *context, const struct log_root *root, uint32_t claimed,
           uint32_t given)
{
    struct log_on_disk *on = context;
    struct node_edit edit = {&on->node, page};
    int64_t error;
    unsigned i;

    memcpy(page, root, sizeof(page));
    error = node_change(on->disk, &edit, 1, claimed, given);
    if (error == -ENOSPC) {
        return -EAGAIN; /* somebody was quicker */
    }
    if (error != 0) {
        return error;
    }
    on->root = *root;
    for (i = 0; i < LOG_SEGMENTS_MAX; i++) {
        if (segment_of(root, on->binding[i].first) == NULL) {
            unbind(&on->binding[i]);
        }
    }
    return 0;
}

static int64_t
log_commit(void *context)
{
    struct log_on_disk *on = context;

    return node_write(on->disk, &on->node);
}

int64_t
log_disk_make(struct disk *disk, const struct node *parent, uint64_t block,
              const struct cap_name *guard)
{
    struct node node;
    struct node_edit edit = {&node, page};
    int64_t error = node_create(disk, parent, block, &node);

    if (error != 0) {
        return error;
    }
    log_root_make((struct log_root *)page, guard);
    error = node_change(disk, &edit, 1, 0, 0);
    return error != 0 ? error : node_write(disk, &node);
}

int64_t
log_disk_open(struct log_on_disk *on, struct disk *disk,
              const struct node *parent, uint64_t block)
{
    int64_t error;

    memset(on, 0, sizeof(*on));
    on->disk = disk;
    on->functions = (struct log_disk){on,        log_read,      log_write,
                                      log_flush, log_find_room, log_change,
                                      log_commit};
    error = node_open(disk, parent, block, &on->node);
    if (error == 0) {
        error = node_image(disk, &on->node, page);
    }
    if (error == 0) {
        memcpy(&on->root, page, sizeof(on->root));
    }
    return error;
}

void
log_disk_close(struct log_on_disk *on)
{
    unsigned i;

    for (i = 0; i < LOG_SEGMENTS_MAX; i++) {
        unbind(&on->binding[i]);
    }
}
