"""Sealed bid: committed to before anyone can see it, shown afterwards, with a bond for those who do not show.

    commitment = SHA-256(auction id, bidder, bid id, price, amount, salt), each number 32 bytes, big-endian
A bid that is shown in time and matches its commitment is in the batch, and its bond comes back; any other bond is forfeited.
"""

import hashlib
from typing import Final

from seawall.rules.batch_auction import SealedBid

SALT_WIDTH: Final = 32
_NUMBER_WIDTH: Final = 32


def commitment(auction_id: int, bid: SealedBid, salt: bytes) -> bytes:
    """Return the commitment to a bid, 32 bytes; the time of the bid is the deployment's to say, so it is not in it."""
    assert len(salt) == SALT_WIDTH, len(salt)
    numbers = (auction_id, bid.bidder, bid.bid_id, bid.price, bid.amount)
    return hashlib.sha256(b"".join(number.to_bytes(_NUMBER_WIDTH, "big") for number in numbers) + salt).digest()


def is_revealed(committed: bytes, auction_id: int, bid: SealedBid, salt: bytes) -> bool:
    """Return whether a bid and its salt are the ones that were committed to; a number that is too wide never is."""
    is_wide = max(bid.price, bid.amount).bit_length() > 8 * _NUMBER_WIDTH
    return len(salt) == SALT_WIDTH and not is_wide and commitment(auction_id, bid, salt) == committed
