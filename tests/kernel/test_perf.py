# SPDX-License-Identifier: MIT
"""What an unprivileged user records of programs whose behaviour is known: samples, switches, losses.

    test_perf.py --ctrace CTRACE --facts KERNEL-FACTS --subjects FOLDER [--as-nobody]

Shares are of samples, with bounds wide enough that the right program fails once in a million runs, and narrow enough
that exchanged functions are seen. Nothing is compared with a clock.
"""

import argparse
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

# The leak checker of a sanitizer is a process of its own at the end, of which the kernel would tell.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"

OPTIONS = None
SOURCES = "perf-switch,perf-samples"


def as_user(command):
    if not OPTIONS.as_nobody:
        return command
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all", *command]


def refusal():
    """Why these sources cannot open here, or None."""
    if OPTIONS.as_nobody and (why := why_not_nobody(OPTIONS.ctrace)):
        return why
    answer = subprocess.run(as_user([OPTIONS.ctrace, "sources", "--json"]), capture_output=True, text=True, check=False)
    for source in json.loads(answer.stdout)["sources"]:
        if source["name"] in SOURCES.split(",") and not source["available"]:
            return f"{source['name']}: {source.get('why', '')}"
    return None


class Recorded:
    """A program, recorded; and what its trace says."""

    def __init__(self, folder, command, *options, sources=SOURCES):
        self.path = os.path.join(folder, "trace.out")
        self.run = subprocess.run(as_user([OPTIONS.ctrace, "record", "-q", "--sources", sources, *options, "-o", self.path,
                                           "--", *command]), capture_output=True, text=True, timeout=240, check=False)
        self.facts = facts_of(self.path)


def facts_of(path):
    answer = subprocess.run([OPTIONS.facts, path], capture_output=True, text=True, timeout=120, check=False)
    if answer.returncode != 0:
        raise AssertionError(answer.stderr)
    return json.loads(answer.stdout)


def subject(name):
    return os.path.join(OPTIONS.subjects, name)


def samples(facts):
    return sum(facts["stacks"].values())


def share_below(facts, function):
    """Of all samples, those with this function in their stack."""
    return sum(count for stack, count in facts["stacks"].items() if function in stack.split(";")) / samples(facts)


