"""The book's values in floats are the protocol's own, within what floats can say, and fit the whole."""

import random

import pytest
from tests.deployments import BTC, ETH, UNITS, USD, Desk, lending_protocols

from seawall.fixed import WAD
from seawall.protocols.protocol import Health
from seawall.studies.book_values import BookValuation

POOLED = [protocol.label for protocol in lending_protocols() if not protocol.accounts_are_per_market]
SMALLEST = 1e-6


def crowd(label: str) -> Desk:
    """Return a desk with borrowers, savers without debt and one account that owes all and holds nothing."""
    desk, draw = Desk(label), random.Random(3)
    desk.price(ETH=2000, USD=1, BTC=30_000)
    for number in range(1, 60):
        debt = {USD: draw.randrange(10**6, 5_000 * 10**6)} if number % 3 else {}
        held = {ETH: draw.randrange(UNITS[ETH], 4 * UNITS[ETH]), BTC: draw.randrange(10**5, 10**7)}
        desk.move(number.to_bytes(20, "big"), held, debt)
    desk.move(bytes(20), {}, {USD: 700 * UNITS[USD]})
    return desk


def healths(desk: Desk) -> list[Health]:
    """Return the exact health of every account with debt, in order of rows."""
    deployment = desk.state.deployment
    found = [desk.protocol.health(deployment, row) for row in range(deployment.book.account_count)]
    return [health for health in found if isinstance(health, Health) and health.debt_value]


@pytest.mark.parametrize("label", POOLED)
def test_values_are_those_of_the_exact_rule(label: str) -> None:
    desk = crowd(label)
    valuation = BookValuation(desk.state.deployment, desk.protocol)
    for price in (2_000, 1_100, 400):
        desk.price(ETH=price)
        values, exact = valuation.values(), healths(desk)
        assert values.debt_f64 == pytest.approx([each.debt_value / WAD for each in exact], abs=SMALLEST)
        assert values.collateral_f64 == pytest.approx([each.collateral_value / WAD for each in exact], abs=SMALLEST)
        gaps = sum(max(0, each.debt_value - each.collateral_value) for each in exact) / WAD
        assert values.insolvent_value_f64 == pytest.approx(gaps, abs=60 * SMALLEST)
        health_f64, debt_f64 = valuation.health_factors_f64()
        weighted = [each.weighted_collateral_value / each.debt_value for each in exact]
        # The first version of Aave floors the average threshold to a basis point.
        assert health_f64 == pytest.approx(weighted, rel=3e-4)
        assert debt_f64 == pytest.approx(values.debt_f64)


def test_totals_hold_accounts_without_debt_too() -> None:
    desk = crowd("seawall")
    deployment = desk.state.deployment
    collateral_f64, debt_f64 = BookValuation(deployment, desk.protocol).values().totals_f64
    rows = range(deployment.book.account_count)
    exact = [health for row in rows if isinstance(health := desk.protocol.health(deployment, row), Health)]
    assert len(exact) > len(healths(desk))
    assert collateral_f64 == pytest.approx(sum(each.collateral_value for each in exact) / WAD)
    assert debt_f64 == pytest.approx(sum(each.debt_value for each in exact) / WAD)


def test_balances_that_moved_count_once_they_are_forgotten() -> None:
    desk = crowd("seawall")
    valuation = BookValuation(desk.state.deployment, desk.protocol)
    before_f64 = valuation.values().debt_f64.sum()
    desk.move((1).to_bytes(20, "big"), {}, {USD: 50 * UNITS[USD]})
    valuation.forget()
    assert valuation.values().debt_f64.sum() - before_f64 == pytest.approx(50.0)
