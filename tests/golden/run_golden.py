# SPDX-License-Identifier: MIT
"""Golden traces: text files that say what a reader must make of them.

The head of each file holds the expectation, one `#!` line each:

    #! says: byte 136 (chunk 2): payload byte 4, event 0: a reserved operation
    #! event: {"type":"event","stream":1,"ns":10,"kind":"span_begin","name":"main"}

`says` are all complaints of `ctrace check` in order (none: the trace is good), `event` all events that
`ctrace dump --json` gives, in order. Invalid traces need no events. The rest is the text form (format/text.h).

    run_golden.py --ctrace PROGRAM [--update] [NAME…]

--update writes what the program says now into the files: read the difference before you believe it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDERS_WITH_EVENTS = {"valid", "salvage"}


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, timeout=300)


def complaints(ctrace, trace):
    """Exit status and the lines of `check` without the file's name and the closing sum."""
    done = run(ctrace, "check", "--quiet", trace)
    lines = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    return done.returncode, [line.removeprefix(f"{trace}: ") for line in lines]


def events(ctrace, trace):
    done = run(ctrace, "dump", "--json", trace)
    return [line for line in done.stdout.decode("utf-8").splitlines() if json.loads(line)["type"] == "event"]


def comes_back(ctrace, trace, folder):
    """Does the dump of this trace assemble to the same bytes?"""
    text, again = folder / "again.txt", folder / "again.trace"
    run(ctrace, "dump", trace, "-o", text)
    run(ctrace, "dump", "--assemble", text, "-o", again)
    return again.exists() and again.read_bytes() == trace.read_bytes()


def split(path):
    lines = path.read_text().splitlines(keepends=True)
    head = [line for line in lines if line.startswith("#! ")]
    return head, [line for line in lines if not line.startswith("#! ")]


def found(ctrace, path, folder):
    """What the program makes of the file, as `#!` lines, and what is wrong beyond them."""
    trace = folder / "golden.trace"
    made = run(ctrace, "dump", "--assemble", path, "-o", trace)
    if made.returncode != 0:
        return [], "does not assemble: " + made.stderr.decode().strip()
    status, says = complaints(ctrace, trace)
    head = [f"#! says: {line}\n" for line in says]
    if path.parent.name in FOLDERS_WITH_EVENTS:
        head += [f"#! event: {line}\n" for line in events(ctrace, trace)]
    if status != (1 if says else 0):
        return head, f"exit status {status} with {len(says)} complaints"
    if (path.parent.name == "valid") != (status == 0):
        return head, f"exit status {status} for a trace in {path.parent.name}/"
    is_refused = run(ctrace, "dump", "--stats", trace).stdout == b""
    if not is_refused and not comes_back(ctrace, trace, folder):
        return head, "its dump does not assemble to the same bytes"
    return head, None


def judge(ctrace, path, is_update):
    expected, rest = split(path)
    with tempfile.TemporaryDirectory() as folder:
        head, wrong = found(ctrace, path, Path(folder))
    if wrong is not None:
        return wrong
    if is_update:
        path.write_text("".join(head + rest))
        return None
    if head == expected:
        return None
    pairs = [(e, f) for e, f in zip(expected + ["nothing\n"], head + ["nothing\n"]) if e != f]
    return f"expected {pairs[0][0].strip()}\n       found    {pairs[0][1].strip()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ctrace", required=True)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    paths = [path for path in sorted(HERE.glob("*/*.txt")) if not arguments.names or path.stem in arguments.names]
    failed = 0
    for path in paths:
        wrong = judge(arguments.ctrace, path, arguments.update)
        if wrong is not None:
            failed += 1
            print(f"FAIL {path.relative_to(HERE)}: {wrong}")
    print(f"{len(paths) - failed} passed, {failed} failed")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
