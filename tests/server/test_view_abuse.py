# SPDX-License-Identifier: MIT
"""Whatever clients do, the viewer's server stays up, small, and quick for others; and it ends cleanly.

    test_view_abuse.py CTRACE TRACE_MAKER        CTRACE_TEST_SEED: of the garbage

Holds, at the limit and one past it: CTRACE_SERVE_CONNECTIONS_MAX, CTRACE_SERVE_REFUSALS_MAX, CTRACE_HEAD_MS, CTRACE_REFUSAL_MS,
CTRACE_MESSAGE_BYTES_MAX, CTRACE_MESSAGES_PER_SECOND, CTRACE_QUESTIONS_MAX, CTRACE_STALL_MS; and that what waits is bounded by
CTRACE_PENDING_BYTES_MAX, CTRACE_BATCH_BYTES and CTRACE_PIECE_BYTES.
"""

import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from tile_bytes import decode
from view_process import Answer, View, connect, get, head, read_all, send_raw, wait_for
from websocket_client import CLOSE, PING, PONG, TEXT, Closed, frame, handshake
from websocket_client import connect as connect_page

PROGRAM, TRACE_MAKER = sys.argv[1:3]
CONNECTIONS = 64
MESSAGE_BYTES = 64 << 10
SEED = int(os.environ.get("CTRACE_TEST_SEED", time.time_ns() % 1000000))


def setUpModule():
    global FOLDER, PATH
    print(f"seed: {SEED}", flush=True)
    FOLDER = tempfile.TemporaryDirectory()
    PATH = str(Path(FOLDER.name) / "small.trace")
    subprocess.run([TRACE_MAKER, "3", "--events", "5000", "-o", PATH], check=True)


def tearDownModule():
    FOLDER.cleanup()


class ViewCase(unittest.TestCase):
    """A fresh server for each test, so that one test's clients are not another's."""

    wrapper = ()

    def setUp(self):
        self.view = View(PROGRAM, PATH, wrapper=self.wrapper, preexec=self.preexec)

    @staticmethod
    def preexec():
        pass

    def tearDown(self):
        status = self.view.stop()
        self.assertEqual(status, 0, self.view.stderr())
        self.view.errors.close()

    def page(self, **how):
        return connect_page(self.view.port, self.view.token, **how)

    def is_well(self):
        """A normal client is served."""
        self.assertEqual(get(self.view, "/").status, 200)
        page = self.page()
        page.open()
        self.assertEqual(page.ask("at", lane=0, time=0)["type"], "found")
        page.close()


