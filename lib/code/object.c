/* SPDX-License-Identifier: MIT */
/*
 * A small linker. Numbers and fields are those of the System V generic ABI
 * (ELF-64, little-endian); machine and relocations those of the BPF back end of
 * LLVM ("BPF relocation" in the Linux documentation of BPF).
 *
 * The section that is entered comes first, turned round so that its entry is
 * the program's first slot: functions keep their order, so that only calls over
 * the seam change. Sections that it calls into are put behind, each once. Every
 * distance that a call has is then written anew.
 */
#include "lib/code/code.h"

#include <string.h>

#define SECTIONS_MAX 1024
#define PLACES_MAX 16

struct file_header {
    uint8_t magic[16]; /* class, byte order and version among them */
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_offset, section_offset;
    uint32_t flags;
    uint16_t header_size, program_size, program_count;
    uint16_t section_size, section_count, name_section;
};

struct section {
    uint32_t name, type;
    uint64_t flags, address, offset, size;
    uint32_t link, information;
    uint64_t alignment, entry_size;
};

struct symbol {
    uint32_t name;
    uint8_t information, other;
    uint16_t section;
    uint64_t value, size;
};

struct relocation {
    uint64_t offset;
    uint64_t information; /* symbol, type */
};

_Static_assert(sizeof(struct file_header) == 64 &&
                   sizeof(struct section) == 64 &&
                   sizeof(struct symbol) == 24 &&
                   sizeof(struct relocation) == 16,
               "as the format has them");

enum {
    TYPE_RELOCATABLE = 1,
    MACHINE_BPF = 247,
    SECTION_PROGRAM = 1,
    SECTION_SYMBOLS = 2,
    SECTION_RELA = 4,
    SECTION_REL = 9,
    FLAG_EXECUTABLE = 4,
    SYMBOL_FUNCTION = 2,
    SYMBOL_GLOBAL = 1,
    RELOCATION_64_64 = 1,
    RELOCATION_64_32 = 10,
};

#define SLOT sizeof(struct code_instruction)

/* A section in the program. */
struct place {
    uint32_t section;
    uint32_t slots;
    uint32_t base;  /* its first slot in the program */
    uint32_t entry; /* the slot of the section that stands there */
};

struct object {
    const uint8_t *file;
    size_t size;
    struct file_header header;
    struct section symbols;
    bool has_symbols;
    struct code_instruction *program;
    bool bound[CODE_INSTRUCTIONS_MAX]; /* of a call: it has its distance */
    uint32_t room;
    uint32_t count;
    struct place places[PLACES_MAX];
    uint32_t place_count;
    const char *fault;
};

static bool
fault_set(struct object *o, const char *fault)
{
    o->fault = fault;
    return false;
}

static bool
range_good(const struct object *o, uint64_t offset, uint64_t size)
{
    return offset <= o->size && size <= o->size - offset;
}

static struct section
section_read(const struct object *o, uint32_t index)
{
    struct section s = {0};

    if (index < o->header.section_count) {
        memcpy(&s, o->file + o->header.section_offset + index * sizeof(s),
               sizeof(s));
    }
    return s;
}

/* A name in a table of strings, which may be anything; "" if there is none. */
static const char *
name_read(const struct object *o, uint32_t table, uint32_t name)
{
    struct section s = section_read(o, table);

    if (!range_good(o, s.offset, s.size) || name >= s.size ||
        memchr(o->file + s.offset + name, 0, s.size - name) == NULL) {
        return "";
    }
    return (const char *)o->file + s.offset + name;
}

