"""Aave v3's configuration: risk parameters in whole basis points, within what the contract's configurator accepts.

loan to value <= liquidation threshold        half-up of threshold * (1 + bonus) <= 1
"""

from typing import Final

import msgspec

from seawall.errors import ConfigError
from seawall.fixed import BPS, div_down, mul_div_half_up
from seawall.ledger.market import Market, RiskParameters
from seawall.units import Ratio

BPS_RATIO: Final = 10**14
"""One basis point, WAD."""

_BONUS_BPS_MAX: Final = 65_535


def bps_of(ratio: Ratio) -> int:
    """Return a WAD ratio in basis points; `check_markets` has seen that it is a whole number of them."""
    return div_down(ratio, BPS_RATIO)


def whole_bps(parameters: RiskParameters) -> RiskParameters:
    """Return the parameters with every ratio cut to whole basis points."""
    return msgspec.structs.replace(
        parameters,
        max_loan_to_value_ratio=bps_of(parameters.max_loan_to_value_ratio) * BPS_RATIO,
        liquidation_threshold_ratio=bps_of(parameters.liquidation_threshold_ratio) * BPS_RATIO,
        liquidation_bonus_ratio=bps_of(parameters.liquidation_bonus_ratio) * BPS_RATIO,
        liquidation_fee_ratio=bps_of(parameters.liquidation_fee_ratio) * BPS_RATIO,
    )


def check_market(label: str, market: Market) -> None:
    """Raise ConfigError where a market, outside or inside a category, is none that the contract can hold."""
    if market.collateral_asset != market.debt_asset:
        raise ConfigError(f"market {market.symbol} is a pair of assets; a market of {label} is one asset")
    for parameters in (market.parameters, *market.categories.values()):
        _check_parameters(market.symbol, parameters)


def _check_parameters(symbol: str, parameters: RiskParameters) -> None:
    ratios = (
        ("maximum loan to value", parameters.max_loan_to_value_ratio),
        ("liquidation threshold", parameters.liquidation_threshold_ratio),
        ("liquidation bonus", parameters.liquidation_bonus_ratio),
        ("liquidation fee", parameters.liquidation_fee_ratio),
    )
    for what, ratio in ratios:
        if ratio < 0 or bps_of(ratio) * BPS_RATIO != ratio:
            raise ConfigError(f"{what} {ratio} of {symbol} is not a whole number of basis points ({BPS_RATIO} each)")
    loan_to_value_bps, threshold_bps, bonus_bps, fee_bps = (bps_of(ratio) for _, ratio in ratios)
    if loan_to_value_bps > threshold_bps:
        raise ConfigError(
            f"maximum loan to value {loan_to_value_bps} bps of {symbol} exceeds its liquidation threshold {threshold_bps}"
        )
    if BPS + bonus_bps > _BONUS_BPS_MAX or fee_bps > BPS:
        raise ConfigError(
            f"liquidation bonus {bonus_bps} bps and fee {fee_bps} bps of {symbol} exceed {_BONUS_BPS_MAX - BPS} and {BPS}"
        )
    line_bps = mul_div_half_up(threshold_bps, BPS + bonus_bps, BPS)
    if line_bps > BPS:
        raise ConfigError(
            f"liquidation threshold times 1 + bonus is {line_bps} bps for {symbol}, the contract's limit is {BPS}"
        )
