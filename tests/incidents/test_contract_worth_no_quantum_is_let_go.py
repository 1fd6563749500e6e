"""dYdX v4 asks a margin of nothing where a position is worth no quantum: its rule lets the account go, which no line says.

Whoever was below the line then stayed there in the engine's books, as the screen was certain of it.
"""

import pytest
from tests.deployments import changes, named

from seawall.engine.engine import Engine
from seawall.fixed import WAD
from seawall.ledger.asset import Asset
from seawall.ledger.deployment import OracleRule, Policy
from seawall.ledger.event import DeploymentOpened, OracleRound, PriceObserved
from seawall.ledger.market import COLLATERAL, DEBT, MarginTier, Market, MarketState, RiskParameters, slot_of
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named

CASH, COIN = range(2)
AT = 1_700_000_000_000
TRADER = named("trader")
MARKETS = (
    Market("USDC", CASH, CASH, RiskParameters(WAD, WAD, 0)),
    Market("BTC-USD", COIN, COIN, RiskParameters(0, 0, 0), margin_tiers=(MarginTier(0, 12 * 10**15, 2 * 10**16),)),
)


def opened(make) -> Engine:
    """Return an engine with a long of 10,000 base quantums, 60 quote quantums at the start, beside ten of cash owed."""
    engine = Engine(protocol_named, make)
    states = tuple(MarketState(accrued_at=AT) for _ in MARKETS)
    assets = (Asset("USDC", 6), Asset("BTC-USD", 10))
    engine.apply(DeploymentOpened(AT, "dydx_v4@1", 20, assets, MARKETS, states, (OracleRule(),) * 2, Policy()))
    price(engine, 60 * WAD)
    engine.apply(changes(AT, (TRADER, slot_of(COIN, COLLATERAL), 10_000), (TRADER, slot_of(CASH, DEBT), 10**7)))
    return engine


def price(engine: Engine, coin: int) -> None:
    engine.apply(PriceObserved(AT, (OracleRound(CASH, WAD, AT), OracleRound(COIN, coin, AT))))


@pytest.mark.parametrize("make", [FullRecompute, TriggerBook])
def test_an_account_whose_position_is_worth_nothing_any_more_is_below_no_line(make) -> None:
    engine = opened(make)
    assert list(engine.state.episodes) == [0]
    price(engine, WAD)
    assert list(engine.state.episodes) == [0]
    price(engine, WAD // 10**6)
    assert list(engine.state.episodes) == []
    price(engine, 60 * WAD)
    assert list(engine.state.episodes) == [0]
