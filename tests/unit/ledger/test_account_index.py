import random

import pytest

from seawall.ledger.account import NAME_WIDTH, encode_account
from seawall.ledger.account_index import ABSENT, AccountIndex, mixed_bits


def filled(accounts: list[bytes]) -> tuple[AccountIndex, bytearray]:
    index, keys = AccountIndex(len(accounts[0])), bytearray()
    for row, account in enumerate(accounts):
        keys += account
        index.insert(account, row, keys)
    return index, keys


@pytest.mark.parametrize("width", [1, 7, 8, 20, 22, 32, 34])
def test_every_account_is_found_at_its_row_and_no_other_is_found(width):
    draw = random.Random(width)
    drawn = list({draw.randbytes(width) for _ in range(1000)})
    accounts, absent = drawn[: len(drawn) // 2], drawn[len(drawn) // 2 :]
    index, keys = filled(accounts)
    assert [index.find(account, keys) for account in accounts] == list(range(len(accounts)))
    assert {index.find(account, keys) for account in absent} == {ABSENT}


@pytest.mark.parametrize("width", [1, 7, 8, 20, 22, 32, 34])
def test_many_accounts_are_found_together_as_one_by_one(width):
    draw = random.Random(width)
    drawn = list({bytes(width), *(draw.randbytes(max(1, width - 2)).ljust(width, b"\0") for _ in range(600))})
    index, keys = filled(drawn[::2])
    wanted = draw.choices(drawn, k=500)
    assert index.find_all(b"".join(wanted), keys) == [index.find(account, keys) for account in wanted]


@pytest.mark.parametrize("width", [1, 7, 8, 20, 22, 32, 34])
def test_a_table_filled_at_once_finds_what_one_filled_step_by_step_finds(width):
    draw = random.Random(width)
    accounts = list({draw.randbytes(width) for _ in range(200)})
    at_once, keys = AccountIndex(width), bytearray(b"".join(accounts))
    at_once.insert_all(0, len(accounts), keys)
    assert [at_once.find(account, keys) for account in accounts] == list(range(len(accounts)))
    more = bytes(width - 1) + b"\1"
    if more not in accounts:
        keys += more
        at_once.insert(more, len(accounts), keys)
        assert at_once.find(more, keys) == len(accounts)


def test_an_empty_table_finds_nothing():
    index = AccountIndex(20)
    index.insert_all(0, 0, bytearray())
    assert index.find(bytes(20), bytearray()) == ABSENT
    assert index.find_all(bytes(40), bytearray()) == [ABSENT, ABSENT]


@pytest.mark.parametrize(
    "accounts",
    [
        [encode_account(f"account-{number}", NAME_WIDTH) for number in range(8000)],
        [b"\xaa" * 12 + number.to_bytes(8, "big") for number in range(8000)],
        [number.to_bytes(20, "little") for number in range(8000)],
        [number.to_bytes(20, "big") + b"\0\3" for number in range(8000)],
    ],
    ids=["names padded at the end", "one beginning", "one end", "one market"],
)
def test_keys_that_look_alike_do_not_crowd(accounts):
    index, keys = filled(accounts)
    free = index._table.cells == 0
    longest = run = 0
    for is_free in free.tolist():
        run = 0 if is_free else run + 1
        longest = max(longest, run)
    assert longest < 120
    assert index.find(accounts[-1], keys) == len(accounts) - 1


def test_the_table_takes_eight_to_sixteen_bytes_an_account():
    index, _ = filled([number.to_bytes(20, "big") for number in range(7000)])
    assert index._old is None
    assert 8 <= index.nbytes / 7000 <= 16.5


@pytest.mark.parametrize("batch", [1, 7, 300, 5000])
def test_rows_are_found_while_they_move_from_the_old_table_to_the_new_one(batch):
    draw = random.Random(batch)
    index, keys = AccountIndex(20), bytearray()
    accounts, is_moving = [], 0
    while len(accounts) < 9000:
        fresh = [draw.randbytes(20) for _ in range(batch)]
        row = len(accounts)
        accounts += fresh
        keys += b"".join(fresh)
        if batch == 1:
            index.insert(fresh[0], row, keys)
        else:
            index.insert_all(row, batch, keys)
        is_moving += index._old is not None
        if not row % 50:
            wanted = draw.choices(range(len(accounts)), k=20)
            assert index.find_all(b"".join(accounts[at] for at in wanted), keys) == wanted
            assert [index.find(accounts[at], keys) for at in wanted] == wanted
            assert index.find(draw.randbytes(20), keys) == ABSENT
    assert is_moving or batch == 5000
    assert index.find_all(b"".join(accounts), keys) == list(range(len(accounts)))


def test_no_single_insert_goes_through_more_than_a_slice_of_the_table():
    index, keys = AccountIndex(8), bytearray()
    walked = []
    for row in range(20_000):
        before = index._cells_done
        keys += row.to_bytes(8, "big")
        index.insert(bytes(keys[-8:]), row, keys)
        walked.append(index._cells_done - before)
    assert 0 < max(walked) <= 1024


def test_rows_that_wrapped_around_the_end_of_the_old_table_move_too():
    index, keys = AccountIndex(8), bytearray()

    def insert(account):
        keys.extend(account)
        index.insert(account, len(keys) // 8 - 1, keys)

    draw = random.Random(4)
    while index._old is None or index._old.cells.size < 4096:
        insert(draw.randbytes(8))
    # All of these belong into the last cells of the old table, and no longer find room there.
    last = [a for a in (draw.randbytes(8) for _ in range(200_000)) if mixed_bits(a) >> 52 >= 4090][:60]
    assert len(last) == 60
    for account in last:
        insert(account)
    assert index._old is not None
    assert index._old.cells[0] != 0
    while index._old is not None:
        insert(draw.randbytes(8))
    assert index.find_all(bytes(keys), keys) == list(range(len(keys) // 8))
