"""A deployment that sells by auction behind a real engine, and a hand that asks for auctions and bids in one line each.

Two markets, ether and bitcoin against dai, with the numbers of the contract's vectors: a vault is closed below 145 %, the
penalty is 13 %, dai is worth one. A `House` keeps the clock and checks every invariant after every event.
"""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace
from tests.deployments import Hand, changes

from seawall.engine.engine import Engine
from seawall.fixed import RAY, WAD
from seawall.ledger.account import MARKET_WIDTH
from seawall.ledger.asset import Asset
from seawall.ledger.auction import Auction
from seawall.ledger.deployment import OracleRule, Policy
from seawall.ledger.event import (
    AuctionEndsRequested,
    AuctionRequest,
    AuctionResetsRequested,
    AuctionsRequested,
    Bid,
    BidsReported,
    DeploymentOpened,
    OperatorDecided,
    OracleRound,
    PriceObserved,
)
from seawall.ledger.market import COLLATERAL, DEBT, Market, MarketState, RiskParameters, slot_of
from seawall.ledger.order import Liquidate, Order, StartAuction, singly
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named
from seawall.protocols.dutch_sale import DutchSale
from seawall.protocols.english_sale import EnglishSale
from seawall.protocols.maker import MAKER, Maker
from seawall.protocols.protocol import Protocol

