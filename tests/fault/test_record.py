# SPDX-License-Identifier: MIT
"""`ctrace record` and `ctrace recover` beside programs that end in every way: nothing committed is missing, the program
is not disturbed, and what is wrong is said in one line.

    test_record.py --ctrace PROGRAM --host PROGRAM
"""

import argparse
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

PROGRAMS = {}
SHM = Path("/dev/shm")
SECONDS = 300
LEFT = "left by a recorder"
# Nothing is lost while a recorder on a busy machine is late, so that a file grows as large as it should.
PATIENT = {**os.environ, "CTRACE_RING_POLICY": "block", "CTRACE_BLOCK_MS": "10000"}


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=SECONDS, check=False, **more)


def wait_until(condition):
    """Bounded, and not a claim about time."""
    for _ in range(12000):
        if condition():
            return True
        time.sleep(0.01)
    return False


def hear_all_signals():
    """Whoever started the tests may ignore some, which programs inherit."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


class Recording(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.trace = self.path / "trace.out"
        self.addCleanup(self.folder.cleanup)
        self.rings = Path(tempfile.mkdtemp(prefix="ctrace-test-", dir=SHM))
        self.addCleanup(shutil.rmtree, self.rings, ignore_errors=True)

    def record(self, *words, options=(), **more):
        return run(PROGRAMS["ctrace"], "record", "-o", self.trace, *options, "--", PROGRAMS["host"], *words, **more)

    def host(self, *words, **more):
        # The address sanitizer would turn a crash into an abort.
        plain = os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0"
        env = {**os.environ, "CTRACE_RING_DIR": str(self.rings), "CTRACE_CRASH": "1", "ASAN_OPTIONS": plain}
        return run(PROGRAMS["host"], *words, env=env, **more)

    def recover(self, *options, directory=None):
        return run(PROGRAMS["ctrace"], "recover", *options, "-o", self.trace, directory or self.rings)

    def dump(self):
        checked = run(PROGRAMS["ctrace"], "check", self.trace)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        return run(PROGRAMS["ctrace"], "dump", self.trace).stdout

    def numbers(self, text):
        """How many numbered instants each stream has."""
        found = {}
        stream = None
        sites = set(re.findall(r"^  site (\d+) instant .*# number$", text, re.MULTILINE))
        for line in text.splitlines():
            chunk = re.match(r"chunk EVENTS stream=(\d+)", line)
            event = re.match(r"  \+\d+ instant (\d+) u64=(\d+)", line)
            stream = chunk.group(1) if chunk else stream
            if event and event.group(1) in sites:
                found.setdefault(stream, []).append(int(event.group(2)))
        return found

    def assert_numbers(self, *counts):
        text = self.dump()
        found = self.numbers(text)
        self.assertEqual(sorted(map(len, found.values())), sorted(counts), text[-2000:])
        for numbers in found.values():
            self.assertEqual(numbers, sorted(numbers))
        return text

    def assert_ended(self, text, words):
        self.assertRegex(text, rf'meta "ended" "{re.escape(words)}')


class Record(Recording):
    def test_the_exit_status_is_the_programs(self):
        for words, status in ((["exit:0"], 0), (["exit:7"], 7), (["_exit:9"], 9), (["kill"], 137), (["abort"], 134)):
            with self.subTest(words):
                done = self.record("emit:20", *words)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertEqual(done.stdout, "")
                self.assert_numbers(20)

    def test_full_rings_grow(self):
        # The recorder, stopped, takes nothing: what the program emits meanwhile is all in its two files.
        env = {**PATIENT, "CTRACE_RING_KB": "64", "CTRACE_RING_MAX_KB": "256"}
        went_on = self.path / "went-on"
        recorder = subprocess.Popen(
            [PROGRAMS["ctrace"], "record", "-q", "-o", self.trace, "--", PROGRAMS["host"], "emit:1", "stop-parent",
             "emit:4999", f"touch:{went_on}", "emit:100000", "exit:4"], env=env)
        self.addCleanup(recorder.wait)
        self.assertTrue(wait_until(went_on.exists))
        recorder.send_signal(signal.SIGCONT)
        self.assertEqual(recorder.wait(SECONDS), 4)
        text = self.assert_numbers(105000)
        self.assertNotRegex(text, r"\+\d+ lost")

    def test_the_trace_says_how_it_ended(self):
        self.record("emit:1", "exit:7")
        self.assert_ended(self.dump(), "exited with status 7")
        self.record("emit:1", "kill")
        self.assert_ended(self.dump(), "killed by signal 9 (SIGKILL)")

    def test_an_open_span_stays_open(self):
        self.record("span", "emit:3", "kill")
        text = self.assert_numbers(3)
        self.assertIn("span_begin", text)
        self.assertNotRegex(text, r"\+\d+ end")

    def test_forks_by_every_way_are_processes_of_their_own(self):
        # Sanitizers have a process of their own at the end, of which the kernel would tell.
        done = self.record("emit:10", "fork:20", "_fork:30", "clone:40", "emit:1", options=["--sources", "spans"])
        self.assertEqual(done.returncode, 0, done.stderr)
        text = self.assert_numbers(11, 20, 30, 40)
        self.assertEqual(len(set(re.findall(r"^  process (\d+) ", text, re.MULTILINE))), 4)

    def test_exec_loses_nothing(self):
        done = self.record("emit:30", "exec", "emit:40", "exec", "exit:5")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn('"replaced by exec"', self.assert_numbers(30, 40))

    def test_what_outlives_the_program_is_followed(self):
        done = self.record("emit:5", "orphan:25", "exit:3")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assert_numbers(5, 25)

    def test_threads_that_come_and_go_use_the_same_rings(self):
        done = self.record("threads:200")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_numbers(*[10] * 200)

    def test_programs_of_programs_are_followed(self):
        script = f"'{PROGRAMS['host']}' emit:3 & '{PROGRAMS['host']}' emit:4; wait"
        done = run(PROGRAMS["ctrace"], "record", "-o", self.trace, "sh", "-c", script)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_numbers(3, 4)

    def test_streams_are_the_programs(self):
        done = run(PROGRAMS["ctrace"], "record", "-o", self.trace, "--", "sh", "-c", "cat; echo error >&2", input="through")
        self.assertEqual(done.stdout, "through")
        self.assertIn("error\n", done.stderr)
        self.assertNotIn("\r", done.stderr)

    def test_a_program_without_ctrace_gets_a_hint(self):
        done = run(PROGRAMS["ctrace"], "record", "--sources", "spans", "-o", self.trace, "--", "true")
        self.assertEqual(done.returncode, 0)
        self.assertIn("0 events: true does not use ctrace", done.stderr)
        self.dump()
        for options in (["-q"], ["-q", "--sources", "spans"], ["-q", "--sources", "none"]):
            self.assertEqual(run(PROGRAMS["ctrace"], "record", *options, "-o", self.trace, "--", "true").stderr, "")
            self.dump()

    def test_wrong_words(self):
        plain = self.path / "plain"
        plain.write_text("no program")
        for words, status, said in (
                (["nosuch-program"], 127, "command not found"), ([plain], 126, "Permission denied"), ([self.path], 126, "directory"),
                ([], 2, "a program is missing"), (["--seconds", "x", "--", "true"], 2, "not a time"),
                (["--nosuch", "--", "true"], 2, "unknown option"),
                (["--sources", "spans,nosuch", "--", "true"], 2, "there is no source nosuch"), (["-o", "-", "--", "true"], 2, "standard output is the program's"),
                (["-o", self.path / "no" / "where", "--", "true"], 1, "No such file")):
            with self.subTest(words):
                # Not ours: a folder in it that we may not search makes of "no such program" another answer.
                env = {**os.environ, "PATH": "/usr/bin:/bin"}
                done = run(PROGRAMS["ctrace"], "record", *words, cwd=self.path, env=env)
                self.assertEqual(done.returncode, status, done.stderr)
                lines = [line for line in done.stderr.splitlines() if LEFT not in line]
                self.assertEqual(len(lines), 1, done.stderr)
                self.assertIn(said, lines[0])
        self.assertFalse((self.path / "trace.out").exists())

    def test_categories(self):
        self.record("emit:10", options=["--categories", "-noise"])
        self.assertNotIn("# noise", self.assert_numbers(10))

    def test_seconds_end_the_recording_and_not_the_program(self):
        mark = self.path / "mark"
        done = self.record("emit:5", "sleep:3000", "emit:100000", f"touch:{mark}", "exit:4", options=["--seconds", "0.2"])
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertTrue(mark.exists())
        self.assert_ended(self.dump(), "stopped")

    def start_waiting(self, **more):
        started = subprocess.Popen([PROGRAMS["ctrace"], "record", "-o", self.trace, "--", PROGRAMS["host"], "emit:6", "wait"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=hear_all_signals, **more)
        self.addCleanup(started.stdout.close)
        self.addCleanup(started.stderr.close)
        self.assertEqual(started.stdout.readline(), "waiting\n")
        return started

    def test_signals_go_on_to_the_program(self):
        started = self.start_waiting()
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT):
            started.send_signal(number)
            time.sleep(0.02)
        started.send_signal(signal.SIGTERM)
        self.assertEqual(started.wait(SECONDS), 106)
        self.assert_numbers(6)

    def test_the_terminals_interrupt_comes_once(self):
        leader, follower = pty.openpty()
        pid = os.fork()
        if pid == 0:
            os.login_tty(follower) if hasattr(os, "login_tty") else self.become_terminals(follower)
            os.execv(PROGRAMS["ctrace"], ["ctrace", "record", "-q", "-o", str(self.trace), "--", PROGRAMS["host"], "emit:6", "wait"])
        os.close(follower)
        seen = b""
        while b"waiting" not in seen and select.select([leader], [], [], SECONDS)[0]:
            seen += os.read(leader, 1000)
        os.write(leader, b"\x03")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 101)
        os.close(leader)

    @staticmethod
    def become_terminals(follower):
        import fcntl
        import termios
        os.setsid()
        fcntl.ioctl(follower, termios.TIOCSCTTY, 0)
        for number in (0, 1, 2):
            os.dup2(follower, number)

    def test_a_killed_recorder_leaves_the_program_and_its_rings(self):
        mark = self.path / "mark"
        started = subprocess.Popen([PROGRAMS["ctrace"], "record", "-q", "-o", self.trace, "--", PROGRAMS["host"], "emit:6",
                                    "sleep:3000", "emit:7", f"touch:{mark}"])
        mine = f"ctrace-record-{started.pid}-*"
        self.assertTrue(wait_until(lambda: any(SHM.glob(f"{mine}/*/ring-1"))))
        started.kill()
        started.wait(SECONDS)
        self.assertTrue(wait_until(mark.exists))
        directory = next(SHM.glob(mine))
        named = run(PROGRAMS["ctrace"], "record", "-o", self.path / "other", "--", "true").stderr
        self.assertIn(LEFT, named)
        self.assertTrue(wait_until(lambda: self.recover("--delete", directory=directory).returncode == 0))
        self.assertIn(sum(map(len, self.numbers(self.dump()).values())), range(7, 14))
        self.assertFalse(directory.exists())

    def test_a_full_disk_ends_the_recording_and_not_the_program(self):
        small = self.path / "small"
        small.mkdir()
        if os.geteuid() != 0 or run("mount", "-t", "tmpfs", "-o", "size=6m", "none", small).returncode != 0:
            self.skipTest("needs root to mount a tmpfs")
        self.addCleanup(run, "umount", "-l", small)
        self.trace = small / "trace.out"
        done = self.record(*["emit:40000", "sleep:30"] * 40, "exit:6", env=PATIENT)
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn("recording ended: no space at byte", done.stderr)
        self.assert_ended(self.dump(), "no space at byte")


class Recover(Recording):
    def test_each_end_has_its_words(self):
        for words, said in ((["exit:0"], "exited"), (["kill"], "killed, lost, or by _exit: it left no word"),
                            (["_exit:0"], "killed, lost, or by _exit: it left no word"), (["crash:11"], "crashed with signal 11 (SIGSEGV)"),
                            (["abort"], "crashed with signal 6 (SIGABRT)")):
            with self.subTest(words):
                self.host("emit:9", *words)
                done = self.recover("--delete")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assert_ended(self.assert_numbers(9), said)
                self.assertEqual(list(self.rings.iterdir()), [])

    def test_a_replaced_image_is_told_from_a_dead_one(self):
        self.host("emit:9", "exec", "emit:8")
        done = self.recover()
        self.assertIn("replaced by exec", done.stdout)
        self.assertIn(": exited", done.stdout)
        self.assert_numbers(9, 8)

    def test_files_stay_unless_they_are_to_go(self):
        self.host("emit:9")
        for _ in range(2):
            self.assertEqual(self.recover().returncode, 0)
            self.assert_numbers(9)

    def test_one_processs_folder_will_do(self):
        self.host("emit:9", "fork:8")
        for folder in self.rings.iterdir():
            self.assertEqual(self.recover(directory=folder).returncode, 0)
            self.assertIn(len(next(iter(self.numbers(self.dump()).values()))), (8, 9))

    def test_json(self):
        self.host("emit:9", "kill")
        answer = json.loads(self.recover("--json").stdout)
        process = answer["processes"][0]
        self.assertEqual((len(answer["processes"]), answer["events"], process["events"]), (1, 18, 18))
        self.assertEqual(process["threads"][0]["events"], 18)

    def test_who_lives_is_left_alone_unless_asked_for(self):
        alive = subprocess.Popen([PROGRAMS["host"], "emit:9", "wait"], stdout=subprocess.PIPE, text=True,
                                 env={**os.environ, "CTRACE_RING_DIR": str(self.rings)})
        self.addCleanup(alive.stdout.close)
        alive.stdout.readline()
        done = self.recover()
        self.assertEqual(done.returncode, 1)
        self.assertIn("still runs", done.stderr)
        self.assertEqual(self.recover("--alive").returncode, 0)
        self.assert_ended(self.assert_numbers(9), "still running")
        alive.send_signal(signal.SIGTERM)
        alive.wait(SECONDS)

    def test_nothing_is_said_to_be_nothing(self):
        done = self.recover()
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing to recover", done.stderr)
        self.assertFalse(self.trace.exists())

    def test_a_broken_file_is_one_line_and_the_rest_is_there(self):
        self.host("threads:1", "emit:9", "fork:8")
        mains = [f for f in self.rings.iterdir() if (f / "ring-2").exists()]
        with (mains[0] / "ring-1").open("r+b") as ring:
            ring.seek(8)
            ring.write(b"\xff\xff\xff\xff")
        done = self.recover()
        self.assertEqual(done.returncode, 1)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertRegex(lines[0], r"ring-1: byte 8: the layout's version is 4294967295, must be 2")
        self.assert_numbers(9, 8)

    def test_cut_files_are_named(self):
        self.host("emit:9", "kill")
        folder = next(self.rings.iterdir())
        os.truncate(folder / "ring-1", 5000)
        done = self.recover()
        self.assertRegex(done.stderr, r"ring-1: byte 5000: the file ends here")
        os.truncate(folder / "process", 100)
        done = self.recover()
        self.assertRegex(done.stderr, r"process: byte 100: the file ends here")

    def grown(self):
        """A process whose ring is full beyond its first file: 5,000 pairs of instants, 24 bytes each, of 64 KiB."""
        env = {**os.environ, "CTRACE_RING_DIR": str(self.rings), "CTRACE_RING_KB": "64", "CTRACE_RING_MAX_KB": "128"}
        run(PROGRAMS["host"], "emit:5000", "kill", env=env)
        return next(self.rings.iterdir())

    def test_a_ring_that_grew_is_read_from_both_files(self):
        self.grown()
        self.assertEqual(self.recover().returncode, 0)
        text = self.assert_numbers(5000)
        self.assertNotRegex(text, r"\+\d+ lost")

    def test_a_ring_that_may_not_grow_further_counts_what_it_lost(self):
        env = {**os.environ, "CTRACE_RING_DIR": str(self.rings), "CTRACE_RING_KB": "64", "CTRACE_RING_MAX_KB": "128"}
        run(PROGRAMS["host"], "emit:20000", "kill", env=env)
        answer = json.loads(self.recover("--json").stdout)
        # Two segments less what is kept for ends: of the first only what did not grow.
        self.assertEqual(answer["events"] + answer["processes"][0]["threads"][0]["lost"], 40000)
        self.assertGreater(answer["events"], (60 + 124 << 10) // 24 * 2)

    def test_where_a_grown_ring_goes_on_may_be_gone_cut_or_false(self):
        folder = self.grown()
        data = (folder / "ring-1-1").read_bytes()
        for bytes_left, said in ((None, r"ring-1-1: not there; what the ring held in it is left out"),
                                 (data[:9000], r"ring-1-1: byte 9000: the file ends here; it must have 131072 bytes"),
                                 (data + b"\0", r"ring-1-1: byte 131072: the file has 131073 bytes"),
                                 (b"\xff" * 131072, r"ring-1-1: byte \d+: position \d+ cannot be where a record")):
            with self.subTest(said):
                (folder / "ring-1-1").unlink()
                if bytes_left is not None:
                    (folder / "ring-1-1").write_bytes(bytes_left)
                done = self.recover()
                self.assertEqual(done.returncode, 1)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertRegex(done.stderr, said)
                self.assertEqual(len(next(iter(self.numbers(self.dump()).values()))), (60 << 10) // 24)
                (folder / "ring-1-1").touch()

    def test_two_clocks_cannot_be_in_one_trace(self):
        for clock in ("tsc", "monotonic_raw"):
            env = {**os.environ, "CTRACE_RING_DIR": str(self.rings), "CTRACE_CLOCK": clock}
            run(PROGRAMS["host"], "emit:9", env=env)
        done = self.recover()
        self.assertRegex(done.stderr, r"used a clock of kind (1|2), this trace one of kind (2|1): left out")
        self.assert_numbers(9)

    def test_directories_that_will_not_do(self):
        open_to_all = self.rings / "open"
        open_to_all.mkdir()
        open_to_all.chmod(0o777)
        for directory, said in ((self.path, "not on a tmpfs"), (self.rings / "no" / "where", "No such file"),
                                (open_to_all, "others may change it")):
            with self.subTest(directory):
                done = run(PROGRAMS["host"], "emit:9", "exit:3", env={**os.environ, "CTRACE_RING_DIR": str(directory)})
                self.assertEqual(done.returncode, 3)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertIn(said, done.stderr)

    def test_files_are_nobody_elses(self):
        self.host("emit:9")
        folder = next(self.rings.iterdir())
        self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
        for file in folder.iterdir():
            self.assertEqual(file.stat().st_mode & 0o777, 0o600)

    def test_a_limit_of_file_sizes_kills_nobody(self):
        limited = ["prlimit", "--fsize=200000", PROGRAMS["host"], "emit:9", "exit:3"]
        for directory in (str(self.rings), ""):
            done = run(*limited, env={**os.environ, "CTRACE_RING_DIR": directory})
            self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(self.recover().returncode, 0)
        self.assertRegex(self.dump(), r"lost 4 18 ")
        done = run("prlimit", "--fsize=400000", PROGRAMS["ctrace"], "record", "-o", self.trace, "--", PROGRAMS["host"],
                   *["emit:40000", "sleep:30"] * 20, "exit:6", env=PATIENT)
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn("recording ended", done.stderr)

    def test_a_full_tmpfs_is_a_counted_loss(self):
        small = self.path / "small"
        small.mkdir()
        if os.geteuid() != 0 or run("mount", "-t", "tmpfs", "-o", "size=500k", "none", small).returncode != 0:
            self.skipTest("needs root to mount a tmpfs")
        self.addCleanup(run, "umount", "-l", small)
        rings = small / "rings"
        done = run(PROGRAMS["host"], "emit:9", "threads:3", "exit:3", env={**os.environ, "CTRACE_RING_DIR": str(rings)})
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(self.recover(directory=rings).returncode, 0)
        self.assertRegex(self.assert_numbers(9), r"lost reason=no_ring count=60|lost .*60")


class Flight(Recording):
    """`ctrace record --flight`: what is kept, and when it is written."""

    def start(self, *words, options=()):
        recorder = subprocess.Popen([PROGRAMS["ctrace"], "record", *options, "-o", self.trace, "--", PROGRAMS["host"], *words],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.path, env=PATIENT)
        self.addCleanup(recorder.communicate)
        self.addCleanup(recorder.kill)
        self.assertEqual(recorder.stdout.readline(), "waiting\n")
        return recorder

    def stop(self, recorder, signals=1):
        recorder.send_signal(signal.SIGTERM)
        said = recorder.communicate(timeout=SECONDS)[1]
        self.assertEqual(recorder.returncode, 100 + signals, said)
        return said

    def snapshots(self):
        return sorted(self.path.glob("ctrace-*.trace"))

    def numbers_of(self, path):
        self.trace = path
        return self.numbers(self.dump())

    def test_all_of_a_short_program_is_in_the_last_seconds(self):
        done = self.record("emit:20", "fork:8", "_fork:7", "threads:2", "span", "emit:3", "kill", options=["--flight", "1000s"])
        self.assertEqual(done.returncode, 137, done.stderr)
        text = self.assert_numbers(10, 10, 23, 8, 7)
        self.assert_ended(text, "killed by signal 9 (SIGKILL)")
        self.assertIn('meta "snapshot" "end"', text)
        self.assertEqual(len(re.findall(r"^  process \d+ ", text, re.MULTILINE)), 3)
        self.assertNotRegex(text, r"\+\d+ end")

    def test_bytes_keep_the_end_without_a_hole(self):
        done = self.record("emit:300000", options=["--flight", "64KiB"], env=PATIENT)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = next(iter(self.numbers(self.dump()).values()))
        self.assertEqual(found, list(range(300000 - len(found), 300000)))
        self.assertGreater(len(found), 0)
        self.assertLess(len(found), 300000)
        self.assertLess(self.trace.stat().st_size, 128 << 10)

    def test_a_signal_to_the_recorder_is_a_snapshot_and_not_passed_on(self):
        recorder = self.start("fork:8", "emit:9", "wait", options=["--flight", "1000s", "--flight-signal", "USR2"])
        for count in (1, 2):
            recorder.send_signal(signal.SIGUSR2)
            self.assertTrue(wait_until(lambda: len(self.snapshots()) == count))
        said = self.stop(recorder)
        self.assertEqual(len(re.findall(r"ctrace: signal SIGUSR2: snapshot in ctrace-\d+-[12].trace", said)), 2, said)
        for path in [*self.snapshots(), self.trace]:
            self.assertEqual(sorted(map(len, self.numbers_of(path).values())), [8, 9])

    def test_a_span_that_takes_too_long_is_a_snapshot(self):
        recorder = self.start("emit:9", "span", "wait", options=["--flight", "1000s", "--flight-rule", "op*>1ms",
                                                                 "--flight-file", "slow-%r-%n.trace"])
        slow = self.path / "slow-rule-1.trace"
        self.assertTrue(wait_until(slow.exists))
        self.assertIn("snapshot in slow-rule-1.trace", self.stop(recorder))
        self.assertEqual(list(map(len, self.numbers_of(slow).values())), [9])
        self.assertRegex(self.dump(), r'meta "snapshot" "rule \\"open is open for .* > 1.00 ms')

    def test_time_that_is_over_leaves_the_last_seconds(self):
        recorder = self.start("emit:9", "wait", options=["--flight", "1000s", "--seconds", "100ms"])
        self.assertTrue(wait_until(lambda: self.trace.stat().st_size > 0))
        self.stop(recorder)
        text = self.dump()
        self.assert_ended(text, "stopped; the program ran on")
        for numbers in self.numbers(text).values():
            self.assertEqual(numbers, list(range(len(numbers))))

    def test_words_that_mean_nothing_are_wrong_usage(self):
        for options, said in ((["--flight", "3x"], "must be like 10s"), (["--flight-signal", "USR1"], "needs --flight"),
                              (["--flight", "3s", "--flight-signal", "KILL"], "KILL"),
                              (["--flight", "3s", "--flight-rule", "a"], "--flight-rule a: "),
                              (["--flight", "3s", "--flight-file", "%x"], "--flight-file %x: "),
                              (["--flight", "3s", "--sources", "nothing"], "there is no source nothing")):
            with self.subTest(options):
                done = self.record("emit:1", options=options)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertIn(said, done.stderr)
                self.assertFalse(self.trace.exists())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctrace", required=True)
    parser.add_argument("--host", required=True)
    options, rest = parser.parse_known_args()
    PROGRAMS.update({name: str(Path(path).resolve()) for name, path in vars(options).items()})
    unittest.main(argv=sys.argv[:1] + rest, verbosity=2)


if __name__ == "__main__":
    main()
