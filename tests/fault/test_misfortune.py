# SPDX-License-Identifier: MIT
"""What the system under a recording does wrong, and what must hold: the program goes on and keeps its exit status, what is on
disk opens, and the reason is in the file or on one line of stderr.

    test_misfortune.py FAULT-HOST CTRACE [FAULT-PRELOAD]

Without the preload (sanitizer builds) only what needs none. CTRACE_FAULT_ROUNDS multiplies the rounds of what is random or timed.
"""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

STATUS = 7
ROUNDS = int(os.environ.get("CTRACE_FAULT_ROUNDS", "1"))
DAY = 86400 * 10**9


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=600, **options)


class Misfortune(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="ctrace-fault-")
        self.at = Path(self.folder.name)
        self.trace = self.at / "trace.out"

    def tearDown(self):
        self.folder.cleanup()

    def go(self, *words, before=(), **environment):
        """The host, run with `before` in front: it must say that it is alive, and end as it would have."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("CTRACE_", "FAULT"))}
        done = run(*before, HOST, self.trace, *words, env={**kept, **environment})
        self.assertEqual(STATUS, done.returncode, done.stdout + done.stderr)
        self.assertTrue(done.stdout.startswith("alive "), done.stdout)
        self.assertLessEqual(len(done.stderr.splitlines()), 1, done.stderr)
        done.started, done.stopped = (int(word) for word in done.stdout.split()[1:])
        return done

    def check(self, path=None):
        """What is there opens, and breaks no rule; an empty file is where not even its header found room."""
        path = path or self.trace
        if not path.exists() or path.stat().st_size == 0:
            return None
        done = run(CTRACE, "check", "--json", path)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def ended(self):
        done = run(CTRACE, "dump", "--json", self.trace)
        rows = (json.loads(line) for line in done.stdout.splitlines())
        return [row["value"] for row in rows if row["type"] == "meta" and row["key"] == "ended"]

    def check_told(self, done):
        """If the recording did not end as asked, somebody says why: the file, the call, or stderr."""
        whole = done.started == 0 and done.stopped == 0 and self.ended() == ["stopped"]
        self.assertTrue(whole or done.started != 0 or done.stderr.startswith("ctrace: "), done.stdout + done.stderr)
        return whole

    def until_clean(self, call, error, words=(), limit=400, **environment):
        """The N-th call fails, for N from 1 until the program makes no N-th one."""
        report = self.at / "report"
        for n in range(1, limit):
            with self.subTest(call=call, error=errno.errorcode[error], n=n):
                done = self.go(*words, LD_PRELOAD=str(PRELOAD), FAULT=f"{call}:{error}:{n}", FAULT_REPORT=str(report), **environment)
                self.check()
                whole = self.check_told(done)
                if int(report.read_text()) < n:
                    self.assertTrue(whole)
                    return n - 1
                self.trace.unlink(missing_ok=True)
        return self.fail(f"{call} is still called after {limit} times")


class Calls(Misfortune):
    def setUp(self):
        super().setUp()
        if PRELOAD is None:
            self.skipTest("nothing can be preloaded under a sanitizer")

    def test_each_write_fails_in_turn(self):
        for error in (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG):
            self.assertGreater(self.until_clean("pwrite", error), 3)

    def test_a_write_that_fails_in_its_middle_leaves_whole_chunks(self):
        self.assertGreater(self.until_clean("pwrite", errno.ENOSPC, FAULT_SHORT="200"), 10)

    def test_an_interrupted_write_is_repeated(self):
        self.assertGreater(self.until_clean("pwrite", errno.EINTR), 3)

    def test_each_reservation_fails_in_turn(self):
        for error in (errno.ENOSPC, errno.EINTR, errno.EOPNOTSUPP, errno.EIO):
            self.assertGreater(self.until_clean("fallocate", error), 0)

    def test_files_that_cannot_be_opened_or_cut(self):
        for call, error in (("open", errno.EMFILE), ("open", errno.EACCES), ("open", errno.ENOSPC), ("ftruncate", errno.EIO)):
            self.assertGreater(self.until_clean(call, error), 0)

    def test_each_mapping_fails_in_turn(self):
        for call, error in (("mmap", errno.ENOMEM), ("madvise", errno.ENOMEM)):
            self.assertGreater(self.until_clean(call, error), 0)

    def test_each_allocation_fails_in_turn(self):
        self.assertGreater(self.until_clean("malloc", errno.ENOMEM), 10)

    def test_no_thread_can_be_made(self):
        self.assertEqual(1, self.until_clean("pthread_create", errno.EAGAIN))

    def test_short_writes_leave_a_whole_trace(self):
        for most in (1, 7, 100, 4095):
            done = self.go(20 if most == 1 else 100, LD_PRELOAD=str(PRELOAD), FAULT_SHORT=str(most))
            self.assertTrue(self.check_told(done))
            self.check()


class Strace(Misfortune):
    """The same from the kernel's side, which also sees what the C library does by itself."""

    def inject(self, call, error, n, *filters):
        log = self.at / "strace.log"
        words = ("strace", "-f", "-qq", "-o", log, *filters, "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={n}")
        done = self.go(100, before=words)
        return done, "(INJECTED)" in log.read_text()

    def until_clean_in_kernel(self, call, errors, *filters):
        for error in errors:
            for n in range(1, 200):
                with self.subTest(call=call, error=error, n=n):
                    done, was_injected = self.inject(call, error, n, *filters)
                    self.check()
                    whole = self.check_told(done)
                    self.trace.unlink(missing_ok=True)
                if not was_injected:
                    self.assertTrue(whole)
                    break
            self.assertGreater(n, 1, call)

    def setUp(self):
        super().setUp()
        if PRELOAD is None:
            self.skipTest("a sanitizer makes calls of its own")
        if shutil.which("strace") is None or run("strace", "-f", "-qq", "-o", "/dev/null", "true").returncode != 0:
            self.skipTest("no strace here")

    def test_each_call_of_the_file_fails_in_turn(self):
        path = ("-P", self.trace)
        self.until_clean_in_kernel("pwrite64", ("ENOSPC", "EIO", "EINTR"), *path)
        self.until_clean_in_kernel("fallocate", ("ENOSPC", "EINTR", "EIO"), *path)
        self.until_clean_in_kernel("openat", ("EMFILE", "ENOSPC", "ENOMEM", "EINTR"), *path)
        self.until_clean_in_kernel("ftruncate", ("EIO", "EINTR"), *path)
        self.until_clean_in_kernel("close", ("EIO", "EINTR"), *path)

    def test_each_call_of_a_ring_fails_in_turn(self):
        self.until_clean_in_kernel("madvise", ("ENOMEM",))
        self.until_clean_in_kernel("clone3", ("EAGAIN", "ENOMEM"))


