# SPDX-License-Identifier: MIT
"""Every block as somebody else counts it: a program that gets memory in every way, the same each time, recorded whole, and run in
valgrind, which prints each call (--trace-malloc) and sums them by place (dhat).

    test_truth.py --ctrace PROGRAM --subject PROGRAM…
"""

import argparse
import json
import os
import random
import re
import shutil
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from calls_trace import Programs, Trace, result_of, run
from test_default import found_allocators

SUBJECTS = []
WAITS = {"CTRACE_RING_POLICY": "block", "CTRACE_BLOCK_MS": "10000"}


class Theirs:
    """What valgrind counts: `sizes` of blocks that were got, `moved` of those that went on elsewhere, `freed`; by place, blocks and
    bytes that were got there (and, where blocks move, what dhat makes of that). What the loader gets for threads is left out: it goes by how many
    libraries there are."""

    def __init__(self, folder, *program):
        found = folder / "dhat.json"
        done = run("valgrind", "--tool=dhat", "--trace-malloc=yes", f"--dhat-out-file={found}", "--num-callers=4",
                   "--run-libc-freeres=no", "--run-cxx-freeres=no", *program)
        assert done.returncode == 0, done.stderr
        self.sizes, self.moved, self.freed = Counter(), Counter(), 0
        for line in done.stderr.decode().splitlines():
            self.take(line)
        self.places, answer = Counter(), json.loads(found.read_text())
        for point in answer["pps"]:
            frames = [answer["ftbl"][number].split(": ", 1)[-1] for number in point["fs"]]
            self.take_place([frame for frame in frames if "vgpreload" not in frame], point["tbk"], point["tb"])
        self.sizes += Counter()

    def take(self, line):
        call = re.match(r"--\d+-- (\w+)\(([^)]*)\)", line)
        if call is None:
            return
        name, numbers = call[1], re.findall(r"0x[0-9A-Fa-f]+|\d+", call[2])
        if name == "free" or name.startswith("_Zd"):
            self.freed += numbers[0] not in ("0x0", "0")
        elif name == "realloc" and numbers[0] == "0x0":
            self.sizes[int(numbers[1])] += 1
        elif name == "realloc":
            self.moved[int(numbers[1])] += 1
        elif name == "calloc":
            self.sizes[int(numbers[0]) * int(numbers[1])] += 1
        elif name == "memalign":
            self.sizes[int(numbers[1])] += 1
        elif name == "malloc" or name.startswith("_Zn"):
            self.sizes[int(re.search(r"size (\d+)", call[2])[1] if "size" in call[2] else numbers[0])] += 1

    def take_place(self, frames, blocks, size):
        if any("(dl-" in frame or "ld-linux" in frame for frame in frames[:2]):
            self.sizes[size // blocks] -= blocks
            return
        self.places[place_of(frames[0]), "blocks"] += blocks
        self.places[place_of(frames[0]), "bytes"] += size


def place_of(text):
    """function (file:line), or elsewhere."""
    found = re.match(r"(.*) \((truth_\w+\.\w+:\d+)\)$", text.replace("(anonymous namespace)::", ""))
    return (re.sub(r"\(.*", "", found[1]), found[2]) if found else "elsewhere"


class Ours:
    """The same sums, of our trace."""

    def __init__(self, path):
        trace = Trace(path)
        assert trace.lost == 0
        self.places_of_stacks = read_stacks(trace.text)
        self.sizes, self.moved, self.freed, self.places = Counter(), Counter(), 0, Counter()
        self.alive, self.gone = set(), set()
        for _, kind, fields in sorted(self.events(trace.text), key=lambda event: event[0]):
            getattr(self, "take_" + kind)(*fields)

    @staticmethod
    def events(text):
        """By time over all threads: of a block that goes from one to another, what became of it."""
        for chunk in re.split(r"^chunk ", text, flags=re.MULTILINE):
            found = re.search(r"^EVENTS stream=\d+.* base=(\d+)", chunk)
            now = int(found[1]) if found else 0
            for step, kind, rest in re.findall(r"^  \+(\d+) (\w+) ?(.*)$", chunk, re.MULTILINE) if found else ():
                now += int(step)
                if kind in ("alloc", "free", "realloc"):
                    yield now, kind, [int(field) for field in rest.split(" ")]

    def take_alloc(self, block, size, stack, *_):
        place = self.places_of_stacks[stack]
        if place == "loader":
            return
        self.alive.add(block)
        self.places[place, "bytes"] += size
        self.places[place, "blocks"] += 1
        self.sizes[size] += 1

    def take_realloc(self, block, moved, size, *_):
        """Its free was told before, when it was about to move."""
        self.gone.remove(block)
        self.freed -= 1
        self.alive.add(moved)
        self.moved[size] += 1

    def take_free(self, block, *_):
        self.alive.remove(block)
        self.gone.add(block)
        self.freed += 1


def read_stacks(text):
    """The place of the innermost frame of each stack."""
    strings = dict(re.findall(r'^  string (\d+) "(.*)"$', text, re.MULTILINE))
    loaders = re.findall(r"^  module (\d+) .*/ld-linux[^/]*$", text, re.MULTILINE)
    frames, places = {}, {}
    for number, module, function, file, line in re.findall(
            r"^  frame (\d+) module=(\d+) .*function=(\d+) file=(\d+) line=(\d+)", text, re.MULTILINE):
        # Once more, with its name, when that was looked up.
        place = place_of(f"{strings.get(function)} ({os.path.basename(strings.get(file, ''))}:{line})")
        frames[number] = "loader" if module in loaders else place
    for number, frame in re.findall(r"^  stack (\d+) parent=\d+ frame=(\d+)", text, re.MULTILINE):
        places[int(number)] = frames[frame]
    return places


def own_places(ours):
    """Those of the subject: not what an allocator gets of another one."""
    return {place: count for place, count in ours.places.items() if place[0] != "elsewhere"}


class Truth(unittest.TestCase):
    def setUp(self):
        if shutil.which("valgrind") is None:
            self.skipTest("valgrind is not installed")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)

    def ours(self, *subject, source="alloc-full", **env):
        done = run(Programs.ctrace, "record", "-q", "--sources", f"spans,{source}", "-o", self.path / "t", "--", *subject,
                   env={**WAITS, **env})
        self.assertEqual((0, b"", b""), result_of(done))
        return Ours(self.path / "t")

    def both(self, *subject):
        ours, theirs = self.ours(*subject), Theirs(self.path, *subject)
        self.assertGreater(theirs.sizes.total(), 4000)
        self.assertEqual((Counter(), Counter()), (theirs.sizes - ours.sizes, ours.sizes - theirs.sizes))
        self.assertEqual(theirs.freed, ours.freed)
        print(f"{ours.sizes.total()} blocks of {len(ours.sizes)} sizes, {ours.moved.total()} moved, {ours.freed} freed", flush=True)
        return ours, theirs

    def test_each_size_is_there_as_often_as_valgrind_prints_it(self):
        for subject in SUBJECTS:
            with self.subTest(subject):
                ours, theirs = self.both(subject)
                self.assertEqual(theirs.moved, ours.moved)

    def test_each_place_got_what_dhat_counts(self):
        for subject in SUBJECTS:
            with self.subTest(subject):
                ours, theirs = self.both(subject, "still")
                self.assertGreater(len(theirs.places), 14)
                self.assertEqual(dict(theirs.places), dict(ours.places))
                self.assertEqual(dict(theirs.places), dict(self.ours(subject, "still", source="alloc-stacks").places))

    def test_whatever_serves_new_and_malloc_each_place_gets_the_same(self):
        """Some of these allocators have operators of their own, which never come to malloc."""
        for subject in SUBJECTS:
            alone = own_places(self.ours(subject, "still"))
            for library in found_allocators():
                with self.subTest(subject, library=library):
                    self.assertEqual(alone, own_places(self.ours(subject, "still", LD_PRELOAD=library)))

    def test_samples_of_new_are_unbiased(self):
        """Whether it comes to malloc, which then must not count again, or does not, and must count itself."""
        subject = next(subject for subject in SUBJECTS if "operators" in subject.name)
        truth = sum(count for (place, what), count in own_places(self.ours(subject, "still")).items() if what == "bytes")
        seed = int(os.environ.get("CTRACE_TEST_SEED", random.randrange(1 << 30)))
        print(f"seed: {seed}", flush=True)
        mean, runs = 20000, 8
        for library in ["", *[library for library in found_allocators() if "mimalloc" not in library]]:
            total = 0
            for i in range(runs):
                done = run(Programs.ctrace, "record", "-q", "--sources", "spans,alloc", "-o", self.path / "t", "--", subject, "still", env={
                    **WAITS, "CTRACE_ALLOC_BYTES": str(mean), "CTRACE_ALLOC_SEED": str(1 + seed + i), "LD_PRELOAD": library})
                self.assertEqual((0, b"", b""), result_of(done))
                total += sum(int(fields[3]) for fields in Trace(self.path / "t").events("alloc"))
            # The spread of a mean of so many; six of them are passed once in 500 million times.
            self.assertLess(abs(total / runs - truth), 6 * (mean * truth / runs) ** 0.5, library)

    def test_what_new_throws_is_caught(self):
        subject = next(subject for subject in SUBJECTS if "operators" in subject.name)
        for library in ["", *found_allocators()]:
            for source, env in (("alloc", {"CTRACE_ALLOC_BYTES": "1000"}), ("alloc-full", WAITS)):
                plain = run(subject, "refuse", env={"LD_PRELOAD": library})
                done = run(Programs.ctrace, "record", "-q", "--sources", f"spans,{source}", "-o", self.path / "t", "--", subject, "refuse",
                           env={**env, "LD_PRELOAD": library})
                # Debian's mimalloc is built as C, and ends the program instead.
                if "mimalloc" not in library:
                    self.assertEqual(0, plain.returncode, library)
                self.assertEqual(plain.returncode if plain.returncode >= 0 else 128 - plain.returncode, done.returncode, library)
                Trace(self.path / "t")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctrace", required=True)
    parser.add_argument("--subject", required=True, nargs="+")
    arguments, rest = parser.parse_known_args()
    Programs.ctrace = Path(arguments.ctrace).resolve()
    SUBJECTS.extend(Path(subject).resolve() for subject in arguments.subject)
    os.environ["LC_ALL"] = "C"
    unittest.main(argv=[sys.argv[0], *rest])
