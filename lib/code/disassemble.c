/* SPDX-License-Identifier: MIT */
#include "lib/code/code.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/code/form.h"

/* Text that is being written. */
struct writer {
    char *text;
    size_t size;
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void
writer_print(struct writer *w, const char *format, ...)
{
    va_list arguments;
    int written;

    va_start(arguments, format);
    written =
        vsnprintf(w->text + w->length, w->size - w->length, format, arguments);
    va_end(arguments);
    if (written > 0) {
        w->length += (size_t)written;
    }
    if (w->length >= w->size) {
        w->length = w->size - 1;
    }
}

/* Whether the instruction is what the row says, leaving out what its text
   names. */
static bool
form_matches(const struct code_form *form, const struct code_instruction *i)
{
    bool destination = false;
    bool source = false;
    bool offset = false;
    bool immediate = false;

    if (form->opcode != i->opcode) {
        return false;
    }
    for (const char *c = form->text; *c != '\0'; c++) {
        if (*c != '%') {
            continue;
        }
        c++;
        destination = destination || *c == 'd' || *c == 'D';
        source = source || *c == 's' || *c == 'S';
        offset = offset || *c == 'o' || *c == 'j';
        immediate =
            immediate || *c == 'i' || *c == 'l' || *c == 'J' || *c == 'h';
    }
    return (destination || code_destination(i) == 0) &&
           (source || form->source == code_source(i)) &&
           (offset || form->offset == i->offset) &&
           (immediate || form->immediate == i->immediate) &&
           code_destination(i) <= CODE_FRAME_POINTER &&
           code_source(i) <= CODE_FRAME_POINTER;
}

static void
part_print(struct writer *w, char part, const struct code_instruction *i)
{
    switch (part) {
    case 'd':
    case 'D':
        writer_print(w, "%c%u", part == 'd' ? 'r' : 'w', code_destination(i));
        break;
    case 's':
    case 'S':
        writer_print(w, "%c%u", part == 's' ? 'r' : 'w', code_source(i));
        break;
    case 'o':
        writer_print(w, i->offset < 0 ? " - %d" : " + %d",
                     i->offset < 0 ? -i->offset : i->offset);
        break;
    case 'i':
        writer_print(w, "%" PRId32, i->immediate);
        break;
    case 'h':
        writer_print(w, "%" PRIu32, (uint32_t)i->immediate);
        break;
    case 'l':
        writer_print(w, "0x%" PRIx64,
                     (uint64_t)(uint32_t)i[0].immediate |
                         (uint64_t)(uint32_t)i[1].immediate << 32);
        break;
    case 'j':
        writer_print(w, "%+d", i->offset);
        break;
    case 'J':
        writer_print(w, "%+" PRId32, i->immediate);
        break;
    default: /* %% */
        writer_print(w, "%c", part);
        break;
    }
}

uint32_t
code_disassemble(const struct code_instruction *program, uint32_t count,
                 uint32_t at, char *text, size_t size)
{
    const struct code_instruction *i = &program[at];
    bool wide = i->opcode == CODE_LD_IMM64;
    struct writer w = {text, size, 0};

    if (wide && (count - at < 2 || i[1].opcode != 0 || i[1].registers != 0 ||
                 i[1].offset != 0)) {
        return 0;
    }
    for (uint32_t f = 0; f < code_form_count; f++) {
        if (!form_matches(&code_forms[f], i)) {
            continue;
        }
        for (const char *c = code_forms[f].text; *c != '\0'; c++) {
            if (*c == '%') {
                part_print(&w, *++c, i);
            } else {
                writer_print(&w, "%c", *c);
            }
        }
        return wide ? 2 : 1;
    }
    return 0;
}
