# SPDX-License-Identifier: MIT
"""The kinds of format/events.def, as the decoder needs them."""

import re
from pathlib import Path
from typing import NamedTuple


class Kind(NamedTuple):
    name: str
    how: str  # SITE, END, PLAIN
    fields: tuple  # of (name, type)


def _read(path):
    rows = re.findall(r'^CTRACE_KIND\(\s*\w+,\s*(\d+),\s*"(\w+)",\s*(\w+),\s*"([^"]*)"\)', path.read_text(), re.MULTILINE)
    return {int(number): Kind(name, how, tuple(tuple(field.split(":")) for field in fields.split()))
            for number, name, how, fields in rows}


KINDS = _read(Path(__file__).resolve().parents[2] / "format/events.def")
SPAN_BEGIN, SPAN_END = 1, 2

I64, U64, F64, BOOL, STR, PTR, HEX = range(1, 8)
# SPEC 8.4: what a demanded argument may be.
DEMANDED = {"num": {I64, U64, F64}, "str": {STR}, "u64": {U64}, "i64": {I64}}
