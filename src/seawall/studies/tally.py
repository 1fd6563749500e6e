"""The tally of a run: what every order moved, added up in integers as the orders come.

    debt:        before + accrued = repaid + written off + after
    collateral:  before + accrued = seized + fee + after            per asset, in base units, to the unit

What a backstop paid is repaid, and what it got, or left the borrower to claim, is seized. `accrued` is interest and what the contract's rounding adds or takes at each touch; without rates it is nothing. Debt in an auction counts as repaid until the auction ends and its loss
is told; what of a lot is not sold yet, or went back to its borrower, counts as less that accrued.
"""

from collections import Counter
from typing import Final

import msgspec

from seawall.engine.engine import Engine
from seawall.fixed import mul_div_down
from seawall.ledger.backstop_order import DrawBackstop
from seawall.ledger.deleveraging import AutoDeleverage
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, market_of, side_of
from seawall.ledger.order import (
    AbsorbLoss,
    CancelOrder,
    EndAuction,
    ForfeitBond,
    LiftWarning,
    Order,
    PayLoss,
    Payment,
    RefuseAuction,
    RefuseBid,
    RefuseFill,
    ResetAuction,
    SettleBid,
    SettleFill,
    StartAuction,
    WarnAccount,
)
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Protocol
from seawall.rules.loss_waterfall import SOCIALIZED_LOSS, UNCOVERED_LOSS
from seawall.studies.deleveraging_tally import DeleveragingTally
from seawall.units import Amount, Milliseconds, Price, Value

LENDERS_BEAR: Final = (SOCIALIZED_LOSS, UNCOVERED_LOSS)


class AccountTally(msgspec.Struct):
    """What one account lost."""

    liquidation_count: int = 0
    repay_value: Value = 0
    loss_value: Value = 0
    bad_debt_value: Value = 0


