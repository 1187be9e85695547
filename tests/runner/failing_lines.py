# SPDX-License-Identifier: MIT
"""What to show of a failed test again at the very end, where a log that is cut to its tail still has it.

Lines about cases that passed go; of the rest the first ones, where a sanitizer says what it found, and the last ones, where
most programs say what failed.
"""

import re

FIRST, LAST = 12, 28
COLUMNS = 300

# cmocka, node in both its reports, unittest.
_PASSED = re.compile(
    r"^\[ RUN      \] |^\[       OK \] |^\[={10}\] |^\[  PASSED  \] "
    r"|^\s*ok \d+ |^\s*# Subtest: |^\s*(?:---|\.\.\.)$|^\s*(?:duration_ms:|type: ')"
    r"|^\s*(?:\u2714|\u25b6) "
    r"|\.\.\. (?:ok|skipped .*)$|^[.s]+$"
)


def _without_passed(text):
    lines = (line.rstrip()[:COLUMNS] for line in text.splitlines())
    return [line for line in lines if line and not _PASSED.search(line)]


def _ends_of(lines):
    left_out = len(lines) - FIRST - LAST
    if left_out <= 0:
        return lines
    return [*lines[:FIRST], f"… {left_out} lines …", *lines[-LAST:]]


def failing_lines(text):
    """At most FIRST + 1 + LAST lines of what a failed test printed."""
    return _ends_of(_without_passed(text))
