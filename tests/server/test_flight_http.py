# SPDX-License-Identifier: MIT
"""The flight recorder over HTTP, and what the environment may say of it.

    test_flight_http.py HOST_PROGRAM CTRACE [unittest options]

HOST_PROGRAM is debug_host.c. Every snapshot that arrives whole must pass `ctrace check`.
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest

import debug_client
from debug_client import (PATIENCE_S, ROOT, ask, check, eventually, hosting, open_trace, read_chunked, text_of,
                          trickling)

FLIGHT = {"CTRACE_FLIGHT": "60s,4MiB"}
BAD_LAST = 'invalid value for "last" - a decimal number of seconds above 0, at most 3600\n'


class Last(unittest.TestCase):
    """GET trace?last=N."""

    def assert_error(self, answer, status, text):
        self.assertEqual((answer.status, answer.body.decode()), (status, text))
        self.assertEqual(answer.headers["x-go-pprof"], "1")
        self.assertNotIn("content-disposition", answer.headers)

    def test_the_past_is_a_whole_trace_and_the_recording_goes_on(self):
        with hosting(FLIGHT) as host:
            host.serve()
            first = eventually(lambda: self.events_in(host, "last=60"))
            self.assertGreater(first, 0)
            self.assertGreater(eventually(lambda: max(0, self.events_in(host, "last=60") - first)), 0)
            self.assertEqual(host.sessions(), 1)

    def events_in(self, host, query):
        answer = ask(host.port, f"{ROOT}trace?{query}")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["content-type"], "application/octet-stream")
        self.assertEqual(answer.headers["content-disposition"], 'attachment; filename="trace"')
        text = text_of(answer.body)
        self.assertIn('meta "snapshot" "http"', text)
        return len(re.findall(r"^  \+\d+ ", text, re.MULTILINE))

    def test_every_spelling_of_a_number(self):
        with hosting(FLIGHT) as host:
            host.serve()
            for last in ("1", "0.2", ".5", "1e1", "%2B2", "3600", "1e-12"):
                self.events_in(host, f"last={last}")

    def test_what_is_no_number_of_seconds_is_told(self):
        with hosting(FLIGHT) as host:
            host.serve()
            for last in ("abc", "-0.5", "0", "", "NaN", "Inf", "1x", "3601", "1e300", "9" * 300, "+2", "0x1", "1;2"):
                self.assert_error(ask(host.port, f"{ROOT}trace?last={last}"), 400, BAD_LAST)
            self.assert_error(ask(host.port, f"{ROOT}trace?last"), 400, BAD_LAST)

    def test_seconds_or_categories_beside_it_are_told(self):
        with hosting(FLIGHT) as host:
            host.serve()
            for query in ("last=1&seconds=1", "seconds=1&last=1", "last=1&seconds=", "last=abc&seconds=abc"):
                self.assert_error(ask(host.port, f"{ROOT}trace?{query}"), 400,
                                  '"seconds" records from now on, "last" takes what was: only one of them\n')
            self.assert_error(ask(host.port, f"{ROOT}trace?last=1&categories=inner"), 400,
                              '"categories" does not go with "last": the flight recorder has its own\n')

    def test_without_a_flight_it_says_how_to_have_one(self):
        with hosting() as host:
            host.serve()
            self.assert_error(ask(host.port, f"{ROOT}trace?last=5"), 409,
                              "Could not take a snapshot: no flight recorder is on; start the program with "
                              "CTRACE_FLIGHT=10s,64MiB, or let it call ctrace_flight_start\n")
            self.assertEqual(host.sessions(), 0)

    def test_head_takes_nothing(self):
        with hosting(FLIGHT) as host:
            host.serve()
            answer = ask(host.port, f"{ROOT}trace?last=1", "HEAD")
            self.assertEqual((answer.status, answer.body), (200, b""))
            self.assertEqual(answer.headers["content-type"], "application/octet-stream")

    def test_a_recording_beside_it_is_its_own(self):
        with hosting({**FLIGHT, "CTRACE_CATEGORIES": "inner"}) as host:
            host.serve()
            self.assertTrue(eventually(lambda: '"outer"' in self.text(host, "seconds=0.2&categories=app")))
            self.assertTrue(eventually(lambda: '"inner"' in self.text(host, "last=60")))
            self.assertNotIn('"outer"', self.text(host, "last=60"))

    def text(self, host, query):
        return text_of(ask(host.port, f"{ROOT}trace?{query}").body)

    def test_the_index_names_it(self):
        with hosting() as host:
            host.serve()
            self.assertIn("last=5", ask(host.port, ROOT).body.decode())


class Slow(unittest.TestCase):
    """Clients that take their time, or go."""

    def fill(self, host):
        """Some MiB of the past that LZ4 cannot make small."""
        host.ask("flood")
        self.assertTrue(eventually(lambda: len(ask(host.port, f"{ROOT}trace?last=60").body) > 3 << 20))
        host.ask("work")

    def test_a_slow_client_gets_its_snapshot_while_the_recording_goes_on(self):
        with hosting(FLIGHT) as host:
            host.serve()
            self.fill(host)
            with open_last(host.port, receive_buffer=4096) as client:
                with trickling(client) as begun:
                    before = int(host.ask("stats").split()[1])
                    self.assertTrue(eventually(lambda: int(host.ask("stats").split()[1]) > before + 1000))
                    for _ in range(3):
                        self.assertEqual(ask(host.port, f"{ROOT}trace?last=0.1").status, 200)
                body = read_chunked(client, b"".join(begun))
            self.assertGreater(len(body), 3 << 20)
            os.unlink(check(body))

    def test_a_client_that_goes_away_frees_its_place(self):
        with hosting(FLIGHT) as host:
            host.serve()
            self.fill(host)
            for _ in range(40):
                self.assertTrue(eventually(lambda: self.come_and_go(host)))
            answer = eventually(lambda: self.whole(host))
            os.unlink(check(answer.body))
            self.assertEqual(host.sessions(), 1)

    def come_and_go(self, host):
        """False: the places of those before are not free yet."""
        try:
            open_last(host.port, receive_buffer=4096).close()
        except AssertionError:
            return False
        return True

    def whole(self, host):
        answer = ask(host.port, f"{ROOT}trace?last=60")
        return answer if answer.status == 200 else None

    def test_nine_at_once_are_one_too_many(self):
        with hosting(FLIGHT) as host:
            host.serve()
            self.fill(host)
            clients = [open_last(host.port, receive_buffer=4096) for _ in range(8)]
            answer = ask(host.port, f"{ROOT}trace?last=60")
            self.assertEqual(answer.status, 503)
            for client in clients:
                client.close()
            self.assertTrue(eventually(lambda: self.whole(host)))

    def test_a_server_that_stops_cuts_them(self):
        with hosting(FLIGHT) as host:
            host.serve()
            self.fill(host)
            with open_last(host.port, receive_buffer=4096) as client:
                self.assertEqual(host.ask("stop"), "stopped")
                with self.assertRaises((EOFError, ConnectionError)):
                    read_chunked(client)
            self.assertEqual(host.sessions(), 1)


def open_last(port, receive_buffer):
    return open_trace(port, "", receive_buffer, query="last=60")


class Environment(unittest.TestCase):
    """CTRACE_FLIGHT and its companions: one line for what cannot be obeyed, and the program runs on."""

    def errors(self, **environment):
        with tempfile.TemporaryDirectory() as folder:
            alive, lifeline = os.pipe()
            done = subprocess.run([debug_client.PROGRAM, str(alive)], input="stats\nquit\n", capture_output=True, text=True, cwd=folder,
                                  pass_fds=(alive,), env={**os.environ, **environment}, timeout=PATIENCE_S, check=True)
            os.close(lifeline)
            os.close(alive)
            self.assertEqual(os.listdir(folder), [])
        return done.stderr, int(done.stdout.split()[4])

    def test_good_values_say_nothing(self):
        for value in ("10s", "64MiB", "10s,64MiB", "64MiB,10s", "500ms", "0.5s", "1GiB"):
            self.assertEqual(self.errors(CTRACE_FLIGHT=value), ("", 1), value)
        self.assertEqual(self.errors(CTRACE_FLIGHT="10s", CTRACE_FLIGHT_SIGNAL="USR2", CTRACE_CRASH="1",
                                     CTRACE_FLIGHT_RULE="outer>60s", CTRACE_FLIGHT_FILE="x-%p-%n-%r"), ("", 1))
        self.assertEqual(self.errors(CTRACE_FLIGHT="10s", CTRACE_OFF="1"), ("", 0))
        self.assertEqual(self.errors(CTRACE_FLIGHT=""), ("", 0))

    def test_a_wrong_size_means_none(self):
        for value in ("10", "s", "10m", "64MB", "10s,", "10s,20s", "-1s", "0s", "86401s", "63KiB", "1025GiB", "10s 64MiB", "on"):
            text, sessions = self.errors(CTRACE_FLIGHT=value)
            self.assertRegex(text, rf"\Actrace: CTRACE_FLIGHT={re.escape(value)}: [^\n]+\n\Z")
            self.assertEqual(sessions, 0)

    def test_a_wrong_companion_is_left_out(self):
        for name, values in {
            "CTRACE_FLIGHT_SIGNAL": ("KILL", "9", "SEGV", "USR3", "0", "999", "-1", "USR2 "),
            "CTRACE_FLIGHT_RULE": ("handle", ">1ms", "a>1", "a>1ms,", "a<1ms", "a>0ms", ",".join(["a>1s"] * 17)),
            "CTRACE_FLIGHT_FILE": ("%d", "100%", "x" * 512),
            "CTRACE_CRASH": ("yes", "2", "-1"),
        }.items():
            for value in values:
                text, sessions = self.errors(CTRACE_FLIGHT="10s", **{name: value})
                self.assertRegex(text, rf"\Actrace: {name}={re.escape(value)}: [^\n]+\n\Z")
                self.assertEqual(sessions, 1, value)

    def test_a_companion_alone_is_told(self):
        for name, value in {"FLIGHT_SIGNAL": "USR2", "FLIGHT_RULE": "a>1ms", "FLIGHT_FILE": "x", "CRASH": "1"}.items():
            text, sessions = self.errors(**{f"CTRACE_{name}": value})
            self.assertRegex(text, rf"\Actrace: CTRACE_{name}={value}: needs CTRACE_FLIGHT[^\n]+\n\Z")
            self.assertEqual(sessions, 0)

    def test_a_signal_that_is_ignored_is_told_and_the_past_is_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(["sh", "-c", f"trap '' USR2; printf 'stats\\nquit\\n' | {debug_client.PROGRAM} 0"], cwd=folder,
                                  env={**os.environ, "CTRACE_FLIGHT": "10s", "CTRACE_FLIGHT_SIGNAL": "USR2"},
                                  capture_output=True, text=True, timeout=PATIENCE_S, check=True)
        self.assertEqual(done.stderr, "ctrace: no snapshots on SIGUSR2: the program handles or ignores it already\n")
        self.assertEqual(done.stdout.split()[4], "1")


if __name__ == "__main__":
    debug_client.use(*sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[3:]])