class Tally:
    """Counts orders; amounts are base units by asset, values WAD."""

    def __init__(self, asset_count: int) -> None:
        self.repaid_amounts = [0] * asset_count
        self.written_off_amounts = [0] * asset_count
        self.seized_amounts = [0] * asset_count
        self.fee_amounts = [0] * asset_count
        self.liquidation_count = 0
        self.repay_value = 0
        self.seize_value = 0
        self.fee_value = 0
        self.offset_value = 0
        self.gain_value = 0
        self.bad_debt_value = 0
        self.paid_values: dict[str, Value] = {}
        self.loss_prices: dict[int, Price] = {}
        self.deleveraging = DeleveragingTally()
        self.refusals: Counter[Refusal] = Counter()
        self.accounts: dict[bytes, AccountTally] = {}
        self.ended_ms: list[Milliseconds] = []
        self.warning_count = 0
        self.lifted_count = 0
        self.warned_at: dict[bytes, Milliseconds] = {}
        self.notice_ms: list[Milliseconds] = []

    def add(self, orders: tuple[Order, ...], deployment: Deployment) -> None:
        """Count the orders of one event; the deployment stands as that event left it."""
        for order in orders:
            match order:
                case SettleFill():
                    self._add_fill(order, deployment)
                case StartAuction() | SettleBid() | EndAuction() | ResetAuction() | ForfeitBond():
                    self._add_auction(order, deployment)
                case DrawBackstop():
                    self._add_draw(order, deployment)
                case AbsorbLoss() | AutoDeleverage() | PayLoss():
                    self._add_paid(order, deployment)
                case RefuseFill() | RefuseBid() | RefuseAuction():
                    self.refusals[order.reason] += 1
                case CancelOrder() if order.reason is not Refusal.ORDER_EXPIRED:
                    self.ended_ms.append(deployment.at - order.below_since)
                    if order.account in self.warned_at:
                        self.notice_ms.append(max(0, order.below_since - self.warned_at[order.account]))
                case WarnAccount():
                    self.warning_count += 1
                    self.warned_at[order.account] = deployment.at
                case LiftWarning():
                    self.lifted_count += 1
                    del self.warned_at[order.account]
                case _:
                    pass

    def _add_fill(self, order: SettleFill, deployment: Deployment) -> None:
        debt_asset = deployment.markets[order.debt_market].debt_asset
        collateral_asset = deployment.markets[order.collateral_market].collateral_asset
        self.repaid_amounts[debt_asset] += order.repay_amount
        self.seized_amounts[collateral_asset] += order.seize_amount
        self.fee_amounts[collateral_asset] += order.fee_amount
        self.liquidation_count += 1
        self.repay_value += order.repay_value
        self.seize_value += order.seize_value
        self.fee_value += order.fee_value
        account = self.accounts.setdefault(order.account, AccountTally())
        account.liquidation_count += 1
        account.repay_value += order.repay_value
        account.loss_value += order.seize_value + order.fee_value - order.repay_value

    def _add_auction(
        self, order: StartAuction | SettleBid | EndAuction | ResetAuction | ForfeitBond, deployment: Deployment
    ) -> None:
        match order:
            case StartAuction():
                self._add_start(order, deployment)
            case SettleBid():
                self._add_bid(order, deployment)
            case EndAuction():
                self._add_end(order, deployment)
            case ResetAuction():
                self._add_reward(order.account, order.debt_market, order.reward_amount, deployment)
            case ForfeitBond():
                self.fee_value += _debt_value(order.debt_market, order.pay_amount, deployment)

    def _add_start(self, order: StartAuction, deployment: Deployment) -> None:
        """Count the debt as repaid while its auction runs; what is lost of it, or owed again, is told when it ends."""
        self.repaid_amounts[deployment.markets[order.debt_market].debt_asset] += order.debt_amount
        self._add_reward(order.account, order.debt_market, order.reward_amount, deployment)

    def _add_reward(self, account: bytes, debt_market: int, reward_amount: Amount, deployment: Deployment) -> None:
        """Count a keeper's reward as so much less that keepers pay."""
        value = _debt_value(debt_market, reward_amount, deployment)
        self.repay_value -= value
        self.accounts.setdefault(account, AccountTally()).loss_value += value

    def _add_bid(self, order: SettleBid, deployment: Deployment) -> None:
        collateral_asset = deployment.markets[order.collateral_market].collateral_asset
        self.seized_amounts[collateral_asset] += order.seize_amount
        self.liquidation_count += 1
        self.repay_value += order.pay_value
        self.seize_value += order.seize_value
        account = self.accounts.setdefault(order.account, AccountTally())
        account.liquidation_count += 1
        account.repay_value += order.pay_value
        account.loss_value += order.seize_value - order.pay_value

    def _add_end(self, order: EndAuction, deployment: Deployment) -> None:
        unpaid_amount = order.loss_amount + order.returned_debt_amount
        self.repaid_amounts[deployment.markets[order.debt_market].debt_asset] -= unpaid_amount
        value = _debt_value(order.debt_market, order.surplus_amount, deployment)
        self.fee_value += value
        self.accounts.setdefault(order.account, AccountTally()).loss_value += value

    def _add_draw(self, order: DrawBackstop, deployment: Deployment) -> None:
        """Count what backers paid and got, and what the account lost by it; what others took over stays in the book."""
        debt_asset = deployment.markets[order.debt_market].debt_asset
        collateral_asset = deployment.markets[order.collateral_market].collateral_asset
        self.repaid_amounts[debt_asset] += order.offset_amount
        self.seized_amounts[collateral_asset] += order.gain_amount + order.surplus_amount
        offset_value = _value(deployment, debt_asset, order.offset_amount)
        gain_value = _value(deployment, collateral_asset, order.gain_amount)
        self.offset_value += offset_value
        self.gain_value += gain_value
        account = self.accounts[order.account]
        account.repay_value += offset_value
        account.loss_value += gain_value - offset_value
        account.loss_value += _value(deployment, collateral_asset, order.redistributed_collateral_amount)
        account.loss_value -= _value(deployment, debt_asset, order.redistributed_debt_amount)

    def _add_paid(self, order: AbsorbLoss | AutoDeleverage | PayLoss, deployment: Deployment) -> None:
        match order:
            case AbsorbLoss():
                self._add_loss(order, deployment)
            case AutoDeleverage():
                self.deleveraging.add(order)
            case PayLoss():
                self._add_late_payment(order, deployment)

    def _add_loss(self, order: AbsorbLoss, deployment: Deployment) -> None:
        asset = deployment.markets[order.debt_market].debt_asset
        price = deployment.prices[asset]
        assert price is not None, asset
        self.written_off_amounts[asset] += order.bad_debt_amount
        self.bad_debt_value += order.bad_debt_value
        self.accounts.setdefault(order.account, AccountTally()).bad_debt_value += order.bad_debt_value
        self.loss_prices[order.entry_number] = price
        self._add_payments(order.payments, price, deployment.units[asset])

    def _add_late_payment(self, order: PayLoss, deployment: Deployment) -> None:
        """Count a late payment at the price of its loss, so that it takes from what was uncovered just what it adds."""
        unit = deployment.units[deployment.markets[order.debt_market].debt_asset]
        price = self.loss_prices[order.paid_for]
        for payment in order.payments:
            value = mul_div_down(payment.amount, price, unit)
            self.paid_values[UNCOVERED_LOSS] -= value
        self._add_payments(order.payments, price, unit)

    def _add_payments(self, payments: tuple[Payment, ...], price: Price, unit: Amount) -> None:
        for payment in payments:
            value = mul_div_down(payment.amount, price, unit)
            self.paid_values[payment.absorber] = self.paid_values.get(payment.absorber, 0) + value

    @property
    def borrower_loss_value(self) -> Value:
        """Return what borrowers lost to keepers, to the protocol and to backers; what they take over of each other is even."""
        return self.seize_value + self.fee_value + self.gain_value - self.repay_value - self.offset_value

    @property
    def buffer_values(self) -> dict[str, Value]:
        """Return what each buffer paid."""
        return {name: value for name, value in self.paid_values.items() if name not in LENDERS_BEAR}

    @property
    def socialized_loss_value(self) -> Value:
        """Return what lenders bear: what they paid, and what nobody has paid yet."""
        return sum(self.paid_values.get(name, 0) for name in LENDERS_BEAR)


