/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_TERMINAL_H
#define CHITIN_LIB_POSIX_TERMINAL_H
/*
 * The terminal: what stands between the line and the processes that read it.
 * Its state is in memory that they share. The functions here are pure: they
 * neither wait nor send anything, and are compiled for the host, too;
 * terminal_io.c is what processes do with them.
 *
 *     byte typed --terminal_type--> input --terminal_take--> reader
 *                        |
 *                        '--------> echo --terminal_echo--> line
 *     writer ---------------------------terminal_print----> line
 *
 * Whatever a process has written over the state, none of these leaves it or
 * loops: positions count up and are used modulo the size. If a process dies in
 * the middle of a change, terminal_mend makes the state whole again; what was
 * typed and not read is lost then.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#include "lib/posix/lock.h"

/* Powers of two. What is typed ahead of all that is dropped, and rings. */
#define TERMINAL_INPUT 16384
#define TERMINAL_ECHO 4096

/* What one byte may become on the line: a tab, eight blanks. */
#define TERMINAL_PRINT_MAX 8

struct terminal {
    struct lock lock;
    struct termios modes;
    uint16_t rows;
    uint16_t columns;
    int32_t session;  /* whose terminal it is; 0: nobody's */
    int32_t group;    /* in the foreground */
    uint64_t readers; /* sets of processes that wait: for input, */
    uint64_t writers; /* and to print when it is stopped */
    uint64_t typed;   /* when the last byte came: ticks of `time` */

    /* Bytes, or marks: from `taken` to `line` there are whole lines, from there
       to `put` the one that is being edited, which began in column `margin`. */
    uint16_t input[TERMINAL_INPUT];
    uint32_t taken;
    uint32_t line;
    uint32_t put;
    uint32_t margin;

    uint8_t echo[TERMINAL_ECHO];
    uint32_t echo_put;
    uint32_t echo_taken;

    uint32_t column;
    uint8_t stopped; /* by VSTOP */
    uint8_t literal; /* the next byte has no meaning */
};

void terminal_init(struct terminal *t);

/* Makes the state whole after a holder of the lock has died. */
void terminal_mend(struct terminal *t);

/* A byte is typed. Returns the signal that it means to the processes in the
   foreground, or 0. What is to be seen of it is then to be echoed. */
int terminal_type(struct terminal *t, uint8_t byte);

/* The oldest byte of the echo, or -1; it goes to the line as it is. */
int terminal_echo(struct terminal *t);

/* What a byte that is written becomes on the line: how many bytes. */
size_t terminal_print(struct terminal *t, uint8_t byte,
                      uint8_t line[TERMINAL_PRINT_MAX]);

/* How many bytes could be taken now, with all lines. */
size_t terminal_input(const struct terminal *t);

/* Whether a read of so many bytes need not wait: there is a line, or as many as
   VMIN says. */
bool terminal_ready(const struct terminal *t, size_t count);

/* Takes what a read gets: of a line all of it, else what is there. 0: nothing
   is, or the end of file was typed. */
size_t terminal_take(struct terminal *t, uint8_t *bytes, size_t count);

/* Drops what was typed and not read. */
void terminal_flush(struct terminal *t);

/* Sets the modes: all that was typed till now can be read. */
void terminal_modes_set(struct terminal *t, const struct termios *modes);

#endif
