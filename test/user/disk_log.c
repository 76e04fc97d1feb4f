/* SPDX-License-Identifier: MIT */
/*
 * A log and a tree, of types that know nothing of each other, on disk 0: works
 * on them (test/power-cut/engine.h) and says what is durable, until it has done
 * as many operations on the log as asked for, or the power goes. On a disk that
 * it finds it first checks what is left. scripts/power-cut runs it.
 *
 * Boot arguments: seed= of the operations; operations=, 0 for ever.
 */
#include <string.h>

#include "kern/abi/information.h"
#include "lib/exo/exo.h"
#include "test/power-cut/engine.h"
#include "test/user/expect.h"

#define CAP_LOG 10
#define CAP_TREE 11

static struct engine e;

/* The value of a boot argument, `name` with its =, or what it is without. */
static uint64_t
argument(const char *name, uint64_t without)
{
    const struct information *i = (const void *)INFORMATION_BOOT;
    const char *found = strstr(i->arguments, name);

    return found != NULL ? strtoull(found + strlen(name), NULL, 10) : without;
}

_Noreturn static void
end(const char *when)
{
    printf("test: %s: %s: %ld\n", when, e.why, e.error);
    exit(EXIT_FAILURE);
}

/* A capability for one component below the empty name, and that name. */
static struct cap_name
cap_make(uint64_t entry, uint64_t component)
{
    EXPECT(sys_cap_derive(0, entry, component, CAP_READ | CAP_WRITE), 0);
    return (struct cap_name){{component, 0}};
}

static void
say(uint64_t seed)
{
    printf("disk_log: synced %lu %lu %lu\n", seed, e.log_done, e.model.done);
}

int
main(void)
{
    uint64_t seed = argument("seed=", 1);
    uint64_t operations = argument("operations=", 100);

    e.log_guard = cap_make(CAP_LOG, 1);
    e.tree_guard = cap_make(CAP_TREE, 2);
    EXPECT(disk_open(&e.whole, 0, 0, 0), 0);
    EXPECT(disk_open(&e.log_disk, 0, CAP_LOG, 0), 0);
    EXPECT(disk_open(&e.tree_disk, 0, CAP_TREE, 0), 0);
    if (!engine_open(&e)) {
        end("what is on the disk");
    }
    printf("disk_log: %s, %lu frozen\n", e.new ? "formatted" : "recovered",
           e.frozen);
    printf("disk_log: wiping\n");
    if (!engine_begin(&e, seed)) {
        end("wiping");
    }
    say(seed);
    while (operations == 0 || e.log_done < operations) {
        if (!engine_step(&e)) {
            end("work");
        }
        say(seed);
    }
    printf("disk_log: done\n");
    return 0;
}
