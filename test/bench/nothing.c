/* SPDX-License-Identifier: MIT */
/* The smallest program there is. */

int
main(void)
{
    return 0;
}
