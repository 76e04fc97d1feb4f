/* SPDX-License-Identifier: MIT */
/*
 * Functions: how they begin and end, call each other and helpers, and how a run
 * ends in the midst of them.
 *
 * On the caller's stack (sp) is only what is restored: of the first function
 * all preserved registers that any function writes, and ra if any calls; of
 * every other what it writes itself. The program's own frames lie elsewhere
 * (t5, or s7), so nothing that it can address leads control anywhere. A run
 * that is stopped goes back to the first function's sp, which the context has
 * kept, and ends there.
 *
 * A helper is C: t3 to t5 and a6 would be gone, so programs that call one keep
 * the context, frame and fuel in s6 to s8.
 */
#include "kern/code/compile_part.h"

#define SAVES_HELPER 32U  /* context, frame and fuel, of the first function */
#define SAVES_REGISTERS 8 /* the most of them */
#define ENTRY_SHIFT 8

_Static_assert(SAVES_REGISTERS * 8 * CODE_DEPTH_MAX <= CODE_COMPILE_STACK,
               "and what is a multiple of 16 stays one");
_Static_assert(offsetof(struct code_context, kept) < 2048, "in reach");

/* The registers that are saved, in their order; how many. */
static unsigned
saves_list(uint32_t saves, uint8_t *list)
{
    unsigned count = 0;

    for (unsigned r = 0; r < 4; r++) {
        if ((saves >> r & 1) != 0) {
            list[count++] = (uint8_t)(S2 + r);
        }
    }
    if ((saves & CODE_NOTE_CALLS) != 0) {
        list[count++] = RA;
    }
    if ((saves & SAVES_HELPER) != 0) {
        list[count++] = S6;
        list[count++] = S7;
        list[count++] = S8;
    }
    return count;
}

static int64_t
saves_size(unsigned count)
{
    return (count * 8 + 15) & ~15LL;
}

static void
saves_store(struct code_compiler *c, uint32_t saves)
{
    uint8_t list[SAVES_REGISTERS];
    unsigned count = saves_list(saves, list);

    if (count > 0) {
        emit_immediate(c, ADDI, SP, SP, -saves_size(count));
    }
    for (unsigned i = 0; i < count; i++) {
        emit_store(c, SD, list[i], SP, 8L * i);
    }
}

/* And returns. */
static void
saves_load(struct code_compiler *c, uint32_t saves)
{
    uint8_t list[SAVES_REGISTERS];
    unsigned count = saves_list(saves, list);

    for (unsigned i = 0; i < count; i++) {
        emit_immediate(c, LD, list[i], SP, 8L * i);
    }
    if (count > 0) {
        emit_immediate(c, ADDI, SP, SP, saves_size(count));
    }
    emit_immediate(c, JALR, ZERO, RA, 0);
}

/* What the first function saves: for all of them. */
static uint32_t
saves_first(const struct code_compiler *c)
{
    uint32_t helper = compile_uses(c, ROUTINE_HELPER) ? SAVES_HELPER : 0;

    return helper | c->saves;
}

/* Zeroes a frame; a loop does what is more than some words of it. */
static void
frame_clear(struct code_compiler *c, uint32_t frame)
{
    uint32_t alone = frame <= 128 ? frame : frame % 64;
    uint32_t again;

    for (uint32_t byte = 8; byte <= alone; byte += 8) {
        emit_store(c, SD, ZERO, c->frame, -(int64_t)byte);
    }
    if (alone == frame) {
        return;
    }
    emit_add(c, T0, c->frame, -(int64_t)frame, T0);
    emit_add(c, T1, c->frame, -(int64_t)alone, T1);
    again = c->length;
    for (uint32_t byte = 0; byte < 64; byte += 8) {
        emit_store(c, SD, ZERO, T0, byte);
    }
    emit_immediate(c, ADDI, T0, T0, 64);
    emit_branch(c, BNE, T0, T1, again, true);
}

/* The most that this takes beyond its words. */
static uint32_t
frame_loops(uint32_t frame)
{
    return frame <= 128 ? 0 : (frame / 64 - 1) * 10;
}

/* The way out for a reason: t0 to zero, a1 says why. */
static void
stops_emit(struct code_compiler *c)
{
    uint32_t leave[ROUTINE_HELPER];

    for (unsigned stop = ROUTINE_ACCESS; stop < ROUTINE_HELPER; stop++) {
        c->routine[stop] = c->length;
        emit_constant(c, A1, CODE_STOP_ACCESS + stop);
        leave[stop] = emit_forward(c, JAL, ZERO, ZERO);
    }
    c->routine[ROUTINE_HELPER] = c->length;
    emit_immediate(c, LD, A1, c->context, CONTEXT(stop));
    for (unsigned stop = ROUTINE_ACCESS; stop < ROUTINE_HELPER; stop++) {
        emit_land(c, leave[stop]);
    }
    emit_move(c, A0, ZERO);
    if (compile_uses(c, USES_LOCAL)) {
        emit_immediate(c, LD, SP, c->context, CONTEXT(kept));
    }
    saves_load(c, saves_first(c));
}

