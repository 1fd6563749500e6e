"""Balances come in: all of a batch or nothing of it."""

import pytest
from tests.deployments import BORROWER, DUST, ETH, START, UNITS, USD, WHALE, Desk, changes

from seawall.ledger.book import BALANCE_MAX
from seawall.ledger.event import PositionsChanged
from seawall.ledger.market import COLLATERAL, DEBT, slot_of
from seawall.ledger.order import RefuseEvent
from seawall.ledger.refusal import Refusal

ETH_HELD = slot_of(ETH, COLLATERAL)
USD_OWED = slot_of(USD, DEBT)
NO_SLOT = 6


def stocked() -> Desk:
    desk = Desk()
    desk.tell(changes(START, (BORROWER, ETH_HELD, 100), (BORROWER, USD_OWED, 7)))
    return desk


Row = tuple[bytes, int, int]


@pytest.mark.parametrize(
    ("rows", "detail"),
    [
        ([(BORROWER, ETH_HELD, -101)], "balance 100 and change -101"),
        ([(WHALE, ETH_HELD, 5), (BORROWER, ETH_HELD, -101)], "row 1"),
        ([(BORROWER, ETH_HELD, -100), (BORROWER, ETH_HELD, -1)], "balance 0 and change -1"),
        ([(BORROWER, USD_OWED, -7), (BORROWER, ETH_HELD, 1), (DUST, USD_OWED, -1)], "row 2"),
        ([(BORROWER, ETH_HELD, BALANCE_MAX - 99)], f"balance 100 and change {BALANCE_MAX - 99}"),
        ([(WHALE, ETH_HELD, 1), (WHALE, NO_SLOT, 1)], "no market has slot 6"),
        ([(WHALE, 65_535, 1)], "no market has slot 65535"),
    ],
)
def test_a_batch_that_does_not_fit_changes_nothing(rows: list[Row], detail: str) -> None:
    desk, twin = stocked(), stocked()
    (refused,) = desk.tell(changes(START, *rows))
    assert isinstance(refused, RefuseEvent)
    assert refused.reason is Refusal.BALANCE_EXCEEDED
    assert detail in refused.detail
    assert rows[-1][0].hex() in refused.detail
    twin.tell(changes(START))
    assert desk.state.digest() == twin.state.digest()
    # And the next batch meets the book as if the refused one had never come.
    again = changes(START, (WHALE, ETH_HELD, 3), (BORROWER, ETH_HELD, -100))
    assert desk.tell(again) == twin.tell(again) == ()
    assert desk.state.digest() == twin.state.digest()


@pytest.mark.parametrize(("delta", "is_refused"), [(-99, False), (-100, False), (-101, True)])
def test_all_of_a_balance_may_leave_and_not_a_unit_more(delta: int, is_refused: bool) -> None:
    desk = stocked()
    orders = desk.tell(changes(START, (BORROWER, ETH_HELD, delta)))
    assert bool(orders) is is_refused
    assert desk.balance(BORROWER, ETH, COLLATERAL) == (100 if is_refused else 100 + delta)


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("accounts", b"short", "column accounts has 5 bytes, 20 wanted for 1 changes"),
        ("accounts", bytes(40), "column accounts has 40 bytes, 20 wanted for 1 changes"),
        ("slots", b"\0\0\0\0", "column accounts has 20 bytes, 40 wanted for 2 changes"),
        ("slots", b"\0\0\0", "column slots has 3 bytes, 2 wanted for 1 changes"),
        ("deltas", bytes(15), "column deltas has 15 bytes, 16 wanted for 1 changes"),
        ("amounts", bytes(17), "column amounts has 17 bytes, 16 wanted for 1 changes"),
    ],
)
def test_columns_of_unequal_length_are_refused(column: str, value: bytes, found: str) -> None:
    columns = {"accounts": BORROWER, "slots": b"\0\0", "deltas": bytes(16), "amounts": b"", column: value}
    (refused,) = stocked().tell(PositionsChanged(START, **columns))
    assert refused == RefuseEvent(Refusal.EVENT_MALFORMED, found)


@pytest.mark.parametrize(
    ("account", "category", "is_refused"),
    [(BORROWER, 0, False), (BORROWER, 255, False), (BORROWER, 256, True), (BORROWER, -1, True), (b"short", 1, True)],
)
def test_a_category_that_no_account_can_have_is_refused(account: bytes, category: int, is_refused: bool) -> None:
    orders = stocked().categorise(account, category)
    assert [order.reason for order in orders if isinstance(order, RefuseEvent)] == (
        [Refusal.EVENT_MALFORMED] if is_refused else []
    )


@pytest.mark.parametrize(
    ("market", "amounts", "found"),
    [
        (0, (10**6,), None),
        (1, (10**6,), "is of market 1, slot 1 is not, row 0"),
        (0, (), "markets of morpho_blue@1 keep shares; column amounts is empty"),
    ],
)
def test_where_markets_keep_shares_a_change_says_its_market_and_amount(
    market: int, amounts: tuple[int, ...], found: str | None
) -> None:
    account = BORROWER + market.to_bytes(2, "big")
    orders = Desk("morpho_blue").tell(changes(START, (account, slot_of(0, DEBT), 10**12), amounts=amounts))
    assert [order.detail.endswith(found or "") for order in orders if isinstance(order, RefuseEvent)] == (
        [True] if found else []
    )


def test_changes_of_one_position_in_one_batch_add_up() -> None:
    desk = stocked()
    desk.tell(changes(START, (BORROWER, ETH_HELD, 5), (WHALE, ETH_HELD, 1), (BORROWER, ETH_HELD, -90)))
    assert desk.balance(BORROWER, ETH, COLLATERAL) == 15
    assert desk.state.deployment.book.balance_totals[ETH_HELD] == 16


def test_an_account_that_leaves_with_everything_leaves_no_trace() -> None:
    desk, twin = stocked(), Desk()
    desk.tell(changes(START, (BORROWER, ETH_HELD, -100), (BORROWER, USD_OWED, -7)))
    for _ in range(2):
        twin.tell(changes(START))
    assert desk.state.digest() == twin.state.digest()


def test_a_new_account_is_watched_from_its_first_balance() -> None:
    desk = Desk()
    desk.price(ETH=2000, USD=1)
    (offer,) = desk.move(WHALE, {ETH: UNITS[ETH]}, {USD: 1_601 * UNITS[USD]})
    assert offer.account == WHALE


def test_many_accounts_in_one_event_are_all_watched() -> None:
    desk = Desk()
    desk.price(ETH=2000, USD=1)
    rows = [
        row
        for nth in range(300)
        for account in [nth.to_bytes(20, "big")]
        for row in ((account, ETH_HELD, UNITS[ETH]), (account, USD_OWED, (1_580 + nth % 3 * 8) * UNITS[USD]))
    ]
    assert desk.tell(changes(START, *rows)) == ()
    assert len(desk.price(ETH=1990)) == 100
    assert len(desk.price(ETH=1980)) == 100
    assert len(desk.price(ETH=1970)) == 100


def test_shares_move_their_markets_total_by_what_they_are_worth() -> None:
    desk = Desk("morpho_blue")
    desk.price(ETH=2000, USD=1, BTC=30000)
    paired = BORROWER + b"\0\0"
    desk.move(paired, {0: UNITS[ETH]}, {0: 500 * UNITS[USD]})
    assert desk.state.deployment.market_states[0].debt_amount == 500 * UNITS[USD]
    desk.move(paired, debt={0: -200 * UNITS[USD]})
    assert desk.state.deployment.market_states[0].debt_amount == 300 * UNITS[USD]
