/* SPDX-License-Identifier: MIT */
/*
 * The calls that are not a resource's own affair, and the tables by which
 * trap.S finds all of them. Each call checks everything first and changes
 * nothing on an error; it is done by the module whose resource it is about.
 */
#include "kern/syscall.h"

#include "kern/abi/call_numbers.h"
#include "kern/abi/error.h"
#include "kern/console.h"
#include "kern/hart_offsets.h"
#include "kern/panic.h"
#include "kern/print.h"
#include "kern/slot.h"
#include "kern/syscall_check.h"
#include "platform/device.h"

_Static_assert(ERROR_ESRCH == ESRCH && ERROR_EBUSY == EBUSY &&
                   ERROR_EINVAL == EINVAL && ERROR_ENOSYS == ENOSYS,
               "hart_offsets.h does not say what error.h says");

static const struct cap_name empty_name;
static const struct cap_name console_name = {{CAP_CONSOLE, 0}};

int64_t
sys_console_write(uint64_t cap, uint64_t bytes, uint64_t count)
{
    int error = cap_check(cap, &console_name, CAP_WRITE);
    unsigned done = 0;

    if (error < 0) {
        return error;
    }
    if (count > sizeof(bytes)) {
        return -EINVAL;
    }
    for (; done < count && device_console_room(); done++) {
        print_byte((char)(bytes >> 8 * done));
    }
    return done > 0 || count == 0 ? (int64_t)done : -EAGAIN;
}

int64_t
sys_console_read(uint64_t cap)
{
    int error = cap_check(cap, &console_name, CAP_READ);
    int byte;

    if (error < 0) {
        return error;
    }
    byte = console_read_for(env_current()->id, hart_self()->index);
    return byte < 0 ? -EAGAIN : byte;
}

int64_t
sys_machine_exit(uint64_t cap, uint64_t status)
{
    int error = cap_check(cap, &empty_name, CAP_CONTROL);

    if (error < 0) {
        return error;
    }
    if (status > UINT8_MAX) {
        return -EINVAL;
    }
    machine_exit((unsigned)status);
}

/* A hart that is bound meanwhile has its own fence (env_bind). */
int64_t
sys_code_fence(void)
{
    code_fence(__atomic_load_n(&env_current()->root->harts, __ATOMIC_SEQ_CST));
    return 0;
}

_Static_assert(NUMBER_null == CALL_NULL && NUMBER_resume == CALL_RESUME &&
                   NUMBER_yield == CALL_YIELD &&
                   NUMBER_pct_call == CALL_PCT_CALL &&
                   NUMBER_pct_send == CALL_PCT_SEND &&
                   NUMBER_pct_return == CALL_PCT_RETURN &&
                   NUMBER_sleep == CALL_SLEEP && NUMBER_notify == CALL_NOTIFY &&
                   NUMBER_sleep_until == CALL_SLEEP_UNTIL,
               "call_numbers.h does not say what call.h says");

/* The C function of each call, for call_c in trap.S. */
#define FUNCTION_FAST(number, name)
#define FUNCTION_CALL(number, name) [number] = (void (*)(void))sys_##name,
#define FUNCTION_ALONE FUNCTION_CALL
#define FUNCTION(number, name, path, arguments, meaning)                       \
    FUNCTION_##path(number, name)
static void (*const call_functions[CALL_MAX])(void) = {CALL_TABLE(FUNCTION)};

/* Ways into the kernel, labels of trap.S and transfer.S. */
#define LABEL_FAST(name) void call_##name(void);
#define LABEL_CALL(name)
#define LABEL_ALONE(name)
#define LABEL(number, name, path, arguments, meaning) LABEL_##path(name)
CALL_TABLE(LABEL)
void call_c(void);
void call_unknown(void);

#define ENTRY_FAST(number, name) [number] = call_##name,
#define ENTRY_CALL(number, name) [number] = call_c,
#define ENTRY_ALONE ENTRY_CALL
#define ENTRY(number, name, path, arguments, meaning) ENTRY_##path(number, name)
static void (*const call_entries[CALL_MAX])(void) = {CALL_TABLE(ENTRY)};

void
syscall_init_hart(struct hart *hart)
{
    /* Batches read it. Where firmware forbids that, it shall show at boot. */
    (void)csr_read(instret);
    for (unsigned i = 0; i < CALL_MAX; i++) {
        hart->functions[i] = (uint64_t)call_functions[i];
        hart->calls[i] = (uint64_t)(call_entries[i] != NULL ? call_entries[i]
                                                            : call_unknown);
    }
    /* What transfer.S leaves of it to C. */
    hart->functions[CALL_YIELD] = (uint64_t)slot_yield;
}
