/* SPDX-License-Identifier: MIT */
#include "test/host/disk_machine.h"

#include <stdarg.h>

#include "kern/abi/error.h"
#include "kern/code/price.h"
#include "kern/panic.h"
#include "lib/code/code.h"
#include "test/host/code_run.h"

#define PROGRAM_MAX 64

struct machine *machine;
_Thread_local struct hart machine_hart;

static struct {
    struct code_instruction code[PROGRAM_MAX];
    struct code_note notes[PROGRAM_MAX];
    int64_t count;
} programs[2 * DISK_TYPES]; /* owns of type t at 2 t, access after it */

static const struct code_helper emit = {CODE_EMIT, 3, CODE_PRICE_EMIT, true};
static const struct code_use use_disk = {
    .helpers = &emit,
    .helper_count = 1,
    .stack = CODE_FRAME_MAX,
    .arguments = {CODE_POINTER, CODE_NUMBER, CODE_NUMBER, CODE_NUMBER},
};

void
panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)fputs("panic: ", stderr);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start is above */
    (void)vfprintf(stderr, format, arguments);
    (void)fputs("\n", stderr);
    va_end(arguments);
    abort();
}

uint64_t
machine_below(uint64_t limit)
{
    uint64_t value = 0;

    if (machine->input == NULL) {
        return random_below(&machine->random, limit);
    }
    for (uint64_t most = limit - 1; most > 0; most >>= 8) {
        if (machine->input_size > 0) {
            machine->input_size--;
            value = value << 8 | *machine->input++;
        }
    }
    return value % limit;
}

/*
 * Programs.
 */
static void
program_assemble(unsigned slot, const char *text)
{
    struct code_error error;
    struct code_verifier v;

    programs[slot].count =
        code_assemble(text, programs[slot].code, PROGRAM_MAX, &error);
    check_subject = error.fault;
    CHECK(programs[slot].count > 0);
    code_verify_begin(&v, programs[slot].code, (uint32_t)programs[slot].count,
                      &use_disk, programs[slot].notes);
    CHECK_EQUAL(code_verify_step(&v, UINT32_MAX), 0);
}

static uint64_t
program_emit(void *context, uint32_t number, const uint64_t *arguments)
{
    CHECK_EQUAL(number, CODE_EMIT);
    return owned_emit(context, arguments[0], arguments[1], arguments[2]);
}

static bool
program_run(unsigned slot, const uint8_t *image, uint64_t r3, uint64_t r4,
            struct owned_set *set, uint64_t *r0)
{
    uint8_t memory[DISK_BLOCK_BYTES];
    uint8_t stack[CODE_FRAME_MAX];
    struct code_run run = {.program = programs[slot].code,
                           .notes = programs[slot].notes,
                           .memory = memory,
                           .memory_size = sizeof(memory),
                           .memory_address = 0x100000,
                           .stack = stack,
                           .stack_size = sizeof(stack),
                           .stack_address = 0x200000,
                           .helper = program_emit,
                           .context = set,
                           .registers = {0, 0x100000, sizeof(memory), r3, r4}};

    run.fuel = slot % 2 == 0 ? CODE_FUEL_OWNS : CODE_FUEL_ACCESS;
    run.fuel -= code_price_function(run.program, run.notes, &use_disk, 0);
    memcpy(memory, image, sizeof(memory));
    if (code_run(&run, &use_disk) != CODE_STOP_EXIT) {
        return false;
    }
    *r0 = run.registers[0];
    return true;
}

/* Whether a run is late: one of a step, for which there may be no time. */
static bool
program_late(const struct owned_set *set)
{
    const struct volume_sets *s = &machine->v.sets;

    return machine->hurry && machine_below(8) == 1 &&
           (set == NULL ? machine->v.change.active
                        : set >= s->set && set < s->set + OWNED_SWEEP_SETS);
}

int
program_owns(uint32_t owns, const uint8_t *image, struct owned_set *set,
             uint64_t *r0)
{
    if (program_late(set)) {
        return -EAGAIN;
    }
    return (machine->interpret ? program_run(owns, image, 0, 0, set, r0)
                               : disk_owns_native(owns / 2, image, set, r0))
               ? 0
               : -EINVAL;
}

int
program_access(uint32_t access, const uint8_t *image, uint64_t first,
               uint64_t right, uint64_t *r0)
{
    if (program_late(NULL)) {
        return -EAGAIN;
    }
    if (machine->interpret) {
        return program_run(access, image, first, right, NULL, r0) ? 0 : -EINVAL;
    }
    *r0 = disk_access_native(access / 2, first, right);
    return 0;
}

