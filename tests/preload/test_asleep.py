# SPDX-License-Identifier: MIT
"""Where threads sleep, and where who holds a lock was meanwhile, seen from outside: whole stacks, however the program was compiled;
and the program does not notice.

    test_asleep.py [--as-nobody] --ctrace CTRACE --subjects FOLDER --own PROGRAM
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from test_memory import Frames

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from other_user import NOBODY, why_not_nobody  # noqa: E402

OPTIONS = None
SECONDS = 120
# As tests/preload/meson.build has them.
WAYS = ("O0", "O2", "frames")
RUNNING, SLEEPING = 0, 2
PLACES = ("in_read", "in_poll", "in_epoll", "in_condition", "in_semaphore", "in_nanosleep")


def as_user(words):
    if not OPTIONS.as_nobody:
        return words
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all", *words]


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL,
                          **more)


class Trace:
    """What `ctrace dump` says, after `ctrace check` found nothing wrong."""

    def __init__(self, path):
        checked = run(OPTIONS.ctrace, "check", path)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        text = run(OPTIONS.ctrace, "dump", path).stdout
        lines = [json.loads(line) for line in run(OPTIONS.ctrace, "dump", "--json", path).stdout.splitlines()]
        self.frames = Frames(text)
        self.tids = {row["stream"]: row["tid"] for row in lines if row["type"] == "thread"}
        self.sources = {row["name"]: row for row in lines if row["type"] == "source"}
        buffers = {row["stream"]: row["source"] for row in lines if row["type"] == "buffer"}
        self.events = [row for row in lines if row["type"] == "event"]
        self.seen = [{**row["args"], "ns": row["ns"], "source": buffers.get(row["stream"])} for row in self.events
                     if row["kind"] == "thread_stack"]

    def functions(self, seen):
        """Innermost first, without what a compiler adds to names, and without what belongs to the C library."""
        names = [name.split(".")[0] for name in self.frames.stack(seen["stack"])] if seen["stack"] else []
        return names[:names.index("main") + 1] if "main" in names else names

    def own_functions(self, seen, innermost):
        names = self.functions(seen)
        return names[names.index(innermost):] if innermost in names else names

    def waits(self):
        """Of each thread that waited for a lock which another had: begin, end, holder."""
        open_waits = {}
        for row in self.events:
            if row["kind"] == "lock_wait" and row["args"]["holder"] and row["args"]["lock_kind"] == 1:
                open_waits[row["stream"]] = row
            elif row["kind"] == "lock_acquired" and row["stream"] in open_waits:
                begin = open_waits.pop(row["stream"])
                yield self.tids[row["stream"]], begin["ns"], row["ns"], begin["args"]["holder"]


class Asleep(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ctrace-test-")
        self.addCleanup(folder.cleanup)
        os.chmod(folder.name, 0o777)
        self.trace = Path(folder.name) / "trace.out"
        if OPTIONS.as_nobody and why_not_nobody(OPTIONS.ctrace):
            self.skipTest(why_not_nobody(OPTIONS.ctrace))

    def record(self, *words, sources="asleep"):
        done = run(*as_user([OPTIONS.ctrace, "record", "-q", "--sources", sources, "-o", self.trace, "--", *map(str, words)]))
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        return done.stdout, Trace(self.trace)

    def subject(self, way):
        return Path(OPTIONS.subjects) / f"asleep-subject-{way}"


class Holders(Asleep):
    def check_hold(self, way):
        text, trace = self.record(self.subject(way), "hold", 400, sources="spans,locks")
        holder, waiter = map(int, text.split())
        waits = [wait for wait in trace.waits() if wait[0] == waiter]
        self.assertEqual(1, len(waits))
        _, begin, end, had = waits[0]
        self.assertEqual(holder, had)
        seen = [row for row in trace.seen if row["tid"] == holder and begin <= row["ns"] <= end]
        asleep = [row for row in seen if row["state"] == SLEEPING]
        self.assertTrue(asleep)
        self.assertLessEqual(len(seen), 8)
        self.assertEqual({"locks"}, {row["source"] for row in seen})
        self.assertLessEqual({row["stack"] for row in seen if row["state"] == RUNNING}, {0})
        for row in asleep:
            self.assertEqual(["holds_it_long", "work", "hold", "main"], trace.own_functions(row, "holds_it_long"))
        self.assertEqual(len(trace.seen), trace.sources["locks"]["events"])

    def test_who_has_a_lock_that_others_wait_for_is_seen_where_it_sleeps(self):
        for way in WAYS:
            with self.subTest(way):
                self.check_hold(way)

    def test_a_holder_that_runs_is_told_as_running(self):
        text, trace = self.record(self.subject("O2"), "busy", 400, sources="spans,locks")
        holder = int(text.split()[0])
        seen = [row for row in trace.seen if row["tid"] == holder]
        self.assertTrue(seen)
        self.assertTrue([row for row in seen if row["state"] == RUNNING])
        self.assertLessEqual({row["stack"] for row in seen if row["state"] == RUNNING}, {0})

    def test_without_locks_and_asleep_nobody_is_looked_at(self):
        _, trace = self.record(self.subject("O2"), "hold", 300, sources="spans")
        self.assertEqual([], trace.seen)


class Sleepers(Asleep):
    def check_stand(self, way):
        text, trace = self.record(self.subject(way), "stand", 1000)
        standing = {name: int(tid) for name, tid in re.findall(r"^(\w+) (\d+)$", text, re.MULTILINE)}
        self.assertEqual(set(PLACES), set(standing))
        for name, tid in standing.items():
            stacks = [trace.functions(row) for row in trace.seen if row["tid"] == tid and name in trace.functions(row)]
            self.assertTrue(stacks, name)
            for stack in stacks:
                self.assertEqual([name, "stand_there", "start_thread"], stack[stack.index(name):][:3])
                self.assertIn("clone3", stack[-1])

    def test_each_stands_where_it_sleeps(self):
        for way in WAYS:
            with self.subTest(way):
                self.check_stand(way)

    def test_a_deep_stack_is_whole(self):
        for way in WAYS:
            with self.subTest(way):
                _, trace = self.record(self.subject(way), "deep", 400, 1000)
                self.assertTrue(trace.seen)
                for row in trace.seen:
                    self.assertEqual(["in_nanosleep", *["deeper"] * 400, "main"], trace.own_functions(row, "in_nanosleep"))

    def test_old_frames_are_not_taken_for_callers(self):
        """A function that makes room for itself as it goes on, where others have been."""
        for way in WAYS:
            with self.subTest(way):
                _, trace = self.record(self.subject(way), "room", 1000)
                within = [stack for stack in map(trace.functions, trace.seen) if "make_room" in stack]
                self.assertTrue(within)
                for stack in within:
                    self.assertIn(stack[stack.index("make_room"):], (["make_room", "main"], ["make_room"]))

    def test_who_has_not_run_since_is_told_of_once_a_second(self):
        _, trace = self.record(self.subject("O2"), "deep", 3, 2500)
        times = sorted(row["ns"] for row in trace.seen)
        self.assertGreaterEqual(len(times), 2)
        for one, other in zip(times, times[1:]):
            self.assertGreaterEqual(other - one, 1_000_000_000)

    def test_children_are_looked_at(self):
        _, trace = self.record("sh", "-c", f"{self.subject('O2')} deep 3 1000; true")
        self.assertTrue([row for row in trace.seen if "in_nanosleep" in trace.functions(row)])

    def test_programs_without_what_stacks_need_are_no_trouble(self):
        done = run("go", "version") if os.access("/usr/bin/go", os.X_OK) else None
        if done is None or done.returncode != 0:
            self.skipTest("there is no Go")
        _, trace = self.record("go", "version")
        self.assertEqual("recorded", trace.sources["asleep"]["state"])


class Harmless(Asleep):
    def test_a_program_that_is_looked_at_a_thousand_times_sees_no_signal_and_no_interrupted_call(self):
        looks = 0
        for _ in range(20):
            text, trace = self.record(self.subject("O2"), "count", 20, 3000)
            self.assertEqual("0 0\n", text)
            looks += len(trace.seen)
            if looks >= 1000:
                break
        self.assertGreaterEqual(looks, 1000)

    def test_a_thousand_threads_are_looked_at_in_turn(self):
        _, trace = self.record(self.subject("O2"), "many", 1000, 4000)
        self.assertEqual("recorded", trace.sources["asleep"]["state"])
        self.assertEqual(len(trace.seen), trace.sources["asleep"]["events"])
        self.assertGreater(len({row["tid"] for row in trace.seen}), 100)


class Refused(Asleep):
    def test_a_setuid_program_is_left_alone_and_the_trace_says_so(self):
        if not OPTIONS.as_nobody:
            self.skipTest("root may look at everybody")
        copy = self.trace.with_name("subject")
        shutil.copy(self.subject("O2"), copy)
        copy.chmod(0o4755)
        _, trace = self.record(copy, "deep", 3, 1000)
        if trace.seen:
            self.skipTest("programs are not setuid where temporary files are")
        self.assertIn("not everybody could be looked at", trace.sources["asleep"]["why"])


class Own(Asleep):
    """A program that records itself."""

    def test_its_threads_are_seen_where_they_stand_and_the_recorders_are_not(self):
        with subprocess.Popen(as_user([str(OPTIONS.own)]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as host:
            def ask(*words):
                print(*words, file=host.stdin, flush=True)
                return host.stdout.readline().strip()
            host.stdout.readline()
            self.assertEqual("ok", ask("stand", 3))
            standing = {int(tid) for tid in ask("who").split()[::2]}
            self.assertEqual("0", ask("start", self.trace, "asleep"))
            time.sleep(1)
            self.assertEqual("0", ask("stop"))
            print("quit", file=host.stdin, flush=True)
        trace = Trace(self.trace)
        self.assertEqual("recorded", trace.sources["asleep"]["state"])
        for tid in standing:
            stacks = [trace.functions(row) for row in trace.seen if row["tid"] == tid]
            self.assertTrue(stacks)
            for stack in stacks:
                self.assertIn("stand", stack)
        self.assertFalse([row for row in trace.seen if "collector_main" in trace.functions(row)])


def main():
    global OPTIONS
    parser = argparse.ArgumentParser()
    parser.add_argument("--as-nobody", action="store_true")
    for name in ("ctrace", "subjects", "own"):
        parser.add_argument(f"--{name}", required=True)
    OPTIONS, rest = parser.parse_known_args()
    OPTIONS.ctrace, OPTIONS.own = Path(OPTIONS.ctrace).resolve(), Path(OPTIONS.own).resolve()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
