/* SPDX-License-Identifier: MIT */
/*
 * Two passes over the text, the first only for the labels: an instruction's
 * length does not depend on them. A line is tried against each row of the table
 * of forms until one fits to its end; no two rows fit the same line.
 */
#include "lib/code/code.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/code/form.h"

#define LABELS_MAX 256

struct label {
    const char *name; /* in the text */
    size_t length;
    uint32_t at;
};

struct assembler {
    struct label labels[LABELS_MAX];
    uint32_t label_count;
    bool bound; /* second pass: labels are known */
    struct code_instruction *program;
    uint32_t room;
    uint32_t count;
    const char *fault; /* says more than that nothing fits */
};

static bool
is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

static const char *
blanks_skip(const char *c)
{
    while (*c == ' ' || *c == '\t' || *c == '\r') {
        c++;
    }
    return c;
}

/* A comment ends an instruction too, and so does what separates two. */
static bool
line_ended(const char *c)
{
    return *c == '\0' || *c == '\n' || *c == ';' || *c == '#';
}

/* A register, or NULL. `seen` is what it must be, -1 if it was not named yet.
 */
static const char *
register_read(const char *c, char kind, int *seen)
{
    int number = 0;
    int digits = 0;

    if (*c++ != kind) {
        return NULL;
    }
    for (; isdigit((unsigned char)*c) && digits < 3; digits++) {
        number = number * 10 + (*c++ - '0');
    }
    if (digits == 0 || is_name(*c) || number > CODE_FRAME_POINTER ||
        (*seen >= 0 && *seen != number)) {
        return NULL;
    }
    *seen = number;
    return c;
}

/* A number without a plus sign, or NULL: all bits of it, negative ones as in
   two's complement. */
static const char *
number_read(const char *c, uint64_t *value)
{
    bool negative = *c == '-';
    char *end;

    c += negative;
    if (!isdigit((unsigned char)*c)) {
        return NULL;
    }
    errno = 0;
    *value = strtoull(c, &end, c[0] == '0' && c[1] == 'x' ? 16 : 10);
    if (errno != 0 || is_name(*end) || (negative && *value > 1ULL << 63)) {
        return NULL;
    }
    if (negative) {
        *value = 0 - *value;
    }
    return end;
}

/* A number from low to high, or NULL. */
static const char *
number_within(const char *c, int64_t low, int64_t high, int64_t *value)
{
    bool negative = *c == '-';
    uint64_t bits = 0;

    c = number_read(c, &bits);
    *value = (int64_t)bits;
    return c != NULL && (*value < 0) == (negative && bits != 0) &&
                   *value >= low && *value <= high
               ? c
               : NULL;
}

/* " + 4" or " - 4", or nothing at all, before what closes the address. */
static const char *
offset_read(const char *c, int16_t *offset)
{
    int64_t value = 0;
    char sign;

    c = blanks_skip(c);
    sign = *c;
    *offset = 0;
    if (sign == ')' || sign == ',') {
        return c;
    }
    if (sign != '+' && sign != '-') {
        return NULL;
    }
    c = number_within(blanks_skip(c + 1), 0,
                      sign == '-' ? -(int64_t)INT16_MIN : INT16_MAX, &value);
    *offset = (int16_t)(sign == '-' ? -value : value);
    return c;
}

/* A signed distance or a label; the distance from the slot behind this. */
static const char *
target_read(struct assembler *a, const char *c, int64_t low, int64_t high,
            int64_t *distance)
{
    size_t length = 0;

    if (*c == '+' || *c == '-') {
        return number_within(c + (*c == '+'), low, high, distance);
    }
    while (is_name(c[length])) {
        length++;
    }
    if (length == 0 || isdigit((unsigned char)*c)) {
        return NULL;
    }
    *distance = 0;
    for (uint32_t l = 0; a->bound && l <= a->label_count; l++) {
        if (l == a->label_count) {
            a->fault = "there is no such label";
            return NULL;
        }
        if (a->labels[l].length == length &&
            memcmp(a->labels[l].name, c, length) == 0) {
            *distance = (int64_t)a->labels[l].at - a->count - 1;
            break;
        }
    }
    return *distance >= low && *distance <= high ? c + length : NULL;
}

/* An instruction while it is read; registers are -1 until they are named. */
struct reading {
    struct code_instruction i;
    int destination;
    int source;
    int32_t upper; /* of a 64-bit immediate */
};

