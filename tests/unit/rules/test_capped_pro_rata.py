from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.rules.short_winners import WINNERS

from seawall.rules.capped_pro_rata import capped_pro_rata_shares

HUGE = 10**30
GAINS = (900, 500, 300, 200, 100)


@pytest.mark.parametrize(
    ("amount", "weights", "caps", "shares"),
    [
        (50_003, (1_000_000, 333_333, 77_777, 5), (HUGE,) * 4, (35_435, 11_812, 2_756, 0)),
        (800, GAINS, GAINS, (360, 200, 120, 80, 40)),
        (800, (1,) * 5, GAINS, (175, 175, 175, 175, 100)),
        (1_200, (1,) * 5, GAINS, (300, 300, 300, 200, 100)),
        (600, (30_000, 6_000, 800, 7_500, 700), (1_000, 300, 200, 500, 10), (400, 80, 11, 100, 9)),
        (7_500, (8_000, 4_000, 500), (8_000, 4_000, 500), (4_800, 2_400, 300)),
        (10, (1, 1), (3, 9), (3, 7)),
        (10, (1, 1), (3, 6), (3, 6)),
        (9, (1, 1), (3, 6), (3, 6)),
        (8, (1, 1), (3, 6), (3, 5)),
        (5, (0, 3), (9, 9), (0, 5)),
        (5, (0, 3), (9, 2), (0, 2)),
        (5, (0, 0), (9, 9), (0, 0)),
        (0, (1, 2), (9, 9), (0, 0)),
        (7, (1, 2), (0, 0), (0, 0)),
        (1, (1, 1, 1), (0, 5, 5), (0, 1, 0)),
        (5, (), (), ()),
        # 5/10 fills first, then 6/11, by which the rest is at 9/16: 6.75, 0.5625 and 1.6875.
        (20, (12, 1, 11, 10, 3), (8, 12, 6, 5, 5), (7, 0, 6, 5, 2)),
    ],
)
def test_shares_rise_together_until_each_is_full(amount, weights, caps, shares):
    assert capped_pro_rata_shares(amount, weights, caps) == list(shares)


def test_what_is_left_to_the_largest_alone_is_the_complement():
    """Taking from the largest until they are level leaves everybody the same, or all that they had."""
    left = capped_pro_rata_shares(sum(GAINS) - 800, (1,) * 5, GAINS)
    assert [gain - kept for gain, kept in zip(GAINS, left, strict=True)] == [600, 200, 0, 0, 0]


def test_the_largest_winner_keeps_more_than_a_queue_would_leave_it():
    """A factor of 0.6 leaves 3.2, 1.6 and 0.2; a queue by profit would leave the first what it had less all of the loss."""
    gains, loss = (8_000, 4_000, 500, 0, 0), 7_500
    left = [gain - share for gain, share in zip(gains, capped_pro_rata_shares(loss, gains, gains), strict=True)]
    assert left == [3_200, 1_600, 200, 0, 0]
    assert left[0] - (gains[0] - loss) == loss - loss * gains[0] // sum(gains) == 2_700


def test_leverage_squared_times_profit_fills_the_most_leveraged():
    gains, leverages = (30_000, 6_000, 800, 7_500, 700), (889, 1_600, 9_412, 1_455, 296)
    weights = [leverage**2 * gain for leverage, gain in zip(leverages, gains, strict=True)]
    caps = [1_000 * winner.balance for winner in WINNERS]
    contracts = [share / 1_000 for share in capped_pro_rata_shares(600_000, weights, caps)]
    assert contracts == pytest.approx([172.4, 111.7, 200, 115.5, 0.4], abs=0.051)


SMALL = st.tuples(st.integers(0, 12), st.integers(0, 12))
LARGE = st.tuples(st.one_of(st.integers(0, 9), st.integers(0, 2**127)), st.integers(0, 2**127))


@settings(max_examples=400, deadline=None)
@given(
    drawn=st.one_of(
        st.tuples(st.integers(0, 2**130), st.lists(LARGE, max_size=12)),
        st.tuples(st.integers(0, 60), st.lists(SMALL, max_size=12)),
    )
)
def test_shares_are_exact_below_their_caps_and_level(drawn):
    amount, vessels = drawn
    weights, caps = [weight for weight, _ in vessels], [cap for _, cap in vessels]
    shares = capped_pro_rata_shares(amount, weights, caps)
    room = sum(cap for weight, cap in vessels if weight)
    assert sum(shares) == min(amount, room)
    assert all(0 <= share <= cap for share, cap in zip(shares, caps, strict=True))
    assert all(share == 0 for share, weight in zip(shares, weights, strict=True) if not weight)
    level = naive_level(amount, vessels)
    if level is not None:
        for share, (weight, cap) in zip(shares, vessels, strict=True):
            assert abs(share - min(Fraction(cap), level * weight)) < 1


def naive_level(amount, vessels):
    """The level at which shares add up to the amount, round by round; None where all are full."""
    open_vessels = [(weight, cap) for weight, cap in vessels if weight]
    left = Fraction(amount)
    while open_vessels:
        level = left / sum(weight for weight, _ in open_vessels)
        full = [(weight, cap) for weight, cap in open_vessels if cap < level * weight]
        if not full:
            return level
        left -= sum(cap for _, cap in full)
        open_vessels = [vessel for vessel in open_vessels if vessel not in full]
    return None


def test_vessels_that_differ_in_the_last_bit_are_told_apart():
    """Caps a weight of 2**127 - 1 and 2**127 - 2 over one more each: the lower is filled, the other takes the rest."""
    n = 2**127 - 1
    caps, weights = [n - 1, n - 2], [n, n - 1]
    assert Fraction(caps[1], weights[1]) < Fraction(caps[0], weights[0])
    assert capped_pro_rata_shares(sum(caps) - 1, weights, caps) == [n - 2, n - 2]