class PerfTest(unittest.TestCase):
    def setUp(self):
        why = refusal()
        if why:
            self.skipTest(why)
        self.folder = tempfile.mkdtemp(prefix="ctrace-perf-")
        os.chmod(self.folder, 0o777)
        self.addCleanup(shutil.rmtree, self.folder)

    def record(self, command, *options, **more):
        return Recorded(self.folder, command, *options, **more)

    # ---- samples ----

    def check_shares(self, facts):
        """1 : 2 : 4, of at least 300 samples: a share of n samples wanders by sqrt(p (1 - p) / n), 0.03; five of that."""
        self.assertGreater(samples(facts), 300)
        for function, share in (("spin_one", 1 / 7), ("spin_two", 2 / 7), ("spin_four", 4 / 7)):
            self.assertAlmostEqual(share_below(facts, function), share, delta=0.15, msg=function)

    def check_stacks(self, facts):
        """All but a few samples (start-up, the ends) have the whole stack, with what is inlined."""
        whole = re.compile(r"(?:^|;)spin;(spin_one|spin_two|spin_four);spin_round;main;")
        good = sum(count for stack, count in facts["stacks"].items() if whole.search(stack))
        self.assertGreater(good / samples(facts), 0.95, facts["stacks"])
        started = sum(count for stack, count in facts["stacks"].items() if stack.endswith(";_start"))
        self.assertGreater(started / samples(facts), 0.95, facts["stacks"])

    def test_samples_are_shared_as_the_work_is_with_frame_pointers(self):
        facts = self.record([subject("spin-fp"), "200"], "--sample-hz", "997").facts
        self.check_shares(facts)
        self.check_stacks(facts)

    def test_samples_are_shared_as_the_work_is_without_frame_pointers(self):
        facts = self.record([subject("spin-nofp"), "200"], "--sample-hz", "997").facts
        self.check_shares(facts)
        self.check_stacks(facts)

    def test_above_a_thousand_a_second_frame_pointers_alone_are_followed(self):
        facts = self.record([subject("spin-fp"), "100"], "--sample-hz", "2003").facts
        self.check_shares(facts)

    def test_functions_have_files_and_lines(self):
        lines = self.record([subject("spin-nofp"), "100"], "--sample-hz", "499").facts["lines"]
        for function in ("spin", "spin_round", "main"):
            self.assertRegex(lines[function], r"/spin_subject\.c:\d+$")

    def test_templates_have_readable_names(self):
        facts = self.record([subject("spin-templates"), "100"], "--sample-hz", "499").facts
        self.assertGreater(share_below(facts, "shop::Price<unsigned long>::spin(unsigned long)"), 0.9)

    def test_a_stripped_program_has_modules_and_addresses(self):
        copy = os.path.join(self.folder, "stripped")
        subprocess.run(["strip", "-o", copy, subject("spin-nofp")], check=True)
        os.chmod(copy, 0o755)
        facts = self.record([copy, "100"], "--sample-hz", "499").facts
        self.assertIn(copy, facts["modules"])
        self.assertGreater(samples(facts), 20)
        self.assertEqual(share_below(facts, "spin_four"), 0)
        self.assertGreater(sum(n for stack, n in facts["stacks"].items() if re.match(r"\d+\+0x", stack)), 20)

    def test_a_program_that_is_deleted_while_it_runs_has_names(self):
        copy = os.path.join(self.folder, "gone")
        shutil.copy(subject("spin-nofp"), copy)
        facts = self.record(["sh", "-c", f"{copy} 100 & sleep 0.2; rm {copy}; wait"], "--sample-hz", "499").facts
        self.assertGreater(share_below(facts, "spin_four"), 0.3)

    def test_weights_are_the_time_between_samples(self):
        facts = self.record([subject("spin-fp"), "20"], "--sample-hz", "500").facts
        self.assertEqual(set(facts["weights"]), {"2000000"})

    # ---- in the kernel ----

    def test_time_in_calls_is_told_with_the_kernels_functions(self):
        if OPTIONS.as_nobody:
            self.skipTest("only root sees into the kernel")
        facts = self.record([subject("call-subject"), "20000"], "--sample-hz", "997").facts
        self.assertIn("[kernel]", facts["modules"])
        self.assertGreater(samples(facts), 50)
        # Innermost are the kernel's functions, below them the wrapper of the C library, then the program's own.
        whole = re.compile(r"\bvfs_read;.*;\w*read\w*;call_often;main;")
        inside = sum(count for stack, count in facts["stacks"].items() if whole.search(stack))
        # Most of its time, and less where a sanitizer looks at each buffer.
        self.assertGreater(inside / samples(facts), 0.4, facts["stacks"])
        self.assertEqual([stack for stack in facts["stacks"] if re.search(r"\bmain;.*vfs_read", stack)], [])

    def test_a_user_without_rights_has_samples_of_his_own_part(self):
        if not OPTIONS.as_nobody:
            self.skipTest("root has more")
        facts = self.record([subject("spin-fp"), "50"], "--sample-hz", "997").facts
        self.assertNotIn("[kernel]", facts["modules"])
        self.assertGreater(samples(facts), 20)

    # ---- switches ----

    def test_switches_are_those_that_the_kernel_counts(self):
        recorded = self.record([subject("switch-subject"), "4", "300"])
        self.assertEqual(recorded.run.returncode, 0, recorded.run.stderr)
        told = [line.split() for line in recorded.run.stdout.splitlines()]
        self.assertEqual(len(told), 4)
        for tid, voluntary, involuntary in told:
            thread = recorded.facts["threads"][tid]
            # Between the reading and the end a thread may be preempted or wait for a lock once more.
            self.assertAlmostEqual(thread["out"], int(voluntary) + int(involuntary), delta=3)
            self.assertGreaterEqual(thread["out"] - thread.get("preempted", 0), 300)
            self.assertLessEqual(abs(thread["in"] - thread["out"]), 1)

    def test_threads_have_their_process_and_name(self):
        recorded = self.record([subject("switch-subject"), "2", "10"])
        threads = [t for t in recorded.facts["threads"].values() if t.get("name") == "switch-subject"]
        self.assertEqual(len(threads), 3)
        self.assertEqual(len({t["pid"] for t in threads}), 1)
        self.assertTrue(all(t["state"] == 2 for t in threads), "all have ended")

    def test_children_are_followed_through_fork_and_exec(self):
        recorded = self.record(["sh", "-c", f"{subject('switch-subject')} 1 10; true; {subject('spin-fp')} 5; exit 3"])
        self.assertEqual(recorded.run.returncode, 3)
        names = {t.get("name") for t in recorded.facts["threads"].values()}
        self.assertLessEqual({"switch-subject", "spin-fp"}, names)
        self.assertGreaterEqual(recorded.facts["kinds"]["fork"], 2)
        self.assertGreaterEqual(recorded.facts["kinds"]["exec"], 3)

    def test_waiting_for_a_cpu_is_told_where_threads_contend(self):
        spin = subject("spin-fp")
        command = ["sh", "-c", f"for i in 1 2 3 4 5; do taskset -c 0 {spin} 60 & done; wait"]
        facts = self.record(command, sources="perf-switch").facts
        waited = [t.get("waited_ns", 0) for t in facts["threads"].values() if t.get("name") == "spin-fp"]
        self.assertEqual(len(waited), 5)
        self.assertGreater(min(waited), 0)

    def test_a_thread_has_one_row_whoever_tells_of_it(self):
        for sources in (SOURCES, "perf-samples", *(["tracefs," + SOURCES] if os.getuid() == 0 and not OPTIONS.as_nobody else [])):
            with self.subTest(sources=sources):
                recorded = self.record(["sh", "-c", f"{subject('spin-fp')} 30; {subject('switch-subject')} 3 5; exit 0"], sources=sources)
                rows = [t["rows"] for t in recorded.facts["threads"].values() if t.get("name") in ("sh", "spin-fp", "switch-subject")]
                self.assertEqual(rows, [1] * len(rows))
                self.assertGreaterEqual(len(rows), 6)

    # ---- page faults ----

    def touched(self, pages, *options):
        """The faults of a program that touches so many new pages, as they stand in the trace; and where it touched."""
        recorded = self.record([subject("touch-subject"), pages], *options, sources="faults")
        dump = subprocess.run([OPTIONS.ctrace, "dump", "--json", recorded.path], capture_output=True, text=True, check=True)
        events = [json.loads(line) for line in dump.stdout.splitlines() if '"page_fault"' in line]
        begin, end = (int(word, 16) for word in recorded.run.stdout.split())
        return recorded, [event["args"] for event in events if begin <= event["args"]["address"] < end]

    def test_faults_stand_for_all_pages_that_are_touched(self):
        recorded, faults = self.touched("20000")
        period = faults[0]["weight"]
        self.assertLess(abs(sum(fault["weight"] for fault in faults) - 20000), period)
        self.assertEqual(recorded.facts["sources"]["faults"]["lost"], 0)
        self.assertEqual(recorded.facts["sources"]["faults"]["misses"], 0)

    def test_faults_have_the_stack_of_who_touched(self):
        recorded, faults = self.touched("20000")
        dump = subprocess.run([OPTIONS.ctrace, "dump", recorded.path], capture_output=True, text=True, check=True).stdout
        self.assertIn('"touch_pages"', dump)
        self.assertEqual(len({fault["stack"] for fault in faults}), 1)
        self.assertNotEqual(faults[0]["stack"], 0)

    def test_faults_that_find_no_room_are_counted(self):
        recorded, faults = self.touched("60000", "--buffer", "32K")
        period = faults[0]["weight"]
        lost = recorded.facts["sources"]["faults"]["lost"]
        self.assertLess(abs((len(faults) + lost) * period - 60000), 16 * period)

    def test_faults_and_samples_beside_each_other_give_each_thread_one_row(self):
        recorded = self.record(["sh", "-c", f"{subject('spin-fp')} 30; {subject('touch-subject')} 2000; exit 0"], sources=f"{SOURCES},faults")
        rows = [t["rows"] for t in recorded.facts["threads"].values() if t.get("name") in ("sh", "spin-fp", "touch-subject")]
        self.assertEqual(rows, [1] * len(rows))
        self.assertGreaterEqual(recorded.facts["kinds"]["page_fault"], 30)

    # ---- honesty ----

    def test_losses_are_exact(self):
        recorded = self.record([subject("switch-subject"), "8", "3000"], "--buffer", "4K", sources="perf-switch")
        buffers = recorded.facts["buffers"]
        self.assertGreater(sum(b["lost"] for b in buffers), 0, "a page for each CPU must be too little")
        for buffer in buffers:
            self.assertEqual(buffer["lost"], buffer["told_lost"])
        source = recorded.facts["sources"]["perf-switch"]
        self.assertEqual(source["lost"], sum(b["lost"] for b in buffers))
        self.assertEqual(source["events"], sum(b["written"] for b in buffers))

    def test_nothing_is_lost_with_the_usual_buffers(self):
        facts = self.record([subject("switch-subject"), "4", "1000"]).facts
        self.assertEqual([b["lost"] for b in facts["buffers"]], [0] * len(facts["buffers"]))

    def test_every_stamp_lies_between_readings_of_our_clock(self):
        sources = self.record(["true"]).facts["sources"]
        for name in SOURCES.split(","):
            self.assertEqual(sources[name]["state"], 1)
            self.assertGreaterEqual(sources[name]["checks"], 100)
            self.assertEqual(sources[name]["misses"], 0)
            self.assertGreater(sources[name]["slack"], 0)

    def test_output_and_status_are_the_programs(self):
        alone = subprocess.run([subject("spin-fp"), "3"], capture_output=True, text=True, check=False)
        recorded = self.record([subject("spin-fp"), "3"]).run
        self.assertEqual((recorded.returncode, recorded.stdout, recorded.stderr), (7, alone.stdout, alone.stderr))

    def test_a_wrong_rate_is_told(self):
        for rate in ("0", "10001"):
            answer = subprocess.run([OPTIONS.ctrace, "record", "--sample-hz", rate, "--", "true"], capture_output=True,
                                    text=True, check=False)
            self.assertEqual(answer.returncode, 2)
            self.assertIn("1 and 10000", answer.stderr)

    def test_a_killed_recorder_leaves_a_trace_and_no_stuck_program(self):
        path = os.path.join(self.folder, "trace.out")
        mark = os.path.join(self.folder, "ended")
        recorder = subprocess.Popen(as_user([OPTIONS.ctrace, "record", "-q", "--sources", SOURCES, "-o", path, "--", "sh", "-c",
                                             f"{subject('spin-nofp')} 200; echo $? >{mark}"]),
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: os.path.exists(path) and has_samples(path))
        recorder.send_signal(signal.SIGKILL)
        recorder.wait()
        wait_until(lambda: text_of(mark) == "7")
        facts = facts_of(path)
        self.assertFalse(facts["is_closed"])
        self.assertGreater(samples(facts), 0)
        self.assertIn(subject("spin-nofp"), facts["modules"])
        self.assertTrue(any(re.match(r"\d+\+0x", stack) for stack in facts["stacks"]))


def has_samples(path):
    return subprocess.run([OPTIONS.facts, path], capture_output=True, text=True, check=False).stdout.find('"sample"') >= 0


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
    unittest.main(argv=[sys.argv[0], *rest])
