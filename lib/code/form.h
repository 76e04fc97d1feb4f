/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_CODE_FORM_H
#define CHITIN_LIB_CODE_FORM_H
/*
 * The one table of instructions and their texts, which assembler and
 * disassembler share: so each reads what the other writes. In a text
 *
 *   %d %s   destination and source, as rN; %D %S as wN; the same register
 *           wherever it stands again
 *   %o      the offset, with its sign
 *   %i      the immediate; %l one of 64 bits; %h a helper's number: no sign
 *   %j %J   where a jump leads, by offset and by immediate
 *   blank   any number of blanks, none too
 *
 * and what a text does not name has the value of the row.
 */
#include "kern/abi/code.h"

struct code_form {
    const char *text;
    uint8_t opcode;
    uint8_t source;
    int16_t offset;
    int32_t immediate;
};

extern const struct code_form code_forms[];
extern const uint32_t code_form_count;

#endif
