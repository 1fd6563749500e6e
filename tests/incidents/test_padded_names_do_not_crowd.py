"""The index of accounts used to hash eight of an account's bytes: names that are padded at the end, or addresses that begin
alike, all had one home, and finding one meant walking past all of them."""

from collections import Counter

import pytest

from seawall.ledger.account_index import AccountIndex, mixed_bits

COUNT = 4_096

KEYS = {
    "names that begin alike": [f"borrower-{number}".encode().ljust(32, b"\0") for number in range(COUNT)],
    "names that end alike": [f"{number}-borrower".encode().rjust(32, b"x") for number in range(COUNT)],
    "addresses that begin alike": [bytes(16) + number.to_bytes(4, "big") for number in range(COUNT)],
    "addresses that end alike": [number.to_bytes(4, "big") + bytes(16) for number in range(COUNT)],
    "addresses of two markets": [number.to_bytes(20, "little") + b"\0\1" for number in range(COUNT)],
}


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_no_account_is_far_from_its_home(keys: list[bytes]) -> None:
    width = len(keys[0])
    index = AccountIndex(width)
    column = bytearray(b"".join(keys))
    index.insert_all(0, len(keys), column)
    homes = Counter(mixed_bits(key) >> index._table.shift for key in keys)
    assert max(homes.values()) <= 16
    assert [index.find(key, column) for key in keys] == list(range(len(keys)))
