/* SPDX-License-Identifier: MIT */
/*
 * What every program of the userland shares: its name in front of errors, its
 * help, its options, its status. An error reads "NAME: what: why" and goes to
 * standard error. A program goes on after an error with one of several files
 * and ends with program_trouble as its status.
 *
 * This and all that is built on it needs POSIX.1-2017 and C17, no more.
 */
#ifndef USER_BIN_PROGRAM_H
#define USER_BIN_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The status to end with, as far as is known: 0 till something goes wrong. */
extern int program_status;

/* The status of errors: 1, unless the program sets another before it begins. */
extern int program_trouble;

/* The argument of the option that program_option gave last. */
extern char *program_value;

/*
 * Takes the name for errors, the arguments as main has them, and the text of
 * --help, which begins with "usage: ". All are kept, not copied.
 */
void program_begin(const char *name, char **argv, const char *help);

/*
 * The next option's letter, or 0 after the last. letters are as getopt has
 * them: a colon after a letter says that it takes an argument. Options end at
 * "--", at "-" and at the first word that is none. --help is answered here, and
 * an option that is not among the letters ends the program.
 */
int program_option(const char *letters);

/*
 * The word that program_option would begin to look at next if it is an option's
 * and not "--"; else null. For words such as -5 and -w.
 */
const char *program_option_word(void);

/* Passes over the word that program_option_word gave. */
void program_option_skip(void);

/* The words after the options, to a null pointer. */
char **program_operands(void);

/* What program_operands gives, of which there must be min to max. */
char **program_operands_count(size_t min, size_t max);

/* Prints "NAME: " and the message, and a newline. Sets program_status. */
void program_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As program_say, with ": " and errno's meaning after the message. */
void program_complain(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* As program_say, then ends the program. */
_Noreturn void program_die(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Says that the command line is wrong, and how to learn more, and ends. */
_Noreturn void program_misused(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/*
 * What main returns: program_status, once all output is written. Output that
 * cannot be is an error.
 */
int program_end(void);

/* Memory for count things of size bytes: not null; a program without ends. */
void *program_memory(void *old, size_t count, size_t size);

/* A copy of a string in memory of its own. */
char *program_copy(const char *text);

/*
 * The decimal number that text is, from 0 to max. Ends the program with a
 * message that names what it is for if text is no such number.
 */
uintmax_t program_number(const char *text, uintmax_t max, const char *what);

/* As program_number, in bytes; b, k, M and G after it multiply. */
uintmax_t program_size(const char *text, uintmax_t max, const char *what);

/* A size in bytes for people, rounded up: 1023, 1.5K, 20M. */
void program_size_text(uintmax_t size, char text[32]);

/* Writes all of size bytes; false with errno set if that fails. */
bool program_write(int file, const void *data, size_t size);

/* As program_write, to standard output; ends the program if that fails. */
void program_put(const void *data, size_t size);

/*
 * Calls each for every file that is named, open for reading; "-" and no name at
 * all are standard input. One that cannot be opened is complained of.
 */
void program_inputs(char **names, void (*each)(int file, const char *name));

/* read(2), but a signal does not end it. Complains of name if it fails. */
ssize_t program_read(int file, const char *name, void *data, size_t size);

/* Asks on standard error; whether a line with y or Y came. */
bool program_confirm(const char *question, const char *name);

/* How wide the terminal is: COLUMNS, or 80. */
size_t program_width(void);

#endif
