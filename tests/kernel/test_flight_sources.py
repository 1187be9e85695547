# SPDX-License-Identifier: MIT
"""`ctrace record --flight` of programs that know nothing of it: the last seconds of whatever can be recorded here, with its
names, in bounded memory.

    test_flight_sources.py --ctrace CTRACE --facts KERNEL-FACTS --spin SPIN-SUBJECT [--as-nobody]
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fault"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from kernel_trace import Trace, missing_for  # noqa: E402
from other_user import NOBODY, why_not_nobody  # noqa: E402

# The leak checker of a sanitizer is a process of its own at the end, of which the kernel would tell.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"

OPTIONS = None
SECONDS = 300
MIB = 1 << 20
# Each a process, a file and a name that no other has.
CHURN = "i=0; while [ $i -lt $0 ]; do i=$((i+1)); echo > f$i; /bin/cat f$i; /bin/rm f$i; done > /dev/null"
# Names of files that are all open for a while, more than 1 MiB remembers.
MANY_NAMES = """
import os, time
for batch in range(20):
    files = [os.open(f"a-file-whose-name-is-only-its-own-{batch}-{i}", os.O_CREAT | os.O_RDWR) for i in range(900)]
    for file in files:
        os.write(file, b"x")
    time.sleep(0.5)
    for file in files:
        os.close(file)