int
program_load(struct volume *v, unsigned type, const uint8_t *block,
             uint32_t *owns, uint32_t *access)
{
    const struct disk_type *header = (const struct disk_type *)block;

    (void)v;
    if (machine_below(4) == 1) {
        return -EAGAIN;
    }
    CHECK_EQUAL(header->owns_count, programs[(size_t)2 * type].count);
    CHECK(memcmp(block + header->owns, programs[(size_t)2 * type].code,
                 sizeof(struct code_instruction) * header->owns_count) == 0);
    *owns = 2 * type;
    *access = 2 * type + 1;
    return 0;
}

/*
 * Frames.
 */
uint32_t
machine_frame(void)
{
    uint32_t frame =
        machine->frames == 0 ? 0 : machine->frames_free[--machine->frames];

    if (frame != 0) {
        CHECK(!machine->frame_used[frame]);
        machine->frame_used[frame] = true;
    }
    return frame;
}

void
machine_frame_free(uint32_t frame)
{
    CHECK(frame != 0 && machine->frame_used[frame]);
    machine->frame_used[frame] = false;
    machine->frames_free[machine->frames++] = frame;
}

uint8_t *
registry_page(uint32_t frame)
{
    CHECK(frame != 0 && frame < FRAMES && machine->frame_used[frame]);
    return machine->frame[frame];
}

void
registry_release(struct registry *r, uint32_t e, uint32_t frame)
{
    CHECK(r == &machine->v.registry && e < ENTRIES);
    machine_frame_free(frame);
}

/*
 * The glue.
 */
void
volume_write(struct volume *v, uint32_t e, uint32_t frame)
{
    struct request *q = request_new();
    struct model_block *m = &machine->model[v->registry.entry[e].block];

    CHECK(q != NULL);
    q->entry = e;
    q->block = v->registry.entry[e].block;
    q->frame = frame;
    m->perhaps_there = true;
    model_owns(m->type, registry_page(frame), &m->perhaps);
    machine->writes++;
}

void
volume_settled(struct volume *v, uint32_t e, int error)
{
    struct model_block *m = &machine->model[v->registry.entry[e].block];

    if (error == 0) {
        CHECK(m->perhaps_there);
        m->disk = m->perhaps;
        m->disk_there = true;
        m->perhaps_there = false;
    } else {
        CHECK(error == -EIO || error == -EBUSY);
    }
}

void
volume_changed(struct volume *v, int result)
{
    machine->changed = true;
    machine->result = result;
    for (uint32_t i = 0; result != 0 && i < v->change.blocks; i++) {
        change_frame_drop(&v->registry, v->change.block[i].entry,
                          v->change.block[i].frame);
    }
    if (result == 0) {
        model_change(v->change.block, v->change.blocks);
        machine->accepted++;
    } else {
        machine->refused++;
    }
}

int
volume_unbind(struct volume *v, uint32_t e, const uint8_t *image,
              const struct owned_set *after)
{
    struct owned_set again;

    CHECK_EQUAL(type_owns(&v->types, v->registry.entry[e].type, image,
                          v->blocks.blocks, &again),
                0);
    CHECK(again.count == after->count &&
          memcmp(again.extent, after->extent,
                 again.count * sizeof(again.extent[0])) == 0);
    for (unsigned i = 0; i < REQUESTS; i++) {
        const struct request *q = &machine->request[i];

        if (q->used && q->data && q->entry == e &&
            owned_find(after, q->block) == NULL) {
            return -EAGAIN;
        }
    }
    return machine_below(16) == 1 ? -EAGAIN : 0;
}

int
volume_leave(struct volume *v, uint32_t e, uint32_t to)
{
    CHECK(v->registry.entry[e].state != REGISTRY_FREE);
    CHECK(to == REGISTRY_NONE || to < ENTRIES);
    return machine_below(16) == 1 ? -EAGAIN : 0;
}

int
volume_reguard(struct volume *v, uint32_t e, uint32_t parent,
               const uint8_t *image, const struct owned_set *after)
{
    const struct registry_entry *entry = &v->registry.entry[e];

    (void)image;
    CHECK(entry->state != REGISTRY_FREE &&
          (entry->parent == v->registry.entry[parent].block ||
           (entry->flags & REGISTRY_FROZEN) != 0));
    CHECK(owned_find(after, entry->block) != NULL ||
          double_frozen(&v->doubles, entry->block, 1));
    return machine_below(16) == 1 ? -EAGAIN : 0;
}

