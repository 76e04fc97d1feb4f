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
 * C; arguments are ARGUMENTS_n(type, name, ...).
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
 * caps names two capabilities in one argument: the one for the page table to
 * be changed, plus 256 times the one for what is put there (frames, the table
 * below; for pt_copy, the table copied from). Batch words are those of the
 * caller's U-area, read once each. indexes is from plus 65536 times to.
 */
#define CALL_MAX 64

#define CALL_TABLE(X)                                                          \
    X(0, null, FAST, ARGUMENTS_0(), "do nothing")                              \
    X(1, resume, FAST, ARGUMENTS_0(),                                          \
      "go back to what the level in t1 interrupted")                           \
    X(2, console_write, CALL,                                                  \
      ARGUMENTS_3(uint64_t, cap, uint64_t, bytes, uint64_t, count),            \
      "write up to 8 bytes, lowest first, to the console")                     \
    X(3, console_read, CALL, ARGUMENTS_1(uint64_t, cap),                       \
      "the oldest byte typed, or -EAGAIN")                                     \
    X(4, machine_exit, CALL, ARGUMENTS_2(uint64_t, cap, uint64_t, status),     \
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
    X(9, frame_free, CALL, ARGUMENTS_1(uint64_t, frame),                       \
      "give back a frame that nothing uses")                                   \
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
      "give the rest of the slice to an env, which goes on at its prologue")   \
    X(21, env_create, CALL,                                                    \
      ARGUMENTS_4(uint64_t, cap, uint64_t, record, uint64_t, list, uint64_t,   \
                  root),                                                       \
      "make an env under the capability's name of two frames and a root, "     \
      "which pass to it; its id")                                              \
    X(22, env_bind, CALL,                                                      \
      ARGUMENTS_3(uint64_t, cap, uint64_t, env, uint64_t, frame),              \
      "let an env run on this hart: give it a U-area")                         \
    X(23, env_destroy, CALL, ARGUMENTS_2(uint64_t, cap, uint64_t, env),        \
      "end an env; -EAGAIN until all that it owned is given back")             \
    X(24, cap_grant, CALL,                                                     \
      ARGUMENTS_5(uint64_t, from, uint64_t, control, uint64_t, env, uint64_t,  \
                  to, uint64_t, keep),                                         \
      "give a capability to an env that has no U-area yet")                    \
    X(25, frame_give, CALL,                                                    \
      ARGUMENTS_3(uint64_t, cap, uint64_t, frame, uint64_t, env),              \
      "give a frame to an env that has no U-area yet")                         \
    X(26, pct_call, FAST, ARGUMENTS_0(),                                       \
      "jump to the gate of the binding in t2, which returns")                  \
    X(27, pct_send, FAST, ARGUMENTS_0(),                                       \
      "jump to the gate of the binding in t2, with the rest of the slice")     \
    X(28, pct_return, FAST, ARGUMENTS_0(),                                     \
      "go back to the env that called, at its return entry")                   \
    X(29, gate_set, CALL,                                                      \
      ARGUMENTS_3(uint64_t, cap, uint64_t, gate, uint64_t, entry),             \
      "open a gate at an entry under the capability's name, or close it (0)")  \
    X(30, gate_bind, CALL,                                                     \
      ARGUMENTS_4(uint64_t, cap, uint64_t, env, uint64_t, gate, uint64_t,      \
                  binding),                                                    \
      "make a binding of the caller's lead to a gate")                         \
    X(35, code_fence, CALL, ARGUMENTS_0(),                                     \
      "make what the env has written be seen by instruction fetch, on every "  \
      "hart that may run it")

#endif
