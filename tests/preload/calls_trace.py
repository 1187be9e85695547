# SPDX-License-Identifier: MIT
"""Runs programs with and without the preload library, and reads the calls in their traces."""

import os
import re
import subprocess
from collections import Counter
from pathlib import Path

SECONDS = 120


class Programs:
    """Where things are; filled from the command line."""

    ctrace = preload = None


def run(*words, env=None, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, timeout=SECONDS, check=False,
                          stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})}, **more)


def result_of(done):
    return done.returncode, done.stdout, done.stderr


def preloaded(*words, **more):
    """With the library, and nobody recording."""
    return run(*words, env={"LD_PRELOAD": str(Programs.preload)}, **more)


def record_words(trace):
    return [Programs.ctrace, "record", "-q", "--sources", "spans,preload,locks", "-o", trace, "--"]


def recorded(trace, *words, **more):
    return run(*record_words(trace), *words, **more)


class Trace:
    """What `ctrace dump` says of the calls, after `ctrace check` found nothing wrong."""

    def __init__(self, path):
        checked = run(Programs.ctrace, "check", path)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        self.text = run(Programs.ctrace, "dump", path).stdout.decode("utf-8", "replace")
        Path(path).unlink()
        strings = dict(re.findall(r'^  string (\d+) "(.*)"$', self.text, re.MULTILINE))
        self.names = {call: strings[name] for call, name in re.findall(r"^  call (\d+) layer=\d name=(\d+)", self.text, re.MULTILINE)}
        self.layers = {self.names[call]: int(layer) for call, layer in re.findall(r"^  call (\d+) layer=(\d)", self.text, re.MULTILINE)}
        self.lost = int(re.search(r"^trailer lost=(\d+)", self.text, re.MULTILINE)[1])
        self.streams = {}
        for chunk in re.split(r"^chunk ", self.text, flags=re.MULTILINE):
            found = re.match(r"EVENTS stream=(\d+)", chunk)
            if found:
                self.streams.setdefault(int(found[1]), []).extend(
                    re.findall(r"^  \+\d+ (\w+) ?(.*)$", chunk, re.MULTILINE))

    def threads(self):
        """Rows of threads that wrote something, by stream."""
        return dict(re.findall(r"^  thread (\d+) pid=\d+ tid=(\d+) .*written=[1-9]", self.text, re.MULTILINE))

    def events(self, kind):
        return [rest.split(" ") for events in self.streams.values() for what, rest in events if what == kind]

    def begun(self):
        return Counter(self.names[fields[1]] for fields in self.events("syscall_enter"))

    def ended(self):
        return Counter(self.names[fields[1]] for fields in self.events("syscall_exit"))

    def results(self, name):
        return [int(fields[2]) for fields in self.events("syscall_exit") if self.names[fields[1]] == name]

    def texts(self):
        return [" ".join(fields[2:]).strip('"') for fields in self.events("syscall_text")]

    def nesting_faults(self):
        """Ends that are not those of the innermost open call, span or not."""
        faults = 0
        for events in self.streams.values():
            open_calls = []
            for kind, rest in events:
                if kind == "syscall_enter":
                    open_calls.append(rest.split(" ")[1])
                elif kind == "syscall_exit":
                    faults += not open_calls or open_calls.pop() != rest.split(" ")[1]
        return faults
