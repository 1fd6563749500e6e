"""A world of chance: an engine, a seeded hand that does plausible and implausible things to it, and an audit after each event.

After every event the engine's invariants and a ledger of its own are checked. Now and then a snapshot is restored and must be
the state, do with the next event what the first engine does, and go on in its place; and where an event was refused
and nothing else happened, every byte of the state must be what it was.
"""

import random
from collections import Counter
from collections.abc import Callable
from typing import ClassVar

from tests.deployments import changes, named
from tests.simulation.own_ledger import OwnLedger, must

from seawall.engine.engine import Engine
from seawall.engine.state import State
from seawall.fixed import RAY, WAD
from seawall.ledger.event import (
    AuctionEndsRequested,
    AuctionRequest,
    AuctionResetsRequested,
    AuctionsRequested,
    Bid,
    BidsReported,
    BlockObserved,
    CategoryChanged,
    DeploymentOpened,
    Event,
    Fill,
    FillsReported,
    FundChanged,
    OffersContinued,
    OperatorDecided,
    OracleRound,
    PositionsChanged,
    PriceObserved,
    PriceRuledInvalid,
    RiskParametersChanged,
    SizeProposed,
)
from seawall.ledger.market import RiskParameters
from seawall.ledger.order import CancelOrder, HaltMarket, Liquidate, Order, ResumeMarket, singly
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.protocol import Protocol

HOUR = 3_600_000
ROLES = tuple(named(f"account {nth}") for nth in range(8))
REFUSALS = {"RefuseEvent", "RefuseFill", "RefuseBid", "RefuseAuction"}
Verb = Callable[[], Event]


