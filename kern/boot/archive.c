/* SPDX-License-Identifier: MIT */
/*
 * The reader of cpio archives. The format is described in cpio(5) as "new
 * ASCII" and in Linux's driver-api/early-userspace/buffer-format. An archive
 * is a sequence of entries, the last of which is named TRAILER!!!:
 *
 *     magic     13 numbers             name, NUL    pad   data      pad
 *   | 070701 |  8 hex digits each    | namesize  |  ..  | filesize |  .. |
 *   |<---------- 110 bytes --------->|           ^ multiples of 4 ^     ^
 *
 * Padding counts from the archive's first byte, not from address 0.
 *
 * Why ours: with the initrd the kernel takes its first program from outside,
 * and it has no file system that could do this. All distrust is in
 * entry_read(), which takes any offset and checks whatever it is about to
 * read. archive_open() runs it over all entries, to refuse a broken archive
 * before anything of it is used; the walks run it again, which costs little
 * and leaves no state that could disagree with the blob.
 */
#include "kern/boot/archive.h"
#include "kern/abi/error.h"
#include "kern/string.h"

/* Which of a header's numbers say something to us. */
enum {
    FIELD_MODE = 1,
    FIELD_LINKS = 4,
    FIELD_FILE_SIZE = 6,
    FIELD_NAME_SIZE = 11,
    FIELD_CHECKSUM = 12,
    FIELDS = 13,
};

#define MAGIC_SIZE 6U
#define FIELD_SIZE 8U
#define HEADER_SIZE (MAGIC_SIZE + FIELDS * FIELD_SIZE)

/* The file types of POSIX <sys/stat.h>. */
#define MODE_TYPE 0170000U
#define MODE_REGULAR 0100000U

struct entry {
    uint32_t field[FIELDS];
    const char *name; /* as it is stored, ends with NUL */
    const uint8_t *data;
    bool has_checksum;
    bool is_trailer;
    bool is_file; /* a regular one */
    size_t next;  /* where the next entry begins, at most archive->size */
};

/* The name without what only says that it begins at the root. */
static const char *
name_strip(const char *name)
{
    while (name[0] == '/' || (name[0] == '.' && name[1] == '/')) {
        name++;
    }
    return name;
}

static bool
number_read(const uint8_t *digits, uint32_t *number)
{
    *number = 0;
    for (size_t i = 0; i < FIELD_SIZE; i++) {
        uint32_t digit = (uint32_t)digits[i] - '0';
        /* In lower case, if it is a letter. */
        uint32_t letter = ((uint32_t)digits[i] | 0x20) - 'a';
        if (digit > 9 && letter > 5) {
            return false;
        }
        *number = *number << 4 | (digit <= 9 ? digit : letter + 10);
    }
    return true;
}

/* The next multiple of 4, or the archive's end if that comes before it. */
static size_t
padding_skip(const struct archive *archive, size_t at)
{
    size_t padding = (4 - at % 4) % 4;

    return padding < archive->size - at ? at + padding : archive->size;
}

static const char *
header_read(const uint8_t *header, struct entry *e)
{
    e->has_checksum = memcmp(header, "070702", MAGIC_SIZE) == 0;
    if (!e->has_checksum && memcmp(header, "070701", MAGIC_SIZE) != 0) {
        return "magic is not 070701 or 070702";
    }
    for (size_t i = 0; i < FIELDS; i++) {
        if (!number_read(header + MAGIC_SIZE + i * FIELD_SIZE, &e->field[i])) {
            return "a header's number is not hexadecimal";
        }
    }
    return NULL;
}

/* Reads the entry at any offset; returns why there is none, or NULL. */
static const char *
entry_read(const struct archive *archive, size_t at, struct entry *e)
{
    size_t name_size, file_size;
    const char *fault;

    if (at >= archive->size) {
        return "ends without a trailer";
    }
    if (archive->size - at < HEADER_SIZE) {
        return "a header is cut off";
    }
    fault = header_read(archive->blob + at, e);
    if (fault != NULL) {
        return fault;
    }
    at += HEADER_SIZE;
    name_size = e->field[FIELD_NAME_SIZE];
    file_size = e->field[FIELD_FILE_SIZE];
    e->name = (const char *)archive->blob + at;
    if (name_size > ARCHIVE_NAME_MAX) {
        return "a name is too long";
    }
    if (name_size > archive->size - at) {
        return "a name is cut off";
    }
    if (name_size == 0 || e->name[name_size - 1] != '\0') {
        return "a name is not terminated";
    }
    if (e->name[0] == '\0') {
        return "a name is empty";
    }
    e->is_trailer = text_equals(e->name, "TRAILER!!!");
    e->is_file =
        !e->is_trailer && (e->field[FIELD_MODE] & MODE_TYPE) == MODE_REGULAR;
    if (e->is_trailer && file_size != 0) {
        return "the trailer has data";
    }
    at = padding_skip(archive, at + name_size);
    e->data = archive->blob + at;
    if (file_size > archive->size - at) {
        return "a file's data is cut off";
    }
    e->next = padding_skip(archive, at + file_size);
    return NULL;
}

/* What a regular file must meet besides being inside. */
static const char *
file_check(const struct entry *e)
{
    size_t size = e->field[FIELD_FILE_SIZE];
    uint32_t sum = 0;

    if (size == 0 && e->field[FIELD_LINKS] > 1) {
        return "a hard link without its data: archive copies instead";
    }
    for (size_t i = 0; e->has_checksum && i < size; i++) {
        sum += e->data[i];
    }
    if (e->has_checksum && sum != e->field[FIELD_CHECKSUM]) {
        return "a file's checksum is wrong";
    }
    return NULL;
}

int
archive_open(struct archive *archive, const void *blob, size_t size)
{
    struct entry e = {.is_trailer = false};
    const char *fault = NULL;
    size_t at = 0;

    *archive = (struct archive){.blob = blob, .size = blob == NULL ? 0 : size};
    for (; !e.is_trailer; at = e.next) {
        fault = entry_read(archive, at, &e);
        if (fault == NULL && e.is_file) {
            fault = file_check(&e);
        }
        if (fault != NULL) {
            *archive = (struct archive){.fault = fault, .fault_at = at};
            return -EINVAL;
        }
    }
    archive->size = at;
    return 0;
}

bool
archive_next(const struct archive *archive, struct archive_file *file)
{
    struct entry e;

    for (size_t at = file->cursor;
         entry_read(archive, at, &e) == NULL && !e.is_trailer; at = e.next) {
        if (e.is_file) {
            file->name = name_strip(e.name);
            file->data = e.data;
            file->size = e.field[FIELD_FILE_SIZE];
            file->mode = e.field[FIELD_MODE];
            file->cursor = e.next;
            return true;
        }
    }
    return false;
}

int
archive_find(const struct archive *archive, const char *name,
             struct archive_file *file)
{
    struct archive_file each = {0};
    int error = -ENOENT;

    name = name_strip(name);
    while (archive_next(archive, &each)) {
        if (text_equals(each.name, name)) {
            *file = each;
            error = 0;
        }
    }
    return error;
}
