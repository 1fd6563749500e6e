"""Perpetual: contracts without an end and loans beside each other, one margin over both, ours in its choices.

One market is cash, which may be owed; one with margin tiers is a contract, whose long is the market's collateral and whose
short its debt; any other is an asset that may be held, at a haircut, or owed. Entry prices are in the cash: whoever buys q at P
pays q (P - F). F is the market's cumulative funding; it moves by P * rate * time, and stands still while the mark price is
unknown. The sums are `margin_account.py`: liquidatable iff equity E < maintenance margin M, health factor E / M. How much is
closed, at what bonus and of what first is `margin_closing.py`. Losses are realised on unrecoverable value: once no contract is
left and what is held repays less than dust, at most half of what is owed, the debts are written down to that.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from seawall.errors import ConfigError
from seawall.fixed import RAY, WAD, mul_div_down
from seawall.ledger.book import POSITIONS_MAX
from seawall.ledger.deleveraging import Deleveraging, UncoveredLoss, Winner
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, Market, market_of, side_of, slot_of
from seawall.ledger.refusal import Refusal
from seawall.ledger.request import OpenOrders
from seawall.protocols.funding import accrue_with_funding
from seawall.protocols.indexed_balance import indexed_amount, indexed_balance
from seawall.protocols.margin_account import (
    MarginAccount,
    cash_market,
    contract_weight,
    contracts_initial_value,
    haircut_value,
    heaviest_liquidation_price,
    is_cash,
    margin_account,
)
from seawall.protocols.margin_closing import (
    Cash,
    ContractClose,
    LoanClose,
    MarginRule,
    check_bonus,
    contract_close,
    first_close,
    loan_close,
)
from seawall.protocols.margin_deleveraging import (
    insolvent_amount,
    settle_deleveraging,
    uncovered_loss,
    winner_of,
)
from seawall.protocols.protocol import BadDebt, Health, Limit, Proof, Protocol, Quote, ScreenSlack
from seawall.protocols.settlement import has_room_for_cash, move_cash, take_positions, write_down
from seawall.rules.margin import HEALTH_FACTOR_MAX
from seawall.rules.margin_tiers import TierLine, check_tiers, tier_lines
from seawall.rules.sizing import recoverable_value
from seawall.units import Amount, Balance, Milliseconds, Price, Ratio, Value


class Perpetual(Protocol):
    """One version: its rule is data."""

    name = "perpetual"
    proof = Proof.OWN
    positions_are_signed = True
    needs_fresh_price = True
    realises_loss_by_value = True
    closes_winners = True

    def __init__(self, version: str, rule: MarginRule) -> None:
        self.version = version
        self.rule = rule

    def check_markets(self, markets: Sequence[Market]) -> None:
        """Refuse pairs, categories, other than one market of cash, tiers that jump, and a bonus that heals nobody."""
        for market in markets:
            place = f"in market {market.symbol} of {self.label}"
            if market.collateral_asset != market.debt_asset:
                raise ConfigError(f"assets {market.collateral_asset} and {market.debt_asset} are not one, {place}")
            if market.categories:
                raise ConfigError(f"{len(market.categories)} categories are not 0, {place}")
            if market.margin_tiers:
                check_tiers(market.margin_tiers, place)
            if (complaint := check_bonus(market, place)) is not None:
                raise ConfigError(complaint)
        cash_count = sum(is_cash(market) for market in markets)
        if cash_count != 1:
            raise ConfigError(
                f"{cash_count} markets without margin tiers and of liquidation threshold 1 are not 1, the cash of {self.label}"
            )

    # -- balances and amounts -----------------------------------------------------------------------------

    def accrue(self, deployment: Deployment, to: Milliseconds) -> bool:
        """Move assets' indices by their rates, and every contract's funding by its rate at the mark price, rounded down."""
        return accrue_with_funding(deployment, to)

    def amount_of(self, deployment: Deployment, slot: int, balance: Balance) -> Amount:
        """Return the amount: what is held rounded down, what is owed up, contracts as they are."""
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
        """Return the market's tiers; assets have none."""
        return tier_lines(deployment.markets[market_of(slot)].margin_tiers)

    def tier_weight(
        self, deployment: Deployment, slot: int, category: int, line_ratio: Ratio, tier: int
    ) -> tuple[int, int] | None:
        """Return the weight of E / h - M: a contract's, and of an asset P / h - P * haircut, of what is owed P / h.

        It is negative where funding has eaten the price, or where the line asks for all of it.
        """
        number = market_of(slot)
        market, state = deployment.markets[number], deployment.market_states[number]
        if market.margin_tiers:
            return contract_weight(deployment, slot, line_ratio, tier)
        price, unit = deployment.prices[market.debt_asset], deployment.units[market.debt_asset]
        if price is None:
            return None
        if side_of(slot) == DEBT:
            return state.debt_index * price * WAD, RAY * unit * line_ratio
        haircut = WAD - market.parameters.liquidation_threshold_ratio
        weight = WAD * WAD - line_ratio * haircut
        return state.collateral_index * price * weight, RAY * unit * line_ratio * WAD

    def screen_slack(self, deployment: Deployment) -> ScreenSlack:
        """Return the slack: a position rounds its worth, its notional value and its margin by less than one WAD unit each.

        Its deduction is rounded once a tier, and the line of a neighbouring tier is within as much of its own at the edge.
        An asset rounds by less than one base unit where its indices have moved.
        """
        states = zip(deployment.markets, deployment.market_states, strict=True)
        has_moved = any(
            not market.margin_tiers and (state.collateral_index, state.debt_index) != (RAY, RAY)
            for market, state in states
        )
        tiers_max = max(len(market.margin_tiers) for market in deployment.markets)
        units = int(has_moved)
        return ScreenSlack(units, units, 0, 0, value=POSITIONS_MAX * (6 + 2 * tiers_max))

    # -- for whoever asks what it may do -------------------------------------------------------------------

    def opening_room_value(
        self, deployment: Deployment, row: int, open_orders: Sequence[OpenOrders]
    ) -> Value | Refusal:
        """Return the equity beyond the initial margin: of contracts with their orders, and of collateral 1 - max loan to value."""
        account = margin_account(deployment, row)
        if account is None:
            return Refusal.PRICE_MISSING
        initial_value = contracts_initial_value(deployment, account.contracts, open_orders)
        if isinstance(initial_value, Refusal):
            return initial_value
        initial_value += sum(
            haircut_value(position.value, deployment.markets[number].parameters.max_loan_to_value_ratio)
            for number, position in account.held.items()
            if not is_cash(deployment.markets[number])
        )
        return account.equity_value - initial_value

    def contract_liquidation_price(self, deployment: Deployment, row: int) -> tuple[int, Price | None] | None:
        """Return it with all else still; of equals the contract of the lowest market."""
        account = margin_account(deployment, row)
        return None if account is None or not account.contracts else heaviest_liquidation_price(account)

    def cash_market_of(self, deployment: Deployment) -> int:
        """Return the market of the cash."""
        return cash_market(deployment)

    # -- the rule -----------------------------------------------------------------------------------------

    def is_at_risk(self, deployment: Deployment, row: int) -> bool:
        """Return whether the account has a contract or owes an asset."""
        return any(
            side_of(slot) == DEBT or deployment.markets[market_of(slot)].margin_tiers
            for slot, _ in deployment.book.positions(row)
        )

    def health(self, deployment: Deployment, row: int) -> Health | Refusal:
        """Return the account's health; the factor is equity over maintenance margin, rounded down, never negative.

        All that is held counts as collateral, less the margin as weighted collateral, and all that is owed as debt.
        """
        account = margin_account(deployment, row)
        if account is None:
            return Refusal.PRICE_MISSING
        equity_value, margin_value = account.equity_value, account.margin_value
        factor = HEALTH_FACTOR_MAX
        if equity_value < 0:
            factor = 0
        elif margin_value and (account.contracts or account.owed):
            factor = mul_div_down(equity_value, WAD, margin_value)
        return Health(
            account.held_value, account.held_value - margin_value, account.owed_value, factor, account.is_below
        )

    def is_liquidatable(self, deployment: Deployment, row: int) -> bool:
        """Return whether the equity is below the maintenance margin."""
        account = margin_account(deployment, row)
        return account is not None and account.is_below

    # -- how much is closed -------------------------------------------------------------------------------

    def _account(self, deployment: Deployment, row: int) -> tuple[MarginAccount, Cash] | Refusal:
        """Return an account that may be liquidated, and the cash; or why it may not."""
        account = margin_account(deployment, row)
        number = cash_market(deployment)
        asset = deployment.markets[number].debt_asset
        price = deployment.prices[asset]
        if account is None or price is None:
            return Refusal.PRICE_MISSING
        return (account, Cash(number, price, deployment.units[asset])) if account.is_below else Refusal.HEALTHY

    def liquidation_limit(self, deployment: Deployment, row: int) -> Limit | Refusal:
        """Return the largest close of the position that pays least for the margin that it frees."""
        found = self._account(deployment, row)
        if isinstance(found, Refusal):
            return found
        account, cash = found
        close = first_close(deployment, account, cash, self.rule)
        if close is None:
            return Refusal.NO_COLLATERAL
        quote = self._quote(deployment, row, close, close.largest(account, self.rule))
        if isinstance(quote, Refusal):
            return quote
        return Limit(quote.debt_market, quote.collateral_market, quote.repay_amount, quote.seize_amount)

    def quote(
        self, deployment: Deployment, row: int, debt_market: int, collateral_market: int, repay_amount: Amount
    ) -> Quote | Refusal:
        """Return the exact amounts, never more than the largest close of what is named."""
        if repay_amount <= 0:
            return Refusal.ZERO_AMOUNT
        found = self._account(deployment, row)
        if isinstance(found, Refusal):
            return found
        account, cash = found
        close = self._close(deployment, account, cash, debt_market, collateral_market)
        if isinstance(close, Refusal):
            return close
        most = close.largest(account, self.rule)
        if isinstance(close, ContractClose) and not close.contract.is_short:
            closed = close.bought_for(most, repay_amount)
        else:
            closed = min(most, repay_amount)
        if closed < most and close.leaves_dust(closed, self.rule):
            return Refusal.LEAVES_DUST
        return self._quote(deployment, row, close, closed)

    def _quote(
        self, deployment: Deployment, row: int, close: ContractClose | LoanClose, closed: int
    ) -> Quote | Refusal:
        """Return a close as a quote, or why so little, or so much, is none."""
        if not closed:
            return Refusal.NOTHING_SEIZED
        quote = close.quote(row, closed)
        if quote.seize_amount <= 0:
            return Refusal.NOTHING_SEIZED
        if quote.repay_amount <= 0:
            return Refusal.ZERO_AMOUNT
        if isinstance(close, LoanClose):
            return Refusal.BELOW_DUST if quote.debt_balance == 0 else quote
        moved = -quote.seize_amount if close.contract.is_short else quote.repay_amount
        has_room = has_room_for_cash(self, deployment, row, close.cash.market, moved)
        return quote if has_room else Refusal.BALANCE_EXCEEDED

    def _close(
        self, deployment: Deployment, account: MarginAccount, cash: Cash, debt_market: int, collateral_market: int
    ) -> ContractClose | LoanClose | Refusal:
        """Return the close that a pair of markets names: a contract and the cash, or an asset owed and one held."""
        contracts = {(contract.market, contract.is_short): contract for contract in account.contracts}
        markets = deployment.markets
        named = [bool(markets[number].margin_tiers) for number in (debt_market, collateral_market)]
        if not any(named):
            debt, held = account.owed.get(debt_market), account.held.get(collateral_market)
            if debt is None:
                return Refusal.NO_DEBT
            return Refusal.NO_COLLATERAL if held is None else loan_close(deployment, account, debt, held, self.rule)
        if all(named) or cash.market not in (debt_market, collateral_market):
            return Refusal.NO_COLLATERAL
        is_short = named[0]
        contract = contracts.get((debt_market if is_short else collateral_market, is_short))
        if contract is None:
            return Refusal.NO_DEBT if is_short else Refusal.NO_COLLATERAL
        return contract_close(account, contract, cash, self.rule)

    def settle(self, deployment: Deployment, quote: Quote) -> None:
        """Take what is closed off the account; where it is a contract, move the cash, which may become owed."""
        markets = deployment.markets
        is_short, is_long = (bool(markets[m].margin_tiers) for m in (quote.debt_market, quote.collateral_market))
        if not (is_short or is_long):
            take_positions(deployment, quote)
            return
        slot = slot_of(quote.debt_market, DEBT) if is_short else slot_of(quote.collateral_market, COLLATERAL)
        is_taken = deployment.book.move_balance(quote.row, slot, -(quote.debt_balance + quote.collateral_balance))
        assert is_taken, quote
        moved = -quote.seize_amount if is_short else quote.repay_amount
        move_cash(self, deployment, quote.row, cash_market(deployment), moved)

    def write_off(self, deployment: Deployment, row: int, settled: Quote | None) -> tuple[BadDebt, ...]:
        """Write the debts down to what is left to repay them, once there is no contract and that is dust and at most half.

        The decision is on the account as it stands, whether or not something was settled just before.
        """
        account = margin_account(deployment, row)
        if account is None or account.contracts or not account.owed or not account.is_below:
            return ()
        share = self.rule.bonus_share_ratio_min
        recoverable = sum(
            recoverable_value(
                position.value,
                mul_div_down(deployment.markets[number].parameters.liquidation_bonus_ratio, share, WAD),
            )
            for number, position in account.held.items()
        )
        if recoverable >= self.rule.dust_value or account.owed_value < 2 * recoverable:
            return ()
        lost = [write_down(deployment, row, debt, recoverable, account.owed_value) for debt in account.owed.values()]
        return tuple(bad_debt for bad_debt in lost if bad_debt.amount > 0)

    # -- deleveraging -------------------------------------------------------------------------------------

    def insolvent_amount(self, deployment: Deployment, row: int) -> Amount:
        """Return the cash that the account lacks."""
        return insolvent_amount(deployment, row)

    def uncovered_loss(self, deployment: Deployment, row: int, slot: int, loss_amount: Amount) -> UncoveredLoss:
        """Return a part of the contract at its bankruptcy price."""
        return uncovered_loss(deployment, row, slot, loss_amount)

    def winner(self, deployment: Deployment, row: int, slot: int, entry_prices: Mapping[int, Price]) -> Winner | None:
        """Return the contract with the margin of the whole account beside it."""
        return winner_of(deployment, row, slot, entry_prices)

    def settle_deleveraging(
        self, deployment: Deployment, row: int, slot: int, record: Deleveraging, paid_max: Amount
    ) -> tuple[Amount, ...]:
        """Close both sides for cash at the mark price and what winners pay."""
        return settle_deleveraging(self, deployment, row, slot, record, paid_max)


PERPETUAL: Final = (
    Perpetual(
        "1",
        MarginRule(target_health_ratio=102 * 10**16, bonus_share_ratio_min=5 * 10**17, dust_value=100 * WAD),
    ),
)
"""The versions, oldest first."""
