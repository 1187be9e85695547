# SPDX-License-Identifier: MIT
"""The tables of SPEC 7: a payload of rows, all of them or none."""

from typing import NamedTuple

import kernel_rows
from kinds_table import DEMANDED, HEX, I64, KINDS
from row_rules import check_count, put_once
from wire_cursor import U32_MAX, Broken

STRING_MAX, STRINGS_MAX, STRINGS_TOTAL_MAX = 4096, 1_000_000, 1 << 28
SITE_MAX, SITE_ARGUMENTS_MAX, SITES_MAX = 16_777_215, 16, 1_000_000
META_KEY_MAX, META_VALUE_MAX, META_KEYS_MAX = 4096, 65_536, 1024
PROCESSES_MAX, THREADS_MAX, CLOCKS_MAX, TICKS_MAX = 65_536, 65_536, 1_000_000, (1 << 62) - 1


class Site(NamedTuple):
    id: int
    kind: int
    name: int
    category: int
    file: int
    function: int
    line: int
    arguments: tuple  # of (type, name)


class Process(NamedTuple):
    pid: int
    parent: int
    name: int
    start: int


class Thread(NamedTuple):
    stream: int
    pid: int
    tid: int
    name: int
    start: int
    written: int
    lost: int
    state: int
    clamped: int


class Clock(NamedTuple):
    ticks: int
    raw: int
    monotonic: int
    boottime: int
    realtime: int
    uncertainty: int


class Tables:
    def __init__(self):
        self.meta = {}
        self.strings = {0: b""}
        self.sites = {}
        self.processes = {}
        self.threads = {}
        self.clocks = {}
        self.clock_rows = 0  # repeated ones counted
        self.string_bytes = 0
        self.buffers = {}
        self.calls = {}
        self.stacks = {}
        self.frames = {}
        self.modules = {}
        self.sources = {}
        self.files = {}  # (pid, descriptor, from) -> name
        self.file_rows = 0  # repeated ones counted

    def string(self, number):
        return self.strings.get(number, b"?%d" % number)


def _meta(tables, made, row):
    key = row.bytes(META_KEY_MAX)
    check_count(tables.meta, made, key, META_KEYS_MAX, "keys")
    made[key] = row.bytes(META_VALUE_MAX)


def _string(tables, made, row):
    number = row.varint(STRINGS_MAX)
    if number == 0:
        raise Broken("string 0 is always empty")
    text = row.bytes(STRING_MAX)
    put_once(tables.strings, made, number, text, "string")


def _check_demanded(kind, arguments):
    known = KINDS.get(kind)
    if known is None:
        return
    if known.how != "SITE":
        raise Broken(f"kind {kind} has no sites")
    if len(arguments) < len(known.fields):
        raise Broken(f"kind {kind} demands {len(known.fields)} arguments")
    for (name, wanted), (given, _) in zip(known.fields, arguments):
        if given not in DEMANDED[wanted]:
            raise Broken(f"argument {name} of kind {kind} has type {given}")


def _argument(row):
    kind = row.u8()
    if not I64 <= kind <= HEX:
        raise Broken(f"argument type {kind}")
    return kind, row.varint(U32_MAX)


def _site(tables, made, row):
    number = row.varint(SITE_MAX)
    kind, name, category, file, function, line = (row.varint(U32_MAX) for _ in range(6))
    arguments = tuple(_argument(row) for _ in range(row.varint(SITE_ARGUMENTS_MAX)))
    _check_demanded(kind, arguments)
    check_count(tables.sites, made, number, SITES_MAX, "sites")
    site = Site(number, kind, name, category, file, function, line, arguments)
    put_once(tables.sites, made, number, site, "site")


def _process(tables, made, row):
    pid, parent, name, start = row.varint(), row.varint(), row.varint(U32_MAX), row.varint()
    check_count(tables.processes, made, pid, PROCESSES_MAX, "processes")
    made[pid] = Process(pid, parent, name, start)


def _thread(tables, made, row):
    stream, pid, tid, name = row.varint(U32_MAX), row.varint(), row.varint(), row.varint(U32_MAX)
    start, written, lost, state, clamped = row.varint(), row.varint(), row.varint(), row.u8(), row.varint()
    if stream == 0:
        raise Broken("stream 0 is no thread")
    if state > 2:
        raise Broken(f"thread state {state}")
    if stream in tables.buffers:
        raise Broken(f"stream {stream} is a buffer's")
    check_count(tables.threads, made, stream, THREADS_MAX, "threads")
    made[stream] = Thread(stream, pid, tid, name, start, written, lost, state, clamped)


def _clock(tables, made, row):
    clock = Clock(*(row.u64() for _ in range(6)))
    if clock.ticks > TICKS_MAX or clock.raw > TICKS_MAX:
        raise Broken("a clock row of 2^62 or more")
    made[clock.ticks] = clock


def _index(tables, made, row):
    row.take(8 + 2)
    if row.u16() != 0:
        raise Broken("a reserved field of the index is not 0")
    row.take(4 + 8 + 8 + 4 + 4)


STRINGS, CLOCK, FILES = 2, 6, 22
# type -> (attribute of Tables, how to read a row)
ROWS = {1: ("meta", _meta), 2: ("strings", _string), 3: ("sites", _site), 4: ("processes", _process), 5: ("threads", _thread),
        6: ("clocks", _clock), 8: (None, _index), 16: ("buffers", kernel_rows.take_buffer), 17: ("calls", kernel_rows.take_call),
        18: ("stacks", kernel_rows.take_stack), 19: ("modules", kernel_rows.take_module), 20: ("frames", kernel_rows.take_frame),
        21: ("sources", kernel_rows.take_source), 22: ("files", kernel_rows.take_file)}


def _check_totals(tables, kind, made, count):
    if kind == STRINGS:
        fresh = sum(len(text) for number, text in made.items() if number not in tables.strings)
        if tables.string_bytes + fresh > STRINGS_TOTAL_MAX:
            raise Broken(f"more than {STRINGS_TOTAL_MAX} bytes of text")
        tables.string_bytes += fresh
    if kind == CLOCK:
        if tables.clock_rows + count > CLOCKS_MAX:
            raise Broken(f"more than {CLOCKS_MAX} clock rows")
        tables.clock_rows += count
    if kind == FILES:
        if tables.file_rows + count > kernel_rows.FILES_MAX:
            raise Broken(f"more than {kernel_rows.FILES_MAX} files")
        tables.file_rows += count


def read_rows(tables, kind, payload, count):
    """Take the rows of one chunk over into `tables`: all, or none and Broken."""
    name, read = ROWS[kind]
    made = {}
    for _ in range(count):
        read(tables, made, payload.part(payload.varint()))
    if not payload.is_at_end():
        raise Broken("bytes behind the last row")
    _check_totals(tables, kind, made, count)
    if name is not None:
        getattr(tables, name).update(made)
