"""Oracle: what is known of an asset's price, and what may be done on it.

    missing        no source has said a positive price
    contradictory  the primary's price is outside its bounds, or a step too far from its last round, or two fresh sources
                   lie too far apart
    stale          the primary's round is too old
    fresh          none of these
The primary is the source of the lowest number and alone makes the mark price; the others can only contradict it. A
limit of zero is no limit. Gaps and steps are relative to the smaller and to the earlier price. What each
state allows is a table, whole and written out: no state and no action falls through to a default.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final

from seawall.fixed import WAD
from seawall.ledger.deployment import OracleRule
from seawall.ledger.event import OracleRound
from seawall.ledger.refusal import Refusal
from seawall.rules.action import Action
from seawall.units import Milliseconds, Price, Ratio


class PriceState(Enum):
    """How far a price can be trusted."""

    FRESH = "fresh"
    STALE = "stale"
    CONTRADICTORY = "contradictory"
    MISSING = "missing"


PricePolicy = Mapping[PriceState, frozenset[Action]]

_ALWAYS: Final = frozenset({Action.ACCRUE, Action.REPAY})
_ALL: Final = frozenset(Action)

STRICT_POLICY: Final[PricePolicy] = {
    PriceState.FRESH: _ALL,
    PriceState.STALE: _ALWAYS | {Action.BID},
    PriceState.CONTRADICTORY: _ALWAYS | {Action.BID},
    PriceState.MISSING: _ALWAYS,
}
"""Only what needs no price goes on without a fresh one; a bid names its own, and is booked at the last one known."""

CONTRACT_POLICY: Final[PricePolicy] = {
    PriceState.FRESH: _ALL,
    PriceState.STALE: _ALL,
    PriceState.CONTRADICTORY: _ALL,
    PriceState.MISSING: _ALWAYS,
}
"""Contracts that have no rule of age or of agreement act on any price that they can read."""

_REFUSALS: Final = {
    PriceState.STALE: Refusal.PRICE_STALE,
    PriceState.CONTRADICTORY: Refusal.PRICE_CONTRADICTORY,
    PriceState.MISSING: Refusal.PRICE_MISSING,
}


def price_refusal(policy: PricePolicy, state: PriceState, action: Action) -> Refusal | None:
    """Return why an action is refused on a price in this state, or None where the policy allows it."""
    return None if action in policy[state] else _REFUSALS[state]


def latest_rounds(known: Mapping[int, OracleRound], arrived: Iterable[OracleRound]) -> dict[int, OracleRound]:
    """Return the latest round of each source after some of one asset have arrived.

    The later `observed_at` wins; of two at one moment, the one that arrived last. A price that is not positive is
    taken in like any other: the source has said that it knows none.
    """
    latest = dict(known)
    for oracle_round in arrived:
        before = latest.get(oracle_round.source)
        if before is None or oracle_round.observed_at >= before.observed_at:
            latest[oracle_round.source] = oracle_round
    return latest


def mark_price(
    rounds: Mapping[int, OracleRound],
    rounds_before: Mapping[int, OracleRound],
    rule: OracleRule,
    at: Milliseconds,
) -> tuple[PriceState, Price | None]:
    """Return the state of an asset's price at a time, and the mark price, None only where it is missing.

    `rounds` holds the latest round of each source, `rounds_before` the one that stood before the event at hand: a step
    is judged once, when its round arrives. A round from the future is fresh.
    """
    if not rounds:
        return PriceState.MISSING, None
    primary = min(rounds)
    latest = rounds[primary]
    price = latest.price
    if price <= 0:
        return PriceState.MISSING, None
    before = rounds_before.get(primary)
    if (
        _is_out_of_bounds(price, rule)
        or (before is not None and _is_apart(before.price, price, before.price, rule.step_ratio_max))
        or _is_divergent(rounds, rule, at)
    ):
        return PriceState.CONTRADICTORY, price
    return (PriceState.STALE if is_stale(latest, rule, at) else PriceState.FRESH), price


def is_stale(oracle_round: OracleRound, rule: OracleRule, at: Milliseconds) -> bool:
    """Return whether a round is older than the rule's age."""
    return rule.price_age_ms_max > 0 and at - oracle_round.observed_at > rule.price_age_ms_max


def _is_out_of_bounds(price: Price, rule: OracleRule) -> bool:
    return price < rule.price_min or (rule.price_max > 0 and price > rule.price_max)


def _is_divergent(rounds: Mapping[int, OracleRound], rule: OracleRule, at: Milliseconds) -> bool:
    prices = [oracle_round.price for oracle_round in rounds.values() if not is_stale(oracle_round, rule, at)]
    if len(prices) < 2:
        return False
    return _is_apart(min(prices), max(prices), min(prices), rule.divergence_ratio_max)


def _is_apart(first: Price, second: Price, reference: Price, ratio_max: Ratio) -> bool:
    """Return whether |first - second| / reference exceeds a limit; any gap does where the reference is not positive."""
    return ratio_max > 0 and abs(first - second) * WAD > ratio_max * max(reference, 0)
