"""Orders: what the engine tells the outside to do, in the imperative.

Every order is journalled with the event that caused it. Amounts are base units, ratios WAD, values WAD in
the unit of account. An order says all the numbers that it was decided on, so that the journal explains itself.
"""

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import TypeAlias

import msgspec

from seawall.fixed import div_down
from seawall.ledger.backstop_order import DrawBackstop, PayClaims
from seawall.ledger.deleveraging import AutoDeleverage
from seawall.ledger.integer_column import numbers_in
from seawall.ledger.refusal import Refusal
from seawall.units import Amount, Balance, Milliseconds, Price, Ratio, Value


class _Order(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    pass


class Liquidate(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Offer an account to keepers: repay up to `repay_amount_max` of one market, seize from another.

    The maximum is the rule's at this moment; it is decided again when the fill comes. `priority` is the
    expected loss to the protocol. An account that `is_auctioned` is not filled: a keeper asks for its auction.
    """

    order_id: int
    account: bytes
    priority: Value
    debt_market: int
    collateral_market: int
    repay_amount_max: Amount
    seize_amount_at_max: Amount
    expires_at: Milliseconds
    health_factor_ratio: Ratio
    collateral_value: Value
    weighted_collateral_value: Value
    debt_value: Value
    is_auctioned: bool = False


class LiquidateMany(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Many offers at once, worst first, as columns: a crash makes a hundred thousand of them.

    It stands for as many `Liquidate`, with ids from `first_order_id` on and one expiry. `accounts` are side by side, all
    other columns those of `integer_column`.
    """

    first_order_id: int
    expires_at: Milliseconds
    count: int
    accounts: bytes
    priorities: bytes
    debt_markets: bytes
    collateral_markets: bytes
    repay_amounts_max: bytes
    seize_amounts_at_max: bytes
    health_factor_ratios: bytes
    collateral_values: bytes
    weighted_collateral_values: bytes
    debt_values: bytes
    is_auctioned: bool = False

    def singly(self) -> list[Liquidate]:
        """Return the offers one by one."""
        count = self.count
        width = div_down(len(self.accounts), count) if count else 0
        priorities, debt_markets, collateral_markets, repay_amounts, seize_amounts, *healths = (
            numbers_in(column, count)
            for column in (
                self.priorities, self.debt_markets, self.collateral_markets, self.repay_amounts_max,
                self.seize_amounts_at_max, self.health_factor_ratios, self.collateral_values,
                self.weighted_collateral_values, self.debt_values,
            )
        )  # fmt: skip
        return list(
            map(
                Liquidate, range(self.first_order_id, self.first_order_id + count),
                (self.accounts[nth * width : (nth + 1) * width] for nth in range(count)), priorities, debt_markets,
                collateral_markets, repay_amounts, seize_amounts, repeat(self.expires_at), *healths, repeat(self.is_auctioned),
            )
        )  # fmt: skip


class CancelOrder(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Withdraw the account's open order, with the reason.

    ORDER_EXPIRED: another order or a refusal follows. Any other reason ends the account's time below the line, which
    began at `below_since`; `order_id` is zero where no order was open.
    """

    order_id: int
    account: bytes
    reason: Refusal
    below_since: Milliseconds


class NarrowOrder(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Narrow an open order to a proposed size: only this pair, and no more than this, until so much is repaid or the order ends."""

    order_id: int
    account: bytes
    debt_market: int
    collateral_market: int
    repay_amount_max: Amount
    seize_amount_at_max: Amount


class DeclineAccount(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """An account is below the line but no order is given for it, with the reason."""

    account: bytes
    reason: Refusal
    health_factor_ratio: Ratio
    collateral_value: Value
    debt_value: Value


class SettleFill(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Take `repay_amount` from the keeper, give it `seize_amount`, and keep `fee_amount` for the protocol.

    `repay_value` and `seize_value` are at the mark prices; `seize_value` does not contain the fee's. Of a contract's close an
    insurance fund gets `insurance_amount` in cash, or pays it where it is less than zero.
    """

    order_id: int
    fill_id: int
    account: bytes
    keeper: int
    debt_market: int
    collateral_market: int
    repay_amount: Amount
    seize_amount: Amount
    fee_amount: Amount
    debt_price: Price
    collateral_price: Price
    repay_value: Value
    seize_value: Value
    fee_value: Value
    liquidation_bonus_ratio: Ratio
    health_factor_ratio_before: Ratio
    health_factor_ratio_after: Ratio
    below_since: Milliseconds
    insurance_amount: Amount = 0


class RefuseFill(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Give the keeper its money back: the fill is not allowed, with the reason."""

    order_id: int
    fill_id: int
    account: bytes
    keeper: int
    reason: Refusal


class Payment(msgspec.Struct, frozen=True):
    """What one absorber of the loss waterfall pays."""

    absorber: str
    amount: Amount


class AbsorbLoss(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Write off the debt that no collateral is left for; the payments add up to `bad_debt_amount`.

    Where the deployment keeps a ledger of losses, `entry_number` is its entry, counted from one, and `below_since` when
    the account's episode began; elsewhere both are zero.
    """

    account: bytes
    debt_market: int
    bad_debt_amount: Amount
    bad_debt_value: Value
    payments: tuple[Payment, ...]
    entry_number: int = 0
    below_since: Milliseconds = 0


class PayLoss(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Pay what was uncovered of the loss of entry `paid_for`, now that buffers have something again, in an entry of its own."""

    entry_number: int
    paid_for: int
    account: bytes
    debt_market: int
    paid_amount: Amount
    payments: tuple[Payment, ...]


class Claim(msgspec.Struct, frozen=True):
    """What an account lost by settlements at an invalid price, WAD, and what it is paid for that."""

    account: bytes
    claim_value: Value
    paid_amount: Amount


class PayRestitution(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Pay back what an invalid price of `asset` took, out of a fund, in `paid_asset` at `paid_price`: ruling `number`, from one."""

    number: int
    asset: int
    fund: str
    paid_asset: int
    paid_price: Price
    claims: tuple[Claim, ...]


class StartAuction(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Put an account's collateral on sale; the lot and `debt_amount` of its debt are the auction's from now on.

    `due_ray` is to be raised, RAY money; the keeper gets `reward_amount` of the debt asset. Values are at the mark prices.
    """

    auction_id: int
    order_id: int
    account: bytes
    keeper: int
    debt_market: int
    collateral_market: int
    lot_balance: Balance
    lot_amount: Amount
    debt_amount: Amount
    due_ray: int
    start_price_ray: int
    reward_amount: Amount
    debt_price: Price
    collateral_price: Price
    debt_value: Value
    lot_value: Value
    health_factor_ratio_before: Ratio
    below_since: Milliseconds


class HoldBid(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Take `pay_amount` from the keeper and hold it: its bid stands for `lot_balance` of the lot.

    `returned_amount` of collateral, which the bid does not ask for any more, is the borrower's again.
    """

    auction_id: int
    bid_id: int
    account: bytes
    keeper: int
    debt_market: int
    collateral_market: int
    lot_balance: Balance
    pay_ray: int
    pay_amount: Amount
    returned_balance: Balance = 0
    returned_amount: Amount = 0


class ReturnBid(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Give a keeper back what was held for its bid."""

    auction_id: int
    bid_id: int
    account: bytes
    keeper: int
    debt_market: int
    pay_amount: Amount


class ForfeitBond(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Keep the bond of a sealed bid that was not revealed as committed: it is the protocol's, like a surplus."""

    auction_id: int
    bid_id: int
    account: bytes
    keeper: int
    debt_market: int
    pay_amount: Amount


class SettleBid(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Give the keeper `seize_amount` of the lot for `pay_amount`, which it pays now unless it was held.

    What the auction still has and still is to raise stands beside it; values are at the mark prices. In a batch a bid may get
    the lot of another auction than `bid_auction_id`, the one that it named; 0: it is the same.
    """

    auction_id: int
    bid_id: int
    account: bytes
    keeper: int
    debt_market: int
    collateral_market: int
    seize_balance: Balance
    seize_amount: Amount
    pay_ray: int
    pay_amount: Amount
    debt_price: Price
    collateral_price: Price
    pay_value: Value
    seize_value: Value
    lot_left_balance: Balance
    due_left_ray: int
    below_since: Milliseconds
    was_held: bool = False
    bid_auction_id: int = 0


class RefuseBid(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Take nothing from the keeper: the bid is not allowed, with the reason; no account where no auction is known."""

    auction_id: int
    bid_id: int
    account: bytes
    keeper: int
    reason: Refusal


class ResetAuction(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Start an auction again at `start_price_ray`; the keeper gets `reward_amount` of the debt asset."""

    auction_id: int
    account: bytes
    keeper: int
    debt_market: int
    collateral_market: int
    lot_balance: Balance
    due_ray: int
    start_price_ray: int
    reward_amount: Amount


class EndAuction(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Close an auction: what it raised, what it cost, and what of its lot is the borrower's again.

    raised + loss + returned debt = cost + surplus; a loss is absorbed by the order that follows, a surplus is the protocol's.
    What returns is collateral of the account where `returned_to_account`, otherwise it is paid out to the borrower.
    """

    auction_id: int
    account: bytes
    debt_market: int
    collateral_market: int
    raised_amount: Amount
    cost_amount: Amount
    surplus_amount: Amount
    loss_amount: Amount
    returned_balance: Balance
    returned_amount: Amount
    returned_to_account: bool
    returned_debt_amount: Amount = 0


class RefuseAuction(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Start, reset or end no auction, with the reason; `order_id` or `auction_id` says what was asked for, the other is 0."""

    order_id: int
    auction_id: int
    account: bytes
    keeper: int
    reason: Refusal


class WarnAccount(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Warn an account that its health factor is below the policy's warning line."""

    account: bytes
    health_factor_ratio: Ratio
    warning_health_ratio: Ratio


class LiftWarning(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Take back the account's warning, which was given at `warned_at`: HEALTHY above the warning line, or NO_DEBT."""

    account: bytes
    reason: Refusal
    warned_at: Milliseconds


class HaltMarket(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Raise a market's circuit breaker to `level`, with the reason."""

    market: int
    level: int
    reason: str


class ResumeMarket(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Lower a market's circuit breaker to normal."""

    market: int


class CloseWithdrawals(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Let nothing leave the deployment: so much bad debt is uncovered (None: unknown), or there was an outage."""

    uncovered_value: Value | None


class OpenWithdrawals(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Let withdrawals go on."""


class RefuseEvent(_Order, frozen=True, tag=True, omit_defaults=True, gc=False):
    """An event asked for something that is not allowed; nothing changed."""

    reason: Refusal
    detail: str


SingleOrder: TypeAlias = (
    Liquidate
    | CancelOrder
    | NarrowOrder
    | DeclineAccount
    | SettleFill
    | DrawBackstop
    | PayClaims
    | RefuseFill
    | AbsorbLoss
    | AutoDeleverage
    | PayLoss
    | PayRestitution
    | StartAuction
    | HoldBid
    | ReturnBid
    | ForfeitBond
    | SettleBid
    | RefuseBid
    | ResetAuction
    | EndAuction
    | RefuseAuction
    | WarnAccount
    | LiftWarning
    | HaltMarket
    | ResumeMarket
    | CloseWithdrawals
    | OpenWithdrawals
    | RefuseEvent
)
Order: TypeAlias = SingleOrder | LiquidateMany


def singly(orders: Iterable[Order]) -> Iterator[SingleOrder]:
    """Yield orders one by one, in their sequence, as whoever acts on each of them wants them."""
    for order in orders:
        yield from order.singly() if isinstance(order, LiquidateMany) else (order,)


def count_of(orders: Iterable[Order]) -> int:
    """Return how many orders these stand for."""
    return sum(order.count if isinstance(order, LiquidateMany) else 1 for order in orders)
