"""Accounts that came to hold one market more left their old place empty for ever: a book in use grew without bound."""

from tests.deployments import named

from seawall.ledger.book import Book

ACCOUNTS = 500
SLOTS = 12


def test_a_book_whose_accounts_grow_and_shrink_stays_within_twice_of_what_it_holds() -> None:
    book = Book(20, SLOTS)
    rows = [book.add_account(named(f"account {number}")) for number in range(ACCOUNTS)]
    for turn in range(6):
        for slot in range(SLOTS):
            for row in rows:
                book.set_balance(row, slot, 1 + turn)
        for slot in range(1, SLOTS):
            for row in rows:
                book.set_balance(row, slot, 0)
    assert book.position_capacity <= 2 * ACCOUNTS * SLOTS
    assert all(book.positions(row) == [(0, 6)] for row in rows)
    assert book.balance_totals == book.recomputed_totals()
