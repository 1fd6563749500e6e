"""Everything the engine knows between two events, and its canonical bytes.

Rows are where an account happens to stand in the book; whatever leaves this room (orders, hashes, snapshots) names
accounts by their bytes and lists them in order of those bytes. An *episode* is the time that an account
spends below the line; accounts above it leave no trace here.
"""

import hashlib
from typing import Final

import msgspec

from seawall.engine.backstop_record import BackstopRecord, backstop_records, restore_backstops
from seawall.engine.deleveraging_state import DeleveragingRecord, DeleveragingState
from seawall.ledger.auction import Auction
from seawall.ledger.book import ABSENT
from seawall.ledger.deleveraging import DeleveragingPolicy
from seawall.ledger.deployment import BlockClose, Buffer, Deployment, OracleRule, Policy
from seawall.ledger.event import DeploymentOpened, OracleRound
from seawall.ledger.loss_ledger import LossLedger
from seawall.ledger.market import Market, MarketState
from seawall.ledger.refusal import Refusal
from seawall.ledger.restitution import Restitutions
from seawall.rules.circuit_breaker import Breaker, Level
from seawall.rules.loss_waterfall import AUTO_DELEVERAGING, absorbers_of
from seawall.rules.oracle import PriceState
from seawall.rules.withdrawal_gate import Gate, Outflow
from seawall.units import Amount, Milliseconds, Price, Value

NO_ORDER: Final = 0
_LENGTH_WIDTH: Final = 8


PASSING: Final = frozenset(
    {
        Refusal.PRICE_MISSING,
        Refusal.PRICE_STALE,
        Refusal.PRICE_CONTRADICTORY,
        Refusal.MARKET_HALTED,
        Refusal.GRACE_PERIOD,
    }
)
"""Refusals that lie outside the account and end with a price or with a breaker."""


class Episode(msgspec.Struct, gc=False):
    """An account's time below the line: since when, its open order, or why there is none.

    `expires_at` is when the order, or the refusal, is as old as it may be; `look_at` when the account is looked at next.
    """

    since: Milliseconds
    order_id: int = NO_ORDER
    expires_at: Milliseconds = 0
    look_at: Milliseconds = 0
    fill_ids: frozenset[int] = frozenset()
    declined: Refusal | None = None


class Narrowing(msgspec.Struct, frozen=True, array_like=True):
    """The part of an account that a proposal left open to fills: one pair, and how much of the debt is left to repay."""

    debt_market: int
    collateral_market: int
    left_amount: Amount


class Permission(msgspec.Struct, frozen=True):
    """What refusals for a passing reason depend on: every price's state; every breaker's level and whether it is in grace."""

    prices: tuple[PriceState, ...] = ()
    breakers: tuple[tuple[int, bool], ...] = ()


class Basis(msgspec.Struct, frozen=True, array_like=True):
    """The average of a contract's basis, RAY, and when it was sampled last."""

    average_ray: int
    at: Milliseconds


class Loss(msgspec.Struct, frozen=True):
    """Bad debt that was written off at a moment; the circuit breaker counts the recent ones."""

    at: Milliseconds
    market: int
    value: Value


class Withdrawals(msgspec.Struct):
    """The withdrawal gate, what left each market within the longest window, and when the last event came."""

    gate: Gate
    outflows: list[list[Outflow]]
    heard_at: Milliseconds


