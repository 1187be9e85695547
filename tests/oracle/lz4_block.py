# SPDX-License-Identifier: MIT
"""Decompresses one LZ4 block: sequences of literals and copies from what is already there."""

from wire_cursor import Broken, Cursor


def _length(cursor, nibble):
    """A length above 14 goes on in bytes that are added up, the last of them below 255."""
    length = nibble
    if nibble == 15:
        more = 255
        while more == 255:
            more = cursor.u8()
            length += more
    return length


def lz4_block(data, size):
    """Exactly `size` bytes, or Broken."""
    cursor, out = Cursor(data), bytearray()
    while True:
        token = cursor.u8()
        out += cursor.take(_length(cursor, token >> 4))
        if len(out) > size:
            raise Broken(f"LZ4: more than {size} bytes")
        if cursor.is_at_end():
            break
        offset = cursor.u16()
        length = _length(cursor, token & 15) + 4
        if not 1 <= offset <= len(out):
            raise Broken(f"LZ4: a copy from {offset} bytes back, {len(out)} are there")
        if len(out) + length > size:
            raise Broken(f"LZ4: more than {size} bytes")
        start = len(out) - offset
        while length > 0:  # a copy may overlap itself: what it wrote is read again
            step = min(length, len(out) - start)
            out += out[start:start + step]
            length -= step
    if len(out) != size:
        raise Broken(f"LZ4: {len(out)} bytes, {size} were promised")
    return bytes(out)
