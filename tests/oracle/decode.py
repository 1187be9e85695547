# SPDX-License-Identifier: MIT
"""The second decoder: a trace by format/SPEC.md alone, knowing nothing of the C code.

    decode.py FILE…      prints each in the canonical form (canonical_form.py)

It is written to be read beside SPEC.md, in the same order, and keeps the law honest: whatever SPEC.md leaves open shows
as a difference between this and the C reader.
"""

import sys
from pathlib import Path
from typing import NamedTuple

from castagnoli import crc32c
from clock_lines import Clockwork
from event_columns import Columns, read_events
from lz4_block import lz4_block
from table_rows import Tables, read_rows
from wire_cursor import Broken, Cursor

FILE_HEADER, CHUNK_HEADER, TRAILER = 64, 56, 32
MAGIC, SYNC, TRAILER_MAGIC = b"\x89CTRACE\n", b"\xc7KTC", b"CTE\n"
PAYLOAD_MAX, TICKS_END = 1 << 20, 1 << 62
LZ4_FLAG, OPTIONAL = 1, 2
TABLE_TYPES, EVENTS = (1, 2, 3, 4, 5, 6, 8, 16, 17, 18, 19, 20, 21, 22), 7


class Refused(Exception):
    """The whole file cannot be read (SPEC 9.1)."""


class FileHeader(NamedTuple):
    major: int
    minor: int
    session: bytes
    base: int
    ticks_per_second: int
    clock_kind: int


class ChunkHeader(NamedTuple):
    type: int
    flags: int
    stream: int
    seq: int
    events: int
    base: int
    span: int
    raw: int
    stored: int
    payload_crc: int


class Damage(NamedTuple):
    offset: int
    size: int
    text: str


class EventsChunk:
    """An EVENTS chunk that is whole."""

    def __init__(self, offset, header, missing):
        self.offset, self.header, self.missing = offset, header, missing
        self.open, self.events = [], []


class Trace:
    def __init__(self):
        self.header = None
        self.lost = None  # what the trailer says, None without one
        self.tables = Tables()
        self.chunks = []  # of EventsChunk, in file order
        self.unknown_chunks = 0
        self.damage = []
        self.clock = None


def read_file_header(data):
    """SPEC 3."""
    if len(data) < FILE_HEADER or data[:8] != MAGIC:
        raise Refused("not a trace")
    cursor = Cursor(data, 8, FILE_HEADER)
    major, minor, size, reserved = (cursor.u16() for _ in range(4))
    incompatible, _compatible = cursor.u32(), cursor.u32()
    session, base, per_second, clock_kind = cursor.take(16), cursor.u64(), cursor.u64(), cursor.u8()
    padding, crc = cursor.take(3), cursor.u32()
    if crc != crc32c(data[:60]):
        raise Refused("file header crc")
    if major != 1 or incompatible != 0:
        raise Refused("needs a newer reader")
    if size != FILE_HEADER or reserved != 0 or any(padding):
        raise Refused("file header")
    if base >= TICKS_END or not 1 <= per_second <= 10**12 or not 1 <= clock_kind <= 5:
        raise Refused("file header: clock")
    return FileHeader(major, minor, session, base, per_second, clock_kind)


def read_chunk_header(data, at, end, file_base):
    """SPEC 4; None where no good header stands."""
    if end - at < CHUNK_HEADER or data[at:at + 4] != SYNC:
        return None
    cursor = Cursor(data, at + 4, at + CHUNK_HEADER)
    size, kind, flags, reserved = (cursor.u16() for _ in range(4))
    stream, seq, events = (cursor.u32() for _ in range(3))
    base, span = cursor.u64(), cursor.u64()
    raw, stored, payload_crc, crc = (cursor.u32() for _ in range(4))
    if crc != crc32c(data[at:at + 52]) or size != CHUNK_HEADER or reserved != 0 or flags & ~(LZ4_FLAG | OPTIONAL):
        return None
    if raw > PAYLOAD_MAX or stored > PAYLOAD_MAX or base + span >= TICKS_END or events > raw:
        return None
    if stored >= raw if flags & LZ4_FLAG else stored != raw:
        return None
    if kind in TABLE_TYPES and (stream, base, span) != (0, 0, 0):
        return None
    if kind == EVENTS and (stream == 0 or base < file_base):
        return None
    return ChunkHeader(kind, flags, stream, seq, events, base, span, raw, stored, payload_crc)


