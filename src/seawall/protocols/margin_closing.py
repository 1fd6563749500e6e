"""How much of a margin account is closed, and at what bonus: the least that brings health from below one to a target above it.

A close is a part of one contract for cash, at the mark price less or more the bonus, or a repay of one debt out of one
collateral. Let m be the margin that a unit of value closed frees: a contract's ratio in its tier, (1 + b) * haircut for a
collateral. Then

    first     the close that pays the least bonus for the margin that it frees, b / m; of equals the one of most margin
    bonus     the market's, capped so that E / M does not fall: b <= m E / M, which for a contract is its bankruptcy price;
              but never less than a share of the market's, for which keepers still come where E is gone
    how much  the least x with E(x) >= target * M(x), or all where none does; what would be left below dust is closed too
As b < m at the line, closing more is better up to the roundings, so x is found by halving.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from seawall.fixed import WAD, div_up, mul_div_down, mul_div_up
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, Market, slot_of
from seawall.protocols.margin_account import Contract, MarginAccount, haircut_value
from seawall.protocols.protocol import Quote
from seawall.protocols.seawall_liquidation import BalanceSheet, Collateral, Exchange, Position, exchange, fee_amount
from seawall.rules.bankruptcy_price import bankruptcy_price
from seawall.rules.liquidation_bonus import repay_amount_up
from seawall.rules.sizing import leaves_dust
from seawall.units import Amount, Balance, Price, Ratio, Value


class MarginRule(msgspec.Struct, frozen=True):
    """The target health, the share of a market's bonus that keepers always get, and what is too little to leave, WAD."""

    target_health_ratio: Ratio
    bonus_share_ratio_min: Ratio
    dust_value: Value


class Cash(NamedTuple):
    """The market in which contracts are settled, and its price."""

    market: int
    price: Price
    unit: Amount


class ContractClose(NamedTuple):
    """A contract that may be closed against cash."""

    contract: Contract
    cash: Cash
    bonus_ratio: Ratio

    def closing_value(self, closed: Balance) -> Value:
        """Return the value that closing so much brings to the account, less than zero for a short, the bonus paid."""
        contract = self.contract
        bonus_value = mul_div_up(contract.notional_value(closed), self.bonus_ratio, WAD)
        return contract.signed_value(closed) - bonus_value

    def cash_amount(self, closed: Balance) -> Amount:
        """Return the cash that closing so much of a long brings or of a short costs, rounded against the account."""
        value = self.closing_value(closed)
        if self.contract.is_short:
            return mul_div_up(max(0, -value), self.cash.unit, self.cash.price)
        return mul_div_down(max(0, value), self.cash.unit, self.cash.price)

    def largest(self, account: MarginAccount, rule: MarginRule) -> Balance:
        """Return the least part whose close reaches the target, or all of it."""
        contract = self.contract
        # A movement of cash is rounded to its unit, and to a stored one, where its indices have moved, on either side.
        lost_value = 4 * div_up(self.cash.price, self.cash.unit) + 4
        equity_value = account.equity_value - contract.signed_value(contract.balance) - lost_value
        margin_value = account.margin_value - contract.margin_value(contract.balance)

        def heals(closed: Balance) -> bool:
            rest = contract.balance - closed
            after_value = equity_value + contract.signed_value(rest) + self.closing_value(closed)
            return after_value * WAD >= rule.target_health_ratio * (margin_value + contract.margin_value(rest))

        closed = least_that(heals, contract.balance)
        return contract.balance if self.leaves_dust(closed, rule) else closed

    def leaves_dust(self, closed: Balance, rule: MarginRule) -> bool:
        """Return whether closing so much leaves less than nobody would come for."""
        rest = self.contract.balance - closed
        return rest > 0 and self.contract.notional_value(rest) < rule.dust_value

    def bought_for(self, most: Balance, cash_amount: Amount) -> Balance:
        """Return how much of a long at most costs no more than this."""
        if self.cash_amount(most) <= cash_amount:
            return most
        return least_that(lambda closed: self.cash_amount(closed) > cash_amount, most) - 1

    def quote(self, row: int, closed: Balance) -> Quote:
        """Return the close of so much as a liquidation: a long is bought for cash, a short is delivered for it."""
        contract, cash_amount = self.contract, self.cash_amount(closed)
        pair = (contract.market, self.cash.market) if contract.is_short else (self.cash.market, contract.market)
        return Quote(
            row=row,
            debt_market=pair[0],
            collateral_market=pair[1],
            repay_amount=closed if contract.is_short else cash_amount,
            seize_amount=cash_amount if contract.is_short else closed,
            fee_amount=0,
            debt_balance=closed if contract.is_short else 0,
            collateral_balance=0 if contract.is_short else closed,
            liquidation_bonus_ratio=self.bonus_ratio,
        )


