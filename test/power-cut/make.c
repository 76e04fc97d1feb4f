/* SPDX-License-Identifier: MIT */
#include "test/power-cut/make.h"

#include <stdlib.h>
#include <string.h>

#include "test/host/check.h"

#define SECTOR 512
#define FLUSH 1u
#define FUA 2u
#define DISCARD 4u

static void
append(struct make *make, const void *bytes, size_t count)
{
    while (make->room - make->size < count) {
        make->room = make->room * 2 + 65536;
        make->log = realloc(make->log, make->room);
        CHECK(make->log != NULL);
    }
    memcpy(make->log + make->size, bytes, count);
    make->size += count;
}

static void
entry_append(struct make *make, uint64_t offset, uint64_t bytes, uint64_t flags)
{
    uint64_t sector[SECTOR / 8] = {offset / SECTOR, bytes / SECTOR, flags};

    append(make, sector, sizeof(sector));
    make->entries++;
}

void
make_begin(struct make *make)
{
    uint64_t sector[SECTOR / 8] = {0};

    memset(make, 0, sizeof(*make));
    append(make, sector, sizeof(sector));
}

void
make_write(struct make *make, uint64_t offset, const void *data, uint64_t bytes)
{
    entry_append(make, offset, bytes, 0);
    append(make, data, bytes);
}

void
make_discard(struct make *make, uint64_t offset, uint64_t bytes)
{
    entry_append(make, offset, bytes, DISCARD);
}

void
make_flush(struct make *make)
{
    entry_append(make, 0, 0, FLUSH);
}

void
make_write_through(struct make *make, uint64_t offset, const void *data,
                   uint64_t bytes)
{
    entry_append(make, offset, bytes, FLUSH | FUA);
    append(make, data, bytes);
}

void
make_end(struct make *make)
{
    const uint64_t head[4] = {0x6a736677736872, 1, make->entries, SECTOR};

    memcpy(make->log, head, sizeof(head));
}
