/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_INFORMATION_H
#define CHITIN_KERN_INFORMATION_H
/*
 * Stands in for kern/information.h in host tests: the only table there is that
 * of accounts.
 */
#include "kern/abi/information.h"

extern unsigned char machine_information[256 * 128];

#define information_at(address) ((void *)machine_information)

#endif
