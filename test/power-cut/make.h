/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_POWER_CUT_MAKE_H
#define CHITIN_TEST_POWER_CUT_MAKE_H
/* Makes a trace by hand, as blklogwrites would write it; and the disk of a
   device whose cache is written out at flushes. */
#include "test/power-cut/trace.h"

struct make {
    uint8_t *log;
    size_t size;
    size_t room;
    uint64_t entries;
};

void make_begin(struct make *make);
void make_write(struct make *make, uint64_t offset, const void *data,
                uint64_t bytes);
void make_discard(struct make *make, uint64_t offset, uint64_t bytes);
void make_flush(struct make *make);
/* A write that is durable when it is done, with a flush before it. */
void make_write_through(struct make *make, uint64_t offset, const void *data,
                        uint64_t bytes);

/* Writes the head: the log is complete. The caller frees make->log. */
void make_end(struct make *make);

#endif