static void
state_load(struct code_compiler *c)
{
    emit_move(c, c->context, A0);
    if (compile_uses(c, USES_LOCAL)) {
        emit_store(c, SD, SP, c->context, CONTEXT(kept));
    }
    if (compile_uses(c, USES_MEMORY)) {
        emit_immediate(c, LD, A6, c->context, CONTEXT(memory));
    }
    if (c->stack > 0) {
        emit_immediate(c, LD, c->frame, c->context, CONTEXT(stack));
    }
    if (compile_uses(c, USES_FUEL)) {
        emit_immediate(c, LD, c->fuel, c->context, CONTEXT(fuel));
    }
}

void
compile_head(struct code_compiler *c)
{
    uint32_t frame = c->notes[0].frame;
    uint32_t body = 0;

    saves_store(c, saves_first(c));
    if (c->uses != 0 || c->stack > 0) { /* more than registers of its own */
        state_load(c);
    }
    frame_clear(c, frame);
    if ((c->uses & USES_STOP) == 0 && (c->uses >> ROUTINE_LOAD) == 0) {
        return;
    }
    body = emit_forward(c, JAL, ZERO, ZERO);
    if ((c->uses & USES_STOP) != 0) {
        stops_emit(c);
    }
    for (unsigned r = ROUTINE_LOAD; r < ROUTINES; r++) {
        if (compile_uses(c, r)) {
            c->routine[r] = c->length;
            access_routine(c, (enum routine)r);
        }
    }
    emit_land(c, body);
}

/* The entry of a function that is called. */
void
compile_enter(struct code_compiler *c, uint32_t at)
{
    struct code_note *note = &c->notes[at];
    uint32_t begin = c->length;

    c->spare = 0;
    compile_fuel(c, code_price_entry(note) +
                        code_price_function(c->program, c->notes, c->use, at));
    emit_stop_if(c, BLT, c->fuel, ZERO, ROUTINE_FUEL);
    saves_store(c, note->waiting & 0x1f);
    frame_clear(c, note->frame);
    emit_move(c, register_of(0), ZERO);
    compile_pay(c, begin, frame_loops(note->frame), code_price_entry(note));
    note->waiting =
        (uint16_t)((note->waiting & 0xff) | (c->length - begin) << ENTRY_SHIFT);
}

void
compile_exit(struct code_compiler *c, uint32_t at)
{
    if (c->notes[at].function != 0) {
        saves_load(c, compile_function(c, at)->waiting & 0x1f);
        return;
    }
    if (compile_uses(c, USES_FUEL)) {
        emit_store(c, SD, c->fuel, c->context, CONTEXT(fuel));
    }
    emit_constant(c, A1, CODE_STOP_EXIT);
    saves_load(c, saves_first(c));
}

/* The frame below the caller's is the function's. */
void
compile_local(struct code_compiler *c, uint32_t at)
{
    const struct code_note *target =
        &c->notes[code_target(&c->program[at], at)];
    int64_t frame = compile_function(c, at)->frame;
    uint32_t entry = target->waiting >> ENTRY_SHIFT;

    emit_add(c, c->frame, c->frame, -frame, T0);
    emit_jump(c, RA, target->state - entry);
    emit_add(c, c->frame, c->frame, frame, T0);
}

/* Arguments and result are where C wants them. Helpers see fuel and frame in
   the context, but for plain ones. */
void
compile_helper(struct code_compiler *c, uint32_t at)
{
    const struct code_helper *row = c->use->helpers;
    uint64_t address;
    bool fuel;
    int64_t low;

    while (row->number != (uint32_t)c->program[at].immediate) {
        row++;
    }
    fuel = compile_uses(c, USES_FUEL) && !row->plain;
    address = c->helpers[row - c->use->helpers];
    low = (int64_t)((address & 0xfff) ^ 0x800) - 0x800;
    if (fuel) {
        emit_store(c, SD, c->fuel, c->context, CONTEXT(fuel));
    }
    if (c->stack > 0 && !row->plain) {
        emit_add(c, T0, c->frame, -(int64_t)compile_function(c, at)->frame, T0);
        emit_store(c, SD, T0, c->context, CONTEXT(bottom));
    }
    emit_move(c, A0, c->context);
    emit_constant(c, T0, address - (uint64_t)low);
    emit_immediate(c, JALR, RA, T0, low);
    if (!row->plain) {
        emit_immediate(c, LD, T0, c->context, CONTEXT(stop));
        emit_stop_if(c, BNE, T0, ZERO, ROUTINE_HELPER);
    }
    if (fuel) {
        emit_immediate(c, LD, c->fuel, c->context, CONTEXT(fuel));
    }
    if (compile_uses(c, USES_MEMORY)) {
        emit_immediate(c, LD, A6, c->context, CONTEXT(memory));
    }
}
