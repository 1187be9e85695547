# SPDX-License-Identifier: MIT
"""A small WebSocket client on plain sockets, with the means to break every rule on purpose.

    page = connect(port, token)         handshake as a browser does it
    page.send(text) / page.ask(...)     one masked text frame
    page.receive()                      the next whole message: str or bytes
"""

import base64
import json
import os
import socket
import struct

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Closed(Exception):
    """The server closed the connection; `code` is what its close frame said, or None."""

    def __init__(self, code=None, reason=""):
        super().__init__(f"closed {code} {reason}")
        self.code = code
        self.reason = reason


def handshake(port, token, *, host=None, origin="", path="/api/socket", protocols=None, extra=()):
    """The bytes of an upgrade request. origin "" means our own, None leaves it out."""
    host = f"127.0.0.1:{port}" if host is None else host
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket",
             "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode()]
    if origin is not None:
        lines.append(f"Origin: {origin or f'http://{host}'}")
    protocols = f"ctrace.v1, token.{token}" if protocols is None else protocols
    if protocols:
        lines.append(f"Sec-WebSocket-Protocol: {protocols}")
    return "\r\n".join([*lines, *extra, "", ""]).encode("latin-1")


def frame(opcode, payload, *, fin=True, masked=True, length=None):
    """One frame; `length` lies about how long the payload is."""
    size = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | opcode])
    mask_bit = 0x80 if masked else 0
    if size < 126:
        head += bytes([mask_bit | size])
    elif size < 65536:
        head += bytes([mask_bit | 126]) + struct.pack(">H", size)
    else:
        head += bytes([mask_bit | 127]) + struct.pack(">Q", size)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    repeated = (mask * (len(payload) // 4 + 1))[:len(payload)]
    mixed = (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(payload), "big")
    return head + mask + mixed


class Page:
    """A connected page."""

    def __init__(self, connection, rest=b""):
        self.connection = connection
        self.buffer = rest
        self.next_req = 1
        self.aside = []

    def send(self, message):
        text = message if isinstance(message, str) else json.dumps(message, separators=(",", ":"))
        self.connection.sendall(frame(TEXT, text.encode()))

    def _take(self, size):
        while len(self.buffer) < size:
            got = self.connection.recv(1 << 16)
            if not got:
                raise Closed()
            self.buffer += got
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def receive_frame(self):
        first, second = self._take(2)
        size = second & 127
        if size == 126:
            size = struct.unpack(">H", self._take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self._take(8))[0]
        assert not second & 0x80, "a server does not mask"
        return first & 0x80 != 0, first & 15, self._take(size)

    def receive(self):
        """The next message: dict of a text, bytes of a binary one. Answers pings; raises Closed."""
        parts, kind = [], None
        while True:
            fin, opcode, payload = self.receive_frame()
            if opcode == CLOSE:
                code = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else None
                raise Closed(code, payload[2:].decode())
            if opcode == PING:
                self.connection.sendall(frame(PONG, payload))
                continue
            if opcode == PONG:
                continue
            kind = opcode or kind
            parts.append(payload)
            if fin:
                whole = b"".join(parts)
                return whole if kind == BINARY else json.loads(whole.decode("utf-8", "strict"))

    def until(self, wanted):
        """The next message for which wanted(message) holds; others are kept in `aside`."""
        while True:
            message = self.receive()
            if wanted(message):
                return message
            self.aside.append(message)

    def ask(self, kind, **members):
        """One question and its answer."""
        req = self.next_req
        self.next_req += 1
        self.send({"type": kind, "req": req, **members})
        return self.until(lambda m: isinstance(m, dict) and m.get("req") == req)

    def open(self):
        """hello and all names; what the page knows before it asks for anything."""
        hello = self.until(lambda m: isinstance(m, dict) and m["type"] in ("hello", "error"))
        assert hello["type"] == "hello", hello
        return hello

    def close(self):
        self.connection.close()


def connect(port, token, *, timeout=120, receive_buffer=None, **how):
    """Connect and shake hands. Raises ConnectionError with the status line when refused."""
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(timeout)
    connection.connect(("127.0.0.1", port))
    connection.sendall(handshake(port, token, **how))
    answer = b""
    while b"\r\n\r\n" not in answer:
        got = connection.recv(4096)
        if not got:
            break
        answer += got
    head, _, rest = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 101"):
        connection.close()
        raise ConnectionError(head.split(b"\r\n")[0].decode("latin-1"))
    assert b"sec-websocket-protocol: ctrace.v1" in head.lower(), head
    return Page(connection, rest)
