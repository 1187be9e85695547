# SPDX-License-Identifier: MIT
"""The file that `ctrace convert` writes, the download, and what a click shows are the same events.

    test_view_chrome.py CTRACE TRACE_MAKER
"""

import json
import random
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from view_process import View, get
from websocket_client import connect

PROGRAM, TRACE_MAKER = sys.argv[1:3]
SEED = int(sys.argv.pop(3)) if len(sys.argv) > 3 else int(time.time())
CLICKS = 150


def unchunked(body):
    """The content of a chunked answer."""
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        parts.append(body[:int(size, 16)])
        body = body[int(size, 16) + 2:]
    return b"".join(parts)


def key(event):
    """What must be equal. The model knows tasks by time, the encoder by order: among events of one nanosecond they may differ."""
    args = {name: value for name, value in event.get("args", {}).items() if name != "task"}
    return json.dumps({**event, "args": args}, sort_keys=True)


def is_whole(event):
    """The model keeps neither the site of a span whose begin is not in the trace, nor on which thread a task ended."""
    return event["ph"] != "e" and not {"began_before", "restated", "unfinished"} & set(event.get("args", {}))


def setUpModule():
    global FOLDER, EXPORTED, VIEW
    print(f"seed: {SEED}", flush=True)
    FOLDER = tempfile.TemporaryDirectory()
    trace, converted = str(Path(FOLDER.name) / "a.trace"), Path(FOLDER.name) / "a.json"
    subprocess.run([TRACE_MAKER, str(SEED), "--events", "4000", "-o", trace], check=True)
    subprocess.run([PROGRAM, "convert", "--quiet", trace, "-o", str(converted)], check=True)
    EXPORTED = converted.read_bytes()
    VIEW = View(PROGRAM, trace)


def tearDownModule():
    assert VIEW.stop() == 0, VIEW.stderr()
    FOLDER.cleanup()


class SameEvents(unittest.TestCase):
    def setUp(self):
        self.page = connect(VIEW.port, VIEW.token)
        self.hello = self.page.open()
        self.events = {key(event) for event in json.loads(EXPORTED)["traceEvents"]}

    def tearDown(self):
        self.page.close()

    def test_download_is_the_file(self):
        answer = get(VIEW, "/trace.json", "Connection: close", token=True)
        self.assertEqual(answer.status, 200)
        is_chunked = answer.fields.get("transfer-encoding") == "chunked"
        self.assertEqual(unchunked(answer.body) if is_chunked else answer.body, EXPORTED)

    def test_a_click_shows_the_event_of_the_file(self):
        choice = random.Random(SEED)
        lanes = [lane for lane in self.hello["lanes"] if lane["events"] > 0 and lane["kind"] != "gap"]
        for _ in range(CLICKS):
            lane = choice.choice(lanes)
            answer = self.page.ask("event", lane=lane["id"], index=choice.randrange(lane["events"]))
            self.assertGreaterEqual(len(answer["chrome"]), 1)
            for event in filter(is_whole, answer["chrome"]):
                self.assertIn(key(event), self.events, (lane, answer))

    def test_a_range_lists_events_of_the_file(self):
        answer = self.page.ask("range", lanes=[], start=0, end=self.hello["trace"]["duration"] + 1, top=20,
                               order="duration")
        self.assertEqual(len(answer["events"]), len(answer["places"]))
        for event in filter(is_whole, answer["events"]):
            self.assertIn(key(event), self.events)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
