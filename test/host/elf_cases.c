/* SPDX-License-Identifier: MIT */
/*
 * One ELF file for each reason to refuse one, made from the smallest valid one
 * by changing a field or two, and for each deviation that is tolerated. Every
 * file is opened in a buffer of exactly its size, at an odd address.
 */
#include <elf.h>

#include "kern/abi/error.h"
#include "kern/boot/elf.h"
#include "test/host/check.h"

#define PAGE 0x1000UL
#define LOW 0x10000U
#define HIGH 0x4000000000U
#define PAGES 64U

/* Program headers of the valid file; TEXT is at offset HEADER(TEXT). */
enum { NOTE, TEXT, DATA, STACK, HEADERS };

#define HEADER(i) (sizeof(Elf64_Ehdr) + (i) * sizeof(Elf64_Phdr))
#define TEXT_SIZE 0x1200U
#define DATA_SIZE 0x300U
#define SIZE (TEXT_SIZE + DATA_SIZE)

/* A file while it is put together; only the first `size` bytes are opened. */
struct image {
    Elf64_Ehdr file;
    Elf64_Phdr program[17];
    size_t size;
};

static const struct elf_limits limits = {LOW, HIGH, PAGES};

/*
 *   LOW +0x0000 R-X  0x1200 bytes from offset 0, headers included
 *       +0x2200 RW-   0x300 bytes from offset 0x1200, of 0x2000
 */
static struct image
image_valid(void)
{
    struct image image = {
        .file =
            {
                .e_type = ET_EXEC,
                .e_machine = EM_RISCV,
                .e_version = EV_CURRENT,
                .e_entry = LOW + 0x400,
                .e_phoff = sizeof(Elf64_Ehdr),
                .e_flags = EF_RISCV_RVC | EF_RISCV_FLOAT_ABI_DOUBLE,
                .e_ehsize = sizeof(Elf64_Ehdr),
                .e_phentsize = sizeof(Elf64_Phdr),
                .e_phnum = HEADERS,
            },
        .program[NOTE] = {.p_type = PT_NOTE, .p_offset = UINT64_MAX},
        .program[TEXT] =
            {
                .p_type = PT_LOAD,
                .p_flags = PF_R | PF_X,
                .p_vaddr = LOW,
                .p_filesz = TEXT_SIZE,
                .p_memsz = TEXT_SIZE,
            },
        .program[DATA] =
            {
                .p_type = PT_LOAD,
                .p_flags = PF_R | PF_W,
                .p_offset = TEXT_SIZE,
                .p_vaddr = LOW + PAGE + TEXT_SIZE,
                .p_filesz = DATA_SIZE,
                .p_memsz = 0x2000,
            },
        .program[STACK] = {.p_type = PT_GNU_STACK, .p_flags = 7},
        .size = SIZE,
    };

    memcpy(image.file.e_ident, ELFMAG, SELFMAG);
    image.file.e_ident[EI_CLASS] = ELFCLASS64;
    image.file.e_ident[EI_DATA] = ELFDATA2LSB;
    image.file.e_ident[EI_VERSION] = EV_CURRENT;
    return image;
}

/* The caller frees the copy, of which elf->blob is the second byte. */
static uint8_t *
image_open(const struct image *image, const struct elf_limits *l,
           struct elf *elf)
{
    uint8_t *buffer = calloc(1, image->size + 1);
    uint8_t whole[SIZE + PAGE] = {0};
    int error;

    CHECK(buffer != NULL);
    CHECK(image->size <= sizeof(whole));
    memcpy(whole, &image->file, sizeof(image->file));
    memcpy(whole + sizeof(image->file), image->program, sizeof(image->program));
    memcpy(buffer + 1, whole, image->size);
    error = elf_open(elf, buffer + 1, image->size, l);
    CHECK_EQUAL(error, elf->fault == NULL ? 0 : -EINVAL);
    return buffer;
}

