"""Compound v2: one pool, a close factor, a fixed bonus; the account as a whole is below the line or not.

    weight(market) = floor(floor(threshold * rate / WAD) * price / WAD)
    collateral = sum of floor(weight * balance / WAD)       debt = sum of floor(price * amount / WAD)
    liquidatable  iff  debt > collateral
    seized tokens = floor(floor(floor(bonus * p_debt / WAD) * WAD / floor(p_coll * rate / WAD)) * repay / WAD)

`bonus` is 1 + the liquidation bonus. `rate` is the exchange rate of a collateral token, kept as the collateral index;
at index one, where every book starts, a collateral balance is in base units of the asset. `price` is the oracle's: WAD
a whole asset, times WAD / unit. A debt is stored at index one; the contract keeps the amount at an account's last change
and the index of that moment. The two agree to the unit for accounts that nobody has touched since index one, and while
the index stands there; each touch at another index may leave ours one base unit more, never less.
Source: Comptroller and CToken, by their published documents. Version 1 gives the keeper all that is seized, version 2
keeps a share of it for the protocol. Debt without collateral stays on the account. Paused and deprecated markets, and
the rate models, are not of the book: rates are a market's own, simple between two touches, as in the contract.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from seawall.errors import ConfigError
from seawall.fixed import (
    RAY,
    SECONDS_PER_YEAR,
    WAD,
    div_down,
    mul_div_down,
    mul_div_mul_div_down,
    mul_div_up,
)
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, Market, RiskParameters, market_of, side_of, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.elapsed_time import markets_to_accrue
from seawall.protocols.exact_term import Sums
from seawall.protocols.protocol import (
    BadDebt,
    Health,
    Limit,
    Proof,
    Protocol,
    Quote,
    ScreenSlack,
)
from seawall.protocols.settlement import market_of_most_value, take_positions
from seawall.rules.accrual import simple_index_down, simple_interest_ratio
from seawall.rules.margin import health_factor_ratio
from seawall.rules.sizing import close_factor_repay_amount
from seawall.units import Amount, Balance, Index, Milliseconds, Price, Ratio, Value

_THRESHOLD_RATIO_MAX: Final = 9 * 10**17
_CLOSE_FACTOR_USUAL: Final = 5 * 10**17
_POSITIONS_MAX: Final = 255
_RAY_PER_WAD: Final = 10**9


def exchange_rate(index: Index) -> int:
    """Return a collateral index as the contract's exchange rate, WAD, rounded down."""
    return div_down(index, _RAY_PER_WAD)


def seize_ratio(bonus_wad: int, debt_price: int, collateral_price: int, rate: int) -> int:
    """Return the collateral tokens for one base unit of debt, WAD; prices are the oracle's scaled ones."""
    numerator = mul_div_down(bonus_wad, debt_price, WAD)
    denominator = mul_div_down(collateral_price, rate, WAD)
    return mul_div_down(numerator, WAD, denominator)


def _simple_index(index: Index, rate_ray: int, seconds: int) -> Index:
    rate_per_second_ratio = div_down(rate_ray, SECONDS_PER_YEAR * _RAY_PER_WAD)
    return simple_index_down(index, simple_interest_ratio(rate_per_second_ratio, seconds))


class _Pair(NamedTuple):
    """A debt and a collateral of one account: what is stored, what is owed, and tokens seized for one unit repaid."""

    debt_market: int
    collateral_market: int
    debt_balance: Balance
    collateral_balance: Balance
    debt_amount: Amount
    repay_amount_max: Amount
    seize_ratio: Ratio


