# SPDX-License-Identifier: MIT
"""Ways in which a good trace goes bad: by accident (bits, cuts, lost blocks), and by lies whose checksums are right."""

import struct

from castagnoli import crc32c
from decode import (CHUNK_HEADER, EVENTS, FILE_HEADER, LZ4_FLAG, SYNC, TRAILER, payload_of, read_chunk_header, read_file_header,
                    read_trailer)
from kinds_table import KINDS
from wire_cursor import Broken


def pieces(data):
    """The file header, every chunk, and what follows them."""
    base = read_file_header(data).base
    end = len(data) - (TRAILER if read_trailer(data) is not None else 0)
    found, at = [data[:FILE_HEADER]], FILE_HEADER
    while (header := read_chunk_header(data, at, end, base)) is not None:
        size = CHUNK_HEADER + header.stored
        found.append(data[at:at + size])
        at += size
    return found, data[at:]


def flip_bits(rng, data):
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def cut(rng, data):
    return data[:rng.randrange(len(data))]


def remove_bytes(rng, data):
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.randrange(1, 200):]


def insert_bytes(rng, data):
    at = rng.randrange(len(data))
    return data[:at] + rng.randbytes(rng.randrange(1, 200)) + data[at:]


def rearrange(rng, data):
    """Chunks deleted, swapped, repeated."""
    found, rest = pieces(data)
    if len(found) < 3:
        return data
    for _ in range(rng.choice((1, 1, 2))):
        a, b = rng.randrange(1, len(found)), rng.randrange(1, len(found))
        what = rng.randrange(3)
        if what == 0 and len(found) > 2:
            del found[a]
        elif what == 1:
            found[a], found[b] = found[b], found[a]
        else:
            found.insert(b, found[a])
    return b"".join(found) + rest


def sealed(header, payload):
    """A plain chunk of this header and payload whose checksums are right."""
    head = bytearray(header)
    struct.pack_into("<H", head, 8, struct.unpack_from("<H", head, 8)[0] & ~LZ4_FLAG)
    struct.pack_into("<III", head, 40, len(payload), len(payload), crc32c(payload))
    struct.pack_into("<I", head, 52, crc32c(head[:52]))
    return bytes(head) + payload


