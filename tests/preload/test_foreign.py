# SPDX-License-Identifier: MIT
"""Programs that nobody here wrote, with the preload library: what they print and how they end is as without it.

    test_foreign.py --ctrace PROGRAM --preload LIBRARY
"""

import argparse
import http.server
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from calls_trace import Programs, Trace, record_words, recorded, result_of, run

PYTHON = "/usr/bin/python3"
# Prints nothing that differs from run to run.
PYTHON_TEXT = """
import subprocess, threading, queue, socket, sqlite3, json, tempfile, os
done = subprocess.run(["sh", "-c", "cat; exit 3"], input=b"through a pipe", capture_output=True)
print(done.returncode, done.stdout)
q = queue.Queue()
threads = [threading.Thread(target=lambda n=n: q.put(n * n)) for n in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sorted(q.get() for _ in threads))
a, b = socket.socketpair()
a.sendall(b"x" * 1000); print(len(b.recv(4096)))
with tempfile.TemporaryFile() as f:
    f.write(b"line\\n" * 100); f.seek(0); print(len(f.readlines()))
print(os.waitstatus_to_exitcode(os.system("exit 4")))
try: open("/nothing")
except FileNotFoundError as e: print(e)
"""
SQL = "create table t(a, b); with recursive n(i) as (select 1 union all select i+1 from n where i<2000) insert into t select i, hex(i) from n;" \
      "create index x on t(b); select count(*), sum(a) from t where b like '3%'; pragma integrity_check;"
LUA = "local t = {} for i = 1, 20000 do t[i] = {tostring(i)} end print(#t) local n = 0 " \
      "for i = 1, 200 do local c = coroutine.wrap(function() for k = 1, 9 do coroutine.yield(('x'):rep(k)) end end) n = n + #c() end print(n)"
SOURCE = "#include <stdio.h>\nint main(void) { for (int i = 0; i < 3; i++) { printf(\"%d\\n\", i * i); } return 5; }\n"
PIPELINE = "set -o pipefail; seq 1000 | grep 7 | sort -r | tee /dev/null | wc -l; cat /nothing; (exit 3) | cat; echo $?; " \
           "for i in 1 2 3; do read x < <(echo $i); echo $x; done; trap 'echo term' TERM; kill -TERM $$; exit 9"


def needs(*programs):
    missing = [name for name in programs if shutil.which(name) is None]
    return unittest.skipIf(missing, f"not installed: {missing}")


