/* SPDX-License-Identifier: MIT */
/*
 * With up to four words what they mean follows from their number, so that
 * words that look like operators are no danger (POSIX.1-2017, test). With more
 * they are an expression: or, and, not, parentheses.
 */
#include "condition.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"

#define DEPTH_MAX 200

struct words {
    char **next;
    size_t left;
    unsigned depth;
    bool wrong; /* said so */
};

static bool
words_wrong(struct words *w, const char *what, const char *why)
{
    if (!w->wrong) {
        program_say("%s: %s", what, why);
    }
    w->wrong = true;
    return false;
}

static intmax_t
number_read(struct words *w, const char *text)
{
    char *end;
    intmax_t number;

    errno = 0;
    number = strtoimax(text, &end, 10);
    end += strspn(end, " \t\n");
    if (end == text || *end != '\0' || errno != 0) {
        (void)words_wrong(w, text, "is no number");
    }
    return number;
}

static bool
is_unary(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && word[2] == '\0' &&
           strchr("bcdefghLnprSstuwxz", word[1]) != NULL;
}

static bool
mode_test(char letter, const struct stat *status)
{
    switch (letter) {
    case 'b':
        return S_ISBLK(status->st_mode);
    case 'c':
        return S_ISCHR(status->st_mode);
    case 'd':
        return S_ISDIR(status->st_mode);
    case 'f':
        return S_ISREG(status->st_mode);
    case 'g':
        return (status->st_mode & S_ISGID) != 0;
    case 'h':
    case 'L':
        return S_ISLNK(status->st_mode);
    case 'p':
        return S_ISFIFO(status->st_mode);
    case 'S':
        return S_ISSOCK(status->st_mode);
    case 's':
        return status->st_size > 0;
    case 'u':
        return (status->st_mode & S_ISUID) != 0;
    default:
        return true;
    }
}

static bool
unary_test(struct words *w, char letter, const char *word)
{
    struct stat status;

    switch (letter) {
    case 'n':
        return *word != '\0';
    case 'z':
        return *word == '\0';
    case 't':
        return isatty((int)number_read(w, word)) != 0;
    case 'r':
        return access(word, R_OK) == 0;
    case 'w':
        return access(word, W_OK) == 0;
    case 'x':
        return access(word, X_OK) == 0;
    case 'h':
    case 'L':
        return lstat(word, &status) == 0 && mode_test(letter, &status);
    default:
        return stat(word, &status) == 0 && mode_test(letter, &status);
    }
}

static const char *const binaries[] = {"=",   "!=",  "-eq", "-ne", "-gt", "-ge",
                                       "-lt", "-le", "-nt", "-ot", "-ef"};
#define BINARIES (sizeof(binaries) / sizeof(binaries[0]))
#define BINARY_NUMBERS 2 /* the first that compares numbers */
#define BINARY_FILES 8   /* the first that compares files */

/* Its place among binaries, or BINARIES. */
static size_t
binary_find(const char *word)
{
    size_t i = 0;

    while (i < BINARIES && strcmp(word, binaries[i]) != 0) {
        i++;
    }
    return i;
}

static bool
files_test(size_t binary, const char *left, const char *right)
{
    struct stat a;
    struct stat b;
    bool has_a = stat(left, &a) == 0;
    bool has_b = stat(right, &b) == 0;

    if (binary == BINARIES - 1) {
        return has_a && has_b && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    }
    if (binary == BINARY_FILES) {
        return has_a && (!has_b || a.st_mtim.tv_sec > b.st_mtim.tv_sec ||
                         (a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
                          a.st_mtim.tv_nsec > b.st_mtim.tv_nsec));
    }
    return has_b && files_test(BINARY_FILES, right, left);
}

static bool
binary_test(struct words *w, size_t binary, const char *left, const char *right)
{
    intmax_t a;
    intmax_t b;

    if (binary < BINARY_NUMBERS) {
        return (strcmp(left, right) == 0) == (binary == 0);
    }
    if (binary >= BINARY_FILES) {
        return files_test(binary, left, right);
    }
    a = number_read(w, left);
    b = number_read(w, right);
    switch (binary - BINARY_NUMBERS) {
    case 0:
        return a == b;
    case 1:
        return a != b;
    case 2:
        return a > b;
    case 3:
        return a >= b;
    case 4:
        return a < b;
    default:
        return a <= b;
    }
}

static bool expression_or(struct words *w);

static bool
word_is(const struct words *w, const char *text)
{
    return w->left > 0 && strcmp(*w->next, text) == 0;
}

static void
words_skip(struct words *w, size_t count)
{
    w->next += count;
    w->left -= count;
}

static bool
expression_primary(struct words *w)
{
    bool result;

    if (w->left == 0) {
        return words_wrong(w, "the end", "something must follow");
    }
    if (w->left >= 3 && binary_find(w->next[1]) < BINARIES) {
        result =
            binary_test(w, binary_find(w->next[1]), w->next[0], w->next[2]);
        words_skip(w, 3);
        return result;
    }
    if (word_is(w, "(")) {
        words_skip(w, 1);
        result = expression_or(w);
        if (!word_is(w, ")")) {
            return words_wrong(w, "(", "has no )");
        }
        words_skip(w, 1);
        return result;
    }
    if (w->left >= 2 && is_unary(*w->next)) {
        result = unary_test(w, w->next[0][1], w->next[1]);
        words_skip(w, 2);
        return result;
    }
    result = **w->next != '\0';
    words_skip(w, 1);
    return result;
}

static bool
expression_not(struct words *w)
{
    bool negate = false;

    while (word_is(w, "!") &&
           !(w->left >= 3 && binary_find(w->next[1]) < BINARIES)) {
        negate = !negate;
        words_skip(w, 1);
    }
    return expression_primary(w) != negate;
}

static bool
expression_and(struct words *w)
{
    bool result = expression_not(w);

    while (word_is(w, "-a")) {
        words_skip(w, 1);
        result = expression_not(w) && result;
    }
    return result;
}

static bool
expression_or(struct words *w)
{
    bool result;

    if (++w->depth > DEPTH_MAX) {
        w->left = 0;
        return words_wrong(w, "(", "too many of them");
    }
    result = expression_and(w);
    while (word_is(w, "-o")) {
        words_skip(w, 1);
        result = expression_and(w) || result;
    }
    w->depth--;
    return result;
}

/* One to three words, as POSIX has them. Sets *known if they are such. */
static bool
few_test(struct words *w, char **words, size_t count, bool *known)
{
    *known = true;
    if (count == 0) {
        return false;
    }
    if (count == 1) {
        return *words[0] != '\0';
    }
    if (count == 3 && binary_find(words[1]) < BINARIES) {
        return binary_test(w, binary_find(words[1]), words[0], words[2]);
    }
    if (count <= 4 && strcmp(words[0], "!") == 0) {
        return !few_test(w, words + 1, count - 1, known);
    }
    if (count == 2 && is_unary(words[0])) {
        return unary_test(w, words[0][1], words[1]);
    }
    if (count >= 3 && count <= 4 && strcmp(words[0], "(") == 0 &&
        strcmp(words[count - 1], ")") == 0) {
        return few_test(w, words + 1, count - 2, known);
    }
    *known = false;
    return false;
}

int
condition_test(char **words, size_t count)
{
    struct words w = {.next = words, .left = count};
    bool known;
    bool result = few_test(&w, words, count, &known);

    if (!known) {
        result = expression_or(&w);
        if (w.left > 0) {
            (void)words_wrong(&w, *w.next, "is not expected here");
        }
    }
    return w.wrong ? 2 : !result;
}
