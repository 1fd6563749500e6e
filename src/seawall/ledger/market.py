"""A market: what is lent against what, with its risk parameters, and its totals and indices.

In a pooled protocol a market is one asset (`collateral_asset == debt_asset`); in a protocol of isolated
pairs it is a collateral asset and a debt asset. A position is a balance in a *slot*: a market and a side.
"""

from typing import Final

import msgspec

from seawall.fixed import RAY, WAD
from seawall.units import Amount, Index, Milliseconds, Price, Ratio, Value

COLLATERAL: Final = 0
DEBT: Final = 1
NO_CATEGORY: Final = 0
CATEGORY_MAX: Final = 255


def slot_of(market: int, side: int) -> int:
    """Return the slot of a market and a side."""
    return market * 2 + side


def market_of(slot: int) -> int:
    """Return the market that a slot belongs to."""
    return slot >> 1


def side_of(slot: int) -> int:
    """Return the side of a slot: COLLATERAL or DEBT."""
    return slot & 1


class RiskParameters(msgspec.Struct, frozen=True, omit_defaults=True):
    """The risk parameters of a market in one category, all WAD ratios; `version` counts their changes.

    `liquidation_bonus_ratio` is the keeper's extra collateral as a fraction of the repaid value (0.05, not
    1.05). `liquidation_fee_ratio` is the protocol's cut as the protocol defines it (of the bonus in Aave, of
    the seized collateral in Compound). `close_factor_ratio` is read only by protocols that keep it a market's.
    """

    max_loan_to_value_ratio: Ratio
    liquidation_threshold_ratio: Ratio
    liquidation_bonus_ratio: Ratio
    liquidation_fee_ratio: Ratio = 0
    close_factor_ratio: Ratio = 0
    version: int = 1

    @property
    def are_shares(self) -> bool:
        """Return whether no ratio is negative, and none that is a share of something is more than all of it."""
        shares = (
            self.max_loan_to_value_ratio,
            self.liquidation_threshold_ratio,
            self.liquidation_fee_ratio,
            self.close_factor_ratio,
        )
        return self.liquidation_bonus_ratio >= 0 and min(shares) >= 0 and max(shares) <= WAD


class MarginTier(msgspec.Struct, frozen=True, omit_defaults=True):
    """Margins, WAD, of what a position's notional value exceeds `floor_value` by, up to the next tier's floor.

    `initial_ratio` is the margin of opening; zero, it is the maintenance ratio.
    """

    floor_value: Value
    maintenance_ratio: Ratio
    initial_ratio: Ratio = 0


class Market(msgspec.Struct, frozen=True, omit_defaults=True):
    """A market; assets are indices into the deployment's assets.

    `categories` maps an account category (e-mode) to the parameters that replace `parameters` in it; a
    category that is absent leaves them as they are. Rates are RAY a year. A market of perpetual contracts has
    `margin_tiers`; its collateral is a long, its debt a short, and its debt rate is what longs pay to shorts. One that
    `is_isolated` stands in an account without any other: its margin is shared with nothing. A book of contracts has steps of
    price and amount (zero: the least unit); between the bounds of open interest, WAD, the margin of opening rises to one
    (no upper bound: never). A market of cash has what the insurance fund holds when the deployment opens.
    """

    symbol: str
    collateral_asset: int
    debt_asset: int
    parameters: RiskParameters
    categories: dict[int, RiskParameters] = {}
    collateral_rate_ray: int = 0
    debt_rate_ray: int = 0
    fee_ratio: Ratio = 0
    margin_tiers: tuple[MarginTier, ...] = ()
    is_isolated: bool = False
    price_step: Price = 0
    amount_step: Amount = 0
    open_interest_bounds: tuple[Value, Value] = (0, 0)
    insurance_fund_amount: Amount = 0

    def parameters_in(self, category: int) -> RiskParameters:
        """Return the parameters that hold for an account of `category`."""
        return self.categories.get(category, self.parameters)

    @property
    def has_shares(self) -> bool:
        """Return whether the ratios are shares in every category."""
        return all(parameters.are_shares for parameters in (self.parameters, *self.categories.values()))

    def with_parameters(self, category: int, parameters: RiskParameters) -> "Market":
        """Return the market with new parameters in a category, or outside any; categories stand in their order."""
        if category == NO_CATEGORY:
            return msgspec.structs.replace(self, parameters=parameters)
        categories = {**self.categories, category: parameters}
        return msgspec.structs.replace(self, categories=dict(sorted(categories.items())))


class MarketState(msgspec.Struct, omit_defaults=True):
    """What moves in a market between events.

    Indices are RAY and start at one. `supply_amount`, `supply_shares` and `debt_amount` are totals of markets
    that keep shares (the debt shares' total is the book's). `bad_debt_amount` is the debt written off so far;
    `fee_amount` is the protocol's cut so far, in base units of the collateral asset, `surplus_amount` what auctions have
    raised beyond their cost, in base units of the debt asset. `funding_value` is what a whole
    contract's long has paid to its short since the market opened, WAD, less than zero the other way round.
    `insurance_amount` is what the insurance fund of the market holds, in the cash of the deployment.
    """

    collateral_index: Index = RAY
    debt_index: Index = RAY
    accrued_at: Milliseconds = 0
    supply_amount: Amount = 0
    supply_shares: int = 0
    debt_amount: Amount = 0
    bad_debt_amount: Amount = 0
    fee_amount: Amount = 0
    funding_value: Value = 0
    surplus_amount: Amount = 0
    insurance_amount: Amount = 0
