import random

import numpy as np
import pytest

from seawall.ledger.integer_column import column_of
from seawall.monitor.limb_columns import joined, packed, worst_first
from seawall.monitor.limbs import limbs_of
from seawall.monitor.priority_bounds import may_be_worst


def limbs(numbers: list[int], length: int = 4) -> np.ndarray:
    return np.array([limbs_of(number, length) for number in numbers], np.uint64).reshape(-1, length)


@pytest.mark.parametrize("bits", [0, 1, 8, 9, 63, 64, 65, 127, 128, 200, 256])
def test_limbs_are_packed_as_integers_are(bits):
    draw = random.Random(bits)
    numbers = [draw.getrandbits(bits) if bits else 0 for _ in range(50)]
    assert packed(limbs(numbers)) == column_of(numbers)


def test_nothing_is_packed_as_nothing():
    assert packed(np.zeros((0, 4), np.uint64)) == column_of([]) == b""


@pytest.mark.parametrize("more", [[], [1], [2**64, 3], [2**300]])
def test_numbers_of_any_size_are_joined_at_the_end(more):
    numbers = [5, 2**100, 0]
    assert packed(joined(limbs(numbers, 2), more)) == column_of([*numbers, *more])


@pytest.mark.parametrize("bits", [2, 20, 64, 70, 250])
@pytest.mark.parametrize("width", [1, 8, 20, 32])
def test_the_worst_come_first_and_equals_in_order_of_their_bytes(bits, width):
    draw = random.Random(bits * width)
    numbers = [draw.getrandbits(bits) for _ in range(200)]
    keys = [bytes([draw.randrange(3) * 127] * (width - 1) + [nth]) for nth in range(200)]
    ranked = sorted(range(200), key=lambda place: (-numbers[place], keys[place]))
    columns = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, width)
    assert worst_first(limbs(numbers), columns).tolist() == ranked


@pytest.mark.parametrize("count", [1, 17, 400, 4_999, 5_000])
def test_whoever_may_be_among_the_worst_is_picked(count):
    dice = np.random.default_rng(count)
    lowest_f64 = np.where(dice.random(5_000) < 0.3, -1.0, np.sort(dice.exponential(1.0, 5_000)))
    highest_f64 = lowest_f64 + dice.random(5_000) * 0.01
    least_f64 = np.sort(lowest_f64)[-count]
    expected = np.arange(5_000) if count == 5_000 else np.flatnonzero(highest_f64 >= least_f64)
    assert may_be_worst(lowest_f64, highest_f64, count).tolist() == expected.tolist()
