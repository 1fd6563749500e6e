"""The auctions of a composition: their terms as the sale that the auction house runs, or why they cannot work."""

from typing import Final

from seawall.errors import ConfigError
from seawall.fixed import MILLISECONDS_PER_SECOND, WAD
from seawall.ledger.composition import BatchTerms, DutchTerms
from seawall.protocols.batch_sale import BatchRule, BatchSale
from seawall.protocols.dutch_sale import DutchRule, DutchSale
from seawall.rules.dutch_auction import LinearCurve, PriceCurve, StairstepCurve
from seawall.units import Value

SECONDS_MAX: Final = 7 * 86_400
_RAY_OF_WAD: Final = 10**9


def dutch_sale(terms: DutchTerms, dust_value: Value) -> DutchSale:
    """Return the sale of these terms, in which no take leaves less than the dust limit due; raises ConfigError."""
    curve = _curve(terms)
    if terms.start_ratio < WAD:
        raise ConfigError(f"start of the price {terms.start_ratio} is below the oracle's, {WAD} (WAD)")
    if not 0 < terms.seconds_max <= SECONDS_MAX:
        raise ConfigError(f"auction of at most {terms.seconds_max} s is not within 1 .. {SECONDS_MAX} s")
    if terms.spent_ratio >= WAD:
        raise ConfigError(f"an auction is spent at {terms.spent_ratio} of its start, not below {WAD} (WAD): at once")
    if min(terms.market_due_value_max, terms.total_due_value_max) == 0:
        raise ConfigError("a limit of 0 on what auctions are to raise lets none begin")
    rule = DutchRule(
        curve=curve,
        start_ratio=terms.start_ratio,
        seconds_max=terms.seconds_max,
        spent_share_ray=terms.spent_ratio * _RAY_OF_WAD,
        debt_value_min=dust_value,
        market_due_value_max=terms.market_due_value_max,
        total_due_value_max=terms.total_due_value_max,
        reward_value=terms.reward_value,
        reward_ratio=terms.reward_ratio,
        is_bounded=True,
    )
    return DutchSale(rule, gap_ms_max=terms.gap_ms_max)


def batch_sale(terms: BatchTerms) -> BatchSale:
    """Return the sale of these terms; raises ConfigError."""
    if not 0 < terms.bid_ms <= SECONDS_MAX * MILLISECONDS_PER_SECOND:
        raise ConfigError(f"window of {terms.bid_ms} ms for bids is not within 1 .. {SECONDS_MAX} s")
    if not 0 < terms.price_ratio_min <= WAD:
        raise ConfigError(f"reserve {terms.price_ratio_min} is not above 0 and at most the oracle's price, {WAD} (WAD)")
    if not 0 < terms.bidder_ratio_max <= WAD:
        raise ConfigError(f"share of one bidder {terms.bidder_ratio_max} is not above 0 and at most {WAD} (WAD)")
    return BatchSale(
        BatchRule(terms.bid_ms, terms.price_ratio_min, terms.bidder_ratio_max), gap_ms_max=terms.gap_ms_max
    )


def _curve(terms: DutchTerms) -> PriceCurve:
    """Return the one curve that the terms have."""
    has_stairs = terms.step_seconds > 0 and 0 < terms.step_ratio < WAD
    if (terms.fall_seconds > 0) == has_stairs or (terms.fall_seconds and (terms.step_seconds or terms.step_ratio)):
        raise ConfigError(
            f"a Dutch sale needs one curve: it falls in {terms.fall_seconds} s, or every {terms.step_seconds} s to "
            f"{terms.step_ratio} (WAD) of what it was, above 0 and below 1"
        )
    if terms.fall_seconds:
        return LinearCurve(terms.fall_seconds)
    return StairstepCurve(terms.step_seconds, terms.step_ratio * _RAY_OF_WAD)
