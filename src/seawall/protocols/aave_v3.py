"""Aave v3: one pool, thresholds and bonuses in basis points, values in e8; one bonus and one debt a liquidation.

    liquidatable  iff  health factor < 1, by the version's own rounding (`aave_v3_rounding.py`)
    a debt closes by half above a health factor of 0.95, else whole (`aave_v3_liquidation.py`)

Balances are scaled: balance * index / RAY is the amount. All collateral of the book counts as enabled. An account's
category (e-mode) replaces threshold and bonus of the markets that have it. Prices are the oracle's: WAD / 1e10 rounded
down, and what rounds to zero is no price. Interest runs at the market's rates, as if each market were touched at each
accrual. From 3.3 on a liquidation that clears all collateral turns what is left of every debt into bad debt.
Not of the book: stable debt, pauses, grace periods, the sequencer's sentinel, liquidating oneself, isolation mode, an
e-mode's own price feed, and receiving pool tokens instead of the asset.
"""

from collections.abc import Sequence
from typing import Final

from seawall.fixed import BPS, RAY, WAD, div_down, div_up, mul_div_down, mul_div_half_up
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, Market, RiskParameters, market_of, side_of, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.aave_v3_configuration import BPS_RATIO, bps_of, check_market, whole_bps
from seawall.protocols.aave_v3_liquidation import (
    FULL_CLOSE_HEALTH,
    FULL_CLOSE_VALUE_E8,
    LEFTOVER_VALUE_E8,
    AccountData,
    Amounts,
    Pair,
    account_data,
    amounts,
    cover_amount_for_all,
    leaves_dust,
    repay_amount_above_dust,
    repay_amount_max,
)
from seawall.protocols.aave_v3_rounding import AAVE_V3_VERSIONS, AaveV3Version, averaged_line
from seawall.protocols.elapsed_time import markets_to_accrue
from seawall.protocols.exact_limit import CloseFactorLimit
from seawall.protocols.exact_term import ExactLine, ExactTerm, Stage
from seawall.protocols.protocol import BadDebt, Health, Limit, Protocol, Quote, ScreenSlack
from seawall.protocols.settlement import market_of_most_value, take_positions
from seawall.rules.accrual import linear_growth
from seawall.units import Amount, Balance, Milliseconds, Price, Value

_E8_VALUE: Final = 10**10
_E8_BPS_VALUE: Final = 10**6
_POSITIONS_MAX: Final = 255


def price_e8_of(price: Price | None) -> int:
    """Return a WAD price as the oracle publishes it, rounded down; zero stands for no price."""
    return 0 if price is None else div_down(price, _E8_VALUE)


