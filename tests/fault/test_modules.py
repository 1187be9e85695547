# SPDX-License-Identifier: MIT
"""Programs and libraries as strangers build them: every macro in every language and optimisation, libraries that are loaded
and unloaded while they trace, programs left to their environment.

    test_modules.py BUILD-FOLDER
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent / "modules"
INCLUDE = Path(__file__).resolve().parents[2] / "tracer/include"
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"]
TIMES = 50
CYCLES = int(os.environ.get("CTRACE_TEST_CYCLES", "200"))  # a library is loaded and unloaded
LATE_RUNS = 16  # of 32 threads each: five hundred that end


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=600, **options)


class Modules(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="ctrace-modules-")
        self.at = Path(self.folder.name)
        self.trace = self.at / "trace.out"

    def tearDown(self):
        self.folder.cleanup()

    def compile(self, compiler, *words):
        done = run(compiler, *STRICT, f"-I{INCLUDE}", *words)
        self.assertEqual("", done.stderr, f"{compiler} {words}")
        self.assertEqual(0, done.returncode)

    def link(self):
        return [f"-L{BUILD}/tracer", f"-Wl,-rpath,{BUILD}/tracer", "-lctrace", "-lpthread"]

    def go(self, program, *words, **environment):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("CTRACE_")}
        return run(program, *words, env={**kept, **environment})

    def events(self):
        """One by one: on a busy machine a host that works until it is told to stop leaves many millions."""
        done = run(BUILD / "cli/ctrace", "check", self.trace)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        with subprocess.Popen([BUILD / "cli/ctrace", "dump", "--json", self.trace], stdout=subprocess.PIPE, text=True) as dump:
            for line in dump.stdout:
                yield json.loads(line)
        self.assertEqual(0, dump.returncode)

    def names(self):
        return Counter(event.get("name") for event in self.events() if event["type"] == "event")

    def build_host(self):
        self.compile("gcc", "-std=gnu11", "-O2", HERE / "host.c", "-o", self.at / "host", "-ldl", *self.link())

    def test_every_macro_compiles_and_runs_in_every_language(self):
        source = HERE / "every_macro.c"
        for compiler, standards, language in (("gcc", ("c11", "c17"), "c"), ("clang", ("c11", "c17"), "c"),
                                              ("g++", ("c++17", "c++20"), "c++"), ("clang++", ("c++17",), "c++")):
            for standard in standards:
                for level in ("-O0", "-O2", "-Os"):
                    with self.subTest(compiler=compiler, standard=standard, level=level):
                        self.compile(compiler, f"-std={standard}", level, "-x", language, source, "-o", self.at / "all", *self.link())
                        self.assertEqual(0, self.go(self.at / "all").returncode)
                        self.compile(compiler, f"-std={standard}", level, "-DCTRACE_DISABLE", "-x", language, source, "-o", self.at / "none")
                        self.assertEqual(0, self.go(self.at / "none").returncode)

    def plugin(self, compiler, source, *words):
        self.compile(compiler, *words, "-fPIC", "-shared", HERE / source, "-o", self.at / "plugin.so", *self.link())

    def test_a_c_library_may_come_and_go(self):
        self.build_host()
        for compiler in ("gcc", "clang"):
            for level in ("-O0", "-O2", "-O3"):
                with self.subTest(compiler=compiler, level=level):
                    self.plugin(compiler, "plugin.c", "-std=c11", level, "-ffunction-sections", "-Wl,--gc-sections")
                    done = self.go(self.at / "host", self.at / "plugin.so", TIMES, CTRACE_FILE=str(self.trace))
                    self.assertEqual((0, ""), (done.returncode, done.stderr))
                    names = self.names()
                    for name in ("plugin work", "plugin begun", "plugin counter"):
                        self.assertEqual(TIMES, names[name], name)
                    self.assertEqual(1, names["at exit"])

    def test_a_cpp_library_may_come_and_go(self):
        self.build_host()
        for compiler in ("g++", "clang++"):
            for level in ("-O0", "-O2", "-O3"):
                with self.subTest(compiler=compiler, level=level):
                    self.plugin(compiler, "plugin.cpp", "-std=c++17", level)
                    done = self.go(self.at / "host", self.at / "plugin.so", TIMES, CTRACE_FILE=str(self.trace),
                                   CTRACE_CATEGORIES="-shared")
                    self.assertEqual((0, ""), (done.returncode, done.stderr))
                    names = self.names()
                    for name in ("plugin work", "plugin begun", "plugin counter", "plugin real", "plugin truth", "n is %d", "inline work",
                                 "in lambda"):
                        self.assertEqual(TIMES, names[name], name)
                    for name in ("twice", "box::get"):
                        self.assertEqual(2 * TIMES, names[name], name)
                    self.assertEqual(0, names["shared inline"])

    def test_a_library_comes_elsewhere_each_time_and_its_threads_outlive_it(self):
        self.build_host()
        for compiler, source, standard in (("gcc", "plugin.c", "-std=c11"), ("g++", "plugin.cpp", "-std=c++17")):
            with self.subTest(source=source):
                self.plugin(compiler, source, standard, "-O2")
                done = self.go(self.at / "host", self.at / "plugin.so", CYCLES, "threads", CTRACE_FILE=str(self.trace))
                self.assertEqual((0, ""), (done.returncode, done.stderr))
                names = self.names()
                for name in ("plugin work", "plugin begun", "plugin counter"):
                    self.assertEqual(2 * CYCLES, names[name], name)
                self.assertEqual(CYCLES, names["after the library"])

    def test_the_tracer_itself_is_loaded_late(self):
        self.compile("gcc", "-std=gnu11", "-O2", "-DCTRACE_DISABLE", HERE / "opens_late.c", "-o", self.at / "late", "-ldl", "-lpthread")
        self.plugin("gcc", "plugin.c", "-std=c11", "-O2")
        done = self.go(self.at / "late", BUILD / "tracer/libctrace.so", self.at / "plugin.so", self.trace, 50)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertGreaterEqual(self.names()["plugin work"], 1)

    def test_what_threads_and_programs_trace_while_they_end(self):
        self.compile("gcc", "-std=gnu11", "-O2", HERE / "late.c", "-o", self.at / "late", *self.link())
        for _ in range(LATE_RUNS):
            done = self.go(self.at / "late", CTRACE_FILE=str(self.trace))
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            rows = list(self.events())
            names = Counter(row.get("name") for row in rows if row["type"] == "event")
            for name in ("constructor", "at exit", "destructor"):
                self.assertEqual(1, names[name], name)
            lost = sum(row["lost"] for row in rows if row["type"] == "thread")
            self.assertEqual(int(done.stdout), names["late"] + lost)

    def test_link_time_optimisation_keeps_sites(self):
        self.compile("gcc", "-std=c11", "-O2", "-flto", "-x", "c", HERE / "every_macro.c", "-o", self.at / "lto", *self.link())
        self.assertEqual(0, self.go(self.at / "lto").returncode)
        self.build_host()
        self.plugin("g++", "plugin.cpp", "-std=c++17", "-O2", "-flto")
        done = self.go(self.at / "host", self.at / "plugin.so", TIMES, CTRACE_FILE=str(self.trace), CTRACE_CATEGORIES="-shared")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual(TIMES, self.names()["plugin work"])

    def test_one_site_of_a_header_in_two_modules_is_one(self):
        self.build_host()
        self.plugin("gcc", "plugin.c", "-std=c11", "-O2")
        done = self.go(self.at / "host", self.at / "plugin.so", TIMES, CTRACE_FILE=str(self.trace))
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        text = run(BUILD / "cli/ctrace", "dump", self.trace).stdout
        sites = [line for line in text.splitlines() if line.startswith("  site ") and line.endswith("# shared inline")]
        self.assertEqual(1, len(sites))

    def test_the_environment_is_obeyed_or_refused_in_one_line(self):
        self.build_host()
        host = self.at / "host"
        for name, value in (("CTRACE_FILE", "/no/such/folder/x"), ("CTRACE_RING_KB", "100"), ("CTRACE_RING_KB", "1k"),
                            ("CTRACE_RING_MAX_KB", "100"), ("CTRACE_MEMORY_MB", "0"),
                            ("CTRACE_RING_POLICY", "sometimes"), ("CTRACE_BLOCK_MS", "0"), ("CTRACE_BLOCK_MS", "1s"),
                            ("CTRACE_CLOCK", "sundial"), ("CTRACE_HTTP", "nowhere:at:all")):
            done = self.go(host, **{name: value})
            self.assertEqual(0, done.returncode)
            self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
            self.assertIn(value, done.stderr)
        done = self.go(host, CTRACE_FILE=str(self.trace), CTRACE_OFF="1")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertFalse(self.trace.exists())
        done = self.go(host, CTRACE_FILE=str(self.trace), CTRACE_CLOCK="monotonic_raw", CTRACE_RING_KB="64")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual(1, self.names()["at exit"])

    def test_a_full_disk_leaves_a_good_trace_and_one_line(self):
        disk = self.at / "disk"
        disk.mkdir()
        if run("mount", "-t", "tmpfs", "-o", "size=1m", "none", disk).returncode != 0:
            self.skipTest("cannot mount a small file system")
        try:
            self.build_host()
            self.plugin("gcc", "plugin.c", "-std=c11", "-O2")
            self.trace = disk / "trace.out"
            done = self.go(self.at / "host", self.at / "plugin.so", 12000, CTRACE_FILE=str(self.trace))
            self.assertEqual(0, done.returncode)
            self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
            self.assertIn("no space at byte", done.stderr)
            ended = [row["value"] for row in self.events() if row["type"] == "meta" and row["key"] == "ended"]
            self.assertEqual(1, len(ended))
            self.assertIn("no space", ended[0])
        finally:
            run("umount", disk)


if __name__ == "__main__":
    BUILD = Path(sys.argv.pop(1)).resolve()
    unittest.main(verbosity=2)
