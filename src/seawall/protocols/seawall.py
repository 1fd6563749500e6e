"""Seawall: our own rule on pooled markets, one asset each.

    amount   collateral floor(balance * index / RAY)   debt ceil(balance * index / RAY)
    value    collateral floor(amount * price / unit)   debt ceil(amount * price / unit)
    W = floor(sum of value * threshold / trigger), D = sum of debt values; liquidatable iff W < D, the trigger being 1

The rule is data, so whoever composes another protocol of the same parts has this class with other numbers. How much
is liquidated, and at what bonus, is `seawall_liquidation`. Losses are realised on unrecoverable value, not on
zero collateral, which one unit could deny for ever. Let R be what all collateral repays at the least bonus that
we pay. Once R is below the dust limit no liquidation worth a keeper's while is left; then, if at least half of the
debt is lost (D >= 2R), the debts are written down to R together. What remains stays owed and secured, so nobody is given
collateral, a keeper may still close it whole, and an unrealised loss is always below the dust limit. The half keeps a
falling price from writing off a little at every tick. Prices must be fresh: the engine refuses others.
"""

from collections.abc import Sequence
from typing import Final

from seawall.errors import ConfigError
from seawall.fixed import (
    RAY,
    WAD,
    div_down,
    div_up,
    mul_div_down,
    mul_div_mul_div_down,
    mul_div_mul_div_up,
    mul_div_up,
)
from seawall.ledger.book import POSITIONS_MAX
from seawall.ledger.deployment import Deployment
from seawall.ledger.liquidation_rule import LiquidationRule
from seawall.ledger.market import DEBT, Market, market_of, side_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.elapsed_time import markets_to_accrue
from seawall.protocols.exact_limit import TargetHealthLimit
from seawall.protocols.exact_term import ExactLine, ExactTerm, Stage, Sums
from seawall.protocols.indexed_balance import indexed_amount, indexed_balance
from seawall.protocols.protocol import BadDebt, Health, Limit, Proof, Protocol, Quote, ScreenSlack
from seawall.protocols.seawall_liquidation import (
    BalanceSheet,
    Collateral,
    Exchange,
    Position,
    balance_sheet,
    best_pair,
    fee_amount,
    is_barred,
    largest_exchange,
    partial_exchange,
    partial_refusal,
)
from seawall.protocols.settlement import take_positions, write_down
from seawall.rules.accrual import linear_growth, taylor_growth
from seawall.rules.liquidation_bonus import toxic_markets
from seawall.rules.sizing import recoverable_value
from seawall.units import Amount, Balance, Milliseconds


