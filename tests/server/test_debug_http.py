# SPDX-License-Identifier: MIT
"""What /debug/pprof/ answers, to whom, and what it does with clients that are slow, gone, or many.

    test_debug_http.py HOST_PROGRAM CTRACE [unittest options]

HOST_PROGRAM is debug_host.c. Every trace that arrives whole must pass `ctrace check`.
"""

import contextlib
import http.client
import os
import random
import re
import select
import signal
import socket
import sys
import threading
import time
import unittest

import debug_client
from debug_client import (PATIENCE_S, ROOT, WithHost, ask, ask_raw, check, eventually, free_port, hosting, open_trace,
                          read_chunked, status_of, text_of, trickling)


class Contract(WithHost):
    """Status, headers and bodies."""

    def assert_error(self, answer, status, text):
        self.assertEqual((answer.status, answer.body.decode()), (status, text))
        self.assertEqual(answer.headers["content-type"], "text/plain; charset=utf-8")
        self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
        self.assertEqual(answer.headers["content-length"], str(len(text)))
        self.assertEqual(answer.headers["x-go-pprof"], "1")
        self.assertNotIn("content-disposition", answer.headers)

    def assert_trace(self, answer):
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["content-type"], "application/octet-stream")
        self.assertEqual(answer.headers["content-disposition"], 'attachment; filename="trace"')
        self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
        self.assertEqual(answer.headers["cache-control"], "no-store")
        self.assertNotIn("content-encoding", answer.headers)
        os.unlink(check(answer.body))

    def test_index_lists_what_there_is(self):
        answer = self.ask(ROOT)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["content-type"], "text/html; charset=utf-8")
        self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
        self.assertIn("default-src 'none'", answer.headers["content-security-policy"])
        self.assertIn("<title>/debug/pprof/</title>", answer.body.decode())
        self.assertEqual(re.findall(r"<a href='([^'?]*)", answer.body.decode()), ["cmdline", "trace"])
        self.assertNotIn("<script", answer.body.decode())

    def test_head_of_the_index_has_no_body(self):
        answer = self.ask(ROOT, "HEAD")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(answer.headers["content-type"], "text/html; charset=utf-8")

    def test_the_path_without_its_slash_is_redirected(self):
        answer = self.ask("/debug/pprof")
        self.assertEqual((answer.status, answer.headers["location"]), (301, ROOT))

    def test_careless_paths_are_redirected_with_their_query(self):
        for path in ("/debug/pprof//trace", "/debug/pprof/../pprof/trace", "//debug/./pprof/trace"):
            answer = self.ask(path + "?seconds=0.1")
            self.assertEqual((answer.status, answer.headers["location"]), (301, ROOT + "trace?seconds=0.1"))

    def test_unknown_profiles_are_404(self):
        for name in ("nosuch", "heap/", "trace/", "cmdline/x", "Trace", "trace;", "%74race", "trace%00", "trace%3f",
                     "..%2ftrace", "\\trace", "?/../trace"[1:]):
            self.assert_error(self.ask(ROOT + name), 404, "Unknown profile\n")

    def test_other_paths_are_404(self):
        for path in ("/", "/debug", "/debug/", "/index.html", "/../../etc/passwd", "/debug/pprofx", "/%2e%2e/"):
            answer = self.ask(path)
            self.assertEqual((answer.status, answer.body), (404, b"404 page not found\n"))
            self.assertEqual(answer.headers["x-content-type-options"], "nosniff")

    def test_absolute_targets_are_404(self):
        raw = ask_raw(self.port, b"GET http://localhost/debug/pprof/ HTTP/1.1\r\nHost: localhost\r\n"
                                 b"Connection: close\r\n\r\n")
        self.assertEqual(status_of(raw), 404)

    def test_cmdline_is_argv_joined_by_nul(self):
        answer, expected = self.ask(ROOT + "cmdline"), "\0".join(self.host.command).encode()
        self.assertEqual((answer.status, answer.body), (200, expected))
        self.assertEqual(answer.headers["content-type"], "text/plain; charset=utf-8")
        self.assertEqual(self.ask(ROOT + "cmdline", "HEAD").headers["content-length"], str(len(expected)))

    def test_a_trace_is_whole_and_good(self):
        self.assert_trace(self.ask(ROOT + "trace?seconds=0.3"))

    def test_a_trace_is_streamed_chunked(self):
        self.assertEqual(self.ask(ROOT + "trace?seconds=0.1").headers["transfer-encoding"], "chunked")

    def test_bad_seconds_mean_one(self):
        answers = []
        texts = ["abc", "-0.5", "0", "", "NaN", "Inf", "1x"]
        threads = [threading.Thread(target=lambda text=text: answers.append(self.ask(f"{ROOT}trace?seconds={text}")))
                   for text in texts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), len(texts))
        for answer in answers:
            self.assert_trace(answer)

    def test_too_many_seconds_are_told(self):
        for seconds in ("3601", "1e300", "9223372036854775807", "9" * 300):
            self.assert_error(self.ask(f"{ROOT}trace?seconds={seconds}"), 400,
                              'invalid value for "seconds" - at most 3600\n')

    def test_the_first_of_two_seconds_wins(self):
        self.assert_trace(self.ask(ROOT + "trace?seconds=0.1&seconds=3601"))

    def test_categories_choose_what_is_recorded(self):
        def text_of_inner():
            text = text_of(self.ask(ROOT + "trace?seconds=0.3&categories=inner").body)
            self.assertNotIn("outer", text)
            return "inner" in text
        self.assertTrue(eventually(text_of_inner))

    def test_too_long_categories_are_told(self):
        self.assertEqual(self.ask(ROOT + "trace?seconds=0.1&categories=" + "x" * 256).status, 200)
        self.assert_error(self.ask(ROOT + "trace?categories=" + "x" * 257), 400,
                          'invalid value for "categories" - 257 bytes, at most 256\n')

    def test_head_of_trace_records_nothing(self):
        answer = self.ask(ROOT + "trace?seconds=60", "HEAD")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(answer.headers["content-type"], "application/octet-stream")
        self.assertEqual(self.host.sessions(), 0)

    def test_only_get_and_head(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "FOO"):
            for name in ("", "cmdline", "trace", "nosuch"):
                answer = self.ask(ROOT + name, method, body=b"seconds=1" if method == "POST" else None)
                self.assertEqual((answer.status, answer.headers["allow"]), (405, "GET, HEAD"), method)

    def test_http_1_0_is_answered_until_close(self):
        raw = ask_raw(self.port, f"GET {ROOT}trace?seconds=0.1 HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        head, body = raw.split(b"\r\n\r\n", 1)
        self.assertEqual(status_of(raw), 200)
        self.assertNotIn(b"chunked", head)
        os.unlink(check(body))

    def test_range_and_accept_encoding_are_ignored(self):
        answer = self.ask(ROOT + "trace?seconds=0.1", headers={"Range": "bytes=0-10", "Accept-Encoding": "gzip"})
        self.assert_trace(answer)

    def test_a_body_is_ignored_up_to_its_limit(self):
        self.assertEqual(self.ask(ROOT, body=b"x" * 65536).status, 200)
        with self.assertRaises((http.client.HTTPException, ConnectionError)):
            self.ask(ROOT, body=b"x" * 400000)

    def test_too_long_targets_and_headers_are_refused(self):
        self.assertEqual(self.ask(ROOT + "?" + "x" * (2048 - len(ROOT) - 1)).status, 200)
        self.assertEqual(self.ask(ROOT + "?" + "x" * (2049 - len(ROOT) - 1)).status, 414)
        self.assertEqual(self.ask(ROOT, headers={"X": "x" * 100000}).status, 431)

    def test_requests_follow_each_other_on_one_connection(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            for path in ("", "trace?seconds=0.1", "cmdline", "trace?seconds=0.1", "nosuch"):
                connection.request("GET", ROOT + path)
                response = connection.getresponse()
                response.read()
                self.assertEqual(response.status, 404 if path == "nosuch" else 200)


class Guard(WithHost):
    """The pure rules have their own unit test; here: that they stand before every route."""

    ROUTES = ("", "cmdline", "trace?seconds=0.1", "nosuch")

    def status(self, path, *lines, method="GET"):
        head = "\r\n".join((f"{method} {path} HTTP/1.1", *lines, "Connection: close", "", ""))
        raw = ask_raw(self.port, head.encode("latin-1"))
        self.assertNotIn(b"access-control", raw.lower())
        return status_of(raw)

    def test_foreign_hosts_are_refused_on_every_route(self):
        hosts = ("evil.example", f"evil.example:{self.port}", "localhost.", "0.0.0.0", f"0.0.0.0:{self.port}", "[::]",
                 "localhost.evil.example", "127.1", "2130706433", "user@localhost", "localhost:0", "localhost:99999")
        for route in self.ROUTES:
            for host in hosts:
                self.assertEqual(self.status(ROOT + route, f"Host: {host}"), 403, (route, host))
        self.assertEqual(self.host.sessions(), 0)

    def test_hosts_that_tools_send_are_served(self):
        for host in ("localhost", f"localhost:{self.port}", "LOCALHOST:1", "127.0.0.1", "[::1]:7000", "10.1.2.3:80"):
            self.assertEqual(self.status(ROOT + "cmdline", f"Host: {host}"), 200, host)

    def test_no_host_or_two_are_400(self):
        for route in self.ROUTES:
            self.assertEqual(self.status(ROOT + route), 400)
            self.assertEqual(self.status(ROOT + route, "Host:"), 400)
            self.assertEqual(self.status(ROOT + route, "Host: localhost", "Host: localhost"), 400)
            self.assertEqual(self.status(ROOT + route, "Host: localhost", "hOST: evil.example"), 400)

    def test_foreign_origins_are_refused_on_every_route(self):
        for route in self.ROUTES:
            for origin in ("null", "http://evil.example", "http://localhost", "https://localhost:6060", "file://", "",
                           "http://127.0.0.1:6060", "http://localhost:6060.evil.example"):
                self.assertEqual(self.status(ROOT + route, "Host: localhost:6060", f"Origin: {origin}"), 403, origin)

    def test_our_own_origin_is_served(self):
        self.assertEqual(self.status(ROOT, "Host: localhost:6060", "Origin: http://localhost:6060"), 200)

    def test_other_sites_fetches_are_refused_on_every_route(self):
        for route in self.ROUTES:
            for site in ("cross-site", "same-site", "nonsense"):
                self.assertEqual(self.status(ROOT + route, "Host: localhost", f"Sec-Fetch-Site: {site}"), 403)
        for site in ("none", "same-origin"):
            self.assertEqual(self.status(ROOT, "Host: localhost", f"Sec-Fetch-Site: {site}"), 200)

    def test_preflights_get_no_permission(self):
        self.assertEqual(self.status(ROOT, "Host: localhost", "Origin: http://evil.example",
                                     "Access-Control-Request-Method: GET", method="OPTIONS"), 403)

    def test_only_loopback_listens(self):
        with open(f"{self.host.folder}/net/tcp", encoding="ascii") as table:
            listening = [line.split()[1] for line in table if line.split()[3] == "0A"]
        ours = [address for address in listening if address.endswith(f":{self.port:04X}")]
        self.assertEqual(ours, [f"0100007F:{self.port:04X}"])


class Clients(WithHost):
    """Many, slow, silent and gone."""

    def tearDown(self):
        self.host.ask("work")
        self.assertTrue(eventually(lambda: self.host.sessions() == 0), "a session is still open")

    def test_two_at_once_are_both_whole(self):
        for seconds in (0.5, 5, 50):  # longer where the first is over before the second begins
            with open_trace(self.port, 1.5 * seconds) as long, open_trace(self.port, seconds) as short:
                count = self.host.sessions()
                bodies = [read_chunked(short), read_chunked(long)]
            for body in bodies:
                os.unlink(check(body))
            if count == 2:
                return
        self.fail("two traces were never recorded at once")

    def test_one_more_than_the_limit_is_told_503_and_later_served(self):
        clients = [open_trace(self.port, 600) for _ in range(8)]
        answer = self.ask(ROOT + "trace?seconds=0.1")
        self.assertEqual((answer.status, answer.headers["x-go-pprof"]), (503, "1"))
        self.assertEqual(answer.body, b"Could not enable tracing: 8 traces are being recorded, the most at once\n")
        for client in clients:
            client.close()
        self.assertTrue(eventually(lambda: self.ask(ROOT + "trace?seconds=0.1").status == 200))

    def test_a_client_that_leaves_ends_its_trace(self):
        for pace in ("work", "rest"):
            self.host.ask(pace)
            client = open_trace(self.port, 600)
            self.assertEqual(self.host.sessions(), 1)
            client.close()
            self.assertTrue(eventually(lambda: self.host.sessions() == 0), pace)

    def test_a_client_that_resets_ends_its_trace(self):
        client = open_trace(self.port, 600)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        self.assertTrue(eventually(lambda: self.host.sessions() == 0))

    def test_a_quiet_program_keeps_its_client(self):
        self.host.ask("rest")
        with open_trace(self.port, 12) as client:  # longer than an idle connection lives
            os.unlink(check(read_chunked(client)))

    def test_a_slow_client_ends_only_its_own_trace_and_is_told_why(self):
        self.host.ask("flood")
        with open_trace(self.port, 600, receive_buffer=4096) as slow:
            with trickling(slow) as begun:
                with open_trace(self.port, 1) as quick:
                    body = read_chunked(quick)
                self.assertTrue(eventually(lambda: self.host.sessions() == 0), "the slow trace goes on")
            self.host.ask("work")
            text = text_of(read_chunked(slow, b"".join(begun)))
        os.unlink(check(body))
        self.assertIn("the client was too slow", text)

    def test_a_client_that_never_reads_is_cut(self):
        self.host.ask("flood")
        client = open_trace(self.port, 600, receive_buffer=4096)
        sockets = self.count_sockets()
        self.assertTrue(eventually(lambda: self.host.sessions() == 0))
        self.assertTrue(eventually(lambda: self.count_sockets() < sockets), "its connection is still open")
        client.close()

    def count_sockets(self):
        links = (os.path.join(self.host.folder, "fd", fd) for fd in os.listdir(f"{self.host.folder}/fd"))
        count = 0
        for link in links:
            with contextlib.suppress(FileNotFoundError):
                count += os.readlink(link).startswith("socket:")
        return count

    def test_silent_half_sent_and_trickled_requests_are_closed(self):
        address = ("127.0.0.1", self.port)
        silent, half, trickle = (socket.create_connection(address) for _ in range(3))
        half.sendall(b"GET /debug/pprof/ HTTP/1.1\r\nHost: loc")
        trickle.sendall(b"GET /debug/pprof/ HTTP/1.1\r\nHost: localhost\r\n")
        open_ones, end = {silent, half, trickle}, time.monotonic() + PATIENCE_S
        while open_ones and time.monotonic() < end:
            with contextlib.suppress(OSError):
                trickle.sendall(b"X: y\r\n")
            for client in select.select(list(open_ones), [], [], 1)[0]:
                with contextlib.suppress(ConnectionResetError):
                    while client.recv(4096):
                        pass
                open_ones.discard(client)
        for client in (silent, half, trickle):
            client.close()
        self.assertEqual(len(open_ones), 0)

    def test_connections_beyond_the_limit_wait_their_turn(self):
        idle = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(64)]
        last = socket.create_connection(("127.0.0.1", self.port))
        last.settimeout(PATIENCE_S)
        last.sendall(b"GET /debug/pprof/cmdline HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertEqual(select.select([last], [], [], 0.3)[0], [])
        for client in idle:
            client.close()
        self.assertTrue(last.recv(100).startswith(b"HTTP/1.1 200"))
        last.close()

    def test_garbage_does_no_harm(self):
        seed = int(os.environ.get("CTRACE_TEST_SEED") or time.time_ns() % 2**32)
        print(f"seed: {seed}", flush=True)
        dice = random.Random(seed)
        model = (b"GET /debug/pprof/trace?seconds=0.01 HTTP/1.1\r\nHost: localhost:6060\r\nOrigin: http://localhost:6060\r\n"
                 b"Sec-Fetch-Site: none\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc")
        for _ in range(1500):
            request = bytearray(model)
            for _ in range(dice.randrange(1, 8)):
                at = dice.randrange(len(request))
                change = dice.randrange(4)
                if change == 0:
                    request[at] = dice.randrange(256)
                elif change == 1:
                    del request[at:at + dice.randrange(1, 20)]
                elif change == 2:
                    request[at:at] = dice.choice((b"\0", b"\r\n", b"\n", b"%00", b"..", b"\xff" * 9, b"9" * 30, b":"))
                else:
                    request[at:at] = request[:at]
                if not request:
                    request = bytearray(b"x")
            with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as client:
                with contextlib.suppress(ConnectionError):
                    client.sendall(request)
        self.assertEqual(self.ask(ROOT + "cmdline").status, 200)


class Lives(unittest.TestCase):
    """Starting, stopping, forking."""

    def test_serving_late_again_and_twice(self):
        with hosting() as host:
            port = host.serve(f"127.0.0.1:{free_port()}")
            self.assertEqual(host.ask("serve 127.0.0.1:0"), "-16")
            self.assertEqual(ask(port, ROOT).status, 200)
            self.assertEqual(host.ask("stop"), "stopped")
            with self.assertRaises(ConnectionRefusedError):
                ask(port, ROOT)
            self.assertEqual(host.serve(f"127.0.0.1:{port}"), port)
            self.assertEqual(ask(port, ROOT).status, 200)

    def test_a_port_in_use_gets_one_line_and_the_program_lives_on(self):
        with socket.create_server(("127.0.0.1", 0)) as taken, hosting() as host:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.assertEqual(host.ask(f"serve {address}"), "-98")
            self.assertEqual(ask(host.serve(), ROOT).status, 200)
            self.assertEqual(host.end(), f"ctrace: cannot serve /debug/pprof/ on {address}: Address already in use\n")

    def test_an_address_that_is_none_gets_one_line(self):
        with hosting() as host:
            self.assertEqual(host.ask("serve nonsense"), "-22")
            self.assertRegex(host.end(), r"\Actrace: cannot serve /debug/pprof/: 'nonsense' .*\n\Z")

    def test_a_wider_address_gets_a_warning(self):
        with hosting() as host:
            host.serve("[::ffff:127.0.0.1]:0")
            self.assertRegex(host.end(), r"\Actrace: warning: .* open to other machines.*\n\Z")

    def test_the_environment_serves(self):
        port = free_port()
        with hosting({"CTRACE_HTTP": f"127.0.0.1:{port}"}) as host:
            host.ask("stats")
            self.assertEqual(ask(port, ROOT).status, 200)

    def at_least_once(self, attempt):
        """A stop gives clients a second to fetch what there is; a busy machine may have none for them."""
        for _ in range(10):
            with contextlib.suppress(EOFError):
                return attempt()
        return self.fail("ten traces were cut when the server stopped")

    def test_stopping_ends_traces_in_good_order(self):
        self.at_least_once(self.stop_while_recording)

    def stop_while_recording(self):
        with hosting() as host:
            with open_trace(host.serve(), 600) as client:
                host.ask("stats")
                time.sleep(0.1)
                self.assertEqual(host.ask("stop"), "stopped")
                os.unlink(check(read_chunked(client)))
            self.assertEqual(host.sessions(), 0)

    def test_a_forked_child_has_no_server(self):
        self.at_least_once(self.stop_beside_a_child)

    def stop_beside_a_child(self):
        with hosting() as host:
            port = host.serve(f"127.0.0.1:{free_port()}")
            with open_trace(port, 600) as client:
                word, child, sessions = host.ask("fork").split()
                self.assertEqual((word, sessions), ("child", "0"))
                self.assertEqual(host.ask("stop"), "stopped")
                os.unlink(check(read_chunked(client)))
                self.assertEqual(client.recv(1), b"", "the child holds the connection open")
            self.assertTrue(os.path.exists(f"/proc/{child}"))
            self.assertEqual(host.serve(f"127.0.0.1:{port}"), port)

    def test_nothing_stays_open_or_grows(self):
        def mix(host, times):
            for _ in range(times):
                for path in ("", "nosuch", "trace?seconds=0.001"):
                    ask(host.port, ROOT + path)
            eventually(lambda: host.sessions() == 0 and len(os.listdir(f"{host.folder}/task")) == 6)
            with open(f"{host.folder}/status", encoding="ascii") as status:
                resident = int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))
            return len(os.listdir(f"{host.folder}/fd")), resident

        with hosting() as host:
            host.serve()
            descriptors, resident = mix(host, 100)
            self.assertTrue(eventually(lambda: mix(host, 50)[0] == descriptors))
            self.assertLess(mix(host, 100)[1], resident + 2048, "KiB resident")

    def test_its_threads_have_names_and_take_no_signals(self):
        with hosting() as host:
            with open_trace(host.serve(), 60):
                blocked = {}
                for task in os.listdir(f"{host.folder}/task"):
                    with open(f"{host.folder}/task/{task}/status", encoding="utf-8") as status:
                        fields = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
                    blocked[fields["Name"]] = int(fields["SigBlk"], 16)
            for name in ("ctrace-http", "ctrace-trace"):
                for number in range(1, 32):
                    if number not in (signal.SIGKILL, signal.SIGSTOP):
                        self.assertTrue(blocked[name] >> (number - 1) & 1, (name, number))


if __name__ == "__main__":
    debug_client.use(*sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[3:]])
