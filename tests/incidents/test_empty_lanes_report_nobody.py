"""Lanes of the front that hold no account sum to zero, which is not above the line: each was written among the flagged, more
of them than there was room for in a small book, and what lay behind in memory was overwritten."""

import random

import numpy as np
from tests.unit.monitor.test_hot_front import VALUE, front_of, rows_in, sum_of

from seawall.monitor.hot_front import LANES, REACHES, screen_front

ACCOUNTS = 9


def test_a_front_with_more_empty_lanes_than_accounts_stays_within_its_room() -> None:
    front, accounts, price_f64, _, status = front_of(random.Random(6), ACCOUNTS)
    assert front.row[front.row < 0].size > ACCOUNTS + LANES
    room = np.full(ACCOUNTS + LANES + 1000, -7, np.int32)
    count = screen_front(front, len(REACHES), price_f64, VALUE, status, room, 0)
    expected = [row for row in rows_in(front, len(REACHES)) if not sum_of(accounts[row], price_f64) > VALUE]
    assert room[:count].tolist() == expected
    assert (room[ACCOUNTS + LANES :] == -7).all()
