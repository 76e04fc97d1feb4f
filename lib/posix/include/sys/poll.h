/* SPDX-License-Identifier: MIT */
/* The old name of it. */
#include <poll.h>
