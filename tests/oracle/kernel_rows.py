# SPDX-License-Identifier: MIT
"""The tables of SPEC 7.9 to 7.13: what a kernel tells, and what numbers in its events stand for."""

from typing import NamedTuple

from row_rules import check_count, put_once, within
from wire_cursor import U32_MAX, Broken

BUFFERS_MAX, CALL_MAX, SOURCES_MAX, FILES_MAX = 4096, 65_535, 256, 1_000_000
STACK_MAX, STACK_FRAMES_MAX, FRAME_MAX, MODULE_MAX, BUILD_ID_MAX = 4_000_000, 512, 1_000_000, 65_535, 64
INLINED = 1


class Buffer(NamedTuple):
    source: int
    cpu: int  # -1: of no single one
    written: int
    lost: int
    clamped: int


class Call(NamedTuple):
    layer: int
    name: int


class Stack(NamedTuple):
    parent: int
    frame: int
    depth: int


class Frame(NamedTuple):
    module: int
    address: int
    function: int
    file: int
    line: int
    flags: int
    outer: int


class Module(NamedTuple):
    path: int
    build_id: bytes


class Source(NamedTuple):
    state: int
    why: int
    events: int
    lost: int
    checks: int
    misses: int
    slack: int


def take_buffer(tables, made, row):
    stream, source, cpu = within(row.varint(U32_MAX), 1, U32_MAX, "stream"), row.varint(U32_MAX), row.varint(U32_MAX) - 1
    written, lost, clamped = row.varint(), row.varint(), row.varint()
    if stream in tables.threads:
        raise Broken(f"stream {stream} is a thread's")
    check_count(tables.buffers, made, stream, BUFFERS_MAX, "buffers")
    made[stream] = Buffer(source, cpu, written, lost, clamped)


def take_call(tables, made, row):
    call, layer, name = row.varint(CALL_MAX), within(row.u8(), 1, 2, "layer"), row.varint(U32_MAX)
    put_once(tables.calls, made, call, Call(layer, name), "call")


def take_stack(tables, made, row):
    number = within(row.varint(), 1, STACK_MAX, "stack")
    parent, frame = within(row.varint(), 0, number - 1, "parent"), within(row.varint(), 1, FRAME_MAX, "frame")
    there = made.get(number, tables.stacks.get(number))
    if there is not None:
        if there[:2] != (parent, frame):
            raise Broken(f"stack {number} is defined twice")
        return
    below = made.get(parent, tables.stacks.get(parent))
    made[number] = Stack(parent, frame, within(1 if below is None else below.depth + 1, 1, STACK_FRAMES_MAX, "depth"))


def take_frame(tables, made, row):
    frame, module, address = within(row.varint(), 1, FRAME_MAX, "frame"), row.varint(MODULE_MAX), row.varint()
    function, file, line = (row.varint(U32_MAX) for _ in range(3))
    flags, outer = within(row.u8(), 0, INLINED, "flags"), row.varint(FRAME_MAX)
    if outer != 0:
        within(outer, frame + 1, FRAME_MAX, "outer")
    made[frame] = Frame(module, address, function, file, line, flags, outer)


def take_module(tables, made, row):
    module, path = within(row.varint(), 1, MODULE_MAX, "module"), row.varint(U32_MAX)
    made[module] = Module(path, row.bytes(BUILD_ID_MAX))


def take_source(tables, made, row):
    name, state, why = row.varint(U32_MAX), within(row.u8(), 1, 3, "state"), row.varint(U32_MAX)
    check_count(tables.sources, made, name, SOURCES_MAX, "sources")
    made[name] = Source(state, why, *(row.varint() for _ in range(5)))


def take_file(tables, made, row):
    pid, fd, start = row.varint(), row.varint(U32_MAX), row.varint()
    made[pid, fd, start] = row.varint(U32_MAX)
