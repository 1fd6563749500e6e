"""Orders to keepers: one open order an account while it is below the line, and the reason where there is none.

An order stays open until the account is above the line again, has no debt left, or the order expires; then it is
given anew. Its maximum is only what the rule allows now: a fill meets the rule again.
"""

from heapq import heappop, heappush
from itertools import repeat

from seawall.engine.permission import is_quiet, liquidation_refusal
from seawall.engine.state import NO_ORDER, PASSING, State
from seawall.ledger.order import CancelOrder, DeclineAccount, Liquidate, Order, Refusal
from seawall.monitor.judge import Judge, Offers, Refused
from seawall.protocols.protocol import Protocol
from seawall.units import Milliseconds


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
    kept: list[int] = []
    barred: list[Refused] = []
    for place, row in enumerate(offered.rows):
        pair = (offered.debt_markets[place], offered.collateral_markets[place])
        reason = liquidation_refusal(state, protocol, row, pair)
        if reason is None:
            kept.append(place)
        else:
            barred.append(
                Refused(
                    row,
                    reason,
                    offered.health_factor_ratios[place],
                    offered.collateral_values[place],
                    offered.debt_values[place],
                )
            )
    return offered.at(kept), barred


def _open(state: State, protocol: Protocol, offered: Offers) -> list[Liquidate]:
    """Open an order for each offer, in their order; all of them end at one time."""
    expires_at, look_at = _term(state, protocol)
    order_ids = range(state.order_count + 1, state.order_count + 1 + len(offered.rows))
    state.order_count += len(order_ids)
    state.order_rows.update(zip(order_ids, offered.rows, strict=True))
    if state.blocked:
        state.blocked.difference_update(offered.rows)
    for order_id, row in zip(order_ids, offered.rows, strict=True):
        episode = state.episodes[row]
        episode.order_id = order_id
        episode.expires_at = expires_at
        episode.look_at = look_at
        episode.declined = None
        if episode.fill_ids:
            episode.fill_ids = frozenset()
    for row in offered.rows:
        # What ends last goes in at the end of the heap; heapifying would move through all of it.
        heappush(state.due, (look_at, row))
    return list(
        map(
            Liquidate, order_ids, offered.accounts, offered.priorities, offered.debt_markets,
            offered.collateral_markets, offered.repay_amounts, offered.seize_amounts, repeat(expires_at),
            offered.health_factor_ratios, offered.collateral_values, offered.weighted_collateral_values,
            offered.debt_values,
        )
    )  # fmt: skip


def _decline(state: State, protocol: Protocol, refused: Refused) -> list[DeclineAccount]:
    row, reason = refused.row, refused.reason
    episode = state.episodes[row]
    episode.expires_at, episode.look_at = _term(state, protocol)
    heappush(state.due, (episode.look_at, row))
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
    heappush(state.due, (episode.look_at, row))


def _look_at(state: State, protocol: Protocol, expires_at: Milliseconds) -> Milliseconds:
    """Return the end of a term, or a review before it where loss is realised by value."""
    if protocol.realises_loss_by_value:
        return min(expires_at, state.deployment.at + state.policy.review_ms)
    return expires_at


def rows_to_look_at(state: State) -> list[int]:
    """Return the accounts below the line that it is time to look at again, and take them out of the line."""
    rows: list[int] = []
    due, at = state.due, state.deployment.at
    while due and due[0][0] <= at:
        look_at, row = heappop(due)
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
    state.blocked.discard(row)
    return order


def _cancel(state: State, row: int, reason: Refusal) -> CancelOrder:
    episode = state.episodes[row]
    order = CancelOrder(episode.order_id, state.deployment.book.account_at(row), reason, episode.since)
    state.order_rows.pop(episode.order_id, None)
    episode.order_id = NO_ORDER
    return order