/* Checks the reason by a part of it. */
static void
refuse_within(const struct image *image, const struct elf_limits *l,
              const char *reason, size_t at)
{
    struct elf_segment s = {.vaddr = 77};
    struct elf elf;
    uint8_t *buffer = image_open(image, l, &elf);

    check_subject = reason;
    CHECK(elf.fault != NULL);
    if (strstr(elf.fault, reason) == NULL) {
        check_subject = elf.fault;
        check_fail(__FILE__, __LINE__, reason);
    }
    CHECK_EQUAL(elf.fault_at, at);
    CHECK_EQUAL(elf.segments, 0);
    CHECK_EQUAL(elf_segment_read(&elf, 0, &s), -ENOENT);
    CHECK_EQUAL(s.vaddr, 77);
    free(buffer);
}

static void
refuse(const struct image *image, const char *reason, size_t at)
{
    refuse_within(image, &limits, reason, at);
}

/* The segments are those of the PT_LOAD headers with these indexes. */
static void
accept_within(const struct image *image, const struct elf_limits *l,
              const char *what, const char *loads)
{
    struct elf elf;
    uint8_t *buffer = image_open(image, l, &elf);
    struct elf_segment s = {0};

    check_subject = what;
    if (elf.fault != NULL) {
        check_subject = elf.fault;
        check_fail(__FILE__, __LINE__, what);
    }
    CHECK_EQUAL(elf.entry, image->file.e_entry);
    CHECK_EQUAL(elf.segments, strlen(loads));
    for (uint32_t i = 0; loads[i] != '\0'; i++) {
        const Elf64_Phdr *p = &image->program[loads[i] - '0'];
        CHECK_EQUAL(elf_segment_read(&elf, i, &s), 0);
        CHECK_EQUAL(s.vaddr, p->p_vaddr);
        CHECK_EQUAL(s.memsz, p->p_memsz);
        CHECK_EQUAL(s.filesz, p->p_filesz);
        CHECK_EQUAL(s.offset, p->p_filesz > 0 ? p->p_offset : 0);
        CHECK_EQUAL(s.flags, p->p_flags);
    }
    CHECK_EQUAL(elf_segment_read(&elf, (uint32_t)strlen(loads), &s), -ENOENT);
    free(buffer);
}

static void
accept(const struct image *image, const char *what)
{
    accept_within(image, &limits, what, "12");
}

/* The valid file with one field changed. */
#define REFUSE(field, value, reason, at)                                       \
    do {                                                                       \
        struct image image_ = image_valid();                                   \
        image_.field = (value);                                                \
        refuse(&image_, reason, at);                                           \
    } while (0)

#define ACCEPT(field, value, what)                                             \
    do {                                                                       \
        struct image image_ = image_valid();                                   \
        image_.field = (value);                                                \
        accept(&image_, what);                                                 \
    } while (0)

static void
file_header_check(void)
{
    struct elf elf;

    CHECK_EQUAL(elf_open(&elf, NULL, 4096, &limits), -EINVAL);
    REFUSE(size, 0, "too short", 0);
    REFUSE(size, 63, "too short", 0);
    for (int i = 0; i < SELFMAG; i++) {
        REFUSE(file.e_ident[i], 0, "magic", 0);
    }
    REFUSE(file.e_ident[EI_CLASS], ELFCLASS32, "64-bit", 0);
    REFUSE(file.e_ident[EI_DATA], ELFDATA2MSB, "little-endian", 0);
    REFUSE(file.e_ident[EI_VERSION], 0, "version", 0);
    REFUSE(file.e_version, 2, "version", 0);
    REFUSE(file.e_version, 0x10001, "version", 0);
    REFUSE(file.e_machine, EM_X86_64, "RISC-V", 0);
    REFUSE(file.e_machine, EM_RISCV + 256, "RISC-V", 0);
    REFUSE(file.e_type, ET_DYN, "fixed addresses", 0);
    REFUSE(file.e_type, ET_REL, "fixed addresses", 0);
    REFUSE(file.e_type, ET_CORE, "fixed addresses", 0);
}

