import random

import pytest

from seawall.ledger.position_blocks import GAP, LENGTH_MAX, PositionBlocks, grown


class Ghost:
    """Whose each position is, in a dictionary from a block's start to its length."""

    def __init__(self):
        self.blocks = PositionBlocks(16)
        self.length = {}
        self.number = {}
        self.count = 0

    def take(self, length):
        start = self.blocks.take(length)
        self._own(start, length)

    def _own(self, start, length):
        self.length[start] = length
        for at in range(start, start + length):
            self.count += 1
            self.blocks.slots[at], self.blocks.lows[at], self.blocks.highs[at] = (
                self.count % 1000,
                self.count,
                self.count,
            )
            self.number[at] = self.count

    def lengthen(self, start):
        length = self.length[start]
        if self.blocks.lengthen(start, length):
            self.length[start] = length + 1
            self.count += 1
            at = start + length
            self.blocks.slots[at], self.blocks.lows[at], self.blocks.highs[at] = 1, self.count, self.count
            self.number[at] = self.count

    def give_back(self, start, kept):
        length = self.length.pop(start)
        self.blocks.give_back(start + kept, length - kept)
        if kept:
            self.length[start] = kept
        for at in range(start + kept, start + length):
            del self.number[at]

    def check(self):
        blocks = self.blocks
        ends = sorted((start, start + length) for start, length in self.length.items())
        free, before = [], 0
        for start, end in ends:
            assert start >= before
            if start > before:
                free.append((before, start - before))
            before = end
        assert blocks.used == before, "nothing is free at the end"
        assert all(blocks.lows[at] == number and blocks.highs[at] == number for at, number in self.number.items())
        for start, length in free:
            assert blocks.slots[start] == blocks.slots[start + length - 1] == GAP
            assert blocks.lows[start] == blocks.lows[start + length - 1] == length
        linked = []
        for kind, first in enumerate(blocks._first_gap):
            assert (first >= 0) == bool(blocks._lengths_there >> kind & 1)
            gap = first
            while gap >= 0:
                linked.append((gap, blocks.lows[gap]))
                gap = (blocks.highs[gap] >> 32) - 1
        assert sorted(linked) == free


@pytest.mark.parametrize("seed", range(6))
def test_blocks_never_overlap_and_every_gap_is_found(seed):
    draw, ghost = random.Random(seed), Ghost()
    longest = draw.choice([3, 12, LENGTH_MAX])
    for step in range(4000):
        kind = draw.random()
        if kind < 0.35 + 0.1 * (step < 1500) or not ghost.length:
            ghost.take(draw.randint(1, longest))
        elif kind < 0.6:
            ghost.lengthen(draw.choice(list(ghost.length)))
        else:
            start = draw.choice(list(ghost.length))
            ghost.give_back(start, draw.randrange(ghost.length[start]) if draw.random() < 0.3 else 0)
        if step % 100 == 0:
            ghost.check()
    for start in list(ghost.length):
        ghost.give_back(start, 0)
    ghost.check()
    assert ghost.blocks.used == 0


def test_a_gap_is_filled_before_the_columns_grow():
    blocks = PositionBlocks(16)
    starts = [blocks.take(3) for _ in range(5)]
    blocks.take(1)
    blocks.give_back(starts[1], 3)
    blocks.give_back(starts[3], 3)
    blocks.give_back(starts[2], 3)
    assert [blocks.take(length) for length in (4, 5)] == [starts[1], starts[1] + 4]
    assert blocks.slot.size == 16


def test_columns_grow_by_an_eighth_and_never_by_more_than_is_cleared_in_a_millisecond_or_two():
    assert [grown(size) - size for size in (0, 800, 10**6, 10**7, 10**8)] == [16, 116, 125_016, 524_304, 524_304]
