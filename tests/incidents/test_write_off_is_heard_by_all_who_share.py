"""Where a market keeps shares, a fill and a write-off change what everybody's shares are worth; the monitor used not to be told
and went on with the old worth of accounts that nobody had touched."""

from tests.deployments import BORROWER, ETH, UNITS, USD, Desk, named, offers_in

NEIGHBOUR = named("neighbour") + b"\0\0"
PAIRED = BORROWER + b"\0\0"


def test_a_neighbour_of_lost_debt_is_judged_on_the_new_worth_of_its_shares() -> None:
    # With shares this few a unit of debt is a coarse thing: rounding moves to the neighbour when the other leaves.
    desk = Desk("morpho_blue")
    desk.price(ETH=2000, USD=1, BTC=30000)
    desk.move(PAIRED, {0: UNITS[ETH] // 10**6}, {0: 1_500})
    desk.move(NEIGHBOUR, {0: UNITS[ETH] * 10}, {0: 9_000 * UNITS[USD]})
    (order,) = offers_in(desk.price(ETH=1400))
    # Every invariant is checked after each event: were the monitor deaf, `no_account_is_missed` would say so.
    said = [type(told).__name__ for told in desk.fill(order)]
    assert said == ["SettleFill", "AbsorbLoss", "CancelOrder"]
    total = desk.state.deployment.market_states[0].debt_amount
    assert desk.protocol.amount_of(desk.state.deployment, 1, desk.balance(NEIGHBOUR, 0, 1)) <= total + 1