class GarbageTest(ViewCase):
    def seeds(self, random_source):
        ours = f"Host: 127.0.0.1:{self.view.port}"
        whole = [head("/", ours), head("/trace.json?start=1", ours, f"Authorization: Bearer {self.view.token}"),
                 handshake(self.view.port, self.view.token), head("/", ours) * 3,
                 handshake(self.view.port, self.view.token) + frame(TEXT, b'{"type":"at","req":1,"lane":0,"time":0}')]
        return random_source.choice(whole)

    def mutate(self, data, random_source):
        data = bytearray(data)
        for _ in range(random_source.randint(1, 4)):
            at = random_source.randrange(len(data) + 1)
            kind = random_source.randrange(5)
            if kind == 0:
                data[at:at + 1] = bytes([random_source.randrange(256)])
            elif kind == 1:
                data[at:at] = random_source.randbytes(random_source.randrange(1, 9))
            elif kind == 2:
                del data[at:at + random_source.randrange(1, 20)]
            elif kind == 3:
                data[at:at] = data[:random_source.randrange(len(data) + 1)]
            else:
                data[at:at] = random_source.choice([b"\r\n", b"\n", b"\0", b":", b" ", b"%", b"/..", b"Host: x\r\n", b"\r\n\r\n"])
        return bytes(data)

    def test_2000_mutated_requests(self):
        source = random.Random(SEED)
        for _ in range(2000):
            with connect(self.view.port) as connection:
                try:
                    connection.sendall(self.mutate(self.seeds(source), source))
                    connection.shutdown(socket.SHUT_WR)
                    connection.settimeout(20)
                    if source.random() < 0.7:
                        Answer(connection.recv(4096))
                except OSError:
                    pass
        self.is_well()

    def random_frame(self, source):
        payload = source.randbytes(source.choice([0, 1, 5, 125, 126, 200, 1000]))
        if source.random() < 0.4:
            payload = b'{"type":"view","seq":%d,"want":[[0,%d,0,2]]}' % (source.randrange(9), source.randrange(60))
        length = source.choice([None, None, None, 0, 127, 65536, 2**31, 2**63, 2**64 - 1])
        data = frame(source.choice([0, TEXT, TEXT, 2, 3, 7, CLOSE, PING, PONG, 11, 15]), payload, fin=source.random() < 0.8,
                     masked=source.random() < 0.8, length=length)
        if source.random() < 0.2:
            data = bytes([data[0] | source.choice([0x10, 0x20, 0x40])]) + data[1:]
        return data

    def test_2000_garbage_frames(self):
        source = random.Random(SEED + 1)
        sent = 0
        while sent < 2000:
            page = self.page()
            try:
                for _ in range(source.randrange(1, 20)):
                    page.connection.sendall(self.random_frame(source))
                    sent += 1
            except ConnectionError:
                pass
            page.close()
        self.is_well()

    def test_resets_in_the_middle_of_answers(self):
        linger = b"\x01\0\0\0\0\0\0\0"
        for turn in range(200):
            connection = connect(self.view.port)
            connection.sendall(head("/", f"Host: 127.0.0.1:{self.view.port}") if turn % 2
                               else handshake(self.view.port, self.view.token))
            if turn % 3:
                connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.close()
        self.is_well()


class SlowTest(ViewCase):
    def test_silent_and_slow_clients_are_closed_and_others_served(self):
        """Twenty of each: no byte, half a head, a byte at a time; all are closed, and a normal client is answered meanwhile."""
        silent = [connect(self.view.port, timeout=120) for _ in range(20)]
        half = [connect(self.view.port, timeout=120) for _ in range(20)]
        for connection in half:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        slow = [connect(self.view.port, timeout=120) for _ in range(10)]
        self.is_well()
        for byte in head("/", f"Host: 127.0.0.1:{self.view.port}", "X: " + "y" * 200):
            for connection in slow:
                try:
                    connection.sendall(bytes([byte]))
                except ConnectionError:
                    pass
            time.sleep(0.03)
        for connection in silent + half + slow:
            answer = read_all(connection)
            self.assertNotIn(b" 200 ", answer)
            connection.close()
        self.is_well()

    def test_a_page_that_never_reads_is_closed(self):
        page = self.page(receive_buffer=4096)
        hello = page.open()
        lane = max((lane for lane in hello["lanes"] if lane["kind"] == "span"), key=lambda lane: lane["events"])["id"]
        level = max(0, int(hello["trace"]["duration"]).bit_length() - 9)
        before = self.view.resident_kib()
        page.send({"type": "view", "seq": 1, "want": [[lane, level, 0, 4]] * 4096})
        for req in range(60):
            page.send({"type": "range", "req": req, "lanes": [], "start": 0, "end": 1e18, "top": 1000, "order": "start"})
        descriptors = self.view.open_descriptors()
        self.assertTrue(wait_for(lambda: self.view.open_descriptors() < descriptors), "the page was not closed")
        self.assertLess(self.view.resident_kib() - before, 40 << 10)
        self.is_well()
        page.close()

    def test_a_refused_client_that_keeps_sending_is_closed(self):
        connection = connect(self.view.port, timeout=120)
        connection.sendall(head("/nothing", f"Host: 127.0.0.1:{self.view.port}"))
        with self.assertRaises(OSError):
            for _ in range(100000):
                connection.sendall(b"x" * 1000)
                time.sleep(0.001)
        connection.close()
        self.is_well()


