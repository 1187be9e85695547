# SPDX-License-Identifier: MIT
"""What `resident` tells of programs that say themselves how much memory they have.

    test_resident.py --ctrace CTRACE --subjects FOLDER [--as-nobody]

A program rests in each of its phases for longer than the longest time between two looks; nothing else is asked of the clock.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from other_user import NOBODY, why_not_nobody  # noqa: E402

# The leak checker of a sanitizer is a process of its own at the end.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"

OPTIONS = None
PAGE = os.sysconf("SC_PAGESIZE")
# Kernels from 6.2 to 6.16 count pages by processor, and tell a sum that may lack as many as this.
SLACK = 64 * PAGE * os.cpu_count()
PHASES = ["begin", "touched", "freed", "child", "again"]


def as_user(command):
    if not OPTIONS.as_nobody:
        return command
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all", *command]


def subject(name):
    return os.path.join(OPTIONS.subjects, name)


def is_near(told, said):
    return abs(told["resident"] - said["resident"]) <= SLACK and abs(told["shared"] - said["shared"]) <= SLACK


class ResidentTest(unittest.TestCase):
    def setUp(self):
        if OPTIONS.as_nobody and (why := why_not_nobody(OPTIONS.ctrace)):
            self.skipTest(why)
        self.folder = tempfile.mkdtemp(prefix="ctrace-resident-")
        os.chmod(self.folder, 0o777)
        self.addCleanup(shutil.rmtree, self.folder)

    def record(self, command, sources="resident", before=()):
        """What a program prints, and what is told of each process, in order."""
        path = os.path.join(self.folder, "trace.out")
        run = subprocess.run(as_user([*before, OPTIONS.ctrace, "record", "-q", "--sources", sources, "-o", path, "--", *command]),
                             capture_output=True, text=True, timeout=240, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(subprocess.run([OPTIONS.ctrace, "check", path], capture_output=True, check=False).returncode, 0)
        dump = subprocess.run([OPTIONS.ctrace, "dump", "--json", path], capture_output=True, text=True, check=True).stdout
        told = {}
        for line in dump.splitlines():
            if '"process_memory"' in line:
                fields = json.loads(line)["args"]
                told.setdefault(fields.pop("pid"), []).append(fields)
        return run.stdout, told, path

    def said(self, text):
        phases = {}
        for line in text.splitlines():
            phase, pid, resident, shared = line.split()
            phases[phase] = {"pid": int(pid), "resident": int(resident) * PAGE, "shared": int(shared) * PAGE}
        self.assertEqual(list(phases), PHASES)
        return phases

    def follows(self, told, phases):
        """Each phase is told, of its process, behind the one before it."""
        at = {}
        for name, said in phases.items():
            looks = told.get(said["pid"], [])
            found = next((i for i in range(at.get(said["pid"], 0), len(looks)) if is_near(looks[i], said)), None)
            self.assertIsNotNone(found, f"{name}: {said} is not in {looks}")
            at[said["pid"]] = found

    def whole_life(self, name, sources="resident", before=()):
        said, told, path = self.record([subject(name), "64"], sources, before)
        phases = self.said(said)
        self.follows(told, phases)
        self.assertGreaterEqual(phases["touched"]["resident"] - phases["begin"]["resident"], (64 << 20) - SLACK)
        for looks in told.values():
            self.assertEqual(looks[-1], {"resident": 0, "shared": 0})
        return phases, told, path

    # ---- one program ----

    def test_what_a_program_maps_touches_and_frees_is_told_of_it_its_child_and_the_next_program(self):
        self.whole_life("memory-subject")

    def test_a_static_program_is_told_of(self):
        self.whole_life("memory-subject-static")

    def test_beside_all_other_sources_it_is_the_same(self):
        self.whole_life("memory-subject", sources="best")

    def test_where_perf_is_refused_children_are_found(self):
        self.whole_life("memory-subject", sources="-bpf,-tracefs", before=[subject("without-perf"), "13"])

    def test_the_recorders_own_memory_is_not_told_as_the_programs(self):
        said, told, _ = self.record([subject("memory-subject"), "64"])
        begin = self.said(said)["begin"]
        first = told[begin["pid"]][0]
        self.assertLessEqual(first["resident"], begin["resident"] + SLACK)

    def test_a_value_is_told_when_it_changes_and_at_the_end(self):
        _, told, _ = self.record([subject("memory-subject"), "8"])
        for looks in told.values():
            same = [i for i in range(1, len(looks)) if looks[i] == looks[i - 1]]
            self.assertEqual(same, [])

    def test_the_program_may_live_on_behind_the_trace(self):
        path = os.path.join(self.folder, "trace.out")
        subprocess.run(as_user([OPTIONS.ctrace, "record", "-q", "--sources", "resident", "--seconds", "1", "-o", path, "--", "sleep", "2"]),
                       check=True, timeout=60)
        dump = subprocess.run([OPTIONS.ctrace, "dump", "--json", path], capture_output=True, text=True, check=True).stdout
        looks = [json.loads(line)["args"] for line in dump.splitlines() if '"process_memory"' in line]
        self.assertGreaterEqual(len(looks), 2)
        self.assertGreater(looks[-1]["resident"], 0)

    # ---- many ----

    def many(self, sources, before=()):
        script = "i=0; while [ $i -lt 200 ]; do sleep 12 & i=$((i+1)); done; wait"
        _, told, path = self.record(["sh", "-c", script], sources, before)
        self.assertEqual(len([looks for looks in told.values() if max(look["resident"] for look in looks) > 0]), 201)
        return path

    def test_each_of_200_processes_is_seen(self):
        self.many("resident")

    def test_each_of_200_processes_is_seen_where_a_source_tells_of_forks(self):
        self.many("perf-switch,resident")


def main():
    global OPTIONS
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctrace", required=True)
    parser.add_argument("--subjects", required=True)
    parser.add_argument("--as-nobody", action="store_true")
    OPTIONS, rest = parser.parse_known_args()
    OPTIONS.ctrace = os.path.abspath(OPTIONS.ctrace)
    OPTIONS.subjects = os.path.abspath(OPTIONS.subjects)
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
