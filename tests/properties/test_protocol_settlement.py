"""What a settlement must never do, whichever protocol it is: create value, seize too much, forgive debt."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.deployments import lending_protocols
from tests.unit.protocols.deployments import open_account, pair, pooled, risk

from seawall.fixed import RAY
from seawall.ledger.market import COLLATERAL, DEBT, slot_of
from seawall.ledger.refusal import Refusal

E18 = 10**18
SUPPLY = 10**20
REAL = [
    protocol
    for protocol in lending_protocols()
    if protocol.name != "seawall" and protocol.sale is None and not protocol.has_backstop
]
indices = st.integers(RAY, 3 * RAY)


@st.composite
def situations(draw):
    """A protocol, a deployment with one account near or past its line, and an offer for its debt."""
    protocol = draw(st.sampled_from(REAL))
    price = draw(st.integers(E18, 10**22))
    eth = draw(st.integers(10**15, 10**22))
    # From healthy to insolvent, and an offer from nothing to more than is owed.
    usdc = 1 + eth * price * draw(st.integers(600, 1200)) // (1000 * 10**30)
    offer = usdc * draw(st.integers(0, 1500)) // 1000 + draw(st.integers(-1, 1))
    if protocol.accounts_are_per_market:
        deployment = pair((18, price), (6, E18), 86 * 10**16, debt_amount=SUPPLY // 2, supply_amount=SUPPLY)
        open_account(deployment, {}, {0: SUPPLY // 2 * 10**6}, b"others".ljust(20, b"\0") + b"\0\0")
        row = open_account(deployment, {0: eth}, {0: usdc * 10**6}, b"borrower".ljust(20, b"\0") + b"\0\0")
        return protocol, deployment, row, (0, 0), offer
    moved = ((draw(indices), draw(indices)), (draw(indices), draw(indices)))
    deployment = pooled(
        ("ETH", 18, price, risk(8250, 500, 1000)), ("USDC", 6, E18, risk(8000, 500, 280)), indices=moved
    )
    others = ({1: draw(st.integers(1, usdc))}, {0: draw(st.integers(1, eth))}) if draw(st.booleans()) else ({}, {})
    row = open_account(deployment, {0: eth} | others[0], {1: usdc} | others[1])
    return protocol, deployment, row, (1, 0), offer


def amounts(protocol, deployment, row):
    return {slot: protocol.amount_of(deployment, slot, held) for slot, held in deployment.book.positions(row)}


@settings(max_examples=600, deadline=None)
@given(situations())
def test_a_settlement_moves_what_its_quote_says(situation):
    protocol, deployment, row, (debt_market, collateral_market), offer = situation
    debt_slot, collateral_slot = slot_of(debt_market, DEBT), slot_of(collateral_market, COLLATERAL)
    limit = protocol.liquidation_limit(deployment, row)
    assert (limit is Refusal.HEALTHY) is (not protocol.is_liquidatable(deployment, row))
    quote = protocol.quote(deployment, row, debt_market, collateral_market, offer)
    if isinstance(quote, Refusal):
        return
    before = amounts(protocol, deployment, row)
    balances = dict(deployment.book.positions(row))
    assert quote.repay_amount <= min(offer, before[debt_slot])
    assert quote.seize_amount + quote.fee_amount <= before[collateral_slot]
    assert 0 <= quote.debt_balance <= balances[debt_slot]
    assert 0 <= quote.collateral_balance <= balances[collateral_slot]

    debt_total = deployment.market_states[debt_market].debt_amount
    protocol.settle(deployment, quote)
    after = amounts(protocol, deployment, row)
    # Burning rounds by at most what one stored unit is worth, on either side.
    debt_unit = 1 + protocol.amount_of(deployment, debt_slot, 1)
    collateral_unit = 2 * (1 + protocol.amount_of(deployment, collateral_slot, 1))
    assert abs(before[debt_slot] - after.get(debt_slot, 0) - quote.repay_amount) <= debt_unit
    taken = before[collateral_slot] - after.get(collateral_slot, 0)
    assert abs(taken - quote.seize_amount - quote.fee_amount) <= collateral_unit
    assert deployment.market_states[collateral_market].fee_amount == quote.fee_amount
    untouched = before.keys() - {debt_slot, collateral_slot}
    assert {slot: before[slot] for slot in untouched} == {slot: after[slot] for slot in untouched}
    assert deployment.book.balance_totals == deployment.book.recomputed_totals()

    lost = protocol.write_off(deployment, row, quote)
    held = dict(deployment.book.positions(row))
    assert not lost or (quote.clears_collateral and not any(slot % 2 == DEBT for slot in held))
    assert deployment.market_states[debt_market].bad_debt_amount == sum(
        loss.amount for loss in lost if loss.debt_market == debt_market
    )
    if protocol.accounts_are_per_market:
        state = deployment.market_states[0]
        written_off = sum(loss.amount for loss in lost)
        assert state.debt_amount == debt_total - quote.repay_amount - written_off
        assert state.supply_amount == SUPPLY - written_off
        assert not lost or collateral_slot not in held


@settings(max_examples=400, deadline=None)
@given(situations())
def test_a_limit_is_an_offer_that_is_taken(situation):
    protocol, deployment, row, _, _ = situation
    limit = protocol.liquidation_limit(deployment, row)
    if isinstance(limit, Refusal):
        return
    quote = protocol.quote(deployment, row, limit.debt_market, limit.collateral_market, limit.repay_amount)
    assert not isinstance(quote, Refusal)
    assert quote.seize_amount == limit.seize_amount
    assert quote.repay_amount <= limit.repay_amount
    balance = deployment.book.balance(row, slot_of(limit.debt_market, DEBT))
    assert limit.repay_amount <= protocol.amount_of(deployment, slot_of(limit.debt_market, DEBT), balance)