class CompoundV2(Protocol):
    """One version: `keeps_share` says whether the protocol keeps a share of what is seized."""

    name = "compound_v2"
    proof = Proof.DOCUMENTS
    fee_is_of_seized = True

    def __init__(self, version: str, keeps_share: bool) -> None:
        self.version = version
        self.keeps_share = keeps_share

    def nearest_parameters(self, parameters: RiskParameters) -> RiskParameters:
        """Return a threshold that the contract allows; where no close factor is said, the usual half."""
        return msgspec.structs.replace(
            parameters,
            liquidation_threshold_ratio=min(parameters.liquidation_threshold_ratio, _THRESHOLD_RATIO_MAX),
            close_factor_ratio=parameters.close_factor_ratio or _CLOSE_FACTOR_USUAL,
        )

    def check_markets(self, markets: Sequence[Market]) -> None:
        """Refuse pairs, categories, a threshold above 90 % and a close factor outside (0, 1]."""
        for market in markets:
            parameters, symbol = market.parameters, market.symbol
            if market.collateral_asset != market.debt_asset:
                raise ConfigError(f"market {symbol} is a pair of assets; a market of {self.label} is one asset")
            if market.categories:
                raise ConfigError(f"market {symbol} has categories; {self.label} has none")
            threshold, close_factor = parameters.liquidation_threshold_ratio, parameters.close_factor_ratio
            if not 0 <= threshold <= _THRESHOLD_RATIO_MAX:
                raise ConfigError(
                    f"liquidation threshold {threshold} of {symbol} is not within 0 .. {_THRESHOLD_RATIO_MAX} (WAD)"
                )
            if not 0 < close_factor <= WAD:
                raise ConfigError(f"close factor {close_factor} of {symbol} is not within 1 .. {WAD} (WAD)")
            if not 0 <= parameters.liquidation_fee_ratio < WAD:
                raise ConfigError(
                    f"liquidation fee {parameters.liquidation_fee_ratio} of {symbol} is not within 0 .. {WAD - 1} (WAD)"
                )

    # -- balances and amounts -----------------------------------------------------------------------------

    def accrue(self, deployment: Deployment, to: Milliseconds) -> bool:
        """Move indices to time `to` by simple interest since the last touch; markets without rates stay untouched."""
        moved = False
        for market, state, seconds in markets_to_accrue(deployment, to):
            state.debt_index = _simple_index(state.debt_index, market.debt_rate_ray, seconds)
            state.collateral_index = _simple_index(state.collateral_index, market.collateral_rate_ray, seconds)
            moved = True
        return moved

    def amount_of(self, deployment: Deployment, slot: int, balance: Balance) -> Amount:
        """Return the underlying amount, rounded down on both sides."""
        state = deployment.market_states[market_of(slot)]
        if side_of(slot) == DEBT:
            return mul_div_down(balance, state.debt_index, RAY)
        return mul_div_down(balance, exchange_rate(state.collateral_index), WAD)

    def balance_of(self, deployment: Deployment, slot: int, amount: Amount) -> Balance:
        """Return the tokens that a deposit mints, rounded down, or the debt at index one, rounded up."""
        state = deployment.market_states[market_of(slot)]
        if side_of(slot) == DEBT:
            return mul_div_up(amount, RAY, state.debt_index)
        return mul_div_down(amount, WAD, exchange_rate(state.collateral_index))

    def _scaled_price(self, deployment: Deployment, market: int) -> int | None:
        asset = deployment.markets[market].debt_asset
        price: Price | None = deployment.prices[asset]
        return None if price is None else mul_div_down(price, WAD, deployment.units[asset])

    def _collateral_weight(self, deployment: Deployment, market: int, scaled_price: int) -> int:
        rate = exchange_rate(deployment.market_states[market].collateral_index)
        threshold = deployment.markets[market].parameters.liquidation_threshold_ratio
        return mul_div_down(mul_div_down(threshold, rate, WAD), scaled_price, WAD)

    # -- for the monitor ----------------------------------------------------------------------------------

    def margin_weight(self, deployment: Deployment, slot: int, category: int) -> tuple[int, int] | None:
        """Return the weight with the contract's own truncations in it; what remains is below one unit a position."""
        market = market_of(slot)
        scaled_price = self._scaled_price(deployment, market)
        if scaled_price is None:
            return None
        if side_of(slot) == COLLATERAL:
            return self._collateral_weight(deployment, market, scaled_price), WAD
        return scaled_price * deployment.market_states[market].debt_index, WAD * RAY

    def screen_slack(self, deployment: Deployment) -> ScreenSlack:
        """Return the slack: a debt amount floors by less than one base unit, a value by less than one WAD unit."""
        is_moved = any(state.debt_index != RAY for state in deployment.market_states)
        return ScreenSlack(
            collateral_units=0,
            debt_units=1 if is_moved else 0,
            collateral_ratio=0,
            debt_ratio=0,
            value=_POSITIONS_MAX,
        )

    # -- the rule -----------------------------------------------------------------------------------------

    def _sums(self, deployment: Deployment, row: int) -> Sums | None:
        """Return the account's sums as the contract compares them, or None where a price is unknown."""
        markets, states = deployment.markets, deployment.market_states
        prices, units = deployment.prices, deployment.units
        collateral_value = weighted_value = debt_value = 0
        for slot, balance in deployment.book.positions(row):
            number = slot >> 1
            market, state = markets[number], states[number]
            asset = market.debt_asset
            price = prices[asset]
            if price is None:
                return None
            scaled_price = mul_div_down(price, WAD, units[asset])
            if slot & 1:
                debt_value += mul_div_mul_div_down(balance, state.debt_index, RAY, scaled_price, WAD)
            else:
                rate = div_down(state.collateral_index, _RAY_PER_WAD)
                collateral_value += mul_div_mul_div_down(balance, rate, WAD, scaled_price, WAD)
                threshold = market.parameters.liquidation_threshold_ratio
                weight = mul_div_mul_div_down(threshold, rate, WAD, scaled_price, WAD)
                weighted_value += mul_div_down(weight, balance, WAD)
        return Sums(collateral_value, weighted_value, debt_value)

    def health(self, deployment: Deployment, row: int) -> Health | Refusal:
        """Return the account's health; the contract has no health factor, so it is weighted / debt rounded down."""
        sums = self._sums(deployment, row)
        if sums is None:
            return Refusal.PRICE_MISSING
        collateral_value, weighted_value, debt_value = sums
        factor = health_factor_ratio(weighted_value, debt_value)
        return Health(collateral_value, weighted_value, debt_value, factor, debt_value > weighted_value)

    def is_liquidatable(self, deployment: Deployment, row: int) -> bool:
        """Return whether debt exceeds weighted collateral."""
        return self._refusal(deployment, row) is None

    def _refusal(self, deployment: Deployment, row: int) -> Refusal | None:
        """Return why the account may not be liquidated, or None."""
        sums = self._sums(deployment, row)
        if sums is None:
            return Refusal.PRICE_MISSING
        return None if sums.debt > sums.weighted else Refusal.HEALTHY

    def _pair(self, deployment: Deployment, row: int, debt_market: int, collateral_market: int) -> _Pair | Refusal:
        """Return what any repayment of this debt for this collateral depends on, or which of the two is not there."""
        debt_slot, collateral_slot = slot_of(debt_market, DEBT), slot_of(collateral_market, COLLATERAL)
        debt_balance = deployment.book.balance(row, debt_slot)
        collateral_balance = deployment.book.balance(row, collateral_slot)
        if not debt_balance:
            return Refusal.NO_DEBT
        if not collateral_balance:
            return Refusal.NO_COLLATERAL
        debt_price = self._scaled_price(deployment, debt_market)
        collateral_price = self._scaled_price(deployment, collateral_market)
        assert debt_price is not None
        assert collateral_price is not None
        bonus_wad = WAD + deployment.markets[collateral_market].parameters.liquidation_bonus_ratio
        rate = exchange_rate(deployment.market_states[collateral_market].collateral_index)
        debt_amount = self.amount_of(deployment, debt_slot, debt_balance)
        close_factor = deployment.markets[debt_market].parameters.close_factor_ratio
        return _Pair(
            debt_market, collateral_market, debt_balance, collateral_balance, debt_amount,
            close_factor_repay_amount(debt_amount, close_factor),
            seize_ratio(bonus_wad, debt_price, collateral_price, rate),
        )  # fmt: skip

    def liquidation_limit(self, deployment: Deployment, row: int) -> Limit | Refusal:
        """Return the close factor of the largest debt, or less where the largest collateral cannot pay for it."""
        refusal = self._refusal(deployment, row)
        if refusal is not None:
            return refusal
        collaterals, debts = self._values(deployment, row)
        if not collaterals:
            return Refusal.NO_COLLATERAL
        pair = self._pair(deployment, row, market_of_most_value(debts), market_of_most_value(collaterals))
        assert isinstance(pair, _Pair), pair
        repay_amount = pair.repay_amount_max
        if mul_div_down(pair.seize_ratio, repay_amount, WAD) > pair.collateral_balance:
            # The largest repayment whose seizure, floored, is still what the account holds.
            repay_amount = div_down((pair.collateral_balance + 1) * WAD - 1, pair.seize_ratio)
        quote = self._quote(deployment, row, pair, repay_amount)
        if isinstance(quote, Refusal):
            return Refusal.BELOW_DUST if quote is Refusal.ZERO_AMOUNT else quote
        return Limit(pair.debt_market, pair.collateral_market, quote.repay_amount, quote.seize_amount)

    def _values(self, deployment: Deployment, row: int) -> tuple[list[tuple[int, Value]], list[tuple[int, Value]]]:
        """Return (market, unweighted value) of each collateral and of each debt; all prices are known."""
        collaterals: list[tuple[int, Value]] = []
        debts: list[tuple[int, Value]] = []
        for slot, balance in deployment.book.positions(row):
            market = market_of(slot)
            scaled_price = self._scaled_price(deployment, market)
            assert scaled_price is not None
            value = mul_div_down(scaled_price, self.amount_of(deployment, slot, balance), WAD)
            (debts if side_of(slot) == DEBT else collaterals).append((market, value))
        return collaterals, debts

    def quote(
        self, deployment: Deployment, row: int, debt_market: int, collateral_market: int, repay_amount: Amount
    ) -> Quote | Refusal:
        """Return the exact amounts; the contract caps nothing, it refuses."""
        refusal = self._refusal(deployment, row)
        if refusal is not None:
            return refusal
        pair = self._pair(deployment, row, debt_market, collateral_market)
        return pair if isinstance(pair, Refusal) else self._quote(deployment, row, pair, repay_amount)

    def _quote(self, deployment: Deployment, row: int, pair: _Pair, repay_amount: Amount) -> Quote | Refusal:
        if repay_amount <= 0:
            return Refusal.ZERO_AMOUNT
        if repay_amount > pair.repay_amount_max:
            return Refusal.CLOSE_FACTOR_EXCEEDED
        tokens = mul_div_down(pair.seize_ratio, repay_amount, WAD)
        if tokens > pair.collateral_balance:
            return Refusal.COLLATERAL_EXCEEDED
        debt_slot, collateral_slot = slot_of(pair.debt_market, DEBT), slot_of(pair.collateral_market, COLLATERAL)
        parameters = deployment.markets[pair.collateral_market].parameters
        fee_tokens = mul_div_down(tokens, parameters.liquidation_fee_ratio, WAD) if self.keeps_share else 0
        return Quote(
            row=row,
            debt_market=pair.debt_market,
            collateral_market=pair.collateral_market,
            repay_amount=repay_amount,
            seize_amount=self.amount_of(deployment, collateral_slot, tokens - fee_tokens),
            fee_amount=self.amount_of(deployment, collateral_slot, fee_tokens),
            debt_balance=pair.debt_balance - self.balance_of(deployment, debt_slot, pair.debt_amount - repay_amount),
            collateral_balance=tokens,
            liquidation_bonus_ratio=parameters.liquidation_bonus_ratio,
        )

    def settle(self, deployment: Deployment, quote: Quote) -> None:
        """Take the quote off the account."""
        take_positions(deployment, quote)

    def write_off(self, deployment: Deployment, row: int, settled: Quote | None) -> tuple[BadDebt, ...]:
        """Write off nothing: the contract leaves bad debt on the account."""
        return ()


COMPOUND_V2: Final = (CompoundV2("1", keeps_share=False), CompoundV2("2", keeps_share=True))
"""The versions, oldest first."""
