# SPDX-License-Identifier: MIT
"""How many test cases passed and failed, read from what a test program printed.

A program counts at least as one case. Its exit status has the last word: a program that failed has at least one
failed case, whatever it printed.
"""

import re
from typing import NamedTuple


class Count(NamedTuple):
    passed: int
    failed: int
    skipped: int = 0

    def __add__(self, other):
        return Count(*(a + b for a, b in zip(self, other)))


NOTHING = Count(0, 0)


def _last(pattern, text):
    found = re.findall(pattern, text, re.MULTILINE)
    return int(found[-1]) if found else 0


def _cmocka(text):
    passed = re.findall(r"^\[ +OK \] ", text, re.MULTILINE)
    failed = set(re.findall(r"^\[  FAILED  \] ([A-Za-z_]\w*)(?:\s|$)", text, re.MULTILINE))
    skipped = set(re.findall(r"^\[  SKIPPED \] ([A-Za-z_]\w*)(?:\s|$)", text, re.MULTILINE))
    return Count(len(passed), len(failed), len(skipped))


def _plain(text):
    counts = [Count(int(p), int(f)) for p, f in re.findall(r"^(\d+) passed, (\d+) failed", text, re.MULTILINE)]
    return sum(counts, NOTHING)


def _unittest(text):
    total = _last(r"^Ran (\d+) tests? in ", text)
    failed = _last(r"^FAILED \(.*?failures=(\d+)", text) + _last(r"^FAILED \(.*?errors=(\d+)", text)
    skipped = _last(r"^(?:OK|FAILED) \(.*?skipped=(\d+)", text)
    return Count(max(total - failed - skipped, 0), failed, skipped)


def _node(text):
    sign = r"^(?:#|\u2139) "
    return Count(_last(sign + r"pass (\d+)", text), _last(sign + r"fail (\d+)", text), _last(sign + r"skipped (\d+)", text))


def count_cases(text, is_ok):
    """The cases of one program that printed `text` and ended well or not."""
    found = sum((reader(text) for reader in (_cmocka, _plain, _unittest, _node)), NOTHING)
    if is_ok:
        return found if found.passed + found.skipped > 0 else Count(1, 0)
    return found if found.failed > 0 else Count(found.passed, 1, found.skipped)


def seed_lines(text):
    """Lines by which a randomised test says how to repeat it."""
    return [line.strip() for line in text.splitlines() if re.match(r"\s*(?:\S+: )?seed\b", line, re.IGNORECASE)]
