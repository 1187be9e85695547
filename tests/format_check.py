# SPDX-License-Identifier: MIT
"""Tools decide the layout: every C and C++ file is as clang-format 14 writes it, every script passes bash -n."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from layering import Tree  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
BATCH = 25
FORMATTER = shutil.which("clang-format-14") or shutil.which("clang-format")


def are_formatted(paths):
    """One run for many files: starting the tool costs more than reading a file."""
    done = subprocess.run([FORMATTER, "--dry-run", *paths], cwd=ROOT, capture_output=True, text=True, check=False)
    places = {}
    for line in done.stderr.splitlines():
        if "-Wclang-format-violations" in line or ": error: " in line:
            places.setdefault(line.split(":")[0], line)
    return [(path, path not in places, places.get(path, "")) for path in paths]


def is_script(path):
    done = subprocess.run(["bash", "-n", path], cwd=ROOT, capture_output=True, text=True, check=False)
    return path, done.returncode == 0, done.stderr.strip()


def shell_scripts(tree):
    candidates = [p for p in tree.paths if p.startswith(("script/", ".ci/", "bench/", "docs/")) or p.endswith(".sh")]
    return [p for p in candidates if tree.read(p).startswith(("#!/usr/bin/env bash", "#!/bin/bash", "#!/bin/sh"))]


def main():
    if FORMATTER is None:
        print("clang-format is missing: script/setup installs it")
        return 1
    tree = Tree(ROOT)
    sources = tree.of(".c", ".h", ".cpp")
    batches = [sources[at:at + BATCH] for at in range(0, len(sources), BATCH)]
    with ThreadPoolExecutor(2) as pool:
        results = [result for batch in pool.map(are_formatted, batches) for result in batch]
    results += map(is_script, shell_scripts(tree))
    failed = [(path, place) for path, is_good, place in results if not is_good]
    for path, place in failed:
        print(f"{path}: not as the tool writes it: {place}")
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
