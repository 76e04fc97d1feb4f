/* SPDX-License-Identifier: MIT */
#include "user/exo/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kern/abi/call.h"
#include "kern/abi/disk.h"
#include "kern/abi/information.h"
#include "lib/posix/process.h"

static const char *
word_of(const char *const *words, size_t count, uint32_t number)
{
    return number < count ? words[number] : "?";
}

#define WORD_OF(words, number)                                                 \
    word_of((words), sizeof(words) / sizeof((words)[0]), (number))

static unsigned
component(const struct cap_name *name, unsigned index)
{
    return index < CAP_COMPONENTS
               ? (unsigned)(name->word[index / 4] >> index % 4 * 16) & 0xffff
               : 0;
}

void
words_name(const struct cap_name *name, char text[NAME_TEXT])
{
    size_t length = 0;

    (void)snprintf(text, NAME_TEXT, "*");
    for (unsigned i = 0; component(name, i) != 0; i++) {
        unsigned number = component(name, i);
        const char *dot = i == 0 ? "" : ".";
        int printed;

        if (number >= CAP_SERIAL_BASE &&
            component(name, i + 1) >= CAP_SERIAL_BASE) {
            i++;
            printed = snprintf(text + length, NAME_TEXT - length, "%s#%u", dot,
                               (number - CAP_SERIAL_BASE) *
                                       (unsigned)CAP_SERIAL_HALF +
                                   component(name, i) - CAP_SERIAL_BASE);
        } else {
            printed = snprintf(text + length, NAME_TEXT - length, "%s%u", dot,
                               number);
        }
        length += (size_t)printed;
    }
}

void
words_rights(unsigned rights, char text[RIGHTS_TEXT])
{
    static const char *const words[] = {"read", "write", "control", "fresh",
                                        "pass"};
    size_t length = 0;

    (void)snprintf(text, RIGHTS_TEXT, "nothing");
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if ((rights >> i & 1) != 0) {
            length +=
                (size_t)snprintf(text + length, RIGHTS_TEXT - length, "%s%s",
                                 length == 0 ? "" : " ", words[i]);
        }
    }
}

const char *
words_cause(uint32_t cause)
{
    static const char *const words[] = {
        [CAUSE_NONE] = "nothing",
        [CAUSE_DESTROYED] = "who had control over it",
        [CAUSE_FAULT] = "a fault",
        [CAUSE_EXCESS] = "its epilogues, which took too long",
        [CAUSE_LOSS] = "a loss that it had not noticed",
    };

    return WORD_OF(words, cause);
}

const char *
words_process(uint32_t state)
{
    static const char *const words[] = {
        [PROCESS_FREE] = "free",     [PROCESS_MAKING] = "making",
        [PROCESS_LIVE] = "live",     [PROCESS_STOPPED] = "stopped",
        [PROCESS_ZOMBIE] = "zombie",
    };

    return WORD_OF(words, state);
}

const char *
words_resource(uint32_t kind)
{
    static const char *const words[] = {
        [RESOURCE_FRAME] = "frames",
        [RESOURCE_SLOT] = "slots",
        [RESOURCE_EXTENT] = "bindings of extents",
        [RESOURCE_ENTRY] = "entries of the registry",
    };

    return WORD_OF(words, kind);
}

const char *
words_disk(uint32_t state)
{
    static const char *const words[] = {
        [DISK_RAW] = "not formatted, or not recovered",
        [DISK_RECOVERING] = "being recovered",
        [DISK_READY] = "ready",
        [DISK_READ_ONLY] = "read-only",
    };

    return WORD_OF(words, state);
}

void
words_time(uint64_t ticks, uint64_t frequency, char text[TIME_TEXT])
{
    uint64_t seconds = frequency == 0 ? 0 : ticks / frequency;
    uint64_t milliseconds =
        frequency == 0 ? 0 : ticks % frequency * 1000 / frequency;

    if (seconds < 60) {
        (void)snprintf(text, TIME_TEXT, "%" PRIu64 ".%03" PRIu64, seconds,
                       milliseconds);
    } else if (seconds < 3600) {
        (void)snprintf(text, TIME_TEXT, "%" PRIu64 ":%02" PRIu64, seconds / 60,
                       seconds % 60);
    } else if (seconds < 86400) {
        (void)snprintf(text, TIME_TEXT, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
                       seconds / 3600, seconds / 60 % 60, seconds % 60);
    } else {
        (void)snprintf(text, TIME_TEXT,
                       "%" PRIu64 " day%s %" PRIu64 ":%02" PRIu64,
                       seconds / 86400, seconds / 86400 == 1 ? "" : "s",
                       seconds / 3600 % 24, seconds / 60 % 60);
    }
}