def _debt_value(debt_market: int, amount: Amount, deployment: Deployment) -> Value:
    return _value(deployment, deployment.markets[debt_market].debt_asset, amount)


def _value(deployment: Deployment, asset: int, amount: Amount) -> Value:
    """Return what an amount is worth at the mark price, rounded down."""
    price = deployment.prices[asset]
    assert price is not None, asset
    return mul_div_down(amount, price, deployment.units[asset])


class Amounts(msgspec.Struct, frozen=True):
    """What the book holds and owes of each asset, account by account, each rounded as the contract shows it."""

    collateral_amounts: tuple[Amount, ...]
    debt_amounts: tuple[Amount, ...]


def amounts_in(deployment: Deployment, protocol: Protocol) -> Amounts:
    """Add up all positions in base units by asset."""
    sums = [[0] * len(deployment.assets), [0] * len(deployment.assets)]
    book = deployment.book
    for row in range(book.account_count):
        for slot, balance in book.positions(row):
            market, side = deployment.markets[market_of(slot)], side_of(slot)
            asset = market.debt_asset if side == DEBT else market.collateral_asset
            sums[side][asset] += protocol.amount_of(deployment, slot, balance)
    return Amounts(tuple(sums[COLLATERAL]), tuple(sums[DEBT]))


def below_line_ms(tally: Tally, engine: Engine) -> list[Milliseconds]:
    """Return how long every time below the line was, ascending; those that go on are counted to the last event."""
    at = engine.state.deployment.at
    return sorted(tally.ended_ms + [at - episode.since for episode in engine.state.episodes.values()])


def notices_ms(tally: Tally, engine: Engine) -> list[Milliseconds]:
    """Return, ascending, how long before each time below the line its account was warned."""
    state = engine.state
    open_notices = (
        max(0, episode.since - state.warned[row]) for row, episode in state.episodes.items() if row in state.warned
    )
    return sorted([*tally.notice_ms, *open_notices])
