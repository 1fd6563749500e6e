"""Trigger lines: for each line, the keys of many triggers in buckets, in order between buckets and in none within.

A line is one price (or a ratio of two) that moves. Its buckets have equal width in keys, which is near to equal width in
log-price, around the key where it began; keys beyond go into the first and the last. A bucket is a chain of chunks of
eight triggers, only the first of them not full; a trigger is a key and its owner, and the owner's column `back` holds the
trigger's place, so that adding, removing and moving one are O(1) and touch three or four cache lines.

`table` has a row a line: START, SIZE (a power of two), SHIFT and ORIGIN of its buckets, HELD triggers, and the columns that
`trigger_bands.py` and `pair_ratios.py` name for their own use. Chunk 0 stands for none.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from seawall.monitor.trigger_key import KEY_MAX, KEY_MIN

Array = NDArray[Any]

START: Final = 0
SIZE: Final = 1
SHIFT: Final = 2
ORIGIN: Final = 3
HELD: Final = 4
OWN_COLUMNS: Final = 5
TABLE_COLUMNS: Final = 11

BUCKETS_USED: Final = 0
CHUNKS_USED: Final = 1
CHUNKS_FREE: Final = 2
FIRST_FREE: Final = 3
HELD_IN_ALL: Final = 4

CHUNK: Final = 8
SIZE_MIN: Final = 16
SIZE_MAX: Final = 1 << 14
HELD_PER_BUCKET_MAX: Final = 32
_SPAN_BITS: Final = 22
"""Buckets span 2**22 keys: four octaves of the price, two on each side of where it began."""


class Lines(NamedTuple):
    """Columns of all lines, their buckets and chunks; they grow in place, so a tuple stays valid.

    `head` is first chunk * 8 + triggers in it - 1, or zero, for each bucket; `chunk` eight keys and eight owners, one cache
    line; `link` the next chunk of the bucket, or of the free ones, and the line.
    """

    table: Array
    head: Array
    chunk: Array
    link: Array
    counters: Array


def empty_lines() -> Lines:
    """Return no line, and room for none."""
    return Lines(
        table=np.zeros((0, TABLE_COLUMNS), np.int64),
        head=np.zeros(0, np.int32),
        chunk=np.zeros((1, 2 * CHUNK), np.int32),
        link=np.zeros((1, 2), np.int32),
        counters=np.array([0, 1, 0, 0, 0], np.int64),
    )


def add_line(lines: Lines, key: int, expected: int) -> int:
    """Add an empty line around `key` with buckets for as many triggers as are expected; return its number."""
    line = int(lines.table.shape[0])
    lines.table.resize((line + 1, TABLE_COLUMNS), refcheck=False)
    set_buckets(lines, line, key, expected)
    return line


def set_buckets(lines: Lines, line: int, key: int, expected: int) -> None:
    """Give a line fresh empty buckets around `key`; whoever calls it moves the triggers that it holds."""
    size = min(max(1 << (expected // CHUNK).bit_length(), SIZE_MIN), SIZE_MAX)
    start = int(lines.counters[BUCKETS_USED])
    if start + size > lines.head.size:
        room = start + size + start // 8
        lines.head.resize(room, refcheck=False)
    lines.counters[BUCKETS_USED] = start + size
    lines.counters[HELD_IN_ALL] -= lines.table[line, HELD]
    shift = _SPAN_BITS + 1 - size.bit_length()
    lines.table[line, : HELD + 1] = start, size, shift, (key >> shift) - size // 2, 0


def make_chunk_room(lines: Lines, chunks: int) -> None:
    """Make room for so many more chunks, in place: nothing is copied beyond what the system moves as pages."""
    used = int(lines.counters[CHUNKS_USED] - lines.counters[CHUNKS_FREE])
    size = used + chunks + used // 8
    if size > lines.link.shape[0]:
        lines.chunk.resize((size, 2 * CHUNK), refcheck=False)
        lines.link.resize((size, 2), refcheck=False)


def crowded_line(lines: Lines) -> int | None:
    """Return the line that holds the most triggers for its buckets, if that is too many and more buckets would help."""
    size, held = lines.table[:, SIZE], lines.table[:, HELD]
    excess = np.where(size < SIZE_MAX, held - HELD_PER_BUCKET_MAX * size, 0)
    line = int(np.argmax(excess)) if excess.size else 0
    return line if excess.size and excess[line] > 0 else None


def is_off_centre(lines: Lines, line: int, key: int) -> bool:
    """Return whether a key is so far from where the line began that it comes near the end of the line's buckets."""
    size = int(lines.table[line, SIZE])
    at = (key >> int(lines.table[line, SHIFT])) - int(lines.table[line, ORIGIN])
    return not size // 8 <= at < size - size // 8


