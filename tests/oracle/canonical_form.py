# SPDX-License-Identifier: MIT
"""The canonical form of a trace: one fact a line, every number in full, nothing that two good readers may see differently.

    refused
    trace MAJOR MINOR SESSION BASE TICKS_PER_SECOND CLOCK_KIND
    trailer LOST                                          only if there is one
    unknown-chunks N
    meta "KEY" "VALUE"                                    by key
    string ID "TEXT"                                      by number, and so on for all tables
    site ID KIND NAME CATEGORY FILE FUNCTION LINE TYPE:NAME…
    process PID PARENT NAME START
    thread STREAM PID TID NAME START WRITTEN LOST STATE CLAMPED
    buffer STREAM SOURCE CPU WRITTEN LOST CLAMPED         CPU is - if it is of no single one
    call NUMBER LAYER NAME
    stack NUMBER PARENT FRAME DEPTH
    frame NUMBER MODULE ADDRESS FUNCTION FILE LINE FLAGS OUTER
    module NUMBER PATH BUILD_ID
    source NAME STATE WHY EVENTS LOST CHECKS MISSES SLACK    in the order of their first rows
    file PID FD FROM NAME
    clock TICKS RAW MONOTONIC BOOTTIME REALTIME UNCERTAINTY    rows that are not ignored, by ticks
    chunk OFFSET STREAM SEQ BASE SPAN EVENTS MISSING      each whole EVENTS chunk, in file order, followed by
    open SITE TICKS                                       its restated spans
    event KIND SITE TICKS NS VALUE…                       its events; SITE is - if there is none
    damage OFFSET SIZE                                    by offset

Text is quoted; bytes outside printable ASCII, `"` and `\\` are \\xNN. A double is its 16 hexadecimal digits.
tests/oracle/canonical.c prints the same from the C reader.
"""

from decode import Refused, decode
from event_columns import NO_SITE, Bits, Text
from kinds_table import KINDS

PLAIN = {byte: chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\x{byte:02x}" for byte in range(256)}


def quoted(text):
    return '"' + "".join([PLAIN[byte] for byte in text]) + '"'


def value_text(tables, value):
    if isinstance(value, Bits):
        return f"{value:016x}"
    if isinstance(value, Text):
        return quoted(tables.string(value.number))
    return quoted(value) if isinstance(value, bytes) else str(value)


def table_lines(tables):
    name = lambda number: quoted(tables.string(number))
    for key in sorted(tables.meta):
        yield f"meta {quoted(key)} {quoted(tables.meta[key])}"
    for number in sorted(tables.strings)[1:]:
        if tables.strings[number] != b"?%d" % number:  # reads as if it were not there
            yield f"string {number} {name(number)}"
    for number in sorted(tables.sites):
        site = tables.sites[number]
        arguments = "".join(f" {kind}:{name(what)}" for kind, what in site.arguments)
        yield (f"site {number} {site.kind} {name(site.name)} {name(site.category)} {name(site.file)} {name(site.function)}"
               f" {site.line}{arguments}")
    for pid in sorted(tables.processes):
        row = tables.processes[pid]
        yield f"process {pid} {row.parent} {name(row.name)} {row.start}"
    for stream in sorted(tables.threads):
        row = tables.threads[stream]
        yield (f"thread {stream} {row.pid} {row.tid} {name(row.name)} {row.start} {row.written} {row.lost} {row.state}"
               f" {row.clamped}")


def kernel_table_lines(tables):
    name = lambda number: quoted(tables.string(number))
    for stream, row in sorted(tables.buffers.items()):
        yield f"buffer {stream} {name(row.source)} {'-' if row.cpu < 0 else row.cpu} {row.written} {row.lost} {row.clamped}"
    for number, row in sorted(tables.calls.items()):
        yield f"call {number} {row.layer} {name(row.name)}"
    for number, row in sorted(tables.stacks.items()):
        yield f"stack {number} {row.parent} {row.frame} {row.depth}"
    for number, row in sorted(tables.frames.items()):
        yield f"frame {number} {row.module} {row.address} {name(row.function)} {name(row.file)} {row.line} {row.flags} {row.outer}"
    for number, row in sorted(tables.modules.items()):
        yield f"module {number} {name(row.path)} {row.build_id.hex()}"
    for number, row in tables.sources.items():
        yield f"source {name(number)} {row.state} {name(row.why)} {row.events} {row.lost} {row.checks} {row.misses} {row.slack}"
    for (pid, fd, start), number in sorted(tables.files.items()):
        yield f"file {pid} {fd} {start} {name(number)}"


def chunk_lines(trace, chunk):
    head, tables, clock = chunk.header, trace.tables, trace.clock
    yield f"chunk {chunk.offset} {head.stream} {head.seq} {head.base} {head.span} {head.events} {chunk.missing}"
    for site, ticks in chunk.open:
        yield f"open {site} {ticks}"
    for event in chunk.events:
        site = "-" if event.site == NO_SITE else event.site
        values = "".join([" " + value_text(tables, value) for value in event.values if event.kind in KINDS])
        yield f"event {event.kind} {site} {event.ticks} {clock.nanoseconds(event.ticks)}{values}"


def canonical_lines(data):
    try:
        trace = decode(data)
    except Refused:
        yield "refused"
        return
    head = trace.header
    yield f"trace {head.major} {head.minor} {head.session.hex()} {head.base} {head.ticks_per_second} {head.clock_kind}"
    if trace.lost is not None:
        yield f"trailer {trace.lost}"
    yield f"unknown-chunks {trace.unknown_chunks}"
    yield from table_lines(trace.tables)
    yield from kernel_table_lines(trace.tables)
    for row in trace.clock.used:
        yield "clock " + " ".join(map(str, row))
    for chunk in trace.chunks:
        yield from chunk_lines(trace, chunk)
    for damage in trace.damage:
        yield f"damage {damage.offset} {damage.size}"
