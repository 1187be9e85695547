# SPDX-License-Identifier: MIT
"""`ctrace heap`: exact sums of a trace of which everything is known, the same as a plain reading of random ones, and clear
words for what cannot be asked.

    test_heap.py --ctrace PROGRAM
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from collections import Counter, defaultdict
from pathlib import Path

OPTIONS = argparse.Namespace()

# One tick is a nanosecond.
HEAD = """ctrace-text 1
header session=00000000000000000000000000000000 base=1000 rate=1000000000 clock=5
chunk STRINGS seq=0
  string 1 "main"
  string 2 "load"
  string 3 "parse"
  string 4 "main.c"
  string 5 "arena"
chunk FRAMES seq=1
  frame 1 address=0x10 function=1 file=4 line=10
  frame 2 address=0x20 function=2 file=4 line=20
  frame 3 address=0x30 function=3 file=4 line=30
chunk STACKS seq=2
  stack 1 frame=1
  stack 2 parent=1 frame=2
  stack 3 parent=2 frame=3
chunk THREADS seq=3
  thread 1 pid=10 tid=11 name=1 start=0 written=0 lost=0 state=0 clamped=0
  thread 2 pid=10 tid=12 name=1 start=0 written=0 lost=0 state=0 clamped=0
  thread 3 pid=20 tid=20 name=1 start=0 written=0 lost=0 state=0 clamped=0
"""
# Thread 12 frees what 11 got at the very time at which 11 gets the address again; process 20 has the same address.
STORY = HEAD + """chunk EVENTS stream=1 seq=0 base=1000
  +10 alloc 4096 100 2 0 0
  +10 alloc 8192 50 3 0 0
  +80 alloc 4096 70 2 0 0
  +100 free 8192 0
  +0 realloc 8192 12288 60 3 0
  +100 free 12288 0
  +50 realloc 12288 12288 0 0 0
  +50 pool 7 65536 1000 @5
  +0 alloc 65536 30 1 0 7
  +100 free 77 0
chunk EVENTS stream=2 seq=0 base=1000
  +100 free 4096 0
chunk EVENTS stream=3 seq=0 base=1000
  +15 alloc 4096 5 1 0 0
