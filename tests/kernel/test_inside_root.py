# SPDX-License-Identifier: MIT
"""A program that records itself as root, with tracefs: calls and switches are those it made, and no instance is left.

    test_inside_root.py --ctrace CTRACE --facts KERNEL-FACTS --host INSIDE-HOST
"""

import argparse
import os
import sys
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fault"))

import inside_program
from inside_program import ProgramTest, facts_of, stops_of
from kernel_trace import Trace, Tracefs, missing_for

SOURCES = "spans,tracefs"


class RootTest(ProgramTest):
    def setUp(self):
        super().setUp()
        why = missing_for(inside_program.OPTIONS.ctrace, "tracefs")
        if why:
            self.skipTest(why)
        self.tracefs = Tracefs()
        self.addCleanup(self.tracefs.close)
        if self.tracefs.root < 0:
            self.skipTest("tracefs cannot be mounted")

    def instances(self, host):
        return [name for name in self.tracefs.instances() if name.startswith(f"ctrace-{host.pid}-")]

    def trace(self):
        return Trace(inside_program.OPTIONS.ctrace, self.path)

    @staticmethod
    def calls(trace, name):
        """{tid: how often}"""
        return Counter(str(event.fields[0]) for event in trace.of("syscall_enter") if trace.calls[event.fields[1]] == name)

    # ---- it is true ----

    def record_threads(self, host):
        self.assertEqual(host.number("start", self.path, SOURCES), 0)
        before = {tid: stops_of(host.pid, tid) for tid in host.counts("who")}
        host.ask("nap", 30)
        standing = {tid: stops_of(host.pid, tid) - count for tid, count in before.items()}
        late = host.counts("late", 4, 30)
        caller = host.ask("call", 1000)
        self.assertEqual(host.number("stop"), 0)
        return standing, late, caller

    def check_threads(self, host, standing, late, caller):
        trace = self.trace()
        naps = self.calls(trace, "clock_nanosleep")
        self.assertEqual({tid: naps[tid] for tid in (*standing, *late)}, {tid: 30 for tid in (*standing, *late)})
        self.assertEqual(self.calls(trace, "getppid"), {caller: 1000})
        stops = Counter(str(event.fields[1]) for event in trace.of("sched_switch"))
        for tid, switches in standing.items():
            self.assertIn(stops[tid] - switches, (0, 1), tid)
        self.assertEqual(facts_of(self.path)["sources"]["tracefs"]["misses"], 0)
        self.assertEqual(self.instances(host), [])

    def test_calls_and_switches_are_those_it_made(self):
        host = self.host()
        host.ask("stand", 4)
        self.check_threads(host, *self.record_threads(host))

    def test_they_are_so_while_threads_come_and_go(self):
        host = self.host()
        host.ask("stand", 4)
        host.ask("churn", "on")
        recorded = self.record_threads(host)
        host.ask("churn", "off")
        self.check_threads(host, *recorded)

    def test_two_recordings_at_once_have_an_instance_each(self):
        host = self.host()
        port = host.number("serve")
        self.assertEqual(host.number("start", self.path, SOURCES), 0)
        other = self.save_as("other.out", host.trace(port, "seconds=0.1&sources=tracefs"))
        host.ask("call", 100)
        self.assertEqual(len(self.instances(host)), 1)
        self.assertEqual(host.number("stop"), 0)
        self.assertEqual(other["sources"]["tracefs"]["state"], 1)
        self.assertEqual(sum(self.calls(self.trace(), "getppid").values()) % 64, 100 % 64)
        self.assertEqual(self.instances(host), [])

    def test_the_best_is_what_ctrace_record_takes(self):
        host = self.host()
        self.assertEqual(host.number("start", self.path, "best"), 0)
        self.assertEqual(host.number("stop"), 0)
        states = {name: row["state"] for name, row in facts_of(self.path)["sources"].items()}
        self.assertEqual((states["spans"], states["tracefs"], states["perf-switch"]), (1, 1, 3))

    # ---- nothing is left ----

    def test_starting_and_stopping_again_and_again_leaves_nothing(self):
        host = self.host()
        host.ask("stand", 3)
        host.ask("again", 1, self.path, SOURCES)
        before = host.number("files")
        self.assertEqual(host.number("again", 10, self.path, SOURCES), 0)
        self.assertEqual(host.number("files"), before)
        self.assertEqual(self.instances(host), [])

    def test_a_child_that_lives_on_holds_nothing(self):
        host = self.host()
        host.number("start", self.path, SOURCES)
        host.ask("child")
        self.assertEqual(host.number("stop"), 0)
        self.assertEqual(self.instances(host), [])
        host.ask("orphan")

    def test_a_killed_programs_instance_is_swept_by_the_next_and_its_trace_opens(self):
        host, other = self.host(), self.host()
        host.number("start", self.path, SOURCES)
        host.ask("late", 2, 2)
        host.process.kill()
        host.process.wait()
        self.assertEqual(len(self.instances(host)), 1)
        other.number("start", self.path + ".other", SOURCES)
        other.number("stop")
        self.assertEqual(self.instances(host), [])
        facts_of(self.path)

    def test_what_it_left_before_an_exec_is_swept_by_itself(self):
        host = self.host()
        host.number("start", self.path, SOURCES)
        self.assertEqual(host.number("exec"), host.pid)
        self.assertEqual(len(self.instances(host)), 1)
        self.assertEqual(host.number("start", self.path, SOURCES), 0)
        self.assertEqual(len(self.instances(host)), 1)
        self.assertEqual(host.number("stop"), 0)
        self.assertEqual(self.instances(host), [])

    def test_descriptors_that_the_program_takes_over_are_its_own(self):
        host = self.host()
        host.number("start", self.path, SOURCES)
        seized = host.number("seize")
        host.ask("stop")
        self.assertEqual(host.number("seized"), seized)
        self.assertEqual(self.instances(host), [])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for option in ("--ctrace", "--facts", "--host"):
        parser.add_argument(option, required=True, type=os.path.abspath)
    parser.set_defaults(as_nobody=False)
    inside_program.OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
