"""Small deployments behind a real engine, and a hand that says in one line each what happens to them.

Three markets, ETH (18 decimals), USD (6) and BTC (8), for protocols that pool assets; two pairs of the same assets for
those that do not. A `Desk` keeps the clock: `wait` moves it, and each other verb is one event whose orders it returns.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from seawall.engine.engine import Engine, SignatureCheck, no_signature_is_valid
from seawall.engine.state import State
from seawall.fixed import RAY, WAD
from seawall.ledger.account import MARKET_WIDTH
from seawall.ledger.asset import Asset
from seawall.ledger.composition import Composition
from seawall.ledger.deployment import OracleRule, Policy
from seawall.ledger.event import (
    BALANCE_WIDTH,
    SLOT_WIDTH,
    BlockObserved,
    CategoryChanged,
    DeploymentOpened,
    Event,
    Fill,
    FillsReported,
    OperatorDecided,
    OracleRound,
    PositionsChanged,
    PriceObserved,
    RiskParametersChanged,
)
from seawall.ledger.market import COLLATERAL, DEBT, Market, MarketState, RiskParameters, slot_of
from seawall.ledger.order import Liquidate, Order
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import all_protocols, protocol_named
from seawall.protocols.composed import composed_protocol
from seawall.protocols.protocol import Protocol

ETH, USD, BTC = range(3)
ASSETS = (Asset("ETH", 18), Asset("USD", 6), Asset("BTC", 8))
UNITS = tuple(asset.unit for asset in ASSETS)
START = 1_700_000_000_000
HOUR = 3_600_000


def lending_protocols() -> tuple[Protocol, ...]:
    """Return the protocols that lend and keep no contracts: what tests of loans are for."""
    return tuple(protocol for protocol in all_protocols() if not protocol.positions_are_signed)


def ratio(percent: str | int) -> int:
    """Return a percentage as a WAD ratio."""
    return int(Decimal(percent) * WAD) // 100


def risk(threshold: str | int, bonus: str | int, fee: str | int, loan: str | int | None = None) -> RiskParameters:
    """Return risk parameters from percentages; a close factor of one half is read by those that keep one."""
    return RiskParameters(
        ratio(threshold if loan is None else loan), ratio(threshold), ratio(bonus), ratio(fee), ratio(50)
    )


POOLED = (
    Market("ETH", ETH, ETH, risk(80, 5, 10)),
    Market("USD", USD, USD, risk(85, 4, 10)),
    Market("BTC", BTC, BTC, risk(70, 10, 10)),
)
PAIRS = (
    Market("ETH/USD", ETH, USD, RiskParameters(ratio(86), ratio(86), 0)),
    Market("BTC/USD", BTC, USD, RiskParameters(ratio(77), ratio(77), 0)),
)
BRANCHES = tuple(
    Market(symbol, asset, USD, RiskParameters(WAD * 10 // 11, WAD * 10 // 11, ratio(5), ratio(10)))
    for symbol, asset in (("ETH/USD", ETH), ("BTC/USD", BTC))
)
"""Pairs with a pool behind each: a minimum ratio of 110 %, penalties of 5 % and 10 %."""


def named(role: str) -> bytes:
    """Return the account of a role, 20 bytes."""
    return role.encode().ljust(20, b"\0")


BORROWER, WHALE, DUST, LENDER = (named(role) for role in ("borrower", "whale", "dust", "lender"))


def with_rates(markets: tuple[Market, ...], debt_percent: int = 20, collateral_percent: int = 5) -> tuple[Market, ...]:
    """Return the markets with interest."""
    return tuple(
        Market(m.symbol, m.collateral_asset, m.debt_asset, m.parameters, m.categories,
               RAY * collateral_percent // 100, RAY * debt_percent // 100)
        for m in markets
    )  # fmt: skip


def opening(
    protocol: str | Composition = "seawall",
    *,
    markets: tuple[Market, ...] | None = None,
    policy: Policy | None = None,
    oracle_rules: Mapping[int, OracleRule] | None = None,
    operators: tuple[str, ...] = (),
) -> DeploymentOpened:
    """Return the first event of a small deployment."""
    rule = composed_protocol(protocol) if isinstance(protocol, Composition) else protocol_named(protocol)
    is_paired = rule.accounts_are_per_market
    listed = markets or (BRANCHES if rule.has_backstop else PAIRS if is_paired else POOLED)
    rules = oracle_rules or {}
    lent = 10**30 if rule.balances_move_indices else 0
    return DeploymentOpened(
        at=START,
        protocol=rule.label,
        account_width=20 + (MARKET_WIDTH if is_paired else 0),
        assets=ASSETS,
        markets=listed,
        market_states=tuple(MarketState(accrued_at=START, supply_amount=lent, supply_shares=lent) for _ in listed),
        oracle_rules=tuple(rules.get(asset, OracleRule()) for asset in range(len(ASSETS))),
        policy=policy or Policy(),
        operators=operators,
        composition=rule.composition,
    )


def changes(at: int, *rows: tuple[bytes, int, int], amounts: tuple[int, ...] = ()) -> PositionsChanged:
    """Return an event from (account, slot, delta) and, where markets keep shares, what each moves the total by."""
    return PositionsChanged(
        at,
        b"".join(account for account, _, _ in rows),
        b"".join(slot.to_bytes(SLOT_WIDTH, "little") for _, slot, _ in rows),
        b"".join(delta.to_bytes(BALANCE_WIDTH, "little", signed=True) for _, _, delta in rows),
        b"".join(amount.to_bytes(BALANCE_WIDTH, "little", signed=True) for amount in amounts),
    )


def offers_in(orders: tuple[Order, ...]) -> list[Liquidate]:
    """Return the offers to keepers among orders."""
    return [order for order in orders if isinstance(order, Liquidate)]


def checked_engine(check: SignatureCheck = no_signature_is_valid) -> Engine:
    """Return an engine that checks every invariant after each event."""
    return Engine(protocol_named, FullRecompute, check_every=1, signature_is_valid=check)


def engine_of(opened: DeploymentOpened, *, check: SignatureCheck = no_signature_is_valid) -> Engine:
    """Return such an engine that has taken its first event."""
    engine = checked_engine(check)
    assert engine.apply(opened) == ()
    return engine


class Hand:
    """An engine, its clock, and everything that it was told and said."""

    engine: Engine

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.at = START
        self.events: list[Event] = []
        self.said: list[tuple[Order, ...]] = []

    @property
    def state(self) -> State:
        """The engine's state."""
        return self.engine.state

    @property
    def protocol(self) -> Protocol:
        """The engine's protocol."""
        return self.engine.protocol

    def tell(self, event: Event) -> tuple[Order, ...]:
        """Apply any event."""
        orders = self.engine.apply(event)
        self.events.append(event)
        self.said.append(orders)
        return orders

    def block(self) -> tuple[Order, ...]:
        """Observe an empty block."""
        return self.tell(BlockObserved(self.at, self.state.block_number + 1))


