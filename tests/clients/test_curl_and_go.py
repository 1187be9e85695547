# SPDX-License-Identifier: MIT
"""curl against a server, and a program of Go, which no library can be preloaded into: recorded as root and as a user
without rights, they print and end as they do alone, and the trace holds their threads and calls.

    test_curl_and_go.py --ctrace PROGRAM [--as-nobody]
"""

import argparse
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from collections import Counter
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "fault"))
from kernel_trace import SECONDS, Trace  # noqa: E402

sys.path.insert(0, str(FOLDER.parent))
from other_user import NOBODY, why_not_nobody  # noqa: E402

# The leak checker of a sanitizer is a process of its own at the end, of which the kernel would tell.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"

OPTIONS = None
PAGE = b"".join(b"line %d\n" % i for i in range(20000))
# How often curl waits, and in how many pieces it gets and writes the page, depends on how fast the server is; and for
# each round it sets SIGPIPE aside.
AS_LONG_AS_IT_TAKES = {"poll", "recvfrom", "write", "rt_sigaction", "restart_syscall"}
# What strace does not count: it sums calls when they return.
NEVER_RETURNS = {"exit", "exit_group"}
WORKERS, ROUNDS, STATUS = 4, 1000, 3


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/page":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


def as_user(words):
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all"]
    return [str(word) for word in ([*drop, *words] if OPTIONS.as_nobody else words)]


def run(*words, **more):
    return subprocess.run(as_user(words), capture_output=True, stdin=subprocess.DEVNULL, timeout=SECONDS, check=False, **more)


def wanted_sources():
    """One of them is what is preferred here."""
    return ["perf-switch"] if OPTIONS.as_nobody else ["bpf", "tracefs"]


def available():
    rows = json.loads(run(OPTIONS.ctrace, "sources", "--json").stdout)["sources"]
    return [row["name"] for row in rows if row["name"] in wanted_sources() and row["available"]]


def missing():
    """Why this cannot be recorded here; empty: it can."""
    if OPTIONS.as_nobody and (why := why_not_nobody(OPTIONS.ctrace)):
        return why
    return "" if available() else f"none of {', '.join(wanted_sources())}"


def counts_of_strace(folder, *words):
    """Calls by name, those that never return not among them."""
    sums = Path(folder) / "strace.out"
    done = subprocess.run(["strace", "-f", "-c", "-U", "calls,name", "-o", str(sums), *map(str, words)], capture_output=True,
                          timeout=SECONDS, check=False)
    rows = re.findall(r"^ *(\d+) (\w+)$", sums.read_text(), re.MULTILINE)
    return done, Counter({name: int(count) for count, name in rows if name != "total"})


class Recorded(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if why := missing():
            raise unittest.SkipTest(why)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ctrace-clients-")
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)
        self.path.chmod(0o777)

    def need(self, *programs):
        for program in programs:
            if shutil.which(program) is None:
                self.skipTest(f"{program} is not installed")

    def record(self, *words, options=()):
        output = self.path / "trace.out"
        done = run(OPTIONS.ctrace, "record", "-q", *options, "-o", output, "--", *words)
        checked = run(OPTIONS.ctrace, "check", output)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        trace = Trace(OPTIONS.ctrace, output)
        output.unlink()
        return done, trace

    @staticmethod
    def told(done):
        """What it said, but for how long it tried."""
        return done.returncode, done.stdout, re.sub(rb"after \d+ ms", b"after some time", done.stderr)

    def assert_unchanged(self, *words):
        alone = run(*words)
        done, trace = self.record(*words)
        self.assertEqual(self.told(done), self.told(alone))
        self.assertIn(1, [trace.sources[name]["state"] for name in wanted_sources()], trace.sources)
        return done, trace


class Curl(Recorded):
    def setUp(self):
        super().setUp()
        self.need("curl")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"

    def test_a_page_arrives_whole(self):
        done, trace = self.assert_unchanged("curl", "-sS", self.url + "/page")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, PAGE, b""))
        self.assertIn("curl", trace.processes.values())
        self.assertGreater(len(trace.of("sched_switch", "sched_out")), 0)

    def test_what_fails_fails_as_it_does_alone(self):
        for words, status in (((self.url + "/nosuch",), 22), (("http://127.0.0.1:1/",), 7), (("nosuch://x",), 1), ((), 2)):
            with self.subTest(words=words):
                done, _ = self.assert_unchanged("curl", "-sS", "-f", *words)
                self.assertEqual(done.returncode, status)

    def test_counts_are_those_of_strace(self):
        self.need("strace")
        if OPTIONS.as_nobody:
            self.skipTest("calls are the kernel's to tell: as root")
        words = ["curl", "-sS", "-o", "/dev/null", self.url + "/page"]
        _, theirs = counts_of_strace(self.path, *words)
        for source in available():
            with self.subTest(source):
                _, trace = self.record(*words, options=("--sources", source))
                self.assert_counts(trace, theirs)

    def assert_counts(self, trace, theirs):
        self.assertEqual(trace.lost(), 0)
        self.assertGreater(len(theirs), 20)
        ours = trace.call_counts()
        self.assertEqual(ours["exit_group"], 1)
        for name in sorted(set(theirs | ours) - AS_LONG_AS_IT_TAKES - NEVER_RETURNS):
            with self.subTest(name):
                self.assertEqual(ours[name], theirs[name])


