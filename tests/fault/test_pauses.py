# SPDX-License-Identifier: MIT
"""`ctrace pauses`: exact curves of a trace of which everything is known, and clear words for what cannot be asked.

    test_pauses.py --ctrace PROGRAM
"""

import argparse
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

OPTIONS = argparse.Namespace()

# One tick is a nanosecond. The world stands still 1-2 ms, 3-4 ms and 10-14 ms; 12 waits for a mutex 5-7 ms. 20 is another process.
TRACE = """ctrace-text 1
header session=00000000000000000000000000000000 base=1000 rate=1000000000 clock=5
chunk STRINGS
  string 1 "main"
  string 2 "helper"
  string 3 "pthread_mutex_lock"
  string 4 "other"
chunk SITES
  site 0 span_begin name=1 category=0 file=0 function=0 line=0
chunk CALLS
  call 1000 layer=2 name=3
chunk THREADS
  thread 1 pid=10 tid=11 name=1 start=0 written=8 lost=0 state=1 clamped=0
  thread 2 pid=10 tid=12 name=2 start=0 written=4 lost=0 state=1 clamped=0
  thread 3 pid=20 tid=20 name=4 start=0 written=2 lost=0 state=1 clamped=0
chunk EVENTS stream=1 base=1000
  +1000000 gc_begin 4
  +1000000 gc_end 0 0
  +1000000 gc_begin 4
  +1000000 gc_end 0 0
  +6000000 gc_begin 1
  +0 gc_begin 4
  +4000000 gc_end 0 0
  +1000000 gc_end 700 300
chunk EVENTS stream=2 base=1000
  +0 span_begin 0
  +5000000 lock_wait 4096 1 1000 0
  +2000000 lock_acquired 4096 1 1000 0
  +13000000 end
chunk EVENTS stream=3 base=1000
  +0 span_begin 0
  +100 end
chunk INDEX auto
trailer lost=0
"""


def ctrace(*arguments, status=0):
    """What the command says on standard output, or on standard error if it is to fail."""
    done = subprocess.run([OPTIONS.ctrace, *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, f"exit status {done.returncode}: {done.stderr}"
    return done.stdout if status == 0 else done.stderr


class Case(unittest.TestCase):
    """Pauses of one trace."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        text = Path(cls.folder.name) / "trace.txt"
        cls.trace = str(Path(cls.folder.name) / "trace.out")
        text.write_text(TRACE, encoding="utf-8")
        ctrace("dump", "--assemble", str(text), "-o", cls.trace)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def asked(self, *arguments):
        return json.loads(ctrace("pauses", self.trace, "--json", *arguments))

    def test_the_process_whose_collector_told_is_meant_unless_said(self):
        told = self.asked()
        self.assertEqual((told["what"], told["of"]["pid"]), ("collector", 10))
        self.assertEqual((told["count"], told["taken_ns"], told["longest_ns"]), (3, 6_000_000, 4_000_000))
        self.assertEqual((told["curve"][0]["window_ns"], told["curve"][0]["utilisation"]), (1000, 0))
        last = told["curve"][-1]
        self.assertEqual((last["window_ns"], last["taken_ns"]), (20_000_000, 6_000_000))
        self.assertAlmostEqual(last["utilisation"], 0.7)

    def test_worst_windows_have_the_length_asked_for_and_do_not_overlap(self):
        told = self.asked("--window", "3ms")
        self.assertEqual(told["window_ns"], 3_000_000)
        self.assertEqual([(row["start_ns"], row["taken_ns"]) for row in told["worst"]],
                         [(10_000_000, 3_000_000), (1_000_000, 2_000_000), (13_000_000, 1_000_000)])

    def test_a_threads_own_work_for_the_collector_counts(self):
        self.assertEqual(self.asked("--thread", "11")["taken_ns"], 7_000_000)
        self.assertEqual(self.asked("--thread", "12")["taken_ns"], 6_000_000)

    def test_of_a_process_the_thread_that_is_hit_most_is_named(self):
        told = self.asked("--what", "lock", "--window", "1ms")
        self.assertEqual(told["taken_ns"], 2_000_000)
        self.assertEqual([row["tid"] for row in told["worst"]], [12, 12])
        self.assertIn("  12 helper\n", ctrace("pauses", self.trace, "--what", "lock"))

    def test_a_range_holds_all_windows(self):
        told = self.asked("--start", "1500us", "--end", "3500us")
        self.assertEqual((told["start_ns"], told["end_ns"], told["taken_ns"]), (1_500_000, 3_500_000, 1_000_000))
        self.assertEqual(told["curve"][-1]["window_ns"], 2_000_000)

    def test_the_text_has_heading_curve_and_worst_windows(self):
        said = ctrace("pauses", self.trace, "--window", "3ms", "--rows", "5")
        self.assertIn("from 0.000000000 s to 0.020000000 s\ncollector: ", said)
        self.assertIn("3 times, 6.000 ms in all; the longest 4.000 ms at 0.010000000 s\n", said)
        self.assertIn("the worst windows of 3.000 ms", said)
        curve = said.split("minimum mutator utilisation\n")[1].split("\n\n")[0].splitlines()
        self.assertEqual(len(curve), 1 + 5)
        whole = ctrace("pauses", self.trace, "--rows", "0").split("minimum mutator utilisation\n")[1].split("\n\n")[0]
        self.assertEqual(len(whole.splitlines()), 1 + 60)

    def test_what_the_trace_cannot_tell_is_refused_with_what_it_can(self):
        said = ctrace("pauses", self.trace, "--what", "runnable", status=1)
        self.assertEqual(said.count("\n"), 1)
        self.assertIn("runnable: when these threads ran was not recorded", said)
        self.assertIn("there is --what collector, --what lock", said)
        said = ctrace("pauses", self.trace, "--process", "20", "--what", "collector", status=1)
        self.assertIn("no collector of this process told of its work", said)

    def test_a_process_without_a_collector_is_told_of_what_there_is(self):
        self.assertEqual(self.asked("--process", "20")["what"], "lock")

    def test_wrong_usage_is_one_line_and_status_2(self):
        for arguments, words in [(["--what", "luck"], "luck is none of collector"), (["--thread", "1", "--process", "2"], "do not go together"),
                                 (["--window", "soon"], "--window")]:
            said = ctrace("pauses", self.trace, *arguments, status=2)
            self.assertIn(words, said)

    def test_who_is_not_there_is_named(self):
        self.assertIn("there is no thread 4711 in it", ctrace("pauses", self.trace, "--thread", "4711", status=1))
        self.assertIn("there is no process 4711 in it", ctrace("pauses", self.trace, "--process", "4711", status=1))

    def test_help_fits_a_screen_and_names_every_curve(self):
        said = ctrace("pauses", "--help")
        self.assertLessEqual(len(said.splitlines()), 24)
        for what in ("collector", "runnable", "blocked", "lock", "allocator"):
            self.assertIn(what, said)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctrace", required=True)
    arguments, rest = parser.parse_known_args()
    OPTIONS.ctrace = arguments.ctrace
    unittest.main(argv=sys.argv[:1] + rest)
