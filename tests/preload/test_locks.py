# SPDX-License-Identifier: MIT
"""Waits for locks: each is recorded once, with who had the lock and who let it go, and changes nothing for the program.

    test_locks.py --ctrace PROGRAM --preload LIBRARY --host PROGRAM
"""

import argparse
import glob
import json
import re
import signal
import sys
import tempfile
import unittest
from pathlib import Path

from calls_trace import Programs, result_of, run
from test_memory import Frames

# locks-host holds a lock at least for so long while another thread waits.
HELD_NS = 20_000_000
BARRIER, JOINS = 6, (7, 10)
ALLOCATORS = "/usr/lib/*/lib{}.so.*"


class Waits:
    """The waits in a trace, as SPEC 8.6 says to read them."""

    def __init__(self, path):
        checked = run(Programs.ctrace, "check", path)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        lines = [json.loads(line) for line in run(Programs.ctrace, "dump", "--json", path).stdout.splitlines()]
        text = run(Programs.ctrace, "dump", path).stdout.decode()
        self.names = {int(call): name for call, name in re.findall(r"^  call (\d+) layer=\d name=\d+ # (\w+)", text, re.MULTILINE)}
        self.tids = {row["stream"]: row["tid"] for row in lines if row["type"] == "thread"}
        self.lost = sum(row["args"]["count"] for row in lines if row.get("kind") == "lost")
        events = [row for row in lines if row["type"] == "event" and row["kind"].startswith("lock_")]
        self.released = [self.row_of(row) for row in events if row["kind"] == "lock_released"]
        self.begun = [self.row_of(row) for row in events if row["kind"] == "lock_wait"]
        self.ended = [self.row_of(row) for row in events if row["kind"] == "lock_acquired"]
        self.kinds = {row["kind"] for row in lines if row["type"] == "event"}
        self.frames = Frames(text)
        self.take_stacks(events)

    def take_stacks(self, events):
        """Where a thread was at an event of a lock, by its stream, its kind and its place there."""
        last, self.stacks = {}, {}
        for row in events:
            if row["kind"] == "lock_stack":
                assert row["stream"] in last, "a stack behind no event of a lock"
                self.stacks[last.pop(row["stream"])] = row["args"]["stack"]
            else:
                last[row["stream"]] = (row["kind"], self.tids[row["stream"]], row["ns"], row["args"]["lock"])
                if row["kind"] == "lock_acquired":
                    del last[row["stream"]]

    def functions_at(self, kind, row):
        """Innermost first; none: no stack was told."""
        return self.frames.stack(self.stacks.get((kind, row["tid"], row["ns"], row["lock"]), 0))

    def row_of(self, event):
        return {**event["args"], "ns": event["ns"], "tid": self.tids[event["stream"]], "name": self.names.get(event["args"].get("call"))}

    def end_of(self, wait):
        ends = [end for end in self.ended if end["tid"] == wait["tid"] and end["ns"] >= wait["ns"] and end["call"] == wait["call"]]
        return min(ends, key=lambda end: end["ns"], default=None)

    def waker_of(self, wait):
        if wait["lock_kind"] in JOINS:
            return wait["holder"]
        end = self.end_of(wait)
        givers = self.begun if wait["lock_kind"] == BARRIER else self.released
        times = [(row["ns"], row["tid"]) for row in givers
                 if row["lock"] == wait["lock"] and row["tid"] != wait["tid"] and wait["ns"] <= row["ns"] <= end["ns"]]
        return max(times, default=(0, 0))[1]