bool
volume_time(struct volume *v)
{
    CHECK(v == &machine->v);
    return machine->hurry && machine_below(4) != 1;
}

void
registry_succeed(uint32_t from, uint32_t to)
{
    CHECK(from == 0 || machine->frame_used[from]);
    CHECK(machine->frame_used[to]);
}

void
machine_idle(void)
{
    while (volume_step(&machine->v) ||
           (machine->v.change.active &&
            (machine_device() || volume_busy(&machine->v)))) {
    }
}

/* Makes room in registry and frames. */
static bool
machine_evict(void)
{
    struct registry *r = &machine->v.registry;
    unsigned looks = ENTRIES;
    uint32_t e = registry_oldest(r, &looks);

    if (e == REGISTRY_NONE || machine->entry[e].block == DISK_CATALOGUE_BLOCK) {
        return false;
    }
    registry_release_all(r, e);
    registry_remove(r, e);
    return true;
}

int64_t
machine_entry(uint64_t parent, uint64_t block)
{
    struct volume *v = &machine->v;
    uint32_t e = registry_find(&v->registry, block);
    unsigned type = block_type(&v->blocks, block);
    unsigned flags = type == 0 ? 0 : volume_entry_flags(v, block);
    uint32_t frame = 0;
    int64_t made;

    if (e != REGISTRY_NONE) {
        registry_touch(&v->registry, e);
        return e;
    }
    while (v->registry.free == REGISTRY_NONE || machine->frames < 32) {
        if (!machine_evict()) {
            return -1;
        }
    }
    if (type == 0 && block_state(&v->blocks, block) == BLOCK_UNINITIALISED) {
        return -1;
    }
    if ((flags & REGISTRY_EMPTY) == 0) {
        frame = machine_frame();
        device_read(block, machine->frame[frame]);
    }
    made = registry_insert(&v->registry, block, type, flags, frame, parent);
    CHECK(made >= 0);
    if (frame != 0) {
        registry_filled(&v->registry, (uint32_t)made);
    }
    return made;
}

/*
 * Power.
 */
static void
machine_memory(void)
{
    struct volume *v = &machine->v;

    memset(machine->frame_used, 0, sizeof(machine->frame_used));
    machine->frames = 0;
    for (uint32_t i = FRAMES - 1; i > 0; i--) {
        machine->frames_free[machine->frames++] = i;
    }
    memset(machine->request, 0, sizeof(machine->request));
    machine->outstanding = 0;
    machine->cached = 0;
    memset(v, 0, sizeof(*v));
    /* As memory is at boot: anything. */
    memset(machine->state, 0x5a, BLOCKS);
    v->blocks.state = machine->state;
    v->blocks.blocks = BLOCKS;
    v->doubles.entry = machine->doubles;
    v->registry.entry = machine->entry;
    v->registry.twin = machine->twin;
    v->registry.count = ENTRIES;
    v->registry.hash = machine->hash;
    v->registry.hash_mask =
        sizeof(machine->hash) / sizeof(machine->hash[0]) - 1;
    registry_init(&v->registry);
    volume_init(v);
}

int
machine_recover(void)
{
    struct volume *v = &machine->v;
    struct recover *r = &machine->recover;
    int error = -EAGAIN;
    bool late = false;

    machine_memory();
    recover_begin(v, r);
    while (error == -EAGAIN) {
        late = !late && machine_below(4) == 1;
        error = recover_step(v, r,
                             r->want == RECOVER_NOTHING || late
                                 ? NULL
                                 : machine->durable[r->want]);
    }
    return error;
}

static void
machine_on(void)
{
    const struct volume *v = &machine->v;

    CHECK_EQUAL(machine_recover(), 0);
    CHECK_EQUAL(v->state, DISK_READY);
    memset(machine->model, 0, sizeof(machine->model));
    for (uint64_t b = DISK_CATALOGUE_BLOCK; b < BLOCKS; b++) {
        struct model_block *m = &machine->model[b];
        uint8_t type = (uint8_t)block_type(&v->blocks, b);

        CHECK(block_state(&v->blocks, b) == BLOCK_FREE ||
              block_state(&v->blocks, b) == BLOCK_USED);
        if (type != DISK_TYPE_DATA) {
            m->type = type;
            m->newest_there = true;
            m->disk_there = true;
            model_owns(type, machine->durable[b], &m->newest);
            m->disk = m->newest;
            model_guard(m, machine->durable[b]);
        }
    }
    CHECK(machine_entry(0, DISK_CATALOGUE_BLOCK) >= 0);
    model_view();
    model_check();
}

