"""Orders to keepers: one open order an account while it is below the line, and the reason where there is none.

An order stays open until the account is above the line again, has no debt left, or the order expires; then it is
given anew. Its maximum is only what the rule allows now: a fill meets the rule again.
"""

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Final

from seawall.engine.permission import is_quiet, liquidation_refusal
from seawall.engine.state import NO_ORDER, PASSING, State
from seawall.ledger.integer_column import numbers_in
from seawall.ledger.order import CancelOrder, DeclineAccount, LiquidateMany, Order
from seawall.ledger.refusal import Refusal
from seawall.monitor.judge import Judge, Offers, Refused
from seawall.protocols.protocol import Protocol
from seawall.units import Milliseconds

MANY_MIN: Final = 256
"""From so many offers of one event on they are one order of columns; fewer are orders that a person reads in the journal."""


def offers(state: State, protocol: Protocol, judge: Judge, rows: list[int]) -> list[Order]:
    """Give an order for each of `rows`, all below the line, or decline it; worst first.

    Priority is the expected loss; accounts of equal priority come in order of their bytes. A refusal is said once an
    episode, and again only when its reason changes.
    """
    offered, refused = judge.assess(rows, state.policy.priority_stress_ratio)
    if not is_quiet(state):
        offered, barred = _permitted(state, protocol, offered)
        refused += barred
    declined = [order for refusal in refused for order in _decline(state, protocol, refusal)]
    declined.sort(key=lambda order: order.account)
    return [*declined, *_open(state, protocol, offered)]


def _permitted(state: State, protocol: Protocol, offered: Offers) -> tuple[Offers, list[Refused]]:
    """Return the offers that breakers and prices let through, and the others with the reason."""
    count = len(offered.rows)
    pairs = zip(numbers_in(offered.debt_markets, count), numbers_in(offered.collateral_markets, count), strict=True)
    reasons = [liquidation_refusal(state, protocol, row, pair) for row, pair in zip(offered.rows, pairs, strict=True)]
    kept = [place for place, reason in enumerate(reasons) if reason is None]
    healths = zip(
        *(
            numbers_in(column, count)
            for column in (offered.health_factor_ratios, offered.collateral_values, offered.debt_values)
        ),
        strict=True,
    )
    barred = [
        Refused(row, reason, *health)
        for row, reason, health in zip(offered.rows, reasons, healths, strict=True)
        if reason is not None
    ]
    return offered.at(kept), barred


def _open(state: State, protocol: Protocol, offered: Offers) -> Sequence[Order]:
    """Open an order for each offer, in their order; all of them end at one time."""
    rows, columns = offered.rows, offered[1:]
    expires_at, look_at = _term(state, protocol)
    first_order_id, count = state.order_count + 1, len(rows)
    state.order_count += count
    order_ids = range(first_order_id, first_order_id + count)
    state.order_rows.update(zip(order_ids, rows, strict=True))
    if state.blocked:
        state.blocked.difference_update(rows)
    for order_id, episode in zip(order_ids, map(state.episodes.__getitem__, rows), strict=True):
        episode.order_id = order_id
        episode.expires_at = expires_at
        episode.look_at = look_at
        episode.declined = None
        if episode.fill_ids:
            episode.fill_ids = frozenset()
    put_in_line(state, look_at, rows)
    many = LiquidateMany(first_order_id, expires_at, count, *columns, protocol.sale is not None)
    return [many] if count >= MANY_MIN else many.singly()


def _decline(state: State, protocol: Protocol, refused: Refused) -> list[DeclineAccount]:
    row, reason = refused.row, refused.reason
    episode = state.episodes[row]
    episode.expires_at, episode.look_at = _term(state, protocol)
    put_in_line(state, episode.look_at, [row])
    if episode.declined is reason:
        return []
    episode.declined = reason
    if reason in PASSING:
        state.blocked.add(row)
    else:
        state.blocked.discard(row)
    account = state.deployment.book.account_at(row)
    return [DeclineAccount(account, reason, refused.health_factor_ratio, refused.collateral_value, refused.debt_value)]


def _term(state: State, protocol: Protocol) -> tuple[Milliseconds, Milliseconds]:
    """Return until when an order, or a refusal, that is given now lives, and when its account is looked at."""
    expires_at = state.deployment.at + state.policy.order_lifetime_ms
    return expires_at, _look_at(state, protocol, expires_at)


def look_again_later(state: State, protocol: Protocol, row: int) -> None:
    """Put the account in line once more."""
    episode = state.episodes[row]
    episode.look_at = _look_at(state, protocol, episode.expires_at)
    put_in_line(state, episode.look_at, [row])


def _look_at(state: State, protocol: Protocol, expires_at: Milliseconds) -> Milliseconds:
    """Return the end of a term, or a review before it where loss is realised by value."""
    if protocol.realises_loss_by_value:
        return min(expires_at, state.deployment.at + state.policy.review_ms)
    return expires_at


def put_in_line(state: State, look_at: Milliseconds, rows: Iterable[int]) -> None:
    """Note that accounts are looked at again at a time; whoever ends or moves before is passed over then."""
    waiting = state.due.get(look_at)
    if waiting is None:
        waiting = state.due[look_at] = []
        heappush(state.due_times, look_at)
    waiting += rows


def rows_to_look_at(state: State) -> list[int]:
    """Return the accounts below the line that it is time to look at again, and take them out of the line."""
    rows: list[int] = []
    while state.due_times and state.due_times[0] <= state.deployment.at:
        look_at = heappop(state.due_times)
        for row in state.due.pop(look_at):
            episode = state.episodes.get(row)
            if episode is not None and episode.look_at == look_at:
                rows.append(row)
    return rows


def withdraw(state: State, row: int) -> list[CancelOrder]:
    """Close the account's open order, if it has one, because its term is over."""
    episode = state.episodes[row]
    return [_cancel(state, row, Refusal.ORDER_EXPIRED)] if episode.order_id != NO_ORDER else []


def end_episode(state: State, row: int, reason: Refusal) -> CancelOrder:
    """End the account's time below the line and close its open order, if it has one."""
    order = _cancel(state, row, reason)
    del state.episodes[row]
    state.deployment.clock_starts.pop(row, None)
    state.blocked.discard(row)
    return order


def _cancel(state: State, row: int, reason: Refusal) -> CancelOrder:
    episode = state.episodes[row]
    order = CancelOrder(episode.order_id, state.deployment.book.account_at(row), reason, episode.since)
    state.order_rows.pop(episode.order_id, None)
    state.narrowings.pop(episode.order_id, None)
    episode.order_id = NO_ORDER
    return order
