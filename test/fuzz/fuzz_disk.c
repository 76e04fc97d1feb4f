/* SPDX-License-Identifier: MIT */
/*
 * The game of test/host/disk_play.c with the input for dice: any order of
 * changes, writes, steps, and answers of the device; power cuts too. After each
 * move the model must agree.
 */
#include "test/host/disk_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    machine_begin(1);
    machine->input = data;
    machine->input_size = size;
    while (machine->input_size > 0) {
        play_step(50);
        model_check();
        if (machine_below(64) == 63) {
            machine_cut();
        }
    }
    machine->input = NULL;
    machine_end();
    return 0;
}
