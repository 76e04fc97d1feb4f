/* SPDX-License-Identifier: MIT */
#include "lib/exo/archive.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "kern/abi/error.h"

/* A header is 6 characters and 13 numbers of 8 hexadecimal digits. */
#define HEADER 110
#define MAGIC "07070" /* then 1, or 2 with checksums */
#define FIELD_MODE 1
#define FIELD_SIZE 6
#define FIELD_NAME_SIZE 11
#define MODE_TYPE 0170000
#define MODE_FILE 0100000

/* A number of the header, or -1. */
static int64_t
field_read(const char *header, unsigned field)
{
    const char *digit = header + 6 + (size_t)8 * field;
    int64_t value = 0;

    for (unsigned i = 0; i < 8; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *found = memchr(digits, tolower((unsigned char)digit[i]),
                                   sizeof(digits) - 1);

        if (found == NULL) {
            return -1;
        }
        value = value << 4 | (found - digits);
    }
    return value;
}

static size_t
padded(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

/* Without what stands before every name, or before none. */
static const char *
plain(const char *name)
{
    for (;;) {
        if (name[0] == '/') {
            name++;
        } else if (name[0] == '.' && name[1] == '/') {
            name += 2;
        } else {
            return name;
        }
    }
}

/* An entry: what is in its header, and where its data begins. */
struct entry {
    const char *name;
    int64_t mode;
    size_t data;
    size_t size;
};

/* Reads the entry at `at`; false if it is none, or does not end inside. */
static bool
entry_read(const char *blob, size_t size, size_t at, struct entry *entry)
{
    const char *header = blob + at;
    int64_t data;
    int64_t length;

    if (at > size || size - at < HEADER || memcmp(header, MAGIC, 5) != 0 ||
        (header[5] != '1' && header[5] != '2')) {
        return false;
    }
    entry->name = header + HEADER;
    entry->mode = field_read(header, FIELD_MODE);
    data = field_read(header, FIELD_SIZE);
    length = field_read(header, FIELD_NAME_SIZE);
    if (entry->mode < 0 || data < 0 || length < 1 ||
        (size_t)length > size - at - HEADER ||
        entry->name[length - 1] != '\0') {
        return false;
    }
    entry->data = at + padded(HEADER + (size_t)length);
    entry->size = (size_t)data;
    return entry->data <= size && entry->size <= size - entry->data;
}

int64_t
exo_archive_find(const void *archive, size_t size, const char *name,
                 const void **file, size_t *file_size)
{
    const char *blob = archive;
    struct entry found = {.name = NULL};
    struct entry entry;

    for (size_t at = 0; entry_read(blob, size, at, &entry);
         at = entry.data + padded(entry.size)) {
        if (strcmp(entry.name, "TRAILER!!!") == 0) {
            if (found.name == NULL) {
                return -ENOENT;
            }
            *file = blob + found.data;
            *file_size = found.size;
            return 0;
        }
        if ((entry.mode & MODE_TYPE) == MODE_FILE &&
            strcmp(plain(entry.name), plain(name)) == 0) {
            found = entry;
        }
    }
    return -EINVAL;
}

bool
exo_archive_next(const void *archive, size_t size, size_t *at,
                 struct exo_archive_file *file)
{
    const char *blob = archive;
    struct entry entry;

    while (entry_read(blob, size, *at, &entry) &&
           strcmp(entry.name, "TRAILER!!!") != 0) {
        *at = entry.data + padded(entry.size);
        if ((entry.mode & MODE_TYPE) == MODE_FILE) {
            *file = (struct exo_archive_file){
                plain(entry.name), (uint64_t)(entry.mode & ~(int64_t)MODE_TYPE),
                blob + entry.data, entry.size};
            return true;
        }
    }
    return false;
}
