"""Seawall with a Dutch auction in place of its fixed spread: the rest of the rule, the line above all, is `seawall`'s.

What is auctioned is the pair that `seawall` would close: its whole collateral, and as much of its debt as that collateral
covers at the oracle's price with the penalty, so that an account's other collateral never pays for one auction's luck.
The penalty is the market's liquidation bonus, the borrower's cost at a fixed spread too; what the auction raises beyond
its cost is the protocol's, and what nobody bought is the account's collateral again. A keeper's reward can never exceed
the penalty, and the clock stands still while bids are stopped, prices contradict each other, or no block comes.
"""

from collections.abc import Sequence
from typing import Final

from seawall.fixed import WAD, mul_div_down
from seawall.ledger.deployment import Deployment
from seawall.ledger.liquidation_rule import LiquidationRule
from seawall.ledger.market import COLLATERAL, DEBT, Market, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.dutch_sale import DutchRule, DutchSale
from seawall.protocols.protocol import Limit, Quote
from seawall.protocols.sale import Lot, SaleRule
from seawall.protocols.seawall import SEAWALL, Seawall
from seawall.protocols.seawall_liquidation import best_pair
from seawall.rules.auction_debt import balance_that_fits
from seawall.rules.dutch_auction import StairstepCurve
from seawall.units import Amount


class SeawallDutch(Seawall):
    """One version: its rule and its sale are data."""

    name = "seawall_dutch"
    sale: SaleRule

    def __init__(self, version: str, rule: LiquidationRule, sale: SaleRule) -> None:
        super().__init__(version, rule)
        self.exact_limit = None
        self.sale = sale

    def check_markets(self, markets: Sequence[Market]) -> None:
        """Refuse what `seawall` refuses, and rewards that an account could earn from its own penalty."""
        super().check_markets(markets)
        self.sale.check_penalties(
            [
                (market.symbol, parameters.liquidation_bonus_ratio)
                for market in markets
                for parameters in (market.parameters, *market.categories.values())
                if parameters.liquidation_threshold_ratio
            ]
        )

    def auction_lot(self, deployment: Deployment, row: int) -> Lot | Refusal:
        """Return the pair of most value, its debt capped at what its collateral covers."""
        sheet = self._sheet(deployment, row)
        if isinstance(sheet, Refusal):
            return sheet
        debt, collateral = best_pair(sheet, self.rule)
        held = collateral.position
        price_ray = self.lot_price_ray(deployment, debt.market, held.market)
        if not price_ray:
            return Refusal.PRICE_MISSING
        category = deployment.book.category_of(row)
        penalty_ratio = deployment.markets[held.market].parameters_in(category).liquidation_bonus_ratio
        covered = balance_that_fits(held.balance * price_ray, debt.interest_index, penalty_ratio)
        if covered == 0:
            return Refusal.BELOW_DUST
        asset = deployment.markets[debt.market].debt_asset
        return Lot(
            account=deployment.book.account_at(row),
            debt_market=debt.market,
            collateral_market=held.market,
            debt_markets=(debt.market,),
            debt_balance=min(debt.balance, covered),
            debt_index=debt.interest_index,
            debt_unit=deployment.units[asset],
            collateral_balance=held.balance,
            price_ray=price_ray,
            penalty_ratio=penalty_ratio,
        )

    def lot_price_ray(self, deployment: Deployment, debt_market: int, collateral_market: int) -> int | None:
        """Return the oracle's price of a stored unit of collateral, as its index stands now."""
        collateral, debt = (deployment.markets[number].debt_asset for number in (collateral_market, debt_market))
        prices, units = deployment.prices, deployment.units
        collateral_price, debt_price = prices[collateral], prices[debt]
        if collateral_price is None or debt_price is None:
            return None
        index = deployment.market_states[collateral_market].collateral_index
        return mul_div_down(collateral_price * units[debt], index, debt_price * units[collateral])

    def liquidation_limit(self, deployment: Deployment, row: int) -> Limit | Refusal:
        """Return what an auction would take, which limits on all auctions may still cut."""
        lot = self.auction_lot(deployment, row)
        if isinstance(lot, Refusal):
            return lot
        return Limit(
            lot.debt_market,
            lot.collateral_market,
            self.amount_of(deployment, slot_of(lot.debt_market, DEBT), lot.debt_balance),
            self.amount_of(deployment, slot_of(lot.collateral_market, COLLATERAL), lot.collateral_balance),
        )

    def quote(
        self, deployment: Deployment, row: int, debt_market: int, collateral_market: int, repay_amount: Amount
    ) -> Quote | Refusal:
        """Refuse: nobody buys at a fixed price."""
        return Refusal.AUCTION_ONLY


SEAWALL_DUTCH: Final = (
    SeawallDutch(
        "1",
        SEAWALL[0].rule,
        DutchSale(
            DutchRule(
                curve=StairstepCurve(step_seconds=30, cut_ray=997 * 10**24),
                start_ratio=WAD + 5 * 10**16,
                seconds_max=3_600,
                spent_share_ray=7 * 10**26,
                debt_value_min=100 * WAD,
                market_due_value_max=20_000_000 * WAD,
                total_due_value_max=20_000_000 * WAD,
                reward_value=5 * 10**17,
                reward_ratio=10**15,
                is_bounded=True,
            ),
            gap_ms_max=300_000,
        ),
    ),
)
"""The versions, oldest first."""
