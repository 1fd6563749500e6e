"""Many triggers laid out at once, where one by one each would land in a chunk of its own turn: a counting sort.

First every trigger is counted in its bucket, and its owner's column `back` holds the bucket meanwhile; then each bucket is
given its chunks, side by side in the order in which walks go through them; then each trigger goes where it belongs.
"""

import numpy as np
from numba.extending import register_jitable

from seawall.monitor.trigger_lines import (
    CHUNK,
    CHUNKS_USED,
    HEAD,
    HELD,
    HELD_IN_ALL,
    SIZE,
    START,
    Array,
    Lines,
    bucket_of,
)


def chunks_wanted(lines: Lines) -> int:
    """Return how many chunks the triggers that were counted fill."""
    return int(((lines.bucket[:, HEAD].astype(np.int64) + CHUNK - 1) // CHUNK).sum())


@register_jitable(forceinline=True)
def count_trigger(lines: Lines, line: int, key: int, owner: int, keys: Array, back: Array) -> None:
    """Count a trigger in its bucket; all lines are empty but for those counted, and `keys` is by owner as `back` is."""
    bucket = bucket_of(lines, line, key)
    lines.bucket[bucket, HEAD] += 1
    lines.table[line, HELD] += 1
    keys[owner], back[owner] = key, bucket


@register_jitable(forceinline=True)
def lay_out_chunks(lines: Lines, following: Array) -> None:
    """Give each bucket chunks for the triggers counted in it, and write its first place to `following`; there must be room."""
    chunk = 1
    for line in range(lines.table.shape[0]):
        lines.counters[HELD_IN_ALL] += lines.table[line, HELD]
        for bucket in range(lines.table[line, START], lines.table[line, START] + lines.table[line, SIZE]):
            count = int(lines.bucket[bucket, HEAD])
            if count == 0:
                continue
            # Only the first chunk is not full.
            lines.bucket[bucket, HEAD] = chunk * CHUNK + (count - 1) % CHUNK
            following[bucket] = chunk * CHUNK
            end = chunk + (count + CHUNK - 1) // CHUNK
            while chunk < end:
                lines.link[chunk, 0], lines.link[chunk, 1] = chunk + 1 if chunk + 1 < end else 0, bucket
                chunk += 1
    lines.counters[CHUNKS_USED] = chunk


@register_jitable(forceinline=True)
def lay_trigger(lines: Lines, owner: int, keys: Array, back: Array, following: Array) -> None:
    """Put a trigger that was counted into the next place of its bucket."""
    bucket = back[owner]
    entry = int(following[bucket])
    chunk, lane = entry // CHUNK, entry % CHUNK
    lines.chunk[chunk, lane], lines.chunk[chunk, CHUNK + lane] = keys[owner], owner
    back[owner] = entry
    following[bucket] = (chunk + 1) * CHUNK if entry == lines.bucket[bucket, HEAD] else entry + 1