def lie_in_payload(rng, data):
    found, rest = pieces(data)
    at = rng.randrange(1, len(found)) if len(found) > 1 else 0
    if at == 0:
        return data
    header = read_chunk_header(found[at], 0, len(found[at]), 0)
    try:
        payload = bytearray(payload_of(found[at], 0, header))
    except Broken:
        return data
    for _ in range(rng.choice((1, 1, 1, 3))):
        if payload:
            payload[rng.randrange(len(payload))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    if rng.random() < 0.2 and payload:
        del payload[rng.randrange(len(payload)):]
    found[at] = sealed(found[at][:CHUNK_HEADER], bytes(payload))
    return b"".join(found) + rest


def lie_in_header(rng, data):
    """Any field of a chunk header, or of the file header, with its crc made right again."""
    found, rest = pieces(data)
    at = rng.randrange(len(found))
    size = FILE_HEADER if at == 0 else CHUNK_HEADER
    head = bytearray(found[at][:size])
    field = rng.randrange(4 if at else 8, size - 4)
    head[field] = rng.choice((0, 1, head[field] ^ 1, head[field] + 1 & 0xFF, 0xFF, rng.randrange(256)))
    struct.pack_into("<I", head, size - 4, crc32c(head[:size - 4]))
    found[at] = bytes(head) + found[at][size:]
    return b"".join(found) + rest


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def random_field(rng, what):
    if what == "u8":
        return rng.randbytes(1)
    if what == "str":
        text = rng.randbytes(rng.randrange(20))
        return rng.choice((varint(len(text) << 1 | 1) + text, varint(rng.randrange(50) << 1)))
    return varint(rng.choice((0, 1, 127, 128, (1 << 64) - 1, rng.getrandbits(64), rng.getrandbits(20))))


def plain_event(rng):
    """Operation and argument bytes of a plain event: every kind there is, reserved and unknown ones too."""
    number = rng.choice([number for number, kind in KINDS.items() if kind.how == "PLAIN"] + [0, 200, (1 << 32) - 1])
    fields = b"".join(random_field(rng, what) for _, what in KINDS[number].fields) if number in KINDS else rng.randbytes(5)
    fields += rng.choice((b"", b"", b"more"))
    return varint(2) + varint(number), varint(len(fields)) + fields


def foreign_thread(rng, data):
    """A chunk of a thread that the trace does not know, of kinds that no writer makes yet."""
    found, rest = pieces(data)
    events = [plain_event(rng) for _ in range(rng.randrange(1, 30))]
    times = [rng.randrange(1000) for _ in events]
    operations, spans = b"".join(op for op, _ in events), b"".join(map(varint, times))
    payload = varint(0) + varint(len(operations)) + varint(len(spans)) + operations + spans + b"".join(a for _, a in events)
    head = struct.pack("<4sHHHHIIIQQ16x", SYNC, CHUNK_HEADER, EVENTS, 0, 0, 4_000_000_000, rng.choice((0, 7)), len(events),
                       read_file_header(data).base + rng.randrange(10**9), sum(times))
    found.insert(rng.randrange(1, len(found) + 1), sealed(head, payload))
    return b"".join(found) + rest


# type -> one row of so few different numbers that rows meet: redefined, of another table's stream, in chains
ROWS = {
    5: lambda rng, n: (n(9), n(3), n(3), n(3), 0, 0, 0, n(3), 0),
    16: lambda rng, n: (n(9), n(3), n(5), 0, 0, n(3)),
    17: lambda rng, n: (rng.choice((n(3), 65_535, 65_536)), 1 + n(3), n(3)),
    18: lambda rng, n: (rng.choice((n(7), 4_000_000, 4_000_001)), n(7), rng.choice((n(3), 1_000_000))),
    19: lambda rng, n: (rng.choice((n(4), 65_535)), n(3), rng.choice((0, 0, 65))),
    20: lambda rng, n: (rng.choice((n(4), 1_000_000)), rng.choice((n(4), 65_536)), n(9), n(3), n(3), n(3), n(3)),
    21: lambda rng, n: (n(4), 1 + n(3), n(3), 0, 0, n(9), n(9), n(9)),
    22: lambda rng, n: (n(3), rng.choice((n(3), 1 << 32)), n(3), n(3)),
}


def foreign_row(rng, kind):
    """Small fields are one byte, so u8 and varint look the same."""
    fields = b"".join(map(varint, ROWS[kind](rng, rng.randrange)))
    fields += rng.choice((b"", b"", b"", b"more"))
    return varint(len(fields)) + fields


def foreign_rows(rng, data):
    """Tables of a kernel that break rules which concern several rows, in good chunks."""
    found, rest = pieces(data)
    for _ in range(rng.randrange(1, 8)):
        kind = rng.choice(list(ROWS))
        rows = [foreign_row(rng, kind) for _ in range(rng.choice((1, 1, 2, 5)))]
        head = struct.pack("<4sHHHHIIIQQ16x", SYNC, CHUNK_HEADER, kind, 0, 0, 0, 0, len(rows), 0, 0)
        found.insert(rng.randrange(1, len(found) + 1), sealed(head, b"".join(rows)))
    return b"".join(found) + rest


def keep(rng, data):
    return data


MUTATIONS = (keep, keep, flip_bits, flip_bits, cut, remove_bytes, insert_bytes, rearrange, rearrange, lie_in_payload,
             lie_in_payload, lie_in_payload, lie_in_header, foreign_thread, foreign_rows, foreign_rows)


def mutate(rng, data):
    """(the name of what was done, the bytes)"""
    change = rng.choice(MUTATIONS)
    return change.__name__, change(rng, data)