class Disk(Misfortune):
    def test_a_disk_that_fills_at_any_size(self):
        disk = self.at / "disk"
        disk.mkdir()
        if run("mount", "-t", "tmpfs", "-o", "size=64k", "none", disk).returncode != 0:
            self.skipTest("no small file systems here")
        self.trace = disk / "trace.out"
        try:
            for kilobytes in [4, 8, 12, 16, 32] + list(range(64, 64 * 36, 64)) + [4096, 5120, 6144, 8192]:
                with self.subTest(kilobytes=kilobytes):
                    self.assertEqual(0, run("mount", "-o", f"remount,size={kilobytes}k", disk).returncode)
                    done = self.go(600)
                    self.check()
                    self.check_told(done)
                    self.trace.unlink(missing_ok=True)
        finally:
            run("umount", disk)

    def test_a_limit_on_the_size_of_files(self):
        for step in range(20):
            with self.subTest(step=step):
                done = self.go(400, before=("prlimit", f"--fsize={step * step * 20000}"))
                self.check()
                self.check_told(done)
                self.trace.unlink(missing_ok=True)

    def test_a_full_device(self):
        self.trace = Path("/dev/full")
        done = self.go()
        self.assertEqual(-errno.ENOSPC, done.started)


class Files(Misfortune):
    def test_a_deleted_trace_is_told(self):
        for _ in range(20 * ROUNDS):
            done = self.go(100, "delete")
            self.assertIn("deleted", done.stderr)

    def test_a_moved_trace_is_whole(self):
        place = self.trace
        for _ in range(20 * ROUNDS):
            self.trace = place
            done = self.go(100, "move")
            self.assertEqual((0, ""), (done.stopped, done.stderr))
            self.trace = Path(f"{place}.moved")
            self.check()
            self.assertEqual(["stopped"], self.ended())

    def test_a_trace_that_somebody_cuts_short_is_told(self):
        for _ in range(20 * ROUNDS):
            done = self.go(100, "truncate")
            self.assertIn("cut the file short", done.stderr)
            self.assertEqual(0, self.trace.stat().st_size)

    def test_the_program_closes_all_descriptors(self):
        for _ in range(20 * ROUNDS):
            done = self.go(100, "close-all")
            self.assertIn("recording ended at byte", done.stderr)
            self.assertIn("closed the trace's descriptor", done.stderr)
            self.assertGreater(self.check()["events"], 0)

    def test_the_program_uses_our_descriptors_for_its_own_file(self):
        for _ in range(20 * ROUNDS):
            done = self.go(100, "reuse")
            self.assertIn("for another file", done.stderr)
            self.assertEqual("mine", Path(f"{self.trace}.own").read_text())
            self.assertGreater(self.check()["events"], 0)


