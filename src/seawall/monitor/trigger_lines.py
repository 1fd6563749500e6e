"""Trigger lines: for each line, the keys of many triggers in buckets, and a walk over those in a range of keys.

A line is one price (or a ratio of two) that moves. Keys from `window << SHIFT` on, 2**SHIFT of them, are a *window* and
share a bucket, and so do windows that lie SIZE apart, which is four octaves of the price: buckets have no ends, so a price
never leaves them, and a walk looks at few keys from so far away. A bucket is a chain of chunks of eight triggers, only the
first of them not full; a trigger is a key and its owner, and the owner's column `back` holds the trigger's place, so that
adding, removing and moving one are O(1) and touch three or four cache lines.

A crowded line gets FINER buckets, 2**FINER_BITS for each of its own. From then on what comes goes into these, what was there
follows chunk by chunk, MOVED counts its buckets that are empty, and a walk looks into both: never is a line moved at once.

`table` has a row a line: START, SIZE (a power of two) and SHIFT of its buckets, HELD triggers, the finer ones, and columns
that `banded_accounts.py` and `pair_ratios.py` name for their own use. Chunk 0 stands for none.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

Array = NDArray[Any]

START: Final = 0
SIZE: Final = 1
SHIFT: Final = 2
HELD: Final = 3
FINER: Final = 4
FINER_BITS: Final = 5
MOVED: Final = 6
OWN_COLUMNS: Final = 7
TABLE_COLUMNS: Final = 13

HEAD: Final = 0
LINE: Final = 1

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
"""The windows of a line's buckets are 2**22 keys together: four octaves of the price."""


class Lines(NamedTuple):
    """Columns of all lines, their buckets and chunks; they grow in place, so a tuple stays valid.

    `bucket` holds HEAD, which is first chunk * 8 + triggers in it - 1, or zero, and LINE; `chunk` eight keys and eight owners,
    one cache line; `link` the next chunk of the bucket, or of the free ones, and the bucket.
    """

    table: Array
    bucket: Array
    chunk: Array
    link: Array
    counters: Array


def empty_lines() -> Lines:
    """Return no line, and room for none."""
    return Lines(
        table=np.zeros((0, TABLE_COLUMNS), np.int64),
        bucket=np.zeros((0, 2), np.int32),
        chunk=np.zeros((1, 2 * CHUNK), np.int32),
        link=np.zeros((1, 2), np.int32),
        counters=np.array([0, 1, 0, 0, 0], np.int64),
    )


def add_line(lines: Lines, expected: int) -> int:
    """Add an empty line with buckets for as many triggers as are expected; return its number."""
    line = int(lines.table.shape[0])
    lines.table.resize((line + 1, TABLE_COLUMNS), refcheck=False)
    size = _size_for(expected)
    lines.table[line, SIZE], lines.table[line, SHIFT] = size, _SPAN_BITS + 1 - size.bit_length()
    lines.table[line, START] = _take_buckets(lines, line, size)
    return line