void
machine_begin(uint64_t seed)
{
    struct disk_label *label;

    machine = calloc(1, sizeof(*machine));
    CHECK(machine != NULL);
    machine->random = seed;
    machine->frame_used[0] = true;
    label = (struct disk_label *)machine->durable[DISK_LABEL_BLOCK];
    label_make(label, BLOCKS);
    for (unsigned type = TREE_TYPE; type <= LOG_TYPE; type++) {
        program_assemble(2 * type, disk_owns_text[type]);
        program_assemble(2 * type + 1, disk_access_text[type]);
        disk_type_make(machine->durable[type],
                       type == TREE_TYPE ? "tree" : "log",
                       programs[(size_t)2 * type].code,
                       (uint32_t)programs[(size_t)2 * type].count,
                       programs[(size_t)2 * type + 1].code,
                       (uint32_t)programs[(size_t)2 * type + 1].count);
    }
    machine_on();
}

void
machine_end(void)
{
    unsigned used = 0;
    unsigned known = 0;

    machine_idle();
    while (machine_device()) {
        machine_idle();
    }
    for (unsigned i = 1; i < FRAMES; i++) {
        used += machine->frame_used[i];
    }
    for (unsigned e = 0; e < ENTRIES; e++) {
        const struct registry_twin *twin = &machine->twin[e];
        uint32_t frame = machine->entry[e].frame;

        if (machine->entry[e].state == REGISTRY_FREE) {
            continue;
        }
        known += frame != 0;
        known += twin->image != 0 && twin->image != frame;
        known += twin->writing != 0 && twin->writing != frame &&
                 twin->writing != twin->image;
        known += twin->spare != 0;
    }
    CHECK_EQUAL(used, known);
    free(machine);
}

/* What an image on the disk owns must hold what was written there. */
static void
cut_check_data(void)
{
    for (uint64_t b = DISK_FIRST_BLOCK; b < BLOCKS; b++) {
        const struct stamp *stamp = (const struct stamp *)machine->durable[b];

        if (machine->view[b].newest_owners > 0 &&
            machine->view[b].type == DISK_TYPE_DATA) {
            check_subject = "stale data can be read";
            CHECK_EQUAL(stamp->block, b);
            CHECK_EQUAL(stamp->generation, machine->generation[b]);
            check_subject = "what was flushed is lost";
            CHECK(stamp->serial >= machine->flushed[b]);
        }
    }
    check_subject = "";
}

void
machine_cut(void)
{
    static bool on_disk[BLOCKS];
    static bool newest[BLOCKS];
    static struct model_view before[BLOCKS];

    model_view();
    model_reach(true, on_disk);
    model_reach(false, newest);
    memcpy(before, machine->view, sizeof(before));
    /* Writes that the device has, answered or not: any of them. */
    for (unsigned i = 0; i < REQUESTS; i++) {
        const struct request *q = &machine->request[i];

        if (q->used && q->data) {
            device_write(q->block, &q->stamp, sizeof(q->stamp));
        } else if (q->used && q->stage == 1) {
            device_write(q->block, machine->frame[q->frame], DISK_BLOCK_BYTES);
        }
    }
    for (uint32_t i = 0; i < machine->cached; i++) {
        if (machine_below(2) == 0) {
            memcpy(machine->durable[machine->cache[i].block],
                   machine->cache[i].bytes, DISK_BLOCK_BYTES);
        }
    }
    machine_on();
    machine->cuts++;
    for (uint64_t b = DISK_FIRST_BLOCK; b < BLOCKS; b++) {
        const struct model_view *after = &machine->view[b];
        const struct disk_double *found;

        (void)double_run(&machine->v.doubles, b, 1, &found);
        check_subject = "what was on the disk is lost";
        CHECK(!on_disk[b] || !newest[b] || after->newest_owners > 0);
        check_subject = "a block has two owners that did not move";
        CHECK(after->newest_owners < 2 || before[b].double_owned ||
              before[b].newest_owners == 2);
        CHECK_EQUAL(found != NULL, after->newest_owners == 2);
        CHECK(after->newest_owners == 0 || before[b].newest_owners == 0 ||
              before[b].type == after->type);
        machine->frozen += found != NULL;
    }
    cut_check_data();
}
