"""Sealed bid: only what was committed to is shown, and in time and to the last number."""

import hashlib

import pytest

from seawall.rules.batch_auction import SealedBid
from seawall.rules.sealed_bid import commitment, is_revealed

BID = SealedBid(bidder=3, bid_id=4, price=5, amount=6, at=7)
SALT = bytes(range(32))


def test_a_commitment_is_the_hash_of_numbers_of_32_bytes_and_the_salt():
    numbers = b"".join(bytes(31) + bytes([number]) for number in (2, 3, 4, 5, 6))
    assert commitment(2, BID, SALT) == hashlib.sha256(numbers + SALT).digest()


def test_the_bid_that_was_committed_to_is_revealed():
    assert is_revealed(commitment(2, BID, SALT), 2, BID, SALT)


@pytest.mark.parametrize("changed", [{"bidder": 4}, {"bid_id": 5}, {"price": 6}, {"amount": 5}])
def test_a_reveal_that_differs_does_not_match(changed):
    assert not is_revealed(commitment(2, BID, SALT), 2, BID._replace(**changed), SALT)


def test_a_reveal_in_another_auction_or_with_another_salt_does_not_match():
    committed = commitment(2, BID, SALT)
    assert not is_revealed(committed, 1, BID, SALT)
    assert not is_revealed(committed, 2, BID, SALT[::-1])


@pytest.mark.parametrize("width", [0, 31, 33])
def test_a_salt_of_another_width_does_not_match(width):
    assert not is_revealed(commitment(2, BID, SALT), 2, BID, bytes(width))


def test_when_a_bid_was_shown_is_not_part_of_what_was_committed_to():
    assert is_revealed(commitment(2, BID, SALT), 2, BID._replace(at=99), SALT)


@pytest.mark.parametrize("wide", [{"price": 2**256}, {"amount": 2**256}])
def test_a_number_that_is_too_wide_was_never_committed_to(wide):
    assert not is_revealed(bytes(32), 2, BID._replace(**wide), SALT)
    widest = BID._replace(price=2**256 - 1, amount=2**256 - 1)
    assert is_revealed(commitment(2, widest, SALT), 2, widest, SALT)
