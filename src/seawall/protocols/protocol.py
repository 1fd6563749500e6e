"""The small interface that every protocol meets; nothing above this room knows which one it talks to.

A protocol is a value: parameters and pure functions of a `Deployment`. It never keeps state of its own. Only
`accrue`, `settle` and `write_off` change the deployment, and only `engine/` calls them.

The margin of an account is linear in its balances, so a protocol states it in two integers per slot:
the *margin weight* (value that one stored unit adds to the margin) and the *screen slack* (by how much the contract's
own rounding can move its decision away from that linear form). The monitor needs nothing else.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

import msgspec

from seawall.fixed import WAD, div_down, mul_div_down, mul_div_half_up, mul_div_up
from seawall.ledger.composition import Composition
from seawall.ledger.deleveraging import Deleveraging, UncoveredLoss, Winner
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import DEBT, Market, RiskParameters, market_of, side_of
from seawall.ledger.refusal import Refusal
from seawall.ledger.request import OpenOrders
from seawall.protocols.exact_limit import ExactLimit
from seawall.protocols.exact_term import ExactLine, ExactTerm, Sums
from seawall.protocols.sale import Lot, SaleRule
from seawall.rules.margin import HEALTH_FACTOR_MAX
from seawall.rules.margin_tiers import TierLine
from seawall.units import Amount, Balance, Milliseconds, Price, Ratio, Value


class Proof(Enum):
    """How far a protocol version is proven to be what the contract computes."""

    BYTECODE = "bytecode"
    SOURCE_VECTORS = "source vectors"
    DOCUMENTS = "documents"
    OWN = "own rule"


class Health(msgspec.Struct, frozen=True, gc=False):
    """An account's exact health, in the protocol's own arithmetic, restated in WAD without rounding.

    `health_factor_ratio` is the contract's number where it has one; `rules.margin.HEALTH_FACTOR_MAX` at zero debt.
    """

    collateral_value: Value
    weighted_collateral_value: Value
    debt_value: Value
    health_factor_ratio: Ratio
    is_liquidatable: bool


class Limit(msgspec.Struct, frozen=True, gc=False):
    """The largest liquidation that the rule allows now, on the pair that serves the protocol best.

    Offering `repay_amount` is not refused and seizes `seize_amount`; the contract may take a few units less of it.
    """

    debt_market: int
    collateral_market: int
    repay_amount: Amount
    seize_amount: Amount


class BackstopDraw(msgspec.Struct, frozen=True, gc=False):
    """Who pays for a liquidation in the keeper's stead.

    The backstop pays `offset_amount` of debt for `gain_amount` of collateral, other accounts take over what is
    redistributed, and `surplus_amount` of collateral is the borrower's to claim.
    """

    offset_amount: Amount
    gain_amount: Amount
    redistributed_debt_amount: Amount
    redistributed_collateral_amount: Amount
    surplus_amount: Amount


class Quote(msgspec.Struct, frozen=True, gc=False):
    """A liquidation with all its exact amounts; `settle` executes it as it stands.

    `seize_amount` goes to the keeper and does not contain `fee_amount`, the protocol's. The balances are what
    leaves the account in stored units. `clears_collateral` says that, by the contract's own test, nothing is left
    that could pay: it decides on the state before the settlement, so the quote carries its answer to `write_off`.
    `insurance_amount` is what an insurance fund gets of it in cash, less than zero where it pays.
    `draw` is None where the keeper pays; otherwise it repays nothing, and `seize_amount` is its reward.
    """

    row: int
    debt_market: int
    collateral_market: int
    repay_amount: Amount
    seize_amount: Amount
    fee_amount: Amount
    debt_balance: Balance
    collateral_balance: Balance
    liquidation_bonus_ratio: Ratio
    clears_collateral: bool = False
    insurance_amount: Amount = 0
    draw: BackstopDraw | None = None


class BadDebt(msgspec.Struct, frozen=True, gc=False):
    """Debt of one market that was written off an account."""

    debt_market: int
    amount: Amount


class ScreenSlack(msgspec.Struct, frozen=True, gc=False):
    """How far the contract's decision can lie from the linear margin, on either side.

    Safe for certain iff  sum over positions of (balance -/+ units) * weight * (1 -/+ ratio)  >  value, where the
    signs are those that make the account look worst; the mirror image proves an account liquidatable.
    `*_units` are stored units a position, `*_ratio` WAD relative to a side's value, `value` WAD an account.

    The same holds on every line above the one of liquidation, as each part bounds what it is named for: the contract's
    weighted collateral and its debt are each within their units and ratio of the linear ones, both together within
    `value` beyond that, and what the last digit of the health factor rounds is in `debt_ratio`. See `line_weight`.
    """

    collateral_units: Balance
    debt_units: Balance
    collateral_ratio: Ratio
    debt_ratio: Ratio
    value: Value


class Protocol(ABC):
    """One protocol version. `row` is an account's row in the deployment's book."""

    name: str
    version: str
    proof: Proof
    composition: Composition | None = None
    """What a user put together, whose rule this is; None where the catalogue has it."""
    accounts_are_per_market: bool = False
    """An account holds positions in one market only, whose number its bytes carry."""
    needs_fresh_price: bool = False
    """No liquidation and no write-off on a price that is stale or contradictory. How far a price can be trusted is
    the engine's knowledge, so the engine refuses; contracts that act on any price that they can read leave it False."""
    realises_loss_by_value: bool = False
    """The protocol writes off what is unrecoverable whenever it is looked at, not only within a liquidation."""
    balances_move_indices: bool = False
    """A change of balances changes what a stored unit is worth: true where a market keeps shares."""
    sale: SaleRule | None = None
    """How collateral is sold where that is by auction; None where keepers fill orders at a fixed spread."""
    positions_are_signed: bool = False
    """A market's collateral is a long and its debt a short, margined in tiers; without debt too one can be below the line."""
    closes_winners: bool = False
    """Contracts of an insolvent account can be closed against accounts that won what it lost."""
    debt_symbol: str = ""
    """The only asset that can be owed, the protocol's own coin; none where any can be."""
    threshold_ratios: tuple[Ratio, ...] = ()
    """The liquidation thresholds that a market may have, ascending; none where any can be had."""
    fee_is_of_seized: bool = False
    """The liquidation fee is a share of what is seized, not of the bonus in it."""
    withdraws_to_threshold: bool = False
    """Collateral may be taken out down to the line of liquidation; elsewhere the limit of opening holds for that too."""
    has_backstop: bool = False
    """Capital behind each market, and other accounts after it, pay for liquidations; the keeper repays nothing."""
    lets_go_unseen: bool = False
    """The rule can let go whom the linear margin puts far below the line: whoever is below it is asked after every event."""
    clock_gap_ms_max: Milliseconds = 0
    """The rule counts how long an account waits, on a clock that runs for so long at most between two events; 0: it does not."""
    exact_line: ExactLine | None = None
    """Where sums are liquidatable; None where the rule is not of the form that a compiled kernel reads."""
    exact_limit: ExactLimit | None = None
    """How much may be liquidated; None where no compiled kernel knows the rule."""

    @property
    def label(self) -> str:
        """The name by which people choose it: NAME@VERSION."""
        return f"{self.name}@{self.version}"

    def check_markets(self, markets: Sequence[Market]) -> None:
        """Raise ConfigError where a market's parameters are not ones that the protocol can hold."""
        return

    def nearest_parameters(self, parameters: RiskParameters) -> RiskParameters:
        """Return what a market would have here in place of these: rounded, capped or implied as the contract has it."""
        return parameters

    # -- balances and amounts -----------------------------------------------------------------------------

    @abstractmethod
    def accrue(self, deployment: Deployment, to: Milliseconds) -> bool:
        """Move every market's indices and totals to time `to`; return whether any of them moved."""

    @abstractmethod
    def amount_of(self, deployment: Deployment, slot: int, balance: Balance) -> Amount:
        """Return the amount that a stored balance stands for, rounded as the contract shows it."""

    @abstractmethod
    def balance_of(self, deployment: Deployment, slot: int, amount: Amount) -> Balance:
        """Return the balance to store for an amount that is deposited or borrowed, as the contract rounds."""

    # -- what stands beside balances -----------------------------------------------------------------------

    def restake(self, deployment: Deployment, rows: Iterable[int]) -> None:
        """Take note that owners changed the positions of these accounts; nothing, where balances are all there is."""
        return

    def backstop_amount_min(self, deployment: Deployment, market: int) -> Amount:
        """Return what must stay in a market's backstop, where there is one, whoever wants it."""
        raise NotImplementedError(self.label)

    # -- for the monitor ----------------------------------------------------------------------------------

    @abstractmethod
    def margin_weight(self, deployment: Deployment, slot: int, category: int) -> tuple[int, int] | None:
        """Return (numerator, denominator) of the WAD value that one stored unit adds to or takes from the margin.

        Not negative on either side; None where the asset's price is unknown.
        """

    def weight_prices(self, deployment: Deployment) -> list[int | None] | None:
        """Return the price of each market in its weights, None where it is unknown or zero; None where they have no such form.

        The form is a product: that price, the side's index, and a number that only the market's parameters move.
        """
        return None

    def line_weight(
        self, deployment: Deployment, slot: int, category: int, line_ratio: Ratio
    ) -> tuple[int, int] | None:
        """Return the margin weight on the line of a health factor, WAD, at least one.

        The account is below the line while its health factor W / D is below h, hence while W / h - D is negative: what
        collateral weighs is divided by h. Dividing makes the roundings of W smaller and leaves those of D, so the screen
        slack holds on every line; a health factor rounded down is below h exactly where W / D is.
        """
        weight = self.margin_weight(deployment, slot, category)
        if weight is None or line_ratio == WAD or side_of(slot) == DEBT:
            return weight
        return weight[0] * WAD, weight[1] * line_ratio

    def margin_tiers(self, deployment: Deployment, slot: int) -> tuple[TierLine, ...]:
        """Return the tiers of a slot's maintenance margin; none where it has no more than one."""
        return ()

    def tier_weight(
        self, deployment: Deployment, slot: int, category: int, line_ratio: Ratio, tier: int
    ) -> tuple[int, int] | None:
        """Return the weight on a line in a tier, in which the tier's deduction counts as so much cash more."""
        assert tier == 0, tier
        return self.line_weight(deployment, slot, category, line_ratio)

    @abstractmethod
    def screen_slack(self, deployment: Deployment) -> ScreenSlack:
        """Return the slack that holds for every account of the deployment as it stands."""

    # -- for whoever asks what it may do -------------------------------------------------------------------

    def opening_room_value(
        self, deployment: Deployment, row: int, open_orders: Sequence[OpenOrders]
    ) -> Value | Refusal:
        """Return what the account has beyond what opening asks for: collateral at its max loan to value, less its debt.

        Collateral rounds down and debt up, so it can be a unit stricter than a contract. Loans have no open orders.
        """
        weighted = debt_value = 0
        category = deployment.book.category_of(row)
        for slot, balance in deployment.book.positions(row):
            market = deployment.markets[market_of(slot)]
            is_debt = side_of(slot) == DEBT
            asset = market.debt_asset if is_debt else market.collateral_asset
            price = deployment.prices[asset]
            if price is None:
                return Refusal.PRICE_MISSING
            amount = self.amount_of(deployment, slot, balance)
            if is_debt:
                debt_value += mul_div_up(amount, price, deployment.units[asset])
            else:
                value = mul_div_down(amount, price, deployment.units[asset])
                weighted += value * market.parameters_in(category).max_loan_to_value_ratio
        return div_down(weighted, WAD) - debt_value

    def contract_liquidation_price(self, deployment: Deployment, row: int) -> tuple[int, Price | None] | None:
        """Return (market, price) of the contract of most margin and its liquidation price; None without contracts."""
        return None

    def cash_market_of(self, deployment: Deployment) -> int:
        """Return the market in which contracts are settled, where the protocol has contracts."""
        raise NotImplementedError(self.label)

    # -- for the exact kernels, where there is an `exact_line` ---------------------------------------------

    def exact_term(self, deployment: Deployment, slot: int, category: int) -> ExactTerm | None:
        """Return how a stored balance of the slot becomes a value, step by step; None where it does not, or not so."""
        raise NotImplementedError(self.label)

    def health_of(self, sums: Sums) -> Health:
        """Return the health of an account with these sums, as `health` returns it for one in debt."""
        line = self.exact_line
        assert line is not None, self.label
        weighted = div_down(sums.weighted, line.weighted_divisor)
        rounded = mul_div_half_up if line.adds_half_debt else mul_div_down
        factor = div_down(rounded(weighted, WAD, sums.debt), line.health_unit) if sums.debt else HEALTH_FACTOR_MAX
        return Health(
            collateral_value=sums.collateral * line.value_factor,
            weighted_collateral_value=weighted * line.weighted_value_factor,
            debt_value=sums.debt * line.value_factor,
            health_factor_ratio=factor,
            is_liquidatable=factor < WAD,
        )

    # -- the rule -----------------------------------------------------------------------------------------

    def is_at_risk(self, deployment: Deployment, row: int) -> bool:
        """Return whether any prices could bring the account below a line: without debt none can."""
        return any(side_of(slot) == DEBT for slot, _ in deployment.book.positions(row))

    def is_below(self, deployment: Deployment, row: int, line_ratio: Ratio) -> bool:
        """Return whether the health factor is below a line, WAD, at least one; False where it is unknown.

        One is the line of liquidation, where the contract's own decision counts.
        """
        if line_ratio == WAD:
            return self.is_liquidatable(deployment, row)
        health = self.health(deployment, row)
        return isinstance(health, Health) and health.health_factor_ratio < line_ratio

    @abstractmethod
    def health(self, deployment: Deployment, row: int) -> Health | Refusal:
        """Return the account's exact health, or the refusal where a price that it needs is unknown."""

    @abstractmethod
    def is_liquidatable(self, deployment: Deployment, row: int) -> bool:
        """Return the contract's decision; False where a price that it needs is unknown."""

    @abstractmethod
    def liquidation_limit(self, deployment: Deployment, row: int) -> Limit | Refusal:
        """Return the largest liquidation allowed now on the pair of most value, or why there is none."""

    @abstractmethod
    def quote(
        self, deployment: Deployment, row: int, debt_market: int, collateral_market: int, repay_amount: Amount
    ) -> Quote | Refusal:
        """Return the exact amounts of a proposed liquidation, or why the contract would refuse it.

        Where the contract repays less than it is offered (a cap), the quote says so; it never repays more.
        """

    def auction_lot(self, deployment: Deployment, row: int) -> Lot | Refusal:
        """Return what the account would bring to an auction, or why it may not be auctioned."""
        return Refusal.NO_AUCTION

    def lot_price_ray(self, deployment: Deployment, debt_market: int, collateral_market: int) -> int | None:
        """Return the oracle's price of one stored unit of collateral in RAY money of the debt asset, None where unknown."""
        return None

    @abstractmethod
    def settle(self, deployment: Deployment, quote: Quote) -> None:
        """Write a quote made on this very state into the book and the markets."""

    @abstractmethod
    def write_off(self, deployment: Deployment, row: int, settled: Quote | None) -> tuple[BadDebt, ...]:
        """Write off the account's debts if the rule says that they are lost; return what was written off.

        `settled` is the quote that was settled just before, None where there was none: a real contract writes off
        within a liquidation only.
        """

    # -- deleveraging, where the protocol closes winners ------------------------------------------------------

    def insolvent_amount(self, deployment: Deployment, row: int) -> Amount:
        """Return the cash that an account with contracts lacks, rounded up; zero where it has equity or a price is unknown."""
        raise NotImplementedError(self.label)

    def uncovered_loss(self, deployment: Deployment, row: int, slot: int, loss_amount: Amount) -> UncoveredLoss:
        """Return the part of an insolvent account's contract that winners take, and at which price, to pay so much."""
        raise NotImplementedError(self.label)

    def winner(self, deployment: Deployment, row: int, slot: int, entry_prices: Mapping[int, Price]) -> Winner | None:
        """Return an account's contract as one that may be closed, or None where a price is unknown; entry prices are by slot."""
        raise NotImplementedError(self.label)

    def settle_deleveraging(
        self, deployment: Deployment, row: int, slot: int, record: Deleveraging, paid_max: Amount
    ) -> tuple[Amount, ...]:
        """Close the cuts of a record against the account; return what each pays in cash, at most so much in all."""
        raise NotImplementedError(self.label)
