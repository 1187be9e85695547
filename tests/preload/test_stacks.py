# SPDX-License-Identifier: MIT
"""Whole stacks of every block, held against those that the C library's backtrace() finds in the same place.

    test_stacks.py --ctrace PROGRAM --host PROGRAM… --library LIBRARY LIBRARY --linked PROGRAM
"""

import argparse
import os
import re
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from calls_trace import Programs, Trace, run
from test_default import found_allocators

HOSTS, LIBRARIES, LINKED = [], [], []
WAITS = {"CTRACE_RING_POLICY": "block", "CTRACE_BLOCK_MS": "10000"}
SIZE_FIRST = 100000
FRAMES_MAX = 64
# How far behind the question to backtrace() the block is got, in the same function.
SAME_FUNCTION = 600


class Blocks:
    """The blocks of a trace: stacks by their size, each a list of file+offset, the innermost first."""

    def __init__(self, path):
        trace = Trace(path)
        self.lost, text = trace.lost, trace.text
        files = {number: os.path.basename(name) for number, name in re.findall(r"^  module (\d+) path=.* # (.*)$", text, re.MULTILINE)}
        frames = {number: (files.get(module, "?"), int(address, 16)) for number, module, address in re.findall(
            r"^  frame (\d+) module=(\d+) address=(0x[0-9a-f]+) ", text, re.MULTILINE)}
        self.rows = {number: (parent, frames[frame]) for number, parent, frame in re.findall(
            r"^  stack (\d+) parent=(\d+) frame=(\d+)", text, re.MULTILINE)}
        self.stacks = {}
        for fields in trace.events("alloc"):
            self.add(int(fields[1]), fields[2])
        for fields in trace.events("realloc"):
            self.add(int(fields[2]), fields[3])

    def add(self, size, stack):
        if size >= SIZE_FIRST:
            self.stacks.setdefault(size, []).append(self.frames(stack))

    def frames(self, stack):
        found = []
        while stack != "0":
            stack, frame = self.rows[stack]
            found.append(frame)
        return found


class Notes:
    """What the program printed: the same, as backtrace() has it."""

    def __init__(self, output):
        self.stacks, self.bare = {}, []
        for line in output.decode().splitlines():
            if line.startswith("bare "):
                self.bare.append(int(line.split(" ")[1]))
            else:
                size, *places = line.split(" ")
                frames = [(name, int(offset, 16)) for name, offset in (place.rsplit("+", 1) for place in places)]
                self.stacks.setdefault(int(size), []).append(frames)


def without_library(frames):
    """Which of two libraries was there when the recorder looked, nobody can say."""
    return [("library", 0) if "stacks-library" in name or name == "?" else (name, offset) for name, offset in frames]


def callers(frames):
    return tuple(without_library(frames[1:FRAMES_MAX]))


