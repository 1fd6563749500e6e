"""Of an account with one stale and one contradictory price, the reason that was said was that of the position that came first;
a restored engine, whose positions stand in order of slots, said the other one."""

from tests.deployments import BORROWER, BTC, ETH, HOUR, UNITS, USD, Desk

from seawall.engine.engine import Engine
from seawall.engine.state import State
from seawall.fixed import WAD
from seawall.ledger.deployment import OracleRule, Policy
from seawall.ledger.order import DeclineAccount
from seawall.ledger.refusal import Refusal
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named

RULES = {ETH: OracleRule(price_age_ms_max=2 * HOUR), BTC: OracleRule(price_max=10**6 * WAD)}


def test_a_restored_engine_names_the_same_price() -> None:
    desk = Desk(oracle_rules=RULES, policy=Policy(order_lifetime_ms=HOUR))
    desk.price(ETH=2000, USD=1, BTC=30000)
    desk.move(BORROWER, {BTC: 1}, {})
    desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 15_900 * UNITS[USD]})
    desk.price(ETH=1900)
    desk.wait(3 * HOUR)
    declined = [order for order in desk.price(BTC=2 * 10**6) if isinstance(order, DeclineAccount)]
    assert [order.reason for order in declined] == [Refusal.PRICE_STALE]
    engine = Engine(protocol_named, FullRecompute)
    engine.restore(State.restored(desk.state.canonical_bytes()))
    desk.wait(HOUR)
    orders = desk.price(USD=1)
    assert engine.apply(desk.events[-1]) == orders
    assert engine.state.digest() == desk.state.digest()
