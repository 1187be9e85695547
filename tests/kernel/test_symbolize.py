# SPDX-License-Identifier: MIT
"""`ctrace symbolize`: lines for a trace that has addresses alone, of a program that is compiled here and of one that recorded itself.

    test_symbolize.py --ctrace CTRACE --facts KERNEL-FACTS --host INSIDE-HOST
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import inside_program
from inside_program import Host

OPTIONS = None

# The lines are what the test is about.
PROGRAM = """\
static volatile int sink;
static inline __attribute__((always_inline)) void deepest(void)
{
	sink = 4;
}
static inline __attribute__((always_inline)) void middle(void)
{
	deepest();
}
__attribute__((noinline)) int outer(void)
{
	middle();
	return sink;
}
int main(void)
{
	return outer() - 4;
}
"""

TRACE = """\
ctrace-text 1
header session=00112233445566778899aabbccddeeff base=1000 rate=1000000000 clock=5
chunk STRINGS seq=0
  string 1 "program"
  string 2 "{path}"
  string 3 "deed"
chunk PROCESSES seq=1
  process 7 parent=1 name=1 start=0
chunk THREADS seq=2
  thread 1 pid=7 tid=7 name=1 start=0 written=2 lost=0 state=1 clamped=0
chunk MODULES seq=3
  module 1 path=2{build}
chunk FRAMES seq=4
{frames}
chunk STACKS seq=5
  stack 1 parent=0 frame=1
chunk EVENTS stream=1 seq=0 base=1010
  +0 sample 7 0 5 1
  +1 sample 7 0 6 1
