"""The coarse sum is never surer than the exact one, and what it leaves over the book decides as everybody's sum would."""

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from benchmarks.crash_book import crash_book
from numba import njit

from seawall.monitor.account_blocks import BLOCK, empty_blocks, make_block_room, take_place
from seawall.monitor.account_terms import LIQUIDATABLE, no_terms, sort_terms
from seawall.monitor.banded_accounts import put_cold
from seawall.monitor.cold_screen import may_be_certain, rounded_down, screen_cold, sum_block
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.signatures import SHELVES
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named

VALUE = 0.5


def near_the_line(draw, width):
    """Return coefficients and prices of an account whose exact margin is within 2**-21 of its size of VALUE, half the time within 2**-27."""
    prices = [10.0 ** draw.uniform(-9, 12) for _ in range(width)]
    coefficients = [draw.choice([1, -1]) * math.floor(10.0 ** draw.uniform(3, 20)) / 1.0 for _ in range(width)]
    others = sum(Fraction(c) * Fraction(p) for c, p in zip(coefficients[1:], prices[1:], strict=True))
    size = sum(abs(Fraction(c) * Fraction(p)) for c, p in zip(coefficients[1:], prices[1:], strict=True))
    target = Fraction(VALUE) + size * Fraction(draw.uniform(-1, 1) * draw.choice([0.1, 8])) / 2**24
    coefficients[0] = float((target - others) / Fraction(prices[0]))
    return (coefficients, prices) if coefficients[0] < 2.0**127 else near_the_line(draw, width)


def cold_block(accounts, shelf):
    """Return a cold block of accounts that all have the terms 0, 1, 2..."""
    width = len(accounts[0])
    cold, terms = empty_blocks(SHELVES, np.float32), no_terms()
    make_block_room(cold, width)
    for row, coefficients in enumerate(accounts):
        terms.coefficient_f64[:width], terms.term[:width] = coefficients, np.arange(width)
        sort_terms(terms, width)
        put_cold(cold, take_place(cold, shelf, width, row), terms)
    return cold


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("is_signed", [True, False])
def test_a_naive_float32_sum_is_wrong_thousands_of_times_and_the_coarse_sum_never(is_signed):
    draw, naive_wrong, passed, margins = random.Random(3), 0, 0, np.zeros(BLOCK)
    for _ in range(6000):
        coefficients, prices = near_the_line(draw, width := draw.randint(2, 5))
        exact = sum(Fraction(c) * Fraction(p) for c, p in zip(coefficients, prices, strict=True))
        naive = sum(np.float64(np.float32(c)) * p for c, p in zip(coefficients, prices, strict=True))
        naive_wrong += (naive > VALUE) != (exact > VALUE)
        cold = cold_block([coefficients], SHELVES - 1 if is_signed else width)
        sum_block(cold, 0, np.array(prices), margins)
        passed += margins[0] > VALUE
        assert not margins[0] > VALUE or exact > VALUE
        if not may_be_certain(cold, 0, np.array(prices), VALUE):
            assert sum(c * p for c, p in zip(coefficients, prices, strict=True)) <= VALUE
    assert naive_wrong > 1000
    assert passed > 500


@pytest.mark.parametrize("seed", range(5))
def test_a_rounded_coefficient_is_never_above_and_hardly_below(seed):
    draw = random.Random(seed)
    for _ in range(2000):
        c = draw.choice([1, -1]) * draw.uniform(1, 2) * 2.0 ** draw.uniform(-53, 126)
        with np.errstate(over="ignore"):
            assert c - 2.0**-22 * abs(c) <= float(rounded_down(c)) <= c


def test_a_coefficient_beyond_float32_is_left_to_the_book():
    huge = -(2.0**128)
    with np.errstate(over="ignore", invalid="ignore"):
        assert rounded_down(huge) == -math.inf
        assert rounded_down(0.0) == 0.0
        cold, margins = cold_block([[huge, 1.0], [2.0, 1.0]], 2), np.zeros(BLOCK)
        for price in (0.0, 1e-40):
            sum_block(cold, 0, np.array([price, 1.0]), margins)
            assert not margins[0] > VALUE
            assert margins[1] > VALUE
            assert may_be_certain(cold, 0, np.array([price, 1.0]), VALUE)


@pytest.mark.parametrize("factor", [0.8, 0.5, 1.3])
def test_screening_everybody_reports_whom_the_full_recompute_reports(factor):
    book, protocol = crash_book(20_000, seed=4), protocol_named("seawall")
    full, triggers = FullRecompute(book.deployment, protocol), TriggerBook(book.deployment, protocol)
    book.tick(np.random.default_rng(2), factor)
    book.deployment.prices[7] = None
    for monitor in (full, triggers):
        monitor.reprice(None)
        monitor._refresh()
    index = triggers.columns.index
    arguments = (
        index.banded.cold, index.status, index.book, index.pairs, index.terms, triggers._prices.value_f64,
        index.margin_f64,
    )  # fmt: skip
    rows = [np.zeros(20_000, np.int32) for _ in range(2)]
    with np.errstate(invalid="ignore"):
        counts = [
            kernel(*arguments, each, 0) for kernel, each in zip((screen_cold, njit(screen_cold)), rows, strict=True)
        ]
    assert counts[0] == counts[1] > 100
    assert (rows[0] == rows[1]).all()
    paired = index.status & ~np.uint8(LIQUIDATABLE)
    expected = [row for row in full.detect() if not paired[row]]
    assert sorted(rows[0][: counts[0]].tolist()) == expected
