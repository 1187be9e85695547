# SPDX-License-Identifier: MIT
"""Programs that nobody here wrote, under `ctrace record` as root: they do what they do without it, and the trace tells
what that was.

    test_kernel_clients.py --ctrace PROGRAM [--source tracefs]

Without a source: by the one that is preferred here.
"""

import argparse
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fault"))
from kernel_trace import SECONDS, Trace, missing_for  # noqa: E402

PROGRAMS = {}
PREFERRED = ["bpf", "tracefs"]
SOURCE = []  # as options of ctrace record
SQL = "create table t(a, b); with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) " \
      "insert into t select i, hex(i) from n; select count(*), sum(length(b)) from t; select a from nosuch;"
C = "#include <stdio.h>\nint main(void)\n{\n\treturn printf(\"%d\\n\", 42) != 3;\n}\n"
PYTHON = "import subprocess, threading; t = [threading.Thread(target=print, args=(i,)) for i in range(3)]; " \
         "[(x.start(), x.join()) for x in t]; print(subprocess.check_output(['echo', 'child'])); raise SystemExit(5)"


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=SECONDS, check=False, **more)


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        missing = [missing_for(PROGRAMS["ctrace"], source) for source in SOURCE[1:] or PREFERRED]
        if all(missing):
            raise unittest.SkipTest("; ".join(missing))

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)
        self.trace = self.path / "trace.out"

    def need(self, *programs):
        for program in programs:
            if shutil.which(program) is None:
                self.skipTest(f"{program} is not installed")

    def recording(self, *words):
        return [PROGRAMS["ctrace"], "record", "-q", *SOURCE, "--buffer", "32M", "-o", self.trace, "--", *words]

    def read(self):
        checked = run(PROGRAMS["ctrace"], "check", self.trace)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        trace = Trace(PROGRAMS["ctrace"], self.trace)
        (source,) = [name for name in PREFERRED if name in trace.sources and trace.sources[name]["state"] == 1]
        kernel, ours = re.search(r"counted (\d+) records, taken or lost (\d+)", trace.sources[source]["text"]).groups()
        self.assertEqual(kernel, ours)
        return trace

    def assert_unchanged(self, *words, **more):
        plain = run(*words, cwd=self.path, **more)
        traced = run(*self.recording(*words), cwd=self.path, **more)
        self.assertEqual((traced.returncode, traced.stdout, traced.stderr), (plain.returncode, plain.stdout, plain.stderr))
        return self.read()

    def test_sqlite3(self):
        self.need("sqlite3")
        trace = self.assert_unchanged("sqlite3", ":memory:", input=SQL)
        self.assertIn("sqlite3", trace.processes.values())
        self.assertGreater(trace.call_counts()["write"], 0)

    def test_priority_environment_and_directory_are_the_programs_own(self):
        # What puts the library into the program is in the environment, and nothing else.
        script = "nice; pwd; ulimit -a; env | grep -v 'CTRACE_\\|^LD_PRELOAD=\\|^ASAN_OPTIONS=' | sort; ls -l /proc/self/fd | wc -l"
        trace = self.assert_unchanged("sh", "-c", script)
        self.assertIn("sh", trace.processes.values())

    def test_gcc(self):
        self.need("gcc")
        (self.path / "one.c").write_text(C)
        trace = self.assert_unchanged("gcc", "-O1", "-o", "one", "one.c")
        self.assertEqual(run(self.path / "one").stdout, "42\n")
        self.assertLessEqual({"gcc", "cc1", "as", "ld"}, set(trace.processes.values()))
        self.assertGreaterEqual(len(trace.of("exec")), 4)
        self.assert_unchanged("gcc", "nosuch.c")

    def test_python3(self):
        trace = self.assert_unchanged(sys.executable, "-c", PYTHON)
        self.assertIn("echo", trace.processes.values())
        threads = [event for event in trace.of("fork") if event.fields[1] != event.fields[2]]
        self.assertGreaterEqual(len(threads), 3)

    def test_a_static_program(self):
        self.need("gcc")
        (self.path / "one.c").write_text(C)
        built = run("gcc", "-static", "-o", "one", "one.c", cwd=self.path)
        if built.returncode != 0:
            self.skipTest("gcc cannot link statically here")
        trace = self.assert_unchanged("./one")
        self.assertEqual(trace.call_counts()["write"], 1)

    def test_redis_server(self):
        self.need("redis-server", "redis-benchmark")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        server = subprocess.Popen(self.recording("redis-server", "--port", port, "--save", "", "--dir", str(self.path)),
                                  stdout=subprocess.DEVNULL)
        try:
            self.wait_for(int(port))
            load = run("redis-benchmark", "-p", port, "-q", "-n", "20000", "-c", "10", "-t", "set,get")
            self.assertEqual(load.returncode, 0, load.stderr)
        finally:
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(SECONDS), 0)
        trace = self.read()
        counts = trace.call_counts()
        self.assertGreater(counts["epoll_wait"], 0)
        # However busy the machine: what is not there was counted.
        self.assertGreaterEqual(counts["read"] + trace.lost(), 40000)
        self.assertTrue([name for _, _, _, name in trace.files if name.startswith(f"tcp 127.0.0.1:{port} -> ")])

    def wait_for(self, port):
        for _ in range(3000):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                time.sleep(0.01)
        self.fail("redis-server does not answer")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctrace", required=True)
    parser.add_argument("--source")
    options, rest = parser.parse_known_args()
    PROGRAMS["ctrace"] = str(Path(options.ctrace).resolve())
    if options.source:
        SOURCE.extend(["--sources", options.source])
    unittest.main(argv=sys.argv[:1] + rest, verbosity=2)


if __name__ == "__main__":
    main()
