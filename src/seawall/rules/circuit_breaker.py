"""Circuit breaker: one ordered level a market, raised by a rule, lowered by time or by a person.

    0 normal · 1 no new debt · 2 no liquidation and no write-off either · 3 everything stopped
Bad debt within a window above a limit raises it to 2; so does a price that contradicts itself, and that market is
disputed: only a person lets it go on. Otherwise it goes back to normal by itself, once the cooldown is over and the
cause is gone. After each return to normal a grace period keeps liquidation closed, so that borrowers can cure.
Interest is for time and stops at no level.
"""

from enum import IntEnum
from typing import Final

import msgspec

from seawall.ledger.deployment import Policy
from seawall.ledger.refusal import Refusal
from seawall.rules.action import Action
from seawall.units import Milliseconds, Value


class Level(IntEnum):
    """How much of a market is stopped; each level stops what the ones below it stop."""

    NORMAL = 0
    NO_NEW_DEBT = 1
    NO_LIQUIDATION = 2
    STOPPED = 3


class Breaker(msgspec.Struct, frozen=True):
    """A market's circuit breaker: its level, since when, whether only a person may lower it, the end of its grace."""

    level: int = Level.NORMAL
    since: Milliseconds = 0
    disputed: bool = False
    grace_until: Milliseconds = 0


_STOPPED_FROM: Final = {
    Action.TAKE_DEBT: Level.NO_NEW_DEBT,
    Action.LIQUIDATE: Level.NO_LIQUIDATION,
    Action.WRITE_OFF: Level.NO_LIQUIDATION,
    Action.REPAY: Level.STOPPED,
    Action.BID: Level.STOPPED,
    Action.ACCRUE: Level.STOPPED + 1,
}
"""The level from which an action is stopped."""


def breaker_refusal(breaker: Breaker, action: Action, at: Milliseconds) -> Refusal | None:
    """Return why a market's breaker refuses an action now, or None where it lets it through."""
    if breaker.level >= _STOPPED_FROM[action]:
        return Refusal.MARKET_HALTED
    if action is Action.LIQUIDATE and at < breaker.grace_until:
        return Refusal.GRACE_PERIOD
    return None


def breaker_after(
    breaker: Breaker, recent_loss_value: Value, is_contradictory: bool, policy: Policy, at: Milliseconds
) -> Breaker:
    """Return the breaker after an observation: the market's bad debt within the window, and its price's state."""
    has_lost = policy.breaker_loss_value_max > 0 and recent_loss_value > policy.breaker_loss_value_max
    disputed = breaker.disputed or is_contradictory
    if has_lost or is_contradictory:
        if breaker.level >= Level.NO_LIQUIDATION and disputed == breaker.disputed:
            return breaker
        return Breaker(max(breaker.level, Level.NO_LIQUIDATION), at, disputed)
    if breaker.level == Level.NORMAL or disputed or at - breaker.since < policy.breaker_cooldown_ms:
        return breaker
    return _normal(policy, at)


def breaker_decided(level: int, policy: Policy, at: Milliseconds) -> Breaker:
    """Return the breaker that a person set: halted until a person says otherwise, or normal after a grace period."""
    assert Level.NORMAL <= level <= Level.STOPPED, level
    return _normal(policy, at) if level == Level.NORMAL else Breaker(level, at, disputed=True)


def _normal(policy: Policy, at: Milliseconds) -> Breaker:
    return Breaker(Level.NORMAL, at, disputed=False, grace_until=at + policy.grace_period_ms)
