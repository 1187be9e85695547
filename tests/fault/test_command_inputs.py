# SPDX-License-Identifier: MIT
"""What people give to `ctrace` by mistake: one clear line each, the right exit status, and nothing on stdout.

    test_command_inputs.py --ctrace PROGRAM --trace-maker PROGRAM
"""

import argparse
import gzip
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

PROGRAMS = {}
# Commands that read a trace, with the words before and behind the file.
READERS = [(["check"], []), (["dump"], []), (["dump", "--stats"], []), (["dump", "--json"], []), (["convert"], ["-o", "-"]), (["top"], []),
           (["top", "--json"], [])]


def ctrace(*words, stdin=subprocess.DEVNULL, **more):
    return subprocess.run([PROGRAMS["ctrace"], *map(str, words)], stdin=stdin, capture_output=True, timeout=300, **more)


def png():
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0\0\0")) + chunk(b"IEND", b"")


class Inputs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = Path(cls.folder.name)
        cls.good = cls.path / "good.trace"
        subprocess.run([PROGRAMS["trace_maker"], "7", "--events", "500", "-o", cls.good], check=True, timeout=300)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def file(self, name, content):
        path = self.path / name
        path.write_bytes(content)
        return path

    def refuses(self, path, words, **more):
        for before, behind in READERS:
            with self.subTest(command=before):
                done = ctrace(*before, path, *behind, **more)
                error = done.stderr.decode("utf-8", "replace")
                self.assertEqual(done.returncode, 1, error)
                self.assertEqual(len(error.splitlines()), 1, error)
                self.assertIn(words, error)
                self.assertEqual(done.stdout, b"")

    def test_an_empty_file(self):
        self.refuses(self.file("empty", b""), "is empty")

    def test_a_missing_file(self):
        self.refuses(self.path / "nowhere", "nowhere: no such file")

    def test_a_directory(self):
        self.refuses(self.path, "is a directory, not a trace")

    def test_a_picture(self):
        self.refuses(self.file("picture.png", png()), "PNG picture")

    def test_chrome_json(self):
        text = b'{"displayTimeUnit": "ns", "traceEvents": [{"name": "a", "ph": "X", "ts": 1, "dur": 2, "pid": 1, "tid": 1}]}'
        self.refuses(self.file("trace.json", text), "looks like Chrome trace JSON, not a ctrace file; open it at")
        self.refuses(self.file("array.json", b' [\n{"ph": "B"}]'), "looks like Chrome trace JSON")

    def test_other_json(self):
        self.refuses(self.file("other.json", b'{"a": 1}'), "looks like JSON")

    def test_gzip_of_a_trace(self):
        self.refuses(self.file("trace.gz", gzip.compress(self.good.read_bytes())), "gzip")

    def test_a_program(self):
        self.refuses(PROGRAMS["ctrace"], "looks like a program")

    def test_text_form(self):
        self.refuses(self.file("trace.txt", b"ctrace-text 1\nheader\n"), "ctrace dump --assemble")

    def test_html_error_page(self):
        self.refuses(self.file("page.html", b"<!DOCTYPE html><h1>404</h1>"), "HTML")

    def test_random_bytes(self):
        self.refuses(self.file("noise", bytes((i * 97 + 13) % 256 for i in range(1000))), "not a ctrace file")

    def test_a_name_with_control_characters(self):
        self.refuses(self.path / "a\x1b[31m\n", "\\x1B[31m\\x0A: no such file")

    def test_a_file_without_permission(self):
        path = self.file("secret", b"x")
        path.chmod(0)
        if os.geteuid() != 0:
            self.refuses(path, "no permission")
            return
        self.path.chmod(0o755)
        try:
            subprocess.run([PROGRAMS["ctrace"], "--version"], user=65534, capture_output=True, check=True)
        except (PermissionError, subprocess.CalledProcessError):
            self.skipTest("another user cannot reach the program here")
        self.refuses(path, "no permission", user=65534)

    def test_a_cut_trace_keeps_its_whole_chunks(self):
        whole = ctrace("check", self.good).stdout.decode()
        path = self.file("cut.trace", self.good.read_bytes()[:-40])
        done = ctrace("check", path)
        self.assertEqual(done.returncode, 1)
        lines = done.stdout.decode().splitlines()
        self.assertEqual(len(lines), 2, lines)
        self.assertIn("cut inside a chunk", lines[0])
        self.assertIn("not closed: ended at byte", lines[1])
        self.assertEqual(whole.split(": ")[1].split(" events")[0], lines[1].split(": ")[1].split(" events")[0])

    def test_standard_input(self):
        for before, behind in READERS:
            with self.subTest(command=before), self.good.open("rb") as file:
                piped = ctrace(*before, "-", *behind, stdin=file)
                named = ctrace(*before, self.good, *behind)
                self.assertEqual(piped.returncode, 0, piped.stderr)
                self.assertEqual(piped.stdout.replace(b"standard input", str(self.good).encode()), named.stdout)

    def test_a_pipe(self):
        read, write = os.pipe()
        feeder = subprocess.Popen(["cat", self.good], stdout=write)
        os.close(write)
        done = ctrace("check", f"/dev/fd/{read}", pass_fds=[read])
        os.close(read)
        feeder.wait(10)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_full_disk(self):
        done = ctrace("dump", self.good, "-o", "/dev/full")
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left", done.stderr.decode())


