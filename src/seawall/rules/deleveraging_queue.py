"""Queues: who is closed first, as three venues document it. The whole losing position goes down the queue, winner by winner.

E equity, W wallet, M maintenance margin, N notional value at the mark, C cost of entry, g profit; the rank is the greater first:
    BitMEX, Bybit   g/C * N/E for a profit, g/C / (N/E) for a loss
    Binance         max(0, g) / max(1, W) * M/E           a rank of zero is not in the queue
    Hyperliquid     P/F * N/E for a long, F/P * N/E for a short; who has lost stands in it too
Ranks are fractions compared by cross-multiplication; equals go by the account's bytes. Accounts without equity are not asked:
their own positions are being closed. Each pays what the price says, rounded up, whatever the loss was.
"""

from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import NamedTuple, TypeAlias

from seawall.fixed import WAD, mul_div_up
from seawall.ledger.deleveraging import Cut, UncoveredLoss, Winner
from seawall.ledger.market import DEBT
from seawall.rules.winner import cost_price, margin_value, notional_value, profit_value


class Rank(NamedTuple):
    """A place in a queue as a fraction; the divisor is positive."""

    numerator: int
    divisor: int


Ranking: TypeAlias = Callable[[Winner, UncoveredLoss], Rank | None]
"""The rank of a winner with equity, or None for one that does not stand in the queue."""


def profit_by_leverage(winner: Winner, loss: UncoveredLoss) -> Rank | None:
    """Rank as BitMEX and Bybit do: the return on the cost of entry, times leverage, or over it for a loss."""
    profit, notional = profit_value(winner, loss), notional_value(winner, loss)
    entry_value = mul_div_up(winner.balance, winner.entry_price, loss.unit)
    if profit > 0:
        return Rank(profit * notional, entry_value * winner.equity_value)
    return Rank(profit * winner.equity_value, entry_value * notional)


def profit_by_margin(winner: Winner, loss: UncoveredLoss) -> Rank | None:
    """Rank as Binance does: the return on the wallet, at least one, times the share of equity that is margin."""
    profit = profit_value(winner, loss)
    margin = margin_value(winner, winner.balance, loss.unit)
    if profit <= 0 or margin == 0:
        return None
    return Rank(profit * margin, max(WAD, winner.wallet_value) * winner.equity_value)


def gain_by_leverage(winner: Winner, loss: UncoveredLoss) -> Rank | None:
    """Rank as Hyperliquid does: how far the mark has moved in favour since entry, times leverage."""
    notional = notional_value(winner, loss)
    if loss.side == DEBT:
        return Rank(loss.mark_price * notional, winner.entry_price * winner.equity_value)
    return Rank(winner.entry_price * notional, loss.mark_price * winner.equity_value)


def queue_order(loss: UncoveredLoss, winners: Sequence[Winner], ranking: Ranking) -> list[Winner]:
    """Return those who stand in the queue, the first to be closed first; winners come in a total order."""
    ranked = [
        (rank, winner) for winner in winners if winner.equity_value > 0 and (rank := ranking(winner, loss)) is not None
    ]
    ranked.sort(key=cmp_to_key(_greater_first))
    return [winner for _, winner in ranked]


def _greater_first(left: tuple[Rank, Winner], right: tuple[Rank, Winner]) -> int:
    return right[0].numerator * left[0].divisor - left[0].numerator * right[0].divisor


def queue_cuts(loss: UncoveredLoss, queue: Sequence[Winner]) -> tuple[Cut, ...]:
    """Return the cuts of a queue: each winner whole, until the losing position is closed."""
    cost, left = cost_price(loss), loss.balance
    cuts = []
    for winner in queue:
        closed = min(winner.balance, left)
        if closed:
            cuts.append(Cut(winner.account, closed, mul_div_up(closed, cost, loss.unit)))
            left -= closed
    return tuple(cuts)
