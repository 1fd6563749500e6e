"""Trigger lines and account blocks against dictionaries, through additions, removals, growth and other buckets."""

import random

import numpy as np

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
from seawall.monitor.trigger_kernels import move_triggers_nb
from seawall.monitor.trigger_layout import chunks_wanted, count_trigger, lay_out_chunks, lay_trigger
from seawall.monitor.trigger_lines import (
    CHUNK,
    HELD,
    HELD_IN_ALL,
    SIZE,
    START,
    add_line,
    bucket_of,
    crowded_line,
    empty_lines,
    first_chunk,
    free_chunks,
    greatest_key,
    insert_trigger,
    is_off_centre,
    least_key,
    make_chunk_room,
    remove_trigger,
    set_buckets,
)

OWNERS = 3000


def triggers_in(lines, line):
    """Return {owner: key} of a line, checking that each lies in the bucket where it belongs."""
    found = {}
    start = int(lines.table[line, START])
    for bucket in range(start, start + int(lines.table[line, SIZE])):
        chunk, fill = first_chunk(lines, bucket)
        while chunk:
            for lane in range(fill):
                key, owner = int(lines.chunk[chunk, lane]), int(lines.chunk[chunk, CHUNK + lane])
                assert bucket_of(lines, line, key) == bucket
                assert least_key(lines, line, bucket) <= key <= greatest_key(lines, line, bucket)
                found[owner] = key
            chunk, fill = int(lines.link[chunk, 0]), CHUNK
    return found


def test_lines_hold_what_was_added_and_not_removed():
    draw, lines, back = random.Random(1), empty_lines(), np.full(OWNERS, -1, np.int32)
    centres = [1_072_000_000, -1_073_000_000, 5]
    for centre in centres:
        add_line(lines, centre, 100)
    expected = [{}, {}, {}]
    for step in range(6000):
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
        if step % 2000 == 1999:
            line = draw.randrange(3)
            start, size = int(lines.table[line, START]), int(lines.table[line, SIZE])
            set_buckets(lines, line, centres[line] + 10_000_000, len(expected[line]))
            make_chunk_room(lines, len(expected[line]))
            move_triggers_nb(lines, line, start, size, back)
    assert [triggers_in(lines, line) for line in range(3)] == expected
    assert [int(lines.table[line, HELD]) for line in range(3)] == [len(held) for held in expected]
    assert lines.counters[HELD_IN_ALL] == sum(len(held) for held in expected)
    assert min(len(held) for held in expected) > 300


def test_triggers_laid_out_at_once_lie_where_they_belong_in_the_order_of_walks():
    draw, lines, back = random.Random(4), empty_lines(), np.full(OWNERS, -1, np.int32)
    centres = [1_072_000_000, -1_073_000_000, 5]
    for centre in centres:
        add_line(lines, centre, 400)
    keys, expected = np.zeros(OWNERS, np.int32), [{}, {}, {}]
    for owner in draw.sample(range(OWNERS), OWNERS - 100):
        line = draw.choice([0, 0, 1])
        key = centres[line] + int(draw.gauss(0, 10.0 ** draw.uniform(2, 7)))
        count_trigger(lines, line, key, owner, keys, back)
        expected[line][owner] = key
    make_chunk_room(lines, chunks_wanted(lines))
    following = np.zeros(lines.head.size, np.int32)
    lay_out_chunks(lines, following)
    for owner in sorted(owner for held in expected for owner in held):
        lay_trigger(lines, owner, keys, back, following)
    assert [triggers_in(lines, line) for line in range(3)] == expected
    assert [int(lines.table[line, HELD]) for line in range(3)] == [len(held) for held in expected]
    assert lines.counters[HELD_IN_ALL] == OWNERS - 100
    firsts = [first_chunk(lines, bucket)[0] for bucket in range(lines.head.size)]
    assert [chunk for chunk in firsts if chunk] == sorted(chunk for chunk in firsts if chunk)
    for line, held in enumerate(expected):
        for owner in held:
            remove_trigger(lines, int(back[owner]), back)
        assert triggers_in(lines, line) == {}
    assert free_chunks(lines) == lines.link.shape[0] - 1


def test_a_line_that_holds_many_triggers_is_crowded_and_one_far_away_is_off_centre():
    lines, back = empty_lines(), np.full(OWNERS, -1, np.int32)
    line = add_line(lines, 1_072_000_000, 0)
    assert crowded_line(lines) is None
    make_chunk_room(lines, OWNERS)
    for owner in range(OWNERS):
        insert_trigger(lines, line, 1_072_000_000 + owner, owner, back)
    assert crowded_line(lines) == line
    assert not is_off_centre(lines, line, 1_072_000_000)
    assert is_off_centre(lines, line, 1_072_000_000 + (1 << 21))
    assert is_off_centre(lines, line, 1_072_000_000 - (1 << 21))


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
