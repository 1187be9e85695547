# SPDX-License-Identifier: MIT
"""Holds the two decoders against each other over snapshots of a flight recorder, taken from a program that runs.

    compare_snapshots.py --canonical PROGRAM --host PROGRAM

HOST is tests/server/debug_host.c, whose threads emit. Windows of several lengths are asked for while it works, rests and floods.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from compare import check_files  # noqa: E402

WINDOWS = ("60", "1", "0.1", "0.01", "1e-9")


class Host:
    """The program, obeying lines."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "CTRACE_FLIGHT": "60s,1MiB"})
        self.port = int(self.ask("serve 127.0.0.1:0"))

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def snapshot(self, last):
        url = f"http://127.0.0.1:{self.port}/debug/pprof/trace?last={last}"
        with urllib.request.urlopen(url, timeout=300) as answer:
            return answer.read()


def take_all(host, folder):
    """(title, path) of each snapshot."""
    files = []
    for _ in range(1000):
        if len(host.snapshot("60")) > 50000:
            break
    for pace in ("work", "flood", "rest"):
        host.ask(pace)
        for last in WINDOWS:
            path = folder / f"{pace}-{last}.trace"
            path.write_bytes(host.snapshot(last))
            files.append((f"{pace}, last={last}", path))
    return files


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--canonical", required=True)
    parser.add_argument("--host", required=True)
    options = parser.parse_args()
    host = Host(options.host)
    with tempfile.TemporaryDirectory() as folder:
        files = take_all(host, Path(folder))
        host.process.communicate("quit\n", timeout=300)
        failed = list(check_files(options.canonical, files))
        for title, _, found in failed:
            print(f"FAIL {title}: {found}")
    print(f"{len(files) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
