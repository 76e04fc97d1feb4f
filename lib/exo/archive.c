/* SPDX-License-Identifier: MIT */
#include "lib/exo/archive.h"

#include <string.h>

#include "kern/abi/error.h"

/* A header is 6 characters and 13 numbers of 8 hexadecimal digits. */
#define HEADER 110
#define MAGIC "070701"
#define FIELD_MODE 1
#define FIELD_SIZE 6
#define FIELD_NAME_SIZE 11
#define MODE_TYPE 0170000
#define MODE_FILE 0100000

/* A number of the header, or -1. */
static int64_t
field_read(const char *header, unsigned field)
{
    const char *digit = header + 6 + 8 * field;
    int64_t value = 0;

    for (unsigned i = 0; i < 8; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *found = memchr(digits, digit[i] | ('a' ^ 'A'), 16);

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

int64_t
exo_archive_find(const void *archive, size_t size, const char *name,
                 const void **file, size_t *file_size)
{
    const char *blob = archive;
    size_t at = 0;

    while (at < size && size - at >= HEADER) {
        const char *header = blob + at;
        int64_t mode = field_read(header, FIELD_MODE);
        int64_t data = field_read(header, FIELD_SIZE);
        int64_t length = field_read(header, FIELD_NAME_SIZE);
        size_t begin;

        if (memcmp(header, MAGIC, 6) != 0 || mode < 0 || data < 0 ||
            length < 1 || (uint64_t)length > size - at - HEADER ||
            header[HEADER + length - 1] != '\0') {
            return -EINVAL;
        }
        begin = at + padded(HEADER + (size_t)length);
        if (begin > size || (uint64_t)data > size - begin) {
            return -EINVAL;
        }
        if (strcmp(header + HEADER, "TRAILER!!!") == 0) {
            return -ENOENT;
        }
        if ((mode & MODE_TYPE) == MODE_FILE &&
            strcmp(header + HEADER, name) == 0) {
            *file = blob + begin;
            *file_size = (size_t)data;
            return 0;
        }
        at = begin + padded((size_t)data);
    }
    return -EINVAL;
}
