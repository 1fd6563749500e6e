"""dYdX v4: perpetual contracts in cross margin, closed through the book at a price that sinks with the account.

    liquidatable  iff  MMR > 0 and MMR > NC         the sums are `dydx_v4_margin.py`, a close `dydx_v4_liquidation.py`

A keeper stands for the book and takes a close at the fillable price, the worst that the chain allows. An account is closed by a
part a block: a contract once, and all its contracts within one notional value; what the fund may lose by it is bounded too. Where
the fund cannot pay, the fill is refused: then the chain deleverages. The chain begins at a contract drawn by chance, here the one
of most maintenance margin comes first. Contracts `is_isolated` have a fund of their own, all others share the cash market's.
"""

from collections.abc import Sequence
from typing import Final

from seawall.errors import ConfigError
from seawall.fixed import WAD, div_down, mul_div_down
from seawall.ledger.book import POSITIONS_MAX
from seawall.ledger.deployment import BlockClose, Deployment
from seawall.ledger.market import COLLATERAL, DEBT, Market, MarketState, market_of, side_of, slot_of
from seawall.ledger.refusal import Refusal
from seawall.ledger.request import OpenOrders
from seawall.protocols.dydx_v4_liquidation import (
    Close,
    LiquidationRule,
    bought_for,
    close_at,
    largest_close,
    price_at_worst,
    whole_steps,
)
from seawall.protocols.dydx_v4_margin import Contract, Risk, are_parts_in_a_million, contracts_of
from seawall.protocols.funding import accrue_with_funding
from seawall.protocols.indexed_balance import indexed_amount, indexed_balance
from seawall.protocols.margin_account import cash_market, contract_weight, is_cash
from seawall.protocols.protocol import BadDebt, Health, Limit, Proof, Protocol, Quote, ScreenSlack
from seawall.protocols.settlement import has_room_for_cash, move_cash
from seawall.rules.fillable_price import FillableRule
from seawall.rules.margin import HEALTH_FACTOR_MAX
from seawall.rules.margin_tiers import check_tiers
from seawall.units import Amount, Balance, Milliseconds, Ratio, Value


