/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_CALL_H
#define CHITIN_ABI_CALL_H
/*
 * The call table, from which the kernel's dispatch, the user stubs, the trace
 * names and the reference page are made. A row is
 *
 *   X(number, name, path, arguments, meaning)
 *
 * path is FAST for a call that assembly does without a stack, CALL for one in
 * C, ALONE for one in C that may not return, or that cannot stand in a batch;
 * arguments are ARGUMENTS_n(type, name, ...).
 *
 * The three pct calls keep a0 to a5 and every preserved register; a6 arrives as
 * the id of the env that called, in t2 and the other temporaries is nothing of
 * the kernel's. An error comes back behind the ecall, in a0; a return comes to
 * the return entry of the U-area.
 *
 * A call is an `ecall` with the number in a7 and the arguments in a0 to a5; the
 * result, or the negative of an error (error.h), comes in a0. t0 to t6 and a1
 * to a7 come back as they were or zero; every other register is preserved.
 *
 * Calls that are for a frame's owner (frame_free, frame_split, frame_join,
 * frame_give, frame_mark) can be made by who has control over the owner, too:
 * FRAME_BY of frame.h names both frame and capability.
 *
 * caps names two capabilities in one argument: the one for the page table to
 * be changed, plus 256 times the one for what is put there (frames, the table
 * below; for pt_copy, the table copied from). Batch words are those of the
 * caller's U-area, read once each. indexes is from plus 65536 times to. The
 * count of pt_map is how many, plus 65536 times the first of its batch words.
 *
 * pieces is how many of the caller's batch words name memory, plus 65536 times
 * the first of them (DISK_PIECE, disk_io.h).
 *
 * words, of disk_change, is how many blocks, at most DISK_CHANGE_BLOCKS, plus
 * 65536 times the first batch word. The words are: how many blocks are claimed,
 * how many given back; and for each block three: the entry plus 2^32 times the
 * frame with the bytes; the frame that becomes the registry's, or 0; and the
 * version that they were made from. parent, of disk_bind and registry_read, is
 * an entry of the registry, or DISK_WHOLE plus the disk.
 *
 * batch does up to 64 calls, one after the other. An entry is a header word,
 * BATCH_HEADER(number, n), and n words of arguments (n at most 6; those left
 * out are 0); `first` is the index of the first entry's header among the batch
 * words. The result of each call that was made replaces its header. The batch
 * ends at the first error, which is its result too; what was done before stays
 * done. It ends early with -EAGAIN when an interrupt waits or the crossing
 * would take long, but not before its first entry. At its end batch_done of the
 * U-area says how many entries succeeded, batch_next the index of the word
 * behind them: that of the entry that failed, whose header is now the error, or
 * of the one to go on with, whose header is still there. Calls that are FAST
 * (but for null) or ALONE are -EINVAL in a batch, unknown ones too. -EINVAL for
 * more than 64 entries or a `first` beyond the words leaves the U-area alone.
 */
#include "kern/abi/call_numbers.h"

/* gate_set: an entry for a gate that is for being notified, not for calls. No
   instruction can be there. */
#define GATE_NOTIFY 1

/* notify: on whichever hart suits. */
#define GATE_HART_ANY (~(uint64_t)0)

/* revoke: what is asked for, by these numbers in other places too; and the name
   of none in particular. A slot's name is hart << 16 | index. */
enum resource_kind {
    RESOURCE_FRAME, /* counted in pages; named by the first page */
    RESOURCE_SLOT,
    RESOURCE_EXTENT, /* bindings; named by the handle, in losses by its lower
                        half */
    RESOURCE_ENTRY,  /* of the registry, that it holds */
    RESOURCE_KINDS
};
#define REVOKE_ANY (~(uint64_t)0)

/* frame_mark. */
#define MARK_NONE 0
#define MARK_EXPENDABLE 1
#define MARK_FRAMES_MAX 64 /* in one call */

/* release: what is given back. */
enum release_kind {
    RELEASE_CODE,
    RELEASE_BINDING, /* the handle of a binding of an extent (disk_io.h) */
    RELEASE_ENTRY,   /* an entry of the registry that the caller holds */
    RELEASE_KINDS
};

/* code_load: what the program is for. */
enum code_purpose {
    CODE_PREDICATE, /* whether a sleeper wakes (sleep_until): r1 is the address
                       of the page, which it may read, r2 the argument; so it
                       holds if r0 is not 0 */
    CODE_PURPOSES
};

/* What a run of a predicate has: fuel, of which its first function takes its
   part, and bytes of stack. One that stops for want of it does not hold. */
#define PREDICATE_FUEL 2000
#define PREDICATE_STACK 256

