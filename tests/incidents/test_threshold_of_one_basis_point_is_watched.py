"""A market whose threshold is one basis point makes the slack of an averaged threshold the whole of the collateral: the
monitor stopped with an assertion where it should have left those accounts to the rule."""

import pytest
from tests.differential.test_campaign import STEPS, campaign

SEEDS = (1009, 1020, 1022)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_collateral_that_the_screen_counts_for_nothing_goes_to_the_rule(seed):
    assert campaign(seed, STEPS) > 20