class Usage(unittest.TestCase):
    def wrong(self, words, *command):
        done = ctrace(*command)
        error = done.stderr.decode()
        self.assertEqual(done.returncode, 2, error)
        self.assertEqual(len(error.splitlines()), 1, error)
        self.assertIn(words, error)
        self.assertEqual(done.stdout, b"")

    def test_no_command(self):
        self.wrong("a command is missing")

    def test_an_unknown_command_is_answered_with_the_nearest(self):
        self.wrong("unknown command chekc; did you mean check?", "chekc")
        self.wrong("unknown command frobnicate; see", "frobnicate")

    def test_an_unknown_option(self):
        self.wrong("unknown option --frob", "check", "--frob", "x")
        self.wrong("unknown option -Z", "check", "-Z", "x")

    def test_a_missing_value(self):
        self.wrong("a value is missing after --output", "dump", "x", "-o")

    def test_a_value_too_much(self):
        self.wrong("no value goes with --json", "check", "--json=3", "x")

    def test_a_missing_file(self):
        self.wrong("a file is missing", "check")

    def test_one_file_too_many(self):
        self.wrong("one argument too many: b", "dump", "a", "b")

    def test_a_time_that_is_none(self):
        self.wrong("soon is not a time", "dump", "--json", "--start", "soon", "x")
        self.wrong("--end is before", "dump", "--json", "--start", "2s", "--end", "1s", "x")

    def test_help_fits_a_screen_with_an_example(self):
        names = [line.split()[0] for line in ctrace("--help").stdout.decode().splitlines() if line.startswith("  ")]
        commands = [name for name in names if name in {"check", "dump", "convert", "view"}]
        self.assertGreaterEqual(len(commands), 3)
        for command in [[], *[[name] for name in commands]]:
            done = ctrace(*command, "--help")
            lines = done.stdout.decode().splitlines()
            self.assertEqual(done.returncode, 0)
            self.assertLessEqual(len(lines), 40, command)
            self.assertIn("example:", lines)
            self.assertEqual(done.stderr, b"")

    def test_version_names_the_format(self):
        self.assertRegex(ctrace("--version").stdout.decode(), r"^ctrace \d+\.\d+\.\d+ \(trace format 1\.0\)\n$")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctrace", required=True, type=os.path.abspath)
    parser.add_argument("--trace-maker", required=True, type=os.path.abspath)
    arguments, rest = parser.parse_known_args()
    PROGRAMS.update(vars(arguments))
    unittest.main(argv=[sys.argv[0], *rest])
