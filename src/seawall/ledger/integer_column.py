"""A column of natural numbers in bytes: each little-endian, in the least number of bytes that holds the largest.

So a column has no limit, equal numbers have equal bytes, and its length says how wide an entry is.
"""

from collections.abc import Sequence

from seawall.fixed import div_down, div_up

_BYTE: int = 8


def column_of(numbers: Sequence[int]) -> bytes:
    """Return the column of these numbers; an entry has at least one byte."""
    width = max(1, div_up(max(numbers, default=0).bit_length(), _BYTE))
    return b"".join([number.to_bytes(width, "little") for number in numbers])


def numbers_in(column: bytes, count: int) -> list[int]:
    """Return the numbers of a column of `count` entries."""
    if count == 0:
        return []
    width = div_down(len(column), count)
    return [int.from_bytes(column[at : at + width], "little") for at in range(0, len(column), width)]


def entries_at(column: bytes, count: int, places: Sequence[int]) -> bytes:
    """Return the entries at these places of a column of `count` entries, in their order and as wide as they are."""
    if count == 0:
        return b""
    width = div_down(len(column), count)
    return b"".join([column[place * width : (place + 1) * width] for place in places])
