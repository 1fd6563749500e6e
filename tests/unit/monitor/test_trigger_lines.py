"""Trigger lines and account blocks against dictionaries, through additions, removals, growth and other buckets."""

import random

import numpy as np
import pytest

from seawall.monitor.account_blocks import (
    BLOCK,
    empty_blocks,
    first_cell,
    has_room,
    leave_place,
    make_block_room,
    place_of_cell,
    take_place,
)
from seawall.monitor.trigger_kernels import move_chunks_nb
from seawall.monitor.trigger_layout import chunks_wanted, count_trigger, lay_out_chunks, lay_trigger
from seawall.monitor.trigger_lines import (
    CHUNK,
    FINER,
    FINER_BITS,
    HELD,
    HELD_IN_ALL,
    HELD_PER_BUCKET_MAX,
    LINE,
    SIZE,
    SIZE_MAX,
    SIZE_MIN,
    START,
    add_line,
    bucket_at,
    bucket_of,
    buckets_between,
    crowded_line,
    empty_lines,
    first_chunk,
    free_chunks,
    greatest_key,
    insert_trigger,
    is_crowded,
    least_key,
    line_at,
    make_chunk_room,
    make_finer_room,
    remove_trigger,
)

OWNERS = 3000


def triggers_between(lines, line, least, greatest):
    """Return {owner: key} of what a walk over a range of keys finds, checking that it finds nobody twice."""
    found = {}
    first, windows, buckets = buckets_between(lines, line, least, greatest)
    for nth in range(buckets):
        bucket = bucket_at(lines, line, first, windows, nth)
        assert lines.bucket[bucket, LINE] == line
        chunk, fill = first_chunk(lines, bucket)
        while chunk:
            for lane in range(fill):
                key, owner = int(lines.chunk[chunk, lane]), int(lines.chunk[chunk, CHUNK + lane])
                assert owner not in found
                assert line_at(lines, chunk * CHUNK + lane) == line
                found[owner] = key
            chunk, fill = int(lines.link[chunk, 0]), CHUNK
    return found


def triggers_in(lines, line):
    """Return {owner: key} of a whole line."""
    return triggers_between(lines, line, -(2**31), 2**31 - 1)


def move_some(lines, line, count, back):
    make_finer_room(lines, line)
    return move_chunks_nb(lines, line, count, back)


def test_lines_hold_what_was_added_and_not_removed_also_while_they_are_moved():
    draw, lines, back = random.Random(1), empty_lines(), np.full(OWNERS, -1, np.int32)
    centres = [1_072_000_000, -1_073_000_000, 5]
    for _ in centres:
        add_line(lines, 0)
    expected, interrupted = [{}, {}, {}], 0
    for step in range(9000):
        owner = draw.randrange(OWNERS)
        line = next((at for at, held in enumerate(expected) if owner in held), None)
        if line is not None:
            remove_trigger(lines, int(back[owner]), back)
            del expected[line][owner]
        else:
            line = draw.randrange(3)
            key = max(-(2**31), min(2**31 - 1, centres[line] + int(draw.gauss(0, 10.0 ** draw.uniform(2, 8)))))
            make_chunk_room(lines, 1)
            insert_trigger(lines, line, key, owner, back)
            expected[line][owner] = key
        crowded = crowded_line(lines)
        if crowded is not None and step % 7 == 0:
            limit = draw.choice([1, 1, 2])
            assert move_some(lines, crowded, limit, back) <= limit
            interrupted += int(lines.table[crowded, FINER_BITS] > 0)
        if step % 300 == 0:
            for line, held in enumerate(expected):
                assert triggers_in(lines, line) == held
                least = centres[line] + draw.randrange(-(10**7), 10**7)
                greatest = least + draw.choice([0, 1000, 10**6, 10**8])
                found = triggers_between(lines, line, least, greatest)
                assert (
                    {o: k for o, k in held.items() if least <= k <= greatest}.items() <= found.items() <= held.items()
                )
    assert [int(lines.table[line, HELD]) for line in range(3)] == [len(held) for held in expected]
    assert lines.counters[HELD_IN_ALL] == sum(len(held) for held in expected)
    assert min(len(held) for held in expected) > 300
    assert interrupted > 20
    assert lines.table[:, SIZE].max() > SIZE_MIN


def test_triggers_laid_out_at_once_lie_where_they_belong_in_the_order_of_walks():
    draw, lines, back = random.Random(4), empty_lines(), np.full(OWNERS, -1, np.int32)
    centres = [1_072_000_000, -1_073_000_000, 5]
    for _ in centres:
        add_line(lines, 400)
    keys, expected = np.zeros(OWNERS, np.int32), [{}, {}, {}]
    for owner in draw.sample(range(OWNERS), OWNERS - 100):
        line = draw.choice([0, 0, 1])
        key = centres[line] + int(draw.gauss(0, 10.0 ** draw.uniform(2, 7)))
        count_trigger(lines, line, key, owner, keys, back)
        expected[line][owner] = key
    make_chunk_room(lines, chunks_wanted(lines))
    following = np.zeros(lines.bucket.shape[0], np.int32)
    lay_out_chunks(lines, following)
    for owner in sorted(owner for held in expected for owner in held):
        lay_trigger(lines, owner, keys, back, following)
    assert [triggers_in(lines, line) for line in range(3)] == expected
    assert [int(lines.table[line, HELD]) for line in range(3)] == [len(held) for held in expected]
    assert lines.counters[HELD_IN_ALL] == OWNERS - 100
    firsts = [first_chunk(lines, bucket)[0] for bucket in range(lines.bucket.shape[0])]
    assert [chunk for chunk in firsts if chunk] == sorted(chunk for chunk in firsts if chunk)
    for line, held in enumerate(expected):
        for owner in held:
            remove_trigger(lines, int(back[owner]), back)
        assert triggers_in(lines, line) == {}
    assert free_chunks(lines) == lines.link.shape[0] - 1


