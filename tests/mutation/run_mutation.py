# SPDX-License-Identifier: MIT
"""Does the suite turn red when the code is wrong? Each edit of edits.py is made in a copy of the tree, built, and tested.

    run_mutation.py FOLDER [WORD…]      FOLDER: where the copy and its builds are kept; WORD: only edits whose line holds it

An edit counts as found when the copy still builds and its test fails, twice: once may be the machine's fault. The tests must
pass first without any edit.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from edits import EDITS

ROOT = Path(__file__).resolve().parents[2]
BUILDS = {
    # As tests/runner builds them, but that a warning about what an edit left over is none of our business.
    "gcc": ("gcc", ["-Dwerror=false", "-Dweb=disabled"]),
    "tsan": ("clang", ["-Dwerror=false", "-Dweb=disabled", "-Db_sanitize=thread", "-Db_lundef=false"]),
}
SECONDS_MAX = 300
TSAN_OPTIONS = "halt_on_error=1:die_after_fork=0"


def run(command, **more):
    return subprocess.run(command, capture_output=True, text=True, check=False, **more)


def copy_tree(to):
    """What is in the tree now, committed or not; files that did not change keep their time, so that builds stay valid."""
    listed = run(["git", "-C", str(ROOT), "-c", "safe.directory=*", "ls-files", "-coz", "--exclude-standard"])
    paths = [Path(p) for p in listed.stdout.split("\0") if p and (ROOT / p).is_file()]
    if not paths:
        sys.exit("mutation: git names no files here: a checkout is needed")
    for path in paths:
        new, old = ROOT / path, to / path
        if not old.exists() or old.read_bytes() != new.read_bytes():
            old.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(new, old)
            old.chmod(new.stat().st_mode | 0o200)


def build_folder(tree, name):
    """Configured, once."""
    compiler, options = BUILDS[name]
    folder = tree / "build" / name
    if not (folder / "build.ninja").exists():
        compilers = {"CC": compiler, "CXX": {"gcc": "g++"}.get(compiler, "clang++")}
        done = run(["meson", "setup", str(folder), *options], cwd=tree, env={**os.environ, **compilers})
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
    return folder


def target_of(test):
    for folder in ("unit", "fault"):
        if (ROOT / "tests" / folder / (test + ".c")).exists():
            return f"tests/{folder}/{test}"
    sys.exit(f"mutation: no test is called {test}")


def build(tree, edit):
    done = run(["ninja", "-C", str(build_folder(tree, edit.build)), target_of(edit.test)])
    return "" if done.returncode == 0 else done.stdout[-2000:]


def passes(tree, edit):
    """Of two tries."""
    return passes_once(tree, edit) or passes_once(tree, edit)


def passes_once(tree, edit):
    program = [str(build_folder(tree, edit.build) / target_of(edit.test))]
    environment = {**os.environ, "TSAN_OPTIONS": TSAN_OPTIONS, "CTRACE_TEST_SEED": "1"}
    if edit.build == "tsan" and shutil.which("setarch"):
        program = ["setarch", "-R", *program]
    try:
        return run(program, cwd=tree, env=environment, timeout=SECONDS_MAX, stdin=subprocess.DEVNULL).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def try_edit(tree, edit):
    """"" when a test turned red, else what is wrong with the edit or with the tests."""
    path = tree / edit.path
    text = path.read_text(encoding="utf-8")
    if text.count(edit.find) != 1:
        return f"what it replaces stands {text.count(edit.find)} times in the file"
    path.write_text(text.replace(edit.find, edit.replace), encoding="utf-8")
    try:
        broken = build(tree, edit)
        if broken:
            return "does not build:\n" + broken
        return f"{edit.test} stays green" if passes(tree, edit) else ""
    finally:
        path.write_text(text, encoding="utf-8")


def title(edit):
    return f"{edit.path}: {' '.join(edit.find.split())[:70]}  [{edit.test}{', tsan' if edit.build == 'tsan' else ''}]"


def main():
    tree, words = Path(sys.argv[1]).resolve() / "tree", sys.argv[2:]
    edits = [edit for edit in EDITS if all(word in title(edit) for word in words)]
    tally = {True: 0, False: 0}
    copy_tree(tree)
    for first in {(edit.build, edit.test): edit for edit in edits}.values():
        broken = build(tree, first)
        if broken or not passes(tree, first):
            sys.exit(f"{first.build}: {first.test} is red without any edit\n{broken}\n0 passed, 1 failed")
    for edit in edits:
        began = time.monotonic()
        wrong = try_edit(tree, edit)
        tally[not wrong] += 1
        print(f"{'FAIL' if wrong else 'ok  '} {title(edit)}, {time.monotonic() - began:.0f} s", flush=True)
        if wrong:
            print("     " + wrong)
    print(f"{tally[True]} passed, {tally[False]} failed")
    return 1 if tally[False] else 0


if __name__ == "__main__":
    sys.exit(main())