static void
table_place_check(void)
{
    REFUSE(size, HEADER(HEADERS) - 1, "headers end outside", 0);
    REFUSE(file.e_phentsize, 32, "56 bytes", 0);
    REFUSE(file.e_phentsize, 0, "56 bytes", 0);
    REFUSE(file.e_phnum, 0, "too many", 0);
    REFUSE(file.e_phnum, 17, "too many", 0);
    REFUSE(file.e_phnum, PN_XNUM, "too many", 0);
    REFUSE(file.e_phoff, SIZE - HEADERS * sizeof(Elf64_Phdr) + 1,
           "headers end outside", 0);
    REFUSE(file.e_phoff, SIZE + 1, "headers end outside", 0);
    REFUSE(file.e_phoff, UINT64_MAX, "headers end outside", 0);
    REFUSE(file.e_phoff, UINT64_MAX - 55, "headers end outside", 0);

    ACCEPT(file.e_phnum, 3, "fewer headers");
}

static void
file_flags_check(void)
{
    REFUSE(file.e_flags, EF_RISCV_RVE, "e_flags", 0);
    REFUSE(file.e_flags, EF_RISCV_TSO, "e_flags", 0);
    REFUSE(file.e_flags, 0x80000001, "e_flags", 0);
    for (unsigned flags = 0; flags < 8; flags++) {
        ACCEPT(file.e_flags, flags, "RVC and any floating-point ABI");
    }
    ACCEPT(file.e_ident[EI_OSABI], ELFOSABI_GNU, "another OS ABI");
    ACCEPT(file.e_ehsize, 0, "a size of the header that nobody needs");
    ACCEPT(file.e_shoff, UINT64_MAX, "sections anywhere");
}

/* Sixteen headers that mean nothing, but for those of the valid file. */
static void
table_check(void)
{
    struct image image = image_valid();

    for (uint32_t i = HEADERS; i < 16; i++) {
        static const uint32_t types[] = {PT_NULL,   PT_SHLIB,     PT_PHDR,
                                         PT_TLS,    PT_GNU_RELRO, 0x70000003,
                                         0x7fffffff};
        image.program[i] = image.program[NOTE];
        image.program[i].p_type = types[i % 7];
    }
    image.file.e_phnum = 16;
    accept(&image, "as many headers as there may be");
    image.program[15] = image.program[DATA];
    image.program[DATA].p_type = PT_NULL;
    accept_within(&image, &limits, "the last of them", "1?"); /* '0' + 15 */
    image.program[15].p_type = PT_DYNAMIC;
    refuse(&image, "dynamically", HEADER(15));
    REFUSE(program[NOTE].p_type, PT_INTERP, "dynamically", HEADER(NOTE));
    REFUSE(program[STACK].p_type, PT_DYNAMIC, "dynamically", HEADER(STACK));
    REFUSE(program[DATA].p_type, PT_INTERP, "dynamically", HEADER(DATA));
}

