"""Open orders ask for the margin of their worse side, and for nothing where they only reduce."""

import pytest

from seawall.fixed import WAD
from seawall.ledger.market import MarginTier
from seawall.rules.margin_tiers import initial_lines
from seawall.rules.order_margin import exposure_amount, initial_margin_value


@pytest.mark.parametrize(
    ("signed", "buys", "sells", "exposure"),
    [
        (0, 0, 0, 0),
        (5, 3, 0, 8),
        (5, 0, 9, 5),
        (5, 0, 11, 6),
        (5, 3, 20, 15),
        (-5, 3, 0, 5),
        (-5, 11, 2, 7),
        (-5, 0, 4, 9),
        (0, 4, 7, 7),
        (0, 7, 4, 7),
    ],
)
def test_the_exposure_is_the_worse_side(signed, buys, sells, exposure):
    assert exposure_amount(signed, buys, sells) == exposure


def test_the_initial_margin_rounds_up_twice():
    lines = initial_lines((MarginTier(0, 10**16, 3 * 10**16),))
    assert initial_margin_value(1, 1, 10, lines) == 1
    assert initial_margin_value(5 * 10**6, 2_000 * WAD, 10**6, lines) == 300 * WAD
