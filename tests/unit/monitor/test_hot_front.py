"""Whoever is left out of the ranks that a tick reaches is certain, in exact numbers, wherever the prices went."""

import random
from fractions import Fraction

import numpy as np
import pytest

from seawall.monitor.account_blocks import BLOCK, empty_blocks, first_cell, has_room, make_block_room, take_place
from seawall.monitor.account_terms import IN_FRONT
from seawall.monitor.hot_front import (
    IS_VOID,
    LANES,
    LATE_MAX,
    REACHES,
    SEGMENTS,
    lacks_front_room,
    make_front_room,
    nobody_in_front,
    note_late,
    ranks_in_reach,
    renew_front,
    screen_front,
)

TERMS = 12
VALUE = 50.0


def hot_accounts(draw, price_f64, scale_f64, count):
    """Return (blocks, terms by row) of accounts within some moves of the line, dust beside huge positions among them."""
    hot, accounts = empty_blocks(), []
    for row in range(count):
        width = draw.choice([2, 2, 3, 5])
        terms = draw.sample(range(TERMS), width)
        values = [draw.choice([-1, 1]) * 10.0 ** draw.uniform(0, draw.choice([3, 12])) for _ in range(width)]
        moves = sum(abs(value) * scale_f64[term] for value, term in zip(values, terms, strict=True))
        values[0] += VALUE + moves * draw.choice([-1, 0, 1e-9, 1, *REACHES, 6]) - sum(values)
        coefficients = [value / price_f64[term] for value, term in zip(values, terms, strict=True)]
        if not has_room(hot, width):
            make_block_room(hot, width)
        cell = first_cell(hot, take_place(hot, width, width, row))
        for nth in range(width):
            hot.coefficient[cell + nth * BLOCK], hot.term[cell + nth * BLOCK] = coefficients[nth], terms[nth]
        accounts.append(list(zip(coefficients, terms, strict=True)))
    return hot, accounts


def front_of(draw, count=400):
    price_f64 = np.array([10.0 ** draw.uniform(-9, 9) for _ in range(TERMS)])
    scale_f64 = np.array([10.0 ** draw.uniform(-4, -2) for _ in range(TERMS)])
    hot, accounts = hot_accounts(draw, price_f64, scale_f64, count)
    front, status = nobody_in_front(), np.zeros(count, np.uint8)
    while lacks_front_room(front, hot, TERMS):
        make_front_room(front, hot, TERMS)
        renew_front(front, hot, price_f64, scale_f64, VALUE, status)
    return front, accounts, price_f64, scale_f64, status


def rows_in(front, ranks):
    """Return the rows in the first ranks, as they stand."""
    groups = sum(int(count) for rank, _, count in front.segment[: front.counters[SEGMENTS]] if rank < ranks)
    return [row for row in front.row[: groups * LANES].tolist() if row >= 0]


def sum_of(terms, price_f64):
    margin_f64 = 0.0
    for coefficient_f64, term in terms:
        margin_f64 += coefficient_f64 * price_f64[term]
    return margin_f64


@pytest.mark.parametrize("seed", range(40))
def test_nobody_outside_the_ranks_in_reach_is_uncertain(seed):
    draw = random.Random(seed)
    front, accounts, anchor_f64, scale_f64, status = front_of(draw)
    flagged, left_out = np.zeros(len(accounts) + 8, np.int32), 0
    for reach in (0.0, 1.0, *REACHES):
        moves = np.array([draw.choice([-1, 1, draw.uniform(-1, 1)]) for _ in range(TERMS)])
        price_f64 = anchor_f64 * (1.0 + moves * reach * (1.0 - 1e-9) * scale_f64)
        ranks = ranks_in_reach(front, price_f64)
        assert 1 <= ranks <= len(REACHES)
        summed = rows_in(front, ranks)
        found = flagged[: screen_front(front, ranks, price_f64, VALUE, status, flagged, 0)].tolist()
        assert found == [row for row in summed if not sum_of(accounts[row], price_f64) > VALUE]
        for row, terms in enumerate(accounts):
            exact = sum(Fraction(coefficient) * Fraction(price_f64[term]) for coefficient, term in terms)
            assert row in summed or exact > Fraction(VALUE)
            left_out += row not in summed
    assert left_out > len(accounts)


@pytest.mark.parametrize("price", [np.nan, np.inf, 0.0])
def test_a_price_beyond_reach_or_unknown_leaves_the_front_silent(price):
    front, _, price_f64, *_ = front_of(random.Random(3))
    assert ranks_in_reach(front, price_f64) == 1
    price_f64[5] = price
    assert ranks_in_reach(front, price_f64) == -1


def test_whoever_was_placed_anew_is_not_reported_from_the_front():
    front, accounts, price_f64, _, status = front_of(random.Random(4))
    flagged = np.zeros(len(accounts) + 8, np.int32)
    before = flagged[: screen_front(front, len(REACHES), price_f64, VALUE, status, flagged, 0)].tolist()
    assert before
    assert len(before) == len(set(before))
    status[before[0]] ^= IN_FRONT
    after = flagged[: screen_front(front, len(REACHES), price_f64, VALUE, status, flagged, 0)].tolist()
    assert after == before[1:]


def test_too_many_late_leave_the_front_void():
    front, _, price_f64, *_ = front_of(random.Random(5))
    for row in range(LATE_MAX):
        note_late(front, row)
    assert not front.counters[IS_VOID]
    note_late(front, LATE_MAX)
    assert front.counters[IS_VOID]
    assert ranks_in_reach(front, price_f64) == -1