"""


def user():
    if not OPTIONS.as_nobody:
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all"]


def refusal():
    if OPTIONS.as_nobody and (why := why_not_nobody(OPTIONS.ctrace)):
        return why
    return missing_for(OPTIONS.ctrace, "perf-samples", user()) or missing_for(OPTIONS.ctrace, "perf-switch", user())


def wait_until(condition):
    """Bounded, and not a claim about time."""
    for _ in range(SECONDS * 20):
        if condition():
            return True
        time.sleep(0.05)
    return False


class Flight(unittest.TestCase):
    def setUp(self):
        if why := refusal():
            self.skipTest(why)
        self.path = Path(tempfile.mkdtemp(prefix="ctrace-flight-"))
        self.addCleanup(shutil.rmtree, self.path)
        self.path.chmod(0o777)
        self.end = self.path / "end.trace"

    def command(self, size, *words, options=()):
        return [*user(), OPTIONS.ctrace, "record", "--flight", size, *options, "-o", str(self.end), "--", *map(str, words)]

    def record(self, size, *words, options=()):
        return subprocess.run(self.command(size, *words, options=options), cwd=self.path, capture_output=True, text=True, timeout=SECONDS,
                              check=False)

    def read(self, path=None):
        """It keeps every rule: among them that what rows say was written and lost is what is there."""
        path = path or self.end
        checked = subprocess.run([OPTIONS.ctrace, "check", str(path)], capture_output=True, text=True, timeout=SECONDS, check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        return Trace(OPTIONS.ctrace, path)

    def facts(self, path=None):
        done = subprocess.run([OPTIONS.facts, str(path or self.end)], capture_output=True, text=True, timeout=SECONDS, check=True)
        return json.loads(done.stdout)

    def assert_sums(self, trace):
        """Rows of SOURCES count what stands in the buffers of this very snapshot."""
        written, lost = Counter(), Counter()
        for row in trace.buffers.values():
            written[trace.strings[row["source"]]] += row["written"]
            lost[trace.strings[row["source"]]] += row["lost"]
        for name, row in trace.sources.items():
            self.assertEqual((row["events"], row["lost"]), (written[name], lost[name]), name)

    def texts(self, trace):
        return {field for event in trace.of("syscall_text") for field in event.fields if isinstance(field, str)}

    # ---- what is there

    def test_all_up_to_the_kill_is_there_and_what_is_older_is_not(self):
        for name in ("early", "late"):
            (self.path / name).write_text(name)
        done = self.record("1s,32MiB", "sh", "-c", "cat early; sleep 6; cat late; kill -9 $$")
        self.assertEqual((done.returncode, done.stdout), (137, "earlylate"), done.stderr)
        trace = self.read()
        self.assertIn('meta "ended" "killed by signal 9 (SIGKILL)"', trace.text)
        self.assertIn('meta "snapshot" "end"', trace.text)
        self.assertIn("late", self.texts(trace))
        self.assertNotIn("early", self.texts(trace))
        self.assertTrue(trace.of("sched_switch", "sched_in"))
        self.assert_sums(trace)

    def test_children_that_fork_and_exec_have_their_names(self):
        done = self.record("100s,32MiB", "sh", "-c", "/bin/sleep 0.1; (cd /; exec /bin/cat /dev/null); exec /bin/echo done")
        self.assertEqual((done.returncode, done.stdout), (0, "done\n"), done.stderr)
        trace = self.read()
        self.assertEqual(len(trace.processes), 3)
        self.assertLessEqual({"sleep", "cat", "echo"}, {row["text"] for row in trace.threads.values()})

    def test_samples_have_the_names_of_functions(self):
        self.assertEqual(self.record("1000s,32MiB", OPTIONS.spin, "100").returncode, 7)
        self.read()
        facts = self.facts()
        named = sum(count for stack, count in facts["stacks"].items() if "main" in stack.split(";"))
        self.assertGreater(named / sum(facts["stacks"].values()), 0.9, facts["stacks"])

    def test_the_last_seconds_of_a_server_by_a_signal(self):
        if shutil.which("redis-server") is None or shutil.which("redis-benchmark") is None:
            self.skipTest("redis is not here")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        recorder = subprocess.Popen(self.command("2s,64MiB", "redis-server", "--port", port, "--save", "", "--dir", self.path,
                                                 options=["--flight-signal", "USR2"]),
                                    cwd=self.path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(recorder.communicate)
        self.addCleanup(recorder.terminate)  # and with it the server
        self.assertTrue(wait_until(lambda: self.answers(port)))
        load = subprocess.Popen(["redis-benchmark", "-p", port, "-q", "-n", "100000000", "-c", "10", "-t", "set,get"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(load.wait)
        self.addCleanup(load.kill)
        sampled = []
        for count in (1, 2):
            time.sleep(3)
            recorder.send_signal(signal.SIGUSR2)
            self.assertTrue(wait_until(lambda: len(self.snapshots()) == count))
            sampled.append(self.check_server(self.snapshots()[count - 1], port))
        load.kill()
        recorder.send_signal(signal.SIGTERM)
        said = recorder.communicate(timeout=SECONDS)[1]
        self.assertEqual(recorder.returncode, 0, said)
        self.assertEqual(len(re.findall(r"ctrace: signal SIGUSR2: snapshot in", said)), 2, said)
        self.read()

    def snapshots(self):
        """Whole ones: the recorder has said so, by a trailer."""
        return [path for path in sorted(self.path.glob("ctrace-*.trace")) if path.read_bytes()[-4:] == b"CTE\n"]

    @staticmethod
    def answers(port):
        try:
            socket.create_connection(("127.0.0.1", int(port))).close()
        except OSError:
            return False
        return True

    def check_server(self, path, port):
        trace = self.read(path)
        self.assert_sums(trace)
        self.assertTrue(trace.of("sched_switch", "sched_in"))
        counts = trace.call_counts()
        self.assertGreater(counts["epoll_wait"] + counts["read"], 100)
        if not OPTIONS.as_nobody and trace.files:
            self.assertTrue([name for _, _, _, name in trace.files if f":{port}" in name], trace.files)
        stacks = self.facts(path)["stacks"]
        self.assertTrue([stack for stack in stacks if "main" in stack.split(";")], stacks)
        return stacks

    # ---- how much it takes

    def peak(self, size, *words):
        """Of the recorder, in bytes, as last seen: what wait4 says would have that of this program in it, from before the exec."""
        recorder = subprocess.Popen(self.command(size, *words), cwd=self.path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        status, most = Path(f"/proc/{recorder.pid}/status"), 0
        while recorder.poll() is None:
            found = re.search(r"^Name:\tctrace$.*^VmHWM:\s*(\d+) kB$", status.read_text(), re.MULTILINE | re.DOTALL)
            most = int(found[1]) << 10 if found else most
            time.sleep(0.01)
        said = recorder.stderr.read()
        recorder.stderr.close()
        self.assertEqual(recorder.returncode, 0, said)
        self.assertIn("ctrace: ", said)
        self.assertGreater(most, 0)
        return most

    def test_a_recording_of_many_windows_takes_no_more_than_a_short_one(self):
        """What it may: the bytes, and as much as half of them again."""
        short = self.peak("100ms,8MiB", "sh", "-c", CHURN, "20")
        long = self.peak("100ms,8MiB", "sh", "-c", CHURN, "400")
        self.assertLess(long, short + 12 * MIB)
        trace = self.read()
        self.assertNotIn('meta "left_out"', trace.text)
        self.assertLess(len(trace.files), 400)
        self.assertLess(len(trace.strings), 1200)

    def test_tables_have_a_limit_and_a_snapshot_says_what_was_left_out(self):
        if not missing_for(OPTIONS.ctrace, "bpf", user()):
            source = "bpf"
        elif not missing_for(OPTIONS.ctrace, "tracefs", user()):
            source = "tracefs"
        else:
            self.skipTest("nobody tells of descriptors here")
        done = self.record("1000s,256KiB", sys.executable, "-c", MANY_NAMES, options=["--sources", source])
        self.assertEqual(done.returncode, 0, done.stderr)
        trace = self.read()
        left_out = re.search(r'meta "left_out" "(\d+) rows .* remembers 1024 KiB of them"', trace.text)
        self.assertIsNotNone(left_out, len(trace.files))
        self.assertGreater(int(left_out[1]), 100)
        self.assertLess(self.end.stat().st_size, 2 * MIB)


def main():
    global OPTIONS
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctrace", required=True)
    parser.add_argument("--facts", required=True)
    parser.add_argument("--spin", required=True)
    parser.add_argument("--as-nobody", action="store_true")
    OPTIONS, rest = parser.parse_known_args()
    OPTIONS.ctrace, OPTIONS.spin = (str(Path(path).resolve()) for path in (OPTIONS.ctrace, OPTIONS.spin))
    unittest.main(argv=sys.argv[:1] + rest, verbosity=2)


if __name__ == "__main__":
    main()