static void
bytes_check(void)
{
    struct image image = image_valid();

    REFUSE(program[TEXT].p_filesz, TEXT_SIZE + 1, "more bytes", HEADER(TEXT));
    REFUSE(program[DATA].p_memsz, DATA_SIZE - 1, "more bytes", HEADER(DATA));
    REFUSE(program[DATA].p_memsz, 0, "more bytes", HEADER(DATA));
    REFUSE(program[DATA].p_filesz, UINT64_MAX, "more bytes", HEADER(DATA));
    REFUSE(program[DATA].p_filesz, DATA_SIZE + 1, "bytes end outside",
           HEADER(DATA));
    REFUSE(program[DATA].p_offset, TEXT_SIZE + PAGE, "bytes end outside",
           HEADER(DATA));
    REFUSE(program[DATA].p_offset, UINT64_MAX, "bytes end outside",
           HEADER(DATA));
    REFUSE(program[DATA].p_offset, UINT64_MAX - DATA_SIZE + 1,
           "bytes end outside", HEADER(DATA));
    REFUSE(program[DATA].p_offset, TEXT_SIZE - 1, "within a page",
           HEADER(DATA));
    REFUSE(program[DATA].p_vaddr, LOW + PAGE + TEXT_SIZE + 2, "within a page",
           HEADER(DATA));
    REFUSE(program[TEXT].p_vaddr, LOW + 0x10, "within a page", HEADER(TEXT));

    image.program[DATA].p_filesz = 0;
    image.program[DATA].p_offset = UINT64_MAX;
    accept(&image, "zeroes only, with an offset of no meaning");
    image.program[DATA].p_memsz = 0;
    image.program[DATA].p_vaddr = 0;
    image.program[DATA].p_flags = UINT32_MAX;
    accept_within(&image, &limits, "an empty segment", "1");
    image = image_valid();
    image.program[DATA].p_memsz = image.program[DATA].p_filesz;
    accept(&image, "no zeroes");
    image = image_valid();
    image.program[DATA].p_offset = 0x200;
    accept(&image, "bytes that another segment has, too");
    ACCEPT(program[DATA].p_align, 3, "an alignment of no meaning");
    ACCEPT(program[DATA].p_paddr, UINT64_MAX, "a physical address");
}

static void
flags_check(void)
{
    for (unsigned flags = 0; flags < 16; flags++) {
        struct image image = image_valid();
        image.program[DATA].p_flags = flags;
        if (flags == PF_R || flags == (PF_R | PF_W) || flags == (PF_R | PF_X)) {
            accept(&image, "R, RW and RX");
        } else if (flags == (PF_R | PF_W | PF_X)) {
            refuse(&image, "writable and executable", HEADER(DATA));
        } else {
            refuse(&image, "not readable", HEADER(DATA));
        }
    }
    REFUSE(program[DATA].p_flags, 0x80000004, "unknown flags", HEADER(DATA));
    REFUSE(program[DATA].p_flags, 0x100006, "unknown flags", HEADER(DATA));
}

static void
entry_check(void)
{
    struct image image = image_valid();

    ACCEPT(file.e_entry, LOW, "the first byte");
    ACCEPT(file.e_entry, LOW + TEXT_SIZE - 2, "the last instruction");
    REFUSE(file.e_entry, LOW + 0x401, "entry is odd", 0);
    REFUSE(file.e_entry, LOW - 2, "no executable segment", 0);
    REFUSE(file.e_entry, LOW + TEXT_SIZE, "no executable segment", 0);
    REFUSE(file.e_entry, 0, "no executable segment", 0);
    REFUSE(file.e_entry, UINT64_MAX - 1, "no executable segment", 0);
    REFUSE(file.e_entry, LOW + PAGE + TEXT_SIZE, "no executable segment", 0);
    REFUSE(program[TEXT].p_flags, PF_R, "no executable segment", 0);
    REFUSE(program[TEXT].p_type, PT_NOTE, "no executable segment", 0);
    image.program[TEXT].p_type = PT_NULL;
    image.program[DATA].p_type = PT_NULL;
    refuse(&image, "no executable segment", 0);

    /* In the zeroes behind the bytes there is nothing to execute. */
    image = image_valid();
    image.program[TEXT].p_memsz = TEXT_SIZE + 16;
    accept(&image, "zeroes that can be executed");
    image.file.e_entry = LOW + TEXT_SIZE;
    refuse(&image, "no executable segment", 0);
    image = image_valid();
    image.program[DATA].p_flags = PF_R | PF_X;
    image.file.e_entry = image.program[DATA].p_vaddr;
    accept(&image, "in the second of two");
}

