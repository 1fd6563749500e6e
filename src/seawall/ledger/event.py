"""Events: facts that cross the frontier, in the past tense. Everything uncertain comes in as one of these.

`at` is the deployment's time in milliseconds and never goes back. Balances are in the units that the
deployment stores. Bulk events carry their rows as columns of fixed-width little-endian bytes, so that a block
of ten thousand changes is one record. The journal keeps events as JSON, tagged with the class name.
"""

from typing import Final, TypeAlias

import msgspec
import numpy as np

from seawall.fixed import div_down
from seawall.ledger.asset import Asset
from seawall.ledger.composition import Composition
from seawall.ledger.deployment import OracleRule, Policy
from seawall.ledger.market import Market, MarketState, RiskParameters
from seawall.units import Amount, Balance, Milliseconds, Price

SCHEMA: Final = 2
SLOT_WIDTH: Final = 2
BALANCE_WIDTH: Final = 16


class _Event(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    at: Milliseconds


class DeploymentOpened(_Event, frozen=True, tag=True, omit_defaults=True):
    """The first event of every journal: everything that the engine must know before the first account.

    `composition` is the protocol itself where `protocol` is the label of one that a user composed.
    """

    protocol: str
    account_width: int
    assets: tuple[Asset, ...]
    markets: tuple[Market, ...]
    market_states: tuple[MarketState, ...]
    oracle_rules: tuple[OracleRule, ...]
    policy: Policy
    operators: tuple[str, ...] = ()
    description: str = ""
    composition: Composition | None = None


class PositionsChanged(_Event, frozen=True, tag=True, omit_defaults=True):
    """Balances moved by their owners: deposits, loans, withdrawals, repayments, transfers.

    Columns of equal length: `accounts` (the deployment's width), `slots` (2 bytes), `deltas` (16 bytes, two's
    complement). Where a market keeps shares, `amounts` (16 bytes, two's complement) says how much each change moves
    the market's total; elsewhere it is empty.
    """

    accounts: bytes
    slots: bytes
    deltas: bytes
    amounts: bytes = b""

    @property
    def row_count(self) -> int:
        """Number of changes."""
        return div_down(len(self.slots), SLOT_WIDTH)

    def slot_column(self) -> list[int]:
        """Return the slots as integers."""
        slots: list[int] = np.frombuffer(self.slots, "<u2").tolist()
        return slots

    def delta_column(self) -> list[int]:
        """Return the deltas as integers."""
        return _integers(self.deltas)

    def amount_column(self) -> list[Amount]:
        """Return the amounts as integers; empty where no market keeps shares."""
        return _integers(self.amounts)


class BackstopChanged(_Event, frozen=True, tag=True, omit_defaults=True):
    """A backer put capital behind a market, in its debt asset, or took some out (less than zero).

    `account` names the backer and the market, as the accounts of positions in it do.
    """

    account: bytes
    change_amount: Amount


class ClaimsTaken(_Event, frozen=True, tag=True, omit_defaults=True):
    """An account took what it may claim beside its positions: a backer's gains, a borrower's surplus."""

    account: bytes


class CategoryChanged(_Event, frozen=True, tag=True, omit_defaults=True):
    """An account chose another category (e-mode)."""

    account: bytes
    category: int


class OracleRound(msgspec.Struct, frozen=True, omit_defaults=True):
    """One source's publication; `observed_at` is when the source says it saw the price."""

    asset: int
    price: Price
    observed_at: Milliseconds
    source: int = 0


class PriceObserved(_Event, frozen=True, tag=True, omit_defaults=True):
    """Oracle rounds that became known together."""

    rounds: tuple[OracleRound, ...]


class BlockObserved(_Event, frozen=True, tag=True, omit_defaults=True):
    """A block, atomic: its number, its time and the oracle rounds in it."""

    number: int
    rounds: tuple[OracleRound, ...] = ()


class Fill(msgspec.Struct, frozen=True, omit_defaults=True):
    """A keeper's execution of an order: repay `repay_amount` of a debt market, take from a collateral market.

    `fill_id` is unique within the order; a second fill with the same id changes nothing.
    """

    order_id: int
    fill_id: int
    account: bytes
    keeper: int
    debt_market: int
    collateral_market: int
    repay_amount: Amount


class FillsReported(_Event, frozen=True, tag=True, omit_defaults=True):
    """Fills in the order in which they were executed."""

    fills: tuple[Fill, ...]


class AuctionRequest(msgspec.Struct, frozen=True):
    """A keeper asks that the account of an open order be auctioned."""

    order_id: int
    account: bytes
    keeper: int


class AuctionsRequested(_Event, frozen=True, tag=True, omit_defaults=True):
    """Auctions that keepers ask for, in the order in which they asked."""

    requests: tuple[AuctionRequest, ...]


class Bid(msgspec.Struct, frozen=True, omit_defaults=True):
    """A keeper's bid: for how much of the lot, in stored units, and what it offers.

    `price_ray` is the most that it pays for a stored unit, `pay_ray` what it pays for all that it asks, RAY money; which
    one counts, the way of selling says. `bid_id` is unique within the auction; a second one with the same id changes nothing.
    A sealed bid comes twice with one id: first its `commitment`, with its bond as `pay_ray`, then itself with its `salt`.
    """

    auction_id: int
    bid_id: int
    keeper: int
    lot_balance: Balance
    price_ray: int = 0
    pay_ray: int = 0
    commitment: bytes = b""
    salt: bytes = b""


class BidsReported(_Event, frozen=True, tag=True, omit_defaults=True):
    """Bids in the order in which they came."""

    bids: tuple[Bid, ...]


class AuctionResetsRequested(_Event, frozen=True, tag=True, omit_defaults=True):
    """A keeper asks that auctions on which nobody may bid any more start again."""

    keeper: int
    auction_ids: tuple[int, ...]


class AuctionEndsRequested(_Event, frozen=True, tag=True, omit_defaults=True):
    """Somebody asks that auctions whose time is over be settled."""

    auction_ids: tuple[int, ...]


class SizeProposed(_Event, frozen=True, tag=True, omit_defaults=True):
    """A solver outside proposes which part of an account to liquidate next: so much of one debt, out of one collateral."""

    account: bytes
    debt_market: int
    collateral_market: int
    repay_amount: Amount


class OffersContinued(_Event, frozen=True, tag=True, omit_defaults=True):
    """Whoever drives the engine asks for the offers that wait: for at most `offers_max` accounts, 0 for all of them."""

    offers_max: int = 0


class RiskParametersChanged(_Event, frozen=True, tag=True, omit_defaults=True):
    """Governance changed a market's risk parameters in a category (0 is outside any)."""

    market: int
    parameters: RiskParameters
    category: int = 0


class OperatorDecided(_Event, frozen=True, tag=True, omit_defaults=True):
    """A person halted a market (level above 0) or lets it go on (level 0), over their Ed25519 signature."""

    operator: str
    market: int
    level: int
    signature: str


class PriceRuledInvalid(_Event, frozen=True, tag=True, omit_defaults=True):
    """A person ruled, over their signature, that an asset's price was wrong from `from_at` on and before `until_at`.

    Whoever was liquidated by it is paid back from a fund, in one of its assets.
    """

    operator: str
    asset: int
    from_at: Milliseconds
    until_at: Milliseconds
    fund: str
    paid_asset: int
    signature: str


class FundChanged(_Event, frozen=True, tag=True, omit_defaults=True):
    """A buffer of the loss waterfall was fed from outside, or its owners took something out (`delta` below zero)."""

    fund: str
    asset: int
    delta: Amount


def _integers(column: bytes) -> list[int]:
    """Return a column of 16-byte two's complement integers."""
    low = np.frombuffer(column, "<u8")[::2].tolist()
    high = np.frombuffer(column, "<i8")[1::2].tolist()
    return [low_half | high_half << 64 for low_half, high_half in zip(low, high, strict=True)]


Event: TypeAlias = (
    DeploymentOpened
    | PositionsChanged
    | BackstopChanged
    | ClaimsTaken
    | CategoryChanged
    | PriceObserved
    | BlockObserved
    | FillsReported
    | AuctionsRequested
    | BidsReported
    | AuctionResetsRequested
    | AuctionEndsRequested
    | SizeProposed
    | OffersContinued
    | RiskParametersChanged
    | OperatorDecided
    | FundChanged
    | PriceRuledInvalid
)