class Go(Recorded):
    program = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if shutil.which("go") is None:
            raise unittest.SkipTest("go is not installed")
        cls.folder = tempfile.TemporaryDirectory(prefix="ctrace-go-")
        cls.addClassCleanup(cls.folder.cleanup)
        Path(cls.folder.name).chmod(0o755)
        cls.program = Path(cls.folder.name) / "goroutines"
        built = subprocess.run(["go", "build", "-o", str(cls.program), str(FOLDER / "goroutines.go")], capture_output=True,
                               text=True, check=False, timeout=4 * SECONDS, cwd=cls.folder.name,
                               env={**os.environ, "GOPROXY": "off", "GOFLAGS": "", "GO111MODULE": "off", "HOME": cls.folder.name,
                                    "GOCACHE": cls.folder.name + "/cache"})
        if built.returncode != 0:
            raise AssertionError(built.stderr)

    def words(self):
        return [self.program, WORKERS, ROUNDS, self.path / "switches"]

    def switches(self):
        return [tuple(map(int, line.split())) for line in (self.path / "switches").read_text().splitlines()]

    def threads_of(self, trace):
        return {row["tid"] for row in trace.threads.values() if row["text"] == "goroutines" and row["pid"] != 0}

    def test_it_does_what_it_does_alone(self):
        done, trace = self.assert_unchanged(*self.words())
        self.assertEqual((done.returncode, done.stderr), (STATUS, b"to stderr\n"))
        self.assertEqual(done.stdout, b"[" + b" ".join([b"499500"] * WORKERS) + b"]\n")
        self.assertIn("goroutines", trace.processes.values())

    def test_all_its_threads_are_there(self):
        _, trace = self.assert_unchanged(*self.words())
        told = {tid for tid, _ in self.switches()}
        self.assertGreater(len(told), WORKERS)
        self.assertLessEqual(told, self.threads_of(trace))
        ran = {event.fields[1] for event in trace.of("sched_switch", "sched_out")}
        # One that was never switched out ends with its process, while it runs.
        self.assertLessEqual({tid for tid, count in self.switches() if count > 0}, ran)

    def test_its_own_calls_are_those_of_strace(self):
        self.need("strace")
        if OPTIONS.as_nobody:
            self.skipTest("calls are the kernel's to tell: as root")
        _, theirs = counts_of_strace(self.path, *self.words())
        done, trace = self.record(*self.words(), options=("--sources", available()[0]))
        self.assertEqual((done.returncode, trace.lost()), (STATUS, 0))
        ours = trace.call_counts()
        self.assertEqual(ours["getppid"], WORKERS * ROUNDS)
        # The rest is its runtime's, which polls and signals as time goes by.
        for name in ("getppid", "write", "getdents64", "execve", "arch_prctl"):
            with self.subTest(name):
                self.assertEqual(ours[name], theirs[name])

    def test_switches_are_as_many_as_the_kernel_counts(self):
        if OPTIONS.as_nobody:
            self.skipTest("when the program read the kernel's count is known by its calls: as root")
        _, trace = self.record(*self.words(), options=("--sources", available()[0]))
        self.assertEqual(trace.lost(), 0)
        told = self.switches()
        reader = told[0][0]
        self.assertGreater(len(told), WORKERS)
        for (tid, count), (first, last) in zip(told, self.readings(trace, reader, {tid for tid, _ in told}), strict=True):
            with self.subTest(tid=tid):
                self.assertGreaterEqual(count, first[tid] - 1)
                self.assertLessEqual(count, last[tid] + 1)

    def readings(self, trace, reader, tids):
        """For each pread64 of the reader: switches out until it began, and until it ended."""
        outs, before = Counter(), None
        for event in trace.of("sched_switch", "syscall_enter", "syscall_exit"):
            if event.kind == "sched_switch" and event.fields[1] in tids:
                outs[event.fields[1]] += 1
            elif event.kind != "sched_switch" and event.fields[0] == reader and trace.calls[event.fields[1]] == "pread64":
                if event.kind == "syscall_exit":
                    yield before, outs.copy()
                before = outs.copy()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctrace", required=True, type=os.path.abspath)
    parser.add_argument("--as-nobody", action="store_true")
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=sys.argv[:1] + rest, verbosity=2)