static void
range_check(void)
{
    struct image image = image_valid();
    struct elf_limits l = limits;

    REFUSE(program[TEXT].p_vaddr, LOW - PAGE, "range", HEADER(TEXT));
    REFUSE(program[TEXT].p_vaddr, 0, "range", HEADER(TEXT));
    REFUSE(program[DATA].p_vaddr, HIGH - PAGE + 0x200, "range", HEADER(DATA));
    REFUSE(program[DATA].p_vaddr, HIGH + 0x200, "range", HEADER(DATA));
    REFUSE(program[DATA].p_vaddr, 0xffffffffc0000200, "range", HEADER(DATA));
    REFUSE(program[DATA].p_memsz, UINT64_MAX, "range", HEADER(DATA));
    REFUSE(program[DATA].p_memsz, UINT64_MAX - LOW - 0x2200 + 1, "range",
           HEADER(DATA));
    REFUSE(program[DATA].p_memsz, HIGH - LOW - 0x2200 + 1, "range",
           HEADER(DATA));
    image.program[DATA].p_vaddr = HIGH - 3 * PAGE + 0x200;
    image.program[DATA].p_memsz = 3 * PAGE - 0x200;
    accept(&image, "up to the last byte");
    image.program[DATA].p_memsz++;
    refuse(&image, "range", HEADER(DATA));
    l.low = LOW + PAGE;
    refuse_within(&image, &l, "range", HEADER(TEXT));
    image = image_valid();
    l = (struct elf_limits){LOW, LOW + 5 * PAGE, PAGES};
    accept_within(&image, &l, "just the pages that there are", "12");
    l.high -= PAGE;
    refuse_within(&image, &l, "range", HEADER(DATA));
    l.high = 0;
    refuse_within(&image, &l, "range", HEADER(TEXT));
    l = (struct elf_limits){UINT64_MAX, 0, PAGES};
    refuse_within(&image, &l, "range", HEADER(TEXT));
}

/* Text is in pages 0 and 1 from LOW, data in pages 2 to 4. */
static void
pages_check(void)
{
    struct image image = image_valid();
    struct elf_limits l = limits;
    struct elf elf;

    free(image_open(&image, &limits, &elf));
    CHECK_EQUAL(elf.pages, 5);
    for (l.pages = 0; l.pages < 2; l.pages++) {
        refuse_within(&image, &l, "more pages", HEADER(TEXT));
    }
    for (; l.pages < 5; l.pages++) {
        refuse_within(&image, &l, "more pages", HEADER(DATA));
    }
    accept_within(&image, &l, "just enough pages", "12");
    l.pages = UINT64_MAX;
    image.program[DATA].p_memsz = HIGH - image.program[DATA].p_vaddr;
    accept_within(&image, &l, "all the pages", "12");

    REFUSE(program[DATA].p_vaddr, LOW + TEXT_SIZE, "shares a page",
           HEADER(DATA));
    REFUSE(program[DATA].p_vaddr, LOW + 0x200, "not in order", HEADER(DATA));
    REFUSE(program[TEXT].p_memsz, 2 * PAGE + 1, "shares a page", HEADER(DATA));
    ACCEPT(program[TEXT].p_memsz, 2 * PAGE, "neighbours");
    /* Even with the same rights: a page is filled from one segment. */
    image = image_valid();
    image.program[DATA].p_vaddr = LOW + TEXT_SIZE;
    image.program[DATA].p_flags = PF_R | PF_X;
    refuse(&image, "shares a page", HEADER(DATA));
    image = image_valid();
    image.program[NOTE] = image.program[DATA];
    image.program[DATA].p_type = PT_NULL;
    refuse(&image, "not in order", HEADER(TEXT));
}

/* The headers and the bytes of the last segment are all that is needed. */
static void
truncation_check(void)
{
    struct image image = image_valid();

    check_subject = "truncation";
    for (image.size = 0; image.size < SIZE + 16; image.size++) {
        struct elf elf;
        free(image_open(&image, &limits, &elf));
        CHECK_EQUAL(elf.fault == NULL, image.size >= SIZE);
        CHECK(elf.fault_at <= image.size);
    }
}

int
main(void)
{
    struct image image = image_valid();

    accept(&image, "the valid file");
    file_header_check();
    table_place_check();
    file_flags_check();
    table_check();
    bytes_check();
    flags_check();
    entry_check();
    range_check();
    pages_check();
    truncation_check();
    return 0;
}
