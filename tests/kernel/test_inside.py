# SPDX-License-Identifier: MIT
"""A program that is linked with libctrace and records itself: what the kernel tells of it is true, and it is not harmed.

    test_inside.py --facts KERNEL-FACTS --host INSIDE-HOST [--as-nobody]

The program counts its own switches and says which threads it has; that is held against the trace. Nothing is compared
with a clock.
"""

import argparse
import os
import re
import resource
import sys
import unittest
import urllib.error

import inside_program
from inside_program import SOMEBODY, ProgramTest, facts_of, stops_of, why_not_nobody


class InsideTest(ProgramTest):
    def source(self, facts, name):
        """Its row; the test is skipped where the kernel refuses it to this user."""
        row = facts["sources"][name]
        if "perf_event_open is refused" in row["why"] or "perf_event_paranoid" in row["why"]:
            self.skipTest(row["why"])
        return row

    # ---- it is true ----

    def check_threads(self, facts, counted, slack):
        """Each thread stopped as often as was counted, or up to `slack` times more."""
        self.assertEqual(self.source(facts, "perf-switch")["state"], 1)
        for tid, switches in counted.items():
            row = facts["threads"][tid]
            self.assertEqual(row["pid"], self.pid, tid)
            for way in ("in", "out"):
                self.assertGreaterEqual(row[way], switches - (way == "in"), f"thread {tid}: {row}")
                self.assertLessEqual(row[way], switches + slack, f"thread {tid}: {row}")

    def nap(self, host, times):
        """{tid: how often it stopped}, as the kernel counts it, of threads that stand before and after."""
        before = {tid: stops_of(host.pid, tid) for tid in host.counts("who")}
        host.ask("nap", times)
        return {tid: stops_of(host.pid, tid) - count for tid, count in before.items()}

    def record_threads(self, host):
        """Some were there before, some come after the start; these may also wait for a lock on their way out."""
        self.pid = host.pid
        self.assertEqual(host.number("start", self.path, "spans,perf-switch"), 0)
        standing, late = self.nap(host, 40), host.counts("late", 4, 40)
        self.assertEqual(host.number("stop"), 0)
        facts = facts_of(self.path)
        self.check_threads(facts, standing, 1)
        self.check_threads(facts, late, 10)
        self.assertEqual(facts["sources"]["perf-switch"]["lost"], 0)
        self.assertEqual(facts["sources"]["perf-switch"]["misses"], 0)
        return facts, standing, late

    def test_switches_of_threads_before_and_after_the_start_are_those_they_count(self):
        host = self.host()
        host.ask("stand", 5)
        facts, _, late = self.record_threads(host)
        self.assertEqual({facts["threads"][tid]["name"] for tid in late}, {"late"})

    def test_they_are_so_while_threads_come_and_go(self):
        host = self.host()
        host.ask("stand", 5)
        host.ask("churn", "on")
        self.record_threads(host)
        host.ask("churn", "off")

    def share_below(self, facts, function):
        """Of all samples, those with this function in their stack."""
        samples = sum(facts["stacks"].values())
        return sum(count for stack, count in facts["stacks"].items() if function in stack.split(";")) / samples

    def test_samples_are_shared_as_the_work_is_without_frame_pointers(self):
        """1 : 3, of at least 200 samples: a share wanders by sqrt(p (1 - p) / n), 0.03; five of that."""
        host = self.host()
        self.assertEqual(host.number("start", self.path, "perf-samples"), 0)
        spinner = host.ask("spin", 3000)
        self.assertEqual(host.number("stop"), 0)
        facts = facts_of(self.path)
        self.assertEqual(self.source(facts, "perf-samples")["state"], 1)
        self.assertGreater(facts["threads"][spinner]["samples"], 200)
        for function, share in (("burn_one", 0.25), ("burn_three", 0.75), ("spin", 1)):
            self.assertAlmostEqual(self.share_below(facts, function), share, delta=0.15, msg=function)
        whole = re.compile("(?:^|;)burn;burn_(one|three);spin;")
        good = sum(count for stack, count in facts["stacks"].items() if whole.search(stack))
        self.assertGreater(good / sum(facts["stacks"].values()), 0.9, facts["stacks"])

    def test_a_recording_from_the_environment_has_them(self):
        host = self.host({"CTRACE_FILE": self.path, "CTRACE_SOURCES": "spans,perf-switch"})
        self.pid = host.pid
        late = host.counts("late", 4, 40)
        self.assertEqual(host.end(), "")
        self.check_threads(facts_of(self.path), late, 10)

    def test_a_recording_over_http_has_them_unasked(self):
        host = self.host()
        self.pid = host.pid
        facts = self.save_as("trace.out", host.trace(host.number("serve"), "seconds=0.2"))
        self.assertEqual(self.source(facts, "perf-switch")["state"], 1)
        self.assertEqual(facts["sources"]["spans"]["state"], 1)
        self.assertEqual(facts["sources"]["perf-samples"]["state"], 1)
        self.assertEqual(facts["sources"]["tracefs"]["state"], 3)

    def test_a_recording_without_a_word_has_spans_alone(self):
        host = self.host({"CTRACE_FILE": self.path})
        host.counts("late", 1, 5)
        self.assertEqual(host.end(), "")
        self.assertEqual(facts_of(self.path)["buffers"], [])

    def test_two_recordings_at_once_have_their_own(self):
        host = self.host()
        host.ask("stand", 3)
        self.pid = host.pid
        port = host.number("serve")
        self.assertEqual(host.number("start", self.path, "perf-switch"), 0)
        other = self.save_as("other.out", host.trace(port, "seconds=0.1&sources=spans,perf-switch"))
        counted = self.nap(host, 40)
        self.assertEqual(host.number("stop"), 0)
        facts = facts_of(self.path)
        self.check_threads(facts, counted, 1)
        self.assertEqual(facts["sources"]["spans"]["state"], 3)
        self.assertEqual(other["sources"]["perf-switch"]["state"], 1)

    def test_without_spans_there_are_none(self):
        host = self.host()
        host.number("start", self.path, "perf-switch")
        host.counts("late", 1, 5)
        self.assertEqual(host.number("stop"), 0)
        self.assertEqual([kind for kind in facts_of(self.path)["kinds"] if kind.startswith("span")], [])

    # ---- it does no harm ----

    def test_starting_and_stopping_200_times_leaves_nothing(self):
        host = self.host()
        host.ask("stand", 3)
        host.ask("churn", "on")
        host.ask("again", 1, self.path, "spans,perf-switch,perf-samples")
        before = host.number("files")
        self.assertEqual(host.number("again", 200, self.path, "spans,perf-switch,perf-samples"), 0)
        self.assertEqual(host.number("files"), before)
        with open(f"/proc/{host.pid}/maps", encoding="utf-8") as maps:
            self.assertNotIn("perf_event", maps.read())
        host.ask("churn", "off")
        facts_of(self.path)

    def test_a_forked_child_has_nothing_of_it_and_may_record_itself(self):
        host = self.host()
        host.ask("stand", 3)
        self.pid = host.pid
        child = os.path.join(self.folder, "child.out")
        of_sources = self.files_with(host, "spans,perf-switch") - self.files_with(host, "spans")
        self.assertGreaterEqual(of_sources, 4)
        host.number("start", self.path, "spans,perf-switch")
        kept, started, stopped = map(int, host.ask("fork", child, "spans,perf-switch").split())
        counted = self.nap(host, 40)
        self.assertEqual(host.number("stop"), 0)
        self.assertEqual((kept, started, stopped), (-of_sources, 0, 0))
        facts = facts_of(self.path)
        self.check_threads(facts, counted, 1)
        self.assertEqual({row["pid"] for row in facts["threads"].values()}, {host.pid})
        self.assertEqual(facts_of(child)["sources"]["perf-switch"]["state"], 1)

    def files_with(self, host, sources):
        """Descriptors while these are recorded."""
        host.number("start", self.path, sources)
        recording = host.number("files")
        host.number("stop")
        return recording

    def test_descriptors_that_the_program_takes_over_are_its_own(self):
        host = self.host()
        host.number("start", self.path, "spans,perf-switch")
        seized = host.number("seize")
        self.assertGreater(seized, 2)
        host.ask("stop")
        self.assertEqual(host.number("seized"), seized)

    def test_where_descriptors_are_few_it_is_left_out_with_a_reason(self):
        host = self.host()
        host.ask("stand", 20)
        host.ask("limit", host.number("files") + 20)
        self.assertEqual(host.number("start", self.path, "spans,perf-switch"), 0)
        host.ask("nap", 3)
        self.assertEqual(host.number("stop"), 0)
        row = self.source(facts_of(self.path), "perf-switch")
        self.assertEqual(row["state"], 2)
        self.assertRegex(row["why"], r"needs a descriptor for each thread on each processor: \d+, and may take \d+,.*ulimit -n")

    def test_where_no_more_memory_may_be_locked_it_is_left_out_with_a_reason(self):
        if why := why_not_nobody(inside_program.OPTIONS.host):
            self.skipTest(why)
        host = self.host(user=SOMEBODY, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0)))
        port = host.number("serve")
        self.assertEqual(host.number("start", self.path, "spans,perf-switch"), 0)
        facts = self.save_as("other.out", host.trace(port, "seconds=0.1&sources=perf-switch"))
        self.assertEqual(host.number("stop"), 0)
        row = self.source(facts, "perf-switch")
        self.assertEqual(row["state"], 2)
        self.assertRegex(row["why"], "lock no more memory.*ulimit -l")

    # ---- it is asked for wrongly ----

    def test_a_source_that_there_is_not_is_told(self):
        host = self.host({"CTRACE_SOURCES": "spans,sched"})
        self.assertEqual(host.number("start", self.path, "sched"), -22)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            host.trace(host.number("serve"), "seconds=1&sources=sched")
        self.assertEqual(refused.exception.code, 400)
        self.assertRegex(refused.exception.read().decode(), r'^invalid value for "sources" - there are spans, .*perf-switch')
        self.assertRegex(host.end(), r"^ctrace: CTRACE_SOURCES=spans,sched: there are spans, .*\n$")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for option in ("--facts", "--host"):
        parser.add_argument(option, required=True, type=os.path.abspath)
    parser.add_argument("--as-nobody", action="store_true")
    inside_program.OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
