# SPDX-License-Identifier: MIT
"""Ticks to nanoseconds (SPEC 6), with whole numbers of any size."""

from bisect import bisect_right

SECOND = 1_000_000_000
LATEST = (1 << 63) - 1


class Clockwork:
    def __init__(self, header, clocks):
        self.base = header.base
        self.used = _used([clocks[ticks] for ticks in sorted(clocks)])
        self.rows = [(row.ticks, row.raw) for row in self.used]
        self.starts = [ticks for ticks, _ in self.rows]
        self.per_second = header.ticks_per_second
        self.zero = self._raw(self.base)

    def nanoseconds(self, ticks):
        """Since the trace began."""
        return min(self._raw(ticks) - self.zero, LATEST)

    def _raw(self, ticks):
        if len(self.rows) < 2:
            t0, n0 = self.rows[0] if self.rows else (self.base, 0)
            return n0 + (ticks - t0) * SECOND // self.per_second
        at = min(max(bisect_right(self.starts, ticks) - 1, 0), len(self.rows) - 2)
        (t0, n0), (t1, n1) = self.rows[at], self.rows[at + 1]
        return n0 + (ticks - t0) * (n1 - n0) // (t1 - t0)


def _used(rows):
    """Rows whose nanoseconds do not fall, in the order of their ticks."""
    kept = []
    for row in rows:
        if not kept or row.raw >= kept[-1].raw:
            kept.append(row)
    return kept
