"""The two effective prices enclose the exact worst case, and their float sum never lies on the wrong side."""

import math
import random
from fractions import Fraction

import pytest
from benchmarks.synthetic_book import pool
from tests.unit.monitor.books import account, held, owed
from tests.unit.monitor.rounded_pool import RoundedPool

from seawall.fixed import WAD
from seawall.monitor.effective_price import EPSILON, EffectivePrices
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.protocol import ScreenSlack

ROUNDINGS_MAX = 4 + 3 + 1 + 254
U = Fraction(1, 2**53)


class Stated(RoundedPool):
    """Weights and slack as the test states them."""

    def __init__(self, weights, slack=None):
        super().__init__()
        self.weights, self.slack = weights, slack or ScreenSlack(0, 0, 0, 0, 0)

    def margin_weight(self, deployment, slot, category):
        return self.weights.get(slot)

    def screen_slack(self, deployment):
        return self.slack


def test_epsilon_covers_every_rounding_of_the_widest_account():
    gamma = ROUNDINGS_MAX * U / (1 - ROUNDINGS_MAX * U)
    assert gamma * (1 + EPSILON) < EPSILON
    assert (1 - EPSILON) * (1 + gamma) < 1 < (1 + EPSILON) * (1 - gamma)


def screened_margin(protocol, positions):
    """Return the float sum that the screen compares, for one healthy account."""
    deployment = pool(random.Random(1))
    row = deployment.book.add_account(account(1))
    for slot, balance in positions.items():
        deployment.book.set_balance(row, slot, balance)
    monitor = FullRecompute(deployment, protocol)
    monitor.detect()
    return float(monitor._margin_f64[0])


@pytest.mark.parametrize("seed", range(40))
def test_the_screened_sum_never_exceeds_the_exact_worst_case(seed):
    draw = random.Random(seed)
    slots = [held(market) for market in range(8)] + [owed(market) for market in range(8)]
    weights = {
        s: (draw.randint(1, 10 ** draw.randint(1, 60)), draw.randint(1, 10 ** draw.randint(1, 40))) for s in slots
    }
    slack = ScreenSlack(
        draw.choice([0, 1, 10**6, 10**20 + 7]), draw.choice([0, 1, 3]), draw.randrange(WAD), draw.randrange(WAD), 0
    )
    positions = {s: draw.randint(1, 10 ** draw.randint(1, 38)) % (1 << 127) or 1 for s in draw.sample(slots, 9)}
    positions[owed(0)] = 12345
    worst, size = Fraction(0), Fraction(0)
    for slot, balance in positions.items():
        weight = Fraction(*weights[slot])
        if slot & 1:
            term = -(balance + slack.debt_units) * weight * (1 + Fraction(slack.debt_ratio, WAD))
        else:
            term = (balance - slack.collateral_units) * weight * (1 - Fraction(slack.collateral_ratio, WAD))
        worst, size = worst + term, size + abs(term)
    screened = screened_margin(Stated(weights, slack), positions)
    assert Fraction(screened) <= worst
    if all(slot & 1 or balance >= slack.collateral_units for slot, balance in positions.items()):
        assert Fraction(screened) >= worst - size * Fraction(1, 2**38) - Fraction(slack.collateral_units, 2**38) * size


@pytest.mark.parametrize("weight", [None, (1 << 600, 1), (1, 1 << 600)])
def test_an_unknown_weight_or_one_beyond_the_proof_is_not_a_number(weight):
    deployment = pool(random.Random(1))
    prices = EffectivePrices(deployment, Stated({0: weight}))
    prices.read_slack()
    prices.pair_count[0] = 1
    prices.price_new_pairs()
    assert all(math.isnan(price) for price in prices.price_f64[:2])


def test_the_value_slack_rounds_outward():
    deployment = pool(random.Random(1))
    prices = EffectivePrices(deployment, Stated({}, ScreenSlack(0, 0, 0, 0, 2**60 + 1)))
    prices.read_slack()
    assert prices.value_f64 > 2**60 + 1
