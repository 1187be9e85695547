# SPDX-License-Identifier: MIT
"""Every header compiles alone, and the public one in every language and with every compiler it promises."""

import itertools
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("format", "tracer", "viewer-server", "cli", "examples", "tests", "bench")
PUBLIC = "ctrace/trace.h"
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
LIBRARIES = ["libmicrohttpd", "libwebsockets", "jansson", "liblz4"]
# Every macro and function a program may write, so that what they expand to is compiled and not only the definitions.
PROGRAM = ROOT / "tests/structure/every_call.c"


def library_flags():
    shown = subprocess.run(["pkg-config", "--cflags", *LIBRARIES], capture_output=True, text=True, check=False)
    return shown.stdout.split()


def compile_text(compiler, flags, text):
    done = subprocess.run([compiler, *flags, "-fsyntax-only", "-I", str(ROOT / "tracer/include"), "-"], input=text,
                          capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stderr


def internal_jobs():
    flags = ["-x", "c", "-std=gnu17", "-D_GNU_SOURCE", "-I", str(ROOT), "-Wall", "-Wextra", "-Werror", *library_flags()]
    headers = sorted(p.relative_to(ROOT).as_posix() for folder in FOLDERS for p in (ROOT / folder).rglob("*.h"))
    for header in headers:
        if "node_modules" in header or "tracer/include" in header:
            continue
        # What runs in the kernel is told whose registers it looks into.
        machine = ["-D__TARGET_ARCH_x86"] if header.endswith(".bpf.h") else []
        yield f"{header}", "gcc", [*flags, *machine], f'#include "{header}"\n#include "{header}"\n'


def public_jobs():
    if not (ROOT / "tracer/include" / PUBLIC).exists():
        return
    languages = [("c", "c11"), ("c", "c17"), ("c++", "c++17"), ("c++", "c++20")]
    compilers = {"c": ("gcc", "clang"), "c++": ("g++", "clang++")}
    for (language, standard), extra in itertools.product(languages, ([], ["-DCTRACE_DISABLE"])):
        for compiler in compilers[language]:
            if shutil.which(compiler):
                name = " ".join([PUBLIC, compiler, standard, *extra])
                yield name, compiler, ["-x", language, f"-std={standard}", *STRICT, *extra], PROGRAM.read_text()


def main():
    jobs = [*internal_jobs(), *public_jobs()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda job: compile_text(*job[1:]), jobs))
    failed = [(job[0], errors) for job, (is_ok, errors) in zip(jobs, results) if not is_ok]
    for name, errors in failed:
        print(f"FAILED {name}\n{errors}")
    print(f"{len(jobs) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
