# SPDX-License-Identifier: MIT
"""The preload library and programs of our own: each call does and returns what it does without it, and is recorded.

    test_calls.py --ctrace PROGRAM --preload LIBRARY --host PROGRAM --linked PROGRAM… --other PROGRAM
"""

import argparse
import glob
import re
import sys
import tempfile
import unittest
from pathlib import Path

from calls_trace import Programs, Trace, preloaded, recorded, result_of, run

HERE = Path(__file__).resolve().parent
TABLES = [HERE.parents[1] / "tracer/preload" / name for name in ("calls.def", "locks.def")]
WAYS = ("counts", "signals", "jump", "threads", "fault", "cancel", "storm")
# What `calls-host counts` does, and one write of what it prints.
COUNTS = {"openat": 2, "fopen": 1, "read": 7, "write": 5 + 1, "access": 3, "fread": 3, "fclose": 1, "close": 2}
# Where the allocator that a program chose is found, if it is installed.
ALLOCATORS = "/usr/lib/*/lib{}.so.*"


def wrapped_functions():
    text = "".join(table.read_text() for table in TABLES)
    return set(re.findall(r"^(?:CALL|CALL_AS|BY_HAND|TWIN|WAITS|LETS_GO)\((\w+)", text, re.MULTILINE))


class Calls(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.trace = Path(self.folder.name) / "trace.out"

    def record(self, *words, **more):
        done = recorded(self.trace, *words, **more)
        return done, Trace(self.trace)

    def test_each_call_returns_what_it_does_without_us(self):
        plain = run(ARGUMENTS.host)
        self.assertEqual(0, plain.returncode, plain.stderr)
        self.assertEqual(result_of(plain), result_of(preloaded(ARGUMENTS.host)))
        done, _ = self.record(ARGUMENTS.host)
        self.assertEqual(result_of(plain), result_of(done))

    def test_each_wrapped_function_is_tried(self):
        tried = set(re.findall(r"^(\w+): ", run(ARGUMENTS.host).stdout.decode(), re.MULTILINE))
        self.assertEqual(set(), wrapped_functions() - tried)

    def test_each_way_ends_as_without_us(self):
        for way in WAYS:
            with self.subTest(way):
                plain = run(ARGUMENTS.host, way)
                self.assertEqual(0, plain.returncode, plain.stderr)
                self.assertEqual(result_of(plain), result_of(preloaded(ARGUMENTS.host, way)))
                done, _ = self.record(ARGUMENTS.host, way)
                self.assertEqual(result_of(plain), result_of(done))

    def test_counts_are_those_of_the_program(self):
        _, trace = self.record(ARGUMENTS.host, "counts")
        self.assertEqual(COUNTS, dict(trace.begun()))
        self.assertEqual(COUNTS, dict(trace.ended()))
        self.assertEqual([8] * 7, trace.results("read"))
        self.assertEqual([-2] * 3, trace.results("access"))
        self.assertEqual(0, trace.lost)
        self.assertEqual((1, 2), (trace.layers["read"], trace.layers["fread"]))

    def test_paths_are_texts_and_bad_pointers_are_none(self):
        _, trace = self.record(ARGUMENTS.host, "counts")
        self.assertEqual(["/dev/zero", "/dev/null", "/dev/zero"] + ["/nothing"] * 3, trace.texts())
        _, trace = self.record(ARGUMENTS.host, "fault")
        self.assertEqual([], trace.texts())
        self.assertEqual([-14], trace.results("mkdir"))

    def test_calls_of_each_thread_nest(self):
        for way in ("counts", "signals", "threads", "storm"):
            with self.subTest(way):
                _, trace = self.record(ARGUMENTS.host, way)
                # What a full ring had no room for may be a begin or an end.
                self.assertTrue(trace.nesting_faults() == 0 or trace.lost > 0)

    def test_threads_that_exit_leave_all_their_calls(self):
        _, trace = self.record(ARGUMENTS.host, "threads")
        self.assertEqual(0, trace.lost)
        self.assertEqual(64 * 200, trace.begun()["read"])
        self.assertEqual(64 + 1, trace.begun()["write"])
        self.assertEqual(65, len(trace.threads()))

    def test_a_call_left_by_a_jump_has_no_end(self):
        _, trace = self.record(ARGUMENTS.host, "jump")
        self.assertEqual(50, trace.begun()["read"] - trace.ended()["read"])

    def test_children_of_every_kind_are_followed(self):
        _, trace = self.record(ARGUMENTS.host, "storm")
        begun = trace.begun()
        self.assertEqual((40, 40, 40), (begun["fork"], begun["posix_spawn"], begun["system"]))
        # Of vfork's children only those are seen that fail.
        self.assertEqual(20 + 20, begun["execve"])
        self.assertEqual([-2] * 20, trace.results("execve"))

    def test_a_program_with_a_recorder_has_no_second_one(self):
        for program in ARGUMENTS.linked:
            with self.subTest(program):
                done, trace = self.record(program)
                self.assertEqual((0, b"", b""), result_of(done))
                self.assertEqual({"openat": 1, "read": 20}, dict(trace.begun()))
                self.assertEqual(20, len(trace.events("span_begin")))
                self.assertEqual(1, len(trace.streams))
                self.assertEqual(1, len(re.findall(r"^  process ", trace.text, re.MULTILINE)))

    def test_a_recorder_of_another_time_is_left_alone(self):
        done = preloaded(ARGUMENTS.other)
        self.assertEqual((0, b"runs\n"), (done.returncode, done.stdout))
        self.assertRegex(done.stderr.decode(), r"^ctrace: this program carries ctrace 9\.9, the preload library is of "
                                               r"[0-9.]+: its calls are not recorded\n$")

    def test_the_environment_is_passed_on(self):
        """The recorder adds its own, and the library in front of what was preloaded before; exec and fork change nothing."""
        before = {"A": "1", "LD_PRELOAD": "libm.so.6"}
        plain = run("sh", "-c", "(env) | cat", env=before).stdout.decode().splitlines()
        done, _ = self.record("sh", "-c", "(env) | cat", env=before)
        lines = done.stdout.decode().splitlines()
        added = [line for line in lines if line.startswith(("CTRACE_", "LD_PRELOAD=", "ASAN_OPTIONS="))]
        self.assertIn(f"LD_PRELOAD={Programs.preload}:libm.so.6", added)
        self.assertIn("ASAN_OPTIONS=verify_asan_link_order=0", added)
        self.assertEqual(set(plain) - {"LD_PRELOAD=libm.so.6"}, set(lines) - set(added))

    def test_without_spans_only_calls_are_recorded(self):
        done = run(Programs.ctrace, "record", "-q", "--sources", "preload", "-o", self.trace, "--", ARGUMENTS.linked[0])
        self.assertEqual((0, b"", b""), result_of(done))
        trace = Trace(self.trace)
        self.assertEqual((20, 0), (trace.begun()["read"], len(trace.events("span_begin"))))

    def test_a_recording_inside_the_program_does_not_record_itself(self):
        done = run(ARGUMENTS.host, "counts", env={"LD_PRELOAD": str(Programs.preload), "CTRACE_FILE": str(self.trace)})
        self.assertEqual(0, done.returncode)
        self.assertEqual(COUNTS, dict(Trace(self.trace).begun()))

    def test_beside_the_kernel_only_calls_of_libraries_are_recorded(self):
        done = run(ARGUMENTS.host, "counts", env={"LD_PRELOAD": str(Programs.preload), "CTRACE_CALLS": "library",
                                                  "CTRACE_FILE": str(self.trace)})
        self.assertEqual(0, done.returncode)
        self.assertEqual({"fopen": 1, "fread": 3, "fclose": 1}, dict(Trace(self.trace).begun()))

    def test_other_allocators_chain(self):
        for name in ("jemalloc", "mimalloc"):
            found = sorted(glob.glob(ALLOCATORS.format(name)))
            if not found:
                continue
            with self.subTest(name):
                done = recorded(self.trace, ARGUMENTS.host, "counts", env={"LD_PRELOAD": found[0]})
                self.assertEqual(result_of(run(ARGUMENTS.host, "counts")), result_of(done))
                self.assertEqual(7, Trace(self.trace).begun()["read"])


def main():
    global ARGUMENTS
    parser = argparse.ArgumentParser()
    for name in ("ctrace", "preload", "host", "other"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--linked", nargs="+", required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    Programs.ctrace, Programs.preload = Path(ARGUMENTS.ctrace).resolve(), Path(ARGUMENTS.preload).resolve()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