class Desk(Hand):
    """A hand on a small lending pool."""

    def __init__(
        self, protocol: str | Composition = "seawall", *, check: SignatureCheck = no_signature_is_valid, **given: Any
    ) -> None:
        super().__init__(checked_engine(check))
        assert self.tell(opening(protocol, **given)) == ()

    def wait(self, duration_ms: int) -> None:
        """Move the clock; the engine hears of it with the next event."""
        self.at += duration_ms

    def price(self, source: int = 0, **prices: float | str) -> tuple[Order, ...]:
        """Observe prices in whole dollars by symbol."""
        index_of = {asset.symbol: nth for nth, asset in enumerate(ASSETS)}
        return self.tell(
            PriceObserved(
                self.at,
                tuple(
                    OracleRound(index_of[symbol], int(Decimal(str(price)) * WAD), self.at, source)
                    for symbol, price in prices.items()
                ),
            )
        )

    def move(
        self,
        account: bytes,
        collateral: Mapping[int, int] | None = None,
        debt: Mapping[int, int] | None = None,
    ) -> tuple[Order, ...]:
        """Move an account's balances by amounts, by market; negative amounts leave it."""
        rows, amounts = [], []
        for side, moved in ((COLLATERAL, collateral or {}), (DEBT, debt or {})):
            for market, amount in moved.items():
                slot = slot_of(market, side)
                balance = self.protocol.balance_of(self.state.deployment, slot, abs(amount))
                rows.append((account, slot, balance if amount > 0 else -balance))
                amounts.append(amount)
        shares = tuple(amounts) if self.protocol.balances_move_indices else ()
        return self.tell(changes(self.at, *rows, amounts=shares))

    def fill(
        self, order: Liquidate, repay_amount: int | None = None, fill_id: int = 0, **changed: Any
    ) -> tuple[Order, ...]:
        """Report one fill of an order, all of it unless told; other fields of the fill as they are given."""
        return self.tell(FillsReported(self.at, (self.fill_of(order, repay_amount, fill_id, **changed),)))

    @staticmethod
    def fill_of(order: Liquidate, repay_amount: int | None = None, fill_id: int = 0, **changed: Any) -> Fill:
        """Return a fill of an order."""
        fields = {
            "order_id": order.order_id,
            "fill_id": fill_id,
            "account": order.account,
            "keeper": 7,
            "debt_market": order.debt_market,
            "collateral_market": order.collateral_market,
            "repay_amount": order.repay_amount_max if repay_amount is None else repay_amount,
        }
        return Fill(**{**fields, **changed})

    def categorise(self, account: bytes, category: int) -> tuple[Order, ...]:
        """Put an account into a category."""
        return self.tell(CategoryChanged(self.at, account, category))

    def govern(self, market: int, parameters: RiskParameters, category: int = 0) -> tuple[Order, ...]:
        """Change a market's risk parameters."""
        return self.tell(RiskParametersChanged(self.at, market, parameters, category))

    def decide(
        self, market: int, level: int, operator: str = "operator", signature: str = "signed"
    ) -> tuple[Order, ...]:
        """Set a market's breaker as an operator."""
        return self.tell(OperatorDecided(self.at, operator, market, level, signature))

    def row(self, account: bytes) -> int:
        """Return an account's row."""
        return self.state.deployment.book.row_of(account)

    def balance(self, account: bytes, market: int, side: int) -> int:
        """Return an account's stored balance."""
        return self.state.deployment.book.balance(self.row(account), slot_of(market, side))


def below_the_line(protocol: str | Composition = "seawall", **given: Any) -> tuple[Desk, Liquidate]:
    """Return a desk with one borrower, 10 ETH against 15,900 USD, just below the line at 1,980, and its open order."""
    desk = Desk(protocol, **given)
    desk.price(ETH=2000, USD=1, BTC=30000)
    assert desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 15_900 * UNITS[USD]}) == ()
    (order,) = offers_in(desk.price(ETH=1980))
    return desk, order
