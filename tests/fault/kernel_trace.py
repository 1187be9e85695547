# SPDX-License-Identifier: MIT
"""A trace of kernel events as Python sees it, read from what `ctrace dump` prints; and the kernel's own tracefs,
without mounting it anywhere."""

import ctypes
import os
import re
import subprocess
from collections import Counter
from typing import NamedTuple

SECONDS = 120


class Event(NamedTuple):
    ticks: int
    kind: str
    fields: tuple  # numbers, and texts as they stand


class Trace:
    """`events`: of all CPUs in order of time. Rows by their keys; the last one counts."""

    def __init__(self, ctrace, path):
        done = subprocess.run([ctrace, "dump", str(path)], capture_output=True, text=True, timeout=SECONDS, check=False)
        self.text = done.stdout
        self.strings, self.calls, self.threads, self.buffers, self.sources = {0: ""}, {}, {}, {}, {}
        self.processes, self.files, self.events = {}, [], []
        ticks = 0
        for line in self.text.splitlines():
            word = line.split(" ", 3)
            if line.startswith("chunk EVENTS"):
                ticks = int(re.search(r"base=(\d+)", line).group(1))
            elif line.startswith("  +"):
                ticks += int(word[2])
                self.events.append(Event(ticks, *self._event(line)))
            elif line.startswith("  string"):
                self.strings[int(word[3].split(" ")[0])] = word[3].split('"', 1)[1].rsplit('"', 1)[0]
            elif line.startswith("  "):
                self._row(line.split())
        self.events.sort(key=lambda event: event.ticks)

    @staticmethod
    def _event(line):
        kind, _, rest = line.split(" ", 3)[3].partition(" ")
        found = re.finditer(r'"((?:[^"\\]|\\.)*)"|(-?\d+)\b', rest)
        fields = [int(field[2]) if field[1] is None else field[1] for field in found]
        return kind, tuple(fields)

    def _row(self, words):
        found = {key: int(value) for key, value in (word.split("=") for word in words[2:] if re.fullmatch(r"\w+=\d+", word))}
        table, key = words[0], words[1]
        if table == "call":
            self.calls[int(key)] = self.strings[found["name"]]
        elif table == "thread":
            self.threads[int(key)] = found | {"text": self.strings.get(found["name"], "?")}
        elif table == "process":
            self.processes[int(key)] = self.strings.get(found["name"], "?")
        elif table == "buffer":
            self.buffers[int(key)] = found
        elif table == "source":
            self.sources[self.strings[int(key)]] = found | {"text": self.strings.get(found["why"], "")}
        elif table == "file":
            self.files.append((int(key), found["fd"], found["from"], self.strings.get(found["name"], "?")))

    def of(self, *kinds):
        return [event for event in self.events if event.kind in kinds]

    def call_counts(self):
        return Counter(self.calls[event.fields[1]] for event in self.of("syscall_enter"))

    def lost(self):
        """By what the LOST events say."""
        return sum(event.fields[1] for event in self.of("lost"))


class Tracefs:
    """A descriptor of tracefs, by a mount that stands in no directory."""

    FSOPEN, FSCONFIG, FSMOUNT, CREATE = 430, 431, 432, 6

    def __init__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        self.root = -1
        made = libc.syscall(self.FSOPEN, b"tracefs", 1)
        if made >= 0 and libc.syscall(self.FSCONFIG, made, self.CREATE, None, None, 0) == 0:
            self.root = libc.syscall(self.FSMOUNT, made, 1, 0)
        if made >= 0:
            os.close(made)

    def instances(self):
        folder = os.open("instances", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.root)
        try:
            return os.listdir(folder)
        finally:
            os.close(folder)

    def close(self):
        if self.root >= 0:
            os.close(self.root)


def missing_for(ctrace, source, as_user=()):
    """Why a source cannot be recorded here; empty: it can."""
    import json
    done = subprocess.run([*as_user, ctrace, "sources", "--json"], capture_output=True, text=True, timeout=SECONDS, check=True)
    for row in json.loads(done.stdout)["sources"]:
        if row["name"] == source:
            return "" if row["available"] else f"{source}: {row['why']}; {row['remedy']}"
    return f"no source {source}"
