"""A band's promise in exact numbers: with every price at its trigger, the margin is still above the slack."""

import math
import random
from fractions import Fraction

import numpy as np
import pytest

from seawall.monitor.account_blocks import BLOCK
from seawall.monitor.own_bands import (
    CALM,
    SCALE_MAX,
    SCALE_MIN,
    budget_and_spread,
    follow_scale,
    is_calm,
    trigger_key_of,
)
from seawall.monitor.trigger_key import key_of


def price_at(key):
    """Return the last price, towards the trigger, that has not crossed a key: the worst one that a band allows."""
    bits = (key + 1 << 32) if key >= 0 else (-key << 32) - 1
    return float(np.int64(bits).view(np.float64))


def drawn_account(draw):
    width = draw.randint(1, 9)
    prices = [10.0 ** draw.uniform(-9, 12) for _ in range(width)]
    coefficients = [draw.choice([1, 1, -1]) * 10.0 ** draw.uniform(-3, 6) / price for price in prices]
    held = sum(c * p for c, p in zip(coefficients, prices, strict=True))
    coefficients[0] = abs(coefficients[0]) + max(0.0, -held) / prices[0] * (1 + 10.0 ** draw.uniform(-12, 0))
    if draw.random() < 0.2:
        prices[-1] = 0.0
    return coefficients, prices, [10.0 ** draw.uniform(-4.8, -1.3) for _ in range(width)]


def columns(coefficients, prices, scales):
    width = len(prices)
    spread_out = np.zeros(width * BLOCK)
    spread_out[::BLOCK] = coefficients
    terms = np.zeros(width * BLOCK, np.uint16)
    terms[::BLOCK] = np.arange(width)
    return spread_out, terms, 0, width, np.array(prices), np.array(scales)


@pytest.mark.parametrize("seed", range(300))
def test_with_every_price_at_its_trigger_the_margin_is_still_above_the_slack(seed):
    draw = random.Random(seed)
    coefficients, prices, scales = drawn_account(draw)
    value = draw.choice([0.0, 1e-9, 10.0 ** draw.uniform(-12, 3)])
    budget, spread = budget_and_spread(*columns(coefficients, prices, scales), value)
    if not is_calm(budget, spread, 1e-9):
        return
    worst = Fraction(0)
    for c, p, s in zip(coefficients, prices, scales, strict=True):
        key = trigger_key_of(c, p, s, budget, spread, len(prices))
        worst += Fraction(c) * (0 if c >= 0 and key < 0 else Fraction(price_at(key)))
    assert worst > Fraction(value)


def test_bands_are_wide_enough_to_be_worth_a_trigger():
    draw = random.Random(7)
    for _ in range(300):
        coefficients, prices, scales = drawn_account(draw)
        budget, spread = budget_and_spread(*columns(coefficients, prices, scales), 0.0)
        if is_calm(budget, spread, CALM):
            for c, p, s in zip(coefficients, prices, scales, strict=True):
                key = trigger_key_of(c, p, s, budget, spread, len(prices))
                if p:
                    near = p * (1 - 0.99 * CALM * s) if c >= 0 else p * (1 + 0.99 * CALM * s)
                    assert key < key_of(near) if c >= 0 else key < -key_of(near)


@pytest.mark.parametrize("margin", [math.nan, -1.0, 0.0, math.inf])
def test_an_uncertain_margin_is_never_calm(margin):
    assert not is_calm(margin, 1e-30, CALM)


def test_the_scale_follows_moves_and_is_deaf_to_one_jump():
    draw = random.Random(5)
    scale, price = 2.0**-10, 100.0
    for _ in range(3000):
        after = price * math.exp(draw.gauss(0.0, 0.004))
        scale, price = follow_scale(scale, price, after), after
    assert 0.0025 < scale < 0.006
    assert follow_scale(scale, price, price / 2) < 1.04 * scale
    assert follow_scale(SCALE_MAX, 1.0, 9.0) == SCALE_MAX
    assert follow_scale(SCALE_MIN, 1.0, 1.0) == SCALE_MIN
