# SPDX-License-Identifier: MIT
"""A program that records itself (inside_host.c), and what its traces say; for the tests of it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from other_user import NOBODY, why_not_nobody  # noqa: E402

# Set by whoever imports this.
OPTIONS = None
# Of nobody else: what users may lock in memory is counted for each of them.
SOMEBODY = 61234


def as_user(command, user):
    if user is None:
        return command
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--inh-caps=-all", *command]


def facts_of(path):
    answer = subprocess.run([OPTIONS.facts, path], capture_output=True, text=True, timeout=120, check=False)
    if answer.returncode != 0:
        raise AssertionError(answer.stderr)
    return json.loads(answer.stdout)


def stops_of(pid, tid):
    """How often a thread has stopped running, once it stands."""
    path = f"/proc/{pid}/task/{tid}/status"
    while True:
        with open(path, encoding="utf-8") as file:
            status = file.read()
        if re.search(r"^State:\tS", status, re.MULTILINE):
            return sum(map(int, re.findall(r"^(?:non)?voluntary_ctxt_switches:\t(\d+)$", status, re.MULTILINE)))


class Host:
    """The program; each command is answered by a line."""

    def __init__(self, user, environment=None, **more):
        self.process = subprocess.Popen(as_user([OPTIONS.host], user), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}, **more)
        self.pid = int(self.process.stdout.readline())

    def ask(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()

    def number(self, *words):
        return int(self.ask(*words))

    def counts(self, *words):
        """{tid: switches} as threads counted them themselves."""
        answer = self.ask(*words).split()
        return dict(zip(answer[0::2], map(int, answer[1::2])))

    def trace(self, port, query):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/debug/pprof/trace?{query}", timeout=60) as answer:
            return answer.read()

    def end(self):
        """What it said on stderr."""
        if self.process.poll() is None:
            print("quit", file=self.process.stdin, flush=True)
        said = self.process.communicate(timeout=60)[1]
        return said


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.user = NOBODY if OPTIONS.as_nobody else None
        if OPTIONS.as_nobody and (why := why_not_nobody(OPTIONS.host)):
            self.skipTest(why)
        self.folder = tempfile.mkdtemp(prefix="ctrace-inside-")
        os.chmod(self.folder, 0o777)
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "trace.out")

    def host(self, environment=None, user=None, **more):
        host = Host(user or self.user, environment, **more)
        self.addCleanup(host.process.stdin.close)
        self.addCleanup(host.end)
        return host

    def save_as(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return facts_of(path)
