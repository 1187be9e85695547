# SPDX-License-Identifier: MIT
"""What pages get from `ctrace view`: hello, names, tiles that add up, exact answers, and nothing that was cancelled.

    test_view_pages.py CTRACE TRACE_MAKER
"""

import json
import math
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from tile_bytes import COUNTER, SPANS, decode
from view_process import View, get
from websocket_client import BINARY, TEXT, Closed, connect, frame

PROGRAM, TRACE_MAKER = sys.argv[1:3]
EVENTS = 20000


def setUpModule():
    global FOLDER, PATH, VIEW
    FOLDER = tempfile.TemporaryDirectory()
    PATH = str(Path(FOLDER.name) / "all kinds.trace")
    subprocess.run([TRACE_MAKER, "7", "--events", str(EVENTS), "-o", PATH], check=True)
    VIEW = View(PROGRAM, PATH)


def tearDownModule():
    assert VIEW.stop() == 0, VIEW.stderr()
    FOLDER.cleanup()


def body_of(answer):
    """The JSON of a chunked answer; an unfinished stream is an error."""
    assert answer.fields["transfer-encoding"] == "chunked", answer.fields
    parts, at = [], 0
    while True:
        end = answer.body.index(b"\r\n", at)
        size = int(answer.body[at:end], 16)
        parts.append(answer.body[end + 2:end + 2 + size])
        assert answer.body[end + 2 + size:end + 4 + size] == b"\r\n"
        at = end + 4 + size
        if size == 0:
            assert at == len(answer.body)
            return json.loads(b"".join(parts))


class PageCase(unittest.TestCase):
    def setUp(self):
        self.page = connect(VIEW.port, VIEW.token)
        self.hello = self.page.open()
        self.seq = 0
        self.names = []
        self.names_told = False

    def tearDown(self):
        self.page.close()

    def take_names(self, message):
        if isinstance(message, dict) and message["type"] == "names":
            self.assertEqual(message["first"], len(self.names), "names come in order, without gaps")
            self.names += message["names"]
            return True
        return False

    def tiles(self, want):
        """The tiles of one view, by (lane, level, number)."""
        self.seq += 1
        self.page.send({"type": "view", "seq": self.seq, "want": want})
        expected = sum(entry[3] for entry in want)
        found = {}
        while len(found) < expected:
            message = self.page.receive()
            if self.take_names(message):
                continue
            self.assertIsInstance(message, bytes, message)
            seq, generation, tiles = decode(message)
            self.assertEqual((seq, generation), (self.seq, self.hello["generation"]))
            for tile in tiles:
                self.assertNotIn((tile.lane, tile.level, tile.number), found)
                found[tile.lane, tile.level, tile.number] = tile
        return found

    def span_levels(self):
        """The levels at which the whole trace is one to about 64 tiles."""
        top = max(0, math.ceil(math.log2(max(self.hello["trace"]["duration"], 512) / 512)))
        return range(min(top, 50), max(top - 7, -1), -1)

    def whole(self, lanes, level):
        last = int(self.hello["trace"]["duration"]) // (512 << level)
        return [[lane, level, 0, last + 1] for lane in lanes]


class HelloTest(PageCase):
    def test_hello_describes_the_trace(self):
        trace = self.hello["trace"]
        self.assertEqual(self.hello["version"], 1)
        self.assertEqual(trace["name"], "all kinds.trace")
        self.assertEqual(trace["bytes"], Path(PATH).stat().st_size)
        self.assertTrue(trace["is_finished"])
        self.assertEqual(trace["damage"], [])
        self.assertGreater(trace["duration"], 0)
        self.assertRegex(trace["wall_start_ns"], r"^\d+$")

    def test_lanes_belong_to_tracks_and_tracks_to_tracks(self):
        tracks = {track["id"]: track for track in self.hello["tracks"]}
        self.assertTrue(tracks)
        for track in tracks.values():
            self.assertIn(track["kind"], ("process", "thread", "counters", "tasks"))
            self.assertTrue(track["parent"] == -1 or track["parent"] in tracks)
        self.assertEqual([lane["id"] for lane in self.hello["lanes"]], list(range(len(self.hello["lanes"]))))
        for lane in self.hello["lanes"]:
            self.assertIn(lane["track"], tracks)
            self.assertIn(lane["kind"], ("span", "instant", "counter", "task", "gap"))

    def test_two_pages_are_told_the_same(self):
        other = connect(VIEW.port, VIEW.token)
        self.assertEqual(other.open(), self.hello)
        other.close()

    def test_hello_names_the_same_losses_as_check(self):
        lost = sum(track["lost"] for track in self.hello["tracks"] if track["kind"] == "thread")
        self.assertEqual(lost, self.hello["trace"]["lost"])


