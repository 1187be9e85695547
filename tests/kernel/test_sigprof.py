# SPDX-License-Identifier: MIT
"""Samples by SIGPROF: what they say of programs whose behaviour is known, and that no program notices them.

    test_sigprof.py --ctrace CTRACE --facts KERNEL-FACTS --subjects FOLDER [--as-nobody]

Programs are compared with themselves alone. Shares are of samples, with bounds that exchanged functions do not keep.
"""

import argparse
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from other_user import NOBODY, why_not_nobody  # noqa: E402

OPTIONS = None
SECONDS = 240


def as_user(words):
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all"]
    return [*drop, *words] if OPTIONS.as_nobody else list(words)


def run(*words, **more):
    return subprocess.run(as_user(words), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=SECONDS, check=False, **more)


def subject(name):
    return os.path.join(OPTIONS.subjects, name)


def samples(facts):
    return sum(facts["stacks"].values())


def share_below(facts, function):
    return sum(count for stack, count in facts["stacks"].items() if function in stack.split(";")) / samples(facts)


class Sigprof(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if OPTIONS.as_nobody and (why := why_not_nobody(OPTIONS.ctrace)):
            raise unittest.SkipTest(why)
        for row in json.loads(run(OPTIONS.ctrace, "sources", "--json").stdout)["sources"]:
            if row["name"] == "sigprof" and not row["available"]:
                raise unittest.SkipTest(row["why"])

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="ctrace-sigprof-")
        os.chmod(self.folder, 0o777)
        self.addCleanup(shutil.rmtree, self.folder)
        self.trace = os.path.join(self.folder, "trace.out")

    def recording(self, *options, sources="sigprof"):
        return [OPTIONS.ctrace, "record", "-q", "--sources", sources, "-o", self.trace, *options, "--"]

    def facts(self):
        checked = run(OPTIONS.ctrace, "check", self.trace)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        return json.loads(run(OPTIONS.facts, self.trace).stdout)

    def assert_unchanged(self, *words):
        alone = run(*words)
        done = run(*self.recording("--sample-hz", "997"), *words)
        self.assertEqual(done.stdout, alone.stdout)
        self.assertEqual(done.stderr, alone.stderr)
        # A program that a signal ended is told as a shell tells it.
        self.assertEqual(done.returncode, alone.returncode if alone.returncode >= 0 else 128 - alone.returncode)
        return self.facts()


class Samples(Sigprof):
    def test_samples_are_shared_as_the_work_is_with_whole_stacks(self):
        done = run(*self.recording("--sample-hz", "997"), subject("spin-nofp"), "300")
        self.assertEqual(done.returncode, 7, done.stderr)
        facts = self.facts()
        self.assertGreater(samples(facts), 100)
        for function, share in (("spin_one", 1 / 7), ("spin_two", 2 / 7), ("spin_four", 4 / 7)):
            self.assertAlmostEqual(share_below(facts, function), share, delta=0.25, msg=function)
        whole = re.compile(r"^spin;(spin_one|spin_two|spin_four);spin_round;main;.*_start$")
        good = sum(count for stack, count in facts["stacks"].items() if whole.match(stack))
        self.assertGreater(good / samples(facts), 0.9, facts["stacks"])
        source = facts["sources"]["sigprof"]
        self.assertEqual((source["state"], source["events"], source["lost"]), (1, samples(facts), 0))

    def test_weights_are_whole_periods(self):
        run(*self.recording("--sample-hz", "500"), subject("spin-fp"), "100")
        weights = [int(weight) for weight in self.facts()["weights"]]
        self.assertEqual([weight for weight in weights if weight % 2000000], [])

    def test_threads_and_children_are_sampled_with_their_names(self):
        facts = self.assert_unchanged(subject("sigprof-host"), "fork")
        sampled = [thread for thread in facts["threads"].values() if thread.get("samples")]
        self.assertGreater(len({thread["pid"] for thread in sampled}), 5)
        self.assertIn("sigprof-host", {thread.get("name") for thread in sampled})
        self.assertGreater(share_below(facts, "spin_ms"), 0.8, facts["stacks"])

    def test_time_in_the_kernel_brings_no_signal(self):
        """Or it could meet a system call, which would return EINTR."""
        run(*self.recording("--sample-hz", "997"), subject("call-subject"), "20000")
        facts = self.facts()
        self.assertLess(sum(facts["stacks"].values()), 30, facts["stacks"])

    def test_where_perf_is_refused_samples_are_there(self):
        for error in (errno.EPERM, errno.EACCES):
            with self.subTest(errno.errorcode[error]):
                done = run(subject("without-perf"), str(error), *self.recording("--sample-hz", "499", sources="perf-samples,sigprof"),
                           subject("spin-nofp"), "150")
                self.assertEqual(done.returncode, 7, done.stderr)
                facts = self.facts()
                self.assertEqual(facts["sources"]["perf-samples"]["state"], 2)
                self.assertEqual(facts["sources"]["sigprof"]["state"], 1)
                self.assertGreater(share_below(facts, "spin_round"), 0.8)

    def preloaded(self, *front, options=()):
        done = run(*front, OPTIONS.ctrace, "record", "-q", *options, "-o", self.trace, "--", "sh", "-c", "echo \"$LD_PRELOAD\"")
        return done.stdout

    def test_unasked_it_takes_part_where_perf_is_refused_and_nowhere_else(self):
        refused = [subject("without-perf"), str(errno.EPERM)]
        self.assertIn("sigprof", self.preloaded(*refused))
        self.assertNotIn("sigprof", self.preloaded(*refused, options=("--sources", "-perf-samples")))
        self.assertNotIn("sigprof", self.preloaded(*refused, options=("--sources", "-sigprof")))
        for row in json.loads(run(OPTIONS.ctrace, "sources", "--json").stdout)["sources"]:
            if row["name"] == "perf-samples" and row["available"]:
                self.assertNotIn("sigprof", self.preloaded())

    def test_unasked_its_samples_are_there(self):
        done = run(subject("without-perf"), str(errno.EPERM), OPTIONS.ctrace, "record", "-q", "--sample-hz", "499", "-o", self.trace, "--",
                   subject("spin-nofp"), "150")
        self.assertEqual(done.returncode, 7, done.stderr)
        facts = self.facts()
        self.assertEqual((facts["sources"]["perf-samples"]["state"], facts["sources"]["sigprof"]["state"]), (2, 1))
        self.assertGreater(share_below(facts, "spin_round"), 0.8)

    def test_a_killed_recorder_leaves_the_program_alone(self):
        mark = os.path.join(self.folder, "ended")
        recorder = subprocess.Popen(as_user([*self.recording(), "sh", "-c", f"{subject('spin-nofp')} 400; echo $? >{mark}"]),
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: os.path.exists(self.trace) and os.path.getsize(self.trace) > 2000)
        recorder.send_signal(signal.SIGKILL)
        recorder.wait()
        wait_until(lambda: text_of(mark) == "7")