class AaveV3(Protocol):
    """One version of Aave v3; everything in which versions differ is in `rounding`."""

    name = "aave_v3"
    withdraws_to_threshold = True

    def __init__(self, rounding: AaveV3Version) -> None:
        self.rounding = rounding
        self.version = rounding.version
        self.proof = rounding.proof
        self._averages = rounding.line is averaged_line
        # The health factor, half up in its last digit, is below one.
        self.exact_line = (
            ExactLine(WAD, WAD, True, BPS, value_factor=_E8_VALUE, weighted_value_factor=_E8_VALUE)
            if self._averages
            else ExactLine(
                WAD, WAD * BPS, True, value_factor=_E8_VALUE, weighted_value_factor=_E8_BPS_VALUE, health_unit=BPS
            )
        )
        self.exact_limit = CloseFactorLimit(
            # A health factor above the full close is at least one unit above it.
            half_factor=(FULL_CLOSE_HEALTH + 1) * (1 if self._averages else BPS),
            bonus_unit=BPS,
            closes_small=rounding.closes_small,
            full_close_value=FULL_CLOSE_VALUE_E8,
            leftover_value=LEFTOVER_VALUE_E8,
            seize_amount=rounding.seize_amount,
            capped_repay_amount=rounding.capped_repay_amount,
            amount_without_bonus=rounding.amount_without_bonus,
            fee_amount=rounding.fee_amount,
        )

    def nearest_parameters(self, parameters: RiskParameters) -> RiskParameters:
        """Return the parameters in whole basis points."""
        return whole_bps(parameters)

    def check_markets(self, markets: Sequence[Market]) -> None:
        """Refuse pairs, ratios that are not whole basis points, and what the contract's configurator refuses."""
        for market in markets:
            check_market(self.label, market)

    # -- balances and amounts -----------------------------------------------------------------------------

    def accrue(self, deployment: Deployment, to: Milliseconds) -> bool:
        """Move indices to time `to`: linear for collateral, compounded for debt; no rate, no change."""
        moved = False
        for market, state, seconds in markets_to_accrue(deployment, to):
            income = linear_growth(market.collateral_rate_ray, seconds)
            growth = self.rounding.debt_growth(market.debt_rate_ray, seconds)
            state.collateral_index = mul_div_half_up(income, state.collateral_index, RAY)
            state.debt_index = mul_div_half_up(growth, state.debt_index, RAY)
            moved = True
        return moved

    def amount_of(self, deployment: Deployment, slot: int, balance: Balance) -> Amount:
        """Return balance * index, as the pool's tokens show it."""
        state = deployment.market_states[market_of(slot)]
        if side_of(slot) == DEBT:
            return self.rounding.debt_amount(balance, state.debt_index, RAY)
        return self.rounding.collateral_amount(balance, state.collateral_index, RAY)

    def balance_of(self, deployment: Deployment, slot: int, amount: Amount) -> Balance:
        """Return the scaled balance that a deposit or a loan adds."""
        state = deployment.market_states[market_of(slot)]
        if side_of(slot) == DEBT:
            return self.rounding.debt_balance_added(amount, RAY, state.debt_index)
        return self.rounding.collateral_balance_added(amount, RAY, state.collateral_index)

    # -- for the monitor ----------------------------------------------------------------------------------

    def margin_weight(self, deployment: Deployment, slot: int, category: int) -> tuple[int, int] | None:
        """Return index * price / unit, times the threshold for collateral, without any rounding but the price's."""
        market_number = market_of(slot)
        market, state = deployment.markets[market_number], deployment.market_states[market_number]
        price_e8 = price_e8_of(deployment.prices[market.debt_asset])
        if not price_e8:
            return None
        unit = deployment.units[market.debt_asset]
        if side_of(slot) == DEBT:
            return state.debt_index * price_e8 * _E8_VALUE, RAY * unit
        threshold_bps = bps_of(market.parameters_in(category).liquidation_threshold_ratio)
        return state.collateral_index * price_e8 * threshold_bps * _E8_BPS_VALUE, RAY * unit

    def weight_prices(self, deployment: Deployment) -> list[int | None] | None:
        """Return the prices as the oracle publishes them."""
        prices = deployment.prices
        return [price_e8_of(prices[market.debt_asset]) or None for market in deployment.markets]

    def screen_slack(self, deployment: Deployment) -> ScreenSlack:
        """Return the slack; each part bounds one rounding.

        Units: an amount is off by less than one base unit, which is at most one stored unit as no index is below one.
        Value: each position's value, and the weighted sum, are off by at most one e8 unit. Collateral ratio: where the
        average threshold is floored, up to 1 bp of unweighted value, which the least threshold restates. Debt ratio:
        the health factor rounds half up in the 18th digit.
        """
        states = deployment.market_states
        position_count = min(_POSITIONS_MAX, 2 * len(states))
        least_bps = min(
            (
                bps
                for market in deployment.markets
                for parameters in (market.parameters, *market.categories.values())
                if (bps := bps_of(parameters.liquidation_threshold_ratio))
            ),
            default=BPS,
        )
        return ScreenSlack(
            collateral_units=int(any(state.collateral_index != RAY for state in states)),
            debt_units=int(any(state.debt_index != RAY for state in states)),
            collateral_ratio=div_up(WAD, least_bps) if self._averages else 0,
            debt_ratio=1,
            value=(position_count + 1) * _E8_VALUE,
        )

    # -- for the exact kernels ----------------------------------------------------------------------------

    def exact_term(self, deployment: Deployment, slot: int, category: int) -> ExactTerm | None:
        """Return balance * index, then amount * price / unit, as the version rounds them; values are in e8."""
        number = market_of(slot)
        market, state, rounding = deployment.markets[number], deployment.market_states[number], self.rounding
        price_e8, unit = price_e8_of(deployment.prices[market.debt_asset]), deployment.units[market.debt_asset]
        if not price_e8:
            return None
        if side_of(slot) == DEBT:
            return ExactTerm(
                Stage.of(rounding.debt_amount, state.debt_index, RAY), Stage.of(rounding.debt_value, price_e8, unit)
            )
        parameters = market.parameters_in(category)
        threshold_bps = bps_of(parameters.liquidation_threshold_ratio)
        counts = bool(threshold_bps) or rounding.counts_zero_threshold
        is_seizable = self._can_seize(deployment, number)
        if is_seizable and not counts:
            # It can be seized for what it is worth, and counts for nothing: one value cannot say both.
            return None
        return ExactTerm(
            Stage.of(rounding.collateral_amount, state.collateral_index, RAY),
            Stage.of(mul_div_down, price_e8 if counts else 0, unit),
            threshold_bps,
            bonus=BPS + bps_of(parameters.liquidation_bonus_ratio),
            fee=bps_of(market.parameters.liquidation_fee_ratio),
            is_seizable=is_seizable,
        )

    # -- the rule -----------------------------------------------------------------------------------------

    def _account_data(self, deployment: Deployment, row: int) -> AccountData | None:
        """Return the account's sums, or None where a price is unknown."""
        markets, states, prices, units = (
            deployment.markets,
            deployment.market_states,
            deployment.prices,
            deployment.units,
        )
        category = deployment.book.category_of(row)
        collaterals, debts = [], []
        for slot, balance in deployment.book.positions(row):
            number = slot >> 1
            market, state = markets[number], states[number]
            asset = market.debt_asset
            price_e8 = price_e8_of(prices[asset])
            if not price_e8:
                return None
            if slot & 1:
                debts.append((balance, state.debt_index, price_e8, units[asset]))
            else:
                threshold_bps = bps_of(market.parameters_in(category).liquidation_threshold_ratio)
                collaterals.append((balance, state.collateral_index, price_e8, units[asset], threshold_bps))
        return account_data(self.rounding, collaterals, debts)

    def health(self, deployment: Deployment, row: int) -> Health | Refusal:
        """Return the account's health; the weighted collateral is what the contract compares with the debt."""
        data = self._account_data(deployment, row)
        if data is None:
            return Refusal.PRICE_MISSING
        return Health(
            collateral_value=data.collateral_e8 * _E8_VALUE,
            weighted_collateral_value=data.weighted_e8_bps * _E8_BPS_VALUE,
            debt_value=data.debt_e8 * _E8_VALUE,
            health_factor_ratio=data.health_factor,
            is_liquidatable=data.is_liquidatable,
        )

    def is_liquidatable(self, deployment: Deployment, row: int) -> bool:
        """Return whether the health factor is below one."""
        data = self._account_data(deployment, row)
        return data is not None and data.is_liquidatable

    def _can_seize(self, deployment: Deployment, market: int) -> bool:
        threshold_ratio = deployment.markets[market].parameters.liquidation_threshold_ratio
        return threshold_ratio > 0 or self.rounding.counts_zero_threshold

    def _largest(self, deployment: Deployment, row: int, side: int) -> int | None:
        """Return the market of the side's largest value that a liquidation may touch, or None without any."""
        values: list[tuple[int, Value]] = []
        for slot, balance in deployment.book.positions(row):
            market = market_of(slot)
            if side_of(slot) != side or (side == COLLATERAL and not self._can_seize(deployment, market)):
                continue
            asset = deployment.markets[market].debt_asset
            amount = self.amount_of(deployment, slot, balance)
            values.append(
                (market, mul_div_down(amount, price_e8_of(deployment.prices[asset]), deployment.units[asset]))
            )
        return market_of_most_value(values) if values else None

    def _pair(self, deployment: Deployment, row: int, debt_market: int, collateral_market: int) -> Pair | Refusal:
        if not self._can_seize(deployment, collateral_market):
            return Refusal.NO_COLLATERAL
        book, units, prices = deployment.book, deployment.units, deployment.prices
        debt_slot, collateral_slot = slot_of(debt_market, DEBT), slot_of(collateral_market, COLLATERAL)
        debt_balance = book.balance(row, debt_slot)
        collateral_balance = book.balance(row, collateral_slot)
        if not debt_balance:
            return Refusal.NO_DEBT
        if not collateral_balance:
            return Refusal.NO_COLLATERAL
        market = deployment.markets[collateral_market]
        debt_asset, collateral_asset = deployment.markets[debt_market].debt_asset, market.debt_asset
        return Pair(
            debt_amount=self.amount_of(deployment, debt_slot, debt_balance),
            debt_price_e8=price_e8_of(prices[debt_asset]),
            debt_unit=units[debt_asset],
            collateral_amount=self.amount_of(deployment, collateral_slot, collateral_balance),
            collateral_price_e8=price_e8_of(prices[collateral_asset]),
            collateral_unit=units[collateral_asset],
            bonus_bps=BPS + bps_of(market.parameters_in(book.category_of(row)).liquidation_bonus_ratio),
            fee_bps=bps_of(market.parameters.liquidation_fee_ratio),
        )

    def _liquidatable_data(self, deployment: Deployment, row: int) -> AccountData | Refusal:
        data = self._account_data(deployment, row)
        if data is None:
            return Refusal.PRICE_MISSING
        return data if data.is_liquidatable else Refusal.HEALTHY

    def liquidation_limit(self, deployment: Deployment, row: int) -> Limit | Refusal:
        """Return what the close factor and the collateral allow on the largest debt and the largest collateral.

        Where that would leave dust, the largest repayment that leaves enough of both; where the collateral runs out, the
        least offer that takes all of it: exactly the repayment could fall short of it by a unit and leave dust.
        """
        data = self._liquidatable_data(deployment, row)
        if isinstance(data, Refusal):
            return data
        debt_market = self._largest(deployment, row, DEBT)
        collateral_market = self._largest(deployment, row, COLLATERAL)
        if debt_market is None or collateral_market is None:
            return Refusal.NO_COLLATERAL
        pair = self._pair(deployment, row, debt_market, collateral_market)
        if isinstance(pair, Refusal):
            return pair
        cover_amount = repay_amount_max(self.rounding, pair, data)
        moved = amounts(self.rounding, pair, cover_amount)
        if leaves_dust(self.rounding, pair, moved):
            cover_amount = min(cover_amount, repay_amount_above_dust(self.rounding, pair))
            if cover_amount <= 0:
                return Refusal.LEAVES_DUST
        elif moved.taken_amount == pair.collateral_amount:
            cover_amount = min(cover_amount, cover_amount_for_all(self.rounding, pair))
        quote = self._quote(deployment, row, debt_market, collateral_market, cover_amount, pair, data)
        if isinstance(quote, Refusal):
            return quote
        return Limit(debt_market, collateral_market, cover_amount, quote.seize_amount)

    def quote(
        self, deployment: Deployment, row: int, debt_market: int, collateral_market: int, repay_amount: Amount
    ) -> Quote | Refusal:
        """Return the exact amounts; an offer above the close factor is cut to it, as the contract does."""
        data = self._liquidatable_data(deployment, row)
        if isinstance(data, Refusal):
            return data
        pair = self._pair(deployment, row, debt_market, collateral_market)
        if isinstance(pair, Refusal):
            return pair
        if repay_amount <= 0:
            return Refusal.ZERO_AMOUNT
        cover_amount = min(repay_amount, repay_amount_max(self.rounding, pair, data))
        return self._quote(deployment, row, debt_market, collateral_market, cover_amount, pair, data)

    def _quote(
        self,
        deployment: Deployment,
        row: int,
        debt_market: int,
        collateral_market: int,
        cover_amount: Amount,
        pair: Pair,
        data: AccountData,
    ) -> Quote | Refusal:
        moved = amounts(self.rounding, pair, cover_amount)
        if leaves_dust(self.rounding, pair, moved):
            return Refusal.LEAVES_DUST
        seize_amount = moved.taken_amount - moved.fee_amount
        remove = self.rounding.collateral_balance_removed
        index = deployment.market_states[collateral_market].collateral_index
        held_balance = deployment.book.balance(row, slot_of(collateral_market, COLLATERAL))
        seize_balance = remove(seize_amount, RAY, index)
        debt_balance = self.rounding.debt_balance_removed(
            moved.repay_amount, RAY, deployment.market_states[debt_market].debt_index
        )
        # Burning nothing of either token reverts.
        if not debt_balance:
            return Refusal.ZERO_AMOUNT
        if not seize_balance:
            return Refusal.NOTHING_SEIZED
        fee_amount, fee_balance = moved.fee_amount, remove(moved.fee_amount, RAY, index)
        if fee_balance > held_balance - seize_balance:
            # Two balances rounded apart may exceed the one that is held; the fee gives way.
            fee_balance = held_balance - seize_balance
            fee_amount = self.rounding.collateral_amount(fee_balance, index, RAY)
        return Quote(
            row=row,
            debt_market=debt_market,
            collateral_market=collateral_market,
            repay_amount=moved.repay_amount,
            seize_amount=seize_amount,
            fee_amount=fee_amount,
            debt_balance=debt_balance,
            collateral_balance=seize_balance + fee_balance,
            liquidation_bonus_ratio=(pair.bonus_bps - BPS) * BPS_RATIO,
            clears_collateral=self._clears_collateral(pair, moved, seize_balance + fee_balance, index, data),
        )

    def _clears_collateral(
        self, pair: Pair, moved: Amounts, taken_balance: Balance, index: int, data: AccountData
    ) -> bool:
        """Return whether what is taken is worth all collateral of the account, to the e8 unit."""
        if not self.rounding.closes_small:
            return False
        taken_amount = moved.taken_amount
        if self.rounding.tests_consumed_balance:
            taken_amount = self.rounding.collateral_amount(taken_balance, index, RAY)
        return mul_div_down(taken_amount, pair.collateral_price_e8, pair.collateral_unit) == data.collateral_e8

    def settle(self, deployment: Deployment, quote: Quote) -> None:
        """Burn the quote's balances."""
        take_positions(deployment, quote)

    def write_off(self, deployment: Deployment, row: int, settled: Quote | None) -> tuple[BadDebt, ...]:
        """Burn every debt of an account whose collateral the settled quote has cleared (3.3 and later).

        The debt that was just repaid loses what its amount was before, less the repayment; the others all of theirs.
        """
        if settled is None or not settled.clears_collateral:
            return ()
        book, written_off = deployment.book, []
        balances = {slot: balance for slot, balance in book.positions(row) if side_of(slot) == DEBT}
        repaid_slot = slot_of(settled.debt_market, DEBT)
        balances[repaid_slot] = balances.get(repaid_slot, 0) + settled.debt_balance
        for slot, balance in sorted(balances.items()):
            amount = self.amount_of(deployment, slot, balance)
            if slot == repaid_slot:
                amount -= settled.repay_amount
            book.set_balance(row, slot, 0)
            if amount:
                deployment.market_states[market_of(slot)].bad_debt_amount += amount
                written_off.append(BadDebt(market_of(slot), amount))
        return tuple(written_off)


AAVE_V3: Final = tuple(AaveV3(rounding) for rounding in AAVE_V3_VERSIONS)
"""The versions, oldest first."""
