/* SPDX-License-Identifier: MIT */
/*
 * Writes a cpio archive of given files, for machines without cpio:
 *
 *     archive_make OUTPUT newc|crc NAME=FILE... NAME/...
 *
 * A NAME/ alone makes a directory. Files are executable.
 */
#include "test/host/check.h"

static void
padding_put(FILE *out, size_t written)
{
    for (; written % 4 != 0; written++) {
        CHECK_EQUAL(fputc('\0', out), 0);
    }
}

static void
entry_put(FILE *out, const char *format, const char *name, unsigned mode,
          const uint8_t *data, size_t size)
{
    static unsigned inode;
    int name_size = (int)strlen(name) + 1;
    unsigned sum = 0;

    if (strcmp(format, "crc") == 0) {
        for (size_t i = 0; i < size; i++) {
            sum += data[i];
        }
    }
    CHECK_EQUAL(fprintf(out,
                        "07070%c%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X"
                        "%08X%08X%s%c",
                        format[0] == 'c' ? '2' : '1', inode++, mode, 0U, 0U, 1U,
                        0U, (unsigned)size, 0U, 0U, 0U, 0U, (unsigned)name_size,
                        sum, name, '\0'),
                110 + name_size);
    padding_put(out, 110 + (size_t)name_size);
    CHECK_EQUAL(size == 0 ? 0 : fwrite(data, 1, size, out), size);
    padding_put(out, size);
}

static void
argument_put(FILE *out, const char *format, char *argument)
{
    char *path = strchr(argument, '=');
    size_t length = strlen(argument);
    size_t size = 0;
    void *data;

    check_subject = argument;
    if (path == NULL) {
        CHECK(length > 1 && argument[length - 1] == '/');
        argument[length - 1] = '\0';
        entry_put(out, format, argument, 0040755, NULL, 0);
        return;
    }
    *path = '\0';
    data = file_load(path + 1, &size);
    CHECK(size <= UINT32_MAX);
    entry_put(out, format, argument, 0100755, data, size);
    free(data);
}

int
main(int argc, char **argv)
{
    FILE *out;

    CHECK(argc >= 3);
    CHECK(strcmp(argv[2], "newc") == 0 || strcmp(argv[2], "crc") == 0);
    check_subject = argv[1];
    out = fopen(argv[1], "wb");
    CHECK(out != NULL);
    for (int i = 3; i < argc; i++) {
        argument_put(out, argv[2], argv[i]);
    }
    entry_put(out, argv[2], "TRAILER!!!", 0, NULL, 0);
    CHECK(fclose(out) == 0);
    return 0;
}
