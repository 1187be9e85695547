# SPDX-License-Identifier: MIT
"""Lets Spin walk through every order of steps of the models, and checks that it can tell a wrong ring from a right one.

    run_model.py FOLDER [NAME…]     FOLDER: where the verifiers are built; NAME: only these searches

Each search is full: every state is stored exactly (no bit-state hashing), and none is cut short by depth or memory. A
mistake, by -DMUTANT, is a search that must end in an error.
"""

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
# No partial order reduction: `provided` clauses forbid it.
COMPILE = ["gcc", "-O2", "-w", "-DSAFETY", "-DNOREDUCE", "-DCOLLAPSE", "-DMEMLIM=4000", "-o", "pan", "pan.c"]
RUN = ["./pan", "-m200000", "-w24"]
SECONDS_MAX = 600


class Search(NamedTuple):
    model: str
    sizes: dict


SEARCHES = {
    "alone": Search("ring.pml", {"EVENTS": 5, "BUFFER": 3, "WEAK": 1}),
    "a handler": Search("ring.pml", {"EVENTS": 2, "HANDLERS": 1, "SIGNALS": 2, "NESTED": 1}),
    "handlers in handlers, the second too deep": Search("ring.pml", {"EVENTS": 1, "HANDLERS": 2, "SIGNALS": 2, "NESTED": 1}),
    "a handler, stores on their way": Search(
        "ring.pml", {"EVENTS": 2, "HANDLERS": 1, "SIGNALS": 1, "NESTED": 1, "BUFFER": 3, "WEAK": 1}),
    "handlers that jump away": Search(
        "ring.pml", {"EVENTS": 2, "HANDLERS": 2, "SIGNALS": 2, "NESTED": 1, "JUMPS": 1, "CALM": 1}),
    "rings change hands": Search("handover.pml", {}),
    "a full ring overwrites": Search("overwrite.pml", {}),
}

# Search, number of the mistake in its model, what it is.
TWO_LEVELS = Search("ring.pml", {"EVENTS": 1, "HANDLERS": 2, "SIGNALS": 2, "NESTED": 2})
MISTAKES = [
    (SEARCHES["a handler"], 1, "head is not read again after the claim"),
    (SEARCHES["alone"], 2, "published before the word"),
    (SEARCHES["alone"], 3, "the tail moves before the words are read"),
    (SEARCHES["alone"], 4, "published without release [P]"),
    (SEARCHES["a handler, stores on their way"], 5, "the claim without release [H]"),
    (SEARCHES["a handler"], 6, "the collector does not wait for what a handler interrupted"),
    (SEARCHES["handlers that jump away"], 7, "a refused record is counted without being noted first"),
    (SEARCHES["handlers that jump away"], 8, "a cut-off claim is cleared without taking its frame"),
    (SEARCHES["a handler"], 9, "the thread's records are looked at before its handlers'"),
    (TWO_LEVELS, 10, "the handlers' records are not looked at again"),
    (SEARCHES["rings change hands"], 1, "the collector empties a ring that may be adopted meanwhile"),
    (SEARCHES["rings change hands"], 2, "a ring lives before its owner has said who it is"),
    (SEARCHES["rings change hands"], 3, "a vanished thread's ring is freed without a second look"),
    (SEARCHES["rings change hands"], 4, "an adopter does not ask again once the ring is its own"),
    (SEARCHES["a full ring overwrites"], 1, "the owner gives up by a store, not a swap"),
    (SEARCHES["a full ring overwrites"], 2, "the owner overwrites before it has given up"),
    (SEARCHES["a full ring overwrites"], 3, "the collector takes by a store, not a swap"),
    (SEARCHES["a full ring overwrites"], 4, "the collector keeps what was given up while it copied"),
]


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    return done.stdout + done.stderr


def search(folder, one, mistake=0):
    """What the verifier printed."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("pan*"), *folder.glob("*.trail")):
        old.unlink()
    sizes = [f"-D{name}={value}" for name, value in {**one.sizes, "MUTANT": mistake}.items()]
    text = run(["spin", "-a", *sizes, str(HERE / one.model)], folder)
    if (folder / "pan.c").exists():
        text += run(COMPILE, folder)
    return text + run(RUN, folder) if (folder / "pan").exists() else text


def complaint(text):
    """Why this search proves nothing; "" when it was full and found no error."""
    errors = re.search(r"errors: (\d+)", text)
    if errors is None:
        return "no result:\n" + text
    first = re.search(r"^pan:\d+: (.*)$", text, re.MULTILINE)
    if errors.group(1) != "0" or first:
        return first.group(1) if first else f"{errors.group(1)} errors"
    for sign in ("max search depth too small", "Search not completed", "out of memory", "hash-compact", "bitstate"):
        if sign in text:
            return sign
    return "" if "Full statespace search for" in text else "not a full search"


def found_error(text):
    """Did it stop at a broken promise, rather than at something it could not do?"""
    return re.search(r"^pan:1: (assertion violated|invalid end state)", text, re.MULTILINE) is not None


def states(text):
    found = re.search(r"(\d+) states, stored", text)
    return f"{int(found.group(1)):,} states" if found else "no states"


def main():
    folder, names = Path(sys.argv[1]), sys.argv[2:]
    tally = {True: 0, False: 0}

    def report(is_good, title, text, began):
        tally[is_good] += 1
        print(f"{'ok  ' if is_good else 'FAIL'} {title}: {states(text)}, {time.monotonic() - began:.1f} s", flush=True)

    for name, one in SEARCHES.items():
        if names and name not in names:
            continue
        began = time.monotonic()
        text = search(folder / "right", one)
        report(not complaint(text), name, text, began)
        if complaint(text):
            print("     " + complaint(text))
    for one, number, title in [] if names else MISTAKES:
        began = time.monotonic()
        text = search(folder / "wrong", one, number)
        report(found_error(text), "finds: " + title, text, began)
        if not found_error(text):
            print("     " + (complaint(text) or "no error found"))
    print(f"{tally[True]} passed, {tally[False]} failed")
    return 1 if tally[False] else 0


if __name__ == "__main__":
    sys.exit(main())