class Locks(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.trace = Path(self.folder.name) / "trace.out"

    def record(self, *words, sources="spans,locks", options=(), env=None):
        return run(Programs.ctrace, "record", "-q", "--sources", sources, *options, "-o", self.trace, "--", *words, env=env)

    def recorded(self, way, **more):
        done = self.record(ARGUMENTS.host, way, **more)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        return done.stdout.decode(), Waits(self.trace)

    def check_truth(self, line, waits):
        name, *numbers, waits_in, gives_in = line.split(" ")
        lock, waiter, holder, waker = map(int, numbers)
        found = [wait for wait in waits.begun if (wait["name"], wait["lock"], wait["tid"]) == (name, lock, waiter)]
        self.assertEqual(1, len(found), line)
        end = waits.end_of(found[0])
        self.assertEqual((lock, 0), (end["lock"], end["result"]), line)
        self.assertGreaterEqual(end["ns"] - found[0]["ns"], HELD_NS, line)
        self.assertEqual((holder, waker), (found[0]["holder"], waits.waker_of(found[0])), line)
        self.check_stacks(waits, found[0], waits_in, gives_in)

    def check_stacks(self, waits, wait, waits_in, gives_in):
        """Whole ones: from the function that the program called the lock's from, out to where the thread begins."""
        waiting = waits.functions_at("lock_wait", wait)
        self.assertEqual([waits_in, "wait_as_told"], waiting[:2])
        self.assertIn("clone3", waiting[-1])
        end = waits.end_of(wait)
        given = [row for row in waits.released if row["lock"] == wait["lock"] and wait["ns"] <= row["ns"] <= end["ns"]]
        for row in given:
            self.assertEqual([gives_in, "tell", "tell_all", "main"], waits.functions_at("lock_released", row)[:4])
        self.assertEqual(wait["lock_kind"] not in (BARRIER, *JOINS), len(given) == 1)

    def test_each_wait_is_as_long_as_it_must_be_and_knows_who_had_the_lock_and_who_gave_it(self):
        for options in ([], ["--flight", "1000s"]):
            with self.subTest(options):
                text, waits = self.recorded("truth", options=options)
                lines = text.splitlines()
                self.assertEqual(14, len(lines))
                for line in lines:
                    self.check_truth(line, waits)

    def test_there_are_as_many_waits_as_the_program_counts(self):
        for sources in ("spans,locks", "spans,preload,locks"):
            with self.subTest(sources):
                text, waits = self.recorded("count", sources=sources)
                mutex, busy = map(int, text.split())
                self.assertEqual(8 * 12, busy)
                self.assertEqual(busy, sum(wait["lock"] == mutex for wait in waits.begun))
                self.assertEqual(busy, sum(end["lock"] == mutex for end in waits.ended))
                self.assertEqual(0, waits.lost)
                rows = json.loads(run(Programs.ctrace, "top", "--json", self.trace).stdout)["locks"]
                self.assertEqual((hex(mutex), "mutex", busy, 0), tuple(rows[0][key] for key in ("lock", "kind", "count", "not_over")))
                self.assertEqual(8 * 12, rows[0]["threads"])
                self.assertEqual("count_one", rows[0]["waited_in"]["function"])
                self.assertRegex(rows[0]["waited_in"]["file"], r"locks_host\.c$")
                self.assertIn(rows[0]["let_go_in"]["function"], ("count_one", "count_round"))

    def test_with_locks_alone_there_are_no_calls(self):
        _, waits = self.recorded("count")
        self.assertLessEqual(waits.kinds, {"lock_wait", "lock_acquired", "lock_released", "lock_stack", "thread_stack", "thread_name", "process_name"})

    def test_without_the_source_there_are_no_locks(self):
        _, waits = self.recorded("count", sources="spans,preload")
        self.assertEqual([], waits.begun + waits.ended + waits.released)

    def test_a_deadlock_is_in_the_trace_of_a_program_that_was_killed(self):
        done = self.record(ARGUMENTS.host, "deadlock")
        self.assertEqual(128 + signal.SIGKILL, done.returncode)
        first, second = map(int, done.stdout.split())
        waits = Waits(self.trace)
        top = json.loads(run(Programs.ctrace, "top", "--json", self.trace).stdout)
        self.assertEqual([{(first, second), (second, first)}],
                         [{(wait["tid"], wait["holder"]) for wait in cycle} for cycle in top["deadlocks"]])
        text = run(Programs.ctrace, "top", self.trace).stdout
        self.assertIn(b"deadlock: 2 threads wait for each other", text)
        self.assertEqual(2, text.count(b"in take_both: pthread_mutex_lock"))
        hung = {(wait["tid"], wait["holder"]) for wait in waits.begun if waits.end_of(wait) is None}
        self.assertEqual({(first, second), (second, first)}, hung)

    def test_a_fork_with_held_locks_goes_on(self):
        self.assertEqual("500\n", self.recorded("fork")[0])

    def test_threads_contend_without_an_error_in_their_sums(self):
        text, waits = self.recorded("storm")
        self.assertEqual("25600 25600 25600 25600\n", text)
        if waits.lost == 0:
            self.assertEqual(len(waits.begun), len(waits.ended))

    def test_forks_in_a_storm_go_on(self):
        self.assertEqual("25600 25600 25600 25600\n100\n", self.recorded("forks")[0])

    def test_stacks_are_bounded(self):
        """16 at once, and one more in 100 us, whatever the threads do."""
        _, waits = self.recorded("storm")
        times = [ns for _, _, ns, _ in waits.stacks]
        self.assertTrue(times)
        self.assertLessEqual(len(times), 17 + (max(times) - min(times)) / 100_000)

    def test_stacks_may_be_left_out(self):
        _, waits = self.recorded("count", env={"CTRACE_LOCK_STACKS": "off"})
        self.assertTrue(waits.begun)
        self.assertEqual({}, waits.stacks)

    def test_handlers_may_post(self):
        self.assertEqual("500\n", self.recorded("handler")[0])

    def test_nothing_is_different_for_the_program_while_nobody_records(self):
        for way in ("count", "fork", "storm", "forks", "handler"):
            with self.subTest(way):
                done = run(ARGUMENTS.host, way, env={"LD_PRELOAD": str(Programs.preload)})
                self.assertEqual((0, b""), (done.returncode, done.stderr))

    def test_other_allocators_chain(self):
        for name in ("jemalloc", "mimalloc"):
            found = sorted(glob.glob(ALLOCATORS.format(name)))
            if found:
                with self.subTest(name):
                    text, _ = self.recorded("storm", env={"LD_PRELOAD": found[0]})
                    self.assertEqual("25600 25600 25600 25600\n", text)

    def test_a_word_that_is_none_is_said(self):
        for name in ("CTRACE_LOCKS", "CTRACE_LOCK_STACKS"):
            done = run("true", env={"LD_PRELOAD": str(Programs.preload), name: "some"})
            self.assertEqual((0, b"", f"ctrace: {name}=some: must be on or off\n".encode()), result_of(done))


def main():
    global ARGUMENTS
    parser = argparse.ArgumentParser()
    for name in ("ctrace", "preload", "host"):
        parser.add_argument(f"--{name}", required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    Programs.ctrace, Programs.preload = Path(ARGUMENTS.ctrace).resolve(), Path(ARGUMENTS.preload).resolve()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
