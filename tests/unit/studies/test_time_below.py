from seawall.ledger.order import CancelOrder, DeclineAccount, Liquidate, SettleFill
from seawall.ledger.refusal import Refusal
from seawall.studies.time_below import TimeBelow

BORROWER, OTHER = b"borrower" * 2, b"other..." * 2


def offered(account: bytes, debt_value: int) -> Liquidate:
    return Liquidate(1, account, 0, 0, 0, 1, 1, 10**12, 9 * 10**17, debt_value, debt_value, debt_value)


def settled(account: bytes, repay_value: int) -> SettleFill:
    return SettleFill(
        1, 1, account, 0, 0, 0, 1, 1, 0, 1, 1, repay_value, repay_value, 0, 0, 9 * 10**17, 11 * 10**17, 0
    )  # fmt: skip


def healed(account: bytes) -> CancelOrder:
    return CancelOrder(1, account, Refusal.HEALTHY, 0)


def test_a_debt_counts_for_as_long_as_it_is_below() -> None:
    below = TimeBelow(owner_width=16)
    below.add((offered(BORROWER, 100),), 1_000)
    below.add((settled(BORROWER, 40),), 3_000)
    below.add((healed(BORROWER),), 4_000)
    assert below.value_ms == 100 * 2_000 + 60 * 1_000
    assert below.account_ms == 3_000


def test_an_expired_order_does_not_end_the_time() -> None:
    below = TimeBelow(owner_width=16)
    below.add((offered(BORROWER, 100),), 0)
    below.add((CancelOrder(1, BORROWER, Refusal.ORDER_EXPIRED, 0), offered(BORROWER, 110)), 10)
    below.end(20)
    assert (below.value_ms, below.account_ms) == (100 * 10 + 110 * 10, 20)


def test_who_is_refused_is_below_too_and_who_healed_twice_counts_once() -> None:
    below = TimeBelow(owner_width=16)
    below.add((DeclineAccount(BORROWER, Refusal.BELOW_DUST, 0, 1, 7),), 5)
    below.add((healed(BORROWER), healed(BORROWER), healed(OTHER)), 8)
    below.end(100)
    assert (below.value_ms, below.account_ms) == (21, 3)


def test_an_owner_of_two_positions_is_one_account_below() -> None:
    below = TimeBelow(owner_width=8)
    first, second = b"borrower" + b"\0\1", b"borrower" + b"\0\2"
    below.add((offered(first, 10),), 0)
    below.add((offered(second, 20),), 10)
    below.add((healed(first),), 20)
    below.add((healed(second),), 50)
    assert below.value_ms == 10 * 20 + 20 * 40
    assert below.account_ms == 50


def test_a_repayment_beyond_the_debt_leaves_nothing_below() -> None:
    below = TimeBelow(owner_width=16)
    below.add((offered(BORROWER, 10), settled(BORROWER, 11)), 0)
    below.end(1_000)
    assert (below.value_ms, below.account_ms) == (0, 1_000)
