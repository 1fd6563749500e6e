"""Order book: how a position is closed against the bids and asks of others.

    limit price    sell: bankruptcy price - s * m      buy: bankruptcy price + s * m
    pace           at most a share of what the book shows within the limit, and at most so much a block
At the bankruptcy price a close leaves the account exactly nothing; beyond it the insurance fund pays the difference. m is the
maintenance margin that closing one whole contract sets free, s what the fund is ready to pay for each unit of it, so the
limit bounds what improvement costs, and a budget bounds the whole. Own orders are cancelled, and the margin is tested again,
before any of this: who is healthy then is not closed. All rounding is against whoever is closed, or against a larger close.
"""

from collections.abc import Sequence
from typing import NamedTuple

from seawall.fixed import WAD, div_down, mul_div_down, mul_div_up
from seawall.units import Amount, Price, Ratio, Value


class Level(NamedTuple):
    """What others offer at one price."""

    price: Price
    amount: Amount


class CloseOut(NamedTuple):
    """What is closed: how much, what it brings (a sale) or costs (a purchase), WAD, and what the fund pays of that."""

    amount: Amount
    quote_value: Value
    fund_value: Value


def close_out_limit_price(bankruptcy_price: Price, margin_price: Price, fund_ratio: Ratio, *, is_sale: bool) -> Price:
    """Return the worst price at which to close; a fund ratio of zero gives the bankruptcy price itself.

    `margin_price` is the maintenance margin of one whole contract, `fund_ratio` what the fund pays for each unit of it.
    Rounded towards the bankruptcy price; a sale's is at least one.
    """
    beyond = mul_div_down(margin_price, fund_ratio, WAD)
    return max(1, bankruptcy_price - beyond) if is_sale else bankruptcy_price + beyond


def paced_amount(open_amount: Amount, shown_amount: Amount, share_ratio: Ratio, block_amount_max: Amount) -> Amount:
    """Return how much to close in one block: no more than is open, than a share of what is shown, rounded down, and than the cap."""
    return min(open_amount, mul_div_down(shown_amount, share_ratio, WAD), block_amount_max)


def shown_amount(levels: Sequence[Level], limit_price: Price, *, is_sale: bool) -> Amount:
    """Return what a book shows at prices no worse than the limit."""
    return sum(level.amount for level in levels if _is_within(level.price, limit_price, is_sale=is_sale))


def close_out(
    levels: Sequence[Level],
    amount_max: Amount,
    unit: Amount,
    limit_price: Price,
    bankruptcy_price: Price,
    fund_budget_value: Value,
    *,
    is_sale: bool,
) -> CloseOut:
    """Take what a book offers, best first, up to an amount, within the limit and within the fund's budget.

    `levels` are in order, best first, and `unit` is how many base units a whole contract has. What a sale brings is rounded
    down level by level, what a purchase costs up, what the fund pays up.
    """
    closed_amount = quote_value = fund_value = 0
    for level in levels:
        if not _is_within(level.price, limit_price, is_sale=is_sale):
            break
        amount = min(level.amount, amount_max - closed_amount)
        loss_price = bankruptcy_price - level.price if is_sale else level.price - bankruptcy_price
        if loss_price > 0:
            amount = min(amount, div_down((fund_budget_value - fund_value) * unit, loss_price))
            fund_value += mul_div_up(amount, loss_price, unit)
        closed_amount += amount
        quote_value += (mul_div_down if is_sale else mul_div_up)(amount, level.price, unit)
        if amount < level.amount:
            break
    return CloseOut(closed_amount, quote_value, fund_value)


def _is_within(price: Price, limit_price: Price, *, is_sale: bool) -> bool:
    return price >= limit_price if is_sale else price <= limit_price
