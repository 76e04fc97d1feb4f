/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_EXO_OWN_H
#define CHITIN_LIB_EXO_OWN_H
/*
 * What lib/exo keeps in the words of the U-area that are the env's own. A
 * program that uses its entries leaves these words to it; own[24] and own[25]
 * are the program's. Assembly includes this too.
 */
#include "kern/abi/uarea.h"

#define OWN_CALL_SP (UAREA_OWN + 0)      /* in exo_call: the stack, */
#define OWN_CALLEE (UAREA_OWN + 8)       /* whom it waits for; 0: nobody, */
#define OWN_CALL_MASKED (UAREA_OWN + 16) /* and what was masked */
#define OWN_AWAY_SP (UAREA_OWN + 24)     /* in exo_yield or exo_sleep: the */
#define OWN_AWAY_MASKED (UAREA_OWN + 48) /* stack, and what is masked; or 0 */
#define OWN_EVENT_STACK (UAREA_OWN + 32) /* the end of that of events */
#define OWN_EVENT_SP (UAREA_OWN + 40)    /* the stack that one interrupted */
#define OWN_EXCEPTION_STACK (UAREA_OWN + 56) /* the end of that; 0: none */
#define OWN_BINDING (UAREA_OWN + 64) /* 16: the env that each leads to */

#define BINDINGS 16
#define EDIED_NUMBER 201

#endif
