/* SPDX-License-Identifier: MIT */
/*
 * Object files of clang. Arguments: files, each after what is to come of it:
 * `run` has the result that this machine's compiler gives the same source,
 * `fetch` likewise with the operations that only new processors have, `data`
 * and `outside` are refused. Each is then damaged in a repeatable way, and
 * whatever is loaded of that is as harmless as any bytes.
 */
#include "lib/code/code.h"
#include "test/host/check.h"
#include "test/host/code_check.h"
#include "test/host/mutate.h"

#define DAMAGED 3000

/* The source compiled for this machine, without and with FETCH. */
typedef unsigned long long native_t(unsigned char *bytes,
                                    unsigned long long length);
native_t native_sample;
native_t native_sample_second;
native_t native_fetch;

static struct code_instruction program[CODE_INSTRUCTIONS_MAX];

static void
entry_run(const void *file, size_t size, const char *name, native_t *native,
          size_t length)
{
    uint8_t memory[16] = {1, 2, 3, 4, 5, 6, 7, 0x88, 9, 10, 11, 12};
    uint64_t words[2];
    struct code_error error;
    struct code_trial t = {
        .memory = memory, .memory_size = length, .fuel = 100000};
    int64_t count = code_object_load(file, size, name, program,
                                     CODE_INSTRUCTIONS_MAX, &error);

    CHECK(count > 0 && error.fault == NULL);
    code_trial_run(&t, program, (uint32_t)count);
    CHECK_EQUAL(t.fault, CODE_FAULT_NONE);
    CHECK_EQUAL(t.stop, CODE_STOP_EXIT);
    memcpy(words, memory, sizeof(words));
    CHECK_EQUAL(t.result, native((unsigned char *)words, length));
    CHECK(memcmp(t.after, words, length) == 0);
}

static void
refused_check(const void *file, size_t size, const char *name,
              const char *reason)
{
    struct code_error error;

    CHECK_EQUAL(code_object_load(file, size, name, program,
                                 CODE_INSTRUCTIONS_MAX, &error),
                -1);
    CHECK(error.fault != NULL && strstr(error.fault, reason) != NULL);
}

static uint32_t loaded;
static uint32_t refused;

static void
copy_open(const uint8_t *bytes, size_t size)
{
    uint8_t *buffer = malloc(size + 1);
    struct code_error error;
    int64_t count;

    CHECK(buffer != NULL);
    memcpy(buffer + 1, bytes, size);
    count = code_object_load(buffer + 1, size, NULL, program, 300, &error);
    CHECK(count <= 300 && (count > 0) == (error.fault == NULL));
    loaded += count > 0;
    refused += count < 0;
    if (count > 0) {
        struct code_trial t = {.fuel = 100};

        code_trial_run(&t, program, (uint32_t)count);
    }
    free(buffer);
}

/* A byte of headers, symbols or relocations, which are at the end. */
static size_t
copy_damage(uint8_t *bytes, size_t size, uint64_t *state)
{
    uint64_t tail = random_below(state, size < 900 ? size + 1 : 900);
    uint64_t at =
        random_below(state, 4) == 0 ? random_below(state, 64) : size - tail;

    if (random_below(state, 30) == 0) {
        return random_below(state, size + 1);
    }
    if (at < size) {
        bytes[at] = (uint8_t)(random_below(state, 2) == 0
                                  ? random_next(state)
                                  : bytes[at] + random_below(state, 17) - 8);
    }
    return size;
}

static void
object_check(const char *kind, const void *file, size_t size)
{
    if (strcmp(kind, "data") == 0) {
        refused_check(file, size, NULL, "map or to data");
        return;
    }
    if (strcmp(kind, "outside") == 0) {
        refused_check(file, size, NULL, "not in the file");
        return;
    }
    for (size_t length = 0; length <= 12; length += 4) {
        bool fetch = strcmp(kind, "fetch") == 0;

        CHECK(fetch || strcmp(kind, "run") == 0);
        entry_run(file, size, NULL, fetch ? native_fetch : native_sample,
                  length);
        entry_run(file, size, "code_sample",
                  fetch ? native_fetch : native_sample, length);
        if (length > 0) {
            entry_run(file, size, "code_sample_second", native_sample_second,
                      length);
        }
    }
    refused_check(file, size, "nothing", "of that name");
    refused_check(file, size, ".strtab", "of that name");
}

int
main(int argc, char **argv)
{
    CHECK(argc > 2 && argc % 2 == 1);
    for (int i = 1; i + 1 < argc; i += 2) {
        size_t size = 0;
        uint8_t *file = file_load(argv[i + 1], &size);

        object_check(argv[i], file, size);
        mutate(file, size, DAMAGED, copy_damage, copy_open);
        free(file);
    }
    refused_check("", 0, NULL, "too short");
    printf("%d files, damaged: %u loaded, %u refused\n", argc / 2, loaded,
           refused);
    CHECK(loaded > 1000 && refused > 1000);
    return 0;
}
