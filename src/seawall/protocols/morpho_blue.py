"""Morpho Blue: isolated pairs, debt in shares, no close factor, no fee; lost debt is the lenders' at once.

    assets = shares * (A + 1) / (S + 1e6)         A, S: the market's debt and debt shares, with virtual ones
    liquidatable  iff  floor(floor(collateral * price / 1e36) * lltv / WAD) < assets, rounded up
    lif = min(1.15, 1 / (1 - 0.3 * (1 - lltv)))   the seized value for one repaid
    by shares: seized = floor(floor(assets_down * lif) * 1e36 / price)
    by collateral: assets = ceil(ceil(seized * price / 1e36) / lif), shares and repayment rounded up

`price` is loan base units for one collateral base unit, times 1e36: the quotient of the two WAD prices, rounded down.
The liquidation threshold of a market is its lltv, and its bonus follows from it. A debt balance is shares; their total
is the book's. Rates are the market's own, taken at each accrual. An account without collateral after a liquidation
loses its debt: it leaves both totals, so lenders bear it. Values in `health` restate loan units, rounded down; the
contract's own comparison decides.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from seawall.errors import ConfigError
from seawall.fixed import BPS, SECONDS_PER_YEAR, WAD, div_down, div_up, mul_div_down, mul_div_up
from seawall.ledger.account import MARKET_WIDTH
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, Market, RiskParameters, market_of, side_of, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.elapsed_time import markets_to_accrue
from seawall.protocols.protocol import BadDebt, Health, Limit, Proof, Protocol, Quote, ScreenSlack
from seawall.protocols.settlement import take_positions
from seawall.rules.accrual import taylor_interest_ratio
from seawall.rules.margin import health_factor_ratio
from seawall.units import Amount, Balance, Milliseconds, Ratio, Value

_VIRTUAL_SHARES: Final = 10**6
_VIRTUAL_ASSETS: Final = 1
_PRICE_SCALE: Final = 10**36
_LIF_MAX: Final = 115 * 10**16
_LIF_CURSOR: Final = 3 * 10**17
_RAY_PER_WAD: Final = 10**9
_LLTV_BPS: Final = (3_850, 6_250, 7_700, 8_600, 9_150, 9_450, 9_650, 9_800)
"""The lltv that governance has enabled for new markets."""


def lif_of(lltv: Ratio) -> Ratio:
    """Return the seized value for one repaid, WAD: 1 + the liquidation bonus of a market of this lltv."""
    return min(_LIF_MAX, mul_div_down(WAD, WAD, WAD - mul_div_down(_LIF_CURSOR, WAD - lltv, WAD)))


class Shares(msgspec.Struct, frozen=True, gc=False):
    """What shares are worth: a side's total of assets and of shares."""

    total_assets: Amount
    total_shares: Balance

    def assets_down(self, shares: Balance) -> Amount:
        """Return the assets of shares, rounded down."""
        return mul_div_down(shares, self.total_assets + _VIRTUAL_ASSETS, self.total_shares + _VIRTUAL_SHARES)

    def assets_up(self, shares: Balance) -> Amount:
        """Return the assets of shares, rounded up."""
        return mul_div_up(shares, self.total_assets + _VIRTUAL_ASSETS, self.total_shares + _VIRTUAL_SHARES)

    def shares_down(self, assets: Amount) -> Balance:
        """Return the shares for assets, rounded down."""
        return mul_div_down(assets, self.total_shares + _VIRTUAL_SHARES, self.total_assets + _VIRTUAL_ASSETS)

    def shares_up(self, assets: Amount) -> Balance:
        """Return the shares for assets, rounded up."""
        return mul_div_up(assets, self.total_shares + _VIRTUAL_SHARES, self.total_assets + _VIRTUAL_ASSETS)


def max_debt_amount(collateral_amount: Amount, price: int, lltv: Ratio) -> Amount:
    """Return the debt at which an account becomes liquidatable if it owes more."""
    return mul_div_down(mul_div_down(collateral_amount, price, _PRICE_SCALE), lltv, WAD)


