/* SPDX-License-Identifier: MIT */
/* A device that answers in any order, with a cache that forgets, and errors. */
#include "kern/abi/error.h"
#include "test/host/disk_machine.h"

void
device_write(uint64_t block, const void *bytes, size_t size)
{
    CHECK(machine->cached < CACHE_MAX);
    machine->cache[machine->cached].block = block;
    memset(machine->cache[machine->cached].bytes, 0, DISK_BLOCK_BYTES);
    memcpy(machine->cache[machine->cached++].bytes, bytes, size);
}

static void
durable_data(uint64_t block)
{
    const struct stamp *stamp = (const struct stamp *)machine->durable[block];

    if (stamp->block == block &&
        stamp->generation == machine->generation[block]) {
        machine->flushed[block] = stamp->serial;
    }
}

static void
cache_flush(void)
{
    for (uint32_t i = 0; i < machine->cached; i++) {
        uint64_t block = machine->cache[i].block;

        memcpy(machine->durable[block], machine->cache[i].bytes,
               DISK_BLOCK_BYTES);
        durable_data(block);
    }
    machine->cached = 0;
}

/* What a read gives: the newest, in the cache or not. */
void
device_read(uint64_t block, uint8_t *bytes)
{
    memcpy(bytes, machine->durable[block], DISK_BLOCK_BYTES);
    for (uint32_t i = 0; i < machine->cached; i++) {
        if (machine->cache[i].block == block) {
            memcpy(bytes, machine->cache[i].bytes, DISK_BLOCK_BYTES);
        }
    }
}

struct request *
request_new(void)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        if (!machine->request[i].used) {
            machine->outstanding++;
            machine->request[i] = (struct request){.used = true};
            return &machine->request[i];
        }
    }
    return NULL;
}

static void
request_data_done(struct request *q)
{
    const struct model_view *view = &machine->view[q->block];

    /* Nobody else came to own it meanwhile. */
    CHECK_EQUAL(view->newest, machine->entry[q->entry].block);
    CHECK_EQUAL(machine->generation[q->block], q->stamp.generation);
    device_write(q->block, &q->stamp, sizeof(q->stamp));
    block_written(&machine->v.blocks, q->block, 1);
    machine->entry[q->entry].pins--;
    q->used = false;
    machine->outstanding--;
}

static void
request_done(struct request *q, int error)
{
    uint32_t e = q->entry;

    q->used = false;
    machine->outstanding--;
    write_done(&machine->v, e, error);
}

bool
machine_device(void)
{
    unsigned at = (unsigned)machine_below(REQUESTS);
    struct request *q;

    if (machine->outstanding == 0) {
        return false;
    }
    do {
        q = &machine->request[at++ % REQUESTS];
    } while (!q->used);
    if (machine->cached > CACHE_MAX - REQUESTS) {
        cache_flush();
    }
    if (q->data) {
        request_data_done(q);
        return true;
    }
    if (machine_below(64) == 1) {
        request_done(q, -EIO);
        return true;
    }
    switch (q->stage++) {
    case 0:
        if (!machine->no_flush_before) {
            cache_flush();
        }
        break;
    case 1:
        device_write(q->block, machine->frame[q->frame], DISK_BLOCK_BYTES);
        break;
    default:
        if (!machine->no_flush_after) {
            cache_flush();
        }
        request_done(q, 0);
    }
    return true;
}

int
machine_data_write(uint32_t parent, uint64_t block)
{
    const struct model_view *view = &machine->view[block];
    struct request *q;

    if ((machine->entry[parent].flags & REGISTRY_CHANGING) != 0 ||
        view->newest != machine->entry[parent].block ||
        view->type != DISK_TYPE_DATA) {
        return -EPERM;
    }
    if (double_frozen(&machine->v.doubles, block, 1)) {
        return -EBUSY;
    }
    for (unsigned i = 0; i < REQUESTS; i++) {
        q = &machine->request[i];
        if (q->used && q->data && q->block == block) {
            return -EAGAIN; /* so that serials say which is later */
        }
    }
    q = request_new();
    if (q != NULL) {
        machine->entry[parent].pins++; /* as a binding does */
        q->data = true;
        q->entry = parent;
        q->block = block;
        q->stamp = (struct stamp){block, machine->generation[block],
                                  ++machine->serial};
    }
    return 0;
}