static bool
header_read(struct object *o)
{
    static const uint8_t magic[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    struct file_header *h = &o->header;

    if (o->size < sizeof(*h)) {
        return fault_set(o, "no ELF file: too short for a header");
    }
    memcpy(h, o->file, sizeof(*h));
    if (memcmp(h->magic, magic, sizeof(magic)) != 0) {
        return fault_set(o, "no 64-bit little-endian ELF file");
    }
    if (h->type != TYPE_RELOCATABLE || h->machine != MACHINE_BPF) {
        return fault_set(o, "no object of clang -target bpf -c");
    }
    if (h->section_size != sizeof(struct section) ||
        h->section_count > SECTIONS_MAX ||
        !range_good(o, h->section_offset,
                    h->section_count * sizeof(struct section))) {
        return fault_set(o, "its section headers are not in the file");
    }
    for (uint32_t s = 0; s < h->section_count && !o->has_symbols; s++) {
        o->symbols = section_read(o, s);
        o->has_symbols = o->symbols.type == SECTION_SYMBOLS &&
                         range_good(o, o->symbols.offset, o->symbols.size);
    }
    return true;
}

/* False behind the last. */
static bool
symbol_read(const struct object *o, uint64_t index, struct symbol *symbol)
{
    if (!o->has_symbols || index >= o->symbols.size / sizeof(*symbol)) {
        return false;
    }
    memcpy(symbol, o->file + o->symbols.offset + index * sizeof(*symbol),
           sizeof(*symbol));
    return true;
}

static bool
section_is_code(const struct section *s)
{
    return s->type == SECTION_PROGRAM && (s->flags & FLAG_EXECUTABLE) != 0 &&
           s->size > 0;
}

/* Where to enter: a function of that name, or a section. */
static bool
entry_named(struct object *o, const char *name, uint32_t *section,
            uint64_t *entry, bool *given)
{
    struct symbol symbol;

    *given = true;
    for (uint64_t i = 0; symbol_read(o, i, &symbol); i++) {
        struct section s = section_read(o, symbol.section);

        if ((symbol.information & 0xf) == SYMBOL_FUNCTION &&
            section_is_code(&s) &&
            strcmp(name_read(o, o->symbols.link, symbol.name), name) == 0) {
            *section = symbol.section;
            *entry = symbol.value;
            return true;
        }
    }
    *given = false;
    for (uint32_t i = 0; i < o->header.section_count; i++) {
        struct section s = section_read(o, i);

        if (section_is_code(&s) &&
            strcmp(name_read(o, o->header.name_section, s.name), name) == 0) {
            *section = i;
            return true;
        }
    }
    return fault_set(o, "it has neither a function nor a section of that name");
}

/* The first section with a program: .text is where functions are that others
   call, unless there is no other. */
static bool
section_first(struct object *o, uint32_t *section)
{
    bool found = false;

    for (uint32_t i = 0; i < o->header.section_count; i++) {
        struct section s = section_read(o, i);

        if (!section_is_code(&s)) {
            continue;
        }
        if (strcmp(name_read(o, o->header.name_section, s.name), ".text") !=
            0) {
            *section = i;
            return true;
        }
        *section = found ? *section : i;
        found = true;
    }
    return found || fault_set(o, "it has no program");
}

/* The first global function of the section; its start if there is none. */
static uint64_t
entry_first(const struct object *o, uint32_t section)
{
    uint64_t entry = UINT64_MAX;
    struct symbol symbol;

    for (uint64_t i = 0; symbol_read(o, i, &symbol); i++) {
        if (symbol.section == section && symbol.value < entry &&
            symbol.information == (SYMBOL_GLOBAL << 4 | SYMBOL_FUNCTION)) {
            entry = symbol.value;
        }
    }
    return entry == UINT64_MAX ? 0 : entry;
}

/* The place of the section, which is put into the program if it is not there.
   NULL if it cannot be. */
static const struct place *
section_place(struct object *o, uint32_t index, uint64_t entry)
{
    struct section s = section_read(o, index);
    struct place *p = &o->places[o->place_count];
    uint64_t slots = s.size / SLOT;
    uint64_t behind;

    for (uint32_t i = 0; i < o->place_count; i++) {
        if (o->places[i].section == index) {
            return &o->places[i];
        }
    }
    if (!section_is_code(&s)) {
        o->fault = "a call of what is not in the file, or is no code";
        return NULL;
    }
    if (!range_good(o, s.offset, s.size) || s.size % SLOT != 0 ||
        entry >= s.size || entry % SLOT != 0) {
        o->fault = "a section is broken";
        return NULL;
    }
    if (slots > o->room - o->count || o->place_count == PLACES_MAX) {
        o->fault = "the program is too long";
        return NULL;
    }
    *p = (struct place){index, (uint32_t)slots, o->count,
                        (uint32_t)(entry / SLOT)};
    behind = s.size - entry;
    memcpy(&o->program[o->count], o->file + s.offset + entry, behind);
    memcpy((uint8_t *)&o->program[o->count] + behind, o->file + s.offset,
           entry);
    o->count += p->slots;
    o->place_count++;
    return p;
}

/* The slot of the program at which that of the section stands. */
static uint32_t
place_slot(const struct place *p, uint64_t slot)
{
    return p->base + (uint32_t)((slot + p->slots - p->entry) % p->slots);
}

/* Makes the call at a slot of a place lead to a slot of a section. */
static bool
call_bind(struct object *o, const struct place *from, uint64_t slot,
          uint32_t section, int64_t target)
{
    const struct place *to = section_place(o, section, 0);
    uint32_t at = place_slot(from, slot);

    if (to == NULL) {
        return false;
    }
    if (target < 0 || target >= to->slots) {
        return fault_set(o, "a call leads out of its section");
    }
    o->bound[at] = true;
    o->program[at].registers = CODE_LOCAL << 4;
    o->program[at].immediate =
        (int32_t)((int64_t)place_slot(to, (uint64_t)target) - at - 1);
    return true;
}

static bool
relocation_apply(struct object *o, const struct place *p,
                 const struct relocation *r)
{
    uint32_t type = (uint32_t)r->information;
    uint64_t slot = r->offset / SLOT;
    struct symbol symbol = {0};
    struct code_instruction *i;

    if (slot >= p->slots || r->offset % SLOT != 0 ||
        !symbol_read(o, r->information >> 32, &symbol)) {
        return fault_set(o, "a relocation is broken");
    }
    i = &o->program[place_slot(p, slot)];
    if (type == RELOCATION_64_64) {
        return fault_set(o,
                         "it refers to a map or to data: neither is offered");
    }
    if (type != RELOCATION_64_32 || i->opcode != (CODE_JMP | CODE_CALL)) {
        return fault_set(o, "a relocation of an unknown kind");
    }
    if (symbol.section == 0) {
        return fault_set(o, "a call of a function that is not in the file");
    }
    /* The immediate counts from the symbol, in slots, less one. */
    return call_bind(o, p, slot, symbol.section,
                     (int64_t)(symbol.value / SLOT) + i->immediate + 1);
}

/* Applies the relocations of the section, which may put more sections in. */
static bool
place_relocate(struct object *o, const struct place *p)
{
    for (uint32_t i = 0; i < o->header.section_count; i++) {
        struct section s = section_read(o, i);
        struct relocation r;

        if (s.information != p->section ||
            (s.type != SECTION_REL && s.type != SECTION_RELA)) {
            continue;
        }
        if (s.type == SECTION_RELA || !range_good(o, s.offset, s.size)) {
            return fault_set(o, "a relocation is broken");
        }
        for (uint64_t n = 0; n < s.size / sizeof(r); n++) {
            memcpy(&r, o->file + s.offset + n * sizeof(r), sizeof(r));
            if (!relocation_apply(o, p, &r)) {
                return false;
            }
        }
    }
    return true;
}

/* Binds the section's calls into itself, which have no relocation. */
static bool
place_bind(struct object *o, const struct place *p)
{
    for (uint64_t slot = 0; slot < p->slots; slot++) {
        uint32_t at = place_slot(p, slot);
        const struct code_instruction *i = &o->program[at];

        if (code_is_call(i, CODE_LOCAL) && !o->bound[at] &&
            !call_bind(o, p, slot, p->section,
                       (int64_t)slot + 1 + i->immediate)) {
            return false;
        }
        slot += i->opcode == CODE_LD_IMM64;
    }
    return true;
}

static bool
object_link(struct object *o, const char *name)
{
    uint32_t section = 0;
    uint64_t entry = 0;
    bool given = false;

    if (!header_read(o) ||
        !(name == NULL ? section_first(o, &section)
                       : entry_named(o, name, &section, &entry, &given))) {
        return false;
    }
    if (!given) {
        entry = entry_first(o, section);
    }
    if (section_place(o, section, entry) == NULL) {
        return false;
    }
    for (uint32_t p = 0; p < o->place_count; p++) {
        if (!place_relocate(o, &o->places[p]) ||
            !place_bind(o, &o->places[p])) {
            return false;
        }
    }
    return true;
}

int64_t
code_object_load(const void *file, size_t size, const char *name,
                 struct code_instruction *program, uint32_t room,
                 struct code_error *error)
{
    struct object o = {
        .file = file,
        .size = size,
        .program = program,
        .room = room < CODE_INSTRUCTIONS_MAX ? room : CODE_INSTRUCTIONS_MAX};
    bool good = object_link(&o, name);

    *error = (struct code_error){o.fault, 0};
    return good ? (int64_t)o.count : -1;
}
