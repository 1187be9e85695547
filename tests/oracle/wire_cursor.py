# SPDX-License-Identifier: MIT
"""A bounded walk over bytes (SPEC 2). Everything that reads a payload goes through it."""


class Broken(Exception):
    """A rule of SPEC.md does not hold."""


U32_MAX = (1 << 32) - 1
U64_MAX = (1 << 64) - 1


class Cursor:
    __slots__ = ("data", "at", "end")

    def __init__(self, data, at=0, end=None):
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end

    def is_at_end(self):
        return self.at == self.end

    def take(self, size):
        if size > self.end - self.at:
            raise Broken(f"{size} bytes wanted, {self.end - self.at} left")
        start = self.at
        self.at = start + size
        return self.data[start:self.at]

    def u8(self):
        if self.at >= self.end:
            raise Broken("a byte wanted, none left")
        self.at += 1
        return self.data[self.at - 1]

    def u16(self):
        return int.from_bytes(self.take(2), "little")

    def u32(self):
        return int.from_bytes(self.take(4), "little")

    def u64(self):
        return int.from_bytes(self.take(8), "little")

    def varint(self, limit=U64_MAX):
        data, at, end, value, shift = self.data, self.at, self.end, 0, 0
        while True:
            if at >= end:
                raise Broken("a number ends early")
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 63:
                raise Broken("a number of more than 10 bytes")
        if byte == 0 and shift > 0:
            raise Broken("a number not in its shortest form")
        if value > limit:
            raise Broken(f"number {value}, the limit is {limit}")
        self.at = at
        return value

    def zigzag(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def bytes(self, limit=U64_MAX):
        return self.take(self.varint(limit))

    def part(self, size):
        """A cursor over the next `size` bytes, which this one steps over."""
        if size > self.end - self.at:
            raise Broken(f"{size} bytes wanted, {self.end - self.at} left")
        self.at += size
        return Cursor(self.data, self.at - size, self.at)
