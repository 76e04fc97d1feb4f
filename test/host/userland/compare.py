# SPDX-License-Identifier: MIT
"""Runs a script by two commands, each in an empty folder of its own, and says
where they differ: in output, status, or in whether they complain."""
import shutil
import subprocess
import tempfile

SECONDS = 60


def run(command, script, path, **more):
    """What came of it: output, status, complaints."""
    folder = tempfile.mkdtemp(prefix="chitin-userland-")
    environment = {
        "PATH": path, "LC_ALL": "C", "TZ": "UTC0", "HOME": folder,
        "TMPDIR": folder, "ASAN_OPTIONS": "exitcode=99:detect_leaks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=98"} | more
    try:
        done = subprocess.run(
            [*command, script], cwd=folder, env=environment, timeout=SECONDS,
            stdin=subprocess.DEVNULL, capture_output=True, check=False)
        out, err, status = done.stdout, done.stderr, done.returncode
    except subprocess.TimeoutExpired as late:
        out, err, status = late.stdout or b"", b"timeout", "timeout"
    finally:
        subprocess.run(["chmod", "-R", "u+rwx", folder], check=False)
        shutil.rmtree(folder, ignore_errors=True)
    name = folder.encode()
    return out.replace(name, b"HERE"), status, err.replace(name, b"HERE")


def sanitizer_says(result):
    return b"Sanitizer" in result[2] or b"runtime error" in result[2]


def differences(ours, theirs):
    """A list of what is not the same of two results of run."""
    said = []
    if sanitizer_says(ours):
        said.append("a sanitizer complains")
    if ours[0] != theirs[0]:
        said.append(f"output\n    ours   {ours[0]!r}\n    theirs {theirs[0]!r}")
    if ours[1] != theirs[1]:
        said.append(f"status: ours {ours[1]}, theirs {theirs[1]}")
    if bool(ours[2]) != bool(theirs[2]):
        said.append(f"complaints\n    ours   {ours[2]!r}\n"
                    f"    theirs {theirs[2]!r}")
    return said


def report(name, script, said, ours):
    print(f"{name}: {script}")
    for line in said:
        print(f"  {line}")
    if sanitizer_says(ours):
        print(ours[2].decode(errors="replace"))
