# SPDX-License-Identifier: MIT
"""What `meson install` gives, and that a stranger's programs build and run with it.

    test_install.py BUILD-FOLDER
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PROGRAM = HERE / "every_call.c"
# The first is what programs include.
HEADERS = ["include/ctrace/trace.h", *(f"include/ctrace/trace_{part}.h" for part in ("c", "calls", "cxx", "macros", "off"))]
INSTALLED = (
    "bin/ctrace",
    *HEADERS,
    "lib*/**/libctrace.a",
    "lib*/**/libctrace.so",
    "lib*/**/libctrace-alloc.so",
    "lib*/**/libctrace-preload.so",
    *(["lib*/**/libctrace-sigprof.so"] if platform.machine() == "x86_64" else []),
    "lib*/**/pkgconfig/ctrace.pc",
    "lib*/**/pkgconfig/ctrace-alloc.pc",
    "share/man/man1/ctrace.1*",
    "share/man/man3/libctrace.3*",
    "share/bash-completion/completions/ctrace",
    "share/zsh/site-functions/_ctrace",
    "share/fish/vendor_completions.d/ctrace.fish",
)
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=600, **options)


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="ctrace-install-")
        cls.destination = Path(cls.folder.name)
        done = run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", env={**os.environ, "DESTDIR": str(cls.destination)})
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)
        cls.prefix = cls.destination / "usr/local"

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def one(self, pattern):
        found = sorted(self.prefix.glob(pattern))
        self.assertEqual(1, len(found), f"{pattern}: {found}")
        return found[0]

    def pkg_config(self, *words, package="ctrace"):
        environment = {**os.environ, "PKG_CONFIG_PATH": str(self.one("lib*/**/pkgconfig/ctrace.pc").parent),
                       "PKG_CONFIG_SYSROOT_DIR": str(self.destination)}
        done = run("pkg-config", *words, package, env=environment)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout.split()

    def build(self, name, compiler, flags, after=()):
        program = self.destination / name
        language = "c++" if "++" in compiler else "c"
        done = run(compiler, "-x", language, PROGRAM, "-x", "none", *STRICT, *flags, "-o", program, *after)
        self.assertEqual(0, done.returncode, done.stderr)
        return program

    def record(self, program):
        """Runs it against the installed library; its trace passes ctrace check."""
        library = self.one("lib*/**/libctrace.so").parent
        trace = program.with_suffix(".trace")
        done = run(program, trace, env={**os.environ, "LD_LIBRARY_PATH": str(library)})
        self.assertEqual((0, "0 adds up recorded\n", ""), (done.returncode, done.stdout, done.stderr))
        checked = run(self.prefix / "bin/ctrace", "check", trace)
        self.assertEqual(0, checked.returncode, checked.stdout + checked.stderr)

    def test_everything_is_there(self):
        for pattern in INSTALLED:
            with self.subTest(pattern):
                self.one(pattern)

    def test_no_internal_header_or_library_is_installed(self):
        headers = sorted(p.relative_to(self.prefix).as_posix() for p in self.prefix.rglob("*.h"))
        self.assertEqual(HEADERS, headers)
        libraries = {p.name.split(".")[0] for p in self.prefix.rglob("lib*.*") if "lib" in p.parent.name or "lib" in str(p.parent)}
        self.assertEqual({"libctrace", "libctrace-alloc", "libctrace-preload"}, {name for name in libraries if name.startswith("lib")} - {"libctrace-sigprof"})

    def test_a_c_program_links_the_shared_library(self):
        flags = self.pkg_config("--cflags", "--libs")
        self.record(self.build("shared-c", "gcc", ["-std=c17"], flags))

    def test_a_cpp_program_links_the_shared_library(self):
        flags = self.pkg_config("--cflags", "--libs")
        self.record(self.build("shared-cpp", "g++", ["-std=c++17"], flags))

    def test_a_program_links_what_records_its_memory(self):
        program = self.build("alloc-c", "gcc", ["-std=c17"], self.pkg_config("--cflags", "--libs", package="ctrace-alloc"))
        library = self.one("lib*/**/libctrace-alloc.so").parent
        needed = run("ldd", program, env={**os.environ, "LD_LIBRARY_PATH": str(library)}).stdout.split()
        self.assertIn("libctrace-alloc.so.0", needed)
        self.record(program)

    @unittest.skipUnless(shutil.which("clang"), "no clang")
    def test_a_clang_program_links_the_shared_library(self):
        flags = self.pkg_config("--cflags", "--libs")
        self.record(self.build("shared-clang", "clang", ["-std=c11", "-O2"], flags))

    def test_a_program_links_the_static_library(self):
        cflags = self.pkg_config("--cflags")
        libs = [self.one("lib*/**/libctrace.a") if word == "-lctrace" else word for word in self.pkg_config("--static", "--libs")]
        program = self.build("static-c", "gcc", ["-std=c17"], [*cflags, *libs])
        self.assertNotIn("libctrace", run("ldd", program).stdout)
        self.record(program)

    def test_compiled_out_it_needs_no_library(self):
        for name, compiler, standard in (("out-c", "gcc", "-std=c11"), ("out-cpp", "g++", "-std=c++17")):
            with self.subTest(compiler):
                program = self.build(name, compiler, [standard, "-DCTRACE_DISABLE", *self.pkg_config("--cflags")])
                done = run(program, self.destination / "none.trace")
                self.assertEqual(0, done.returncode, done.stderr)
                self.assertIn("adds up silent", done.stdout)
                self.assertFalse((self.destination / "none.trace").exists())

    def test_only_public_names_are_exported(self):
        wanted = (HERE / "exported_symbols.txt").read_text().split()
        shown = run("nm", "-D", "--defined-only", "--format=posix", self.one("lib*/**/libctrace.so")).stdout
        self.assertEqual(wanted, sorted(line.split()[0].split("@")[0] for line in shown.splitlines() if line.split()[1] != "A"))

    def test_the_manual_pages_are_sound(self):
        pages = [ROOT / "docs/man/ctrace.1", ROOT / "docs/man/libctrace.3"]
        if shutil.which("mandoc"):
            done = run("mandoc", "-T", "lint", "-W", "warning", *pages)
            self.assertEqual("", done.stdout)
        for page in pages:
            if shutil.which("man"):
                shown = run("man", "--warnings", "-l", page, env={**os.environ, "MANPAGER": "cat", "LC_ALL": "C.UTF-8"})
                self.assertEqual((0, ""), (shown.returncode, shown.stderr))

    def test_the_manual_and_the_completions_know_every_command(self):
        shown = run(self.prefix / "bin/ctrace", "--help").stdout
        listed = shown.split("commands:\n")[1].split("\n\n")[0]
        commands = [line.split()[0] for line in listed.splitlines()]
        self.assertIn("help", commands)
        texts = {name: (ROOT / "docs" / name).read_text() for name in
                 ("man/ctrace.1", "completion/ctrace.bash", "completion/_ctrace", "completion/ctrace.fish")}
        for command in commands:
            for name, text in texts.items():
                with self.subTest(command=command, text=name):
                    self.assertIn(command, text)

    def test_every_option_is_in_the_manual_and_the_completions(self):
        for command in ("view", "convert", "dump", "check"):
            shown = run(self.prefix / "bin/ctrace", command, "--help").stdout
            options = {word.strip(",") for line in shown.splitlines() for word in line.split()[:2] if word.startswith("--")}
            manual = (ROOT / "docs/man/ctrace.1").read_text()
            bash = (ROOT / "docs/completion/ctrace.bash").read_text()
            for option in options - {"--help", "--quiet", "--output"}:
                with self.subTest(command=command, option=option):
                    self.assertIn(f"Fl -{option[2:]}", manual)
                    self.assertIn(option, bash)


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main()