class State:
    """The engine's state; only the engine's own modules write it."""

    def __init__(self, opened: DeploymentOpened) -> None:
        self.opened = opened
        self.deployment = Deployment(opened.assets, opened.markets, opened.market_states, opened.account_width)
        self.deployment.at = opened.at
        self.policy: Policy = opened.policy
        self.oracle_rules: tuple[OracleRule, ...] = opened.oracle_rules
        self.rounds: list[dict[int, OracleRound]] = [{} for _ in opened.assets]
        self.price_states: list[PriceState] = [PriceState.MISSING] * len(opened.assets)
        self.bases: list[Basis | None] = [None] * len(opened.assets)
        self.all_fresh = [PriceState.FRESH] * len(opened.assets)
        self.aging_assets = [nth for nth, rule in enumerate(opened.oracle_rules) if rule.price_age_ms_max]
        self.markets_of_asset: list[list[int]] = [
            [nth for nth, market in enumerate(opened.markets) if asset in (market.collateral_asset, market.debt_asset)]
            for asset in range(len(opened.assets))
        ]
        self.episodes: dict[int, Episode] = {}
        self.order_rows: dict[int, int] = {}
        self.narrowings: dict[int, Narrowing] = {}  # by order
        self.due: dict[Milliseconds, list[int]] = {}
        self.due_times: list[Milliseconds] = []  # a heap
        self.blocked: set[int] = set()
        self.offers_are_waiting = False
        self.warned: dict[int, Milliseconds] = {}
        self.permission_seen = Permission()
        self.order_count = 0
        self.buffers: list[tuple[str, dict[int, Amount]]] = [(b.name, dict(b.amounts)) for b in opened.policy.buffers]
        self.absorbers = absorbers_of(opened.policy)
        self.loss_ledger = _empty_ledger(opened) if opened.policy.absorbers else None
        closes_winners = any(AUTO_DELEVERAGING in absorber.names for absorber in self.absorbers)
        self.deleveraging = (
            DeleveragingState(opened.policy.deleveraging or DeleveragingPolicy()) if closes_winners else None
        )
        self.restitutions = Restitutions([], []) if opened.policy.restitution_window_ms else None
        self.withdrawals = _open_gate(opened) if opened.policy.withdrawals is not None else None
        self.breakers: list[Breaker] = [Breaker()] * len(opened.markets)
        self.all_at_rest = list(self.breakers)
        self.quiet_permission = Permission(tuple(self.all_fresh), ((Level.NORMAL, False),) * len(opened.markets))
        self.losses: list[Loss] = []
        self.auction_count = 0
        self.suspended_ms: list[Milliseconds] = [0] * len(opened.markets)
        self.block_number = 0
        self.event_count = 0

    def canonical_bytes(self) -> bytes:
        """Return the state as bytes: the same for the same events, on any machine and in any process.

        They are a snapshot too: `restored` makes the same state of them.
        """
        head = _encoder.encode(self._record())
        return len(head).to_bytes(_LENGTH_WIDTH, "little") + head + self.deployment.book.canonical_bytes()

    def digest(self) -> str:
        """Return the state hash: SHA-256 of the canonical bytes, in hexadecimal."""
        return state_hash(self.canonical_bytes())

    @classmethod
    def restored(cls, data: bytes) -> "State":
        """Rebuild the state whose canonical bytes are `data`."""
        end = _LENGTH_WIDTH + int.from_bytes(data[:_LENGTH_WIDTH], "little")
        record = _decoder.decode(data[_LENGTH_WIDTH:end])
        state = cls(record.opened)
        state._restore(record, data[end:])
        return state

    def _record(self) -> "_Record":
        book, deployment = self.deployment.book, self.deployment
        account_at = book.account_at
        return _Record(
            opened=self.opened,
            at=deployment.at,
            markets=tuple(deployment.markets),
            market_states=tuple(deployment.market_states),
            prices=tuple(deployment.prices),
            price_states=tuple(self.price_states),
            rounds=tuple(tuple(sorted(by_source.items())) for by_source in self.rounds),
            episodes=tuple(sorted((account_at(row), _EpisodeRecord.of(e)) for row, e in self.episodes.items())),
            offers_are_waiting=self.offers_are_waiting,
            order_count=self.order_count,
            buffers=tuple(Buffer(name, tuple(sorted(held.items()))) for name, held in self.buffers),
            breakers=tuple(self.breakers),
            permission_seen=self.permission_seen,
            losses=tuple(self.losses),
            block_number=self.block_number,
            event_count=self.event_count,
            balance_totals=tuple(book.balance_totals),
            narrowings=tuple(sorted(self.narrowings.items())),
            warned=tuple(sorted((account_at(row), at) for row, at in self.warned.items())),
            bases=tuple(self.bases) if any(self.bases) else (),
            block_closes=tuple(sorted(deployment.block_closes.items())),
            loss_ledger=self.loss_ledger,
            restitutions=self.restitutions,
            deleveraging=None if self.deleveraging is None else self.deleveraging.record(book),
            withdrawals=self.withdrawals,
            auctions=tuple(
                (auction, tuple(sorted(deployment.auctions.bid_ids(auction.auction_id))))
                for auction in deployment.auctions
            ),
            auction_count=self.auction_count,
            suspended_ms=tuple(self.suspended_ms) if self.auction_count else (),
            backstops=backstop_records(deployment),
            surpluses=tuple(sorted(deployment.surplus_amounts.items())),
            liquidation_clock_ms=deployment.liquidation_clock_ms,
            clock_starts=tuple(sorted((account_at(row), start) for row, start in deployment.clock_starts.items())),
        )

    def _restore(self, record: "_Record", book_bytes: bytes) -> None:
        deployment = self.deployment
        deployment.at = record.at
        deployment.markets = list(record.markets)
        deployment.market_states = list(record.market_states)
        deployment.prices = list(record.prices)
        deployment.block_closes = dict(record.block_closes)
        deployment.book = deployment.book.from_canonical_bytes(
            book_bytes, deployment.book.account_width, len(record.markets)
        )
        restore_backstops(deployment, record.backstops)
        deployment.surplus_amounts = dict(record.surpluses)
        self.price_states = list(record.price_states)
        self.rounds = [dict(by_source) for by_source in record.rounds]
        self.bases = list(record.bases) or self.bases
        for account, episode in record.episodes:
            row = deployment.book.row_of(account)
            self.episodes[row] = episode.to_episode()
            if episode.order_id != NO_ORDER:
                self.order_rows[episode.order_id] = row
            if self.episodes[row].declined in PASSING:
                self.blocked.add(row)
        for row, kept in self.episodes.items():
            self.due.setdefault(kept.look_at, []).append(row)
        self.due_times = sorted(self.due)
        self.narrowings = dict(record.narrowings)
        self.offers_are_waiting = record.offers_are_waiting
        self.warned = {deployment.book.row_of(account): at for account, at in record.warned}
        self.order_count = record.order_count
        for auction, bid_ids in record.auctions:
            deployment.auctions.put(auction)
            # What is not sold returns to an account that may have had nothing else, which the book's bytes pass over.
            if deployment.book.row_of(auction.account) == ABSENT:
                deployment.book.add_account(auction.account)
            deployment.auctions.bid_ids(auction.auction_id).update(bid_ids)
        self.auction_count = record.auction_count
        self.suspended_ms = list(record.suspended_ms) or self.suspended_ms
        self.buffers = [(b.name, dict(b.amounts)) for b in record.buffers]
        self.breakers = list(record.breakers)
        self.permission_seen = record.permission_seen
        self.losses = list(record.losses)
        self.loss_ledger = record.loss_ledger
        self.restitutions = record.restitutions
        if record.deleveraging is not None and self.deleveraging is not None:
            policy = self.deleveraging.policy
            self.deleveraging = DeleveragingState.restored(policy, record.deleveraging, deployment.book)
        self.withdrawals = record.withdrawals
        deployment.liquidation_clock_ms = record.liquidation_clock_ms
        deployment.clock_starts = {deployment.book.row_of(account): start for account, start in record.clock_starts}
        self.block_number = record.block_number
        self.event_count = record.event_count


