# SPDX-License-Identifier: MIT
"""A program with a debug port (debug_host.c), and clients of it: quick, raw, slow, and for endless answers."""

import contextlib
import http.client
import io
import os
import random
import select
import socket
import subprocess
import tempfile
import threading
import time
import unittest

PROGRAM, CTRACE = None, None  # until use() says
PATIENCE_S = 120  # until something that must happen counts as not happening
ROOT = "/debug/pprof/"


def use(program, ctrace):
    """Which host program is asked, and which ctrace checks what it answers."""
    global PROGRAM, CTRACE
    PROGRAM, CTRACE = os.path.abspath(program), os.path.abspath(ctrace)


def eventually(question):
    """The first true answer, asked again and again; the last one if patience ends."""
    end = time.monotonic() + PATIENCE_S
    while True:
        answer = question()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.02)


class Host:
    """The program under test."""

    def __init__(self, environment=None):
        alive, self.lifeline = os.pipe()  # forked children live as long as we hold our end
        self.command = [PROGRAM, str(alive)]
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, pass_fds=(alive,),
                                        env={**os.environ, **(environment or {})})
        os.close(alive)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def serve(self, address="127.0.0.1:0"):
        self.port = int(self.ask(f"serve {address}"))
        return self.port

    def sessions(self):
        return int(self.ask("stats").split()[4])

    def end(self):
        os.close(self.lifeline)
        _, errors = self.process.communicate("quit\n", timeout=PATIENCE_S)
        return errors

    @property
    def folder(self):
        return f"/proc/{self.process.pid}"


@contextlib.contextmanager
def hosting(environment=None):
    host = Host(environment)
    try:
        yield host
    finally:
        if host.process.poll() is None:
            host.end()
        for stream in (host.process.stdin, host.process.stdout, host.process.stderr):
            stream.close()


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = body


def ask(port, path, method="GET", headers=None, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    with contextlib.closing(connection):
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response, response.read())


def ask_raw(port, request):
    """Everything that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as client:
        client.sendall(request)
        pieces = []
        with contextlib.suppress(ConnectionResetError):
            while piece := client.recv(65536):
                pieces.append(piece)
        return b"".join(pieces)


def status_of(raw):
    return int(raw.split(b" ", 2)[1]) if raw.startswith(b"HTTP/1.") else None


def run_ctrace(*arguments):
    return subprocess.run([CTRACE, *arguments], capture_output=True, text=True, timeout=120, check=False)


def check(trace):
    """The path of a file with these bytes, which `ctrace check` finds nothing wrong with."""
    file = tempfile.NamedTemporaryFile(suffix=".trace", delete=False)
    with file:
        file.write(trace)
    result = run_ctrace("check", file.name)
    if result.returncode != 0:
        raise AssertionError(f"ctrace check {file.name}: {result.returncode}\n{result.stdout}{result.stderr}")
    return file.name


def text_of(trace):
    path = check(trace)
    try:
        return run_ctrace("dump", path).stdout
    finally:
        os.unlink(path)


def free_port():
    """Below those that the kernel gives to others for the asking, so that it stays free until we use it."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(20000, 32000)))
            return probe.getsockname()[1]


def open_trace(port, seconds, receive_buffer=None, query=None):
    """A socket on which the head of an endless answer has been read."""
    client = socket.socket()
    client.settimeout(PATIENCE_S)
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.connect(("127.0.0.1", port))
    client.sendall(f"GET {ROOT}trace?{query or f'seconds={seconds}'} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(1)
    assert head.startswith(b"HTTP/1.1 200 "), head
    return client


@contextlib.contextmanager
def trickling(client):
    """Meanwhile a little is read now and then, so that the client is slow, but not dead. Gives the pieces."""
    pieces, is_over = [], threading.Event()

    def trickle():
        while not is_over.wait(0.2):
            if select.select([client], [], [], 0)[0]:
                pieces.append(client.recv(500))

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        yield pieces
    finally:
        is_over.set()
        thread.join()


class Continued(io.RawIOBase):
    """What was read already, then what comes from the socket."""

    def __init__(self, begun, client):
        self.begun, self.client = begun, client

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self.begun:
            return self.client.recv_into(buffer)
        size = min(len(buffer), len(self.begun))
        buffer[:size], self.begun = self.begun[:size], self.begun[size:]
        return size


def read_chunked(client, begun=b""):
    """The body, of which `begun` was read before; raises EOFError if it is cut."""
    stream = io.BufferedReader(Continued(begun, client))
    body = b""
    while True:
        line = stream.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError(f"cut after {len(body)} bytes")
        size = int(line.split(b";")[0], 16)
        piece = stream.read(size)
        if len(piece) != size or stream.read(2) != b"\r\n":
            raise EOFError(f"cut after {len(body)} bytes")
        if size == 0:
            return body
        body += piece


class WithHost(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = Host()
        cls.port = cls.host.serve()

    @classmethod
    def tearDownClass(cls):
        if cls.host.process.poll() is None:
            cls.errors = cls.host.end()
        for stream in (cls.host.process.stdin, cls.host.process.stdout, cls.host.process.stderr):
            stream.close()

    def ask(self, path, *arguments, **named):
        return ask(self.port, path, *arguments, **named)
