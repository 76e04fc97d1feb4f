# SPDX-License-Identifier: MIT
"""gdb commands that know the kernel's structures: help chitin-harts,
chitin-frames, chitin-walk, chitin-connect. See scripts/gdbinit."""
import os
import re
from pathlib import Path

import gdb

TREE = Path(__file__).resolve().parent.parent
FRAME_SHIFT = 12
SV39 = 8
SV39_LEVELS = 3


def command(function):
    """Makes a gdb command of a function of its words."""
    class Wrapper(gdb.Command):
        __doc__ = function.__doc__

        def __init__(self):
            name = function.__name__.replace("_", "-")
            super().__init__(name, gdb.COMMAND_USER)

        def invoke(self, argument, _from_tty):
            try:
                function(argument)
            except gdb.error as error:
                raise gdb.GdbError(f"{error} (is it this kernel that runs, "
                                   "and its map in force?)")

    Wrapper()
    return function


def value(expression):
    return gdb.parse_and_eval(expression)


def number(expression):
    result = value(expression)
    if result.type.code in (gdb.TYPE_CODE_FUNC, gdb.TYPE_CODE_ARRAY):
        result = result.address
    return int(result) & (1 << 64) - 1


def layout(name):
    """A macro of kern/layout.h: macros are not in the debug information."""
    text = (TREE / "kern/layout.h").read_text()
    return int(re.search(rf"#define {name} (\w+)", text)[1], 16)


def physical(address, size):
    """Reads what the selected hart's map need not reach: QEMU's own mode."""
    gdb.execute("maintenance packet Qqemu.PhyMemMode:1", to_string=True)
    try:
        return gdb.selected_inferior().read_memory(address, size).tobytes()
    finally:
        gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)


@command
def chitin_connect(_argument):
    """Load the debug kernel's symbols if none are, and connect to QEMU."""
    gdb.execute(f"directory {TREE}", to_string=True)
    if not gdb.current_progspace().filename:
        gdb.execute(f"file {TREE}/build/virt-debug/chitin.elf")
    port = os.environ.get("CHITIN_GDB_PORT", "1234")
    gdb.execute(f"target remote :{port}")


@command
def chitin_harts(_argument):
    """The harts of the kernel's table, with what each has counted."""
    states = gdb.lookup_type("enum hart_state")
    for i in range(number("hart_count")):
        hart = value(f"hart_table[{i}]").dereference()
        state = hart["state"].cast(states)
        print(f"{i}: id {int(hart['id'])} {state} at {hart.address} signals "
              f"{int(hart['signals']):#x} interrupts: software "
              f"{int(hart['count_software'])} timer {int(hart['count_timer'])}"
              f" external {int(hart['count_external'])}")


@command
def chitin_frames(argument):
    """The memory map and the frame counts; with a physical address, that
    frame's record."""
    if argument:
        page = number(argument) >> FRAME_SHIFT
        table = layout("FRAME_TABLE_BASE")
        record = value(f"*((struct frame *){table:#x} + {page})")
        kind = record["type"].cast(gdb.lookup_type("enum frame_type"))
        print(f"frame {page:#x}: {kind}, record at {record.address}")
        return
    for name in ("bank", "reserved", "free"):
        for i in range(number(f"kernel_memory.{name}_count")):
            run = value(f"kernel_memory.{name}[{i}]")
            print(f"{name:9} {int(run['start']):#014x} to "
                  f"{int(run['end']):#014x}")
    counts = value("frame_counts")
    print(f"{int(counts['ram'])} frames, {int(counts['free'])} free")


@command
def chitin_walk(argument):
    """Walk the page tables of the selected hart for a virtual address."""
    if not argument:
        raise gdb.GdbError("chitin-walk wants an address")
    address = number(argument)
    satp = number("$satp")
    if satp >> 60 != SV39:
        raise gdb.GdbError(f"satp {satp:#x}: this hart's map is not Sv39")
    table = (satp & (1 << 44) - 1) << FRAME_SHIFT
    print(f"satp {satp:#x}: root at {table:#x}")
    for level in reversed(range(SV39_LEVELS)):
        shift = FRAME_SHIFT + 9 * level
        place = table + 8 * (address >> shift & 511)
        entry = int.from_bytes(physical(place, 8), "little")
        flags = "".join(letter if entry >> bit & 1 else "-"
                        for bit, letter in enumerate("VRWXUGAD"))
        table = (entry >> 10 & (1 << 44) - 1) << FRAME_SHIFT
        print(f"level {level}: entry at {place:#x} is {entry:#018x} {flags}")
        if not entry & 1:
            print(f"{address:#x} is not mapped")
            return
        if entry & 0xe:
            result = table + (address & (1 << shift) - 1)
            print(f"{address:#x} is at {result:#x}")
            return
    print(f"{address:#x}: the last level points on: a broken table")