RAD = 10**45
START = 1_700_000_000_000
ETHER, BITCOIN = 0, 1
ETH, BTC, DAI = range(3)
ASSETS = (Asset("ETH", 18), Asset("BTC", 8), Asset("DAI", 18))
VAULT = RiskParameters(WAD * 100 // 145, WAD * 100 // 145, 0, 13 * WAD // 100)
MARKETS = (Market("ETH/DAI", ETH, DAI, VAULT), Market("BTC/DAI", BTC, DAI, VAULT))
RATE = 1050000000000000000000000001
INK, ART = 10 * WAD, 14_000 * WAD
KEEPER, OTHER = 7, 8


def vault(name: str, market: int = ETHER) -> bytes:
    """Return the account of a vault."""
    return name.encode().ljust(20, b"\0") + market.to_bytes(MARKET_WIDTH, "big")


OWNER = vault("owner")


def dutch(**changed: Any) -> Maker:
    """Return Maker's Dutch version with some of its numbers changed; a start of 1.1 as in the vectors."""
    sale = MAKER[1].sale
    assert isinstance(sale, DutchSale)
    return Maker("2.0", MAKER[1].proof, DutchSale(replace(sale.rule, **{"start_ratio": 11 * WAD // 10, **changed})))


def english(**changed: Any) -> Maker:
    """Return Maker's English version with some of its numbers changed."""
    sale = MAKER[0].sale
    assert isinstance(sale, EnglishSale)
    return Maker("1.2", MAKER[0].proof, EnglishSale(replace(sale.rule, **changed)))


class House(Hand):
    """A hand on vaults that are sold by auction."""

    def __init__(
        self,
        protocol: Protocol | None = None,
        *,
        markets: tuple[Market, ...] = MARKETS,
        policy: Policy | None = None,
        oracle_rule: OracleRule | None = None,
        debt_index: int = RAY,
        account_width: int = 20 + MARKET_WIDTH,
        assets: tuple[Asset, ...] = ASSETS,
    ) -> None:
        rule = protocol or dutch()
        super().__init__(
            Engine(
                lambda label: rule if label == rule.label else protocol_named(label),
                FullRecompute,
                check_every=1,
                signature_is_valid=lambda _: True,
            )
        )
        self.opened = DeploymentOpened(
            at=START,
            protocol=rule.label,
            account_width=account_width,
            assets=assets,
            markets=markets,
            market_states=tuple(MarketState(accrued_at=START, debt_index=debt_index) for _ in markets),
            oracle_rules=(oracle_rule or OracleRule(),) * len(assets),
            policy=policy or Policy(),
            operators=("operator",),
        )
        self.bid_count = 0
        self.tell(self.opened)

    def wait(self, seconds: int) -> None:
        """Move the clock; the engine hears of it with the next event."""
        self.at += seconds * 1_000

    def price(self, *, source: int = 0, **prices: int) -> tuple[Order, ...]:
        """Observe prices in whole dai by symbol."""
        index_of = {asset.symbol: nth for nth, asset in enumerate(ASSETS)}
        rounds = (OracleRound(index_of[symbol], price * WAD, self.at, source) for symbol, price in prices.items())
        return self.tell(PriceObserved(self.at, tuple(rounds)))

    def give(self, account: bytes, ink: int = INK, art: int = ART, market: int = ETHER) -> tuple[Order, ...]:
        """Let an account hold and owe, in stored units."""
        return self.tell(
            changes(self.at, (account, slot_of(market, COLLATERAL), ink), (account, slot_of(market, DEBT), art))
        )

    def start(self, *orders: Liquidate, keeper: int = KEEPER, **changed: Any) -> tuple[Order, ...]:
        """Ask for the auctions of open orders."""
        fields = [{"order_id": o.order_id, "account": o.account, "keeper": keeper, **changed} for o in orders]
        return self.tell(AuctionsRequested(self.at, tuple(AuctionRequest(**each) for each in fields)))

    def bid_of(self, auction_id: int, lot_balance: int, keeper: int = KEEPER, **offered: int) -> Bid:
        """Return a bid with an id of its own, for any price unless told."""
        self.bid_count += 1
        return Bid(auction_id, offered.pop("bid_id", self.bid_count), keeper, lot_balance, **offered)

    def bid(self, auction_id: int, lot_balance: int, keeper: int = KEEPER, **offered: int) -> tuple[Order, ...]:
        """Report one bid; a Dutch one at any price unless told."""
        offered = offered if offered.keys() & {"price_ray", "pay_ray"} else {**offered, "price_ray": 10**60}
        return self.tell(BidsReported(self.at, (self.bid_of(auction_id, lot_balance, keeper, **offered),)))

    def bids(self, bids: Sequence[Bid]) -> tuple[Order, ...]:
        """Report bids together."""
        return self.tell(BidsReported(self.at, tuple(bids)))

    def reset(self, *auction_ids: int, keeper: int = KEEPER) -> tuple[Order, ...]:
        """Ask that auctions start again."""
        return self.tell(AuctionResetsRequested(self.at, keeper, auction_ids))

    def end(self, *auction_ids: int) -> tuple[Order, ...]:
        """Ask that auctions end."""
        return self.tell(AuctionEndsRequested(self.at, auction_ids))

    def decide(self, market: int, level: int) -> tuple[Order, ...]:
        """Set a market's breaker as an operator."""
        return self.tell(OperatorDecided(self.at, "operator", market, level, "signed"))

    def auction(self, auction_id: int = 1) -> Auction:
        """Return a running auction."""
        auction = self.state.deployment.auctions.get(auction_id)
        assert auction is not None, auction_id
        return auction

    def balance(self, account: bytes, side: int, market: int = ETHER) -> int:
        """Return an account's stored balance."""
        book = self.state.deployment.book
        return book.balance(book.row_of(account), slot_of(market, side))


def offers_in(orders: tuple[Order, ...]) -> list[Liquidate]:
    """Return the offers among orders."""
    return [order for order in singly(orders) if isinstance(order, Liquidate)]


def offered(protocol: Protocol | None = None, ink: int = INK, art: int = ART, **given: Any) -> tuple[House, Liquidate]:
    """Return a house with one vault that has just fallen below its line, at 2,000, and its open order."""
    house = House(protocol, debt_index=given.pop("debt_index", RATE), **given)
    house.price(ETH=2_200, BTC=40_000, DAI=1)
    assert house.give(OWNER, ink, art) == ()
    (order,) = offers_in(house.price(ETH=2_000))
    return house, order


def started(protocol: Protocol | None = None, **given: Any) -> tuple[House, StartAuction]:
    """Return a house with the auction of that vault."""
    house, order = offered(protocol, **given)
    start = house.start(order)[0]
    assert isinstance(start, StartAuction), start
    return house, start
