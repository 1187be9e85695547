# SPDX-License-Identifier: MIT
"""The table of kinds in format/SPEC.md (8.4) says what format/events.def says, row by row."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# How a field's type is written in the table, and what the table may say of its meaning besides.
TYPES = {"varint": "varint", "u8": "u8", "zigzag": "zigzag", "str": "str", "u64": "u64", "num": "i64, u64 or f64",
         "age": "varint ticks before this event"}
BY = {"SITE": "site", "END": "0 or 1", "PLAIN": "2"}


def kinds_of_def(text):
    """number -> (name, by, [(field, type)])"""
    rows = re.findall(r'^CTRACE_KIND\(\s*\w+,\s*(\d+),\s*"(\w+)",\s*(\w+),\s*"([^"]*)"\)', text, re.MULTILINE)
    return {int(number): (name, BY[how], [tuple(f.split(":")) for f in fields.split()]) for number, name, how, fields in rows}


def split_fields(cell):
    """`id: u64, parent: u64 (0: none)` as pairs. `arg0 to arg5: varint` is six of them."""
    cell = re.sub(r"\([^)]*\)", "", cell)
    pairs = []
    for name, kind in re.findall(r"([a-z_0-9 ]+?): ((?:(?!, [a-z_0-9 ]+: ).)+)", cell):
        first, _, last = name.strip(" ,").partition(" to ")
        names = [first] if not last else [f"{first[:-1]}{i}" for i in range(int(first[-1]), int(last[-1]) + 1)]
        pairs += [(n, kind.strip(" ,")) for n in names]
    return pairs


def kinds_of_spec(text):
    section = text.split("### 8.4")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| (\w+) \| ([^|]*?) \|([^|]*)\|", section, re.MULTILINE)
    return {int(number): (name, by, split_fields(cell.strip())) for number, name, by, cell in rows}


def same_type(wanted, said):
    spelled = TYPES[wanted]
    return said == spelled or (said.startswith(spelled + " ") and wanted != "age")


def differences(def_text, spec_text):
    ours, theirs = kinds_of_def(def_text), kinds_of_spec(spec_text)
    if def_text.count("\nCTRACE_KIND(") != len(ours):
        yield "events.def: a row cannot be read"
    for number in sorted(set(ours) | set(theirs)):
        if number not in ours or number not in theirs:
            yield f"kind {number} is only in {'SPEC.md' if number in theirs else 'events.def'}"
            continue
        (name, by, fields), (spec_name, spec_by, spec_fields) = ours[number], theirs[number]
        if (name, by) != (spec_name, spec_by):
            yield f"kind {number}: events.def says {name} by {by}, SPEC.md {spec_name} by {spec_by}"
        if [f for f, _ in fields] != [f for f, _ in spec_fields] or not all(
                same_type(t, s) for (_, t), (_, s) in zip(fields, spec_fields)):
            yield f"kind {number} ({name}): events.def has fields {fields}, SPEC.md {spec_fields}"


def main():
    found = list(differences((ROOT / "format/events.def").read_text(), (ROOT / "format/SPEC.md").read_text()))
    print("\n".join(found))
    count = len(kinds_of_def((ROOT / "format/events.def").read_text()))
    print(f"{0 if found else count} passed, {len(found)} failed")
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