class LimitTest(ViewCase):
    def test_64_connections_are_served_and_the_65th_is_told(self):
        pages = [self.page() for _ in range(CONNECTIONS)]
        for page in pages:
            page.open()
        answer = get(self.view, "/")
        self.assertEqual(answer.status, 503)
        for page in pages:
            self.assertEqual(page.ask("at", lane=0, time=0)["type"], "found")
        pages.pop().close()
        self.assertTrue(wait_for(lambda: get(self.view, "/").status == 200))
        for page in pages:
            page.close()
        self.assertTrue(wait_for(lambda: get(self.view, "/").status == 200))
        self.is_well()

    def test_connections_that_only_wait_count_too(self):
        waiting = [connect(self.view.port) for _ in range(CONNECTIONS)]
        self.assertEqual(get(self.view, "/").status, 503)
        for connection in waiting:
            connection.close()
        self.assertTrue(wait_for(lambda: get(self.view, "/").status == 200))

    def test_hundreds_of_connections_too_many_do_no_harm(self):
        many = []
        for _ in range(300):
            connection = connect(self.view.port)
            connection.sendall(b"GET / HTTP/1.1\r\n")
            many.append(connection)
        self.assertLess(self.view.open_descriptors(), 64 + 32 + 40)
        for connection in many:
            connection.close()
        self.assertTrue(wait_for(lambda: get(self.view, "/").status == 200))
        self.is_well()

    def test_a_message_of_64_kib_is_read_and_one_byte_more_ends_it(self):
        page = self.page()
        page.open()
        text = b'{"type":"at","req":1,"lane":0,"time":0'
        page.connection.sendall(frame(TEXT, text + b" " * (MESSAGE_BYTES - len(text) - 1) + b"}"))
        self.assertEqual(page.until(lambda m: isinstance(m, dict) and m.get("req") == 1)["type"], "found")
        page.connection.sendall(frame(TEXT, text + b" " * (MESSAGE_BYTES - len(text)) + b"}"))
        with self.assertRaises(Closed) as closed:
            while True:
                page.receive()
        self.assertIn(closed.exception.code, (1009, None))

    def test_messages_past_100_a_second_wait_and_none_is_lost(self):
        page = self.page()
        page.open()
        begin = time.monotonic()
        for req in range(301):
            page.send({"type": "at", "req": req, "lane": 0, "time": req})
        seen = set()
        while len(seen) < 301:
            message = page.receive()
            if isinstance(message, dict) and "req" in message:
                seen.add(message["req"])
        self.assertGreaterEqual(time.monotonic() - begin, 1.9)

    def test_64_questions_may_be_open(self):
        page = self.page()
        page.open()
        for req in range(90):
            page.send({"type": "range", "req": req, "lanes": [], "start": 0, "end": 1e18, "top": 1000, "order": "duration"})
        seen = set()
        while len(seen) < 90:
            message = page.receive()
            if isinstance(message, dict) and "req" in message:
                seen.add(message["req"])
                self.assertIn(message["type"], ("range", "error"))

    def test_a_head_past_the_limits_is_refused(self):
        ours = f"Host: 127.0.0.1:{self.view.port}"
        self.assertEqual(send_raw(self.view.port, head("/" + "a" * 9000, ours)).status, 414)
        self.assertEqual(send_raw(self.view.port, head("/", ours, "X: " + "a" * 17000)).status, 431)
        self.assertEqual(send_raw(self.view.port, head("/", ours, *["X: y"] * 64)).status, 431)
        self.assertEqual(send_raw(self.view.port, head("/", ours, *["X: y"] * 63)).status, 200)

    def test_a_piece_of_tiles_is_bounded(self):
        page = self.page()
        lanes = len(page.open()["lanes"])
        page.send({"type": "view", "seq": 1, "want": [[i % lanes, i % 30, 0, 4] for i in range(4096)]})
        tiles = 0
        while tiles < 16384:
            message = page.receive()
            if isinstance(message, bytes):
                self.assertLessEqual(len(message), (128 << 10) + 40000)
                tiles += len(decode(message)[2])


