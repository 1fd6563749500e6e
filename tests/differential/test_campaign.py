"""A campaign of unkind books and paths against both monitors: seconds with every run of the tests, minutes in the soak.

Books: accounts planted within a unit of the line and inside every protocol's slack, dust beside balances near 2**127, prices
over twelve orders of magnitude. Paths: usual ticks, leaps of e^±3, the way back, the same tick again. Accounts change, come
and leave before and after each answer, and maintenance is regular, interrupted after one account, or missing for long.
A campaign that fails says its seed; a seed that failed stays in SEEDS_THAT_FAILED.
"""

import os
import random
from time import monotonic

import pytest
from tests.differential.adversarial_books import add_hard_accounts, hard_pool
from tests.differential.test_trigger_book import CATEGORISED, PROTOCOLS, BothMonitors, change_an_account, unkind_book

from seawall.fixed import WAD

SEEDS = range(1000, 1024)
SEEDS_THAT_FAILED: tuple[int, ...] = ()
STEPS = 40
SOAK_SECONDS = float(os.environ.get("SEAWALL_SOAK_SECONDS", "1200"))
PRICE_MAX = 10**34
COUNTS = ([0], [1], [1, 2, 7], [10_000])
"""What one phase of a path maintains by; the first one skips it."""


def hard_book(protocol, seed, _line_ratio):
    draw = random.Random(seed)
    deployment = hard_pool(draw)
    deployment.prices = [price or WAD for price in deployment.prices]
    add_hard_accounts(deployment, protocol, draw, 300)
    return deployment, draw


def close_an_account(both, draw):
    book = both.deployment.book
    row = draw.randrange(book.account_count)
    for slot, _ in book.positions(row):
        book.set_balance(row, slot, 0)
    both.touch(row)
    if both.protocol.balances_move_indices:
        both.reprice(None)


def change_some(both, draw):
    for _ in range(draw.choice([0, 0, 1, 5, 60])):
        (close_an_account if draw.random() < 0.15 else change_an_account)(both, draw)


def move(both, draw, past):
    """Move the prices by a usual tick, a leap, the way back, or not at all, and say so."""
    prices, kind = both.deployment.prices, draw.random()
    past.append(list(prices))
    if kind < 0.15:
        prices[:] = draw.choice(past[-6:])
    elif kind < 0.25:
        pass
    else:
        reach = draw.choice([1e-5, 1e-3, 1e-2, 0.2]) if kind < 0.9 else 3.0
        for asset in range(len(prices)):
            leap = draw.choice([-3.0, 3.0]) if reach == 3.0 and draw.random() < 0.5 else draw.gauss(0.0, reach)
            prices[asset] = min(max(1, int(prices[asset] * 2.718281828**leap)), PRICE_MAX)
    both.reprice(None)


def campaign(seed, steps):
    draw = random.Random(seed)
    protocol = draw.choice(PROTOCOLS)
    is_hard = protocol.name in CATEGORISED and draw.random() < 0.5
    line_ratio = draw.choice([WAD, WAD, 11 * WAD // 10])
    deployment, draw = (hard_book if is_hard else unkind_book)(protocol, seed, line_ratio)
    both = BothMonitors(deployment, protocol, line_ratio)
    past, counts = [list(deployment.prices)], [0]
    both.decide()
    for step in range(steps):
        if step % 8 == 0:
            counts = draw.choice(COUNTS)
        change_some(both, draw)
        move(both, draw, past)
        both.decide(answered=draw.choice([1.0, 1.0, 0.7]), draw=draw)
        change_some(both, draw)
        if draw.random() < 0.2:
            both.decide()
        for count in counts:
            assert both.book.maintain(count) <= count
    both.decide()
    both.decide()
    both.check_all()
    return both.flips


@pytest.mark.parametrize("seed", [*SEEDS, *SEEDS_THAT_FAILED])
def test_no_account_is_missed_in_a_campaign(seed):
    assert campaign(seed, STEPS) > 20


@pytest.mark.slow
@pytest.mark.parametrize("nth", range(2))
def test_no_account_is_missed_in_minutes_of_campaigns(nth):
    end, seed = monotonic() + SOAK_SECONDS / 2, 10_000 + 1_000_000 * nth
    while monotonic() < end:
        try:
            campaign(seed, 3 * STEPS)
        except Exception as error:
            error.add_note(f"campaign({seed}, {3 * STEPS})")
            raise
        seed += 1