class RandomWorld:
    """One deployment under a hand of chance; `seen` counts the kinds of orders and of refusals."""

    mechanism: ClassVar[str] = ""
    prices_at_start: ClassVar[tuple[int, ...]] = ()
    odd_prices: ClassVar[tuple[int, ...]] = (0, -1, 1, 10**36)

    def __init__(self, seed: int, seen: Counter[str]) -> None:
        self.dice, self.seen = random.Random(seed), seen
        self.protocol = self.choose_protocol()
        self.opened = self.opening()
        self.at = self.opened.at
        self.prices = list(self.prices_at_start)
        self.engine = self._engine()
        self.engine.apply(self.opened)
        self.twin: Engine | None = None
        self.moved_breaker = False
        self.ledger = OwnLedger(self.opened, self.protocol, self.state)
        self.open: dict[bytes, Liquidate] = {}
        self.past: list[Liquidate] = []
        verbs = self.verbs()
        self._verbs, self._weights = [verb for _, verb in verbs], [weight for weight, _ in verbs]
        self.tell(self._rounds(range(len(self.prices))))

    # -- what a mechanism says of itself -----------------------------------------------------------------------------

    def choose_protocol(self) -> Protocol:
        """Return the protocol of this world."""
        raise NotImplementedError

    def opening(self) -> DeploymentOpened:
        """Return the first event."""
        raise NotImplementedError

    def deal(self) -> Event:
        """Return an owner's change of positions."""
        raise NotImplementedError

    def verbs(self) -> list[tuple[int, Verb]]:
        """Return what may happen, with weights."""
        return [
            (30, self.price), (25, self.deal), (30, self.fill), (10, self.wait), (2, self.decide), (2, self.govern),
            (2, self.categorise), (3, self.feed), (4, self.rule), (3, self.malformed), (2, self.go_on), (2, self.auction),
            (2, self.bid), (1, self.reset), (1, self.end), (6, self.propose),
        ]  # fmt: skip

    # -- telling and auditing ----------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """The engine's state."""
        return self.engine.state

    def _engine(self) -> Engine:
        return Engine(
            lambda _: self.protocol,
            FullRecompute,
            check_every=1,
            signature_is_valid=lambda event: event.signature == "signed",
        )

    def step(self) -> int:
        """Let one thing happen; return how many events that were."""
        (verb,) = self.dice.choices(self._verbs, self._weights)
        event = verb()
        is_early = not self.ledger.is_exact and event.at > self.state.deployment.at
        if is_early:
            self.tell(BlockObserved(event.at, self.state.block_number + 1))
        self.tell(event)
        return 1 + is_early

    def tell(self, event: Event) -> tuple[Order, ...]:
        """Let the engine take an event, and audit what comes of it."""
        kept = self.state.canonical_bytes() if self.dice.random() < 1 / 64 else None
        # What the last event did to breakers is noted with this one, whatever it asks for.
        is_settled = event.at == self.state.deployment.at and not self.moved_breaker
        said = self.engine.apply(event)
        orders = list(singly(said))
        self._compare_twin(event, said)
        for order in orders:
            kind = type(order).__name__
            self.seen[kind] += 1
            if kind in REFUSALS or kind == "DeclineAccount":
                self.seen[f"{kind} {order.reason.value}"] += 1
            if isinstance(order, Liquidate):
                self.open[order.account] = order
                self.past = [*self.past[-9:], order]
            elif isinstance(order, CancelOrder):
                self.open.pop(order.account, None)
        self.moved_breaker = any(isinstance(order, HaltMarket | ResumeMarket) for order in orders)
        self.ledger.hear(event, orders, self.state)
        if kept is not None:
            self._snapshot(
                kept, has_refused_all=bool(orders) and is_settled and {type(o).__name__ for o in orders} <= REFUSALS
            )
        return said

    def _compare_twin(self, event: Event, said: tuple[Order, ...]) -> None:
        if self.twin is not None:
            must(self.twin.apply(event) == said, "a restored engine says something else", event)
            must(self.twin.state.canonical_bytes() == self.state.canonical_bytes(), "a restored engine differs", event)
            self.engine, self.twin = self.twin, None

    def _snapshot(self, before: bytes, *, has_refused_all: bool) -> None:
        state = self.state
        if has_refused_all:
            state.event_count -= 1
            must(state.canonical_bytes() == before, "a refusal changed the state")
            state.event_count += 1
        data = state.canonical_bytes()
        restored = State.restored(data)
        must(restored.canonical_bytes() == data, "a restored snapshot differs")
        self.twin = self._engine()
        self.twin.restore(restored)

    # -- what may happen to any deployment ---------------------------------------------------------------------------

    def odd(self, likely: int) -> int:
        """Return a number: the likely one, one beside it, a part of it, or nonsense."""
        dice = self.dice
        if dice.random() < 0.4:
            return likely
        wide = (likely - 1, likely + 1, 2 * likely, 0, 1, -1, -likely, 10**30, 1 << 126)
        return dice.choice(wide) if dice.random() < 0.3 else likely * dice.randrange(1, 100) // 100

    def account(self) -> bytes:
        """Return one of the accounts."""
        return self.dice.choice(ROLES)

    def market(self) -> int:
        """Return a market, seldom one that is none."""
        count = len(self.opened.markets)
        return self.dice.choice((-1, count)) if self.dice.random() < 0.05 else self.dice.randrange(count)

    def asset(self) -> int:
        """Return an asset, seldom one that is none."""
        count = len(self.opened.assets)
        return self.dice.choice((-1, count)) if self.dice.random() < 0.05 else self.dice.randrange(count)

    def price(self) -> Event:
        """Move prices: a little, much, back to where they began, or to nonsense."""
        dice = self.dice
        self.later()
        moved = dice.sample(range(len(self.prices)), dice.randrange(1, len(self.prices) + 1))
        for asset in moved:
            chance = dice.random()
            if chance < 0.6:
                self.prices[asset] = max(1, int(self.prices[asset] * dice.lognormvariate(0, 0.03)))
            elif chance < 0.8:
                self.prices[asset] = max(1, int(self.prices[asset] * dice.uniform(0.4, 1.4)))
            else:
                self.prices[asset] = self.prices_at_start[asset]
        return self._rounds(moved)

    def _rounds(self, assets: "list[int] | range") -> Event:
        dice, rounds = self.dice, []
        for asset in assets:
            price = dice.choice(self.odd_prices) if dice.random() < 0.01 else self.prices[asset]
            seen_at = self.at - dice.choice((1, HOUR, -HOUR)) if dice.random() < 0.03 else self.at
            source = 1 if dice.random() < 0.05 else 0
            rounds.append(OracleRound(asset, price, seen_at, source))
        if dice.random() < 0.3:
            return BlockObserved(self.at, self.state.block_number + 1, tuple(rounds))
        return PriceObserved(self.at, tuple(rounds))

    def later(self) -> None:
        """Let some time pass, or none."""
        self.at += self.dice.choice((0, 0, 1, 999, 12_000, 90_000, 600_000))

    def wait(self) -> Event:
        """Let much time pass."""
        self.at += self.dice.choice((1_000, 60_000, 600_000, HOUR - 1, HOUR, 30 * HOUR))
        return BlockObserved(self.at, self.state.block_number + 1)

    def some_order(self) -> Liquidate | None:
        """Return an open order, or seldom one that was."""
        if self.open and self.dice.random() < 0.9:
            return self.dice.choice(list(self.open.values()))
        return self.dice.choice(self.past) if self.past else None

    def fill(self) -> Event:
        """Fill orders in whole, in part, too much, twice, or for what is none."""
        fills = []
        for _ in range(self.dice.choice((1, 1, 1, 2, 3))):
            order = self.some_order()
            if order is None:
                return self.price()
            chance = self.dice.random
            fills.append(
                Fill(
                    order.order_id + (chance() < 0.02),
                    self.dice.randrange(40),
                    self.account() if chance() < 0.02 else order.account,
                    7,
                    self.market() if chance() < 0.1 else order.debt_market,
                    self.market() if chance() < 0.1 else order.collateral_market,
                    self.odd(order.repay_amount_max),
                )
            )
        return FillsReported(self.at, tuple(fills))

    def propose(self) -> Event:
        """Propose the size of an order."""
        order = self.some_order()
        if order is None:
            return self.price()
        chance = self.dice.random
        return SizeProposed(
            self.at,
            self.account() if chance() < 0.05 else order.account,
            self.market() if chance() < 0.1 else order.debt_market,
            self.market() if chance() < 0.1 else order.collateral_market,
            self.odd(order.repay_amount_max),
        )

    def signature(self) -> tuple[str, str]:
        """Return an operator and a signature, seldom wrong ones."""
        dice = self.dice
        return ("stranger" if dice.random() < 0.1 else "operator"), ("forged" if dice.random() < 0.1 else "signed")

    def decide(self) -> Event:
        """Move a breaker by hand; most often back to normal."""
        operator, signature = self.signature()
        level = self.dice.choice((0, 0, 0, 0, 1, 2, 3, 4, -1))
        return OperatorDecided(self.at, operator, self.market(), level, signature)

    def govern(self) -> Event:
        """Change risk parameters, to something like they are or to nonsense."""
        market = self.market()
        listed = self.opened.markets[market] if 0 <= market < len(self.opened.markets) else self.opened.markets[0]
        kept = listed.parameters
        odd = [self.odd(number) if self.dice.random() < 0.2 else number for number in (
            kept.max_loan_to_value_ratio, kept.liquidation_threshold_ratio, kept.liquidation_bonus_ratio,
            kept.liquidation_fee_ratio, kept.close_factor_ratio,
        )]  # fmt: skip
        return RiskParametersChanged(self.at, market, RiskParameters(*odd), self.dice.choice((0, 0, 0, 1)))

    def categorise(self) -> Event:
        """Put an account into a category."""
        account = b"short" if self.dice.random() < 0.1 else self.account()
        return CategoryChanged(self.at, account, self.dice.choice((0, 0, 1, 2, 255, 256, -1)))

    def feed(self) -> Event:
        """Feed a fund or take something out."""
        names = [buffer.name for buffer in self.opened.policy.buffers] + ["nobody"]
        asset = self.asset()
        unit = self.opened.assets[asset].unit if 0 <= asset < len(self.opened.assets) else 1
        amount = self.odd(self.dice.randrange(10_000) * unit)
        return FundChanged(self.at, self.dice.choice(names), asset, -amount if self.dice.random() < 0.3 else amount)

    def rule(self) -> Event:
        """Rule a price invalid."""
        operator, signature = self.signature()
        names = [buffer.name for buffer in self.opened.policy.buffers] + ["nobody"]
        start = self.at - self.dice.choice((1, 60_000, HOUR - 1, HOUR - 1, 40 * HOUR))
        until = self.at - self.dice.choice((0, 0, 0, 1, HOUR, -1))
        fund, paid_asset = self.dice.choice(names), self.asset()
        held = [(name, asset) for name, amounts in self.state.buffers for asset, amount in amounts.items() if amount]
        if held and self.dice.random() < 0.7:
            fund, paid_asset = self.dice.choice(held)
        return PriceRuledInvalid(self.at, operator, self.asset(), start, until, fund, paid_asset, signature)

    def malformed(self) -> Event:
        """Change positions in a way that fits no book."""
        dice, slot_count = self.dice, 2 * len(self.opened.markets)
        rows = [
            (self.account(), dice.randrange(slot_count + 1), dice.choice((0, 1, -1, -(10**9), 1 << 126, -(1 << 126))))
            for _ in range(dice.randrange(1, 4))
        ]
        event = changes(self.at, *rows)
        match dice.randrange(4):
            case 0:
                return PositionsChanged(self.at, event.accounts[1:], event.slots, event.deltas)
            case 1:
                return PositionsChanged(self.at, event.accounts, event.slots, event.deltas + b"\0")
            case 2:
                return PositionsChanged(self.at, event.accounts, event.slots, event.deltas, b"\0")
            case _:
                return event

    def go_on(self) -> Event:
        """Ask for offers that wait."""
        return OffersContinued(self.at, self.dice.choice((0, 1, 2)))

    # -- auctions, which a deployment may have none of ---------------------------------------------------------------

    def auction(self) -> Event:
        """Ask for auctions."""
        order = self.some_order()
        if order is None:
            return self.price()
        account = self.account() if self.dice.random() < 0.02 else order.account
        return AuctionsRequested(self.at, (AuctionRequest(order.order_id, account, self.dice.choice((7, 8))),))

    def auction_id(self) -> int:
        """Return the id of an auction that runs, most often."""
        running = list(self.ledger.auctions)
        return self.dice.choice(running) if running and self.dice.random() < 0.95 else self.dice.randrange(-1, 9)

    def bid(self) -> Event:
        """Bid for a part or all of a lot, at any price or for any sum."""
        bids = []
        for _ in range(self.dice.choice((1, 1, 2, 3))):
            auction_id = self.auction_id()
            auction = self.state.deployment.auctions.get(auction_id)
            lot, due, start = (
                (auction.lot_balance, auction.due_ray, auction.start_price_ray) if auction else (WAD, RAY * WAD, RAY)
            )
            standing = auction.bids[-1].pay_ray if auction and auction.bids else due // 2
            price = 10**60 if self.dice.random() < 0.6 else self.odd(max(start, due // max(lot, 1)))
            pay = self.dice.choice(
                (due, standing, standing + standing // 20 + 1, standing + standing // 10, self.odd(due))
            )
            share = lot if self.dice.random() < 0.5 else self.odd(lot)
            bids.append(Bid(auction_id, self.dice.randrange(500), self.dice.choice((7, 8)), share, price, pay))
        return BidsReported(self.at, tuple(bids))

    def reset(self) -> Event:
        """Ask that an auction start again."""
        return AuctionResetsRequested(self.at, 7, (self.auction_id(),))

    def end(self) -> Event:
        """Ask that an auction end."""
        return AuctionEndsRequested(self.at, (self.auction_id(),))