class DescriptorTest(ViewCase):
    @staticmethod
    def preexec():
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))

    def test_without_descriptors_old_pages_are_served_and_new_ones_later(self):
        page = self.page()
        page.open()
        many = [connect(self.view.port) for _ in range(60)]
        self.assertEqual(page.ask("at", lane=0, time=0)["type"], "found")
        for connection in many:
            connection.close()
        self.assertTrue(wait_for(lambda: get(self.view, "/").status == 200))
        self.is_well()


class MemoryTest(ViewCase):
    def mixed(self, count):
        ours = f"Host: 127.0.0.1:{self.view.port}"
        for turn in range(count):
            get(self.view, ("/", "/app.js", "/nothing", "/trace.json")[turn % 4], token=turn % 50 == 3)
            if turn % 10 == 0:
                page = self.page()
                page.open()
                page.send({"type": "view", "seq": 1, "want": [[0, 5, 0, 8]]})
                page.ask("event", lane=0, index=0)
                page.close()
            if turn % 10 == 5:
                send_raw(self.view.port, head("/", ours, "Host: x"))

    def test_memory_stays_flat_over_6000_requests(self):
        self.mixed(1000)
        before, descriptors = self.view.resident_kib(), self.view.open_descriptors()
        self.mixed(5000)
        self.assertLess(self.view.resident_kib() - before, 2048)
        self.assertTrue(wait_for(lambda: self.view.open_descriptors() <= descriptors))