class TileTest(PageCase):
    def test_counts_of_a_lane_add_up_at_every_level(self):
        lanes = [lane["id"] for lane in self.hello["lanes"]]
        for level in self.span_levels():
            total = dict.fromkeys(lanes, 0)
            for part in range(0, len(lanes), 64):
                for tile in self.tiles(self.whole(lanes[part:part + 64], level)).values():
                    total[tile.lane] += tile.count()
            for lane in self.hello["lanes"]:
                self.assertEqual(total[lane["id"]], lane["events"], (level, lane))

    def test_names_come_before_tiles_that_use_them(self):
        tiles = self.tiles(self.whole([lane["id"] for lane in self.hello["lanes"]], self.span_levels()[0]))
        used = {0}
        for tile in tiles.values():
            used.update(tile.real.get("name", ()))
            used.update(name for name, count in zip(tile.buckets.get("longest_name", ()), tile.buckets["count"]) if count)
        self.assertLess(max(used), len(self.names))

    def test_real_spans_are_two_buckets_long_and_merged_ones_are_not(self):
        for level in self.span_levels():
            spans = [lane["id"] for lane in self.hello["lanes"] if lane["kind"] == "span"][:64]
            for tile in self.tiles(self.whole(spans, level)).values():
                self.assertEqual(tile.kind, SPANS)
                for duration in tile.real["duration"]:
                    self.assertTrue(duration == -1 or duration >= 2 << level, (level, duration))
                for longest in tile.buckets["longest"]:
                    self.assertLess(longest, (2 << level) + 1024)

    def test_counter_tiles_stay_within_the_range_that_hello_told(self):
        for lane in (lane for lane in self.hello["lanes"] if lane["kind"] == "counter" and lane["min"] is not None):
            for tile in self.tiles(self.whole([lane["id"]], self.span_levels()[0])).values():
                self.assertEqual(tile.kind, COUNTER)
                for low, high in zip(tile.buckets["min"], tile.buckets["max"]):
                    self.assertTrue(math.isnan(low) or lane["min"] <= low <= high <= lane["max"])

    def test_tiles_beyond_the_trace_are_empty(self):
        far = self.tiles([[0, 0, 4294967294, 2], [0, 50, 4000, 1]])
        self.assertEqual(len(far), 3)
        self.assertEqual(sum(tile.count() for tile in far.values()), 0)

    def test_a_newer_view_cancels_an_older_one(self):
        """The first list is long enough that it cannot have gone out before the second is read."""
        want = [[i % len(self.hello["lanes"]), 3 + i % 7, 64 * (i // 7), 4] for i in range(4096)]
        self.seq = 5
        self.page.send({"type": "view", "seq": 4, "want": want})
        self.page.send({"type": "view", "seq": 5, "want": [[0, 9, 0, 1]]})
        older = newer = 0
        while newer == 0:
            message = self.page.receive()
            if isinstance(message, bytes):
                seq, _, tiles = decode(message)
                older += len(tiles) if seq == 4 else 0
                newer += len(tiles) if seq == 5 else 0
        self.assertLess(older, 4 * 4096)
        # Nothing of the older view follows; an answer proves that the queue is empty.
        self.page.ask("at", lane=0, time=0)
        self.assertFalse([m for m in self.page.aside if isinstance(m, bytes) and decode(m)[0] == 4])

    def test_an_older_view_is_ignored(self):
        self.tiles([[0, 9, 0, 1]])
        self.page.send({"type": "view", "seq": 0, "want": [[0, 9, 0, 1]]})
        self.page.ask("at", lane=0, time=0)
        self.assertFalse([m for m in self.page.aside if isinstance(m, bytes)])

    def test_a_lane_that_is_not_there_is_an_error_and_the_rest_still_comes(self):
        self.page.send({"type": "view", "seq": 1, "want": [[4000000, 1, 0, 3], [0, 9, 0, 1]]})
        kinds = []
        while len(kinds) < 2:
            message = self.page.receive()
            if not self.take_names(message):
                kinds.append("tiles" if isinstance(message, bytes) else message["type"])
        self.assertEqual(sorted(kinds), ["error", "tiles"])


class QuestionTest(PageCase):
    def spans(self):
        return [lane for lane in self.hello["lanes"] if lane["kind"] == "span" and lane["events"] > 0]

    def test_a_question_of_an_older_view_is_dropped_without_an_answer(self):
        self.page.send({"type": "view", "seq": 900, "want": []})
        for req in (901, 902, 903):
            self.page.send({"type": "range", "req": req, "seq": req - 3, "lanes": [], "start": 0, "end": 1e18, "top": 1, "order": "start"})
        self.assertEqual(self.page.until(lambda m: isinstance(m, dict) and m.get("req") in (901, 902, 903) and m.get("done"))["req"], 903)
        self.assertFalse([m for m in self.page.aside if isinstance(m, dict) and m.get("req") in (901, 902)])

    def test_range_counts_every_span(self):
        whole = self.page.ask("range", lanes=[], start=0, end=self.hello["trace"]["duration"] + 1, top=5, order="duration")
        self.assertTrue(whole["done"])
        self.assertEqual(whole["count"], sum(lane["events"] for lane in self.spans()))
        self.assertEqual(whole["count"], sum(name["count"] for name in whole["names"]))
        durations = [place[3] for place in whole["places"]]
        self.assertEqual(durations, sorted(durations, reverse=True))
        self.assertEqual(max(name["max"] for name in whole["names"]), durations[0])

    def test_event_at_and_range_agree(self):
        lane = max(self.spans(), key=lambda lane: lane["events"])
        some = self.page.ask("range", lanes=[lane["id"]], start=0, end=self.hello["trace"]["duration"] + 1, top=20, order="start")
        self.assertEqual(some["count"], lane["events"])
        for lane_id, index, start, duration, own, name in some["places"]:
            event = self.page.ask("event", lane=lane_id, index=index)
            self.assertEqual((event["start"], event["duration"], event["self"], event["name"]), (start, duration, own, name), event)
            self.assertEqual(event["kind"], "span")
            found = self.page.ask("at", lane=lane_id, time=start + duration // 2)
            self.assertEqual(found["lane"], lane_id)
            self.assertTrue(duration == 0 or found["index"] == index, (found, event))

    def test_every_lane_answers_for_its_first_and_last_event(self):
        for lane in self.hello["lanes"]:
            if lane["events"] == 0:
                continue
            for index in {0, lane["events"] - 1}:
                event = self.page.ask("event", lane=lane["id"], index=index)
                self.assertEqual((event["type"], event["lane"], event["index"]), ("event", lane["id"], index), event)
                self.assertEqual(event["track"], lane["track"])
                for arg in event["args"]:
                    self.assertIsInstance(arg["value"], str)

    def test_parents_contain_their_children(self):
        deepest = max(self.spans(), key=lambda lane: lane["depth"])
        event = self.page.ask("event", lane=deepest["id"], index=0)
        while "parent" in event:
            lane, index = event["parent"]
            parent = self.page.ask("event", lane=lane, index=index)
            self.assertLessEqual(parent["start"], event["start"])
            self.assertGreaterEqual(parent["start"] + parent["duration"], event["start"] + event["duration"])
            self.assertLess(parent["depth"], event["depth"])
            self.assertGreater(parent["children"], 0)
            event = parent

    def test_search_and_find_walk_through_the_same_hits(self):
        whole = self.page.ask("range", lanes=[], start=0, end=self.hello["trace"]["duration"] + 1, top=1, order="duration")
        rare = min(whole["names"], key=lambda name: (name["count"], name["name"]))
        while len(self.names) <= rare["name"]:
            self.take_names(self.page.aside.pop(0) if self.page.aside else self.page.receive())
        text = self.names[rare["name"]]
        if not text or "\ufffd" in text:
            self.skipTest("the rarest name cannot be typed")
        hits = self.page.ask("search", text=text)
        self.assertIn(rare["name"], hits["names"])
        self.assertGreaterEqual(hits["count"], rare["count"])
        found = self.page.ask("find", text=text, **{"from": 0}, direction=1)
        seen = []
        for _ in range(min(hits["count"], 50)):
            seen.append((found["lane"], found["index"]))
            self.assertEqual(found["count"], hits["count"])
            found = self.page.ask("find", text=text, **{"from": found["start"]}, lane=found["lane"], index=found["index"], direction=1)
        self.assertEqual(len(seen), len(set(seen)))
        if hits["count"] <= 50:
            self.assertEqual((found["lane"], found["index"]), seen[0])
            self.assertTrue(found["wrapped"])

    def test_nothing_is_found_where_there_is_nothing(self):
        nothing = "no such name \u2603"
        self.assertEqual(self.page.ask("search", text=nothing)["count"], 0)
        self.assertEqual(self.page.ask("find", text=nothing, **{"from": 0}, direction=1)["lane"], -1)

    def test_questions_about_what_is_not_there_are_errors(self):
        for kind, members in (("event", {"lane": 10**6, "index": 0}), ("event", {"lane": 0, "index": 4 * 10**9}),
                              ("at", {"lane": 10**6, "time": 0}),
                              ("range", {"lanes": [10**6], "start": 0, "end": 1, "top": 1, "order": "start"})):
            self.assertEqual(self.page.ask(kind, **members)["type"], "error", (kind, members))

    def test_numbers_of_questions_come_back_as_they_were(self):
        for req in (0, -1, 2**53, 1.5):
            self.page.send({"type": "at", "req": req, "lane": 0, "time": 0})
            self.page.until(lambda m, req=req: isinstance(m, dict) and m.get("req") == req)

    def test_worst_questions_end(self):
        end = 9.3e18
        for start, stop in ((0, end), (end, end), (-end, end), (0, 0), (0, 1)):
            self.assertIn(self.page.ask("range", lanes=[], start=start, end=stop, top=1000, order="start")["type"], ("range", "error"))
        for time in (-1e300, 1e300, 2**62):
            self.assertEqual(self.page.ask("at", lane=0, time=time)["type"], "found")
        self.assertEqual(self.page.ask("range", lanes=[], start=5, end=1, top=1, order="start")["type"], "error")

    def test_every_kind_of_event_comes_as_chrome_lines(self):
        phases = {"span": "XB", "instant": "i", "counter": "C", "task": "be", "gap": "i"}
        for lane in self.hello["lanes"]:
            if lane["events"] > 0:
                event = self.page.ask("event", lane=lane["id"], index=lane["events"] // 2)
                self.assertTrue(event["chrome"], event)
                for line in event["chrome"]:
                    self.assertIn(line["ph"], phases[lane["kind"]], event)


class HeapTest(unittest.TestCase):
    """Memory, of a random trace with all that a kernel and an allocator may tell."""

    @classmethod
    def setUpClass(cls):
        cls.path = str(Path(FOLDER.name) / "memory.trace")
        subprocess.run([TRACE_MAKER, "8", "--events", "20000", "--kernel", "-o", cls.path], check=True)
        cls.view = View(PROGRAM, cls.path)

    @classmethod
    def tearDownClass(cls):
        assert cls.view.stop() == 0, cls.view.stderr()

    def setUp(self):
        self.page = connect(self.view.port, self.view.token)
        self.hello = self.page.open()

    def tearDown(self):
        self.page.close()

    def heap(self, **members):
        req = self.page.next_req
        self.page.next_req += 1
        self.page.send({"type": "heap", "req": req, **members})
        answer = {"done": False}
        while answer.get("done") is False:
            answer = self.page.until(lambda m: isinstance(m, dict) and m.get("req") == req)
            if answer.get("done") is False:
                self.assertEqual(set(answer), {"type", "req", "done", "count", "of"})
                self.assertLessEqual(answer["count"], answer["of"])
        return answer

    def told(self, *options):
        made = subprocess.run([PROGRAM, "heap", "--json", *options, self.path], check=True, capture_output=True)
        return json.loads(made.stdout)

    def test_the_page_is_told_what_the_command_tells(self):
        end = int(self.hello["trace"]["duration"])
        for start, options in ((0, ()), (end // 3, ("--between", f"{end // 3}ns,{end}ns"))):
            answer, told = self.heap(start=start, end=end), self.told(*options)
            self.assertEqual(answer["events"], told["events"])
            self.assertEqual((answer["moment"], answer["unmatched"]), (told["at_ns"], told["unmatched_frees"]))
            self.assertEqual(answer["peak"]["time"], told["peak"]["at_ns"])
            sums = answer["total"]["sums"]
            for at, name in ((0, "live"), (1, "before"), (3, "got"), (4, "freed"), (5, "overdue")):
                if name in told["total"]:
                    self.assertEqual(sums[3 * at], min(told["total"][name]["bytes"], 2**63 - 1), name)
            self.assertEqual(len(answer["places"]) + answer["places_left_out"], len(told["places"]))

    def test_own_sums_of_the_tree_are_those_of_the_places_with_a_stack(self):
        answer = self.heap(start=0, end=9e18)
        self.assertEqual(answer["places_left_out"], 0)
        freed = sum(place["sums"][12] for place in answer["places"] if place["stack"])
        self.assertEqual(sum(node[2 + 12] for node in answer["nodes"]), freed)
        for at, node in enumerate(answer["nodes"]):
            self.assertEqual(len(node), 23)
            self.assertLess(node[0], at)
            self.assertLess(node[1], len(answer["functions"]))

    def test_processes_add_up(self):
        whole = self.heap(start=0, end=9e18)
        pids = {track["pid"] for track in self.hello["tracks"] if track.get("memory")}
        self.assertTrue(pids)
        self.assertEqual(sum(self.heap(start=0, end=9e18, pid=pid)["events"] for pid in pids), whole["events"])

    def test_bad_questions_are_errors_and_worst_ones_end(self):
        for members in ({}, {"start": 0}, {"start": 5, "end": 1}, {"start": "0", "end": 1}, {"start": 0, "end": 1, "pid": -1},
                        {"start": 0, "end": 1, "pid": "all"}, {"start": 0, "end": 1, "pid": 1.5}):
            self.assertEqual(self.page.ask("heap", **members)["type"], "error", members)
        for start, end in ((0, 0), (-9e18, 9e300), (9.3e18, 9.3e18), (0, 1)):
            self.assertEqual(self.heap(start=start, end=end)["type"], "heap", (start, end))
        self.assertEqual(self.heap(start=0, end=9e18, pid=2**53)["events"], 0)


class ChromeTest(unittest.TestCase):
    def test_answers_and_download_say_the_same(self):
        path = str(Path(FOLDER.name) / "plain.trace")
        subprocess.run([TRACE_MAKER, "9", "--events", "20000", "--plain-spans", "-o", path], check=True)
        with View(PROGRAM, path) as view:
            page = connect(view.port, view.token)
            hello = page.open()
            lines = {json.dumps(line, sort_keys=True) for line in body_of(get(view, "/trace.json", token=True))["traceEvents"]}
            for lane in hello["lanes"]:
                for index in range(0, lane["events"], max(1, lane["events"] // 10)):
                    for line in page.ask("event", lane=lane["id"], index=index)["chrome"]:
                        self.assertIn(json.dumps(line, sort_keys=True), lines)
            top = page.ask("range", lanes=[], start=0, end=hello["trace"]["duration"] + 1, top=1000, order="duration")
            self.assertEqual(len(top["events"]), min(100, len(top["places"])))  # CTRACE_RANGE_EVENTS_MAX
            for line in top["events"]:
                self.assertIn(json.dumps(line, sort_keys=True), lines)
            page.close()


class MessageTest(PageCase):
    def test_nonsense_gets_one_line_and_the_page_stays(self):
        for text in ("", "x", "[]", "{}", "\"a\"", "{\"type\":\"view\"}", "[" * 60000, "{\"type\":\"at\",\"req\":1}"):
            self.page.send(text)
            error = self.page.until(lambda m: isinstance(m, dict) and m["type"] == "error")
            self.assertNotIn("\n", error["text"])
        self.assertEqual(self.page.ask("at", lane=0, time=0)["type"], "found")

    def test_a_message_in_fragments_is_one_message(self):
        text = json.dumps({"type": "at", "req": 9, "lane": 0, "time": 0}).encode()
        self.page.connection.sendall(frame(TEXT, text[:5], fin=False) + frame(0, text[5:9], fin=False) + frame(0, text[9:]))
        self.page.until(lambda m: isinstance(m, dict) and m.get("req") == 9)

    def test_a_binary_message_ends_the_connection(self):
        self.page.connection.sendall(frame(BINARY, b"x"))
        with self.assertRaises(Closed):
            while True:
                self.page.receive()

    def test_a_cancelled_question_gets_no_answer(self):
        self.page.send({"type": "cancel", "req": 77})
        self.page.send({"type": "range", "req": 78, "lanes": [], "start": 0, "end": 1e18, "top": 1000, "order": "start"})
        self.page.send({"type": "cancel", "req": 78})
        self.assertEqual(self.page.ask("at", lane=0, time=0)["type"], "found")


class DownloadTest(unittest.TestCase):
    def test_the_whole_trace_comes_as_json(self):
        answer = get(VIEW, "/trace.json", token=True)
        self.assertIn("attachment", answer.fields["content-disposition"])
        self.assertEqual(answer.fields["cache-control"], "no-store")
        events = body_of(answer)["traceEvents"]
        page = connect(VIEW.port, VIEW.token)
        spans = sum(lane["events"] for lane in page.open()["lanes"] if lane["kind"] == "span")
        page.close()
        self.assertEqual(sum(1 for event in events if event["ph"] in "XB"), spans)

    def test_a_range_is_a_part_of_it(self):
        whole = body_of(get(VIEW, "/trace.json", token=True))["traceEvents"]
        spans = [event for event in whole if event["ph"] == "X"]
        middle = sorted(event["ts"] for event in spans)[len(spans) // 2]
        part = body_of(get(VIEW, f"/trace.json?start=0&end={int(middle * 1000)}", token=True))["traceEvents"]
        self.assertTrue(0 < sum(1 for event in part if event["ph"] == "X") < len(spans))
        tid = spans[0]["tid"]
        mine = body_of(get(VIEW, f"/trace.json?threads={tid}", token=True))["traceEvents"]
        self.assertEqual({event["tid"] for event in mine if event["ph"] == "X"}, {tid})

    def test_a_wrong_query_is_a_bad_request(self):
        for query in ("start=x", "start=2&end=1", "threads=", "a=b", "start=1&start=2", "start=-1"):
            self.assertEqual(get(VIEW, f"/trace.json?{query}", token=True).status, 400, query)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
