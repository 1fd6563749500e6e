"""Restitution at work: a ruling pays back bonus and fee once, from one fund, out of what is remembered."""

import pytest
from msgspec.structs import replace
from tests.deployments import BORROWER, BTC, ETH, HOUR, START, UNITS, USD, WHALE, Desk, offers_in

from seawall.engine.state import State
from seawall.ledger.deployment import Absorber, Buffer, Policy
from seawall.ledger.event import PriceRuledInvalid
from seawall.ledger.order import Claim, Order, PayRestitution, RefuseEvent, SettleFill
from seawall.ledger.refusal import Refusal

FUND = Buffer("insurance_fund", ((USD, 1_000 * UNITS[USD]),))
POLICY = Policy(buffers=(FUND,), absorbers=(Absorber(("socialized_loss",)),), restitution_window_ms=HOUR)


def desk_of(policy: Policy = POLICY) -> Desk:
    desk = Desk(policy=policy, operators=("operator",), check=lambda event: event.signature == "signed")
    desk.price(ETH=2000, USD=1, BTC=30_000)
    return desk


def liquidate(desk: Desk, account: bytes = BORROWER, wei: int = 10) -> SettleFill:
    """Let an account of so many ETH be liquidated by a price of 1,980."""
    desk.price(ETH=2000)
    desk.move(account, {ETH: wei * UNITS[ETH]}, {USD: wei * 1_590 * UNITS[USD]})
    (offer,) = (order for order in offers_in(desk.price(ETH=1980)) if order.account == account)
    settled = desk.fill(offer)[0]
    assert isinstance(settled, SettleFill)
    desk.price(ETH=2000)
    return settled


def taken(*settled: SettleFill) -> int:
    return sum(each.seize_value + each.fee_value - each.repay_value for each in settled)


def ruling(desk: Desk, from_at: int = START, **changed: object) -> PriceRuledInvalid:
    event = PriceRuledInvalid(desk.at, "operator", ETH, from_at, desk.at, "insurance_fund", USD, "signed")
    return replace(event, **changed)


def rule(desk: Desk, from_at: int = START, **changed: object) -> tuple[Order, ...]:
    return desk.tell(ruling(desk, from_at, **changed))


