# SPDX-License-Identifier: MIT
"""Tiles of a binary message, decoded from viewer-server/API.md alone."""

import struct
from typing import NamedTuple

SPANS, INSTANTS, COUNTER = 1, 2, 3
DENSE, LONG_UNIT = 1, 2
CONTINUES = 1


class Tile(NamedTuple):
    lane: int
    number: int
    level: int
    kind: int
    real: dict
    buckets: dict
    before: float

    def count(self):
        """Events that this tile counts: real ones that begin in it, and merged ones."""
        began = sum(1 for flags in self.real.get("flags", ()) if not flags & CONTINUES)
        return began + sum(self.buckets["count"])


class _Columns:
    def __init__(self, data, at):
        self.data, self.at = data, at

    def take(self, form, count):
        size = struct.calcsize("<" + form) * count
        values = struct.unpack_from(f"<{count}{form}", self.data, self.at)
        end = (self.at + size + 7) // 8 * 8
        assert not any(self.data[self.at + size:end]), "padding is not zero"
        self.at = end
        return values


def _positions(columns, flags, count):
    return tuple(range(512)) if flags & DENSE else columns.take("H", count)


def _spans(columns, flags, n, m):
    real = {"start": columns.take("d", n), "duration": columns.take("d", n), "index": columns.take("I", n),
            "name": columns.take("I", n), "flags": columns.take("H", n)}
    buckets = {"position": _positions(columns, flags, m), "coverage": columns.take("H", m), "count": columns.take("I", m),
               "longest": columns.take("I", m), "longest_index": columns.take("I", m), "longest_name": columns.take("I", m)}
    if flags & LONG_UNIT:
        buckets["longest"] = tuple(value * 1024 for value in buckets["longest"])
    return real, buckets, None


def _instants(columns, flags, n, m):
    assert n == 0
    time = columns.take("d", m)
    return {}, {"time": time, "position": _positions(columns, flags, m), "flags": columns.take("H", m),
                "count": columns.take("I", m), "index": columns.take("I", m), "name": columns.take("I", m)}, None


def _counter(columns, flags, n, m):
    assert n == 0
    before, = columns.take("d", 1)
    buckets = {name: columns.take("d", m) for name in ("min", "max", "first", "last", "mean")}
    buckets["position"] = _positions(columns, flags, m)
    buckets["count"] = columns.take("I", m)
    return {}, buckets, before


def decode(data):
    """(view seq, generation, tiles) of one binary message; every rule of the layout is asserted."""
    magic, version, kind, length, seq, count, generation, *zero = struct.unpack_from("<HBBIIII3I", data)
    assert (magic, version, kind) == (0x5443, 1, 1) and zero == [0, 0, 0]
    assert length == len(data)
    at, tiles = 32, []
    for _ in range(count):
        lane, number, level, kind, flags, size, n, m, *zero = struct.unpack_from("<IIBBHIII2I", data, at)
        assert zero == [0, 0] and size % 8 == 0 and level <= 50
        columns = _Columns(data, at + 32)
        real, buckets, before = {SPANS: _spans, INSTANTS: _instants, COUNTER: _counter}[kind](columns, flags, n, m)
        assert columns.at == at + size, (columns.at, at + size)
        assert list(buckets["position"]) == sorted(set(buckets["position"])) and all(p < 512 for p in buckets["position"])
        tiles.append(Tile(lane, number, level, kind, real, buckets, before))
        at += size
    assert at == len(data)
    return seq, generation, tiles