class LoanClose(NamedTuple):
    """A debt that may be repaid out of a collateral."""

    debt: Position
    collateral: Collateral
    sheet: BalanceSheet

    def taken(self, repay_amount: Amount) -> Exchange:
        """Return what a repay takes and leaves."""
        return exchange(self.sheet, self.debt, self.collateral, repay_amount)

    def largest(self, account: MarginAccount, rule: MarginRule) -> Amount:
        """Return the least repay that reaches the target, or the whole pair."""
        held, threshold = self.collateral.position, self.collateral.liquidation_threshold_ratio
        equity_value = account.equity_value - held.value + self.debt.value
        margin_value = account.margin_value - haircut_value(held.value, threshold)
        whole_amount = min(
            self.debt.amount,
            repay_amount_up(
                held.amount, self.debt.price, self.debt.unit, held.price, held.unit, self.collateral.bonus_ratio
            ),
        )

        def heals(repay_amount: Amount) -> bool:
            taken = self.taken(repay_amount)
            after_value = equity_value + taken.collateral_left_value - taken.debt_left_value
            needed_value = margin_value + haircut_value(taken.collateral_left_value, threshold)
            return after_value * WAD >= rule.target_health_ratio * needed_value

        repay_amount = least_that(heals, whole_amount)
        return whole_amount if self.leaves_dust(repay_amount, rule) else repay_amount

    def leaves_dust(self, repay_amount: Amount, rule: MarginRule) -> bool:
        """Return whether a repay leaves less on either side than anybody would come for."""
        taken = self.taken(repay_amount)
        return leaves_dust(taken.debt_left_value, taken.collateral_left_value, rule.dust_value)

    def quote(self, row: int, repay_amount: Amount) -> Quote:
        """Return the repay as a liquidation."""
        taken = self.taken(repay_amount)
        fee = fee_amount(self.collateral, taken)
        return Quote(
            row=row,
            debt_market=self.debt.market,
            collateral_market=self.collateral.position.market,
            repay_amount=taken.repay_amount,
            seize_amount=taken.seize_amount - fee,
            fee_amount=fee,
            debt_balance=taken.debt_balance,
            collateral_balance=taken.collateral_balance,
            liquidation_bonus_ratio=self.collateral.bonus_ratio,
        )


def least_that(holds: Callable[[int], bool], most: int) -> int:
    """Return the least number above zero for which it holds, as it holds for all above it; `most` where for none below."""
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) >> 1
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def contract_close(account: MarginAccount, contract: Contract, cash: Cash, rule: MarginRule) -> ContractClose:
    """Return the close of a contract with the bonus that it pays now."""
    full = contract.bonus_ratio
    bonus = least = mul_div_down(full, rule.bonus_share_ratio_min, WAD)
    if account.equity_value > 0:
        nothing_left_price = bankruptcy_price(
            contract.price, account.equity_value, contract.margin_value(contract.balance), account.margin_value,
            contract.balance, contract.unit, contract.is_short,
        )  # fmt: skip
        capped = mul_div_down(abs(contract.price - nothing_left_price), WAD, contract.price)
        bonus = max(least, min(full, capped))
    return ContractClose(contract, cash, bonus)


def loan_close(
    deployment: Deployment, account: MarginAccount, debt: Position, held: Position, rule: MarginRule
) -> LoanClose:
    """Return the repay of a debt out of a collateral with the bonus that it pays now: b <= E h / (M - E h), h the haircut."""
    parameters = deployment.markets[held.market].parameters
    threshold, full = parameters.liquidation_threshold_ratio, parameters.liquidation_bonus_ratio
    bonus = least = mul_div_down(full, rule.bonus_share_ratio_min, WAD)
    if account.equity_value > 0:
        carried = account.equity_value * (WAD - threshold)
        capped = mul_div_down(carried, WAD, account.margin_value * WAD - carried)
        bonus = max(least, min(full, capped))
    collateral = Collateral(held, threshold, parameters.liquidation_fee_ratio, bonus, is_toxic=False)
    weighted = sum(
        position.value * deployment.markets[number].parameters.liquidation_threshold_ratio
        for number, position in account.held.items()
    )
    sheet = BalanceSheet({}, account.owed, weighted, sum(position.value for position in account.owed.values()))
    return LoanClose(debt, collateral, sheet)


def first_close(
    deployment: Deployment, account: MarginAccount, cash: Cash, rule: MarginRule
) -> ContractClose | LoanClose | None:
    """Return the close that pays least for the margin that it frees, or None where nothing is left to close.

    Of equals the one of most margin comes first, then the lowest market and side; an asset that frees none, cash, comes last.
    Debt is repaid where it is worth most.
    """
    ranked: list[tuple[tuple[bool, Ratio, Value, int], ContractClose | LoanClose]] = []
    for contract in account.contracts:
        close = contract_close(account, contract, cash, rule)
        margin_value = contract.margin_value(contract.balance)
        slot = slot_of(contract.market, DEBT if contract.is_short else COLLATERAL)
        cost = mul_div_up(close.bonus_ratio, WAD, _tier_ratio(contract))
        ranked.append(((False, cost, -margin_value, slot), close))
    if account.owed:
        debt = max(account.owed.values(), key=lambda position: (position.value, -position.market))
        for number, held in account.held.items():
            loan = loan_close(deployment, account, debt, held, rule)
            threshold = deployment.markets[number].parameters.liquidation_threshold_ratio
            freed = (WAD - threshold) * (WAD + loan.collateral.bonus_ratio)
            cost = mul_div_up(loan.collateral.bonus_ratio * WAD, WAD, max(1, freed))
            slot = slot_of(number, COLLATERAL)
            ranked.append(((not freed, cost, -haircut_value(held.value, threshold), slot), loan))
    return min(ranked, key=lambda entry: entry[0])[1] if ranked else None


def _tier_ratio(contract: Contract) -> Ratio:
    """Return the margin ratio of the tier in which the contract's notional value lies."""
    notional_value = contract.notional_value(contract.balance)
    return max(line.slope_ratio for line in contract.lines if line.floor_value <= notional_value)


def check_bonus(market: Market, place: str) -> str | None:
    """Return why a market's bonus could never heal an account, or None."""
    parameters = market.parameters
    bonus, threshold = parameters.liquidation_bonus_ratio, parameters.liquidation_threshold_ratio
    if market.margin_tiers:
        least = market.margin_tiers[0].maintenance_ratio
        return None if bonus < least else f"bonus {bonus} is not below the least margin ratio {least}, {place}"
    if threshold * (WAD + bonus) < WAD * WAD or threshold == WAD:
        return None
    return f"liquidation threshold × (1 + bonus) of {threshold} and {bonus} is not below {WAD}, {place}"
