"""A deployment could open with a negative fee, or with a share above one, which governance may not set."""

import pytest
from msgspec.structs import replace
from tests.deployments import POOLED, Desk

from seawall.errors import ConfigError
from seawall.fixed import WAD


@pytest.mark.parametrize(
    ("name", "ratio"),
    [("liquidation_fee_ratio", -1), ("close_factor_ratio", WAD + 1), ("liquidation_bonus_ratio", -1)],
)
@pytest.mark.parametrize("in_category", [False, True])
def test_a_market_whose_ratios_are_no_shares_is_not_opened(name: str, ratio: int, in_category: bool) -> None:
    first, *others = POOLED
    unfit = replace(first.parameters, **{name: ratio})
    market = first.with_parameters(1 if in_category else 0, unfit)
    with pytest.raises(ConfigError, match="negative or a share more than"):
        Desk("aave_v3@3.6", markets=(market, *others))
