"""Auto-deleveraging: positions of winners are closed against an insolvent one, and what they pay by it covers its loss.

A rule says whom and how much: the queues of three venues (`deleveraging_queue.py`) or our own `exact_budget.py`. It has a
version, because a record names it and anyone may decide the record again: the same loss and winners give the same cuts,
in whatever order the winners came. What the cuts do not pay is the remainder, for the next absorber of the waterfall.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter, lt
from types import MappingProxyType
from typing import Final, TypeAlias

from seawall.errors import ConfigError
from seawall.ledger.deleveraging import EXACT_BUDGET, Cut, Deleveraging, UncoveredLoss, Winner
from seawall.ledger.refusal import Refusal
from seawall.rules.deleveraging_queue import (
    Ranking,
    gain_by_leverage,
    profit_by_leverage,
    profit_by_margin,
    queue_cuts,
    queue_order,
)
from seawall.rules.exact_budget import exact_budget_cuts
from seawall.rules.winner import cost_price

Rule: TypeAlias = Callable[[UncoveredLoss, Sequence[Winner]], tuple[Cut, ...]]
"""The cuts for a loss that winners can pay for; winners come in order of their accounts."""


def _queue(ranking: Ranking, loss: UncoveredLoss, winners: Sequence[Winner]) -> tuple[Cut, ...]:
    return queue_cuts(loss, queue_order(loss, winners, ranking))


RULES: Final[Mapping[str, Rule]] = MappingProxyType({
    "bitmex_queue@1": partial(_queue, profit_by_leverage),
    "binance_queue@1": partial(_queue, profit_by_margin),
    "hyperliquid_queue@1": partial(_queue, gain_by_leverage),
    EXACT_BUDGET: exact_budget_cuts,
})  # fmt: skip
"""Every rule, by the name and version that a record carries."""


def deleveraging_by(rule: str, loss: UncoveredLoss, winners: Sequence[Winner]) -> Deleveraging | Refusal:
    """Return the record of a deleveraging by a rule of `RULES`, or why it cannot be; ConfigError for another rule.

    ZERO_AMOUNT without a loss or a position; WINNERS_PAY_NOTHING where the price costs them nothing against the mark;
    WINNER_MALFORMED for a size or entry price that is not positive, no margin line, or an account that comes twice.
    """
    if rule not in RULES:
        raise ConfigError(f"deleveraging rule {rule!r} is not one of {', '.join(RULES)}")
    if loss.loss_value <= 0 or loss.balance <= 0:
        return Refusal.ZERO_AMOUNT
    if cost_price(loss) <= 0:
        return Refusal.WINNERS_PAY_NOTHING
    ordered = sorted(winners, key=attrgetter("account"))
    if not _are_sound(ordered):
        return Refusal.WINNER_MALFORMED
    cuts = RULES[rule](loss, ordered)
    remainder_value = max(0, loss.loss_value - sum(cut.paid_value for cut in cuts))
    return Deleveraging(rule, loss, tuple(ordered), cuts, remainder_value)


def _are_sound(ordered: Sequence[Winner]) -> bool:
    accounts = [winner.account for winner in ordered]
    return all(map(lt, accounts, accounts[1:])) and all(
        winner.balance > 0 and winner.entry_price > 0 and winner.margin_lines for winner in ordered
    )
