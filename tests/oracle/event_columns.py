# SPDX-License-Identifier: MIT
"""The events of one chunk (SPEC 8): three columns, walked side by side."""

from typing import NamedTuple

from kinds_table import BOOL, F64, HEX, I64, KINDS, PTR, SPAN_BEGIN, SPAN_END, STR, U64
from wire_cursor import U32_MAX, Broken, Cursor

OPEN_SPANS_MAX, STRING_MAX = 1024, 4096
NO_SITE = -1


class Event(NamedTuple):
    kind: int
    site: int  # NO_SITE if it has none
    ticks: int
    values: tuple  # int, bytes (strings), or Bits (doubles)


class Bits(int):
    """A double by its bits, so that every one of them compares."""


class Text(NamedTuple):
    """A string by number; its row may be missing."""

    number: int


def _string(cursor):
    number = cursor.varint()
    if number & 1:
        if number >> 1 > STRING_MAX:
            raise Broken(f"a string of {number >> 1} bytes, the limit is {STRING_MAX}")
        return cursor.take(number >> 1)
    if number >> 1 > U32_MAX:
        raise Broken(f"string {number >> 1}")
    return Text(number >> 1)


def _bool(cursor):
    value = cursor.u8()
    if value > 1:
        raise Broken(f"a bool of {value}")
    return value


ARGUMENTS = {I64: Cursor.zigzag, U64: Cursor.varint, F64: lambda cursor: Bits(cursor.u64()), BOOL: _bool, STR: _string,
             PTR: Cursor.varint, HEX: Cursor.varint}
FIELDS = {"varint": Cursor.varint, "u8": Cursor.u8, "zigzag": Cursor.zigzag, "age": Cursor.varint, "str": _string}


class Columns:
    """What the beginning of an EVENTS payload says."""

    def __init__(self, payload, base, file_base, tables):
        cursor = Cursor(payload)
        self.open = []
        for _ in range(cursor.varint(OPEN_SPANS_MAX)):
            site = _span_site(tables, cursor.varint())
            self.open.append((site, base - cursor.varint(base - file_base)))
        sizes = cursor.varint(), cursor.varint()
        self.operations, self.times = cursor.part(sizes[0]), cursor.part(sizes[1])
        self.arguments = Cursor(payload, cursor.at)


def _span_site(tables, number):
    site = tables.sites.get(number)
    if site is None:
        raise Broken(f"site {number} is not there")
    if site.kind != SPAN_BEGIN:
        raise Broken(f"site {number} is of kind {site.kind}, no span")
    return number


def _site_event(tables, number, arguments):
    site = tables.sites.get(number)
    if site is None:
        raise Broken(f"site {number} is not there")
    return site.kind, number, tuple(ARGUMENTS[kind](arguments) for kind, _ in site.arguments)


def _plain_event(kind, arguments):
    if SPAN_BEGIN <= kind <= 7:
        raise Broken(f"kind {kind} as a plain event")
    fields = arguments.part(arguments.varint())
    known = KINDS.get(kind)
    if known is None:
        return kind, NO_SITE, ()
    return kind, NO_SITE, tuple(FIELDS[what](fields) for _, what in known.fields)


def read_events(columns, header, tables):
    """All events of a chunk, or Broken."""
    operations, times, arguments = columns.operations, columns.times, columns.arguments
    ticks, last = header.base, header.base + header.span
    events = []
    for _ in range(header.events):
        operation = operations.varint()
        ticks += times.varint(last - ticks)
        if operation >= 8:
            what = _site_event(tables, operation - 8, arguments)
        elif operation == 0:
            what = SPAN_END, NO_SITE, ()
        elif operation == 1:
            what = SPAN_END, _span_site(tables, operations.varint()), ()
        elif operation == 2:
            what = _plain_event(operations.varint(U32_MAX), arguments)
        else:
            raise Broken(f"operation {operation} is reserved")
        events.append(Event(what[0], what[1], ticks, what[2]))
    if ticks != last:
        raise Broken(f"the last event is at {ticks}, the header says {last}")
    for name, column in ("operations", operations), ("times", times), ("arguments", arguments):
        if not column.is_at_end():
            raise Broken(f"bytes left over in the column of {name}")
    return events
