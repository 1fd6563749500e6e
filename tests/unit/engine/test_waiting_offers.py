from tests.deployments import ETH, HOUR, POOLED, START, UNITS, USD, Desk, named, offers_in, with_rates

from seawall.engine.engine import Engine
from seawall.engine.state import State
from seawall.ledger.deployment import Policy
from seawall.ledger.event import OffersContinued
from seawall.ledger.order import Liquidate
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named

DEBTS = (15_900, 15_700, 15_800, 12_000, 15_950, 15_600, 15_850)


def crowd(protocol: str, offers_per_event_max: int) -> tuple[Desk, list[Liquidate]]:
    """Return a desk of seven borrowers, six of them below the line after a fall, and the offers of the fall."""
    desk = Desk(protocol, policy=Policy(offers_per_event_max=offers_per_event_max))
    desk.price(ETH=2000, USD=1, BTC=30000)
    for nth, debt in enumerate(DEBTS):
        scale = nth + 1
        desk.move(named(f"borrower {nth}"), {ETH: 10 * scale * UNITS[ETH]}, {USD: debt * scale * UNITS[USD]})
    return desk, offers_in(desk.price(ETH=1940))


def said(orders: list[Liquidate]) -> list[tuple[bytes, int, int]]:
    return [(order.account, order.priority, order.repay_amount_max) for order in orders]


def continued(desk: Desk, offers_max: int) -> list[Liquidate]:
    return offers_in(desk.tell(OffersContinued(desk.at, offers_max)))


def test_the_worst_come_first_and_the_others_in_the_same_order_when_they_are_asked_for():
    for protocol in ("seawall", "aave_v3@3.6", "compound_v2@2"):
        _, all_at_once = crowd(protocol, 0)
        desk, offers = crowd(protocol, 2)
        assert len(all_at_once) == 6
        assert len(offers) == 2
        sizes = []
        while desk.engine.offers_are_waiting:
            more = continued(desk, 3)
            sizes.append(len(more))
            offers += more
        assert sizes == [3, 1]
        assert said(offers) == said(all_at_once)


def test_the_next_event_of_any_kind_gives_some_of_those_who_wait():
    desk, _ = crowd("seawall", 4)
    assert len(offers_in(desk.block())) == 2
    assert not desk.engine.offers_are_waiting


def test_as_many_as_may_begin_leave_nobody_waiting():
    desk, offers = crowd("seawall", 6)
    assert len(offers) == 6
    assert not desk.engine.offers_are_waiting
    assert continued(desk, 0) == []


def test_whoever_changes_while_it_waits_is_ranked_anew():
    desk, offers = crowd("seawall", 1)
    ranked = [order.account for order in offers + continued(crowd("seawall", 1)[0], 0)]
    repaid = named("borrower 2")
    assert repaid in ranked[2:]
    offers += continued(desk, 1)
    offers += offers_in(desk.move(repaid, {}, {USD: -5_000 * 3 * UNITS[USD]}))
    offers += continued(desk, 0)
    assert [order.account for order in offers] == [account for account in ranked if account != repaid]
    assert not desk.engine.offers_are_waiting


def test_whoever_falls_while_others_wait_comes_before_them_where_it_is_worse():
    desk = Desk("seawall", markets=with_rates(POOLED), policy=Policy(offers_per_event_max=1))
    desk.price(ETH=2000, USD=1, BTC=30000)
    desk.move(named("whale"), {ETH: 1000 * UNITS[ETH]}, {USD: 1_500_000 * UNITS[USD]})
    for nth, debt in enumerate(DEBTS):
        desk.move(named(f"borrower {nth}"), {ETH: 10 * UNITS[ETH]}, {USD: debt * UNITS[USD]})
    desk.price(ETH=1940)
    assert len(continued(desk, 1)) == 1
    begun = set(desk.state.episodes)
    desk.wait(365 * 24 * HOUR)
    in_a_year = continued(desk, 1)
    assert in_a_year[0].account == named("whale")
    assert set(desk.state.episodes) - begun == {desk.state.deployment.book.row_of(named("whale"))}
    assert len(continued(desk, 0)) == 4


def test_who_is_above_the_line_again_before_its_turn_leaves_no_trace():
    desk, _ = crowd("seawall", 1)
    orders = desk.price(ETH=2000)
    assert not desk.engine.offers_are_waiting
    assert desk.state.episodes == {}
    assert len(orders) == 1


def test_an_engine_restored_while_offers_wait_goes_on_as_the_first():
    desk, _ = crowd("seawall", 2)
    twin = Engine(protocol_named, FullRecompute)
    twin.restore(State.restored(desk.state.canonical_bytes()))
    assert twin.offers_are_waiting
    event = OffersContinued(START)
    assert len(offers_in(desk.tell(event))) == 4
    assert twin.apply(event) == desk.said[-1]
    assert twin.state.digest() == desk.state.digest()
