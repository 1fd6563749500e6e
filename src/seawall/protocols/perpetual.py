"""Perpetual: contracts without an end beside cash, cross margin in tiers, as derivatives exchanges document it.

    equity E = cash + sum of q (P - F)      maintenance margin MM = sum over positions of max over tiers (N m - d)
    liquidatable  iff  E < MM               N = |q| P, the notional value; tiers are in `rules/margin_tiers.py`

One market is cash, which may be owed; each other one is a contract, whose long is the market's collateral and whose short its
debt. Entry prices are in the cash: whoever buys q at P pays q (P - F). F is the market's cumulative funding; it moves by
P * rate * time, and stands still while the mark price is unknown. What an account has rounds down, what it owes
and must have rounds up. A liquidation closes part of one contract at the mark price, less or more the bonus: the least
part that restores the margin, on the position that needs most. Cash still owed when no contract is left is bad debt.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from seawall.errors import ConfigError
from seawall.fixed import (
    RAY,
    SECONDS_PER_YEAR,
    WAD,
    div_up,
    mul_div_down,
    mul_div_mul_div_down,
    mul_div_mul_div_up,
    mul_div_up,
)
from seawall.ledger.book import POSITIONS_MAX
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, Market, market_of, side_of, slot_of
from seawall.ledger.order import Refusal
from seawall.protocols.elapsed_time import markets_to_accrue
from seawall.protocols.indexed_balance import indexed_amount, indexed_balance
from seawall.protocols.protocol import BadDebt, Health, Limit, Proof, Protocol, Quote, ScreenSlack
from seawall.rules.accrual import linear_growth, taylor_growth
from seawall.rules.margin import HEALTH_FACTOR_MAX
from seawall.rules.margin_tiers import TierLine, check_tiers, tier_lines, tiered_margin_value
from seawall.units import Amount, Balance, Milliseconds, Price, Ratio, Value


class _Sums(NamedTuple):
    """What an account has, what it owes and what it must have, WAD; the first two are not negative."""

    held_value: Value
    owed_value: Value
    margin_value: Value

    @property
    def is_below(self) -> bool:
        return self.held_value - self.owed_value < self.margin_value


class _Contract(NamedTuple):
    """One contract of an account, and what deciding its size needs."""

    market: int
    side: int
    balance: Balance
    price: Price
    funding_value: Value
    unit: Amount
    bonus_ratio: Ratio
    lines: tuple[TierLine, ...]

    def value(self, balance: Balance) -> Value:
        """Return what so much of it is worth to a long, rounded against the account."""
        rounded = mul_div_up if self.side == DEBT else mul_div_down
        return rounded(balance, self.price - self.funding_value, self.unit)

    def margin_value(self, balance: Balance) -> Value:
        """Return the margin that so much of it needs."""
        return tiered_margin_value(mul_div_up(balance, self.price, self.unit), self.lines)

    def closing_value(self, balance: Balance) -> Value:
        """Return the cash that closing so much of it brings a long, or costs a short, the bonus included."""
        bonus_value = mul_div_up(mul_div_up(balance, self.price, self.unit), self.bonus_ratio, WAD)
        return self.value(balance) + (bonus_value if self.side == DEBT else -bonus_value)


class Perpetual(Protocol):
    """The one version."""

    name = "perpetual"
    version = "1"
    proof = Proof.DOCUMENTS
    positions_are_signed = True
    realises_loss_by_value = True

    def check_markets(self, markets: Sequence[Market]) -> None:
        """Refuse pairs, categories, other than one market of cash, tiers that jump, and a bonus that no margin pays."""
        for market in markets:
            place = f"in market {market.symbol} of {self.label}"
            if market.collateral_asset != market.debt_asset:
                raise ConfigError(f"assets {market.collateral_asset} and {market.debt_asset} are not one, {place}")
            if market.categories:
                raise ConfigError(f"{len(market.categories)} categories are not 0, {place}")
            if market.margin_tiers:
                check_tiers(market.margin_tiers, place)
                least_ratio, bonus_ratio = (
                    market.margin_tiers[0].maintenance_ratio,
                    market.parameters.liquidation_bonus_ratio,
                )
                if bonus_ratio >= least_ratio:
                    raise ConfigError(f"bonus {bonus_ratio} is not below the least margin ratio {least_ratio}, {place}")
        cash_count = sum(not market.margin_tiers for market in markets)
        if cash_count != 1:
            raise ConfigError(f"{cash_count} markets without margin tiers are not 1, the cash, of {self.label}")

    # -- balances and amounts -----------------------------------------------------------------------------

    def accrue(self, deployment: Deployment, to: Milliseconds) -> bool:
        """Move the cash's indices by its rates, and every contract's funding by its rate at the mark price, rounded down."""
        moved = False
        for market, state, seconds in markets_to_accrue(deployment, to):
            price = deployment.prices[market.debt_asset]
            if not market.margin_tiers:
                state.debt_index = mul_div_up(state.debt_index, taylor_growth(market.debt_rate_ray, seconds), RAY)
                growth = linear_growth(market.collateral_rate_ray, seconds)
                state.collateral_index = mul_div_down(state.collateral_index, growth, RAY)
            elif price is not None:
                state.funding_value += mul_div_down(price, market.debt_rate_ray * seconds, RAY * SECONDS_PER_YEAR)
            moved = True
        return moved

    def amount_of(self, deployment: Deployment, slot: int, balance: Balance) -> Amount:
        """Return the amount: cash that is held rounded down, cash owed up, contracts as they are."""
        return indexed_amount(deployment, slot, balance)

    def balance_of(self, deployment: Deployment, slot: int, amount: Amount) -> Balance:
        """Return the balance to store: what is held rounded down, what is owed up."""
        return indexed_balance(deployment, slot, amount)

    # -- for the monitor ----------------------------------------------------------------------------------

    def margin_weight(self, deployment: Deployment, slot: int, category: int) -> tuple[int, int] | None:
        """Return the weight in the first tier."""
        return self.tier_weight(deployment, slot, category, WAD, 0)

    def line_weight(
        self, deployment: Deployment, slot: int, category: int, line_ratio: Ratio
    ) -> tuple[int, int] | None:
        """Return the weight in the first tier, on a line."""
        return self.tier_weight(deployment, slot, category, line_ratio, 0)

    def margin_tiers(self, deployment: Deployment, slot: int) -> tuple[TierLine, ...]:
        """Return the market's tiers; cash has none."""
        return tier_lines(deployment.markets[market_of(slot)].margin_tiers)

    def tier_weight(
        self, deployment: Deployment, slot: int, category: int, line_ratio: Ratio, tier: int
    ) -> tuple[int, int] | None:
        """Return the weight of E / h - MM: (P - F) / h - P m for a long, (P - F) / h + P m for a short, P / h for cash.

        It is negative where funding has eaten the price, or where the line asks for all of it.
        """
        number = market_of(slot)
        market, state = deployment.markets[number], deployment.market_states[number]
        price, unit = deployment.prices[market.debt_asset], deployment.units[market.debt_asset]
        if price is None:
            return None
        if not market.margin_tiers:
            index = state.debt_index if side_of(slot) == DEBT else state.collateral_index
            return index * price * WAD, RAY * unit * line_ratio
        margin = line_ratio * price * market.margin_tiers[tier].maintenance_ratio
        worth = (price - state.funding_value) * WAD * WAD
        return worth + (margin if side_of(slot) == DEBT else -margin), line_ratio * unit * WAD

    def screen_slack(self, deployment: Deployment) -> ScreenSlack:
        """Return the slack: a position rounds its worth, its notional value and its margin by less than one WAD unit each.

        Its deduction is rounded once a tier, and the line of a neighbouring tier is within as much of its own at the edge.
        Cash rounds by less than one base unit where its indices have moved, and its value by one WAD unit.
        """
        states = zip(deployment.markets, deployment.market_states, strict=True)
        has_moved = any(
            not market.margin_tiers and (state.collateral_index, state.debt_index) != (RAY, RAY)
            for market, state in states
        )
        tiers_max = max(len(market.margin_tiers) for market in deployment.markets)
        units = int(has_moved)
        return ScreenSlack(units, units, 0, 0, value=POSITIONS_MAX * (6 + 2 * tiers_max))

    # -- the rule -----------------------------------------------------------------------------------------

    def is_at_risk(self, deployment: Deployment, row: int) -> bool:
        """Return whether the account has a contract or owes cash."""
        return any(
            side_of(slot) == DEBT or deployment.markets[market_of(slot)].margin_tiers
            for slot, _ in deployment.book.positions(row)
        )

    def _contract(self, deployment: Deployment, slot: int, balance: Balance) -> _Contract | None:
        """Return a contract, or None where its price is unknown."""
        number = market_of(slot)
        market = deployment.markets[number]
        price = deployment.prices[market.debt_asset]
        if price is None:
            return None
        return _Contract(
            number, side_of(slot), balance, price, deployment.market_states[number].funding_value,
            deployment.units[market.debt_asset], market.parameters.liquidation_bonus_ratio,
            tier_lines(market.margin_tiers),
        )  # fmt: skip

    def _sums(self, deployment: Deployment, row: int) -> _Sums | None:
        """Return the account's sums, or None where a price is unknown."""
        held_value = owed_value = margin_value = 0
        for slot, balance in deployment.book.positions(row):
            number = market_of(slot)
            market, state = deployment.markets[number], deployment.market_states[number]
            if market.margin_tiers:
                contract = self._contract(deployment, slot, balance)
                if contract is None:
                    return None
                value = contract.value(balance) if contract.side == COLLATERAL else -contract.value(balance)
                margin_value += contract.margin_value(balance)
            else:
                price, unit = deployment.prices[market.debt_asset], deployment.units[market.debt_asset]
                if price is None:
                    return None
                value = (
                    -mul_div_mul_div_up(balance, state.debt_index, RAY, price, unit)
                    if side_of(slot) == DEBT
                    else mul_div_mul_div_down(balance, state.collateral_index, RAY, price, unit)
                )
            held_value += max(value, 0)
            owed_value -= min(value, 0)
        return _Sums(held_value, owed_value, margin_value)

    def health(self, deployment: Deployment, row: int) -> Health | Refusal:
        """Return the account's health; the factor is equity over maintenance margin, rounded down, never negative.

        All that is held counts as collateral, less the margin as weighted collateral, and all that is owed as debt.
        """
        sums = self._sums(deployment, row)
        if sums is None:
            return Refusal.PRICE_MISSING
        held_value, owed_value, margin_value = sums
        equity_value = held_value - owed_value
        factor = HEALTH_FACTOR_MAX
        if equity_value < 0:
            factor = 0
        elif margin_value:
            factor = mul_div_down(equity_value, WAD, margin_value)
        return Health(held_value, held_value - margin_value, owed_value, factor, sums.is_below)

    def is_liquidatable(self, deployment: Deployment, row: int) -> bool:
        """Return whether the equity is below the maintenance margin."""
        sums = self._sums(deployment, row)
        return sums is not None and sums.is_below

    # -- how much is closed -------------------------------------------------------------------------------

    def _cash_market(self, deployment: Deployment) -> int:
        return next(number for number, market in enumerate(deployment.markets) if not market.margin_tiers)

    def _contracts(self, deployment: Deployment, row: int) -> list[_Contract]:
        """Return the account's contracts; all prices are known."""
        contracts = []
        for slot, balance in deployment.book.positions(row):
            if deployment.markets[market_of(slot)].margin_tiers:
                contract = self._contract(deployment, slot, balance)
                assert contract is not None, slot
                contracts.append(contract)
        return contracts

    def _cash_amount(self, deployment: Deployment, contract: _Contract, closed: Balance) -> Amount:
        """Return the base units of cash that closing so much brings a long or costs a short, against the account."""
        asset = deployment.markets[self._cash_market(deployment)].debt_asset
        price, unit = deployment.prices[asset], deployment.units[asset]
        assert price is not None, asset
        rounded = mul_div_up if contract.side == DEBT else mul_div_down
        return max(0, rounded(contract.closing_value(closed), unit, price))

    def _largest_close(self, deployment: Deployment, row: int, contract: _Contract) -> Balance:
        """Return the least part of a contract whose close restores the margin, or all of it where none does.

        As the bonus is below every margin ratio, closing more is always better, up to the roundings.
        """
        sums = self._sums(deployment, row)
        assert sums is not None, row
        sign = -1 if contract.side == DEBT else 1
        asset = deployment.markets[self._cash_market(deployment)].debt_asset
        price, unit = deployment.prices[asset], deployment.units[asset]
        assert price is not None, asset
        # A movement of cash is rounded to its unit, and to a stored one, where its indices have moved, on either side.
        lost_value = 4 * div_up(price, unit) + 4
        equity_value = sums.held_value - sums.owed_value - sign * contract.value(contract.balance) - lost_value
        margin_value = sums.margin_value - contract.margin_value(contract.balance)

        def heals(closed: Balance) -> bool:
            left = contract.balance - closed
            after_value = equity_value + sign * (contract.value(left) + contract.closing_value(closed))
            return after_value >= margin_value + contract.margin_value(left)

        low, high = 0, contract.balance
        while high - low > 1:
            middle = (low + high) >> 1
            low, high = (low, middle) if heals(middle) else (middle, high)
        return high

    def liquidation_limit(self, deployment: Deployment, row: int) -> Limit | Refusal:
        """Return the close of the contract that needs most margin, of equals the one of the lowest market and side."""
        if (refusal := self._refusal(deployment, row)) is not None:
            return refusal
        contracts = self._contracts(deployment, row)
        if not contracts:
            return Refusal.NO_COLLATERAL
        contract = max(contracts, key=lambda each: (each.margin_value(each.balance), -each.market, -each.side))
        quote = self._quote(deployment, row, contract, self._largest_close(deployment, row, contract))
        if isinstance(quote, Refusal):
            return quote
        return Limit(quote.debt_market, quote.collateral_market, quote.repay_amount, quote.seize_amount)

    def _refusal(self, deployment: Deployment, row: int) -> Refusal | None:
        sums = self._sums(deployment, row)
        if sums is None:
            return Refusal.PRICE_MISSING
        return None if sums.is_below else Refusal.HEALTHY

    def quote(
        self, deployment: Deployment, row: int, debt_market: int, collateral_market: int, repay_amount: Amount
    ) -> Quote | Refusal:
        """Return the exact amounts: a long is bought for cash, a short is delivered for it; never more than the largest close."""
        if (refusal := self._refusal(deployment, row)) is not None:
            return refusal
        cash = self._cash_market(deployment)
        if (debt_market == cash) == (collateral_market == cash):
            return Refusal.NO_COLLATERAL
        side = COLLATERAL if debt_market == cash else DEBT
        market = collateral_market if side == COLLATERAL else debt_market
        contract = next((c for c in self._contracts(deployment, row) if (c.market, c.side) == (market, side)), None)
        if contract is None:
            return Refusal.NO_COLLATERAL if side == COLLATERAL else Refusal.NO_DEBT
        if repay_amount <= 0:
            return Refusal.ZERO_AMOUNT
        closed = self._largest_close(deployment, row, contract)
        if side == DEBT:
            closed = min(closed, repay_amount)
        elif self._cash_amount(deployment, contract, closed) > repay_amount:
            closed = self._bought_for(deployment, contract, closed, repay_amount)
        return self._quote(deployment, row, contract, closed)

    def _bought_for(self, deployment: Deployment, contract: _Contract, most: Balance, cash_amount: Amount) -> Balance:
        """Return how much of a long at most costs no more than this; all of `most` would cost more."""
        low, high = 0, most
        while high - low > 1:
            middle = (low + high) >> 1
            is_paid = self._cash_amount(deployment, contract, middle) <= cash_amount
            low, high = (middle, high) if is_paid else (low, middle)
        return low

    def _quote(self, deployment: Deployment, row: int, contract: _Contract, closed: Balance) -> Quote | Refusal:
        cash, is_short = self._cash_market(deployment), contract.side == DEBT
        cash_amount = self._cash_amount(deployment, contract, closed)
        if not closed or not cash_amount:
            return Refusal.NOTHING_SEIZED if is_short or not closed else Refusal.ZERO_AMOUNT
        return Quote(
            row=row,
            debt_market=contract.market if is_short else cash,
            collateral_market=cash if is_short else contract.market,
            repay_amount=closed if is_short else cash_amount,
            seize_amount=cash_amount if is_short else closed,
            fee_amount=0,
            debt_balance=closed if is_short else 0,
            collateral_balance=0 if is_short else closed,
            liquidation_bonus_ratio=contract.bonus_ratio,
        )

    def settle(self, deployment: Deployment, quote: Quote) -> None:
        """Take what is closed off the contract, and move the cash, which may become owed."""
        cash, is_short = self._cash_market(deployment), quote.collateral_market == self._cash_market(deployment)
        slot = slot_of(quote.debt_market, DEBT) if is_short else slot_of(quote.collateral_market, COLLATERAL)
        closed = quote.repay_amount if is_short else quote.seize_amount
        is_taken = deployment.book.move_balance(quote.row, slot, -closed)
        assert is_taken, quote
        held_slot, owed_slot = slot_of(cash, COLLATERAL), slot_of(cash, DEBT)
        first, last = (held_slot, owed_slot) if is_short else (owed_slot, held_slot)
        moved = quote.seize_amount if is_short else quote.repay_amount
        before = self.amount_of(deployment, first, deployment.book.balance(quote.row, first))
        deployment.book.set_balance(quote.row, first, self.balance_of(deployment, first, max(0, before - moved)))
        if moved > before:
            after = self.amount_of(deployment, last, deployment.book.balance(quote.row, last)) + moved - before
            deployment.book.set_balance(quote.row, last, self.balance_of(deployment, last, after))

    def write_off(self, deployment: Deployment, row: int, settled: Quote | None) -> tuple[BadDebt, ...]:
        """Write off the cash that is still owed once no contract and no cash is left."""
        positions = deployment.book.positions(row)
        cash = self._cash_market(deployment)
        if len(positions) != 1 or positions[0][0] != slot_of(cash, DEBT):
            return ()
        slot, balance = positions[0]
        amount = self.amount_of(deployment, slot, balance)
        deployment.book.set_balance(row, slot, 0)
        deployment.market_states[cash].bad_debt_amount += amount
        return (BadDebt(cash, amount),)


PERPETUAL: Final = Perpetual()
