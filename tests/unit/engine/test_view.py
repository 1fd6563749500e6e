"""What a keeper reads is what the engine would do."""

import pytest
from tests.deployments import BORROWER, BTC, ETH, HOUR, UNITS, USD, Desk, below_the_line, lending_protocols, named

from seawall.engine.view import EngineView
from seawall.fixed import WAD
from seawall.ledger.deployment import OracleRule
from seawall.ledger.order import SettleFill
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Health, Limit, Quote

POOLED_LABELS = [
    protocol.label for protocol in lending_protocols() if not protocol.accounts_are_per_market and protocol.sale is None
]


@pytest.mark.parametrize("label", POOLED_LABELS)
def test_a_quote_is_what_the_fill_brings_and_reading_changes_nothing(label: str) -> None:
    desk, order = below_the_line(label)
    view = EngineView(desk.engine)
    before = desk.state.digest()
    limit = view.liquidation_limit(BORROWER)
    assert limit == Limit(order.debt_market, order.collateral_market, order.repay_amount_max, order.seize_amount_at_max)
    quote = view.quote(BORROWER, USD, ETH, order.repay_amount_max)
    assert isinstance(quote, Quote)
    assert desk.state.digest() == before
    settled = desk.fill(order)[0]
    assert isinstance(settled, SettleFill)
    assert (settled.repay_amount, settled.seize_amount, settled.fee_amount) == (
        quote.repay_amount,
        quote.seize_amount,
        quote.fee_amount,
    )


def test_the_view_says_time_prices_and_health_as_they_stand() -> None:
    desk, order = below_the_line()
    view = EngineView(desk.engine)
    assert view.at == desk.at
    assert (view.price(ETH), view.price(BTC)) == (1980 * WAD, 30000 * WAD)
    health = view.health(BORROWER)
    assert isinstance(health, Health)
    assert (health.health_factor_ratio, health.is_liquidatable) == (order.health_factor_ratio, True)
    desk.price(ETH=2000)
    assert view.liquidation_limit(BORROWER) is Refusal.HEALTHY
    assert Desk().engine is not desk.engine
    assert EngineView(Desk().engine).price(ETH) is None


def test_nobody_owes_nothing() -> None:
    desk, _ = below_the_line()
    view, nobody = EngineView(desk.engine), named("nobody")
    assert view.health(nobody) is Refusal.NO_DEBT
    assert view.liquidation_limit(nobody) is Refusal.NO_DEBT
    assert view.quote(nobody, USD, ETH, 1) is Refusal.NO_DEBT


def test_what_the_engine_would_refuse_the_view_refuses() -> None:
    desk, order = below_the_line(oracle_rules={ETH: OracleRule(price_age_ms_max=HOUR)})
    view = EngineView(desk.engine)
    desk.wait(HOUR + 1)
    desk.block()
    assert view.liquidation_limit(BORROWER) is Refusal.PRICE_STALE
    assert view.quote(BORROWER, USD, ETH, order.repay_amount_max) is Refusal.PRICE_STALE
    desk.price(ETH=1980)
    assert view.quote(BORROWER, USD, ETH, 0) is Refusal.ZERO_AMOUNT
    assert view.quote(BORROWER, USD, BTC, UNITS[USD]) is Refusal.NO_COLLATERAL