def test_bonus_and_fee_come_back_to_the_unit_and_only_once():
    desk = desk_of()
    settled = liquidate(desk)
    desk.wait(1)
    (paid,) = rule(desk)
    claimed = taken(settled)
    assert claimed > 0
    assert paid == PayRestitution(1, ETH, "insurance_fund", USD, 10**18, (Claim(BORROWER, claimed, claimed // 10**12),))
    assert dict(desk.state.buffers)["insurance_fund"] == {USD: 1_000 * UNITS[USD] - claimed // 10**12}
    desk.wait(1)
    (again,) = rule(desk)
    assert isinstance(again, RefuseEvent)
    assert again.reason is Refusal.NOTHING_CLAIMED
    assert desk.state.restitutions is not None
    assert len(desk.state.restitutions.rulings) == 1


def test_a_fund_that_does_not_suffice_is_shared_by_claims_and_emptied():
    desk = desk_of(replace(POLICY, buffers=(Buffer("insurance_fund", ((USD, 7),)),)))
    settled = {account: liquidate(desk, account, wei) for account, wei in ((WHALE, 30), (BORROWER, 10))}
    desk.wait(1)
    (paid,) = rule(desk)
    assert isinstance(paid, PayRestitution)
    assert [claim.account for claim in paid.claims] == [BORROWER, WHALE]
    assert [claim.claim_value for claim in paid.claims] == [taken(settled[BORROWER]), taken(settled[WHALE])]
    assert [claim.paid_amount for claim in paid.claims] == [2, 5]
    assert dict(desk.state.buffers)["insurance_fund"] == {USD: 0}


@pytest.mark.parametrize(
    ("from_ms", "until_ms", "count"), [(0, 10, 0), (0, 11, 1), (10, 20, 1), (10, 21, 2), (11, 20, 0), (11, 21, 1)]
)
def test_a_ruling_covers_settlements_of_its_time_and_keeps_the_others(from_ms, until_ms, count):
    desk = desk_of()
    desk.wait(10)
    liquidate(desk, BORROWER)
    desk.wait(10)
    liquidate(desk, WHALE)
    desk.wait(10)
    (said,) = rule(desk, START + from_ms, until_at=START + until_ms)
    assert (len(said.claims) if isinstance(said, PayRestitution) else 0) == count
    assert desk.state.restitutions is not None
    assert len(desk.state.restitutions.penalties) == 2 - count


def test_a_ruling_on_an_asset_that_was_not_in_the_pair_hits_nobody():
    desk = desk_of()
    liquidate(desk)
    desk.wait(1)
    (said,) = rule(desk, asset=BTC)
    assert isinstance(said, RefuseEvent)
    (said,) = rule(desk, asset=USD)
    assert isinstance(said, PayRestitution)


@pytest.mark.parametrize(("waited_ms", "count"), [(HOUR - 1, 2), (HOUR, 1), (HOUR + 1, 1)])
def test_what_is_as_old_as_the_window_is_forgotten_when_the_next_comes(waited_ms, count):
    desk = desk_of()
    liquidate(desk, BORROWER)
    desk.wait(waited_ms)
    liquidate(desk, WHALE)
    assert desk.state.restitutions is not None
    assert len(desk.state.restitutions.penalties) == count


@pytest.mark.parametrize(
    ("changed", "reason", "detail"),
    [
        ({"asset": 3}, Refusal.EVENT_MALFORMED, "asset 3 of 3"),
        ({"paid_asset": -1}, Refusal.EVENT_MALFORMED, "asset -1 of 3"),
        ({"until_at": START + 1}, Refusal.EVENT_MALFORMED,
         f"ruled from {START + 1} to {START + 1} at {START + HOUR}, each must come after the one before"),
        ({"until_at": START + HOUR + 1}, Refusal.EVENT_MALFORMED,
         f"ruled from {START + 1} to {START + HOUR + 1} at {START + HOUR}, each must come after the one before"),
        ({"fund": "treasury"}, Refusal.FUND_UNKNOWN, "fund 'treasury'"),
        ({"from_at": START}, Refusal.RULING_TOO_LATE, f"ruled from {START}, remembered is what came after {START}"),
        ({"operator": "stranger"}, Refusal.OPERATOR_UNKNOWN, "operator stranger"),
        ({"signature": "forged"}, Refusal.SIGNATURE_INVALID, "operator operator"),
    ],
)  # fmt: skip
def test_a_ruling_that_cannot_be_is_refused_and_changes_nothing(changed, reason, detail):
    desk = desk_of()
    desk.wait(1)
    liquidate(desk)
    desk.wait(HOUR - 1)
    assert rule(desk, **{"from_at": START + 1, **changed}) == (RefuseEvent(reason, detail),)
    assert desk.state.restitutions is not None
    assert len(desk.state.restitutions.penalties) == 1
    assert desk.state.buffers == [("insurance_fund", {USD: 1_000 * UNITS[USD]})]


def test_a_ruling_is_refused_while_the_price_that_it_pays_at_is_unknown():
    desk = desk_of()
    liquidate(desk)
    desk.wait(1)
    desk.price(USD=0)
    assert rule(desk) == (RefuseEvent(Refusal.PRICE_MISSING, f"asset {USD}"),)
    desk.price(USD=1)
    assert isinstance(rule(desk)[0], PayRestitution)


def test_without_a_window_nothing_is_remembered_and_every_ruling_is_too_late():
    desk = desk_of(replace(POLICY, restitution_window_ms=0))
    liquidate(desk)
    desk.wait(1)
    assert desk.state.restitutions is None
    (said,) = rule(desk)
    assert isinstance(said, RefuseEvent)
    assert said.reason is Refusal.RULING_TOO_LATE


def test_a_restored_state_remembers_penalties_and_rulings():
    desk = desk_of()
    liquidate(desk, BORROWER)
    desk.wait(1)
    rule(desk)
    liquidate(desk, WHALE)
    restored = State.restored(desk.state.canonical_bytes())
    assert restored.restitutions == desk.state.restitutions
    assert restored.canonical_bytes() == desk.state.canonical_bytes()
