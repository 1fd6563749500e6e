"""Our own rule on drawn accounts: sound weights and slack, quotable limits, and liquidations that end."""

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.protocols.deployments import open_account, pooled, risk

from seawall.fixed import RAY, WAD
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import DEBT, side_of, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Health, Limit, Quote, ScreenSlack
from seawall.protocols.seawall import SEAWALL

RULE = SEAWALL[-1]
DECIMALS = (2, 6, 8, 18)
PLANTED_COUNT = 5_000


def drawn_deployment(dice: random.Random) -> Deployment:
    """One market for each number of decimals, at odd prices, thresholds and indices."""
    markets, indices = [], []
    for decimals in DECIMALS:
        threshold_bps = dice.randrange(4_000, 9_000)
        bonus_bps = dice.randrange(0, min(1_500, 10**8 // threshold_bps - 10_000 - 1))
        price = dice.randrange(10**13, 10 ** dice.randrange(14, 19 + min(decimals, 5)))  # a unit is worth less than one
        category = {1: risk(min(9_700, threshold_bps + 700), 100)}
        markets.append((f"T{decimals}", decimals, price, risk(threshold_bps, bonus_bps, 1_000), category))
        indices.append((RAY + dice.randrange(RAY), RAY + dice.randrange(RAY)))
    return pooled(*markets, indices=tuple(indices))


def bounds(deployment: Deployment, row: int, slack: ScreenSlack) -> tuple[Fraction, Fraction]:
    """Return the linear margin with all slack taken against the account, and with all of it for the account."""
    category = deployment.book.category_of(row)
    worst = best = Fraction(0)
    for slot, balance in deployment.book.positions(row):
        weight = RULE.margin_weight(deployment, slot, category)
        assert weight is not None
        if side_of(slot) == DEBT:
            sign, units, ratio = -1, slack.debt_units, Fraction(slack.debt_ratio, WAD)
        else:
            sign, units, ratio = 1, slack.collateral_units, Fraction(slack.collateral_ratio, WAD)
        value = sign * Fraction(*weight)
        worst += value * (balance - sign * units) * (1 - sign * ratio)
        best += value * (balance + sign * units) * (1 + sign * ratio)
    return worst - slack.value, best + slack.value


def planted_account(deployment: Deployment, dice: random.Random, name: int) -> int:
    """Open an account whose last debt is set to bring it within a few units of the line."""
    markets = list(range(len(DECIMALS)))
    held = {}
    for market in dice.sample(markets, dice.randrange(1, 4)):
        value = dice.randrange(1, 10 ** dice.randrange(12, 27))  # from a millionth to a thousand million
        price, unit = deployment.prices[market], deployment.units[market]
        held[market] = 1 + value * unit // price
    owed = dict.fromkeys(dice.sample(markets, dice.randrange(1, 3)), 1)
    category = dice.choice([0, 0, 1])
    row = open_account(deployment, held, owed, name.to_bytes(20, "big"), category)
    health = RULE.health(deployment, row)
    assert isinstance(health, Health)
    last = max(owed)
    weight = RULE.margin_weight(deployment, slot_of(last, DEBT), category)
    assert weight is not None
    room = health.weighted_collateral_value - health.debt_value
    balance = int(room / Fraction(*weight)) + dice.randrange(-3, 5)
    deployment.book.set_balance(row, slot_of(last, DEBT), max(1, balance))
    return row


@pytest.mark.parametrize("seed", range(5))
def test_the_linear_margin_and_its_slack_never_misjudge_an_account_near_the_line(seed):
    dice = random.Random(seed)
    ambiguous = decided = 0
    name = 0
    while name < PLANTED_COUNT:
        deployment = drawn_deployment(dice)
        slack = RULE.screen_slack(deployment)
        for _ in range(50):
            name += 1
            row = planted_account(deployment, dice, name)
            worst, best = bounds(deployment, row, slack)
            is_liquidatable = RULE.is_liquidatable(deployment, row)
            if worst > 0:
                assert not is_liquidatable
                decided += 1
            elif best < 0:
                assert is_liquidatable
                decided += 1
            else:
                ambiguous += 1
    # the plants are near enough to need the slack, and the slack narrow enough to decide something
    assert ambiguous > PLANTED_COUNT // 10
    assert decided > PLANTED_COUNT // 10


accounts = st.integers(0, 2**32)
"""A seed: an account and its market are drawn from it, so that a failure is one number."""


def shocked_account(seed: int) -> tuple[Deployment, int]:
    """Return an account of several positions, anywhere between a little below the line and far from solvent."""
    dice = random.Random(seed)
    deployment = drawn_deployment(dice)
    row = planted_account(deployment, dice, 1)
    for market in range(len(DECIMALS)):
        slot = slot_of(market, DEBT)
        balance = deployment.book.balance(row, slot)
        if balance:
            deployment.book.set_balance(row, slot, balance * dice.randrange(100, dice.choice([102, 115, 400])) // 100)
    return deployment, row


def health_of(deployment: Deployment, row: int) -> Health:
    health = RULE.health(deployment, row)
    assert isinstance(health, Health)
    return health


@settings(max_examples=400, deadline=None)
@given(accounts)
def test_a_limit_is_what_its_own_quote_gives(seed):
    deployment, row = shocked_account(seed)
    limit = RULE.liquidation_limit(deployment, row)
    if isinstance(limit, Refusal):
        assert (limit is Refusal.HEALTHY) == (not RULE.is_liquidatable(deployment, row))
        assert limit in (Refusal.HEALTHY, Refusal.NOTHING_SEIZED, Refusal.BELOW_DUST)
        return
    for offered in (limit.repay_amount, limit.repay_amount + 1, 10**40):
        quote = RULE.quote(deployment, row, limit.debt_market, limit.collateral_market, offered)
        assert isinstance(quote, Quote)
        assert (quote.repay_amount, quote.seize_amount) == (limit.repay_amount, limit.seize_amount)


@settings(max_examples=400, deadline=None)
@given(accounts, st.integers(1, 100), st.integers(0, 3), st.integers(0, 3))
def test_any_quote_takes_no_more_than_there_is_and_gives_no_more_than_the_bonus(seed, percent, debt, collateral):
    deployment, row = shocked_account(seed)
    amount = RULE.amount_of(deployment, slot_of(debt, DEBT), deployment.book.balance(row, slot_of(debt, DEBT)))
    quote = RULE.quote(deployment, row, debt, collateral, max(1, amount * percent // 100))
    if isinstance(quote, Refusal):
        return
    assert RULE.is_liquidatable(deployment, row)
    assert quote.repay_amount <= amount
    assert quote.debt_balance <= deployment.book.balance(row, slot_of(debt, DEBT))
    assert quote.collateral_balance <= deployment.book.balance(row, slot_of(collateral, 0))
    parameters = deployment.markets[collateral].parameters_in(deployment.book.category_of(row))
    assert quote.liquidation_bonus_ratio <= parameters.liquidation_bonus_ratio
    prices, units = deployment.prices, deployment.units
    seized = Fraction((quote.seize_amount + quote.fee_amount) * prices[collateral], units[collateral])
    repaid = Fraction(quote.repay_amount * prices[debt], units[debt])
    assert seized <= repaid * (1 + Fraction(quote.liquidation_bonus_ratio, WAD))
    before = health_of(deployment, row)
    RULE.settle(deployment, quote)
    after = health_of(deployment, row)
    is_whole = 0 in (
        deployment.book.balance(row, slot_of(debt, DEBT)),
        deployment.book.balance(row, slot_of(collateral, 0)),
    )
    # a part of a pair is only ever closed where that raises health
    assert is_whole or after.health_factor_ratio >= before.health_factor_ratio
    # it ends at the target, give or take the smallest units, unless dust decided
    assert is_whole or after.health_factor_ratio <= RULE.rule.target_health_ratio + WAD // 5


@settings(max_examples=300, deadline=None)
@given(accounts)
def test_liquidation_ends_and_what_is_lost_is_lost_to_the_unit(seed):
    deployment, row = shocked_account(seed)
    slots = [slot_of(market, DEBT) for market in range(len(DECIMALS))]

    def owed() -> list[int]:
        return [RULE.amount_of(deployment, slot, deployment.book.balance(row, slot)) for slot in slots]

    for _ in range(12):
        before = owed()
        lost = {bad_debt.debt_market: bad_debt.amount for bad_debt in RULE.write_off(deployment, row, None)}
        assert [b - a for b, a in zip(before, owed(), strict=True)] == [lost.get(m, 0) for m in range(len(slots))]
        limit = RULE.liquidation_limit(deployment, row)
        if not isinstance(limit, Limit):
            break
        quote = RULE.quote(deployment, row, limit.debt_market, limit.collateral_market, limit.repay_amount)
        assert isinstance(quote, Quote)
        RULE.settle(deployment, quote)
    else:
        pytest.fail("still liquidatable after 12 of the largest liquidations")
    # nobody is left insolvent by more than dust: the unrealised part of a loss is below the limit
    health = health_of(deployment, row)
    unit_value = max(price // unit for price, unit in zip(deployment.prices, deployment.units, strict=True))
    assert health.debt_value - health.collateral_value < RULE.rule.dust_value + 4 * unit_value
