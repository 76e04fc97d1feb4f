/* SPDX-License-Identifier: MIT */
/*
 * The program of which CMakeLists.txt makes ELF files, with several linkers and
 * options. It is never run.
 */
#ifndef TEXT_ONLY
_Thread_local int sample_thread = 4;
const char sample_constant[] = "constant";
int sample_data[1100] = {1, 2, 3};
char sample_zeroes[10000];
#endif

_Noreturn void sample_start(void);

_Noreturn void
sample_start(void)
{
#ifndef TEXT_ONLY
    sample_zeroes[sample_data[0]] =
        (char)(sample_thread + sample_constant[sample_data[1]]);
#endif
    for (;;) {
        __asm__ volatile("");
    }
}
