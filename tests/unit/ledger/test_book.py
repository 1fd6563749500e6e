import random

import numpy as np
import pytest

from seawall.ledger.account_index import ABSENT
from seawall.ledger.book import BALANCE_MAX, POSITIONS_MAX, Book

WIDTH, MARKETS = 20, 6


def key(number: int) -> bytes:
    return number.to_bytes(WIDTH, "big")


class Ghost:
    """What a book must be, in dictionaries."""

    def __init__(self) -> None:
        self.balances: dict[bytes, dict[int, int]] = {}
        self.categories: dict[bytes, int] = {}

    def assert_is(self, book: Book) -> None:
        assert book.account_count == len(self.balances)
        totals = [0] * (2 * MARKETS)
        for account, balances in self.balances.items():
            row = book.row_of(account)
            assert book.account_at(row) == account
            assert dict(book.positions(row)) == balances
            assert len(book.positions(row)) == len(balances)
            assert book.category_of(row) == self.categories.get(account, 0)
            for slot in range(2 * MARKETS):
                assert book.balance(row, slot) == balances.get(slot, 0)
                totals[slot] += balances.get(slot, 0)
        assert book.balance_totals == totals
        assert book.recomputed_totals() == totals


def drawn_balance(draw: random.Random) -> int:
    return draw.choice(
        [0, 0, 1, draw.randrange(1 << 40), (1 << 64) - 1, 1 << 64, draw.randrange(1 << 100), BALANCE_MAX]
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_book_is_what_a_dictionary_says_through_random_changes(seed):
    draw, book, ghost = random.Random(seed), Book(WIDTH, MARKETS), Ghost()
    for step in range(3000):
        account = key(draw.randrange(1 << draw.choice([2, 8])))
        if account not in ghost.balances:
            assert book.row_of(account) == ABSENT
            ghost.balances[account] = {}
            assert book.add_account(account) == len(ghost.balances) - 1
        row = book.row_of(account)
        if draw.random() < 0.1:
            ghost.categories[account] = draw.randrange(256)
            book.set_category(row, ghost.categories[account])
        slot, balance = draw.randrange(2 * MARKETS), drawn_balance(draw)
        book.set_balance(row, slot, balance)
        ghost.balances[account][slot] = balance
        if balance == 0:
            del ghost.balances[account][slot]
        if step % 500 == 0:
            ghost.assert_is(book)
    ghost.assert_is(book)


def drawn_accounts(draw: random.Random, count: int) -> dict[bytes, tuple[int, dict[int, int]]]:
    return {
        key(draw.randrange(1 << 150)): (
            draw.choice([0, 0, 1, 255]),
            {slot: draw.randint(1, BALANCE_MAX) for slot in draw.sample(range(2 * MARKETS), draw.randrange(5))},
        )
        for _ in range(count)
    }


def book_of(accounts, order) -> Book:
    book = Book(WIDTH, MARKETS)
    for account in order:
        category, balances = accounts[account]
        book.set_category(book.add_account(account), category)
        for slot, balance in balances.items():
            book.set_balance(book.row_of(account), slot, balance)
    return book


@pytest.mark.parametrize("seed", range(4))
def test_canonical_bytes_do_not_depend_on_the_order_of_arrival_nor_on_what_came_and_went(seed):
    draw = random.Random(seed)
    accounts = drawn_accounts(draw, 200)
    plain = book_of(accounts, sorted(accounts))
    shuffled = book_of(accounts, draw.sample(sorted(accounts), len(accounts)))
    for _ in range(300):
        row, slot = draw.randrange(shuffled.account_count), draw.randrange(2 * MARKETS)
        before = shuffled.balance(row, slot)
        shuffled.set_balance(row, slot, draw.randint(1, 99))
        shuffled.set_balance(row, slot, before)
    shuffled.add_account(key(7))
    assert shuffled.canonical_bytes() == plain.canonical_bytes()
    shuffled.set_balance(0, 0, shuffled.balance(0, 0) + 1)
    assert shuffled.canonical_bytes() != plain.canonical_bytes()


def test_canonical_bytes_come_back_as_the_same_book():
    draw = random.Random(5)
    accounts = drawn_accounts(draw, 300)
    data = book_of(accounts, accounts).canonical_bytes()
    again = Book.from_canonical_bytes(data, WIDTH, MARKETS)
    assert again.canonical_bytes() == data
    for account, (category, balances) in accounts.items():
        if balances:
            assert dict(again.positions(again.row_of(account))) == balances
            assert again.category_of(again.row_of(account)) == category
    assert again.balance_totals == again.recomputed_totals()


def test_rows_in_order_follow_the_bytes_as_unsigned_numbers():
    book = Book(WIDTH, MARKETS)
    keys = [bytes([first]) + bytes(18) + bytes([last]) for first in (200, 0, 127, 128, 255) for last in (0, 1, 255)]
    for account in keys:
        book.add_account(account)
    assert [book.account_at(row) for row in book.rows_in_order().tolist()] == sorted(keys)
    assert book.add_account(key(1)) == len(keys), "no view of the keys is left behind"


@pytest.mark.parametrize("seed", range(3))
def test_a_book_from_columns_is_the_one_built_change_by_change_and_goes_on_as_it(seed):
    draw = random.Random(seed)
    accounts = drawn_accounts(draw, 150)
    built = book_of(accounts, accounts)
    flat = [(slot, balance) for _, balances in accounts.values() for slot, balance in balances.items()]
    made = Book.from_columns(
        b"".join(accounts),
        WIDTH,
        MARKETS,
        np.array([len(balances) for _, balances in accounts.values()]),
        np.array([slot for slot, _ in flat], np.uint16),
        np.array([balance & ((1 << 64) - 1) for _, balance in flat], np.uint64),
        np.array([balance >> 64 for _, balance in flat], np.uint64),
        np.array([category for category, _ in accounts.values()]),
    )
    for _ in range(400):
        assert made.balance_totals == built.balance_totals
        row, slot, balance = draw.randrange(160), draw.randrange(2 * MARKETS), drawn_balance(draw)
        for book in (made, built):
            if row >= book.account_count:
                row = book.add_account(key(book.account_count))
            book.set_balance(row, slot, balance)
    assert made.canonical_bytes() == built.canonical_bytes()
    assert made.recomputed_totals() == made.balance_totals


def test_a_book_may_be_made_from_no_columns_at_all():
    none = np.zeros(0, np.uint64)
    book = Book.from_columns(b"", WIDTH, MARKETS, none, none, none, none)
    assert (book.account_count, book.canonical_bytes(), book.rows_in_order().size) == (0, b"", 0)
    book.set_balance(book.add_account(key(1)), 3, 5)
    assert book.positions(0) == [(3, 5)]


def test_an_account_may_fill_every_place_and_not_one_more():
    book = Book(WIDTH, POSITIONS_MAX + 1)
    row = book.add_account(key(1))
    for slot in range(POSITIONS_MAX):
        book.set_balance(row, slot, slot + 1)
    assert sorted(book.positions(row)) == [(slot, slot + 1) for slot in range(POSITIONS_MAX)]
    before = book.canonical_bytes()
    assert not book.move_balance(row, POSITIONS_MAX, 1)
    assert book.canonical_bytes() == before
    assert book.move_balance(row, 0, 1)


@pytest.mark.parametrize("balance", [-1, BALANCE_MAX + 1])
def test_a_balance_beyond_the_limbs_is_refused(balance):
    book = Book(WIDTH, MARKETS)
    row = book.add_account(key(1))
    with pytest.raises(AssertionError):
        book.set_balance(row, 0, balance)


def test_blocks_that_moved_leave_no_more_than_an_eighth_of_gaps_for_long():
    book, draw = Book(WIDTH, MARKETS), random.Random(1)
    rows = [book.add_account(key(number)) for number in range(2000)]
    for slot in range(2 * MARKETS):
        for row in draw.sample(rows, len(rows)):
            book.set_balance(row, slot, row + slot + 1)
    assert book.position_capacity < 1.4 * sum(len(book.positions(row)) for row in rows)
    assert all(sorted(book.positions(row)) == [(slot, row + slot + 1) for slot in range(12)] for row in rows)


def test_an_account_that_grows_at_the_end_stays_in_its_place():
    book = Book(WIDTH, MARKETS)
    for number in range(1000):
        row = book.add_account(key(number))
        for slot in range(3):
            book.set_balance(row, slot, 1)
    assert book.position_capacity < 3000 * 1.2


@pytest.mark.parametrize("seed", range(4))
def test_accounts_added_together_are_those_added_one_by_one(seed):
    draw = random.Random(seed)
    together, one_by_one = Book(WIDTH, MARKETS), Book(WIDTH, MARKETS)
    for size in (0, 1, 3, 200, 0, 1500, 2):
        accounts = drawn_accounts(draw, size)
        columns = [[], [], [], [], []]
        for account, (category, balances) in accounts.items():
            row = one_by_one.add_account(account)
            one_by_one.set_category(row, category)
            columns[0].append(len(balances))
            columns[4].append(category)
            for slot, balance in balances.items():
                one_by_one.set_balance(row, slot, balance)
                for column, value in zip(columns[1:4], (slot, balance & (1 << 64) - 1, balance >> 64), strict=True):
                    column.append(value)
        count, slot, low, high, category = (np.array(column, np.uint64) for column in columns)
        before = together.account_count
        assert together.add_accounts(b"".join(accounts), count, slot, low, high, category) == before
        for row in draw.sample(range(together.account_count), min(40, together.account_count)):
            for book in (together, one_by_one):
                book.set_balance(row, row % (2 * MARKETS), row % 3 * 10**20)
        assert together.balance_totals == one_by_one.balance_totals == together.recomputed_totals()
        assert together.canonical_bytes() == one_by_one.canonical_bytes()
        assert together.rows_of(b"".join(accounts)) == list(range(before, together.account_count))


def test_columns_that_moved_are_other_columns():
    book = Book(WIDTH, MARKETS)
    first, slot = book.first, book.slot
    for number in range(100):
        book.set_balance(book.add_account(key(number)), 0, 1)
    assert book.first is not first
    assert book.slot is not slot
    assert book.first is book.first