@unittest.skipUnless(shutil.which("strace"), "strace is not there")
class FileTest(ViewCase):
    def setUp(self):
        self.log = Path(FOLDER.name) / "strace.log"
        self.wrapper = ("strace", "-f", "-qq", "-e", "trace=open,openat,openat2,creat,stat,lstat,newfstatat,access,faccessat2,"
                        "readlink,execve,unlink,rename,mkdir,chdir", "-o", str(self.log))
        super().setUp()

    def test_no_request_reaches_the_file_system(self):
        self.is_well()
        get(self.view, "/nothing")
        before = len(self.log.read_bytes())
        for path in ("/../../etc/passwd", "/etc/passwd", "/%2e%2e/etc/passwd", "/app.js", "/", "/app.js%00", "/proc/self/environ",
                     "/trace.json", "/..%2f..%2fetc%2fpasswd", "//etc/passwd", "/?/etc/passwd", "/@fs/etc/passwd"):
            get(self.view, path)
            get(self.view, path, token=True)
        self.is_well()
        new = [line for line in self.log.read_bytes()[before:].decode().splitlines() if "fstatat" not in line or '""' not in line]
        self.assertEqual(new, [])

    def tearDown(self):
        # strace passes the signal on by itself only when it is the one that is asked nicely.
        children = Path(f"/proc/{self.view.process.pid}/task/{self.view.process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        self.assertEqual(self.view.process.wait(60), 0, self.view.stderr())
        self.view.process.stdout.close()
        self.view.errors.close()


@unittest.skipUnless(shutil.which("valgrind"), "valgrind is not there")
class ValgrindTest(ViewCase):
    wrapper = ("valgrind", "-q", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite",
               "--child-silent-after-fork=yes")

    def test_unknown_upgrades_and_a_page_touch_no_freed_memory(self):
        data = handshake(self.view.port, self.view.token)
        for upgrade in (b"nothing", b"h2c", b"", b"x" * 2000, b"websocket\x00", b"TLS/1.0, HTTP/2.0"):
            send_raw(self.view.port, data.replace(b"Upgrade: websocket", b"Upgrade: " + upgrade))
            get(self.view, "/", "Connection: Upgrade", "Upgrade: " + upgrade.decode("latin-1"))
        self.is_well()


class EndTest(unittest.TestCase):
    def run_on(self, path, *options):
        return subprocess.run([PROGRAM, "view", "--no-open", *options, path], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=120, check=False)

    def test_every_signal_that_ends_programs_ends_it_well(self):
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            view = View(PROGRAM, PATH)
            with connect_page(view.port, view.token).connection:
                self.assertEqual(view.stop(how), 0, view.stderr())
            view.errors.close()

    def test_it_ends_well_while_loading(self):
        big = str(Path(FOLDER.name) / "big.trace")
        subprocess.run([TRACE_MAKER, "5", "--events", "2000000", "--plain-spans", "-o", big], check=True)
        view = View(PROGRAM, big)
        self.assertEqual(view.stop(), 0, view.stderr())
        view.errors.close()

    def test_an_index_over_the_limit_is_refused_in_one_line(self):
        done = self.run_on(PATH, "--max-memory", "1K")
        self.assertEqual(done.returncode, 1)
        lines = done.stderr.decode().splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], r"needs about \d+ KiB, the limit is 1 KiB; raise --max-memory")
        for wrong in ("1X", "-1", "", "99999999999G"):
            self.assertEqual(self.run_on(PATH, "--max-memory", wrong).returncode, 2, wrong)

    def test_what_is_no_trace_is_one_line_and_status_1(self):
        folder = Path(FOLDER.name)
        png = folder / "picture.png"
        png.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
        (folder / "empty").write_bytes(b"")
        (folder / "chrome.json").write_text('{"traceEvents":[]}')
        (folder / "noise").write_bytes(random.Random(SEED).randbytes(5000))
        for path in (str(png), str(folder), str(folder / "missing"), str(folder / "empty"), str(folder / "chrome.json"),
                     str(folder / "noise")):
            done = self.run_on(path)
            self.assertEqual(done.returncode, 1, path)
            self.assertEqual(done.stdout, b"", path)
            self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)

    def test_wrong_usage_is_one_line_and_status_2(self):
        for options in (("--port", "80"), ("--port", "65536"), ("--port", "x"), ("--nothing",), ("--port", "-1")):
            done = self.run_on(PATH, *options)
            self.assertEqual((done.returncode, done.stdout), (2, b""), (options, done))
        self.assertEqual(subprocess.run([PROGRAM, "view"], capture_output=True, check=False).returncode, 2)

    def test_a_port_that_is_taken_is_said(self):
        view = View(PROGRAM, PATH)
        done = self.run_on(PATH, "--port", str(view.port))
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(str(view.port).encode(), done.stderr)
        self.assertEqual(view.stop(), 0)
        view.errors.close()

    def test_a_damaged_or_cut_trace_is_shown_with_its_damage(self):
        whole = Path(PATH).read_bytes()
        cut = Path(FOLDER.name) / "cut.trace"
        cut.write_bytes(whole[:len(whole) * 2 // 3])
        bent = Path(FOLDER.name) / "bent.trace"
        bent.write_bytes(whole[:len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1:])
        for path in (cut, bent):
            view = View(PROGRAM, str(path))
            page = connect_page(view.port, view.token)
            trace = page.open()["trace"]
            self.assertTrue(trace["damage"] or not trace["is_finished"], trace)
            for damage in trace["damage"]:
                self.assertLessEqual(damage["offset"], len(whole))
                self.assertTrue(damage["text"])
            page.close()
            self.assertEqual(view.stop(), 0, view.stderr())
            view.errors.close()

    def test_standard_input_is_read_to_its_end(self):
        with open(PATH, "rb") as source:
            process = subprocess.Popen([PROGRAM, "view", "--no-open", "-"], stdin=source, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL)
        self.assertTrue(process.stdout.readline().startswith(b"http://127.0.0.1:"))
        process.terminate()
        self.assertEqual(process.wait(60), 0)
        process.stdout.close()


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
