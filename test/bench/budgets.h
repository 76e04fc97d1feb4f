/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_BENCH_BUDGETS_H
#define CHITIN_TEST_BENCH_BUDGETS_H
/*
 * What scripts/bench measures, and how much each may cost: X(name, budget,
 * what is counted). Counts are guest instructions under -icount shift=0,
 * release build, one hart; image_bytes counts bytes. A budget of 0 is none: the
 * figure is reported only. A table whose name ends in _GOALS is one of
 * budgets that are not met yet: missing one is shown, and is no failure.
 */
#define BOOT_BUDGETS(X)                                                        \
    X(boot_128m, 1000000, "firmware's jump to all harts up, 128 MiB")          \
    X(boot_8g, 40000000, "the same with 8 GiB")                                \
    X(image_bytes, 163840, "text, read-only data and data of the kernel")

#define PRIMITIVE_BUDGETS(X)                                                   \
    X(null_call, 25, "user to kernel and back, the smallest call")             \
    X(exception_dispatch, 38, "ebreak to the handler's first instruction")     \
    X(exception_dispatch_fault, 38, "the same for a load page fault")          \
    X(exception_dispatch_illegal, 0, "the same by way of the firmware")        \
    X(exception_roundtrip, 80, "fault, empty handler, back behind it")         \
    X(call_in_c, 0, "user to an empty check in C and back")                    \
    X(map_one, 165, "one 4 KiB mapping, reverse map included")                 \
    X(unmap_one, 165, "one unmapping, fence included")                         \
    X(map_batch, 70, "per page, 64 frames of one guard at 64 addresses")       \
    X(unmap_batch, 50, "per page, batches of 64")                              \
    X(prot1, 130, "write-protect one page")                                    \
    X(unprot1, 150, "let one page be written again")                           \
    X(protect_batch, 40, "per page, batches of 64")                            \
    X(pt_copy, 70, "per page, batches of 64, W dropped at the source")         \
    X(trap, 110, "store to a protected page, its address seen, back behind")   \
    X(appel1, 420, "prot1, store, unprot1 in the handler, store done")         \
    X(appel2, 340, "per page: 64 protected at once, the rest one by one")      \
    X(demand_page, 420, "store to no page, a clean frame mapped, store done")  \
    X(demand_page_scrub, 1250, "the same, the frame allocated and scrubbed")   \
    X(pct_oneway, 60, "call in one env to the first instruction in another")   \
    X(pct_oneway_fp, 66, "the same with floating point of the caller live")    \
    X(pct_roundtrip, 115, "synchronous call and return")                       \
    X(yield_to, 180, "per switch, registers saved and restored by lib/exo")    \
    X(env_abort, 300, "per frame, of an env that owns and maps 1,024")         \
    X(slice_switch, 220, "slice end to the next env's code, by lib/exo")       \
    X(frame_alloc_free, 220, "one frame, same guard, both calls")              \
    X(frame_alloc_scrub, 800, "one frame of another guard, with its scrub")

#define REVOCATION_BUDGETS(X)                                                  \
    X(revoke_roundtrip, 700, "one frame asked for, till its env has freed it") \
    X(repossess_per_frame, 400, "256 frames taken, mapped once each")

#define DISK_BUDGETS(X)                                                        \
    X(disk_submit, 450, "one 4 KiB read accepted and queued")                  \
    X(disk_complete, 450, "the disk's interrupt to the event, and back")       \
    X(disk_read_128k, 2000, "both, 128 KiB into one 2 MiB frame")              \
    X(disk_read_128k_loose, 0, "both, 128 KiB into 32 frames")                 \
    X(extent_bind, 0, "an extent of a raw disk bound")

/* Of bench_tree, which has a disk with metadata. */
#define TREE_BUDGETS(X)                                                        \
    X(owns_check, 4500, "what a node with 64 extents owns is asked of it")     \
    X(extent_bind_type, 0, "an extent bound, its node says by what guards")    \
    X(change_longer, 9500, "a node of 16 extents changed, one of them longer") \
    X(change_shorter, 13000, "the same, one of them shorter")                  \
    X(change_same, 8500, "the same, what it owns stays")

/* Of bench_posix, on a disk with a file system; the last of a run of init. */
#define POSIX_BUDGETS(X)                                                       \
    X(getpid, 10, "a library call")                                            \
    X(fork_exit_wait, 60000, "64 private pages, the child writes 4")           \
    X(fork_exec_wait, 120000, "fork, execve of a tiny program, wait")          \
    X(open_close, 2500, "an existing file, path of three parts")               \
    X(read_4k_cached, 1500, "a page of 256 that are in the cache")             \
    X(write_4k_cached, 1800, "a page of a file that is in the cache")          \
    X(grow_4k, 10000, "a page behind the end of a file, of 64")                \
    X(create_write_1k_unlink, 40000, "a file that is not synced")              \
    X(write_4k_fsync, 15000, "a page of a file, and it is on the disk")        \
    X(stat, 0, "an existing file, path of three parts")                        \
    X(pipe_roundtrip, 1500, "a byte to another process and back")              \
    X(wake_roundtrip, 0, "a process wakes another and is woken by it")         \
    X(boot_to_shell, 60000000, "reset to the shell's first program, 128 MiB")

/* Not of the benchmark program: bench_predicate, in a trace. */
#define CODE_BUDGETS(X)                                                        \
    X(code_call, 20, "the kernel runs an empty program of an env's")           \
    X(predicate_eval, 40, "a predicate is asked: one load, one comparison")

#define LONGEST_BUDGETS(X)                                                     \
    X(kernel_longest, 20000, "the longest entry that is known, firmware too")

#endif
