/* SPDX-License-Identifier: MIT */
/*
 * Opens any bytes as an archive and compares what the reader says with a
 * second reader, written in another way. test/host/archive_mutate.c calls this
 * too.
 */
#include "kern/abi/error.h"
#include "kern/boot/archive.h"
#include "test/host/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Searching for more names would leave time for few inputs. */
#define SEARCHES_MAX 32

/* UINT64_MAX if these are not eight hexadecimal digits. */
static uint64_t
hex_parse(const uint8_t *digits)
{
    char text[9] = {0};

    memcpy(text, digits, 8);
    return strspn(text, "0123456789abcdefABCDEF") == 8
               ? strtoull(text, NULL, 16)
               : UINT64_MAX;
}

static uint64_t
padded(uint64_t at, uint64_t size)
{
    at = (at + 3) / 4 * 4;
    return at < size ? at : size;
}

/* One entry as the oracle sees it; offsets in the input. */
struct seen {
    uint64_t number[13];
    uint64_t name;
    uint64_t data;
    uint64_t next;
    bool ends;
    bool is_file;
};

static bool
sum_is_right(const uint8_t *data, const struct seen *s)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < s->number[6]; i++) {
        sum += data[s->data + i];
    }
    return (uint32_t)sum == s->number[12];
}

static bool
seen_parse(const uint8_t *data, uint64_t size, uint64_t at, struct seen *s)
{
    uint64_t name_end;

    if (at + 110 > size || (memcmp(data + at, "070701", 6) != 0 &&
                            memcmp(data + at, "070702", 6) != 0)) {
        return false;
    }
    for (uint64_t i = 0; i < 13; i++) {
        s->number[i] = hex_parse(data + at + 6 + 8 * i);
        if (s->number[i] == UINT64_MAX) {
            return false;
        }
    }
    s->name = at + 110;
    name_end = s->name + s->number[11];
    if (s->number[11] == 0 || s->number[11] > 4096 || name_end > size ||
        data[name_end - 1] != '\0' || data[s->name] == '\0') {
        return false;
    }
    s->data = padded(name_end, size);
    s->next = padded(s->data + s->number[6], size);
    s->ends = strcmp((const char *)data + s->name, "TRAILER!!!") == 0;
    s->is_file = !s->ends && (s->number[1] & 0xf000) == 0x8000;
    if (s->data + s->number[6] > size || (s->ends && s->number[6] != 0)) {
        return false;
    }
    return !s->is_file || ((s->number[6] > 0 || s->number[4] <= 1) &&
                           (data[at + 5] == '1' || sum_is_right(data, s)));
}

/* How many files there are, or -1 if the archive is to be refused. */
static int64_t
seen_count(const uint8_t *data, uint64_t size)
{
    struct seen s = {.ends = false};
    int64_t count = 0;

    for (uint64_t at = 0; !s.ends; at = s.next) {
        if (!seen_parse(data, size, at, &s)) {
            return -1;
        }
        count += s.is_file;
    }
    return count;
}

/* The file's stored name ends with the name that the reader shows. */
static void
name_check(const char *stored, const char *shown)
{
    size_t prefix = strlen(stored) - strlen(shown);

    CHECK(strlen(shown) <= strlen(stored));
    CHECK(strcmp(stored + prefix, shown) == 0);
    CHECK(strspn(stored, "./") >= prefix);
    CHECK(shown[0] != '/' && strncmp(shown, "./", 2) != 0);
}

static void
files_compare(const struct archive *archive, const uint8_t *data)
{
    struct archive_file file = {0};
    struct archive_file before = {0};
    struct seen s = {.ends = false};

    for (uint64_t at = 0; !s.ends; at = s.next) {
        CHECK(seen_parse(data, archive->size, at, &s));
        if (s.is_file) {
            CHECK(archive_next(archive, &file));
            CHECK(file.data == data + s.data);
            CHECK_EQUAL(file.size, s.number[6]);
            CHECK_EQUAL(file.mode, s.number[1]);
            CHECK((const uint8_t *)file.name >= data + s.name);
            CHECK((const uint8_t *)file.name < data + s.data);
            name_check((const char *)data + s.name, file.name);
        }
    }
    before = file;
    CHECK(!archive_next(archive, &file));
    CHECK(before.name == file.name && before.data == file.data);
    CHECK(before.size == file.size && before.cursor == file.cursor);
}

static void
searches_check(const struct archive *archive)
{
    struct archive_file file = {0};

    for (int i = 0; i < SEARCHES_MAX && archive_next(archive, &file); i++) {
        struct archive_file last = {0};
        struct archive_file rest = file;
        struct archive_file found = {0};

        for (last = file; archive_next(archive, &rest);) {
            if (strcmp(rest.name, file.name) == 0) {
                last = rest;
            }
        }
        CHECK_EQUAL(archive_find(archive, file.name, &found), 0);
        CHECK(found.data == last.data && found.name == last.name);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct archive archive;
    struct archive again;
    struct archive_file file = {.cursor = size / 2};
    int error = archive_open(&archive, data, size);
    int64_t count = seen_count(data, size);

    CHECK_EQUAL(error, count >= 0 ? 0 : -EINVAL);
    if (error != 0) {
        CHECK(archive.fault != NULL);
        CHECK(archive.fault_at <= size);
        CHECK(!archive_next(&archive, &file));
        CHECK_EQUAL(archive_find(&archive, "init", &file), -ENOENT);
        return 0;
    }
    CHECK(archive.fault == NULL);
    CHECK(archive.size <= size);
    files_compare(&archive, data);
    searches_check(&archive);
    /* The bytes up to the trailer's last, its padding apart, are all needed. */
    CHECK_EQUAL(archive_open(&again, data, archive.size), 0);
    files_compare(&again, data);
    CHECK_EQUAL(archive_open(&again, data, archive.size - 4), -EINVAL);
    /* Not a cursor that archive_next() left, but no reason to fault. */
    while (archive_next(&archive, &file)) {
        CHECK(file.cursor <= archive.size);
    }
    return 0;
}
