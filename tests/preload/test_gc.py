# SPDX-License-Identifier: MIT
"""What libgc does in a program that knows nothing of it: each collection with its parts, and nothing is different for the program.

    test_gc.py --ctrace PROGRAM --preload LIBRARY --host PROGRAM --loader PROGRAM --plugin LIBRARY
"""

import argparse
import glob
import json
import os
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

from calls_trace import Programs, preloaded, result_of, run

# SPEC 8.7.
FULL, STEP, WORLD, STOPPING, STARTING, MARK, RECLAIM = 1, 3, 4, 5, 6, 7, 8
WHOLE = [STOPPING, WORLD, STARTING, RECLAIM]
WAYS = ("handlers", "stop", "storm")
LIBGC = "/usr/lib/*/libgc.so.1"


class Work:
    """What a gc_begin began."""

    def __init__(self, event):
        self.kind, self.begin, self.end = event["args"]["gc_kind"], event["ns"], None
        self.inside, self.stopped, self.let_go = [], [], []
        self.live = self.freed = None

    def kinds(self):
        return [work.kind for work in self.inside]

    def part(self, kind):
        return next(work for work in self.inside if work.kind == kind)


class Thread:
    """Reads a stream as SPEC 8.7 says to."""

    def __init__(self):
        self.open, self.all, self.outermost, self.heaps, self.calls_within = [], [], [], [], 0

    def take(self, event):
        kind, args = event["kind"], event.get("args", {})
        if kind == "gc_begin":
            work = Work(event)
            (self.open[-1].inside if self.open else self.outermost).append(work)
            self.open.append(work)
            self.all.append(work)
        elif kind == "gc_end":
            work = self.open.pop()
            work.end, work.live, work.freed = event["ns"], args["live"], args["freed"]
        elif kind == "gc_thread":
            (self.open[-1].stopped if args["is_stopped"] else self.open[-1].let_go).append(args["tid"])
        elif kind == "gc_heap":
            self.heaps.append(args["size"])
        elif kind == "syscall_enter":
            self.calls_within += len(self.open) > 0


class Collections:
    """What a trace says of collectors, after `ctrace check` found nothing wrong."""

    def __init__(self, path):
        checked = run(Programs.ctrace, "check", path)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        rows = [json.loads(line) for line in run(Programs.ctrace, "dump", "--json", path).stdout.splitlines()]
        self.pids = {row["stream"]: row["pid"] for row in rows if row["type"] == "thread"}
        self.lost = sum(row["args"]["count"] for row in rows if row.get("kind") == "lost")
        self.calls = sum(row.get("kind") == "syscall_enter" for row in rows)
        self.streams = {stream: Thread() for stream in self.pids}
        for row in rows:
            if row["type"] == "event" and row["stream"] in self.streams:
                self.streams[row["stream"]].take(row)
        assert not any(thread.open for thread in self.streams.values()), "a collection that has no end"

    def outermost(self, pid=None):
        works = [work for stream, thread in self.streams.items() if pid in (None, self.pids[stream]) for work in thread.outermost]
        return sorted(works, key=lambda work: work.begin)

    def all(self, kind):
        return sorted((work for thread in self.streams.values() for work in thread.all if work.kind == kind), key=lambda work: work.begin)

    def heaps(self):
        return [size for thread in self.streams.values() for size in thread.heaps]


