# SPDX-License-Identifier: MIT
"""`ctrace convert` from outside: complete by the word of the second decoder, whole files or none, and clear words.

    test_convert.py --ctrace PROGRAM --trace-maker PROGRAM [--seed N]
"""

import argparse
import gzip
import json
import os
import pty
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle"))
from canonical_form import canonical_lines  # noqa: E402

OPTIONS = argparse.Namespace()
TRACES = 25


def run(*words, **more):
    more.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([OPTIONS.ctrace, "convert", *map(str, words)], capture_output=True, timeout=300, **more)


def make(path, seed, *words):
    subprocess.run([OPTIONS.trace_maker, str(seed), *words, "-o", path], check=True, timeout=300)


class Stack:
    """One thread's open spans, by SPEC 8.1 read plainly."""

    def __init__(self):
        self.open = []
        self.closed = 0

    def end(self, site):
        if site == "-":
            self.closed += 1
            del self.open[-1:]
        elif site in self.open:
            keep = len(self.open) - 1 - self.open[::-1].index(site)
            self.closed += len(self.open) - keep
            del self.open[keep:]
        elif not self.open:
            self.closed += 1  # it began before the recording


def expected(path):
    """How many of each phase, from the second decoder's canonical lines."""
    counts, stacks, stack = Counter(), {}, None
    for line in canonical_lines(Path(path).read_bytes()):
        words = line.split(" ", 4)
        if words[0] == "chunk":
            stack = stacks.setdefault(words[2], Stack())
        elif words[0] == "event":
            kind, site = int(words[1]), words[2]
            if kind == 1:
                stack.open.append(site)
            elif kind == 2:
                stack.end(site)
            else:
                counts[{3: "i", 5: "i", 16: "i", 4: "C", 6: "b", 7: "n", 8: "e", 11: "s", 12: "t", 13: "f"}.get(kind)] += 1
    counts["X"] = sum(one.closed for one in stacks.values())
    counts["B"] = sum(len(one.open) for one in stacks.values())
    del counts[None]
    return +counts