#define BATCH_ENTRIES_MAX 64
#define BATCH_COUNT_SHIFT 16
#define BATCH_HEADER(number, count) ((number) | (count) << BATCH_COUNT_SHIFT)

#define CALL_TABLE(X)                                                          \
    X(0, null, FAST, ARGUMENTS_0(), "do nothing")                              \
    X(1, resume, FAST, ARGUMENTS_0(),                                          \
      "go back to what the level in t1 interrupted")                           \
    X(2, console_write, CALL,                                                  \
      ARGUMENTS_3(uint64_t, cap, uint64_t, bytes, uint64_t, count),            \
      "write up to 8 bytes, lowest first, to the console; how many it took, "  \
      "or -EAGAIN")                                                            \
    X(3, console_read, CALL, ARGUMENTS_1(uint64_t, cap),                       \
      "the oldest byte typed, or -EAGAIN and, once, PENDING_CONSOLE on this "  \
      "hart when it is worth asking again")                                    \
    X(4, machine_exit, ALONE, ARGUMENTS_2(uint64_t, cap, uint64_t, status),    \
      "end the machine with a status")                                         \
    X(5, cap_derive, CALL,                                                     \
      ARGUMENTS_4(uint64_t, from, uint64_t, to, uint64_t, component, uint64_t, \
                  keep),                                                       \
      "put a capability with one more component or fewer rights into an "      \
      "empty entry")                                                           \
    X(6, cap_fresh, CALL, ARGUMENTS_2(uint64_t, from, uint64_t, to),           \
      "put a child of a capability that nobody else has into an empty entry")  \
    X(7, cap_drop, CALL, ARGUMENTS_1(uint64_t, index),                         \
      "empty an entry of the capability list")                                 \
    X(8, frame_alloc, CALL,                                                    \
      ARGUMENTS_3(uint64_t, cap, uint64_t, order, uint64_t, wanted),           \
      "own a free frame under the capability's name: page `wanted`, or any "   \
      "if 0")                                                                  \
    X(9, frame_free, CALL, ARGUMENTS_2(uint64_t, frame, uint64_t, flags),      \
      "give back a frame that nothing uses, or let its first heir have it "    \
      "(1); with bit 0 of `flags` break its bindings first; -EAGAIN while "    \
      "there are more")                                                        \
    X(10, frame_scrub, CALL, ARGUMENTS_1(uint64_t, frame),                     \
      "zero some pages of an unscrubbed frame; -EAGAIN while more are left")   \
    X(11, frame_split, CALL, ARGUMENTS_1(uint64_t, frame),                     \
      "make 512 frames of one")                                                \
    X(12, frame_join, CALL, ARGUMENTS_1(uint64_t, frame),                      \
      "make one frame of 512")                                                 \
    X(13, pt_make, CALL,                                                       \
      ARGUMENTS_3(uint64_t, table, uint64_t, shadow, uint64_t, level),         \
      "turn two frames into a page table and its shadow")                      \
    X(14, pt_unmake, CALL, ARGUMENTS_1(uint64_t, table),                       \
      "turn an empty page table and its shadow into frames")                   \
    X(15, pt_map, CALL,                                                        \
      ARGUMENTS_4(uint64_t, caps, uint64_t, table, uint64_t, index, uint64_t,  \
                  count),                                                      \
      "set entries that are zero to the leaves in the batch words")            \
    X(16, pt_link, CALL,                                                       \
      ARGUMENTS_4(uint64_t, caps, uint64_t, table, uint64_t, index, uint64_t,  \
                  below),                                                      \
      "point an entry that is zero to a page table of the next level")         \
    X(17, pt_unmap, CALL,                                                      \
      ARGUMENTS_4(uint64_t, caps, uint64_t, table, uint64_t, index, uint64_t,  \
                  count),                                                      \
      "clear entries; how many were set")                                      \
    X(18, pt_protect, CALL,                                                    \
      ARGUMENTS_6(uint64_t, caps, uint64_t, table, uint64_t, index, uint64_t,  \
                  count, uint64_t, clear, uint64_t, set),                      \
      "clear, then set bits of leaves; how many were changed")                 \
    X(19, pt_copy, CALL,                                                       \
      ARGUMENTS_6(uint64_t, caps, uint64_t, from, uint64_t, to, uint64_t,      \
                  indexes, uint64_t, count, uint64_t, keep),                   \
      "copy leaves to entries that are zero, with the bits `keep`; with bit "  \
      "63 of it, take W from the originals; how many were copied")             \
    X(20, yield, FAST, ARGUMENTS_1(uint64_t, env),                             \
      "give the rest of the slice to an env, which goes on at its prologue; "  \
      "to whoever is next if 0")                                               \
    X(21, env_create, CALL,                                                    \
      ARGUMENTS_5(uint64_t, cap, uint64_t, record, uint64_t, list, uint64_t,   \
                  root, uint64_t, account),                                    \
      "make an env under the capability's name of two frames and a root, "     \
      "which pass to it, charged to an account (0: the caller's); its id")     \
    X(22, env_bind, CALL,                                                      \
      ARGUMENTS_4(uint64_t, cap, uint64_t, env, uint64_t, hart, uint64_t,      \
                  frame),                                                      \
      "let an env run on a hart: give it a U-area")                            \
    X(23, env_destroy, CALL, ARGUMENTS_2(uint64_t, cap, uint64_t, env),        \
      "end an env; -EAGAIN until all that it owned is given back")             \
    X(24, cap_grant, CALL,                                                     \
      ARGUMENTS_5(uint64_t, from, uint64_t, control, uint64_t, env, uint64_t,  \
                  to, uint64_t, keep),                                         \
      "give a capability to an env that has no U-area yet")                    \
    X(25, frame_give, CALL,                                                    \
      ARGUMENTS_3(uint64_t, cap, uint64_t, frame, uint64_t, env),              \
      "give a frame to an env that has no U-area yet, or takes frames")        \
    X(26, pct_call, FAST, ARGUMENTS_0(),                                       \
      "jump to the gate of the binding in t2, which returns")                  \
    X(27, pct_send, FAST, ARGUMENTS_0(),                                       \
      "jump to the gate of the binding in t2, with the rest of the slice")     \
    X(28, pct_return, FAST, ARGUMENTS_0(),                                     \
      "go back to the env that called, at its return entry")                   \
    X(29, gate_set, CALL,                                                      \
      ARGUMENTS_3(uint64_t, cap, uint64_t, gate, uint64_t, entry),             \
      "open a gate at an entry, or for being notified (1), under the "         \
      "capability's name; or close it (0)")                                    \
    X(30, gate_bind, CALL,                                                     \
      ARGUMENTS_4(uint64_t, cap, uint64_t, env, uint64_t, gate, uint64_t,      \
                  binding),                                                    \
      "make a binding of the caller's lead to a gate")                         \
    X(31, batch, ALONE, ARGUMENTS_2(uint64_t, first, uint64_t, count),         \
      "do the calls in the batch words; how many were done")                   \
    X(32, frame_set_guard, CALL,                                               \
      ARGUMENTS_3(uint64_t, cap_new, uint64_t, cap_control, uint64_t, frame),  \
      "break the bindings of a frame, then put it under the first "            \
      "capability's name; -EAGAIN while there are more")                       \
    X(33, account_carve, CALL, ARGUMENTS_2(uint64_t, frames, uint64_t, slots), \
      "carve an account with these limits off the caller's; its number")       \
    X(34, account_close, CALL, ARGUMENTS_1(uint64_t, account),                 \
      "give back an account carved off the caller's and not in use")           \
    X(35, code_fence, CALL, ARGUMENTS_0(),                                     \
      "make what the env has written be seen by instruction fetch, on every "  \
      "hart that may run it")                                                  \
    X(36, slot_alloc, CALL,                                                    \
      ARGUMENTS_4(uint64_t, cap, uint64_t, env, uint64_t, hart, uint64_t,      \
                  slot),                                                       \
      "give a free slot of a hart to an env")                                  \
    X(37, slot_free, CALL,                                                     \
      ARGUMENTS_4(uint64_t, cap, uint64_t, env, uint64_t, hart, uint64_t,      \
                  slot),                                                       \
      "make a slot of an env free")                                            \
    X(38, sleep, ALONE, ARGUMENTS_0(),                                         \
      "give the hart away until an event comes; 0 if one is pending")          \
    X(39, alarm, CALL, ARGUMENTS_2(uint64_t, deadline, uint64_t, cookie),      \
      "post the cookie to the completion ring at a time; ~0 takes it back")    \
    X(40, notify, CALL, ARGUMENTS_2(uint64_t, binding, uint64_t, hart),        \
      "post an event to the gate of a binding, on a hart or any")              \
    X(41, fp_release, CALL, ARGUMENTS_0(),                                     \
      "forget the caller's floating-point registers on this hart")             \
    X(42, revoke, CALL,                                                        \
      ARGUMENTS_6(uint64_t, cap, uint64_t, env, uint64_t, kind, uint64_t,      \
                  name, uint64_t, count, uint64_t, deadline),                  \
      "ask an env to free `count` of what it owns of a kind, or the one that " \
      "is named; from the deadline on the kernel takes what is missing")       \
    X(43, repossess, CALL, ARGUMENTS_2(uint64_t, cap, uint64_t, env),          \
      "take some of what an env owes past a deadline; -EAGAIN while there is " \
      "more, else how many requests it has left")                              \
    X(44, pct_cancel, CALL, ARGUMENTS_1(uint64_t, env),                        \
      "end the wait for an env that was called: its return will fail")         \
    X(45, frame_mark, CALL,                                                    \
      ARGUMENTS_4(uint64_t, frame, uint64_t, count, uint64_t, mark, uint64_t,  \
                  place),                                                      \
      "mark frames of the caller's as what may be taken first, or as nothing " \
      "special; and say where their contents go before: to frames, blocks of " \
      "an extent (PLACE_EXTENT), or 0")                                        \
    X(46, guarantee, CALL, ARGUMENTS_1(uint64_t, address),                     \
      "put the page at an address, and all page tables on the way to it, in "  \
      "the set that is taken only with the env")                               \
    X(47, code_load, CALL,                                                     \
      ARGUMENTS_5(uint64_t, cap, uint64_t, purpose, uint64_t, page, uint64_t,  \
                  offset, uint64_t, count),                                    \
      "copy a program of `count` instructions out of a data frame, from a "    \
      "byte of a page on; its name")                                           \
    X(48, code_step, CALL, ARGUMENTS_1(uint64_t, code),                        \
      "check and compile some of a program: 0 when it is ready, -EAGAIN "      \
      "while there is more, -EINVAL if it is refused, with the reason and "    \
      "the instruction in the first two batch words")                          \
    X(49, release, CALL, ARGUMENTS_2(uint64_t, kind, uint64_t, name),          \
      "give back what is not a frame or a slot: a program, a binding of an "   \
      "extent")                                                                \
    X(50, sleep_until, ALONE,                                                  \
      ARGUMENTS_4(uint64_t, cap, uint64_t, code, uint64_t, page, uint64_t,     \
                  argument),                                                   \
      "sleep until an event is pending, or a predicate holds of a data "       \
      "frame's page, or of the information page at an address; 0 or 1 if "     \
      "that is so already")                                                    \
    X(51, disk_type, CALL,                                                     \
      ARGUMENTS_4(uint64_t, cap, uint64_t, disk, uint64_t, frame, uint64_t,    \
                  cookie),                                                     \
      "install the type whose block is in the frame; its number is posted")    \
    X(52, disk_bind, CALL,                                                     \
      ARGUMENTS_5(uint64_t, cap, uint64_t, parent, uint64_t, first, uint64_t,  \
                  count, uint64_t, rights),                                    \
      "bind blocks of a disk; the handle of the binding")                      \
    X(53, disk_read, CALL,                                                     \
      ARGUMENTS_5(uint64_t, cap, uint64_t, binding, uint64_t, block, uint64_t, \
                  pieces, uint64_t, cookie),                                   \
      "read blocks of a binding, from its block `block` on, into the frames "  \
      "in the batch words; the cookie is posted when they are there")          \
    X(54, disk_write, CALL,                                                    \
      ARGUMENTS_5(uint64_t, cap, uint64_t, binding, uint64_t, block, uint64_t, \
                  pieces, uint64_t, cookie),                                   \
      "write them from the frames")                                            \
    X(55, disk_flush, CALL, ARGUMENTS_2(uint64_t, binding, uint64_t, cookie),  \
      "make all that was written to the disk, and posted, be on it for good; " \
      "then the cookie is posted")                                             \
    X(56, disk_discard, CALL,                                                  \
      ARGUMENTS_4(uint64_t, binding, uint64_t, block, uint64_t, count,         \
                  uint64_t, cookie),                                           \
      "say that what blocks of a binding hold is not needed any more")         \
    X(57, disk_change, CALL,                                                   \
      ARGUMENTS_4(uint64_t, cap, uint64_t, disk, uint64_t, words, uint64_t,    \
                  cookie),                                                     \
      "propose bytes for metadata blocks; whether they are accepted is "       \
      "posted")                                                                \
    X(58, registry_read, CALL,                                                 \
      ARGUMENTS_6(uint64_t, cap, uint64_t, parent, uint64_t, block, uint64_t,  \
                  frame, uint64_t, flags, uint64_t, cookie),                   \
      "have a block that an entry's block owns in the registry, in a frame "   \
      "of "                                                                    \
      "the caller's; its entry")                                               \
    X(59, registry_write, CALL,                                                \
      ARGUMENTS_3(uint64_t, cap, uint64_t, entry, uint64_t, cookie),           \
      "write an entry, which the caller holds or may write, to its disk")      \
    X(60, disk_recover, CALL, ARGUMENTS_2(uint64_t, cap, uint64_t, disk),      \
      "a step towards knowing what owns each block of a disk: 0 at the end, "  \
      "-EAGAIN, or 1 plus the block that is to be read")

#endif