def _size_for(expected: int) -> int:
    return min(max(1 << (expected // CHUNK).bit_length(), SIZE_MIN), SIZE_MAX)


def _take_buckets(lines: Lines, line: int, size: int) -> int:
    """Return the first of `size` new buckets of a line."""
    start = int(lines.counters[BUCKETS_USED])
    if start + size > lines.bucket.shape[0]:
        lines.bucket.resize((start + size + start // 8, 2), refcheck=False)
    lines.bucket[start : start + size, LINE] = line
    lines.counters[BUCKETS_USED] = start + size
    return start


def make_chunk_room(lines: Lines, chunks: int) -> None:
    """Make room for so many more chunks, in place: nothing is copied beyond what the system moves as pages."""
    used = int(lines.counters[CHUNKS_USED] - lines.counters[CHUNKS_FREE])
    size = used + chunks + used // 8
    if size > lines.link.shape[0]:
        lines.chunk.resize((size, 2 * CHUNK), refcheck=False)
        lines.link.resize((size, 2), refcheck=False)


def is_crowded(rows: Array) -> Array:
    """Return of each of these rows of the table whether its line is being moved, or holds so many triggers that it should be."""
    size, held = rows[..., SIZE], rows[..., HELD]
    crowded: Array = (rows[..., FINER_BITS] > 0) | ((size < SIZE_MAX) & (held > HELD_PER_BUCKET_MAX * size))
    return crowded


def crowded_line(lines: Lines) -> int | None:
    """Return a line that is crowded, or None."""
    crowded = is_crowded(lines.table)
    return int(crowded.argmax()) if crowded.any() else None


def make_finer_room(lines: Lines, line: int) -> None:
    """Give a crowded line finer buckets, if it is not being moved yet, and room to move one more chunk into them, in place."""
    table = lines.table
    if not table[line, FINER_BITS]:
        bits = max(1, (_size_for(int(table[line, HELD])) // int(table[line, SIZE])).bit_length() - 1)
        table[line, FINER] = _take_buckets(lines, line, int(table[line, SIZE]) << bits)
        table[line, FINER_BITS], table[line, MOVED] = bits, 0
    if free_chunks(lines) < CHUNK:
        make_chunk_room(lines, CHUNK)


@register_jitable(forceinline=True)
def free_chunks(lines: Lines) -> int:
    """Return how many more chunks there is room for: as many triggers can be added in any case."""
    return int(lines.link.shape[0] - lines.counters[CHUNKS_USED] + lines.counters[CHUNKS_FREE])


@register_jitable(forceinline=True)
def bucket_of(lines: Lines, line: int, key: int) -> int:
    """Return the bucket into which a key goes."""
    table = lines.table
    bits = table[line, FINER_BITS]
    window = (key >> (table[line, SHIFT] - bits)) & ((table[line, SIZE] << bits) - 1)
    return int(table[line, FINER if bits else START] + window)


@register_jitable(forceinline=True)
def buckets_between(lines: Lines, line: int, least: int, greatest: int) -> tuple[int, int, int]:
    """Return (first window, windows, buckets) that may hold keys in least..greatest: each once where these are more than there are."""
    table = lines.table
    first = least >> table[line, SHIFT]
    windows = min((greatest >> table[line, SHIFT]) - first + 1, table[line, SIZE])
    bits = table[line, FINER_BITS]
    return first, windows, windows + (windows << bits if bits else 0)


@register_jitable(forceinline=True)
def bucket_at(lines: Lines, line: int, first: int, windows: int, nth: int) -> int:
    """Return the nth of the buckets that may hold keys of these windows: in order of keys, after all own ones the finer ones."""
    table = lines.table
    if nth < windows:
        return int(table[line, START] + ((first + nth) & (table[line, SIZE] - 1)))
    bits = table[line, FINER_BITS]
    return int(table[line, FINER] + (((first << bits) + nth - windows) & ((table[line, SIZE] << bits) - 1)))


@register_jitable(forceinline=True)
def least_key(lines: Lines, line: int, window: int) -> int:
    """Return the least key in a window."""
    return int(window << lines.table[line, SHIFT])


@register_jitable(forceinline=True)
def greatest_key(lines: Lines, line: int, window: int) -> int:
    """Return the greatest key in a window."""
    return int(((window + 1) << lines.table[line, SHIFT]) - 1)


@register_jitable(forceinline=True)
def first_chunk(lines: Lines, bucket: int) -> tuple[int, int]:
    """Return (chunk, triggers in it) with which a bucket begins; later ones are full. Chunk 0 is none."""
    head = int(lines.bucket[bucket, HEAD])
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
def line_at(lines: Lines, entry: int) -> int:
    """Return the line of the trigger at a place."""
    return int(lines.bucket[lines.link[entry // CHUNK, 1], LINE])


@register_jitable(forceinline=True)
def put_in_bucket(lines: Lines, bucket: int, key: int, owner: int, back: Array) -> None:
    """Put a trigger into a bucket; there must be a free chunk."""
    chunk, fill = first_chunk(lines, bucket)
    if chunk == 0 or fill == CHUNK:
        fresh = int(lines.counters[FIRST_FREE])
        if fresh:
            lines.counters[FIRST_FREE] = lines.link[fresh, 0]
            lines.counters[CHUNKS_FREE] -= 1
        else:
            fresh = int(lines.counters[CHUNKS_USED])
            lines.counters[CHUNKS_USED] = fresh + 1
        lines.link[fresh, 0], lines.link[fresh, 1] = chunk, bucket
        chunk, fill = fresh, 0
    entry = chunk * CHUNK + fill
    lines.chunk[chunk, fill], lines.chunk[chunk, CHUNK + fill] = key, owner
    lines.bucket[bucket, HEAD] = entry
    back[owner] = entry


@register_jitable(forceinline=True)
def insert_trigger(lines: Lines, line: int, key: int, owner: int, back: Array) -> None:
    """Add a trigger; there must be a free chunk."""
    put_in_bucket(lines, bucket_of(lines, line, key), key, owner, back)
    lines.table[line, HELD] += 1
    lines.counters[HELD_IN_ALL] += 1


@register_jitable(forceinline=True)
def remove_trigger(lines: Lines, entry: int, back: Array) -> None:
    """Remove the trigger at a place; the last of its bucket takes its place. The owner's `back` is the caller's."""
    to, lane = entry // CHUNK, entry % CHUNK
    bucket = lines.link[to, 1]
    last = int(lines.bucket[bucket, HEAD])
    chunk, fill = last // CHUNK, last % CHUNK
    if last != entry:
        owner = lines.chunk[chunk, CHUNK + fill]
        lines.chunk[to, lane], lines.chunk[to, CHUNK + lane] = lines.chunk[chunk, fill], owner
        back[owner] = entry
    lines.table[lines.bucket[bucket, LINE], HELD] -= 1
    lines.counters[HELD_IN_ALL] -= 1
    if fill:
        lines.bucket[bucket, HEAD] = last - 1
    else:
        drop_first_chunk(lines, bucket)


@register_jitable(forceinline=True)
def drop_first_chunk(lines: Lines, bucket: int) -> None:
    """Take the first chunk off a bucket, whose triggers are gone or moved."""
    chunk, _ = first_chunk(lines, bucket)
    following = int(lines.link[chunk, 0])
    lines.bucket[bucket, HEAD] = following * CHUNK + CHUNK - 1 if following else 0
    free_chunk(lines, chunk)


@register_jitable(forceinline=True)
def move_chunks(lines: Lines, line: int, count: int, back: Array) -> int:
    """Move at most `count` chunks of a line into its finer buckets, which replace its own in the end; return how many.

    Stops early where there is no room for one more.
    """
    table, moved = lines.table, 0
    while table[line, MOVED] < table[line, SIZE]:
        bucket = table[line, START] + table[line, MOVED]
        chunk, fill = first_chunk(lines, bucket)
        if chunk == 0:
            table[line, MOVED] += 1
            continue
        if moved == count or free_chunks(lines) < CHUNK:
            return moved
        for lane in range(fill):
            key, owner = lines.chunk[chunk, lane], lines.chunk[chunk, CHUNK + lane]
            put_in_bucket(lines, bucket_of(lines, line, key), key, owner, back)
        drop_first_chunk(lines, bucket)
        moved += 1
    table[line, START] = table[line, FINER]
    table[line, SIZE] <<= table[line, FINER_BITS]
    table[line, SHIFT] -= table[line, FINER_BITS]
    table[line, FINER_BITS] = 0
    return moved