chunk INDEX seq=6 auto
trailer lost=0
"""


def run(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, **more)


def good(*words, **more):
    done = run(*words, **more)
    if done.returncode != 0:
        raise AssertionError(f"{words}: {done.stderr}")
    return done.stdout


class SymbolizeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ctrace-test-")
        self.addCleanup(folder.cleanup)
        self.at = Path(folder.name)
        self.trace, self.out = self.at / "trace.out", self.at / "lines.out"
        self.program = self.at / "program"

    def compile(self, *options):
        (self.at / "program.c").write_text(PROGRAM)
        good("gcc", "-O1", *options, "-Wl,--build-id", "-o", self.program, self.at / "program.c")
        notes = good("readelf", "-n", self.program)
        return re.search(r"Build ID: ([0-9a-f]+)", notes)[1]

    def addresses(self):
        """Where `outer` stores: the function deepest inlined into it."""
        text = good("objdump", "-d", "--no-show-raw-insn", self.program)
        body = re.search(r"<outer>:\n(.*?)\n\n", text + "\n\n", re.DOTALL)[1]
        return [int(line.split(":")[0], 16) for line in body.splitlines() if "mov" in line and "$0x4" in line]

    def make(self, build, frames, path=None):
        text = TRACE.format(path=path or self.program, build=f" build={build}" if build else "", frames="\n".join(frames))
        (self.at / "trace.txt").write_text(text)
        good(OPTIONS.ctrace, "dump", "--assemble", self.at / "trace.txt", "-o", self.trace)

    def frame(self, number, address, function=0):
        return f"  frame {number} module=1 address={address:#x} function={function} file=0 line=0 flags=0 outer=0"

    def make_of_program(self, *options):
        build = self.compile(*options)
        self.make(build, [self.frame(1, self.addresses()[0])])
        return build

    def symbolize(self, *words):
        done = run(OPTIONS.ctrace, "symbolize", self.trace, "-o", self.out, *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(run(OPTIONS.ctrace, "check", "-q", self.out).returncode, 0, run(OPTIONS.ctrace, "check", self.out).stderr)
        return done.stderr

    def rows(self, path):
        """{frame: (function, line, outer)}; the last row of each counts."""
        text = good(OPTIONS.ctrace, "dump", path)
        found = re.findall(r"frame (\d+) module=\S+ address=\S+ function=\S+ file=\S+ line=(\d+) flags=\S+ outer=(\d+) # (\S*)", text)
        return {int(frame): (function, int(line), int(outer)) for frame, line, outer, function in found}

    def chain(self, path, frame):
        rows, found = self.rows(path), []
        while frame != 0:
            function, line, outer = rows[frame]
            found.append((function, line))
            frame = outer
        return found

    # ---- what it finds ----

    def test_a_frame_gets_its_function_and_line_and_those_it_is_inlined_into(self):
        self.make_of_program("-g")
        told = self.symbolize()
        self.assertEqual(self.chain(self.out, 1), [("deepest", 4), ("middle", 8), ("outer", 12)])
        self.assertIn("1 frames had no line; 1 have one now", told)

    def test_all_that_was_there_is_there_byte_for_byte(self):
        self.make_of_program("-g")
        before = self.trace.read_bytes()
        self.symbolize()
        self.assertEqual(self.trace.read_bytes(), before)
        end = len(before) - 40
        while end > 0 and self.out.read_bytes()[:end] != before[:end]:
            end -= 1
        text = good(OPTIONS.ctrace, "dump", self.trace)
        self.assertTrue(good(OPTIONS.ctrace, "dump", self.out).startswith(text[: text.index("chunk INDEX")]))
        # Its header, and all chunks before the index.
        self.assertGreater(end, before.rindex(b"\xc7\x4b\x54\x43") - 1)

    def test_without_an_output_the_file_itself_has_them(self):
        self.make_of_program("-g")
        good(OPTIONS.ctrace, "symbolize", "-q", self.trace)
        self.assertEqual(self.chain(self.trace, 1)[0], ("deepest", 4))
        once = self.rows(self.trace)
        done = run(OPTIONS.ctrace, "symbolize", self.trace)
        self.assertIn("0 frames had no line", done.stderr)
        self.assertEqual(self.rows(self.trace), once)

    def test_nobody_else_may_read_the_new_one(self):
        self.make_of_program("-g")
        self.trace.chmod(0o640)
        if os.geteuid() == 0:
            os.chown(self.trace, 65534, 65534)
        before = self.trace.stat()
        self.symbolize()
        # Its group is another one, perhaps.
        self.assertEqual(0o600, self.out.stat().st_mode & 0o777)
        good(OPTIONS.ctrace, "symbolize", "-q", self.trace)
        after = self.trace.stat()
        self.assertNotEqual(before.st_ino, after.st_ino)
        self.assertEqual((before.st_mode, before.st_uid, before.st_gid), (after.st_mode, after.st_uid, after.st_gid))

    def test_a_trace_may_come_through_a_pipe(self):
        self.make_of_program("-g")
        with self.trace.open("rb") as file:
            done = subprocess.run([OPTIONS.ctrace, "symbolize", "-", "-o", self.out], stdin=file, capture_output=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.chain(self.out, 1)[0], ("deepest", 4))

    def test_one_whose_recorder_was_killed_gets_an_end_too(self):
        self.make_of_program("-g")
        whole = self.trace.read_bytes()
        self.trace.write_bytes(whole[: whole.rindex(b"\xc7\x4b\x54\x43") + 20])
        self.symbolize()
        self.assertEqual(self.chain(self.out, 1)[0], ("deepest", 4))

    def test_a_function_that_is_known_keeps_its_name_where_no_line_is_found(self):
        build = self.compile()
        self.make(build, [self.frame(1, self.addresses()[0], 3), self.frame(2, self.addresses()[0])])
        self.symbolize()
        self.assertEqual(self.rows(self.out)[1], ("deed", 0, 0))
        self.assertEqual(self.rows(self.out)[2], ("outer", 0, 0))

    def test_those_who_show_a_trace_look_it_up_themselves(self):
        self.make_of_program("-g")
        done = good(OPTIONS.ctrace, "convert", self.trace, "-o", "-")
        self.assertIn("deepest", done)
        before = self.trace.read_bytes()
        good(OPTIONS.ctrace, "top", self.trace)
        self.assertEqual(self.trace.read_bytes(), before)

    # ---- what it does not find ----

    def check_nothing(self, why):
        told = self.symbolize()
        self.assertIn(why, told)
        self.assertEqual(self.chain(self.out, 1), [("", 0)])

    def test_a_stripped_program_is_told_of(self):
        build = self.compile("-g")
        self.make(build, [self.frame(1, self.addresses()[0])])
        good("strip", "--strip-all", self.program)
        self.check_nothing("1 of 1 frames without a line: it has no debugging information")

    def test_another_build_of_it_is_not_believed(self):
        self.compile("-g")
        self.make("00112233445566778899", [self.frame(1, self.addresses()[0])])
        self.check_nothing("another build")

    def test_a_program_that_is_gone_is_told_of(self):
        build = self.make_of_program("-g")
        self.program.unlink()
        self.assertEqual(len(build), 40)
        self.check_nothing("neither the file nor its debugging information is here")

    def test_without_a_build_id_nothing_is_guessed(self):
        self.compile("-g")
        self.make("", [self.frame(1, self.addresses()[0])])
        self.check_nothing("does not say which build it was")

    def test_a_pipe_or_a_device_of_that_name_is_not_opened(self):
        self.compile("-g")
        for path in ("/dev/zero", str(self.at / "pipe")):
            if not Path(path).exists():
                os.mkfifo(path)
            self.make("00112233445566778899", [self.frame(1, 4096)], path)
            self.check_nothing("neither the file")

    def test_a_path_of_a_trace_does_not_reach_the_terminals_controls(self):
        self.make("00112233445566778899", [self.frame(1, 4096)], "/nowhere/\\x1b[2J")
        self.assertNotIn("\x1b", self.symbolize())

    def test_what_is_no_trace_is_refused_and_left_alone(self):
        self.trace.write_bytes(b"nothing of the kind, and long enough to be looked at for a while, as one would")
        before = self.trace.read_bytes()
        self.assertEqual(run(OPTIONS.ctrace, "symbolize", self.trace).returncode, 1)
        self.assertEqual(self.trace.read_bytes(), before)
        self.assertEqual(run(OPTIONS.ctrace, "symbolize", "-").returncode, 2)

    # ---- a real one ----

    def test_a_program_that_recorded_itself_has_lines_then(self):
        host = Host(None)
        self.addCleanup(host.process.communicate)
        self.addCleanup(host.process.kill)
        self.assertEqual(host.number("start", self.trace, "perf-samples"), 0)
        host.ask("spin", 300)
        host.ask("stop")
        if not self.rows(self.trace):
            self.skipTest("no samples here")
        self.assertEqual({line for _, line, _ in self.rows(self.trace).values()}, {0})
        self.symbolize()
        lines = {function: line for function, line, _ in self.rows(self.out).values()}
        source = Path(__file__).with_name("inside_host.c").read_text(encoding="utf-8").splitlines()
        self.assertIn("sum += i", "\n".join(source[lines["burn"] - 3 : lines["burn"] + 1]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("--ctrace", "--facts", "--host"):
        parser.add_argument(name, required=True)
    OPTIONS, rest = parser.parse_known_args()
    inside_program.OPTIONS = OPTIONS
    if shutil.which("objdump") is None or shutil.which("gcc") is None:
        print("no binutils or gcc here")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + rest)