def read_trailer(data):
    """SPEC 7.8: events lost, or None."""
    if len(data) < FILE_HEADER + TRAILER:
        return None
    trailer = data[-TRAILER:]
    cursor = Cursor(trailer)
    _index, lost, _chunks, reserved, crc = cursor.u64(), cursor.u64(), cursor.u32(), cursor.u32(), cursor.u32()
    if trailer[28:] != TRAILER_MAGIC or crc != crc32c(trailer[:24]) or reserved != 0:
        return None
    return lost


def next_good_header(data, at, end, file_base):
    """Where the search of SPEC 9.2 ends: at a good header, or at the end."""
    while True:
        at = data.find(SYNC, at, end)
        if at < 0:
            return end
        if read_chunk_header(data, at, end, file_base) is not None:
            return at
        at += 1


def payload_of(data, offset, header):
    stored = data[offset + CHUNK_HEADER:offset + CHUNK_HEADER + header.stored]
    if crc32c(stored) != header.payload_crc:
        raise Broken("payload crc")
    return lz4_block(stored, header.raw) if header.flags & LZ4_FLAG else stored


def walk(data, end, file_base):
    """Yields (offset, header), and (offset, Damage) for every place that is no whole chunk."""
    at = FILE_HEADER
    while at < end:
        header = read_chunk_header(data, at, end, file_base)
        if header is None:
            after = next_good_header(data, at + 1, end, file_base)
            yield at, Damage(at, after - at, "no good chunk header")
            at = after
            continue
        size = CHUNK_HEADER + header.stored
        if size > end - at:
            yield at, Damage(at, end - at, "cut")
            return
        yield at, header
        at += size


class Neighbours:
    """SPEC 9.5: the order of the chunks of each stream."""

    def __init__(self):
        self.last = {}  # stream -> (seq, ticks of the last event)

    def missing_before(self, header):
        seq, ticks = self.last.get(header.stream, (-1, 0))
        if header.seq <= seq or header.base < ticks:
            raise Broken("out of its place")
        self.last[header.stream] = header.seq, header.base + header.span
        return header.seq - seq - 1


def read_chunks(trace, data, end):
    """First all tables, then the events, which refer to them."""
    neighbours, events = Neighbours(), []
    for offset, what in walk(data, end, trace.header.base):
        if isinstance(what, Damage):
            trace.damage.append(what)
            continue
        try:
            if what.type == EVENTS:
                events.append(EventsChunk(offset, what, neighbours.missing_before(what)))
            elif what.type in TABLE_TYPES:
                read_rows(trace.tables, what.type, Cursor(payload_of(data, offset, what)), what.events)
            elif what.flags & OPTIONAL:
                trace.unknown_chunks += 1
            else:
                raise Broken(f"chunk type {what.type} needs a newer reader")
        except Broken as broken:
            trace.damage.append(Damage(offset, CHUNK_HEADER + what.stored, str(broken)))
    return events


def read_events_chunk(trace, data, chunk):
    columns = Columns(payload_of(data, chunk.offset, chunk.header), chunk.header.base, trace.header.base, trace.tables)
    chunk.events = read_events(columns, chunk.header, trace.tables)
    chunk.open = columns.open


def decode(data):
    """The trace in these bytes; Refused if they are none."""
    trace = Trace()
    trace.header = read_file_header(data)
    trace.lost = read_trailer(data)
    for chunk in read_chunks(trace, data, len(data) if trace.lost is None else len(data) - TRAILER):
        try:
            read_events_chunk(trace, data, chunk)
            trace.chunks.append(chunk)
        except Broken as broken:
            trace.damage.append(Damage(chunk.offset, CHUNK_HEADER + chunk.header.stored, str(broken)))
    trace.damage.sort()
    trace.clock = Clockwork(trace.header, trace.tables.clocks)
    return trace


def main():
    from canonical_form import canonical_lines  # the form knows the trace, not the other way round

    for path in sys.argv[1:]:
        for line in canonical_lines(Path(path).read_bytes()):
            print(line)


if __name__ == "__main__":
    main()
