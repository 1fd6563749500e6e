"""Blocks of accounts with the same number of positions, as the screen reads them: a structure of arrays that grows in place.

A block has room for 64 accounts of one width, all of one *shelf*: what the owner of the blocks wants side by side; the first
256 shelves are the widths themselves. The nth positions of a block's accounts lie in one strip of 64 cells, the block's
strips one after another; a cell is a coefficient and a term. An account's *place* is block * 64 + at, its cells are
(first strip + n) * 64 + at. All blocks of a shelf are full but the last one, and the last account moves into a gap, so a sum
over a block runs straight through memory. No block ever moves: growth copies nothing.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

Array = NDArray[Any]

BLOCK: Final = 64
WIDTHS: Final = 256
NOWHERE: Final = -1
MIXED: Final = -1

WIDTH: Final = 0
STRIP: Final = 1
COUNT: Final = 2
PREVIOUS: Final = 3
SHELF: Final = 4

BLOCKS_USED: Final = 0
STRIPS_USED: Final = 1
ACCOUNTS: Final = 2


class Blocks(NamedTuple):
    """Columns of cells, strips and blocks; `last` are chains of blocks by shelf, `spare` by width.

    Coefficients are float64 or float32. `strip_term` is the term that all cells of a strip have, or MIXED.
    """

    coefficient: Array
    term: Array
    strip_block: Array
    strip_term: Array
    block: Array
    row: Array
    last: Array
    spare: Array
    counters: Array


def empty_blocks(shelves: int = WIDTHS, coefficient_dtype: type = np.float64) -> Blocks:
    """Return no block, and room for none."""
    return Blocks(
        coefficient=np.zeros(0, coefficient_dtype),
        term=np.zeros(0, np.uint16),
        strip_block=np.zeros(0, np.int32),
        strip_term=np.zeros(0, np.int32),
        block=np.zeros((0, 5), np.int32),
        row=np.zeros(0, np.int32),
        last=np.full(shelves, NOWHERE, np.int32),
        spare=np.full(WIDTHS, NOWHERE, np.int32),
        counters=np.zeros(3, np.int64),
    )


def make_block_room(blocks: Blocks, width: int, divisor: int = 16) -> tuple[int, int]:
    """Make room for one more block of a width and one for each `divisor` others, in place; return (strips, blocks) with room."""
    strips, count = int(blocks.counters[STRIPS_USED]), int(blocks.counters[BLOCKS_USED])
    strips, count = strips + strips // divisor + width + 8, count + count // divisor + 32
    blocks.coefficient.resize(strips * BLOCK, refcheck=False)
    blocks.term.resize(strips * BLOCK, refcheck=False)
    blocks.strip_block.resize(strips, refcheck=False)
    blocks.strip_term.resize(strips, refcheck=False)
    blocks.block.resize((count, 5), refcheck=False)
    blocks.row.resize(count * BLOCK, refcheck=False)
    return strips, count


@register_jitable(forceinline=True)
def lacks_slack(blocks: Blocks) -> bool:
    """Return whether few more accounts find room without growth."""
    strips, count = int(blocks.counters[STRIPS_USED]), int(blocks.counters[BLOCKS_USED])
    return bool(strips + 64 > blocks.strip_block.size or count + 16 > blocks.block.shape[0])


@register_jitable(forceinline=True)
def has_room(blocks: Blocks, width: int) -> bool:
    """Return whether an account of this width has a place without growth, whatever its shelf."""
    if blocks.spare[width] != NOWHERE:
        return True
    has_block = blocks.counters[BLOCKS_USED] < blocks.block.shape[0]
    return bool(has_block and blocks.counters[STRIPS_USED] + width <= blocks.strip_block.size)


@register_jitable(forceinline=True)
def first_cell(blocks: Blocks, place: int) -> int:
    """Return the cell of the first position; the next ones follow at a distance of BLOCK."""
    return int(blocks.block[place // BLOCK, STRIP]) * BLOCK + place % BLOCK


@register_jitable(forceinline=True)
def place_of_cell(blocks: Blocks, cell: int) -> int:
    """Return the place of the account that a cell belongs to."""
    return int(blocks.strip_block[cell // BLOCK]) * BLOCK + cell % BLOCK


@register_jitable(forceinline=True)
def take_place(blocks: Blocks, shelf: int, width: int, row: int) -> int:
    """Give an account of this width a place behind the others of its shelf; there must be room."""
    last = int(blocks.last[shelf])
    if last == NOWHERE or blocks.block[last, COUNT] == BLOCK:
        fresh = int(blocks.spare[width])
        if fresh != NOWHERE:
            blocks.spare[width] = blocks.block[fresh, PREVIOUS]
        else:
            fresh = int(blocks.counters[BLOCKS_USED])
            strip = blocks.counters[STRIPS_USED]
            blocks.counters[BLOCKS_USED] = fresh + 1
            blocks.counters[STRIPS_USED] = strip + width
            blocks.block[fresh, WIDTH], blocks.block[fresh, STRIP] = width, strip
            for nth in range(width):
                blocks.strip_block[strip + nth] = fresh
        for strip in range(blocks.block[fresh, STRIP], int(blocks.block[fresh, STRIP]) + width):
            blocks.strip_term[strip] = MIXED
        blocks.block[fresh, SHELF], blocks.block[fresh, PREVIOUS] = shelf, last
        blocks.last[shelf] = fresh
        last = fresh
    at = int(blocks.block[last, COUNT])
    blocks.block[last, COUNT] = at + 1
    blocks.counters[ACCOUNTS] += 1
    place = last * BLOCK + at
    blocks.row[place] = row
    return place


@register_jitable(forceinline=True)
def leave_place(blocks: Blocks, place: int) -> int:
    """Free a place by moving the last account of the shelf into it; return the place from which it moved."""
    width, shelf = blocks.block[place // BLOCK, WIDTH], blocks.block[place // BLOCK, SHELF]
    last = int(blocks.last[shelf])
    at = int(blocks.block[last, COUNT]) - 1
    moved = last * BLOCK + at
    if moved != place:
        blocks.row[place] = blocks.row[moved]
        cell, source = first_cell(blocks, place), first_cell(blocks, moved)
        for nth in range(width):
            blocks.coefficient[cell + nth * BLOCK] = blocks.coefficient[source + nth * BLOCK]
            blocks.term[cell + nth * BLOCK] = blocks.term[source + nth * BLOCK]
    blocks.block[last, COUNT] = at
    blocks.counters[ACCOUNTS] -= 1
    if at == 0:
        blocks.last[shelf] = blocks.block[last, PREVIOUS]
        blocks.block[last, PREVIOUS] = blocks.spare[width]
        blocks.spare[width] = last
    return moved


@register_jitable(forceinline=True)
def screen_blocks(
    blocks: Blocks, price_f64: Array, value_f64: float, margin_f64: Array, flagged: Array, flagged_count: int
) -> int:
    """Append the rows whose margin is not above `value_f64` to `flagged`; return how many it holds then."""
    for block in range(blocks.counters[BLOCKS_USED]):
        width, count = blocks.block[block, WIDTH], blocks.block[block, COUNT]
        if count == 0:
            continue
        margins = margin_f64[:count]
        margins[:] = 0.0
        for nth in range(width):
            start = (blocks.block[block, STRIP] + nth) * BLOCK
            coefficients, terms = blocks.coefficient[start : start + count], blocks.term[start : start + count]
            for at in range(count):
                margins[at] += coefficients[at] * price_f64[terms[at]]
        uncertain = 0
        for at in range(count):
            # Written this way round so that NaN is uncertain.
            uncertain += not (margins[at] > value_f64)
        if uncertain:
            for at in range(count):
                if not (margins[at] > value_f64):
                    flagged[flagged_count] = blocks.row[block * BLOCK + at]
                    flagged_count += 1
    return flagged_count
