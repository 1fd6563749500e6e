"""A deployment: a protocol version on a chain, or an exchange; what one engine keeps.

`Deployment` holds what a protocol's rule reads and what its settlement writes: the book, the markets with
their states, the mark prices and the time. It has no rule of its own.
"""

import msgspec

from seawall.ledger.asset import Asset
from seawall.ledger.auction import Auctions
from seawall.ledger.backstop import Backstop, Redistribution
from seawall.ledger.book import Book
from seawall.ledger.deleveraging import DeleveragingPolicy
from seawall.ledger.market import Market, MarketState
from seawall.units import Amount, Milliseconds, Price, Ratio, Value


class MarkRule(msgspec.Struct, frozen=True):
    """How a contract's mark price is made of its index and its book: the sources 0 index, 1 best bid, 2 best ask, 3 last price.

    The time constant of the basis, the band around the index (zero: none), and the period of funding.
    """

    basis_time_ms: Milliseconds
    band_ratio: Ratio
    funding_period_ms: Milliseconds


class OracleRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """When an observed price is not to be trusted; a limit of zero is no limit.

    `price_age_ms_max` is the age past which a price is stale, `divergence_ratio_max` the largest gap between two
    fresh sources, `step_ratio_max` the largest change from one round to the next, `price_min` and `price_max` the
    bounds outside which a price contradicts what is known of the asset. With `mark`, the price of source 0 is an index.
    """

    price_age_ms_max: Milliseconds = 0
    divergence_ratio_max: Ratio = 0
    step_ratio_max: Ratio = 0
    price_min: Price = 0
    price_max: Price = 0
    mark: MarkRule | None = None


class Buffer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A buffer of the loss waterfall: its name, what it holds of each asset (asset index, amount), its share of every fee."""

    name: str
    amounts: tuple[tuple[int, Amount], ...]
    fee_ratio: Ratio = 0


class Absorber(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of the loss waterfall: who pays, alone or together, for which markets and within which budget.

    `names` are buffers, or one of `auto_deleveraging` and `socialized_loss`. Several pay by `share_ratios`, WAD, which add
    up to one, or without them pro rata to what they hold. `markets` are those whose bad debt it pays, all if empty.
    It pays at most `budget_value`, WAD, in any `window_ms`; zero is no limit.
    """

    names: tuple[str, ...]
    share_ratios: tuple[Ratio, ...] = ()
    markets: tuple[int, ...] = ()
    budget_value: Value = 0
    window_ms: Milliseconds = 0


class WithdrawalLimit(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much may leave a market in any `window_ms`: a share of what is there, WAD, or a value, WAD, whichever is more."""

    window_ms: Milliseconds
    ratio: Ratio = 0
    least_value: Value = 0


class WithdrawalRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """When withdrawals close and open again.

    They close when more than `closing_value` of bad debt is uncovered, or after an outage longer than `outage_ms_max` (0: no
    outage closes them), and open when no more than `opening_value` was uncovered for `reopen_ms`.
    """

    closing_value: Value = 0
    opening_value: Value = 0
    outage_ms_max: Milliseconds = 0
    reopen_ms: Milliseconds = 0
    limits: tuple[WithdrawalLimit, ...] = ()


class Policy(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the deployment decides for itself, beside the protocol's own rule.

    Orders live `order_lifetime_ms`; every `review_ms` an account below the line is looked at for an order that has
    expired and, where the protocol's rule is by value, for debt that has become unrecoverable. `priority_stress_ratio` is the further fall of all collateral under which the
    expected loss, an order's priority, is taken. `buffers` are drawn in the order of
    `absorbers`; without absorbers in their own before lenders pay, and no ledger of losses is kept. Fees go to buffers by
    their shares, or without any share to `fee_reserve`. For `restitution_window_ms` it is remembered what each settlement took
    from its account, in case its price is ruled invalid (0: it is not).
    `withdrawals` says when they are closed and how fast they may be (None: always open). `deleveraging` counts where
    `auto_deleveraging` is among the absorbers (None: as its defaults say).
    At most `offers_per_event_max` accounts, the worst, begin their time below the line in one event; the others wait
    for the next one (0: all begin at once). Accounts whose health factor falls below `warning_health_ratio`, which is
    above one, are warned (0: nobody is). Where it `accepts_proposals`, a `SizeProposed` that the rule allows narrows an order.
    `breaker_loss_value_max` is the bad debt, WAD, within `breaker_window_ms` that halts liquidation (0: never).
    """

    order_lifetime_ms: Milliseconds = 86_400_000
    review_ms: Milliseconds = 600_000
    priority_stress_ratio: Ratio = 10**17
    buffers: tuple[Buffer, ...] = ()
    offers_per_event_max: int = 0
    warning_health_ratio: Ratio = 0
    breaker_loss_value_max: Value = 0
    breaker_window_ms: Milliseconds = 3_600_000
    breaker_cooldown_ms: Milliseconds = 3_600_000
    grace_period_ms: Milliseconds = 0
    absorbers: tuple[Absorber, ...] = ()
    restitution_window_ms: Milliseconds = 0
    withdrawals: WithdrawalRule | None = None
    accepts_proposals: bool = False
    deleveraging: DeleveragingPolicy | None = None


class BlockClose(msgspec.Struct, frozen=True):
    """What was closed of one account in this block, where a protocol limits it: notional, insurance paid, markets; quote units."""

    notional_amount: Amount = 0
    insurance_amount: Amount = 0
    markets: tuple[int, ...] = ()


class Deployment:
    """The state that protocols work on; `prices` holds the mark price of each asset, None while it is unknown.

    `backstops` and `redistributions` are by market; `surplus_amounts` is collateral that liquidations left over, by account.
    """

    def __init__(
        self,
        assets: tuple[Asset, ...],
        markets: tuple[Market, ...],
        market_states: tuple[MarketState, ...],
        account_width: int,
    ) -> None:
        self.assets = assets
        self.units = [asset.unit for asset in assets]
        self.markets = list(markets)
        # Copies: settlements write here, and the event that opened the deployment stays what it was.
        self.market_states = [msgspec.structs.replace(state) for state in market_states]
        self.book = Book(account_width, len(markets))
        self.auctions = Auctions(len(markets))
        self.prices: list[Price | None] = [None] * len(assets)
        self.at: Milliseconds = 0
        self.block_closes: dict[bytes, BlockClose] = {}
        self.backstops = [Backstop() for _ in markets]
        self.redistributions = [Redistribution() for _ in markets]
        self.surplus_amounts: dict[bytes, Amount] = {}
        self.liquidation_clock_ms: Milliseconds = 0
        """Time in which accounts could be liquidated, kept where the protocol asks for it."""
        self.clock_starts: dict[int, Milliseconds] = {}
        """By row, that clock when its account fell below the line."""

    def waited_ms(self, row: int) -> Milliseconds:
        """Return for how long an account has waited for its liquidation; zero where nobody counts."""
        return self.liquidation_clock_ms - self.clock_starts.get(row, self.liquidation_clock_ms)

    def supposing(self, book: Book) -> "Deployment":
        """Return this deployment with another book, for reading only: all else is shared."""
        supposed = Deployment.__new__(Deployment)
        supposed.__dict__.update(self.__dict__)
        supposed.book = book
        supposed.clock_starts = {}
        return supposed