def seized_for(debt: Shares, shares: Balance, price: int, lif: Ratio) -> Amount:
    """Return the collateral for repaid shares."""
    return mul_div_down(mul_div_down(debt.assets_down(shares), lif, WAD), _PRICE_SCALE, price)


def shares_for(debt: Shares, seize_amount: Amount, price: int, lif: Ratio) -> Balance:
    """Return the shares to repay for collateral."""
    return debt.shares_up(mul_div_up(mul_div_up(seize_amount, price, _PRICE_SCALE), WAD, lif))


class MorphoBlue(Protocol):
    """The one version, which is immutable."""

    name = "morpho_blue"
    version = "1"
    proof = Proof.SOURCE_VECTORS
    accounts_are_per_market = True
    balances_move_indices = True
    threshold_ratios = tuple(mul_div_down(bps, WAD, BPS) for bps in _LLTV_BPS)

    def nearest_parameters(self, parameters: RiskParameters) -> RiskParameters:
        """Return the threshold with the bonus that it gives, and no fee."""
        lltv = parameters.liquidation_threshold_ratio
        return msgspec.structs.replace(
            parameters, liquidation_bonus_ratio=lif_of(lltv) - WAD, liquidation_fee_ratio=0, close_factor_ratio=0
        )

    def check_markets(self, markets: Sequence[Market]) -> None:
        """Refuse categories, fees, an lltv of 1 or more, and a bonus that is not the one of the lltv (or 0)."""
        for market in markets:
            parameters, symbol = market.parameters, market.symbol
            lltv = parameters.liquidation_threshold_ratio
            if market.categories:
                raise ConfigError(f"market {symbol} has categories; {self.label} has none")
            if not 0 < lltv < WAD:
                raise ConfigError(f"liquidation threshold {lltv} of {symbol} is not within 1 .. {WAD - 1} (WAD)")
            bonus_ratio = lif_of(lltv) - WAD
            if parameters.liquidation_bonus_ratio not in (0, bonus_ratio):
                raise ConfigError(
                    f"liquidation bonus {parameters.liquidation_bonus_ratio} of {symbol} is not {bonus_ratio}, "
                    f"which its threshold {lltv} gives, nor 0"
                )
            if parameters.liquidation_fee_ratio:
                raise ConfigError(
                    f"liquidation fee {parameters.liquidation_fee_ratio} of {symbol} is not 0; {self.label} takes none"
                )

    # -- balances and amounts -----------------------------------------------------------------------------

    def accrue(self, deployment: Deployment, to: Milliseconds) -> bool:
        """Add interest to both totals up to time `to`, and the lenders' shares that pay the market's fee."""
        moved = False
        for market, state, seconds in markets_to_accrue(deployment, to):
            rate_per_second_ratio = div_down(market.debt_rate_ray, SECONDS_PER_YEAR * _RAY_PER_WAD)
            growth_ratio = taylor_interest_ratio(rate_per_second_ratio, seconds)
            interest_amount = mul_div_down(state.debt_amount, growth_ratio, WAD)
            state.debt_amount += interest_amount
            state.supply_amount += interest_amount
            fee_amount = mul_div_down(interest_amount, market.fee_ratio, WAD)
            supply = Shares(state.supply_amount - fee_amount, state.supply_shares)
            state.supply_shares += supply.shares_down(fee_amount)
            moved = True
        return moved

    def _debt_shares(self, deployment: Deployment, market: int) -> Shares:
        total_shares = deployment.book.balance_totals[slot_of(market, DEBT)]
        return Shares(deployment.market_states[market].debt_amount, total_shares)

    def amount_of(self, deployment: Deployment, slot: int, balance: Balance) -> Amount:
        """Return what shares of debt owe, rounded up; collateral is its own amount."""
        return self._debt_shares(deployment, market_of(slot)).assets_up(balance) if side_of(slot) == DEBT else balance

    def balance_of(self, deployment: Deployment, slot: int, amount: Amount) -> Balance:
        """Return the shares that a loan adds, rounded up; collateral is its own balance."""
        return self._debt_shares(deployment, market_of(slot)).shares_up(amount) if side_of(slot) == DEBT else amount

    def _price(self, deployment: Deployment, number: int) -> int | None:
        """Return the oracle's price of a market, or None where an asset's is unknown or the quotient rounds to zero."""
        market, units = deployment.markets[number], deployment.units
        collateral_price = deployment.prices[market.collateral_asset]
        debt_price = deployment.prices[market.debt_asset]
        if collateral_price is None or debt_price is None:
            return None
        numerator = collateral_price * units[market.debt_asset]
        return mul_div_down(numerator, _PRICE_SCALE, debt_price * units[market.collateral_asset]) or None

    # -- for the monitor ----------------------------------------------------------------------------------

    def margin_weight(self, deployment: Deployment, slot: int, category: int) -> tuple[int, int] | None:
        """Return the loan units that one stored unit stands for, exactly, at the loan asset's price."""
        number = market_of(slot)
        market, price = deployment.markets[number], self._price(deployment, number)
        debt_price, debt_unit = deployment.prices[market.debt_asset], deployment.units[market.debt_asset]
        if price is None or debt_price is None:
            return None
        if side_of(slot) == COLLATERAL:
            return price * market.parameters.liquidation_threshold_ratio * debt_price, _PRICE_SCALE * WAD * debt_unit
        debt = self._debt_shares(deployment, number)
        return (debt.total_assets + _VIRTUAL_ASSETS) * debt_price, (debt.total_shares + _VIRTUAL_SHARES) * debt_unit

    def screen_slack(self, deployment: Deployment) -> ScreenSlack:
        """Return the slack: three roundings, each of less than one base unit of the loan asset."""
        loan_unit_values = (
            div_up(price, deployment.units[market.debt_asset])
            for market in deployment.markets
            if (price := deployment.prices[market.debt_asset]) is not None
        )
        return ScreenSlack(
            collateral_units=0,
            debt_units=0,
            collateral_ratio=0,
            debt_ratio=0,
            value=3 * max(loan_unit_values, default=0),
        )

    # -- the rule -----------------------------------------------------------------------------------------

    def _line(self, deployment: Deployment, row: int) -> tuple[int, int, Amount, Amount, Amount] | Refusal:
        """Return (market, price, collateral, the most that it allows to owe, what is owed)."""
        number = int.from_bytes(deployment.book.account_at(row)[-MARKET_WIDTH:], "big")
        collateral_amount = shares = 0
        for slot, balance in deployment.book.positions(row):
            if side_of(slot) == DEBT:
                shares = balance
            else:
                collateral_amount = balance
        price = self._price(deployment, number)
        if price is None:
            return Refusal.PRICE_MISSING
        lltv = deployment.markets[number].parameters.liquidation_threshold_ratio
        debt_amount = self._debt_shares(deployment, number).assets_up(shares)
        return number, price, collateral_amount, max_debt_amount(collateral_amount, price, lltv), debt_amount

    def health(self, deployment: Deployment, row: int) -> Health | Refusal:
        """Return the account's health; the health factor is the allowed debt over the debt, rounded down."""
        line = self._line(deployment, row)
        if isinstance(line, Refusal):
            return line
        number, price, collateral_amount, allowed_amount, debt_amount = line
        asset = deployment.markets[number].debt_asset
        debt_price, debt_unit = deployment.prices[asset], deployment.units[asset]
        assert debt_price is not None, asset

        def value(amount: Amount) -> Value:
            return mul_div_down(amount, debt_price, debt_unit)

        return Health(
            collateral_value=value(mul_div_down(collateral_amount, price, _PRICE_SCALE)),
            weighted_collateral_value=value(allowed_amount),
            debt_value=value(debt_amount),
            health_factor_ratio=health_factor_ratio(allowed_amount, debt_amount),
            is_liquidatable=allowed_amount < debt_amount,
        )

    def is_liquidatable(self, deployment: Deployment, row: int) -> bool:
        """Return whether the account owes more than its collateral allows."""
        line = self._line(deployment, row)
        return not isinstance(line, Refusal) and line[3] < line[4]

    def liquidation_limit(self, deployment: Deployment, row: int) -> Limit | Refusal:
        """Return all of the debt if the collateral suffices, else all of the collateral."""
        line = self._line(deployment, row)
        if isinstance(line, Refusal):
            return line
        quote = self.quote(deployment, row, line[0], line[0], line[4])
        if isinstance(quote, Refusal):
            return quote
        return Limit(line[0], line[0], quote.repay_amount, quote.seize_amount)

    def quote(
        self, deployment: Deployment, row: int, debt_market: int, collateral_market: int, repay_amount: Amount
    ) -> Quote | Refusal:
        """Return the exact amounts: as many whole shares as the offer pays for, or all collateral if that is less.

        The contract takes either shares or collateral as its input, and refuses what the account does not have. The
        collateral's shares never exceed those of the offer, so the repayment does not either.
        """
        line = self._line(deployment, row)
        if isinstance(line, Refusal):
            return line
        _, price, _, allowed_amount, debt_amount = line
        if allowed_amount >= debt_amount:
            return Refusal.HEALTHY
        book = deployment.book
        shares_held = book.balance(row, slot_of(debt_market, DEBT))
        held = book.balance(row, slot_of(collateral_market, COLLATERAL))
        if not shares_held:
            return Refusal.NO_DEBT
        if not held:
            return Refusal.NO_COLLATERAL
        debt = self._debt_shares(deployment, debt_market)
        shares = min(debt.shares_down(repay_amount), shares_held)
        if shares <= 0:
            return Refusal.ZERO_AMOUNT
        lif = lif_of(deployment.markets[debt_market].parameters.liquidation_threshold_ratio)
        seize_amount = seized_for(debt, shares, price, lif)
        if seize_amount > held or (seize_amount == held and shares < shares_held):
            seize_amount, shares = held, shares_for(debt, held, price, lif)
        return Quote(
            row=row,
            debt_market=debt_market,
            collateral_market=collateral_market,
            repay_amount=debt.assets_up(shares),
            seize_amount=seize_amount,
            fee_amount=0,
            debt_balance=shares,
            collateral_balance=seize_amount,
            liquidation_bonus_ratio=lif - WAD,
            clears_collateral=seize_amount == held,
        )

    def settle(self, deployment: Deployment, quote: Quote) -> None:
        """Take shares and collateral off the account and the repayment off the market's debt."""
        take_positions(deployment, quote)
        state = deployment.market_states[quote.debt_market]
        # A repayment rounded up may exceed the last debt of a market by one unit.
        state.debt_amount = max(0, state.debt_amount - quote.repay_amount)

    def write_off(self, deployment: Deployment, row: int, settled: Quote | None) -> tuple[BadDebt, ...]:
        """Take what is still owed off both totals, where the settled quote took the last collateral."""
        if settled is None or not settled.clears_collateral:
            return ()
        market = settled.debt_market
        slot, state = slot_of(market, DEBT), deployment.market_states[market]
        shares = deployment.book.balance(row, slot)
        if not shares:
            return ()
        amount = min(state.debt_amount, self._debt_shares(deployment, market).assets_up(shares))
        assert state.supply_amount >= amount, (market, state.supply_amount, amount)
        state.debt_amount -= amount
        state.supply_amount -= amount
        state.bad_debt_amount += amount
        deployment.book.set_balance(row, slot, 0)
        return (BadDebt(market, amount),)


MORPHO_BLUE: Final = (MorphoBlue(),)
"""The versions, oldest first."""
