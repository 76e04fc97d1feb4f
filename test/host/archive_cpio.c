/* SPDX-License-Identifier: MIT */
/*
 * Reads archives that the reader's author did not write:
 *
 *     archive_cpio FILE... -- ARCHIVE...
 *
 * Each ARCHIVE must hold exactly the FILEs, under their last names. Three more,
 * below, are what GNU cpio 2.13 printed for a folder of a few files, since cpio
 * is not on every machine.
 */
#include "kern/abi/error.h"
#include "kern/boot/archive.h"
#include "test/host/check.h"

/* find . | cpio -o -H newc --reproducible */
static const char newc[1024] =
    "07070100000000000041ED0000000000000000000000046B013EED"
    "00000000000000000000000000000000000000000000000200000000"
    ".\0"
    "07070100000001000041ED0000000000000000000000026B013EFE"
    "00000000000000000000000000000000000000000000000400000000"
    "bin\0\0\0"
    "07070100000002000081A40000000000000000000000016B013EED"
    "00000000000000000000000000000000000000000000000A00000000"
    "bin/empty\0"
    "070701000000030000A1FF0000000000000000000000016B013EED"
    "00000007000000000000000000000000000000000000000900000000"
    "bin/link\0\0../init\0"
    "07070100000004000041ED0000000000000000000000026B013EED"
    "00000000000000000000000000000000000000000000000400000000"
    "etc\0\0\0"
    "07070100000005000081A40000000000000000000000016B013EED"
    "00000003000000000000000000000000000000000000000900000000"
    "etc/motd\0\0abc\0"
    "07070100000006000081ED0000000000000000000000016B013EED"
    "00000006000000000000000000000000000000000000000500000000"
    "init\0\0hello\n\0\0"
    "070701000000000000000000000000000000000000000100000000"
    "00000000000000000000000000000000000000000000000B00000000"
    "TRAILER!!!";

/* The same in the other format, without the link. */
static const char crc[1024] =
    "07070200000000000041ED0000000000000000000000046B013EED"
    "00000000000000000000000000000000000000000000000200000000"
    ".\0"
    "07070200000001000041ED0000000000000000000000026B013EFE"
    "00000000000000000000000000000000000000000000000400000000"
    "bin\0\0\0"
    "07070200000002000081A40000000000000000000000016B013EED"
    "00000000000000000000000000000000000000000000000A00000000"
    "bin/empty\0"
    "07070200000003000041ED0000000000000000000000026B013EED"
    "00000000000000000000000000000000000000000000000400000000"
    "etc\0\0\0"
    "07070200000004000081A40000000000000000000000016B013EED"
    "00000003000000000000000000000000000000000000000900000126"
    "etc/motd\0\0abc\0"
    "07070200000005000081ED0000000000000000000000016B013EED"
    "0000000600000000000000000000000000000000000000050000021E"
    "init\0\0hello\n\0\0"
    "070702000000000000000000000000000000000000000100000000"
    "00000000000000000000000000000000000000000000000B00000000"
    "TRAILER!!!";

/* With bin/same, a hard link of init, whose data stands there. */
static const char linked[1536] =
    "07070100000000000041ED0000000000000000000000046B013EED"
    "00000000000000000000000000000000000000000000000200000000"
    ".\0"
    "07070100000001000041ED0000000000000000000000026B0140C1"
    "00000000000000000000000000000000000000000000000400000000"
    "bin\0\0\0"
    "07070100000002000081A40000000000000000000000016B013EED"
    "00000000000000000000000000000000000000000000000A00000000"
    "bin/empty\0"
    "070701000000030000A1FF0000000000000000000000016B013EED"
    "00000007000000000000000000000000000000000000000900000000"
    "bin/link\0\0../init\0"
    "07070100000005000041ED0000000000000000000000026B013EED"
    "00000000000000000000000000000000000000000000000400000000"
    "etc\0\0\0"
    "07070100000006000081A40000000000000000000000016B013EED"
    "00000003000000000000000000000000000000000000000900000000"
    "etc/motd\0\0abc\0"
    "07070100000004000081ED0000000000000000000000026B013EED"
    "00000000000000000000000000000000000000000000000900000000"
    "bin/same\0\0"
    "07070100000004000081ED0000000000000000000000026B013EED"
    "00000006000000000000000000000000000000000000000500000000"
    "init\0\0hello\n\0\0"
    "070701000000000000000000000000000000000000000100000000"
    "00000000000000000000000000000000000000000000000B00000000"
    "TRAILER!!!";

static void
file_check(const struct archive *archive, const char *name, uint32_t mode,
           const void *data, size_t size)
{
    struct archive_file file = {0};

    CHECK_EQUAL(archive_find(archive, name, &file), 0);
    CHECK(strcmp(file.name, name) == 0);
    CHECK_EQUAL(file.size, size);
    CHECK(memcmp(file.data, data, size) == 0);
    CHECK_EQUAL(file.mode, mode);
}

static size_t
files_count(const struct archive *archive)
{
    struct archive_file file = {0};
    size_t count = 0;

    while (archive_next(archive, &file)) {
        count++;
    }
    return count;
}

static void
sample_check(const char *bytes, size_t size)
{
    struct archive archive;
    struct archive_file file;

    CHECK_EQUAL(archive_open(&archive, bytes, size), 0);
    CHECK_EQUAL(files_count(&archive), 3);
    file_check(&archive, "init", 0100755, "hello\n", 6);
    file_check(&archive, "etc/motd", 0100644, "abc", 3);
    file_check(&archive, "bin/empty", 0100644, "", 0);
    CHECK_EQUAL(archive_find(&archive, "bin/link", &file), -ENOENT);
    CHECK_EQUAL(archive_find(&archive, "etc", &file), -ENOENT);
}

static void
linked_check(void)
{
    struct archive archive;

    check_subject = "linked";
    CHECK_EQUAL(archive_open(&archive, linked, sizeof(linked)), -EINVAL);
    CHECK(strstr(archive.fault, "hard link") != NULL);
    CHECK(memcmp(linked + archive.fault_at + 110, "bin/same", 9) == 0);
}

static void
archive_check(const char *path, char **files, size_t count)
{
    size_t size = 0;
    void *bytes = file_load(path, &size);
    struct archive archive;

    CHECK_EQUAL(archive_open(&archive, bytes, size), 0);
    CHECK_EQUAL(files_count(&archive), count);
    for (size_t i = 0; i < count; i++) {
        const char *slash = strrchr(files[i], '/');
        size_t length = 0;
        void *data = file_load(files[i], &length);
        struct archive_file file = {0};

        check_subject = path;
        CHECK_EQUAL(archive_find(&archive, slash + 1, &file), 0);
        file_check(&archive, slash + 1, file.mode, data, length);
        CHECK_EQUAL(file.mode & 0170100, 0100100);
        free(data);
    }
    free(bytes);
}

int
main(int argc, char **argv)
{
    int files = 1;

    check_subject = "newc";
    sample_check(newc, sizeof(newc));
    check_subject = "crc";
    sample_check(crc, sizeof(crc));
    linked_check();
    while (files < argc && strcmp(argv[files], "--") != 0) {
        files++;
    }
    for (int i = files + 1; i < argc; i++) {
        archive_check(argv[i], argv + 1, (size_t)files - 1);
        printf("%s: %d files\n", argv[i], files - 1);
    }
    return 0;
}
