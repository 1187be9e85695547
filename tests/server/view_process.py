# SPDX-License-Identifier: MIT
"""A running `ctrace view` for tests, and HTTP requests as raw bytes."""

import os
import re
import select
import signal
import socket
import subprocess
import tempfile
import time


class View:
    """`ctrace view --no-open` over a file, in the foreground of nothing. Use as a context."""

    def __init__(self, program, path, *, wrapper=(), preexec=None, patience=120):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen([*wrapper, program, "view", "--no-open", path], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.errors, preexec_fn=preexec)
        line = self._first_line(patience)
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/#token=([0-9a-f]{32})\n", line)
        if not found:
            self.process.kill()
            raise RuntimeError(f"no URL but {line!r}; {self.stderr()}")
        self.port = int(found[1])
        self.token = found[2]

    def _first_line(self, patience):
        ready, _, _ = select.select([self.process.stdout], [], [], patience)
        return self.process.stdout.readline().decode() if ready else ""

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read().decode("utf-8", "replace")

    def stop(self, how=signal.SIGTERM, patience=120):
        """The exit status after a signal."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(patience)
        self.process.stdout.close()
        return status

    def resident_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))

    def open_descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        self.errors.close()


class Answer:
    """An HTTP answer: status 0 when the server closed without one."""

    def __init__(self, raw):
        self.raw = raw
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        found = re.match(r"HTTP/1\.1 (\d{3})", lines[0])
        self.status = int(found[1]) if found else 0
        self.fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.fields[name.lower()] = value.strip()


def connect(port, *, timeout=120, address="127.0.0.1"):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    connection.settimeout(timeout)
    connection.connect((address, port))
    return connection


def read_all(connection):
    """Everything until the server closes; a reset ends it, too."""
    parts = []
    try:
        while part := connection.recv(1 << 16):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


def send_raw(port, data, *, address="127.0.0.1", timeout=120):
    """Send bytes, read to the end."""
    with connect(port, address=address, timeout=timeout) as connection:
        try:
            connection.sendall(data)
        except ConnectionError:
            pass
        return Answer(read_all(connection))


def head(target, *fields, method="GET", version="HTTP/1.1"):
    return "\r\n".join([f"{method} {target} {version}", *fields, "", ""]).encode("latin-1")


def get(view, target, *fields, host=True, token=False, method="GET"):
    """A well-formed request unless the fields say otherwise."""
    own = [f"Host: 127.0.0.1:{view.port}"] if host else []
    own += [f"Authorization: Bearer {view.token}"] if token else []
    return send_raw(view.port, head(target, *own, *fields, method=method))


def wait_for(condition, patience=120):
    """True as soon as the condition holds, False after a long while: never the measure of a test."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False
