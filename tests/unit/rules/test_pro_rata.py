"""Pro rata: shares add up, lie within a unit of their quota, and the largest remainders get what is left."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.rules.pro_rata import pro_rata_shares

WEIGHTS = st.lists(st.integers(0, 2**127), min_size=1, max_size=30).filter(any)


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        (0, [], []),
        (0, [0, 0], [0, 0]),
        (7, [1], [7]),
        (10, [1, 1, 1], [4, 3, 3]),
        (11, [1, 1, 1], [4, 4, 3]),
        (10, [6, 3, 1], [6, 3, 1]),
        (3, [5, 3, 1], [2, 1, 0]),
        (30, [25, 25, 17], [11, 11, 8]),
        (1, [0, 1, 0], [0, 1, 0]),
        (1, [1, 2, 2], [0, 1, 0]),
        (1, [2**80, 2**80 + 1, 2**80 + 2], [0, 0, 1]),
        (2, [2**80, 2**80 + 1, 2**80], [1, 1, 0]),
    ],
)
def test_shares_are_those_of_the_largest_remainders(amount, weights, shares):
    assert pro_rata_shares(amount, weights) == shares


@given(st.integers(0, 2**127), WEIGHTS)
def test_shares_add_up_and_are_within_a_unit_of_their_quota(amount, weights):
    shares = pro_rata_shares(amount, weights)
    assert sum(shares) == amount
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(amount * weight, sum(weights))) < 1
        assert weight or not share


@given(st.integers(1, 2**64), WEIGHTS)
def test_nobody_with_a_smaller_remainder_gets_the_unit(amount, weights):
    total = sum(weights)
    shares = pro_rata_shares(amount, weights)
    floors = [amount * weight // total for weight in weights]
    rounded_up = [amount * w - f * total for w, f, s in zip(weights, floors, shares, strict=True) if s > f]
    rounded_down = [amount * w - f * total for w, f, s in zip(weights, floors, shares, strict=True) if s == f]
    assert not rounded_up or not rounded_down or min(rounded_up) >= max(rounded_down)


def test_weights_of_nothing_cannot_share_an_amount():
    with pytest.raises(AssertionError):
        pro_rata_shares(1, [0, 0])
