/* SPDX-License-Identifier: MIT */
#include "lib/exo/elf.h"

#include <string.h>

#include "kern/abi/error.h"
#include "kern/abi/layout.h"
#include "lib/exo/map.h"

#define PAGES_MAX 0x40000 /* 1 GiB */
#define PAGE_MASK (FRAME_SIZE - 1)

/* The file and program headers of the ELF-64 object file format. */
struct header {
    uint8_t magic[8]; /* class, byte order and version among them */
    uint8_t unused[8];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t program_offset;
    uint64_t section_offset;
    uint32_t flags;
    uint16_t header_size;
    uint16_t program_size;
    uint16_t program_count;
    uint16_t rest[3];
};

struct program {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t address;
    uint64_t physical;
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t alignment;
};

_Static_assert(sizeof(struct header) == 64 && sizeof(struct program) == 56,
               "as the format has them");

#define TYPE_EXEC 2
#define MACHINE_RISCV 243
#define PROGRAM_LOAD 1
#define PROGRAM_DYNAMIC 2
#define PROGRAM_INTERPRETER 3
#define FLAG_X 1
#define FLAG_W 2
#define FLAG_R 4

/* Program header `index` of a file with so many. */
static struct program
program_read(const void *file, unsigned index)
{
    struct header header;
    struct program program;

    memcpy(&header, file, sizeof(header));
    memcpy(&program,
           (const char *)file + header.program_offset + index * sizeof(program),
           sizeof(program));
    return program;
}

bool
exo_elf_segment(const void *file, unsigned number, struct exo_segment *segment)
{
    struct header header;

    memcpy(&header, file, sizeof(header));
    for (unsigned i = 0; i < header.program_count; i++) {
        struct program program = program_read(file, i);

        if (program.type == PROGRAM_LOAD && program.memory_size > 0 &&
            number-- == 0) {
            *segment = (struct exo_segment){
                program.address, program.memory_size, program.offset,
                program.file_size,
                EXO_R | (program.flags & FLAG_W ? EXO_W : 0) |
                    (program.flags & FLAG_X ? EXO_X : 0)};
            return true;
        }
    }
    return false;
}

/* Whether it is a file of the kind, with its program headers inside. */
static bool
header_good(const struct header *header, size_t count)
{
    static const uint8_t magic[8] = {0x7f, 'E', 'L', 'F', 2, 1, 1, 0};

    return memcmp(header->magic, magic, 7) == 0 && header->type == TYPE_EXEC &&
           header->machine == MACHINE_RISCV &&
           header->program_size == sizeof(struct program) &&
           header->program_offset <= count &&
           header->program_count <=
               (count - header->program_offset) / sizeof(struct program);
}

/* Whether a segment can be loaded that begins at or above `low`. */
static bool
segment_good(const struct program *program, size_t size, uint64_t low)
{
    return (program->flags & FLAG_R) != 0 &&
           (program->flags & (FLAG_W | FLAG_X)) != (FLAG_W | FLAG_X) &&
           program->file_size <= program->memory_size &&
           program->offset <= size &&
           program->file_size <= size - program->offset &&
           (program->address & ~PAGE_MASK) >= low &&
           program->address < EXO_WINDOW &&
           program->memory_size <= EXO_WINDOW - program->address;
}

int64_t
exo_elf_check_head(const void *head, size_t count, uint64_t size,
                   uint64_t *entry)
{
    uint64_t low = USER_START;
    uint64_t pages = 0;
    bool entered = false;
    struct header header;

    if (count > size || count < sizeof(header)) {
        return -EINVAL;
    }
    memcpy(&header, head, sizeof(header));
    if (!header_good(&header, count)) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < header.program_count; i++) {
        struct program program = program_read(head, i);
        uint64_t start = program.address & ~PAGE_MASK;

        if (program.type == PROGRAM_DYNAMIC ||
            program.type == PROGRAM_INTERPRETER) {
            return -EINVAL;
        }
        if (program.type != PROGRAM_LOAD || program.memory_size == 0) {
            continue;
        }
        if (!segment_good(&program, size, low)) {
            return -EINVAL;
        }
        low = (program.address + program.memory_size + PAGE_MASK) & ~PAGE_MASK;
        pages += (low - start) / FRAME_SIZE;
        entered =
            entered ||
            ((program.flags & FLAG_X) != 0 && header.entry >= program.address &&
             header.entry - program.address < program.memory_size);
    }
    *entry = header.entry;
    return entered && pages <= PAGES_MAX && header.entry % 2 == 0 ? 0 : -EINVAL;
}

int64_t
exo_elf_check(const void *file, size_t size, uint64_t *entry)
{
    return exo_elf_check_head(file, size, size, entry);
}