class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"".join(b"line %d\n" % i for i in range(5000))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve_and_ask(test, words):
    """redis-server behind these words, until it is told to end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    server = subprocess.Popen([*words, "redis-server", "--port", port, "--save", "", "--dir", str(test.path)], stdout=subprocess.DEVNULL)
    try:
        for _ in range(1000):
            if run("redis-cli", "-p", port, "ping").stdout == b"PONG\n":
                break
            time.sleep(0.01)
        done = run("redis-benchmark", "-p", port, "-n", "2000", "-c", "10", "-q", "-t", "set,get")
        test.assertEqual(0, done.returncode, done.stderr)
        test.assertEqual(b"", run("redis-cli", "-p", port, "shutdown", "nosave").stdout)
        test.assertEqual(0, server.wait(60))
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()


class Foreign(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)
        self.trace = self.path / "trace.out"

    def same(self, *words, expected=(), **more):
        """Runs it twice; returns the trace of the second time."""
        plain = run(*words, **more)
        done = recorded(self.trace, *words, **more)
        self.assertEqual(result_of(plain), result_of(done))
        trace = Trace(self.trace)
        self.assertEqual(set(), set(expected) - set(trace.begun()))
        return trace

    @needs(PYTHON)
    def test_python(self):
        trace = self.same(PYTHON, "-c", PYTHON_TEXT, expected=("openat", "read", "write", "wait4", "poll"))
        self.assertEqual(0, trace.lost)

    @needs("sqlite3")
    def test_sqlite(self):
        base = self.path / "base.sqlite"

        def once(runner):
            base.unlink(missing_ok=True)
            return runner("sqlite3", base, SQL)

        plain, done = once(run), once(lambda *words: recorded(self.trace, *words))
        self.assertEqual(result_of(plain), result_of(done))
        begun = Trace(self.trace).begun()
        self.assertGreater(begun["pwrite64"], 10)
        self.assertGreater(begun["fcntl"], 5)

    @needs("curl")
    def test_curl(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/x"
        self.same("curl", "-sS", address, expected=("connect", "poll", "recvfrom", "sendto"))

    @needs("gcc")
    def test_gcc(self):
        source, program = self.path / "a.c", self.path / "a"
        source.write_text(SOURCE)
        trace = self.same("gcc", "-O2", "-Wall", "-o", program, source, expected=("read", "wait4"))
        self.assertGreaterEqual(len(re.findall(r"^  process ", trace.text, re.MULTILINE)), 4)
        self.assertEqual((5, b"0\n1\n4\n"), (run(program).returncode, run(program).stdout))
        source.write_text("int main(void) { return }\n")
        self.same("gcc", "-c", "-o", program, source)

    @needs("gcc")
    def test_a_sanitized_program_is_left_alone(self):
        source, program = self.path / "a.c", self.path / "a"
        source.write_text(SOURCE)
        if run("gcc", "-fsanitize=address", "-o", program, source).returncode != 0:
            self.skipTest("no address sanitizer")
        done = run(*[word for word in record_words(self.trace) if word != "-q"], program)
        self.assertEqual((5, b"0\n1\n4\n"), (done.returncode, done.stdout))
        self.assertIn(b"not recorded: preload: the program has a sanitizer", done.stderr)

    @needs("git")
    def test_git(self):
        for words in (("init", "-q", "."), ("add", "a"), ("-c", "user.name=a", "-c", "user.email=a", "commit", "-q", "-m", "one"),
                      ("log", "--format=%s"), ("status",), ("fsck",), ("gc", "-q"), ("show", "nothing")):
            (self.path / "a").write_text("text\n")
            done = recorded(self.trace, "git", *words, cwd=self.path)
            if words[0] not in ("init", "-c"):
                self.assertEqual(result_of(run("git", *words, cwd=self.path)), result_of(done), words)
            self.assertEqual(128 if "nothing" in words else 0, done.returncode, done.stderr)
            Trace(self.trace)

    @needs("bash")
    def test_bash_pipelines(self):
        self.same("bash", "-c", PIPELINE, expected=("fork", "wait4", "read"))

    @needs("redis-server", "redis-benchmark", "redis-cli")
    def test_redis(self):
        serve_and_ask(self, record_words(self.trace))
        trace = Trace(self.trace)
        self.assertGreaterEqual(trace.begun()["write"], 4000)
        self.assertGreater(trace.begun()["epoll_wait"], 10)
        self.assertEqual(0, trace.nesting_faults() if trace.lost == 0 else 0)


class WholeStacks(unittest.TestCase):
    """The same with each block's whole stack, which the program walks itself at every malloc."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)

    def words(self):
        return [Programs.ctrace, "record", "-q", "--sources", "spans,alloc-stacks", "-o", self.path / "t", "--"]

    def same(self, *words, blocks, **more):
        plain = run(*words, **more)
        done = run(*self.words(), *words, **more)
        self.assertEqual(result_of(plain), result_of(done))
        trace = Trace(self.path / "t")
        self.assertGreater(len(trace.events("alloc")), 0 if trace.lost else blocks)

    @needs(PYTHON)
    def test_python(self):
        self.same(PYTHON, "-c", PYTHON_TEXT, blocks=1000)

    @needs("gcc")
    def test_gcc(self):
        source = self.path / "a.c"
        source.write_text(SOURCE)
        self.same("gcc", "-O2", "-Wall", "-o", self.path / "a", source, blocks=5000)
        source.write_text("int main(void) { return }\n")
        self.same("gcc", "-c", "-o", self.path / "a", source, blocks=500)

    @needs("git")
    def test_git(self):
        for words in (("init", "-q", "."), ("add", "."), ("-c", "user.name=a", "-c", "user.email=a", "commit", "-q", "-m", "one")):
            (self.path / "a").write_text("text\n")
            self.assertEqual(0, run(*self.words(), "git", *words, cwd=self.path).returncode)
            (self.path / "t").unlink()
        self.same("git", "log", "--stat", "--format=%s", cwd=self.path, blocks=100)
        self.same("git", "show", "nothing", cwd=self.path, blocks=100)

    @needs("lua5.4")
    def test_lua(self):
        self.same("lua5.4", "-e", LUA, blocks=10000)

    @needs("redis-server", "redis-benchmark", "redis-cli")
    def test_redis(self):
        serve_and_ask(self, self.words())
        trace = Trace(self.path / "t")
        self.assertGreater(len(trace.events("alloc")), 0 if trace.lost else 1000)


def main():
    parser = argparse.ArgumentParser()
    for name in ("ctrace", "preload"):
        parser.add_argument(f"--{name}", required=True)
    arguments, rest = parser.parse_known_args()
    Programs.ctrace, Programs.preload = Path(arguments.ctrace).resolve(), Path(arguments.preload).resolve()
    os.environ["LC_ALL"] = "C"
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