def filled(count, keys=None):
    """Return (lines, back) of one line made for nobody with so many triggers, all of one key where no others are given."""
    lines, back = empty_lines(), np.full(count, -1, np.int32)
    add_line(lines, 0)
    make_chunk_room(lines, count)
    for owner in range(count):
        insert_trigger(lines, 0, 1_072_000_000 if keys is None else keys[owner], owner, back)
    return lines, back


@pytest.mark.parametrize(("more", "expected"), [(0, None), (1, 0)])
def test_a_line_is_crowded_that_holds_more_for_each_bucket_than_it_may(more, expected):
    lines, _ = filled(SIZE_MIN * HELD_PER_BUCKET_MAX + more)
    assert crowded_line(lines) == expected
    assert is_crowded(lines.table[0]) == (expected is not None)


def test_a_line_with_the_most_buckets_is_never_crowded():
    lines, _ = filled(10)
    lines.table[0, SIZE], lines.table[0, HELD] = SIZE_MAX, 10**9
    assert crowded_line(lines) is None


def test_no_line_is_no_crowded_line():
    assert crowded_line(empty_lines()) is None


def test_each_call_moves_so_many_chunks_and_no_more_even_of_one_bucket():
    lines, back = filled(800)
    calls = 0
    while crowded_line(lines) is not None:
        moved = move_some(lines, 0, 3, back)
        calls += 1
        assert moved == 3 or crowded_line(lines) is None
        assert triggers_in(lines, 0) == dict.fromkeys(range(800), 1_072_000_000)
        assert [line_at(lines, int(back[owner])) for owner in range(800)] == [0] * 800
        assert sorted(int(back[owner]) for owner in range(800)) == sorted(set(back.tolist()))
    assert calls == 34
    assert lines.table[0, SIZE] == 128


def test_moving_stops_where_there_is_no_room_for_one_more_chunk():
    lines, back = filled(800)
    make_finer_room(lines, 0)
    while free_chunks(lines) >= CHUNK:
        lines.counters[1] += 1
    assert move_chunks_nb(lines, 0, 1000, back) == 0
    assert lines.table[0, FINER_BITS] > 0
    assert move_some(lines, 0, 1000, back) > 0
    assert triggers_in(lines, 0) == dict.fromkeys(range(800), 1_072_000_000)


def test_what_comes_to_a_line_that_is_moved_goes_into_its_finer_buckets():
    lines, back = filled(SIZE_MIN * HELD_PER_BUCKET_MAX + 1, keys=list(range(10**9, 10**9 + 513)))
    make_finer_room(lines, 0)
    assert lines.table[0, FINER] <= bucket_of(lines, 0, 10**9) < lines.table[0, FINER] + (SIZE_MIN << 3)
    while crowded_line(lines) is not None:
        move_some(lines, 0, 1, back)
    assert lines.table[0, START] == lines.table[0, FINER]
    assert triggers_in(lines, 0) == {owner: 10**9 + owner for owner in range(513)}


@pytest.mark.parametrize("key", [-(2**31), -1, 0, 1_072_000_000, 2**31 - 1])
def test_a_window_holds_its_keys_and_a_walk_over_all_keys_sees_each_bucket_once(key):
    lines, _ = filled(0)
    first, windows, _ = buckets_between(lines, 0, key, key)
    assert windows == 1
    assert least_key(lines, 0, first) <= key <= greatest_key(lines, 0, first)
    first, windows, buckets = buckets_between(lines, 0, -(2**31), key)
    assert len({bucket_at(lines, 0, first, windows, nth) for nth in range(buckets)}) == buckets <= SIZE_MIN


def test_blocks_hold_each_account_once_with_its_cells():
    draw, blocks, place_of = random.Random(2), empty_blocks(), {}
    for _ in range(5000):
        row = draw.randrange(900)
        if row in place_of:
            place, _ = place_of.pop(row)
            moved = leave_place(blocks, place)
            if moved != place:
                other = int(blocks.row[place])
                place_of[other] = (place, place_of[other][1])
            continue
        width = draw.choice([0, 1, 2, 2, 3, 7])
        if not has_room(blocks, width):
            make_block_room(blocks, width)
        place = take_place(blocks, width, width, row)
        for nth in range(width):
            blocks.coefficient[first_cell(blocks, place) + nth * BLOCK] = row + nth / 16
        place_of[row] = (place, width)
    for row, (place, width) in place_of.items():
        assert blocks.row[place] == row
        for nth in range(width):
            cell = first_cell(blocks, place) + nth * BLOCK
            assert blocks.coefficient[cell] == row + nth / 16
            assert place_of_cell(blocks, cell) == place
    assert len({place for place, _ in place_of.values()}) == len(place_of) > 300