def _empty_ledger(opened: DeploymentOpened) -> LossLedger:
    policy = opened.policy
    return LossLedger(
        [],
        [[] for _ in opened.markets],
        [[] for _ in policy.absorbers],
        [[0] * len(opened.assets) for _ in policy.buffers],
    )


def _open_gate(opened: DeploymentOpened) -> Withdrawals:
    return Withdrawals(Gate(), [[] for _ in opened.markets], opened.at)


def state_hash(canonical_bytes: bytes) -> str:
    """Return the hash of a state's canonical bytes, in hexadecimal."""
    return hashlib.sha256(canonical_bytes).hexdigest()


class _EpisodeRecord(msgspec.Struct, frozen=True, order=True, array_like=True):
    since: Milliseconds
    order_id: int
    expires_at: Milliseconds
    look_at: Milliseconds
    fill_ids: tuple[int, ...]
    declined: str

    @classmethod
    def of(cls, episode: Episode) -> "_EpisodeRecord":
        declined = "" if episode.declined is None else episode.declined.value
        return cls(
            episode.since,
            episode.order_id,
            episode.expires_at,
            episode.look_at,
            tuple(sorted(episode.fill_ids)),
            declined,
        )

    def to_episode(self) -> Episode:
        declined = Refusal(self.declined) if self.declined else None
        return Episode(self.since, self.order_id, self.expires_at, self.look_at, frozenset(self.fill_ids), declined)


class _Record(msgspec.Struct, frozen=True, omit_defaults=True):
    opened: DeploymentOpened
    at: Milliseconds
    markets: tuple[Market, ...]
    market_states: tuple[MarketState, ...]
    prices: tuple[Price | None, ...]
    price_states: tuple[PriceState, ...]
    rounds: tuple[tuple[tuple[int, OracleRound], ...], ...]
    episodes: tuple[tuple[bytes, _EpisodeRecord], ...]
    offers_are_waiting: bool
    order_count: int
    buffers: tuple[Buffer, ...]
    breakers: tuple[Breaker, ...]
    permission_seen: Permission
    losses: tuple[Loss, ...]
    block_number: int
    event_count: int
    balance_totals: tuple[int, ...]
    warned: tuple[tuple[bytes, Milliseconds], ...] = ()
    block_closes: tuple[tuple[bytes, BlockClose], ...] = ()
    bases: tuple[Basis | None, ...] = ()
    narrowings: tuple[tuple[int, Narrowing], ...] = ()
    loss_ledger: LossLedger | None = None
    restitutions: Restitutions | None = None
    deleveraging: DeleveragingRecord | None = None
    withdrawals: Withdrawals | None = None
    auctions: tuple[tuple[Auction, tuple[int, ...]], ...] = ()
    auction_count: int = 0
    suspended_ms: tuple[Milliseconds, ...] = ()
    backstops: tuple[BackstopRecord, ...] = ()
    surpluses: tuple[tuple[bytes, Amount], ...] = ()
    liquidation_clock_ms: Milliseconds = 0
    clock_starts: tuple[tuple[bytes, Milliseconds], ...] = ()


# Without sorting, which mappings by number do not allow: a market keeps its categories in their order.
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Record)