@register_jitable(forceinline=True)
def free_chunks(lines: Lines) -> int:
    """Return how many more chunks there is room for: as many triggers can be added in any case."""
    return int(lines.link.shape[0] - lines.counters[CHUNKS_USED] + lines.counters[CHUNKS_FREE])


@register_jitable(forceinline=True)
def bucket_of(lines: Lines, line: int, key: int) -> int:
    """Return the bucket that holds a key; never falls as the key grows."""
    at = (key >> lines.table[line, SHIFT]) - lines.table[line, ORIGIN]
    return int(lines.table[line, START] + min(max(at, 0), lines.table[line, SIZE] - 1))


@register_jitable(forceinline=True)
def least_key(lines: Lines, line: int, bucket: int) -> int:
    """Return a key that none in the bucket is beneath."""
    at = bucket - lines.table[line, START]
    if at == 0:
        return KEY_MIN
    return int((lines.table[line, ORIGIN] + at) << lines.table[line, SHIFT])


@register_jitable(forceinline=True)
def greatest_key(lines: Lines, line: int, bucket: int) -> int:
    """Return a key that none in the bucket is above."""
    at = bucket - lines.table[line, START]
    if at == lines.table[line, SIZE] - 1:
        return KEY_MAX
    return int(((lines.table[line, ORIGIN] + at + 1) << lines.table[line, SHIFT]) - 1)


@register_jitable(forceinline=True)
def first_chunk(lines: Lines, bucket: int) -> tuple[int, int]:
    """Return (chunk, triggers in it) with which a bucket begins; later ones are full. Chunk 0 is none."""
    head = int(lines.head[bucket])
    return head // CHUNK, head % CHUNK + 1


@register_jitable(forceinline=True)
def free_chunk(lines: Lines, chunk: int) -> None:
    """Put a chunk that holds nothing among the free ones."""
    lines.link[chunk, 0] = lines.counters[FIRST_FREE]
    lines.counters[FIRST_FREE] = chunk
    lines.counters[CHUNKS_FREE] += 1


@register_jitable(forceinline=True)
def set_owner(lines: Lines, entry: int, owner: int) -> None:
    """Say that the trigger at a place has another owner, or its owner another number."""
    lines.chunk[entry // CHUNK, CHUNK + entry % CHUNK] = owner


@register_jitable(forceinline=True)
def insert_trigger(lines: Lines, line: int, key: int, owner: int, back: Array) -> None:
    """Add a trigger; there must be a free chunk."""
    bucket = bucket_of(lines, line, key)
    chunk, fill = first_chunk(lines, bucket)
    if chunk == 0 or fill == CHUNK:
        fresh = int(lines.counters[FIRST_FREE])
        if fresh:
            lines.counters[FIRST_FREE] = lines.link[fresh, 0]
            lines.counters[CHUNKS_FREE] -= 1
        else:
            fresh = int(lines.counters[CHUNKS_USED])
            lines.counters[CHUNKS_USED] = fresh + 1
        lines.link[fresh, 0], lines.link[fresh, 1] = chunk, line
        chunk, fill = fresh, 0
    entry = chunk * CHUNK + fill
    lines.chunk[chunk, fill], lines.chunk[chunk, CHUNK + fill] = key, owner
    lines.head[bucket] = entry
    lines.table[line, HELD] += 1
    lines.counters[HELD_IN_ALL] += 1
    back[owner] = entry


@register_jitable(forceinline=True)
def remove_trigger(lines: Lines, entry: int, back: Array) -> None:
    """Remove the trigger at a place; the last of its bucket takes its place. The owner's `back` is the caller's."""
    to, lane = entry // CHUNK, entry % CHUNK
    line = lines.link[to, 1]
    bucket = bucket_of(lines, line, lines.chunk[to, lane])
    last = int(lines.head[bucket])
    chunk, fill = last // CHUNK, last % CHUNK
    if last != entry:
        owner = lines.chunk[chunk, CHUNK + fill]
        lines.chunk[to, lane], lines.chunk[to, CHUNK + lane] = lines.chunk[chunk, fill], owner
        back[owner] = entry
    lines.table[line, HELD] -= 1
    lines.counters[HELD_IN_ALL] -= 1
    if fill:
        lines.head[bucket] = last - 1
    else:
        following = int(lines.link[chunk, 0])
        lines.head[bucket] = following * CHUNK + CHUNK - 1 if following else 0
        free_chunk(lines, chunk)