class DydxV4(Protocol):
    """One version: its rule is data."""

    name = "dydx_v4"
    proof = Proof.DOCUMENTS
    positions_are_signed = True
    lets_go_unseen = True

    def __init__(self, version: str, rule: LiquidationRule) -> None:
        self.version = version
        self.rule = rule

    def check_markets(self, markets: Sequence[Market]) -> None:
        """Refuse other than one market of cash and contracts of one tier in parts of a million, of an initial margin each."""
        for market in markets:
            place = f"in market {market.symbol} of {self.label}"
            if market.collateral_asset != market.debt_asset:
                raise ConfigError(f"assets {market.collateral_asset} and {market.debt_asset} are not one, {place}")
            if is_cash(market):
                continue
            if len(market.margin_tiers) != 1:
                raise ConfigError(f"{len(market.margin_tiers)} margin tiers are not 1, {place}")
            check_tiers(market.margin_tiers, place)
            if not market.margin_tiers[0].initial_ratio or not are_parts_in_a_million(market):
                raise ConfigError(f"margin {market.margin_tiers[0]} is not in parts of a million, {place}")
            lower, upper = market.open_interest_bounds
            if upper and not 0 <= lower < upper:
                raise ConfigError(f"open interest bounds {lower} and {upper} do not rise, {place}")
        cash_count = sum(is_cash(market) for market in markets)
        if cash_count != 1:
            raise ConfigError(f"{cash_count} markets of cash are not 1, of {self.label}")

    # -- balances and amounts -----------------------------------------------------------------------------

    def accrue(self, deployment: Deployment, to: Milliseconds) -> bool:
        """Begin another block, and move funding."""
        deployment.block_closes.clear()
        return accrue_with_funding(deployment, to)

    def amount_of(self, deployment: Deployment, slot: int, balance: Balance) -> Amount:
        """Return the amount, which is the balance."""
        return indexed_amount(deployment, slot, balance)

    def balance_of(self, deployment: Deployment, slot: int, amount: Amount) -> Balance:
        """Return the balance, which is the amount."""
        return indexed_balance(deployment, slot, amount)

    # -- for the monitor ----------------------------------------------------------------------------------

    def margin_weight(self, deployment: Deployment, slot: int, category: int) -> tuple[int, int] | None:
        """Return the weight on the line of liquidation."""
        return self.line_weight(deployment, slot, category, WAD)

    def line_weight(
        self, deployment: Deployment, slot: int, category: int, line_ratio: Ratio
    ) -> tuple[int, int] | None:
        """Return the weight of NC / h - MMR; cash is at par."""
        market = deployment.markets[market_of(slot)]
        if not market.margin_tiers:
            return WAD * WAD, deployment.units[market.debt_asset] * line_ratio
        return contract_weight(deployment, slot, line_ratio, 0)

    def screen_slack(self, deployment: Deployment) -> ScreenSlack:
        """Return the slack: a position rounds its value, its funding and, twice, its margin by less than a quote quantum each."""
        quantum_value = div_down(WAD, self._quote_unit(deployment))
        return ScreenSlack(0, 0, 0, 0, value=6 * POSITIONS_MAX * quantum_value)

    # -- the rule -----------------------------------------------------------------------------------------

    def is_at_risk(self, deployment: Deployment, row: int) -> bool:
        """Return whether the account has a contract or owes cash."""
        return any(
            side_of(slot) == DEBT or deployment.markets[market_of(slot)].margin_tiers
            for slot, _ in deployment.book.positions(row)
        )

    def _quote_unit(self, deployment: Deployment) -> Amount:
        return deployment.units[deployment.markets[cash_market(deployment)].debt_asset]

    def _cash(self, deployment: Deployment, row: int) -> int:
        """Return the account's cash, less than zero where it is owed."""
        cash, book = cash_market(deployment), deployment.book
        return book.balance(row, slot_of(cash, COLLATERAL)) - book.balance(row, slot_of(cash, DEBT))

    def _risk(self, deployment: Deployment, row: int) -> tuple[Risk, list[Contract]] | None:
        """Return the account's sums and contracts, or None where a price is unknown."""
        contracts = contracts_of(deployment, row, self._quote_unit(deployment))
        if contracts is None:
            return None
        risk = Risk(self._cash(deployment, row), 0, 0)
        for contract in contracts:
            risk += contract.risk(deployment)
        return risk, contracts

    def health(self, deployment: Deployment, row: int) -> Health | Refusal:
        """Return the account's health; the factor is net collateral over maintenance margin, rounded down, never negative.

        Whatever position takes from the net collateral, by its funding too, is debt.
        """
        found = self._risk(deployment, row)
        if found is None:
            return Refusal.PRICE_MISSING
        risk, contracts = found
        scale = div_down(WAD, self._quote_unit(deployment))
        owed = sum(-min(0, contract.risk(deployment).net_collateral) for contract in contracts)
        debt = owed - min(0, self._cash(deployment, row))
        factor = 0 if risk.net_collateral < 0 else HEALTH_FACTOR_MAX
        if risk.net_collateral >= 0 and risk.maintenance:
            factor = mul_div_down(risk.net_collateral, WAD, risk.maintenance)
        held = risk.net_collateral + debt
        return Health(held * scale, (held - risk.maintenance) * scale, debt * scale, factor, risk.is_liquidatable)

    def is_liquidatable(self, deployment: Deployment, row: int) -> bool:
        """Return whether the account has a maintenance margin and less net collateral than that."""
        found = self._risk(deployment, row)
        return found is not None and found[0].is_liquidatable

    def opening_room_value(
        self, deployment: Deployment, row: int, open_orders: Sequence[OpenOrders]
    ) -> Value | Refusal:
        """Return the net collateral beyond the initial margin; the chain asks nothing for orders that wait."""
        found = self._risk(deployment, row)
        if found is None:
            return Refusal.PRICE_MISSING
        return (found[0].net_collateral - found[0].initial) * div_down(WAD, self._quote_unit(deployment))

    def cash_market_of(self, deployment: Deployment) -> int:
        """Return the market of the cash."""
        return cash_market(deployment)

    # -- how much is closed -------------------------------------------------------------------------------

    def liquidation_limit(self, deployment: Deployment, row: int) -> Limit | Refusal:
        """Return the largest close of the contract of most maintenance margin that was not closed in this block."""
        found = self._sinking(deployment, row)
        if isinstance(found, Refusal):
            return found
        risk, contracts = found
        closed = self._block_close(deployment, row)
        waiting = [contract for contract in contracts if contract.number not in closed.markets]
        if not waiting:
            return Refusal.CLOSE_FACTOR_EXCEEDED
        contract = max(waiting, key=lambda each: (each.maintenance(each.balance), -each.number))
        most = largest_close(contract, closed.notional_amount, self.rule)
        quote = self._quote(deployment, row, risk, contract, most)
        if isinstance(quote, Refusal):
            return quote
        return Limit(quote.debt_market, quote.collateral_market, quote.repay_amount, quote.seize_amount)

    def _sinking(self, deployment: Deployment, row: int) -> tuple[Risk, list[Contract]] | Refusal:
        found = self._risk(deployment, row)
        cash_asset = deployment.markets[cash_market(deployment)].debt_asset
        if found is None or deployment.prices[cash_asset] is None:
            return Refusal.PRICE_MISSING
        return found if found[0].is_liquidatable else Refusal.HEALTHY

    def quote(
        self, deployment: Deployment, row: int, debt_market: int, collateral_market: int, repay_amount: Amount
    ) -> Quote | Refusal:
        """Return the exact amounts at the fillable price: a long is bought for cash, a short is delivered for it."""
        if repay_amount <= 0:
            return Refusal.ZERO_AMOUNT
        found = self._sinking(deployment, row)
        if isinstance(found, Refusal):
            return found
        risk, contracts = found
        cash = cash_market(deployment)
        if (debt_market == cash) == (collateral_market == cash):
            return Refusal.NO_COLLATERAL
        number, is_short = (debt_market, True) if collateral_market == cash else (collateral_market, False)
        contract = next((each for each in contracts if (each.number, each.is_short) == (number, is_short)), None)
        if contract is None:
            return Refusal.NO_DEBT if is_short else Refusal.NO_COLLATERAL
        closed = self._block_close(deployment, row)
        if number in closed.markets:
            return Refusal.CLOSE_FACTOR_EXCEEDED
        most = largest_close(contract, closed.notional_amount, self.rule)
        if is_short:
            offered = most if repay_amount >= most else whole_steps(repay_amount, contract.market.amount_step or 1)
        else:
            offered = bought_for(contract, most, price_at_worst(contract, risk, self.rule), repay_amount)
        if not offered:
            return Refusal.NOTHING_SEIZED if most else Refusal.CLOSE_FACTOR_EXCEEDED
        return self._quote(deployment, row, risk, contract, offered)

    def _quote(
        self, deployment: Deployment, row: int, risk: Risk, contract: Contract, closed: Balance
    ) -> Quote | Refusal:
        if not closed:
            return Refusal.CLOSE_FACTOR_EXCEEDED
        price = price_at_worst(contract, risk, self.rule)
        close = close_at(contract, risk, closed, price, self.rule)
        refusal = self._fund_refusal(deployment, row, contract, close)
        if refusal is not None:
            return refusal
        cash, worth = cash_market(deployment), abs(close.filled)
        if not worth:
            return Refusal.NOTHING_SEIZED
        reach = worth + abs(close.insurance) + abs(contract.funding(deployment, contract.balance))
        if not all(has_room_for_cash(self, deployment, row, cash, moved) for moved in (reach, -reach)):
            return Refusal.BALANCE_EXCEEDED
        return Quote(
            row=row,
            debt_market=contract.number if contract.is_short else cash,
            collateral_market=cash if contract.is_short else contract.number,
            repay_amount=closed if contract.is_short else worth,
            seize_amount=worth if contract.is_short else closed,
            fee_amount=0,
            debt_balance=closed if contract.is_short else 0,
            collateral_balance=0 if contract.is_short else closed,
            liquidation_bonus_ratio=mul_div_down(abs(contract.price - price), WAD, contract.price),
            insurance_amount=close.insurance,
        )

    def _fund_refusal(self, deployment: Deployment, row: int, contract: Contract, close: Close) -> Refusal | None:
        """Return why the fund does not pay for a close, or None: it has not enough, or has lost enough in this block."""
        lost = -close.insurance
        if lost <= 0:
            return None
        if lost > self._fund(deployment, contract.number).insurance_amount:
            return Refusal.FUND_OVERDRAWN
        lost += self._block_close(deployment, row).insurance_amount
        is_over = lost > self.rule.insurance_loss_max * contract.quote_unit
        return Refusal.CLOSE_FACTOR_EXCEEDED if is_over else None

    def _fund(self, deployment: Deployment, number: int) -> MarketState:
        """Return the state that holds the fund of a contract."""
        is_own = deployment.markets[number].is_isolated
        return deployment.market_states[number if is_own else cash_market(deployment)]

    def _block_close(self, deployment: Deployment, row: int) -> BlockClose:
        return deployment.block_closes.get(deployment.book.account_at(row), BlockClose())

    def settle(self, deployment: Deployment, quote: Quote) -> None:
        """Take what is closed off the contract, let the fund have its part, then give the cash, less the funding of what is closed."""
        cash = cash_market(deployment)
        is_short = quote.collateral_market == cash
        number = quote.debt_market if is_short else quote.collateral_market
        contracts = contracts_of(deployment, quote.row, self._quote_unit(deployment)) or []
        contract = next(each for each in contracts if (each.number, each.is_short) == (number, is_short))
        closed = quote.debt_balance + quote.collateral_balance
        before = self._block_close(deployment, quote.row)
        deployment.block_closes[deployment.book.account_at(quote.row)] = BlockClose(
            before.notional_amount + contract.notional(closed, contract.price),
            before.insurance_amount + max(0, -quote.insurance_amount),
            (*before.markets, number),
        )
        self._fund(deployment, number).insurance_amount += quote.insurance_amount
        is_taken = deployment.book.move_balance(quote.row, slot_of(number, DEBT if is_short else COLLATERAL), -closed)
        assert is_taken, quote
        filled = -quote.seize_amount if is_short else quote.repay_amount
        rest = contract.balance - closed
        funding = contract.funding(deployment, contract.balance) - contract.funding(deployment, rest)
        move_cash(self, deployment, quote.row, cash, filled - quote.insurance_amount - funding)

    def write_off(self, deployment: Deployment, row: int, settled: Quote | None) -> tuple[BadDebt, ...]:
        """Write off nothing: what an account still owes is deleveraged, or stays."""
        return ()


DYDX_V4: Final = (
    DydxV4(
        "1",
        LiquidationRule(
            fee_ppm_max=15_000,
            notional_min=1_000,
            portion_ppm_max=100_000,
            account_notional_max=100_000,
            insurance_loss_max=1_000_000,
            fillable=FillableRule(insolvency_factor_ratio=WAD, margin_factor_ratio=15 * 10**17),
        ),
    ),
)
"""The versions, oldest first, with the parameters that the main network began with."""