class Unnoticed(Sigprof):
    def test_programs_that_have_dealings_with_the_signal(self):
        for mode in ("handler", "timer", "query", "default", "raise", "wait", "mask", "eintr", "threads", "small", "stack", "exec",
                     "vfork"):
            with self.subTest(mode):
                facts = self.assert_unchanged(subject("sigprof-host"), mode)
                why = facts["sources"]["sigprof"]["why"]
                self.assertGreater(samples(facts), 0)
                if mode in ("handler", "timer", "default", "raise"):
                    self.assertIn("wanted SIGPROF for itself", why)
                elif mode == "vfork":  # its children are begun with it ignored
                    self.assertIn("SIGPROF ignored", why)
                else:
                    self.assertEqual(why, "")

    def test_the_truth_is_what_was_expected(self):
        """Alone, so that the comparison above compares what it should."""
        for mode, text in (("handler", "before: 1\nown: 1, foreign: 0\n"), ("query", "default: 1\n"), ("default", ""), ("raise", ""),
                           ("wait", "pending: 0\nwaited: 1\n"), ("mask", "seen: 0\n"), ("eintr", "interrupted: 0\n"),
                           ("small", "smallest: 20\ncoroutine: 3\n"), ("stack", "kept: 10\n")):
            with self.subTest(mode):
                self.assertEqual(run(subject("sigprof-host"), mode).stdout, text)

    def test_a_signal_that_was_ignored_stays_ignored(self):
        done = run("sh", "-c", "trap '' PROF; exec \"$@\"", "sh", *self.recording(), subject("spin-fp"), "20")
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn("SIGPROF ignored", self.facts()["sources"]["sigprof"]["why"])

    def test_programs_of_others(self):
        for words in (["sh", "-c", "for i in 1 2 3; do ls / | wc -l; done; exit 5"],
                      ["/usr/bin/python3", "-c", "import threading; t = [threading.Thread(target=sum, args=(range(3000000),)) for _ in range(4)];"
                       "[x.start() for x in t]; [x.join() for x in t]; print(len(t)); raise SystemExit(4)"]):
            with self.subTest(words[0]):
                self.assert_unchanged(*words)


def text_of(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def wait_until(holds, seconds=120):
    """A limit against hanging, not a promise of speed."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.05)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for option in ("--ctrace", "--facts", "--subjects"):
        parser.add_argument(option, required=True, type=os.path.abspath)
    parser.add_argument("--as-nobody", action="store_true")
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)
