"""A stretch holds what the buckets of its line hold between its ends, in order, or says that it does not know."""

import random

import numpy as np
import pytest

from seawall.monitor import window_stretch
from seawall.monitor.trigger_lines import CHUNK, add_line, empty_lines, insert_trigger, make_chunk_room, remove_trigger
from seawall.monitor.window_stretch import (
    AT,
    COUNT,
    FROM,
    START,
    TO,
    add_stretch,
    covers,
    is_worn,
    key_in,
    lacks_stretch_room,
    make_stretch_room,
    no_stretches,
    renew_stretch,
    row_in,
    void_within,
)

MIDDLE = 1 << 30
SCALE = 0.002


def line_of(draw, count):
    """Return (lines, back, keys by row) of one line with so many triggers."""
    lines, back = empty_lines(), np.zeros(count, np.int32)
    add_line(lines, count)
    make_chunk_room(lines, count)
    keys = {}
    for row in range(count):
        keys[row] = MIDDLE + int(draw.gauss(0, 20_000))
        insert_trigger(lines, 0, keys[row], row, back)
    return lines, back, keys


def made(lines, low, high):
    stretches = no_stretches()
    add_stretch(stretches)
    renew_stretch(stretches, lines, 0, low, high, SCALE)
    assert lacks_stretch_room(stretches)
    assert not covers(stretches, 0, low, high)
    make_stretch_room(stretches)
    renew_stretch(stretches, lines, 0, low, high, SCALE)
    return stretches


@pytest.mark.parametrize("seed", range(20))
def test_a_stretch_holds_all_triggers_between_its_ends_in_order(seed):
    draw = random.Random(seed)
    lines, _, keys = line_of(draw, 2000)
    low = MIDDLE + draw.randint(-30_000, 30_000)
    high = low + draw.choice([0, 1, 50, 4000])
    stretches = made(lines, low, high)
    start, count, at, begin, end = (int(stretches.table[0, column]) for column in (START, COUNT, AT, FROM, TO))
    entries = stretches.entry[start : start + count].tolist()
    assert [(key_in(entry), row_in(entry)) for entry in entries] == sorted(
        (key, row) for row, key in keys.items() if begin <= key <= end
    )
    assert covers(stretches, 0, low, high)
    assert not is_worn(stretches, 0, low, high, SCALE)
    assert at - start == sum(begin <= key < low for key in keys.values())


def test_a_stretch_is_void_after_a_trigger_between_its_ends_came_or_went_and_only_then():
    lines, back, keys = line_of(random.Random(1), 500)
    stretches = made(lines, MIDDLE, MIDDLE)
    begin, end = int(stretches.table[0, FROM]), int(stretches.table[0, TO])
    for key in (begin - 1, end + 1):
        void_within(stretches, 0, key)
        assert covers(stretches, 0, MIDDLE, MIDDLE)
    row = next(row for row, key in keys.items() if begin <= key <= end)
    chunk, lane = divmod(int(back[row]), CHUNK)
    void_within(stretches, 0, int(lines.chunk[chunk, lane]))
    remove_trigger(lines, int(back[row]), back)
    assert not covers(stretches, 0, MIDDLE, MIDDLE)
    assert is_worn(stretches, 0, MIDDLE, MIDDLE, SCALE)
    renew_stretch(stretches, lines, 0, MIDDLE, MIDDLE, SCALE)
    entries = stretches.entry[: int(stretches.table[0, COUNT])].tolist()
    assert row not in [row_in(entry) for entry in entries]


def test_a_crowd_is_left_to_the_buckets(monkeypatch):
    monkeypatch.setattr(window_stretch, "ENTRIES_MAX", 100)
    lines, _, _ = line_of(random.Random(2), 2000)
    stretches = no_stretches()
    add_stretch(stretches)
    renew_stretch(stretches, lines, 0, MIDDLE, MIDDLE, SCALE)
    assert not lacks_stretch_room(stretches)
    assert is_worn(stretches, 0, MIDDLE, MIDDLE, SCALE)