class Convert(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.trace, self.out = self.path / "a.trace", self.path / "a.json"
        make(self.trace, OPTIONS.seed)

    def tearDown(self):
        self.folder.cleanup()

    def files(self):
        return sorted(p.name for p in self.path.iterdir())

    def assert_failed(self, done, status, *parts):
        self.assertEqual(done.returncode, status, done.stderr)
        lines = done.stderr.decode().splitlines()
        self.assertEqual(len(lines), 1, lines)
        for part in parts:
            self.assertIn(part, lines[0])

    def test_as_many_events_as_the_second_decoder_finds(self):
        for seed in range(OPTIONS.seed, OPTIONS.seed + TRACES):
            make(self.trace, seed)
            done = run("--quiet", self.trace, "-o", self.out)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            events = json.loads(self.out.read_bytes())["traceEvents"]
            found = Counter(event["ph"] for event in events if event["ph"] != "M")
            self.assertEqual(found, expected(self.trace), f"seed {seed}")

    def test_stdin_stdout_file_and_gzip_give_the_same(self):
        self.assertEqual(run(self.trace, "-o", self.out).returncode, 0)
        whole = self.out.read_bytes()
        with open(self.trace, "rb") as stdin:
            self.assertEqual(run("-", "-o", "-", stdin=stdin).stdout, whole)
        pipe = run("-", "-o", "-", stdin=None, input=self.trace.read_bytes())
        self.assertEqual(pipe.stdout, whole)
        self.assertEqual(run(self.trace, "-o", self.path / "a.json.gz").returncode, 0)
        self.assertEqual(gzip.decompress((self.path / "a.json.gz").read_bytes()), whole)

    def test_bytes_that_are_not_utf8_are_replaced_as_python_does(self):
        run(self.trace, "-o", self.out)
        self.out.read_bytes().decode("utf-8", "strict")

    def test_a_full_disk_is_one_line_and_no_file(self):
        self.assert_failed(run(self.trace, "-o", "/dev/full"), 1, "/dev/full", "No space left on device")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([OPTIONS.ctrace, "convert", self.trace, "-o", "-"], stdout=full, stderr=subprocess.PIPE,
                                  timeout=300, check=False)
        self.assert_failed(done, 1, "standard output", "No space left on device")

    def test_what_cannot_be_written_is_one_line(self):
        self.assert_failed(run(self.trace, "-o", self.path / "no" / "a.json"), 1, "No such file or directory")
        self.assert_failed(run(self.trace, "-o", self.path), 1, "Is a directory")
        self.assertEqual(self.files(), ["a.trace"])

    def test_the_old_file_stays_until_the_new_one_is_whole(self):
        self.out.write_text("old")
        damaged = bytearray(self.trace.read_bytes())
        damaged[len(damaged) // 2] ^= 0x55
        self.trace.write_bytes(damaged)
        done = run("--strict", self.trace, "-o", self.out)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(self.out.read_text(), "old")
        self.assertEqual(self.files(), ["a.json", "a.trace"])

    def test_killed_in_the_middle_leaves_no_file(self):
        make(self.trace, 1, "--events", "3000000", "--plain-spans")
        process = subprocess.Popen([OPTIONS.ctrace, "convert", self.trace, "-o", self.out], stderr=subprocess.DEVNULL)
        time.sleep(0.05)
        process.kill()
        process.wait()
        self.assertIn(self.files(), (["a.trace"], ["a.json", "a.trace"]))
        if self.out.exists():
            json.loads(self.out.read_bytes())

    def test_a_damaged_trace_gives_what_is_good_and_tells_where_it_is_not(self):
        self.trace.write_bytes(self.trace.read_bytes()[:-100])
        done = run("--quiet", self.trace, "-o", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"byte ", done.stderr)
        told = json.loads(self.out.read_bytes())["otherData"]
        self.assertFalse(told["is_finished"])
        self.assertEqual(len(told["damage"]), len(done.stderr.splitlines()))

    def test_wrong_words_are_wrong_usage(self):
        self.assert_failed(run(self.trace), 2, "-o")
        self.assert_failed(run(self.trace, "-o", "-", "--format", "pdf"), 2, "chrome", "pdf")
        self.assert_failed(run(self.trace, "-o", "-", "--threads", "1,x"), 2, "1,x")
        self.assert_failed(run(self.trace, "-o", "-", "--start", "soon"), 2, "soon")
        self.assert_failed(run(self.trace, "-o", "-", "--start", "2s", "--end", "1s"), 2, "--end")
        self.assert_failed(run(self.trace, "-o", "-", "--threads", "123456789"), 1, "123456789")

    def test_json_is_not_written_to_a_terminal(self):
        controller, terminal = pty.openpty()
        try:
            done = subprocess.run([OPTIONS.ctrace, "convert", self.trace, "-o", "-"], stdout=terminal,
                                  stderr=subprocess.PIPE, timeout=300, check=False)
        finally:
            os.close(controller)
            os.close(terminal)
        self.assert_failed(done, 2, "terminal")

    def test_a_range_of_time_and_threads(self):
        run(self.trace, "-o", self.out)
        events = json.loads(self.out.read_bytes())["traceEvents"]
        points = [event for event in events if event["ph"] == "i"]
        middle = points[len(points) // 2]
        ns = round(middle["ts"] * 1000)
        part = json.loads(run(self.trace, "-o", "-", "--start", f"{ns}ns", "--end", f"{ns + 1}ns", "--threads",
                              middle["tid"]).stdout)
        found = [event for event in part["traceEvents"] if event["ph"] == "i"]
        self.assertIn(middle, found)
        self.assertEqual({(event["ts"], event["tid"]) for event in found}, {(middle["ts"], middle["tid"])})
        self.assertEqual(part["otherData"]["range_ns"], [ns, ns + 1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctrace", required=True)
    parser.add_argument("--trace-maker", required=True)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CTRACE_TEST_SEED", time.time())))
    OPTIONS, rest = parser.parse_known_args()
    print(f"seed: {OPTIONS.seed}", flush=True)
    unittest.main(argv=[sys.argv[0], *rest])
