"""A view that answers as a fixed spread would: repay up to a limit, seize it with 10 % more, at a mark price of one."""

from seawall.fixed import WAD
from seawall.ledger.order import Liquidate, SettleFill
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Limit, Quote

ACCOUNT = b"borrower"


class FixedSpreadView:
    at = 0

    def __init__(self, repay_amount=1_000, *, refusal=None, caps=True):
        self.repay_amount, self.refusal, self.caps = repay_amount, refusal, caps
        self.look_count = 0

    def price(self, asset):
        return WAD

    def liquidation_limit(self, account):
        self.look_count += 1
        return self.refusal or Limit(0, 1, self.repay_amount, self.repay_amount * 11 // 10)

    def quote(self, account, debt_market, collateral_market, repay_amount):
        if repay_amount > self.repay_amount and not self.caps:
            return Refusal.CLOSE_FACTOR_EXCEEDED
        repaid = min(repay_amount, self.repay_amount)
        return Quote(0, 0, 1, repaid, repaid * 11 // 10, 0, repaid, repaid * 11 // 10, WAD // 10)


def liquidate(order_id=1, account=ACCOUNT, repay_amount=1_000, priority=1):
    return Liquidate(order_id, account, priority, 0, 1, repay_amount, repay_amount * 11 // 10, 10**9, WAD, 0, 0, 0)


def settle(fill, repay_amount=None):
    repaid = repay_amount or fill.repay_amount
    return SettleFill(
        fill.order_id, fill.fill_id, fill.account, fill.keeper, 0, 1, repaid, repaid * 11 // 10, 0, WAD, WAD,
        repaid * WAD, repaid * 11 // 10 * WAD, 0, WAD // 10, WAD, WAD, 0,
    )  # fmt: skip