class Stacks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)

    SOURCES, ENV = "spans,alloc-stacks", WAITS

    def record(self, *words, expected=0, **env):
        done = run(Programs.ctrace, "record", "-q", "--sources", self.SOURCES, "-o", self.path / "t", "--", *words,
                   env={**self.ENV, **env})
        self.assertEqual((expected, b""), (done.returncode, done.stderr))
        return done.stdout, Blocks(self.path / "t")

    def compare(self, notes, blocks):
        self.assertEqual(0, blocks.lost)
        self.assertGreater(len(notes.stacks), 10)
        for size, expected in notes.stacks.items():
            found = blocks.stacks.get(size, [])
            self.assertEqual(Counter(map(callers, expected)), Counter(map(callers, found)), size)
            name, offset = expected[0][0]
            self.assertTrue(any(frames[0][0] == name and abs(frames[0][1] - offset) < SAME_FUNCTION for frames in found), size)
        print(f"{sum(map(len, notes.stacks.values()))} stacks, up to {max(len(frames[0]) for frames in notes.stacks.values())} deep", flush=True)

    def hold(self, what, *more, **env):
        for host in HOSTS:
            with self.subTest(host=host.name, **env):
                output, blocks = self.record(host, what, *more, **env)
                self.compare(Notes(output), blocks)

    def test_frames_of_all_kinds(self):
        self.hold("shapes")

    def test_whatever_serves_malloc(self):
        for library in found_allocators():
            self.hold("shapes", LD_PRELOAD=library)

    def test_64_threads_that_come_and_go(self):
        self.hold("threads")

    def test_forked_children_tell_their_own(self):
        self.hold("forks")

    def test_handlers_on_any_stack(self):
        self.hold("handlers")

    def test_a_jump_out_of_a_handler_leaves_all_as_it_was(self):
        self.hold("jumps")

    def test_coroutines_whose_stacks_end_where_nothing_is(self):
        self.hold("coroutines")

    def test_of_more_than_64_functions_the_innermost(self):
        self.hold("deep")

    def test_libraries_that_come_where_another_was(self):
        self.hold("loads", *LIBRARIES)

    def test_code_without_information_is_crossed_by_its_frame_pointer(self):
        for host in HOSTS:
            with self.subTest(host=host.name):
                output, blocks = self.record(host, "bare")
                notes = Notes(output)
                outer = {callers(frames) for stacks in notes.stacks.values() for frames in stacks if len(frames) > 3}
                for size in notes.bare:
                    names = [name for name, _ in blocks.stacks[size][0]]
                    self.assertEqual([host.name, "?", host.name], names[:3])
                    self.assertIn(tuple(blocks.stacks[size][0][3:]), outer)

    def test_the_innermost_is_who_alloc_full_says(self):
        output, blocks = self.record(HOSTS[0], "shapes")
        done = run(Programs.ctrace, "record", "-q", "--sources", "spans,alloc-full", "-o", self.path / "t", "--", HOSTS[0], "shapes", env=WAITS)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        full = Blocks(self.path / "t")
        self.assertEqual({size: [frames[:1] for frames in stacks] for size, stacks in blocks.stacks.items()}, full.stacks)


class SampledStacks(Stacks):
    """The stacks of samples, where each block is chosen."""
    SOURCES, ENV = "spans,alloc", {**WAITS, "CTRACE_ALLOC_BYTES": "1"}

    def test_nothing_is_read_where_another_thread_may_unmap(self):
        for sources in ("spans,alloc", "spans,locks", "spans,alloc-stacks"):
            with self.subTest(sources):
                done = run(Programs.ctrace, "record", "-q", "--sources", sources, "-o", self.path / "t", "--", HOSTS[0], "edge",
                           env={"CTRACE_ALLOC_BYTES": "1"})
                self.assertEqual((0, b"40000\n", b""), (done.returncode, done.stdout, done.stderr))


class LinkedStacks(unittest.TestCase):
    """The stacks of a program that is linked with libctrace-alloc and records itself."""
    setUp, compare = Stacks.setUp, Stacks.compare

    def hold(self, *words):
        done = run(LINKED[0], *words, env={**WAITS, "CTRACE_ALLOC_BYTES": "1", "STACKS_TRACE": str(self.path / "t")})
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        self.compare(Notes(done.stdout), Blocks(self.path / "t"))

    def test_they_are_as_under_record(self):
        for what in ("shapes", "threads", "handlers", "coroutines", "deep"):
            with self.subTest(what):
                self.hold(what)

    def test_libraries_that_come_where_another_was(self):
        self.hold("loads", *LIBRARIES)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctrace", required=True)
    parser.add_argument("--host", required=True, nargs="+")
    parser.add_argument("--library", required=True, nargs="+")
    parser.add_argument("--linked", required=True)
    arguments, rest = parser.parse_known_args()
    Programs.ctrace = Path(arguments.ctrace).resolve()
    HOSTS.extend(Path(host).resolve() for host in arguments.host)
    LIBRARIES.extend(Path(library).resolve() for library in arguments.library)
    LINKED.append(Path(arguments.linked).resolve())
    os.environ["LC_ALL"] = "C"
    unittest.main(argv=[__file__, *rest])
