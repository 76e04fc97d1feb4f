/* SPDX-License-Identifier: MIT */
#include "mode.h"

#include <stddef.h>
#include <string.h>

#define WHO_USER (S_ISUID | 0700)
#define WHO_GROUP (S_ISGID | 0070)
#define WHO_OTHER 0007

static bool
octal_read(const char *text, mode_t *mode)
{
    unsigned value = 0;

    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '7' || value > 0777) {
            return false;
        }
        value = value * 8 + (unsigned)(*text - '0');
    }
    *mode = value;
    return true;
}

/* u, g, o and a at *text: those bits of a mode; 0 if there is none of them. */
static mode_t
who_read(const char **text)
{
    mode_t who = 0;

    for (;; (*text)++) {
        switch (**text) {
        case 'u':
            who |= WHO_USER;
            break;
        case 'g':
            who |= WHO_GROUP;
            break;
        case 'o':
            who |= WHO_OTHER;
            break;
        case 'a':
            who |= WHO_USER | WHO_GROUP | WHO_OTHER | S_ISVTX;
            break;
        default:
            return who;
        }
    }
}

/* The rights of one of the three, for all of them. */
static mode_t
rights_spread(mode_t rights)
{
    rights &= 7;
    return rights | rights << 3 | rights << 6;
}

/* rwxXst, or one of ugo, at *text: what they mean for everybody. */
static mode_t
rights_read(const char **text, bool directory, mode_t mode)
{
    mode_t rights = 0;

    if (**text != '\0' && strchr("ugo", **text) != NULL) {
        char from = *(*text)++;

        return rights_spread(from == 'u'   ? mode >> 6
                             : from == 'g' ? mode >> 3
                                           : mode);
    }
    for (;; (*text)++) {
        switch (**text) {
        case 'r':
            rights |= 0444;
            break;
        case 'w':
            rights |= 0222;
            break;
        case 'x':
            rights |= 0111;
            break;
        case 'X':
            rights |= directory || (mode & 0111) != 0 ? 0111 : 0;
            break;
        case 's':
            rights |= S_ISUID | S_ISGID;
            break;
        case 't':
            rights |= S_ISVTX;
            break;
        default:
            return rights;
        }
    }
}

bool
mode_change(const char *text, bool directory, mode_t mask, mode_t *mode)
{
    if (*text >= '0' && *text <= '7') {
        return octal_read(text, mode);
    }
    for (;;) {
        mode_t who = who_read(&text);
        mode_t spared = who == 0 ? mask : 0;

        if (who == 0) {
            who = 07777;
        }
        if (*text == '\0' || strchr("+-=", *text) == NULL) {
            return false;
        }
        while (*text != '\0' && strchr("+-=", *text) != NULL) {
            char verb = *text++;
            mode_t rights =
                rights_read(&text, directory, *mode) & who & ~spared;

            if (verb == '=') {
                /* A directory keeps the bits that are not about rights. */
                mode_t kept = directory ? S_ISUID | S_ISGID : 0;

                *mode = (*mode & (~who | kept)) | rights;
            } else if (verb == '+') {
                *mode |= rights;
            } else {
                *mode &= ~rights;
            }
        }
        if (*text == '\0') {
            return true;
        }
        if (*text++ != ',') {
            return false;
        }
    }
}
