"""A threshold is passed exactly where the integers say so, whatever floats make of them."""

import random

import numpy as np
import pytest

from seawall.monitor import price_thresholds, trigger_lines
from seawall.monitor.price_thresholds import PriceThresholds, Threshold

E18 = 10**18


@pytest.mark.parametrize("is_rising", [False, True])
@pytest.mark.parametrize("at", [1, 2, 10**6, 3 * E18 + 1, 2**70 + 1, 10**30 - 1])
def test_one_unit_decides(is_rising, at):
    thresholds = PriceThresholds()
    thresholds.set_row(4, [Threshold(0, at, is_rising)])
    below = thresholds.passed([at - 1])
    assert below == ([] if is_rising or at == 1 else [4])
    assert [thresholds.passed([at + step]) for step in (0, 1)] == ([[4], [4]] if is_rising else [[], []])


def test_an_unknown_price_and_one_that_is_not_positive_pass_nothing():
    thresholds = PriceThresholds()
    thresholds.set_row(1, [Threshold(0, 5, False), Threshold(0, 9, True)])
    assert [thresholds.passed([price]) for price in (None, 0, -3)] == [[], [], []]
    assert [thresholds.passed([price]) for price in (4, 5, 8, 9)] == [[1], [], [], [1]]


def test_a_row_is_reported_until_its_thresholds_are_set_anew():
    thresholds = PriceThresholds()
    thresholds.set_row(1, [Threshold(0, 5, False)])
    assert thresholds.passed([4]) == thresholds.passed([4]) == [1]
    thresholds.set_row(1, [Threshold(0, 4, False)])
    assert thresholds.passed([4]) == []
    thresholds.set_row(1, [])
    assert thresholds.passed([3]) == []


def brute_force(held, prices):
    rows = set()
    for row, thresholds in held.items():
        for number, threshold, is_rising in thresholds:
            price = prices[number]
            if price is not None and price > 0 and (price >= threshold if is_rising else price < threshold):
                rows.add(row)
    return sorted(rows)


def play(seed, steps, rows, numbers=3):
    draw = random.Random(seed)
    thresholds, held = PriceThresholds(), {}
    prices = [int(10 ** draw.uniform(0, 30)) + 1 for _ in range(numbers)]
    reported = 0
    for _ in range(steps):
        for _ in range(draw.choice([1, 5, 300])):
            row = draw.randrange(rows)
            held[row] = [
                Threshold(number, max(1, prices[number] + draw.choice(
                    [-1, 0, 1, int(prices[number] * draw.gauss(0, 0.05)), int(prices[number] * draw.gauss(0, 1e-16))]
                )), draw.random() < 0.5)
                for number in range(numbers) for _ in range(draw.choice([0, 1, 1, 3])) if prices[number]
            ]  # fmt: skip
            thresholds.set_row(row, held[row])
        moved = draw.randrange(numbers)
        before = prices[moved]
        step = draw.choice([0, 1, -1, int(before * draw.gauss(0, 0.03)), int(before * draw.gauss(0, 2))])
        prices[moved] = max(1, before + step)
        shown = [None if draw.random() < 0.05 else price for price in prices]
        found = thresholds.passed(shown)
        assert found == brute_force(held, shown)
        reported += len(found)
    assert reported > steps
    return thresholds


@pytest.mark.parametrize("seed", range(5))
def test_the_index_says_what_asking_everyone_says(seed):
    play(seed, steps=60, rows=2000)


def test_a_crowded_line_gets_more_buckets_and_answers_the_same():
    thresholds = PriceThresholds()
    for row in range(4000):
        thresholds.set_row(row, [Threshold(0, E18 + row * 10**12, False)])
    assert thresholds._lines.table[0, trigger_lines.SIZE] >= 4000 // trigger_lines.HELD_PER_BUCKET_MAX
    assert thresholds.passed([E18 + 3990 * 10**12]) == list(range(3991, 4000))


def test_the_plain_twins_do_what_the_kernels_do(monkeypatch):
    for name in ("insert", "remove", "reached"):
        monkeypatch.setattr(price_thresholds, f"{name}_nb", getattr(price_thresholds, f"{name}_py"))
    thresholds = play(99, steps=25, rows=50)
    assert np.any(thresholds._lines.table[:, trigger_lines.HELD])