class Seawall(Protocol):
    """One version: its rule is data."""

    name = "seawall"
    proof = Proof.OWN
    needs_fresh_price = True
    realises_loss_by_value = True

    def __init__(self, version: str, rule: LiquidationRule) -> None:
        self.version = version
        self.rule = rule
        # floor(W / trigger) < D exactly where W < D * trigger.
        self.exact_line = ExactLine(weighted_factor=1, debt_factor=rule.line_ratio, weighted_divisor=rule.line_ratio)
        known = LiquidationRule(rule.target_health_ratio, rule.dust_value, rule.bonus_share_ratio_min)
        is_compiled = rule == known and rule.target_health_ratio > 0
        self.exact_limit = TargetHealthLimit(rule.target_health_ratio, rule.dust_value) if is_compiled else None
        self.clock_gap_ms_max = rule.growing_bonus.gap_ms_max if rule.growing_bonus is not None else 0

    def check_markets(self, markets: Sequence[Market]) -> None:
        """Refuse pairs of assets, and parameters whose liquidation is toxic as soon as it is allowed."""
        for market in markets:
            if market.collateral_asset != market.debt_asset:
                raise ConfigError(f"market {market.symbol} is a pair of assets; a market of {self.label} is one asset")
        if self.rule.growing_bonus is not None:
            return
        line_ratio = self.rule.line_ratio
        for symbol, category, toxicity_ratio in toxic_markets(markets, line_ratio):
            where = f"{symbol} in category {category}" if category else symbol
            raise ConfigError(
                f"liquidation threshold × (1 + bonus) {toxicity_ratio} of {where} is not below {line_ratio} (WAD): "
                "liquidation would lower the health of every account"
            )

    # -- balances and amounts -----------------------------------------------------------------------------

    def accrue(self, deployment: Deployment, to: Milliseconds) -> bool:
        """Move debt indices by e^(r*t) rounded up, collateral indices by 1 + r*t rounded down."""
        moved = False
        for market, state, seconds in markets_to_accrue(deployment, to):
            debt_growth = taylor_growth(market.debt_rate_ray, seconds)
            state.debt_index = mul_div_up(state.debt_index, debt_growth, RAY)
            collateral_growth = linear_growth(market.collateral_rate_ray, seconds)
            state.collateral_index = mul_div_down(state.collateral_index, collateral_growth, RAY)
            moved = True
        return moved

    def amount_of(self, deployment: Deployment, slot: int, balance: Balance) -> Amount:
        """Return the amount: collateral rounded down, debt up."""
        return indexed_amount(deployment, slot, balance)

    def balance_of(self, deployment: Deployment, slot: int, amount: Amount) -> Balance:
        """Return the balance to store: collateral rounded down, debt up."""
        return indexed_balance(deployment, slot, amount)

    # -- for the monitor ----------------------------------------------------------------------------------

    def margin_weight(self, deployment: Deployment, slot: int, category: int) -> tuple[int, int] | None:
        """Return index * price / unit, times the threshold for collateral."""
        market_number = market_of(slot)
        market = deployment.markets[market_number]
        price = deployment.prices[market.debt_asset]
        if price is None:
            return None
        state, unit = deployment.market_states[market_number], deployment.units[market.debt_asset]
        if side_of(slot) == DEBT:
            return state.debt_index * price, RAY * unit
        threshold = market.parameters_in(category).liquidation_threshold_ratio
        return state.collateral_index * price * threshold, RAY * unit * self.rule.line_ratio

    def weight_prices(self, deployment: Deployment) -> list[int | None] | None:
        """Return the mark prices."""
        prices = deployment.prices
        return [prices[market.debt_asset] or None for market in deployment.markets]

    def screen_slack(self, deployment: Deployment) -> ScreenSlack:
        """Return the slack: an amount rounds by less than one base unit, a value by less than one WAD unit.

        A stored unit is worth at least one base unit, as indices start at one and never fall. Weighting rounds
        once an account more, hence one position's worth of value above the number of positions. A trigger below one
        makes a unit of value weigh more than one.
        """
        value = POSITIONS_MAX * max(1, div_up(WAD, self.rule.line_ratio)) + 1
        return ScreenSlack(collateral_units=1, debt_units=1, collateral_ratio=0, debt_ratio=0, value=value)

    # -- for the exact kernels ----------------------------------------------------------------------------

    def exact_term(self, deployment: Deployment, slot: int, category: int) -> ExactTerm | None:
        """Return balance * index, then amount * price / unit: down for collateral, up for debt."""
        number = market_of(slot)
        market, state = deployment.markets[number], deployment.market_states[number]
        price, unit = deployment.prices[market.debt_asset], deployment.units[market.debt_asset]
        if price is None:
            return None
        if side_of(slot) == DEBT:
            return ExactTerm(Stage.of(mul_div_up, state.debt_index, RAY), Stage.of(mul_div_up, price, unit))
        parameters = market.parameters_in(category)
        return ExactTerm(
            Stage.of(mul_div_down, state.collateral_index, RAY),
            Stage.of(mul_div_down, price, unit),
            parameters.liquidation_threshold_ratio,
            bonus=parameters.liquidation_bonus_ratio,
            bonus_min=self.rule.bonus_ratio_min(parameters.liquidation_bonus_ratio),
            fee=parameters.liquidation_fee_ratio,
            is_seizable=True,
        )

    # -- the rule -----------------------------------------------------------------------------------------

    def _sums(self, deployment: Deployment, row: int) -> Sums | None:
        """Return the account's sums, or None where a price is unknown."""
        markets, states = deployment.markets, deployment.market_states
        prices, units, book = deployment.prices, deployment.units, deployment.book
        category = book.category_of(row)
        collateral_value = weighted = debt_value = 0
        for slot, balance in book.positions(row):
            number = slot >> 1
            market, state = markets[number], states[number]
            asset = market.debt_asset
            price = prices[asset]
            if price is None:
                return None
            if slot & 1:
                debt_value += mul_div_mul_div_up(balance, state.debt_index, RAY, price, units[asset])
            else:
                value = mul_div_mul_div_down(balance, state.collateral_index, RAY, price, units[asset])
                collateral_value += value
                parameters = market.parameters_in(category) if category else market.parameters
                weighted += value * parameters.liquidation_threshold_ratio
        return Sums(collateral_value, weighted, debt_value)

    def health(self, deployment: Deployment, row: int) -> Health | Refusal:
        """Return the account's health; the health factor rounds down."""
        sums = self._sums(deployment, row)
        if sums is None:
            return Refusal.PRICE_MISSING
        return self.health_of(sums)

    def is_liquidatable(self, deployment: Deployment, row: int) -> bool:
        """Return whether the debt exceeds the weighted collateral."""
        sums = self._sums(deployment, row)
        return sums is not None and div_down(sums.weighted, self.rule.line_ratio) < sums.debt

    def _sheet(self, deployment: Deployment, row: int) -> BalanceSheet | Refusal:
        """Return the balance sheet of an account that may be liquidated, or why it may not."""
        sheet = balance_sheet(deployment, row, self.rule)
        if sheet is None:
            return Refusal.PRICE_MISSING
        if not sheet.debts:
            return Refusal.NO_DEBT
        if not sheet.is_below(self.rule.line_ratio):
            return Refusal.HEALTHY
        return sheet if sheet.collaterals else Refusal.NO_COLLATERAL

    def liquidation_limit(self, deployment: Deployment, row: int) -> Limit | Refusal:
        """Return the largest liquidation of the best pair."""
        sheet = self._sheet(deployment, row)
        if isinstance(sheet, Refusal):
            return sheet
        debt, collateral = best_pair(sheet, self.rule)
        largest = largest_exchange(sheet, debt, collateral, self.rule)
        quote = _quote(row, debt, collateral, largest)
        if isinstance(quote, Refusal):
            return quote
        return Limit(debt.market, collateral.position.market, quote.repay_amount, quote.seize_amount)

    def quote(
        self, deployment: Deployment, row: int, debt_market: int, collateral_market: int, repay_amount: Amount
    ) -> Quote | Refusal:
        """Return the exact amounts, of the largest liquidation of the pair where more is offered."""
        if repay_amount <= 0:
            return Refusal.ZERO_AMOUNT
        sheet = self._sheet(deployment, row)
        if isinstance(sheet, Refusal):
            return sheet
        debt, collateral = sheet.debts.get(debt_market), sheet.collaterals.get(collateral_market)
        if debt is None:
            return Refusal.NO_DEBT
        if collateral is None:
            return Refusal.NO_COLLATERAL
        if is_barred(sheet, collateral, self.rule):
            return Refusal.TOXIC
        taken = largest_exchange(sheet, debt, collateral, self.rule)
        if repay_amount < taken.repay_amount:
            taken = partial_exchange(sheet, debt, collateral, repay_amount, self.rule)
            refusal = partial_refusal(sheet, collateral, taken, self.rule)
            if refusal is not None:
                return refusal
        return _quote(row, debt, collateral, taken)

    def settle(self, deployment: Deployment, quote: Quote) -> None:
        """Take the quote's balances off the account."""
        take_positions(deployment, quote)

    def write_off(self, deployment: Deployment, row: int, settled: Quote | None) -> tuple[BadDebt, ...]:
        """Write the debts down to what the collateral repays, once that is dust and at most half of them.

        The decision is on the account as it stands, whether or not something was settled just before.
        """
        sheet = balance_sheet(deployment, row, self.rule)
        if sheet is None or not sheet.debts or not sheet.is_below(self.rule.line_ratio):
            return ()
        category = deployment.book.category_of(row)
        recoverable = 0
        for number, collateral in sheet.collaterals.items():
            full_bonus = deployment.markets[number].parameters_in(category).liquidation_bonus_ratio
            recoverable += recoverable_value(collateral.position.value, self.rule.bonus_ratio_min(full_bonus))
        if recoverable >= self.rule.dust_value or sheet.debt_value < 2 * recoverable:
            return ()
        lost = [write_down(deployment, row, debt, recoverable, sheet.debt_value) for debt in sheet.debts.values()]
        return tuple(bad_debt for bad_debt in lost if bad_debt.amount > 0)


def _quote(row: int, debt: Position, collateral: Collateral, taken: Exchange) -> Quote | Refusal:
    fee = fee_amount(collateral, taken)
    if taken.seize_amount <= fee:
        return Refusal.NOTHING_SEIZED
    if taken.debt_balance == 0:
        return Refusal.BELOW_DUST
    return Quote(
        row=row,
        debt_market=debt.market,
        collateral_market=collateral.position.market,
        repay_amount=taken.repay_amount,
        seize_amount=taken.seize_amount - fee,
        fee_amount=fee,
        debt_balance=taken.debt_balance,
        collateral_balance=taken.collateral_balance,
        liquidation_bonus_ratio=taken.bonus_ratio,
    )


SEAWALL: Final = (
    Seawall(
        "1",
        LiquidationRule(target_health_ratio=105 * 10**16, dust_value=100 * WAD, bonus_share_ratio_min=5 * 10**17),
    ),
)
"""The versions, oldest first."""
