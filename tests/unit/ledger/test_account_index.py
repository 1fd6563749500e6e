import random

import pytest

from seawall.ledger.account import NAME_WIDTH, encode_account
from seawall.ledger.account_index import ABSENT, AccountIndex


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
    at_once.rebuild(keys, len(accounts))
    assert [at_once.find(account, keys) for account in accounts] == list(range(len(accounts)))
    more = bytes(width - 1) + b"\1"
    if more not in accounts:
        keys += more
        at_once.insert(more, len(accounts), keys)
        assert at_once.find(more, keys) == len(accounts)


def test_an_empty_table_finds_nothing():
    index = AccountIndex(20)
    index.rebuild(bytearray(), 0)
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
    free = index._table == ABSENT
    longest = run = 0
    for is_free in free.tolist():
        run = 0 if is_free else run + 1
        longest = max(longest, run)
    assert longest < 120
    assert index.find(accounts[-1], keys) == len(accounts) - 1


def test_the_table_takes_eight_to_sixteen_bytes_an_account():
    index, _ = filled([number.to_bytes(20, "big") for number in range(5000)])
    assert 8 <= index.nbytes / 5000 <= 16.5