class Memory(Misfortune):
    def test_a_limit_on_memory(self):
        if PRELOAD is None:
            self.skipTest("sanitizers need terabytes of addresses")
        has_failed, has_worked = False, False
        for megabytes in range(8, 128, 6):
            with self.subTest(megabytes=megabytes):
                done = run("prlimit", f"--as={megabytes << 20}", HOST, self.trace, "20")
                if done.returncode == 127 or "loading shared libraries" in done.stderr or "main" in done.stderr:
                    continue  # the program itself does not fit
                self.assertEqual(STATUS, done.returncode, done.stderr)
                has_failed = has_failed or done.stdout != "alive 0 0\n"
                has_worked = has_worked or done.stdout == "alive 0 0\n"
                self.check()
                self.trace.unlink(missing_ok=True)
        self.assertTrue(has_worked)


RAW, REAL = 4, 0  # CLOCK_MONOTONIC_RAW, CLOCK_REALTIME


class Clocks(Misfortune):
    def setUp(self):
        super().setUp()
        if PRELOAD is None:
            self.skipTest("nothing can be preloaded under a sanitizer")

    def clamped(self):
        text = run(CTRACE, "dump", self.trace).stdout
        return max(int(number) for number in re.findall(r" clamped=(\d+)", text))

    def bend(self, clock, number, after, by):
        with self.subTest(clock=clock, number=number, after=after, by=by):
            done = self.go(20, LD_PRELOAD=str(PRELOAD), FAULT_CLOCK=f"{number}:{after}:{by}", CTRACE_CLOCK=clock)
            self.assertEqual((0, 0, ""), (done.started, done.stopped, done.stderr))
            report = self.check()
            self.assertEqual(2000, report["events"])
            if number != RAW:
                self.assertLess(report["duration_ns"], 60 * 10**9)

    def test_steps_of_the_clock_that_stamps(self):
        for by in (-1, -10**9, -3600 * 10**9, 365 * DAY, "freeze"):
            for after in (0, 1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 100, 150, 200, 300, 400, 500, 700, 900, 1000):
                self.bend("monotonic_raw", RAW, after, by)
                if isinstance(by, int) and by <= -10**9 and after == 1000:
                    self.assertGreater(self.clamped(), 0)

    def test_steps_of_the_clock_beside_the_counter(self):
        for by in (-1, -10**9, -3600 * 10**9, 365 * DAY, "freeze"):
            for after in (0, 1, 5, 20, 60):
                self.bend("tsc", RAW, after, by)

    def test_the_date_is_set(self):
        for by in (-DAY, 365 * DAY):
            for after in (0, 3, 5):
                self.bend("tsc", REAL, after, by)

    def test_other_epochs(self):
        if run("unshare", "-T", "--monotonic", "1000", "true").returncode != 0:
            self.skipTest("no time namespaces here")
        for offset in (1, 1000, 86400 * 365, 86400 * 3650):
            done = self.go(20, before=("unshare", "-T", "--monotonic", offset))
            self.assertEqual((0, 0, ""), (done.started, done.stopped, done.stderr))
            report = self.check()
            self.assertEqual(2000, report["events"])
            self.assertLess(report["duration_ns"], 60 * 10**9)


if __name__ == "__main__":
    HOST, CTRACE = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    PRELOAD = Path(sys.argv[3]).resolve() if len(sys.argv) > 3 else None
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