class Collectors(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.trace = Path(self.folder.name) / "trace.out"

    def record(self, *words, sources="spans,gc", **more):
        return run(Programs.ctrace, "record", "-q", "--sources", sources, "-o", self.trace, "--", *words, **more)

    def recorded(self, *words, **more):
        done = self.record(*words, **more)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        found = Collections(self.trace)
        self.assertEqual(0, found.lost)
        return done.stdout.decode(), found

    def test_each_collection_has_its_parts_and_the_threads_it_stopped(self):
        text, found = self.recorded(ARGUMENTS.host, "count")
        count, *tids = map(int, text.split())
        outermost = found.outermost()
        self.assertEqual([FULL] * count, [work.kind for work in outermost])
        for work in outermost:
            self.assertEqual(WHOLE, work.kinds())
            self.assertEqual([MARK], work.part(WORLD).kinds())
        for work in outermost[-5:]:
            self.assertEqual(sorted(tids), sorted(work.part(STOPPING).stopped))
            self.assertEqual(sorted(tids), sorted(work.part(STARTING).let_go))

    def test_bytes_are_those_that_the_program_sees(self):
        text, found = self.recorded(ARGUMENTS.host, "live")
        heap, live, heap_after, live_after = map(int, text.split())
        kept, dropped = found.outermost()[-2:]
        self.assertEqual((live, live_after), (kept.live, dropped.live))
        self.assertEqual(live - live_after, dropped.freed)
        self.assertEqual((heap, heap_after), (max(found.heaps()), found.heaps()[-1]))

    def test_handlers_of_the_program_are_called_and_told_as_without_it(self):
        plain = run(ARGUMENTS.host, "handlers")
        self.assertEqual((0, b"1 1 1 1 | 1 2 12 1\n"), (plain.returncode, plain.stdout))
        text, found = self.recorded(ARGUMENTS.host, "handlers")
        self.assertEqual(plain.stdout.decode(), text)
        self.assertGreaterEqual(len(found.all(FULL)), 4)

    def test_in_incremental_mode_each_piece_is_a_step(self):
        text, found = self.recorded(ARGUMENTS.host, "incremental")
        stops, reclaims = map(int, text.split())
        self.assertEqual((stops, stops, reclaims), (len(found.all(STOPPING)), len(found.all(WORLD)), len(found.all(RECLAIM))))
        steps = [work for work in found.outermost() if work.kind == STEP]
        self.assertGreater(len(steps), 0)
        for step in steps:
            self.assertIn(step.kinds(), ([STOPPING, WORLD, STARTING], [RECLAIM]))

    def test_a_collection_that_is_given_up_is_over_then(self):
        text, found = self.recorded(ARGUMENTS.host, "stop", sources="spans,preload,gc")
        unfinished = [work for work in found.all(FULL) if RECLAIM not in work.kinds()]
        self.assertEqual(int(text), len(unfinished))
        self.assertGreaterEqual(found.calls, len(unfinished))
        self.assertEqual([0], [thread.calls_within for thread in found.streams.values()])

    def test_a_forked_child_has_collections_of_its_own(self):
        text, found = self.recorded(ARGUMENTS.host, "fork")
        parent, child = map(int, text.split())
        self.assertEqual([FULL] * 2, [work.kind for work in found.outermost(child)])
        self.assertEqual([FULL] * 3, [work.kind for work in found.outermost(parent)])

    def test_threads_that_collect_at_once_never_stop_the_world_at_once(self):
        text, found = self.recorded(ARGUMENTS.host, "storm")
        self.assertEqual("1999000 1999000 1999000 \n", text)
        stops = found.all(WORLD)
        self.assertGreaterEqual(len(stops), 60)
        for before, after in zip(stops, stops[1:]):
            self.assertLessEqual(before.end, after.begin)

    def test_a_libgc_that_is_loaded_later_is_found(self):
        ways = [("plugin", ARGUMENTS.plugin)] + [("libgc", path) for path in glob.glob(LIBGC)[:1]]
        for way, path in ways:
            with self.subTest(way):
                text, found = self.recorded(ARGUMENTS.loader, way, Path(path).resolve())
                count, error = text.splitlines()
                self.assertEqual("no error", error)
                self.assertEqual([FULL] * int(count), [work.kind for work in found.outermost()])

    @unittest.skipIf(not glob.glob(LIBGC), "no libgc")
    def test_a_libgc_of_another_name_that_only_its_user_knows_is_found(self):
        """The loader knows the plugin by a name without a slash, so that its caller matters: dlopen passes it on unseen."""
        folder = Path(self.folder.name)
        for source, name in ((ARGUMENTS.plugin, "libuser.so"), (glob.glob(LIBGC)[0], "libxc.so.1")):
            folder.joinpath(name).write_bytes(Path(source).read_bytes().replace(b"libgc.so.1\0", b"libxc.so.1\0"))
        paths = {"LD_LIBRARY_PATH": f"{folder}:{os.environ.get('LD_LIBRARY_PATH', '')}"}
        plain = run(ARGUMENTS.loader, "plugin", "libuser.so", env=paths)
        self.assertEqual((0, b""), (plain.returncode, plain.stderr))
        self.assertEqual(result_of(plain), result_of(run(ARGUMENTS.loader, "plugin", "libuser.so", env={**paths, "LD_PRELOAD": str(Programs.preload)})))
        done = self.record(ARGUMENTS.loader, "plugin", "libuser.so", env=paths)
        self.assertEqual(result_of(plain), result_of(done))
        self.assertEqual(int(plain.stdout.split()[0]), len(Collections(self.trace).all(FULL)))

    def test_it_takes_part_unless_it_is_left_out(self):
        for sources, count in (("best", 6), ("spans,locks,gc", 6), ("best,-alloc,-locks", 6), ("best,-gc", 0), ("spans,preload,locks", 0)):
            with self.subTest(sources):
                _, found = self.recorded(ARGUMENTS.host, "count", sources=sources)
                self.assertEqual(count, len(found.outermost()))
                self.assertEqual(count > 0, len(found.heaps()) > 0)

    def test_nothing_is_different_for_the_program_while_nobody_records(self):
        for way in WAYS:
            for setting in ("on", "off"):
                with self.subTest(way=way, setting=setting):
                    plain = run(ARGUMENTS.host, way)
                    done = run(ARGUMENTS.host, way, env={"LD_PRELOAD": str(Programs.preload), "CTRACE_GC": setting})
                    self.assertEqual(result_of(plain), result_of(done))

    def test_a_word_that_is_none_is_said(self):
        done = run("true", env={"LD_PRELOAD": str(Programs.preload), "CTRACE_GC": "some"})
        self.assertEqual((0, b"", b"ctrace: CTRACE_GC=some: must be on or off\n"), result_of(done))

    @unittest.skipIf(shutil.which("w3m") is None, "not installed: w3m")
    def test_a_browser_that_nobody_here_wrote(self):
        page = Path(self.folder.name) / "page.html"
        rows = "".join(f"<tr><td>{number}<td><b>number</b> {number * number}" for number in range(3000))
        page.write_text(f"<html><body><h1>Numbers</h1><table>{rows}</table></body></html>")
        plain = run("w3m", "-dump", page)
        self.assertEqual(result_of(plain), result_of(preloaded("w3m", "-dump", page)))
        for sources in ("spans,gc", "best"):
            with self.subTest(sources):
                done = self.record("w3m", "-dump", page, sources=sources)
                self.assertEqual(result_of(plain), result_of(done))
                if sources == "spans,gc":
                    found = Collections(self.trace)
                    self.assertGreater(len(found.all(FULL)), 1)
                    self.assertGreater(max(found.heaps()), 1 << 20)


def main():
    global ARGUMENTS
    parser = argparse.ArgumentParser()
    for name in ("ctrace", "preload", "host", "loader", "plugin"):
        parser.add_argument(f"--{name}", required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    Programs.ctrace, Programs.preload = Path(ARGUMENTS.ctrace).resolve(), Path(ARGUMENTS.preload).resolve()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
