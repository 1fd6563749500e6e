"""Maker: isolated vaults, closed by auction: one keeper starts it, others buy.

    spot = floor(floor(collateral price / debt price) / mat)        RAY money for a stored unit of collateral
    liquidatable  iff  collateral * spot < debt * rate              exactly, without any division
    rate grows by duty^seconds, every square and product half up, and rounds down

Collateral is stored with 18 decimals whatever its asset has, debt at index one. `mat` is one over the liquidation
threshold, to the basis point, as it is governed. The debt asset's price stands for `par`: a deployment in which it is one
is the contract's. The market's liquidation fee is the penalty, `chop - 1`. What an auction does not raise is
a loss of the loss waterfall as soon as it ends; the contract lets it wait in a queue and pays with its surplus first.
Version 1.2 sells by English auction, 2.0 by Dutch. Source: Vat, Spotter, Jug; Cat and Flipper; Dog, Clipper and Abaci.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from seawall.errors import ConfigError
from seawall.fixed import (
    BPS,
    RAY,
    SECONDS_PER_YEAR,
    WAD,
    div_down,
    div_half_up,
    mul_div_down,
    mul_div_up,
    power_half_up,
)
from seawall.ledger.account import account_market
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, Market, RiskParameters, market_of, side_of, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.dutch_sale import DutchRule, DutchSale
from seawall.protocols.elapsed_time import markets_to_accrue
from seawall.protocols.english_sale import EnglishRule, EnglishSale
from seawall.protocols.protocol import BadDebt, Health, Limit, Proof, Protocol, Quote, ScreenSlack
from seawall.protocols.sale import Lot, SaleRule
from seawall.rules.dutch_auction import StairstepCurve
from seawall.rules.margin import health_factor_ratio
from seawall.units import Amount, Balance, Milliseconds, Ratio, Value

_RAY_PER_BPS: Final = 10**23


def mat_ray(liquidation_threshold_ratio: Ratio) -> int:
    """Return the least collateral value for one of debt, RAY: one over the threshold, to the nearest basis point."""
    return div_half_up(BPS * WAD, liquidation_threshold_ratio) * _RAY_PER_BPS


class _Vault(NamedTuple):
    """What an account holds and owes in its market, and what a stored unit of its collateral is worth, RAY money."""

    market: int
    ink: Balance
    art: Balance
    rate: int
    price_ray: int
    spot: int

    @property
    def is_unsafe(self) -> bool:
        return self.ink * self.spot < self.art * self.rate


class Maker(Protocol):
    """One version; versions differ in how they sell."""

    name = "maker"
    sale: SaleRule
    accounts_are_per_market = True
    debt_symbol = "DAI"

    def __init__(self, version: str, proof: Proof, sale: SaleRule) -> None:
        self.version = version
        self.proof = proof
        self.sale = sale

    def check_markets(self, markets: Sequence[Market]) -> None:
        """Refuse categories, a bonus, a threshold of 1 or more, and markets of one asset."""
        for market in markets:
            parameters, symbol = market.parameters, market.symbol
            threshold = parameters.liquidation_threshold_ratio
            if market.categories:
                raise ConfigError(f"market {symbol} has categories; {self.label} has none")
            if not 0 < threshold < WAD:
                raise ConfigError(f"liquidation threshold {threshold} of {symbol} is not within 1 .. {WAD - 1} (WAD)")
            if parameters.liquidation_bonus_ratio:
                raise ConfigError(
                    f"liquidation bonus {parameters.liquidation_bonus_ratio} of {symbol} is not 0; {self.label} sells by "
                    "auction, and its penalty is the liquidation fee"
                )
            if market.collateral_asset == market.debt_asset:
                raise ConfigError(f"market {symbol} is one asset; a market of {self.label} is a pair")
        self.sale.check_penalties([(market.symbol, market.parameters.liquidation_fee_ratio) for market in markets])

    def nearest_parameters(self, parameters: RiskParameters) -> RiskParameters:
        """Return the parameters with what a borrower would lose as the penalty, which is all that there is here."""
        bonus_ratio = parameters.liquidation_bonus_ratio
        return replace(
            parameters,
            liquidation_bonus_ratio=0,
            liquidation_fee_ratio=bonus_ratio or parameters.liquidation_fee_ratio,
        )

    # -- balances and amounts -----------------------------------------------------------------------------

    def accrue(self, deployment: Deployment, to: Milliseconds) -> bool:
        """Move debt indices to time `to`."""
        moved = False
        for market, state, seconds in markets_to_accrue(deployment, to):
            duty_ray = RAY + div_down(market.debt_rate_ray, SECONDS_PER_YEAR)
            state.debt_index = mul_div_down(power_half_up(duty_ray, seconds, RAY), state.debt_index, RAY)
            moved = True
        return moved

    def amount_of(self, deployment: Deployment, slot: int, balance: Balance) -> Amount:
        """Return the amount: collateral rounded down, debt up."""
        number = market_of(slot)
        if side_of(slot) == DEBT:
            return mul_div_up(balance, deployment.market_states[number].debt_index, RAY)
        return mul_div_down(balance, deployment.units[deployment.markets[number].collateral_asset], WAD)

    def balance_of(self, deployment: Deployment, slot: int, amount: Amount) -> Balance:
        """Return the balance to store: collateral with 18 decimals, debt at index one, rounded up."""
        number = market_of(slot)
        if side_of(slot) == DEBT:
            return mul_div_up(amount, RAY, deployment.market_states[number].debt_index)
        return mul_div_down(amount, WAD, deployment.units[deployment.markets[number].collateral_asset])

    def _prices(self, deployment: Deployment, number: int) -> tuple[int, int] | None:
        """Return the oracle's price of a stored unit and `spot`, or None where a price is unknown or `spot` is zero."""
        market = deployment.markets[number]
        collateral_price, debt_price = deployment.prices[market.collateral_asset], deployment.prices[market.debt_asset]
        if collateral_price is None or debt_price is None:
            return None
        price_ray = mul_div_down(collateral_price * deployment.units[market.debt_asset], RAY, debt_price * WAD)
        spot = mul_div_down(price_ray, RAY, mat_ray(market.parameters.liquidation_threshold_ratio))
        return (price_ray, spot) if spot else None

    # -- for the monitor ----------------------------------------------------------------------------------

    def margin_weight(self, deployment: Deployment, slot: int, category: int) -> tuple[int, int] | None:
        """Return the weight with the contract's own roundings in it."""
        number = market_of(slot)
        prices, asset = self._prices(deployment, number), deployment.markets[number].debt_asset
        debt_price = deployment.prices[asset]
        if prices is None or debt_price is None:
            return None
        money_ray = prices[1] if side_of(slot) == COLLATERAL else deployment.market_states[number].debt_index
        return money_ray * debt_price, RAY * deployment.units[asset]

    def screen_slack(self, deployment: Deployment) -> ScreenSlack:
        """Return no slack: the contract compares two products, which are the linear margin itself."""
        return ScreenSlack(collateral_units=0, debt_units=0, collateral_ratio=0, debt_ratio=0, value=0)

    # -- the rule -----------------------------------------------------------------------------------------

    def _vault(self, deployment: Deployment, row: int) -> _Vault | Refusal:
        number = account_market(deployment.book.account_at(row))
        ink = art = 0
        for slot, balance in deployment.book.positions(row):
            if side_of(slot) == DEBT:
                art = balance
            else:
                ink = balance
        prices = self._prices(deployment, number)
        if prices is None:
            return Refusal.PRICE_MISSING
        return _Vault(number, ink, art, deployment.market_states[number].debt_index, *prices)

    def health(self, deployment: Deployment, row: int) -> Health | Refusal:
        """Return the vault's health; the contract has no health factor, so it is what may be owed over what is, down."""
        vault = self._vault(deployment, row)
        if isinstance(vault, Refusal):
            return vault
        asset = deployment.markets[vault.market].debt_asset
        debt_price, debt_unit = deployment.prices[asset], deployment.units[asset]
        assert debt_price is not None, asset

        def value(money_ray: int) -> Value:
            return mul_div_down(money_ray, debt_price, RAY * debt_unit)

        return Health(
            collateral_value=value(vault.ink * vault.price_ray),
            weighted_collateral_value=value(vault.ink * vault.spot),
            debt_value=value(vault.art * vault.rate),
            health_factor_ratio=health_factor_ratio(vault.ink * vault.spot, vault.art * vault.rate),
            is_liquidatable=vault.is_unsafe,
        )

    def is_liquidatable(self, deployment: Deployment, row: int) -> bool:
        """Return whether the debt exceeds what the collateral allows."""
        vault = self._vault(deployment, row)
        return not isinstance(vault, Refusal) and vault.is_unsafe

    def auction_lot(self, deployment: Deployment, row: int) -> Lot | Refusal:
        """Return the whole vault."""
        vault = self._vault(deployment, row)
        if isinstance(vault, Refusal):
            return vault
        if not vault.is_unsafe:
            return Refusal.HEALTHY
        if not vault.ink:
            return Refusal.NO_COLLATERAL
        market = deployment.markets[vault.market]
        return Lot(
            account=deployment.book.account_at(row),
            debt_market=vault.market,
            collateral_market=vault.market,
            debt_markets=tuple(
                number for number, other in enumerate(deployment.markets) if other.debt_asset == market.debt_asset
            ),
            debt_balance=vault.art,
            debt_index=vault.rate,
            debt_unit=deployment.units[market.debt_asset],
            collateral_balance=vault.ink,
            price_ray=vault.price_ray,
            penalty_ratio=market.parameters.liquidation_fee_ratio,
        )

    def lot_price_ray(self, deployment: Deployment, debt_market: int, collateral_market: int) -> int | None:
        """Return the oracle's price of a stored unit of collateral."""
        prices = self._prices(deployment, collateral_market)
        return None if prices is None else prices[0]

    def liquidation_limit(self, deployment: Deployment, row: int) -> Limit | Refusal:
        """Return the whole vault, which limits on all auctions may still cut."""
        lot = self.auction_lot(deployment, row)
        if isinstance(lot, Refusal):
            return lot
        number = lot.debt_market
        return Limit(
            number,
            number,
            self.amount_of(deployment, slot_of(number, DEBT), lot.debt_balance),
            self.amount_of(deployment, slot_of(number, COLLATERAL), lot.collateral_balance),
        )

    def quote(
        self, deployment: Deployment, row: int, debt_market: int, collateral_market: int, repay_amount: Amount
    ) -> Quote | Refusal:
        """Refuse: nobody buys from a vault at a fixed price."""
        return Refusal.AUCTION_ONLY

    def settle(self, deployment: Deployment, quote: Quote) -> None:
        """Never asked for, as no quote is given."""
        raise AssertionError(quote)

    def write_off(self, deployment: Deployment, row: int, settled: Quote | None) -> tuple[BadDebt, ...]:
        """Write off nothing: a vault's debt leaves it with its auction."""
        return ()


MAKER: Final = (
    Maker(
        "1.2",
        Proof.DOCUMENTS,
        EnglishSale(
            EnglishRule(
                lead_seconds=10_800,
                seconds_max=172_800,
                increase_ratio_min=5 * 10**16,
                debt_value_min=100 * WAD,
                auction_due_value_max=50_000 * WAD,
                total_due_value_max=15_000_000 * WAD,
            )
        ),
    ),
    Maker(
        "2.0",
        Proof.SOURCE_VECTORS,
        DutchSale(
            DutchRule(
                curve=StairstepCurve(step_seconds=90, cut_ray=99 * 10**25),
                start_ratio=13 * 10**17,
                seconds_max=8_400,
                spent_share_ray=4 * 10**26,
                debt_value_min=7_500 * WAD,
                market_due_value_max=30_000_000 * WAD,
                total_due_value_max=100_000_000 * WAD,
                reward_value=300 * WAD,
                reward_ratio=10**15,
            )
        ),
    ),
)
"""The versions, oldest first, with parameters of the time when each was the way in which ether was sold."""
