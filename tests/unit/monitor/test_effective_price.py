"""The two effective prices enclose the exact worst case, and their float sum never lies on the wrong side."""

import math
import random
from fractions import Fraction

import pytest
from benchmarks.synthetic_book import pool, risk
from tests.deployments import lending_protocols
from tests.unit.monitor.books import account, held, owed
from tests.unit.monitor.rounded_pool import RoundedPool

from seawall.fixed import WAD
from seawall.monitor.effective_price import EPSILON, EffectivePrices
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.protocol import ScreenSlack

ROUNDINGS_MAX = 4 + 7 + 1 + 254
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


def prices_of_eighty_markets(label):
    """Return effective prices of all pairs in use over so many markets that they are priced as columns."""
    protocol, deployment = protocol_named(label), pool(random.Random(7), 80)
    prices = EffectivePrices(deployment, protocol, 11 * 10**17)
    prices.read_slack()
    pairs = [(slot, category) for slot in range(160) for category in (0, 1)]
    for nth, (slot, category) in enumerate(pairs):
        prices.pair_slot[nth], prices.pair_category[nth] = slot, category
    prices.pair_count[0] = len(pairs)
    prices.price_new_pairs()
    return prices, deployment, protocol, pairs


def assert_close_to_the_exact(prices, deployment, protocol, pairs):
    slack = protocol.screen_slack(deployment)
    for nth, (slot, category) in enumerate(pairs):
        weight = protocol.line_weight(deployment, slot, category, 11 * 10**17)
        held_up, pulled_down = prices.price_f64[2 * nth : 2 * nth + 2].tolist()
        if weight is None:
            assert math.isnan(held_up)
            assert math.isnan(pulled_down)
            continue
        ratio = Fraction(slack.debt_ratio if slot & 1 else slack.collateral_ratio, WAD)
        exact, seven = Fraction(*weight), 7 * U / (1 - 7 * U)
        assert abs(Fraction(held_up) / (exact * (1 - ratio) * (1 - EPSILON)) - 1) <= seven
        assert abs(Fraction(pulled_down) / (exact * (1 + ratio) * (1 + EPSILON)) - 1) <= seven


@pytest.mark.parametrize("label", ["seawall@1", "aave_v3@3.0", "aave_v3@3.6"])
def test_prices_by_columns_follow_prices_indices_and_parameters_within_seven_roundings(label):
    prices, deployment, protocol, pairs = prices_of_eighty_markets(label)
    assert protocol.weight_prices(deployment) is not None
    draw = random.Random(9)
    for _ in range(12):
        for asset in range(80):
            deployment.prices[asset] = draw.choice([None, draw.randrange(10**10, 10**30)])
            deployment.market_states[asset].debt_index += draw.randrange(10**25)
            deployment.market_states[asset].collateral_index += draw.randrange(10**24)
        market = draw.randrange(80)
        deployment.markets[market] = deployment.markets[market].with_parameters(
            draw.choice([0, 1]), risk(draw.randrange(4500, 9900))
        )
        prices.reprice(None)
        assert_close_to_the_exact(prices, deployment, protocol, pairs)


@pytest.mark.parametrize("price", [1 << 600, 0])
def test_a_price_beyond_the_proof_is_not_a_number_by_columns_either(price):
    prices, deployment, _, _ = prices_of_eighty_markets("seawall@1")
    prices.reprice(None)
    assert not math.isnan(prices.price_f64[0])
    deployment.prices[0] = price
    prices.reprice(None)
    assert all(math.isnan(each) for each in prices.price_f64[:2])
    assert not math.isnan(prices.price_f64[8])


@pytest.mark.parametrize("label", [protocol.label for protocol in lending_protocols()])
def test_weights_of_protocols_that_say_so_are_products(label):
    protocol, draw = protocol_named(label), random.Random(5)
    deployment = pool(draw)
    if protocol.weight_prices(deployment) is None:
        return
    parts = {}
    for _ in range(20):
        for market, state in enumerate(deployment.market_states):
            deployment.prices[market] = draw.randrange(10**11, 10**28)
            state.collateral_index += draw.randrange(10**26)
            state.debt_index += draw.randrange(10**26)
        for slot in range(2 * len(deployment.markets)):
            state, price = deployment.market_states[slot >> 1], protocol.weight_prices(deployment)[slot >> 1]
            index = state.debt_index if slot & 1 else state.collateral_index
            for category in (0, 1):
                part = Fraction(*protocol.margin_weight(deployment, slot, category)) / (index * price)
                assert parts.setdefault((slot, category), part) == part
