"""Morpho Blue's liquidation on one market, to the last unit, and its bonus by lltv."""

import pytest
from tests.unit.protocols.deployments import open_account, pair

from seawall.fixed import WAD
from seawall.ledger.market import DEBT, slot_of
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.morpho_blue import Shares, lif_of, seized_for, shares_for
from seawall.protocols.protocol import Quote

E18 = 10**18
BORROWER = b"borrower".ljust(20, b"\0") + b"\0\0"
OTHERS = b"others".ljust(20, b"\0") + b"\0\0"
TOTAL_SHARES = 49000000000000000777
SHARES = 16900 * 10**12
LLTV = 86 * 10**16


def market_at(price_of_whole: int):
    deployment = pair(
        (18, price_of_whole * E18), (6, E18), LLTV, debt_amount=50000000000123, supply_amount=60000000000000
    )
    open_account(deployment, {}, {0: TOTAL_SHARES - SHARES}, OTHERS)
    row = open_account(deployment, {0: 10 * E18}, {0: SHARES}, BORROWER)
    return protocol_named("morpho_blue"), deployment, row


@pytest.mark.parametrize(
    ("lltv_permille", "lif"),
    [
        (385, 1150000000000000000),
        (625, 1126760563380281690),
        (770, 1074113856068743286),
        (860, 1043841336116910229),
        (915, 1026167265264238070),
        (945, 1016776817488561260),
        (965, 1010611419909044972),
        (980, 1006036217303822937),
    ],
)
def test_the_bonus_follows_from_the_lltv(lltv_permille, lif):
    assert lif_of(lltv_permille * 10**15) == lif


def test_seizing_two_of_ten_repays_whole_shares():
    protocol, deployment, row = market_at(2000)
    debt, price, lif = Shares(50000000000123, TOTAL_SHARES), 2000 * 10**24, lif_of(LLTV)
    shares = shares_for(debt, 2 * E18, price, lif)
    repaid = debt.assets_up(shares)
    assert (shares, repaid) == (3755360000970764, 3832000002)
    protocol.settle(deployment, Quote(row, 0, 0, repaid, 2 * E18, 0, shares, 2 * E18, lif - WAD))
    assert deployment.market_states[0].debt_amount == 49996168000121
    assert deployment.book.balance_totals[slot_of(0, DEBT)] == 48996244639999030013


def test_repaying_all_shares_leaves_collateral_and_no_bad_debt():
    protocol, deployment, row = market_at(2000)
    quote = protocol.quote(deployment, row, 0, 0, 17244897960)
    assert (quote.debt_balance, quote.repay_amount, quote.seize_amount) == (SHARES, 17244897960, 9000468663000000000)
    assert seized_for(Shares(50000000000123, TOTAL_SHARES), SHARES, 2000 * 10**24, lif_of(LLTV)) == quote.seize_amount
    limit = protocol.liquidation_limit(deployment, row)
    assert (limit.repay_amount, limit.seize_amount) == (quote.repay_amount, quote.seize_amount)
    protocol.settle(deployment, quote)
    assert protocol.write_off(deployment, row, quote) == ()
    assert deployment.book.positions(row) == [(0, 999531337000000000)]


def test_seizing_all_collateral_takes_the_rest_from_lenders():
    protocol, deployment, row = market_at(1700)
    limit = protocol.liquidation_limit(deployment, row)
    assert (limit.repay_amount, limit.seize_amount) == (16286000002, 10 * E18)
    quote = protocol.quote(deployment, row, 0, 0, 2**200)
    assert protocol.quote(deployment, row, 0, 0, limit.repay_amount) == quote
    protocol.settle(deployment, quote)
    (loss,) = protocol.write_off(deployment, row, quote)
    state = deployment.market_states[0]
    assert loss.amount == state.bad_debt_amount == 958897959
    assert SHARES - quote.debt_balance == 939719999059255
    assert (state.supply_amount, state.debt_amount) == (59999041102041, 49982755102162)
    assert deployment.book.positions(row) == []


@pytest.mark.parametrize("offer", [1, 10**6, 10**9, 16286000001, 16286000002, 16286000003, 17244897960, 10**12])
@pytest.mark.parametrize("price", [1, 900, 1700, 1800, 1960])
def test_a_quote_never_repays_more_than_it_was_offered(offer, price):
    protocol, deployment, row = market_at(price)
    quote = protocol.quote(deployment, row, 0, 0, offer)
    assert quote.repay_amount <= offer
    assert quote.debt_balance <= SHARES
    assert quote.seize_amount <= 10 * E18
