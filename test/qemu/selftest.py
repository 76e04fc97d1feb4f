#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The harness must fail what is broken, and say how: each broken guest here
is the shim (shim.S) with an order that makes it break in one way.

    test/qemu/selftest.py BUILD-FOLDER
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import SourceFileLoader
from pathlib import Path

RUNNER = Path(__file__).resolve().parents[2] / "scripts/qemu-test"
PASS, FAIL = 0x5555, 0x463333  # words for the finisher; the second is 70
FOREVER = 0

# name, what the guest prints, how it ends, expectation lines, status of the
# runner, regex for what the runner says
CASES = [
    ("good", "hello\n", PASS, "must: ^hello$", 0, r"^$"),
    ("good-status", "hello\n", FAIL, "must: ^hello$\nstatus: 70", 0, r"^$"),
    ("wanted-panic", "panic: x\n", FAIL, "must: ^panic: x\nstatus: 70", 0,
     r"^$"),
    ("good-order", "a1\nb2\nc3\n", PASS, "must: b2\norder: a1\norder: c3", 0,
     r"^$"),
    ("silent-death", "", PASS, "must: ^hello$", 1, r"missing line: \^hello\$"),
    ("no-must", "hello\n", PASS, "must-not: bad", 2, r"there is no 'must'"),
    ("unknown-key", "", PASS, "must: a\nmusst: b", 2,
     r":\d+: unknown key 'musst'"),
    ("bad-disk", "", PASS, "must: a\ndisk: 5T", 2, r":\d+: 'disk' wants a size"),
    ("bad-disk-option", "", PASS, "must: a\ndisk: 5M large", 2,
     r"'disk' wants a size"),
    ("bad-virtio", "", PASS, "must: a\nvirtio: 2", 2, r"'virtio' is legacy or"),
    ("bad-regex", "", PASS, "must: (", 2, r":\d+: missing \)"),
    ("wrong-status", "hello\n", FAIL, "must: hello", 1,
     r"status 70, wanted 0"),
    ("missing-status", "hello\n", PASS, "must: hello\nstatus: 70", 1,
     r"status 0, wanted 70"),
    ("panic", "hello\npanic: ouch\n  #0 0x80200000\n", FAIL, "must: hello", 1,
     r"forbidden line: panic: ouch(.|\n)*#0 0x80200000"),
    ("failed-check", "hello\ncheck: frame failed\n", PASS, "must: hello", 1,
     r"forbidden line: check: frame failed"),
    ("forbidden", "hello\noops\n", PASS, "must: hello\nmust-not: ^oops", 1,
     r"forbidden line: oops"),
    ("order", "b2\na1\n", PASS, "must: a1\norder: a1\norder: b2", 1,
     r"out of order: b2"),
    ("hang", "hello\n", FOREVER, "must: hello\nsilence: 1", 1,
     r"no output for \d+ s(.|\n)*to repeat: qemu-system-riscv64 "),
    ("chatter", "hello\n" * 3_000_000, PASS, "must: hello\nlimit: 2", 1,
     r"ran longer than \d+ s|flooded the console"),
    ("no-start", "", PASS, "must: hello\ncpu: nonsense", 1,
     r"QEMU did not start: .*nonsense"),
    ("no-kernel", "", PASS, "must: hello\nkernel: nothing.img", 1,
     r"there is no .*nothing.img"),
]


def write(folder, name, text, end, lines):
    data = folder / f"{name}.txt"
    data.write_bytes(text.encode() + b"\0")
    qemu = f"-device loader,addr=0x80300010,data={end:#x},data-len=8 " \
           f"-device loader,file={data},addr=0x80300100,force-raw=on"
    expectation = folder / f"selftest-{name}.expect"
    kernel = "" if "kernel:" in lines else "kernel: shim.bin\n"
    expectation.write_text(f"{kernel}mem: 1G\nqemu: {qemu}\n{lines}\n")
    return expectation


def start(build, expectation):
    return subprocess.Popen([RUNNER, "--build", build, expectation],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def case(build, folder, name, text, end, lines, status, says):
    child = start(build, write(folder, name, text, end, lines))
    said = child.communicate()[0].decode(errors="replace")
    if child.returncode != status or not re.search(says, said):
        return f"{name}: status {child.returncode}, wanted {status}; wanted " \
               f"to read {says!r}, read:\n{said}"
    return None


def killed(build, folder):
    """A killed runner leaves no QEMU behind."""
    child = start(build, write(folder, "killed", "hello\n", FOREVER,
                               "must: hello"))
    children = Path(f"/proc/{child.pid}/task/{child.pid}/children")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        pids = children.read_text().split()
        if pids and b"qemu-system" in Path(
                f"/proc/{pids[0]}/cmdline").read_bytes().split(b"\0")[0]:
            break
        time.sleep(0.05)
    else:
        child.kill()
        return "killed: QEMU was never seen"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    while time.monotonic() < deadline:
        if not Path(f"/proc/{pids[0]}").exists():
            return None
        time.sleep(0.05)
    return f"killed: QEMU (process {pids[0]}) outlived the runner"


def crowded():
    """What a process waits for others counts, and nothing else does."""
    runner = SourceFileLoader("runner", str(RUNNER)).load_module()
    cpu = min(os.sched_getaffinity(0))
    loop = ["taskset", "-c", str(cpu), "sh", "-c", "while :; do :; done"]
    busy = [subprocess.Popen(loop) for _ in range(3)]
    idle = subprocess.Popen(["sleep", "60"])
    time.sleep(2)
    waits = [runner.seconds_waited(child.pid) for child in busy]
    idles = runner.seconds_waited(idle.pid)
    for child in busy + [idle]:
        child.kill()
        child.wait()
    if max(waits) < 0.5 or max(waits) > 2.5 or idles > 0.5:
        return f"crowded: of 2 s three loops waited {waits}, and who slept {idles}"
    return None


def main():
    build = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(case, build, Path(folder), *row)
                    for row in CASES]
            jobs.append(pool.submit(killed, build, Path(folder)))
            jobs.append(pool.submit(crowded))
            wrong = [job.result() for job in jobs if job.result()]
    for line in wrong:
        print(line)
    print(f"{len(jobs) - len(wrong)} of {len(jobs)} as they should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
