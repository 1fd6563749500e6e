"""What the loop needs from outside, and what the outside may see of the engine.

A live chain and the simulated world implement the same ports, so the loop cannot tell them apart.

Safety rests on one assumption: `Journal.commit` returns only when everything appended before it survives a power
cut. Liveness rests on another: `Outside.next_event` returns in the end.
"""

from collections.abc import Sequence
from typing import Protocol

from seawall.ledger.auction import Auction
from seawall.ledger.event import Event
from seawall.ledger.order import Order
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Health, Limit, Quote
from seawall.units import Amount, Milliseconds, Price


class Journal(Protocol):
    """The ordered record of every event and of the orders that it caused."""

    def append(self, event: Event, orders: tuple[Order, ...]) -> int:
        """Add an event with its orders and return its sequence.

        A journal that already holds that sequence compares instead of writing, and raises ReplayDiverged where
        the record differs: recovery and a first run are one code path.
        """

    def is_due(self) -> bool:
        """Return whether the group of uncommitted events is full, or old enough, to be committed."""

    def commit(self) -> None:
        """Make everything that was appended durable; raises StorageError where the disk refuses."""


class Outside(Protocol):
    """Where events come from and where orders go: a chain or a simulated world."""

    def next_event(self) -> Event | None:
        """Return what happens next, or None when nothing more will."""

    def receive(self, orders: Sequence[Order]) -> None:
        """Take orders that are durable."""


class StateView(Protocol):
    """What anyone can read of a deployment between two events, as a keeper does before it acts."""

    @property
    def at(self) -> Milliseconds:
        """Time of the last event."""

    def price(self, asset: int) -> Price | None:
        """Return the mark price of an asset, or None while it is unknown."""

    def health(self, account: bytes) -> Health | Refusal:
        """Return the account's exact health."""

    def liquidation_limit(self, account: bytes) -> Limit | Refusal:
        """Return the largest liquidation that would be settled now, or why none would."""

    def quote(self, account: bytes, debt_market: int, collateral_market: int, repay_amount: Amount) -> Quote | Refusal:
        """Return the exact amounts of a fill that came now, or why it would be refused."""

    def auction(self, auction_id: int) -> Auction | None:
        """Return a running auction, or None where it is over."""

    def auction_price_ray(self, auction_id: int) -> int | Refusal:
        """Return the price of a stored unit of a lot to whoever bids now, or why nothing can be bought."""
