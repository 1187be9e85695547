# SPDX-License-Identifier: MIT
"""Nobody gets through the viewer's door without our Host, Origin and token; no answer ever opens it to others.

    test_view_guard.py CTRACE TRACE_MAKER
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from view_process import View, connect, get, head, read_all, send_raw
from websocket_client import connect as connect_page
from websocket_client import handshake

PROGRAM, TRACE_MAKER = sys.argv[1:3]
PUBLIC = ("/", "/app.js", "/app.css", "/icon.svg")
SECURITY = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                               "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
                               "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def setUpModule():
    global FOLDER, VIEW, BUILT
    FOLDER = tempfile.TemporaryDirectory()
    path = str(Path(FOLDER.name) / "small.trace")
    subprocess.run([TRACE_MAKER, "1", "--events", "1000", "-o", path], check=True)
    VIEW = View(PROGRAM, path)
    # Without the page (-Dweb=disabled) its parts are not there; the door is the same.
    BUILT = [p for p in PUBLIC if get(VIEW, p).status == 200]


def tearDownModule():
    assert VIEW.stop() == 0, VIEW.stderr()
    FOLDER.cleanup()


class GuardTest(unittest.TestCase):
    def answer(self, data):
        answer = send_raw(VIEW.port, data)
        self.never_open(answer)
        return answer

    def never_open(self, answer):
        self.assertFalse([name for name in answer.fields if name.startswith("access-control")], answer.raw)
        if answer.status not in (0, 101):
            for name, value in SECURITY.items():
                self.assertEqual(answer.fields.get(name), value, answer.raw)

    def hosts(self):
        port = VIEW.port
        return ["evil.example", f"evil.example:{port}", "0.0.0.0", f"0.0.0.0:{port}", f"127.0.0.1.:{port}", f"localhost.:{port}",
                f"LOCALHOST:{port}", f"LocalHost:{port}", "127.0.0.1", "localhost", "[::1]", f"127.0.0.1:{port + 1}",
                f"127.0.0.1:0{port}", f"127.0.0.1:{port}0", "127.0.0.1:80", f"127.1:{port}", f"127.0.0.2:{port}",
                f"2130706433:{port}", f"0x7f000001:{port}", f"0177.0.0.1:{port}", f"::1:{port}", f"[::]:{port}",
                f"[0:0:0:0:0:0:0:1]:{port}", f"[::1%lo]:{port}", f"[::ffff:127.0.0.1]:{port}", f"user@127.0.0.1:{port}",
                f"user:password@localhost:{port}", f"http://127.0.0.1:{port}", f"127.0.0.1:{port}/", f"127.0.0.1:{port}#",
                f"127.0.0.1:{port}, 127.0.0.1:{port}", f"127.0.0.1:{port},evil", f"evil,127.0.0.1:{port}", f"127.0.0.1 :{port}",
                f"127.0.0.1:{port} evil", f"a.localhost:{port}", f"localhost.evil.example:{port}", f"127.0.0.1.nip.io:{port}",
                "", " ", ":", f":{port}", "*", f"*:{port}", "127.0.0.1:", "127.0.0.1:-1", "127.0.0.1:99999", f"127.0.0.1:+{port}",
                f"127.0.0.1:{port}\t\x80", f"%6cocalhost:{port}", f"l\u00f6calhost:{port}", "null", "\"localhost\"",
                f"[127.0.0.1]:{port}", f"127.0.0.1::{port}", f"127.0.0.1.127.0.0.1:{port}", f"localhost:{port}:{port}",
                "example.com\\@127.0.0.1", f"127.0.0.1:{port}?", f"xn--localhost:{port}"]

    def test_a_foreign_host_reaches_nothing(self):
        self.assertGreaterEqual(len(self.hosts()), 60)
        for target in (*PUBLIC, "/trace.json", "/api/socket", "/nothing"):
            for host in self.hosts():
                answer = self.answer(head(target, f"Host: {host}", f"Authorization: Bearer {VIEW.token}"))
                self.assertEqual(answer.status, 403, (target, host, answer.raw))

    def test_no_host_or_two_hosts_are_bad_requests(self):
        ours = f"Host: 127.0.0.1:{VIEW.port}"
        for target in (*PUBLIC, "/trace.json", "/api/socket"):
            for fields in ((), (ours, ours), (ours, "Host: evil"), ("Host: evil", ours), (ours, "hOsT: evil"), (ours, "Host:"),
                           (f"{ours}\r\n folded",), (f"Host : 127.0.0.1:{VIEW.port}",)):
                self.assertEqual(self.answer(head(target, *fields)).status, 400, (target, fields))

    def test_every_loopback_name_of_ours_works(self):
        for host in ("127.0.0.1", "localhost", "[::1]"):
            self.assertEqual(self.answer(head("/", f"Host: {host}:{VIEW.port}")).status, 200)
        try:
            answer = send_raw(VIEW.port, head("/", f"Host: [::1]:{VIEW.port}"), address="::1")
        except OSError:
            self.skipTest("no ::1 here")
        self.assertEqual(answer.status, 200)

    def origins(self):
        port = VIEW.port
        return ["null", "", "http://evil.example", f"http://evil.example:{port}", f"https://127.0.0.1:{port}", "http://127.0.0.1",
                f"http://127.0.0.1:{port + 1}", f"http://localhost:{port}", f"http://[::1]:{port}", f"http://sub.localhost:{port}",
                f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{port}.evil.example", f"HTTP://127.0.0.1:{port}", "file://",
                f"ws://127.0.0.1:{port}", f"127.0.0.1:{port}", f"//127.0.0.1:{port}", "chrome-extension://abcdef", "data:",
                "http://192.168.0.1", f"http://0.0.0.0:{port}", f"http://127.0.0.2:{port}", f"http://user@127.0.0.1:{port}",
                f"http://127.0.0.1:{port} http://evil.example", f"http://evil.example http://127.0.0.1:{port}",
                f"http://127.0.0.1:{port},http://evil.example", "http://10.0.0.1:80", "moz-extension://x", "about:blank",
                f"http://127.0.0.1:{port}?", f"http://127.0.0.1:{port}#", "javascript:", "http://", "*"]

    def test_a_foreign_origin_reaches_nothing(self):
        for origin in self.origins():
            for target in ("/", "/app.js", "/trace.json"):
                answer = get(VIEW, target, f"Origin: {origin}", token=True)
                self.never_open(answer)
                self.assertEqual(answer.status, 403, (target, origin))
            with self.assertRaisesRegex(ConnectionError, " 403 ", msg=origin):
                connect_page(VIEW.port, VIEW.token, origin=origin or " ")

    def test_a_socket_needs_an_origin(self):
        with self.assertRaisesRegex(ConnectionError, " 403 "):
            connect_page(VIEW.port, VIEW.token, origin=None)

    def test_other_sites_cannot_include_or_fetch(self):
        for site in ("cross-site", "same-site", "SAME-ORIGIN", "", "none, same-origin"):
            for target in (*PUBLIC, "/trace.json"):
                answer = get(VIEW, target, f"Sec-Fetch-Site: {site}", token=True)
                self.never_open(answer)
                self.assertEqual(answer.status, 403, (target, site))
        self.assertEqual(get(VIEW, "/", "Sec-Fetch-Site: none").status, 200)
        self.assertEqual(get(VIEW, "/trace.json", "Sec-Fetch-Site: none", token=True).status, 403)

    def near_misses(self):
        token = VIEW.token
        flipped = [token[:i] + ("0" if token[i] != "0" else "1") + token[i + 1:] for i in range(32)]
        return [*flipped, "", " ", token[:-1], token + "0", token[1:], token.upper() if token.upper() != token else "A" * 32,
                token[::-1] + "x", "0" * 32, f" {token}", f"{token} {token}", f"\"{token}\"", token + "\x80"]

    def test_a_wrong_token_reaches_nothing(self):
        self.assertGreaterEqual(len(self.near_misses()), 40)
        for wrong in self.near_misses():
            answer = get(VIEW, "/trace.json", f"Authorization: Bearer {wrong}")
            self.never_open(answer)
            self.assertEqual(answer.status, 401, wrong)
            with self.assertRaisesRegex(ConnectionError, " 401 ", msg=wrong):
                connect_page(VIEW.port, wrong)

    def test_a_token_in_another_place_does_not_count(self):
        token = VIEW.token
        for fields in (f"Cookie: token={token}", f"Authorization: {token}", f"Authorization: Basic {token}",
                       f"authorization: bearer {token}", f"X-Token: {token}", f"Referer: http://127.0.0.1/#token={token}"):
            self.assertEqual(get(VIEW, "/trace.json", fields).status, 401, fields)
        self.assertEqual(get(VIEW, f"/trace.json?token={token}").status, 401)
        for protocols in ("ctrace.v1", f"token.{token}", f"token.{token}, ctrace.v1", f"ctrace.v1, {token}",
                          f"ctrace.v1, token.{token}, more", "ctrace.v1, token."):
            with self.assertRaisesRegex(ConnectionError, " 401 ", msg=protocols):
                connect_page(VIEW.port, token, protocols=protocols)
        with self.assertRaisesRegex(ConnectionError, " 401 "):
            connect_page(VIEW.port, token, protocols="", extra=(f"Authorization: Bearer {token}",))

    def test_preflights_and_other_methods_are_refused(self):
        for target in (*PUBLIC, "/trace.json", "/api/socket"):
            for method in ("OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "get"):
                answer = get(VIEW, target, "Access-Control-Request-Method: GET", "Access-Control-Request-Private-Network: true",
                             method=method, token=True)
                self.never_open(answer)
                self.assertEqual(answer.status, 405, (method, target))

    def test_bodies_are_refused(self):
        for fields, status in ((("Content-Length: 5",), 413), (("Transfer-Encoding: chunked",), 413),
                               (("Content-Encoding: gzip",), 415), (("Content-Length: 0", "Content-Length: 0"), 413)):
            self.assertEqual(get(VIEW, "/", *fields).status, status)

    def test_a_body_never_becomes_a_second_request(self):
        """No smuggling: whatever follows the first request is not answered."""
        ours = f"Host: 127.0.0.1:{VIEW.port}"
        second = head("/", ours)
        for first in (head("/", ours), head("/", ours, "Content-Length: 0"), head("/", ours, f"Content-Length: {len(second)}"),
                      head("/", ours, "Transfer-Encoding: chunked"), head("/none", ours)):
            answer = self.answer(first + second)
            self.assertEqual(answer.raw.count(b"HTTP/1.1 "), 1, answer.raw)

    def weird_paths(self):
        bad = ["//", "///", "/.", "/..", "/./", "/../", "/../../etc/passwd", "/etc/passwd", "/%2e%2e/etc/passwd", "/..%2f..%2fetc",
               "/%2e/app.js", "/./app.js", "//app.js", "/x/../app.js", "/app.js/", "/app.js/.", "/app.js/..", "/%61pp.js",
               "/app%2ejs", "/app.js%00", "/app.js%00.html", "/app.js%20", "/app.js;a=b", "/app.js,", "/app.js~", "/app.js.bak",
               "/app.js?", "/app.js??", "/app.js?raw", "/app.js?raw??", "/app.js#", "/app.js#x", "/?", "/??", "/?a=/etc/passwd",
               "/#", "/@fs/etc/passwd", "/@id/x", "/APP.JS", "/App.js", "/index.html", "/favicon.ico", "/robots.txt", "/app.jss",
               "/app.j", "/trace.json/", "/trace.json%3Fstart=1", "/trace%2Ejson", "/proc/self/environ", "/dev/random",
               "/api", "/socket", "/api%2fsocket", "/.git/config", "/.env", "/..;/app.js", "/\\..\\app.js", "/..\\..\\etc",
               "/C:/Windows", "/%c0%ae%c0%ae/app.js", "/%u002e%u002e/", "/%", "/%zz", "/%2", "/a%0d%0aX: y", "/(", "/<script>",
               "/'", "/\"", "/|", "/`id`", "/$(id)", "/*", "/~root", "/?token=" + VIEW.token]
        filler = [f"/{prefix}{path}" for prefix in ("a/../", "./", "%2e/", "%2e%2e/", ".%2e/", "%2f", "\\")
                  for path in ("app.js", "app.css", "icon.svg", "trace.json", "api/socket", "etc/passwd", "", "..", "index.html")]
        encoded = ["/" + "".join(f"%{byte:02x}" for byte in path.encode()) for path in ("app.js", "../etc/passwd", "trace.json")]
        singles = [f"/app.js%{byte:02x}" for byte in range(0, 256, 2)] + [f"/%{byte:02x}app.js" for byte in range(1, 256, 8)]
        return bad + filler + encoded + singles + ["/" + "a" * 8000]

    def test_a_path_is_compared_byte_for_byte(self):
        paths = self.weird_paths()
        self.assertGreaterEqual(len(paths), 300)
        for path in paths:
            answer = get(VIEW, path)
            self.never_open(answer)
            expected = (401, 404) if path.startswith("/api/") else (400, 404)
            self.assertIn(answer.status, expected, path)

    def test_a_target_that_is_no_path_is_a_bad_request(self):
        ours = f"Host: 127.0.0.1:{VIEW.port}"
        for target in ("", "*", "app.js", f"http://127.0.0.1:{VIEW.port}/", "http://evil.example/", "file:///etc/passwd", "\\app.js",
                       "../app.js", "/app.js\x00", "/app\x01js", "/app.js\xff", "?", "#"):
            self.assertEqual(self.answer(head(target, ours)).status, 400, target)

    def test_upgrades_to_anything_else_are_refused(self):
        for target in (*PUBLIC, "/trace.json"):
            for upgrade in ("websocket", "h2c", "TLS/1.0", "nothing", "", "x" * 300):
                answer = get(VIEW, target, "Connection: Upgrade", f"Upgrade: {upgrade}", token=True)
                self.assertEqual(answer.status, 400, (target, upgrade))
        for upgrade in ("h2c", "nothing", "", "websocket, h2c"):
            data = handshake(VIEW.port, VIEW.token).replace(b"Upgrade: websocket", f"Upgrade: {upgrade}".encode())
            self.assertEqual(self.answer(data).status, 426, upgrade)
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        self.assertEqual(self.answer(preface).status, 505)

    def test_an_incomplete_handshake_is_closed(self):
        whole = handshake(VIEW.port, VIEW.token)
        for line in (b"Sec-WebSocket-Key:",):
            data = b"\r\n".join(part for part in whole.split(b"\r\n") if not part.startswith(line))
            with connect(VIEW.port) as connection:
                connection.sendall(data)
                connection.shutdown(1)
                self.assertNotIn(b" 101 ", read_all(connection))

    def test_pages_carry_the_headers_and_a_head_has_no_body(self):
        for target in BUILT:
            whole = get(VIEW, target)
            self.never_open(whole)
            self.assertEqual(int(whole.fields["content-length"]), len(whole.body))
            bare = get(VIEW, target, method="HEAD")
            self.assertEqual((bare.status, bare.body), (200, b""))
            self.assertEqual(bare.fields, whole.fields)

    def test_api_answers_are_not_stored(self):
        for answer in (get(VIEW, "/trace.json"), get(VIEW, "/api/x", token=True), get(VIEW, "/api/socket", token=True)):
            self.assertEqual(answer.fields.get("cache-control"), "no-store", answer.raw)

    def test_it_listens_on_loopback_only(self):
        listening = []
        for name, loopback in (("tcp", "0100007F"), ("tcp6", "00000000000000000000000001000000")):
            try:
                lines = Path(f"/proc/net/{name}").read_text().splitlines()[1:]
            except OSError:
                continue
            for line in lines:
                address, port = line.split()[1].split(":")
                if line.split()[3] == "0A" and int(port, 16) == VIEW.port:
                    listening.append(address)
                    self.assertEqual(address, loopback)
        self.assertTrue(listening)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