static const char *
part_read(struct assembler *a, const char *c, char part, struct reading *r)
{
    int64_t value = 0;
    uint64_t bits = 0;

    switch (part) {
    case 'd':
    case 'D':
        return register_read(c, part == 'd' ? 'r' : 'w', &r->destination);
    case 's':
    case 'S':
        return register_read(c, part == 's' ? 'r' : 'w', &r->source);
    case 'o':
        return offset_read(c, &r->i.offset);
    case 'i':
        c = number_within(c, INT32_MIN, INT32_MAX, &value);
        r->i.immediate = (int32_t)value;
        return c;
    case 'h':
        c = *c == '-' ? NULL : number_within(c, 0, UINT32_MAX, &value);
        r->i.immediate = (int32_t)(uint32_t)value;
        return c;
    case 'l':
        c = number_read(c, &bits);
        r->i.immediate = (int32_t)(uint32_t)bits;
        r->upper = (int32_t)(uint32_t)(bits >> 32);
        return c;
    case 'j':
        c = target_read(a, c, INT16_MIN, INT16_MAX, &value);
        r->i.offset = (int16_t)value;
        return c;
    case 'J':
        c = target_read(a, c, INT32_MIN, INT32_MAX, &value);
        r->i.immediate = (int32_t)value;
        return c;
    default: /* %% */
        return *c == part ? c + 1 : NULL;
    }
}

/* Reads the line as that form; NULL if it is none, else the line's end. */
static const char *
form_read(struct assembler *a, const char *c, const struct code_form *form,
          struct reading *r)
{
    *r = (struct reading){.i = {.opcode = form->opcode,
                                .offset = form->offset,
                                .immediate = form->immediate},
                          .destination = -1,
                          .source = -1};
    for (const char *f = form->text; *f != '\0' && c != NULL; f++) {
        if (*f == ' ') {
            c = blanks_skip(c);
        } else if (*f == '%') {
            c = part_read(a, c, *++f, r);
        } else {
            c = *c == *f ? c + 1 : NULL;
        }
    }
    if (c == NULL || !line_ended(blanks_skip(c))) {
        return NULL;
    }
    r->i.registers = (uint8_t)((r->destination < 0 ? 0 : r->destination) |
                               (r->source < 0 ? form->source : r->source) << 4);
    return c;
}

static bool
slot_put(struct assembler *a, struct code_instruction i)
{
    if (a->count == a->room) {
        a->fault = "the program is too long";
        return false;
    }
    a->program[a->count++] = i;
    return true;
}

static bool
instruction_read(struct assembler *a, const char *c)
{
    struct reading r;

    for (uint32_t f = 0; f < code_form_count; f++) {
        if (form_read(a, c, &code_forms[f], &r) != NULL) {
            struct code_instruction upper = {.immediate = r.upper};

            return slot_put(a, r.i) &&
                   (r.i.opcode != CODE_LD_IMM64 || slot_put(a, upper));
        }
    }
    return false;
}

/* The label before an instruction, if there is one; what follows it. */
static const char *
label_read(struct assembler *a, const char *c)
{
    size_t length = 0;

    while (is_name(c[length])) {
        length++;
    }
    if (length == 0 || c[length] != ':') {
        return c;
    }
    if (!a->bound) {
        for (uint32_t l = 0; l < a->label_count; l++) {
            if (a->labels[l].length == length &&
                memcmp(a->labels[l].name, c, length) == 0) {
                a->fault = "a label twice";
                return NULL;
            }
        }
        if (a->label_count == LABELS_MAX) {
            a->fault = "too many labels";
            return NULL;
        }
        a->labels[a->label_count++] = (struct label){c, length, a->count};
    }
    return blanks_skip(c + length + 1);
}

/* One pass; false with *line where it ended too soon. */
static bool
text_read(struct assembler *a, const char *text, uint32_t *line)
{
    a->count = 0;
    *line = 1;
    while (*text != '\0') {
        const char *c = label_read(a, blanks_skip(text));

        if (c == NULL || (!line_ended(c) && !instruction_read(a, c))) {
            return false;
        }
        text += strcspn(text, "\n;#");
        text += *text == '#' ? strcspn(text, "\n") : 0;
        *line += *text == '\n';
        text += *text != '\0';
    }
    return true;
}

int64_t
code_assemble(const char *text, struct code_instruction *program, uint32_t room,
              struct code_error *error)
{
    struct assembler a = {.program = program, .room = room};

    *error = (struct code_error){NULL, 0};
    if (text_read(&a, text, &error->line)) {
        a.bound = true;
        if (text_read(&a, text, &error->line)) {
            error->line = 0;
            return a.count;
        }
    }
    error->fault = a.fault != NULL ? a.fault : "no instruction that is known";
    return -1;
}
