# SPDX-License-Identifier: MIT
"""Holds the two decoders against each other: every golden trace, and generated ones, some of them damaged.

    compare.py --canonical PROGRAM --trace-maker PROGRAM [--ctrace PROGRAM --golden FOLDER] [--count N] [--seed N] [--keep FOLDER]

Both must refuse, or both must give the same rows, events, times and damaged places.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import islice, zip_longest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from canonical_form import canonical_lines  # noqa: E402
from mutations import mutate  # noqa: E402

BATCH = 20


def by_c(canonical, paths):
    """path -> lines, one run of the C program for all."""
    done = subprocess.run([canonical, *map(str, paths)], capture_output=True, text=True, check=False, errors="replace")
    found, lines = {}, []
    for line in done.stdout.splitlines():
        if line.startswith("== "):
            lines = found.setdefault(line[3:], [])
        else:
            lines.append(line)
    if done.returncode != 0:
        lines.append(f"the program ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return found


def difference(ours, theirs):
    """The first line where they part, None if they do not."""
    for number, (a, b) in enumerate(zip_longest(ours, theirs, fillvalue="(nothing)"), 1):
        if a != b:
            return f"line {number}\n      SPEC.md says  {a[:300]}\n      the C reader  {b[:300]}"
    return None


def check_files(canonical, files):
    """Yields (title, path, difference) for each file the two see differently."""
    answers = by_c(canonical, [path for _, path in files])
    for title, path in files:
        found = difference(list(canonical_lines(path.read_bytes())), answers.get(str(path), ["no answer"]))
        if found is not None:
            yield title, path, found


def make_trace(options, seed, folder):
    rng = random.Random(seed)
    path = folder / f"{seed}.trace"
    size = rng.choice((0, 3, 30, 200, 600))
    kernel = rng.choice(([], ["--kernel"]))
    subprocess.run([options.trace_maker, str(seed), "--events", str(size), "--threads", str(rng.randrange(1, 6)), *kernel,
                    "-o", str(path)], check=True, capture_output=True)
    name, data = mutate(rng, path.read_bytes())
    path.write_bytes(data)
    return f"seed {seed}, {name}", path


def check_seeds(options, seeds):
    """Runs in a process of its own: a batch of generated traces."""
    with tempfile.TemporaryDirectory(prefix="ctrace-oracle-") as folder:
        files = [make_trace(options, seed, Path(folder)) for seed in seeds]
        found = []
        for title, path, text in check_files(options.canonical, files):
            kept = Path(options.keep) / path.name
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(path.read_bytes())
            found.append(f"{title} ({kept}): {text}")
        return len(files), found


def check_golden(options):
    texts = sorted(Path(options.golden).rglob("*.txt")) if options.golden else []
    with tempfile.TemporaryDirectory(prefix="ctrace-oracle-") as folder:
        files = []
        for text in texts:
            path = Path(folder) / f"{text.parent.name}-{text.stem}.trace"
            subprocess.run([options.ctrace, "dump", "--assemble", str(text), "-o", str(path)], check=True)
            files.append((f"golden {text.parent.name}/{text.name}", path))
        found = [f"{title}: {text}" for title, _, text in check_files(options.canonical, files)] if files else []
        return len(files), found


def batches(numbers):
    numbers = iter(numbers)
    while batch := list(islice(numbers, BATCH)):
        yield batch


def check_generated(options):
    first = options.seed * 1_000_000
    total, found = 0, []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(check_seeds, options, batch) for batch in batches(range(first, first + options.count))]
        for job in jobs:
            count, differences = job.result()
            total += count
            found += differences
    return total, found


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--canonical", required=True, help="the program made from canonical.c")
    parser.add_argument("--trace-maker", required=True, help="the program that makes a trace from a seed")
    parser.add_argument("--ctrace", help="assembles the golden files")
    parser.add_argument("--golden", help="folder of golden files")
    parser.add_argument("--count", type=int, default=int(os.environ.get("CTRACE_ORACLE_COUNT", "2000")))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CTRACE_TEST_SEED", time.time_ns() % 1_000_000)))
    parser.add_argument("--keep", default="oracle-differences", help="where traces go that the two see differently")
    return parser.parse_args()


def main():
    options = arguments()
    print(f"seed: {options.seed}", flush=True)
    golden, golden_found = check_golden(options)
    generated, generated_found = check_generated(options)
    found = golden_found + generated_found
    for text in found[:20]:
        print(text)
    print(f"{golden} golden and {generated} generated traces")
    print(f"{golden + generated - len(found)} passed, {len(found)} failed")
    return 1 if found or golden + generated == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
