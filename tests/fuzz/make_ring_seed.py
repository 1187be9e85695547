# SPDX-License-Identifier: MIT
"""An input for fuzz_rings.c from what a process left in a ring directory.

    make_ring_seed.py FOLDER RING OUT      RING is the number of a ring file of the smallest size, CTRACE_RING_KB=64
"""

import struct
import sys
from pathlib import Path

MAGIC_BYTES = 8
SITES_HEAD_BYTES = 24
SHARED_PAGE_BYTES = 4096
NESTED_RING_BYTES = 16384


def until_zeros(content, least=0):
    """Without the zeros behind, to a whole word."""
    size = max(least, len(content.rstrip(b"\0")))
    return content[: (size + 7) & ~7]


def piece(content):
    content = content[:65535]
    return struct.pack("<H", len(content)) + content


def main():
    folder, number, out = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    ring = (folder / f"ring-{number}").read_bytes()
    version, shared_bytes, levels, nested_bytes, data_offset = struct.unpack_from("<5I", ring, MAGIC_BYTES)
    process = bytearray((folder / "process").read_bytes())
    segment = folder / f"ring-{number}-1"
    data = ring[data_offset:] + until_zeros(segment.read_bytes()) if segment.exists() else until_zeros(ring[data_offset:])
    out.write_bytes(piece(until_zeros(bytes(process[MAGIC_BYTES:])))
                    + piece(until_zeros((folder / "sites-1").read_bytes()[SITES_HEAD_BYTES:]))
                    + piece(ring[MAGIC_BYTES:shared_bytes])
                    + piece(until_zeros(ring[SHARED_PAGE_BYTES:SHARED_PAGE_BYTES + NESTED_RING_BYTES]))
                    + data)
    print(f"{out}: {out.stat().st_size} bytes, layout {version}, {levels} nested rings of {nested_bytes}")


if __name__ == "__main__":
    main()
