"""Policies of chance: buffers, waterfalls with shares and budgets, gates, breakers, warnings, terms of orders."""

from random import Random

from seawall.fixed import WAD
from seawall.ledger.deployment import Absorber, Buffer, OracleRule, Policy, WithdrawalLimit, WithdrawalRule

HOUR = 3_600_000
NAMES = ("fee_reserve", "insurance_fund", "pool", "junior")


def random_buffers(dice: Random, asset: int, unit: int) -> tuple[Buffer, ...]:
    """Return the four buffers, each with something or nothing, with or without shares of the fees."""
    shares = dice.choice(((0, 0, 0, 0), (WAD // 2, WAD // 3, 0, 1), (WAD // 4,) * 4))
    return tuple(
        Buffer(name, ((asset, dice.choice((0, 1, dice.randrange(2_000) * unit))),), share)
        for name, share in zip(NAMES, shares, strict=True)
    )


def random_absorbers(dice: Random, market_count: int) -> tuple[Absorber, ...]:
    """Return a waterfall of some of the buffers, in any order and company, with or without lenders at its end."""
    order = dice.sample(NAMES, len(NAMES))
    made = []
    while order:
        names = tuple(order.pop() for _ in range(min(len(order), dice.randrange(1, 4))))
        if dice.random() < 0.2:
            continue
        cuts = sorted(dice.sample(range(1, 10**6), len(names) - 1))
        shares = tuple((end - start) * 10**12 for start, end in zip((0, *cuts), (*cuts, 10**6), strict=True))
        budget = dice.choice((0, 1, 7 * WAD + 3, 400 * WAD))
        markets = dice.choice(((), (), (dice.randrange(market_count),)))
        window_ms = dice.choice((1, HOUR, 30 * HOUR)) if budget else 0
        made.append(Absorber(names, shares if dice.random() < 0.5 else (), markets, budget, window_ms))
    if dice.random() < 0.5 or not made:
        made.append(Absorber(("socialized_loss",)))
    return tuple(made)


def random_policy(dice: Random, asset: int, unit: int, market_count: int, *, has_waterfall: bool) -> Policy:
    """Return a policy; `asset` is what losses are paid in, `unit` a whole one of it."""
    limits = (WithdrawalLimit(HOUR, WAD // 10, 100 * WAD),)
    gate = WithdrawalRule(
        dice.choice((0, 300 * WAD)), 0, dice.choice((0, HOUR)), dice.choice((0, HOUR)), dice.choice(((), limits))
    )
    return Policy(
        order_lifetime_ms=dice.choice((1, 60_000, HOUR, 24 * HOUR)),
        review_ms=dice.choice((1_000, 600_000)),
        buffers=random_buffers(dice, asset, unit),
        offers_per_event_max=dice.choice((0, 0, 1, 2)),
        warning_health_ratio=dice.choice((0, WAD + 1, 12 * WAD // 10, 2 * WAD)),
        breaker_loss_value_max=dice.choice((0, 0, 0, 5_000 * WAD)),
        breaker_cooldown_ms=dice.choice((1, HOUR)),
        grace_period_ms=dice.choice((0, 0, 60_000, HOUR)),
        absorbers=random_absorbers(dice, market_count) if has_waterfall else (),
        restitution_window_ms=dice.choice((HOUR, 30 * HOUR)) if has_waterfall or dice.random() < 0.3 else 0,
        withdrawals=gate if has_waterfall else None,
        accepts_proposals=dice.random() < 0.7,
    )


def random_oracle_rules(dice: Random, count: int) -> tuple[OracleRule, ...]:
    """Return rules for prices, strict or none at all."""
    strict = OracleRule(
        dice.choice((0, HOUR)), dice.choice((0, WAD // 10)), dice.choice((0, WAD // 2)), 0, dice.choice((0, 10**30))
    )
    return (strict if dice.random() < 0.4 else OracleRule(),) * count
