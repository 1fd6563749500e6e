"""Markets of one protocol in the words of another: thresholds, bonuses and fees that it can hold.

    fee of the bonus f, of what is seized g:    g = f * b / (1 + b)        b the bonus
    a threshold l at which liquidation would be toxic, l * (1 + b) >= 1, is lowered to a basis point below that

Ratios are WAD; what is converted is rounded down.
"""

from enum import Enum
from typing import Final

import msgspec

from seawall.fixed import WAD, mul_div_down
from seawall.ledger.market import Market, RiskParameters
from seawall.protocols.protocol import Protocol
from seawall.units import Ratio

_BELOW_TOXIC: Final = 10**14


class Thresholds(Enum):
    """Whose thresholds a re-hosted book has."""

    OWN = "own"
    EQUAL = "equal"


def held_threshold(market: Market, protocol: Protocol) -> Ratio:
    """Return the market's threshold, or the nearest that the protocol has, the lower of two as near; zero stays zero."""
    threshold = market.parameters.liquidation_threshold_ratio
    if not threshold or not protocol.threshold_ratios:
        return threshold
    return min(protocol.threshold_ratios, key=lambda ratio: (abs(ratio - threshold), ratio))


def restated_market(market: Market, source: Protocol, protocol: Protocol, threshold_ratio: Ratio) -> Market:
    """Return the market with a threshold, and with its bonus and fee as the protocol can hold them; no categories."""
    given = market.parameters
    asked = protocol.nearest_parameters(
        msgspec.structs.replace(
            given,
            liquidation_threshold_ratio=min(threshold_ratio, WAD - _BELOW_TOXIC),
            liquidation_fee_ratio=_restated_fee(given, source, protocol),
        )
    )
    line = mul_div_down(WAD, WAD, WAD + asked.liquidation_bonus_ratio) - _BELOW_TOXIC
    if asked.liquidation_threshold_ratio > line:
        asked = protocol.nearest_parameters(msgspec.structs.replace(asked, liquidation_threshold_ratio=line))
    opening = min(given.max_loan_to_value_ratio, asked.liquidation_threshold_ratio)
    return msgspec.structs.replace(
        market, parameters=msgspec.structs.replace(asked, max_loan_to_value_ratio=opening), categories={}
    )


def _restated_fee(given: RiskParameters, source: Protocol, protocol: Protocol) -> Ratio:
    fee, bonus = given.liquidation_fee_ratio, given.liquidation_bonus_ratio
    if source.fee_is_of_seized == protocol.fee_is_of_seized:
        return fee
    if protocol.fee_is_of_seized:
        return mul_div_down(fee, bonus, WAD + bonus)
    return min(WAD, mul_div_down(fee, WAD + bonus, bonus)) if bonus else 0