"""


def run(*words):
    return subprocess.run([OPTIONS.ctrace, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)


def exact(number):
    return {"bytes": number[0], "blocks": number[1], "plus_minus_bytes": 0}


class Heap(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)

    def trace(self, text):
        source, trace = self.path / "trace.txt", self.path / "trace.out"
        source.write_text(text)
        done = run("dump", "--assemble", source, "-o", trace)
        self.assertEqual(0, done.returncode, done.stderr)
        return trace

    def heap(self, text, *words):
        done = run("heap", self.trace(text), "--json", *words)
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def places(self, answer, what):
        return {place["stack"][0]["function"]: (place[what]["bytes"], place[what]["blocks"]) for place in answer["places"]}

    # ---- a story

    def test_what_is_alive_at_the_end(self):
        answer = self.heap(STORY)
        places = self.places(answer, "live")
        self.assertEqual(((70, 1), (60, 1)), (places["load"], places["parse"]))
        self.assertEqual(exact((70 + 60 + 30 + 5, 4)), answer["total"]["live"])
        self.assertEqual(1, answer["unmatched_frees"])
        self.assertFalse(answer["is_sampled"])

    def test_each_process_has_its_own_addresses(self):
        answer = self.heap(STORY, "--at", "90ns")
        self.assertEqual(exact((155, 3)), answer["total"]["live"])

    def test_a_free_comes_first_at_the_same_time(self):
        answer = self.heap(STORY, "--at", "100ns")
        self.assertEqual(exact((70 + 50 + 5, 3)), answer["total"]["live"])
        self.assertEqual(0, answer["unmatched_frees"])

    def test_who_freed_what_another_got(self):
        pairs = {(pair["got_by"], pair["freed_by"]): pair["freed"]["bytes"] for pair in self.heap(STORY)["threads"]}
        self.assertEqual({(11, 12): 100, (11, 11): 50 + 60}, pairs)

    def test_two_moments_are_one_word_or_two(self):
        answer = self.heap(STORY, "--between", "50ns,205ns")
        self.assertEqual(answer, self.heap(STORY, "--between", "50ns", "205ns"))

    def test_growth_between_two_moments(self):
        answer = self.heap(STORY, "--between", "50ns,205ns")
        growth = {(place["stack"][0]["function"], place["pool"]): place["growth_bytes"] for place in answer["places"]}
        self.assertEqual({("load", 0): -30, ("parse", 0): 10, ("main", 0): 0}, growth)
        self.assertEqual(exact((70 + 60, 2)), answer["total"]["got"])

    def test_lives(self):
        load = [place for place in self.heap(STORY)["places"] if place["stack"][0]["function"] == "load"][0]
        self.assertEqual(90, load["longest_life_ns"])
        self.assertEqual([{"below_ns": 128, "blocks": 1}], load["lives"])
        # The second one is 340 ns old at 400, older than any that was freed.
        self.assertEqual(exact((70, 1)), load["overdue"])

    def test_the_curve_ends_at_what_is_alive(self):
        answer = self.heap(STORY)
        points = answer["curve"]["points"]
        self.assertEqual(answer["total"]["live"]["bytes"], points[-1]["live"])
        self.assertEqual(answer["peak"]["bytes"], max(point["most"] for point in points))
        self.assertEqual(answer["total"]["got"]["bytes"], sum(point["got"] for point in points))
        # At 100 ns a block is freed and another got.
        at = points[100 // answer["curve"]["point_ns"]]
        self.assertEqual((125, 155, 70), (at["live"], at["most"], at["got"]))

    def test_pools(self):
        self.assertEqual([{"pid": 10, "pool": 7, "name": "arena", "reserved_bytes": 1000, "live_bytes": 30}],
                         self.heap(STORY)["pools"])

    def test_stacks_have_names_and_lines(self):
        parse = [place for place in self.heap(STORY)["places"] if place["stack"][0]["function"] == "parse"][0]
        self.assertEqual([{"function": "parse", "file": "main.c", "line": 30}, {"function": "load", "file": "main.c", "line": 20},
                          {"function": "main", "file": "main.c", "line": 10}], parse["stack"])

    def test_samples_stand_for_more(self):
        answer = self.heap(HEAD + "chunk EVENTS stream=1 seq=0 base=1000\n  +10 alloc 4096 100 2 1000 0\n  +10 alloc 8192 500 2 1000 0\n")
        self.assertTrue(answer["is_sampled"])
        self.assertEqual((2000, 12), (answer["total"]["live"]["bytes"], answer["total"]["live"]["blocks"]))
        self.assertAlmostEqual(1.959964 * (1000 * 900 + 1000 * 500) ** 0.5, answer["total"]["live"]["plus_minus_bytes"], 3)

    def test_losses_are_said(self):
        trace = self.trace(HEAD + "chunk EVENTS stream=1 seq=0 base=1000\n  +10 alloc 4096 100 2 0 0\n  +10 lost 1 7 5\n")
        done = run("heap", trace)
        self.assertEqual(0, done.returncode)
        self.assertIn(b"7 events are lost", done.stderr)

    def test_text(self):
        done = run("heap", self.trace(STORY))
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        for words in (b"parse < load < main", b"got by one thread, freed by another", b"arena (0x7)"):
            self.assertIn(words, done.stdout)

    # ---- a plain reading of random ones

    def test_the_same_as_a_plain_reading(self):
        seed = int(os.environ.get("CTRACE_TEST_SEED", random.randrange(1 << 30)))
        print(f"seed: {seed}", flush=True)
        for i in range(30):
            self.compare(random.Random(seed + i))

    def random_events(self, rng):
        """(time, stream, kind, address, size, stack), no two at one time."""
        time, events = 0, []
        for _ in range(rng.choice((0, 5, 300))):
            time += rng.randrange(1, 50)
            events.append((time, rng.randrange(1, 4), rng.choice(("alloc", "free", "realloc")), 16 * rng.randrange(1, 20),
                           rng.randrange(1, 3000), rng.randrange(0, 4)))
        return events

    def write(self, events):
        text = HEAD
        for stream in (1, 2, 3):
            base, seq = 1000, 0
            mine = [event for event in events if event[1] == stream]
            while mine:
                part, mine = mine[:40], mine[40:]
                text += f"chunk EVENTS stream={stream} seq={seq} base={base}\n"
                for at, _, kind, address, size, stack in part:
                    fields = {"alloc": f"{address} {size} {stack} 0 0", "free": f"{address} 0",
                              "realloc": f"1 {address} {size} {stack} 0"}[kind]
                    text += f"  +{1000 + at - base} {kind} {fields}\n"
                    base = 1000 + at
                seq += 1
        return text

    def compare(self, rng):
        events = self.random_events(rng)
        end = events[-1][0] if events else 0
        moment = rng.randrange(end + 2)
        since = rng.randrange(moment + 1)
        answer = self.heap(self.write(events), "--between", f"{since}ns,{moment}ns")
        alive, got, before = {}, Counter(), None
        for at, stream, kind, address, size, stack in events:
            if at > since and before is None:
                before = dict(alive)
            if at > moment:
                break
            name = (stream == 3, address)
            if kind == "free":
                alive.pop(name, None)
            else:
                alive[name] = size, stack
                got[stack] += size if at > since else 0
        before = dict(alive) if before is None else before
        live = self.by_stack(alive)
        self.assertEqual(sum(live.values()), answer["total"]["live"]["bytes"])
        self.assertEqual(len(alive), answer["total"]["live"]["blocks"])
        found = {len(place["stack"]): place for place in answer["places"]}
        for stack, place in found.items():
            self.assertEqual(live[stack], place["live"]["bytes"])
            self.assertEqual(self.by_stack(before)[stack], place["before"]["bytes"])
            self.assertEqual(got[stack], place["got"]["bytes"])
        self.assertEqual({stack for stack, size in live.items() if size}, {stack for stack, p in found.items() if p["live"]["bytes"]})

    def by_stack(self, alive):
        sums = defaultdict(int)
        for size, stack in alive.values():
            sums[stack] += size
        return sums

    # ---- what cannot be asked

    def test_wrong_usage(self):
        trace = self.trace(STORY)
        for words in (("--at", "soon"), ("--between", "1s"), ("--between", "1s", "soon"), ("--between", "2s,1s"),
                      ("--between", "1s,2s", "3s"), ("--between", "2s", "1s"), ("--at", "1s", "--between", "1s,2s"),
                      ("--between", "x,y")):
            done = run("heap", trace, *words)
            self.assertEqual((2, b""), (done.returncode, done.stdout), words)
            self.assertEqual(1, done.stderr.count(b"\n"), done.stderr)

    def test_a_trace_without_memory(self):
        done = run("heap", self.trace(HEAD))
        self.assertEqual(0, done.returncode)
        self.assertIn(b"nothing is recorded of memory", done.stderr)

    def test_no_trace(self):
        self.assertEqual(1, run("heap", self.path / "none").returncode)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ctrace", required=True)
    arguments, rest = parser.parse_known_args()
    OPTIONS.ctrace = str(Path(arguments.ctrace).resolve())
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
