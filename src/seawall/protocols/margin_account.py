"""A margin account: contracts, and assets that are held or owed, in one sum of equity and one of maintenance margin.

    E = sum of assets held - sum of assets owed + sum of signed q (P - F)
    M = sum over contracts of tiers' margin + sum over assets held of value * (1 - liquidation threshold)

The haircut of a collateral is thus its maintenance margin, as a contract has one, and E < M says of an account that has only
loans what W < D says: weighted collateral below debt. Cash is the one asset whose threshold is one. What an account has rounds
down, what it owes and must have rounds up.
"""

from collections.abc import Iterable
from typing import NamedTuple

from seawall.fixed import RAY, WAD, mul_div_down, mul_div_up
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import DEBT, Market, MarketState, market_of, side_of
from seawall.ledger.refusal import Refusal
from seawall.ledger.request import OpenOrders
from seawall.protocols.seawall_liquidation import Position
from seawall.rules.margin_tiers import (
    TierLine,
    initial_lines,
    tier_lines,
    tiered_liquidation_price,
    tiered_margin_value,
)
from seawall.rules.order_margin import exposure_amount, initial_margin_value
from seawall.units import Amount, Balance, Price, Ratio, Value


class Contract(NamedTuple):
    """One contract of an account; `lines` are those of the maintenance margin."""

    market: int
    is_short: bool
    balance: Balance
    price: Price
    funding_value: Value
    unit: Amount
    bonus_ratio: Ratio
    lines: tuple[TierLine, ...]

    def signed_value(self, balance: Balance) -> Value:
        """Return what so much of it adds to the equity, rounded down."""
        worth = self.price - self.funding_value
        return -mul_div_up(balance, worth, self.unit) if self.is_short else mul_div_down(balance, worth, self.unit)

    def notional_value(self, balance: Balance) -> Value:
        """Return the notional value of so much of it, rounded up."""
        return mul_div_up(balance, self.price, self.unit)

    def margin_value(self, balance: Balance) -> Value:
        """Return the margin that so much of it needs."""
        return tiered_margin_value(self.notional_value(balance), self.lines)


class MarginAccount(NamedTuple):
    """An account's positions by market and its sums, WAD; what is held and what is owed are not negative."""

    contracts: list[Contract]
    held: dict[int, Position]
    owed: dict[int, Position]
    held_value: Value
    owed_value: Value
    margin_value: Value

    @property
    def equity_value(self) -> Value:
        """E."""
        return self.held_value - self.owed_value

    @property
    def is_below(self) -> bool:
        """Whether the equity is below the margin."""
        return self.held_value - self.owed_value < self.margin_value


def is_cash(market: Market) -> bool:
    """Return whether a market is the one of the cash."""
    return not market.margin_tiers and market.parameters.liquidation_threshold_ratio == WAD


def cash_market(deployment: Deployment) -> int:
    """Return the market of the cash."""
    return next(number for number, market in enumerate(deployment.markets) if is_cash(market))


def contract_weight(deployment: Deployment, slot: int, line_ratio: Ratio, tier: int) -> tuple[int, int] | None:
    """Return a contract's weight in E / h - M in a tier: (P - F) / h - P m for a long, (P - F) / h + P m for a short."""
    number = market_of(slot)
    market, state = deployment.markets[number], deployment.market_states[number]
    price, unit = deployment.prices[market.debt_asset], deployment.units[market.debt_asset]
    if price is None:
        return None
    margin = line_ratio * price * market.margin_tiers[tier].maintenance_ratio
    worth = (price - state.funding_value) * WAD * WAD
    return worth + (margin if side_of(slot) == DEBT else -margin), line_ratio * unit * WAD


def haircut_value(value: Value, threshold_ratio: Ratio) -> Value:
    """Return the margin that so much of a collateral needs, rounded up."""
    return mul_div_up(value, WAD - threshold_ratio, WAD)


def margin_account(deployment: Deployment, row: int) -> MarginAccount | None:
    """Return the account as it stands, its positions in order of markets and sides, or None where a price is unknown."""
    contracts: list[Contract] = []
    sides: tuple[dict[int, Position], dict[int, Position]] = ({}, {})
    held_value = owed_value = margin_value = 0
    for slot, balance in sorted(deployment.book.positions(row)):
        number, side = market_of(slot), side_of(slot)
        market, state = deployment.markets[number], deployment.market_states[number]
        price, unit = deployment.prices[market.debt_asset], deployment.units[market.debt_asset]
        if price is None:
            return None
        if market.margin_tiers:
            contract = Contract(
                number, side == DEBT, balance, price, state.funding_value, unit,
                market.parameters.liquidation_bonus_ratio, tier_lines(market.margin_tiers),
            )  # fmt: skip
            contracts.append(contract)
            value = contract.signed_value(balance)
            margin_value += contract.margin_value(balance)
        else:
            position = _position(number, side, balance, state, price, unit)
            sides[side][number] = position
            value = -position.value if side == DEBT else position.value
            if side != DEBT:
                margin_value += haircut_value(value, market.parameters.liquidation_threshold_ratio)
        held_value += max(value, 0)
        owed_value -= min(value, 0)
    return MarginAccount(contracts, *sides, held_value, owed_value, margin_value)


def _position(number: int, side: int, balance: Balance, state: MarketState, price: Price, unit: Amount) -> Position:
    """Return an asset that is held or owed."""
    index, rounded = (state.debt_index, mul_div_up) if side == DEBT else (state.collateral_index, mul_div_down)
    amount = rounded(balance, index, RAY)
    return Position(number, balance, amount, rounded(amount, price, unit), index, price, unit)


def contracts_initial_value(
    deployment: Deployment, contracts: Iterable[Contract], open_orders: Iterable[OpenOrders]
) -> Value | Refusal:
    """Return the initial margin of contracts and of orders on them, each contract's on its worse side; refuse an unknown price."""
    signed: dict[int, Balance] = {}
    for contract in contracts:
        balance = -contract.balance if contract.is_short else contract.balance
        signed[contract.market] = signed.get(contract.market, 0) + balance
    orders = {each.market: each for each in open_orders}
    initial_value = 0
    for number in {**signed, **orders}:
        market = deployment.markets[number]
        price, unit = deployment.prices[market.debt_asset], deployment.units[market.debt_asset]
        if price is None:
            return Refusal.PRICE_MISSING
        waiting = orders.get(number)
        buys, sells = (waiting.buy_amount, waiting.sell_amount) if waiting is not None else (0, 0)
        amount = exposure_amount(signed.get(number, 0), buys, sells)
        initial_value += initial_margin_value(amount, price, unit, initial_lines(market.margin_tiers))
    return initial_value


def heaviest_liquidation_price(account: MarginAccount) -> tuple[int, Price | None]:
    """Return the market of the contract that needs most margin, and its liquidation price with all else still."""
    contract = max(account.contracts, key=lambda each: (each.margin_value(each.balance), -each.market))
    worth = contract.notional_value(contract.balance)
    price = tiered_liquidation_price(
        contract.balance,
        contract.unit,
        contract.is_short,
        contract.lines,
        account.equity_value + (worth if contract.is_short else -worth),
        account.margin_value - contract.margin_value(contract.balance),
    )
    return contract.market, price
