"""Dice that do not remember: a draw depends on (seed, stream, index) alone, never on how many came before.

So a changed policy, which asks for more or fewer draws, still meets the same crash. A draw is the BLAKE2b hash of
its key, 64 bytes. A normal draw is the sum of twelve uniform draws of 32 bits, less six: mean 0, variance 1, never
past six; it is exact in float64, so it is the same on every machine.
"""

import hashlib
import struct
from typing import Final

_UNIFORM_BITS: Final = 53


class Dice:
    """The dice of one stream under one seed."""

    def __init__(self, seed: int, stream: str) -> None:
        name = stream.encode()
        self._key = struct.pack("<qI", seed, len(name)) + name

    def _words(self, index: int) -> tuple[int, ...]:
        digest = hashlib.blake2b(self._key + struct.pack("<q", index)).digest()
        return struct.unpack("<16I", digest)

    def uniform_f64(self, index: int) -> float:
        """Return the uniform draw in [0, 1) at `index`."""
        low, high = self._words(index)[:2]
        word: int = (high << 32 | low) >> (64 - _UNIFORM_BITS)
        return word / 2.0**_UNIFORM_BITS

    def normal_f64(self, index: int) -> float:
        """Return the standard normal draw at `index`."""
        return sum(self._words(index)[:12]) / 2.0**32 - 6.0
