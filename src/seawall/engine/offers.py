"""Orders to keepers: one open order an account while it is below the line, and the reason where there is none.

An order stays open until the account is above the line again, has no debt left, or the order expires; then it is
given anew. Its maximum is only what the rule allows now: a fill meets the rule again.
"""

from heapq import heappop, heappush
from operator import itemgetter

from seawall.engine.permission import is_quiet, liquidation_refusal
from seawall.engine.state import NO_ORDER, PASSING, State
from seawall.ledger.order import CancelOrder, DeclineAccount, Liquidate, Order, Refusal
from seawall.monitor.judge import Assessment, Judge
from seawall.protocols.protocol import Health, Limit, Protocol
from seawall.units import Value


def offers(state: State, protocol: Protocol, judge: Judge, rows: list[int]) -> list[Order]:
    """Give an order for each of `rows`, all below the line, or decline it; worst first.

    Priority is the expected loss; accounts of equal priority come in order of their bytes. A refusal is said once an
    episode, and again only when its reason changes.
    """
    account_at, all_are_allowed = state.deployment.book.account_at, is_quiet(state)
    declined: list[DeclineAccount] = []
    candidates: list[tuple[Value, bytes, Assessment]] = []
    for assessment in judge.assess(rows, state.policy.priority_stress_ratio):
        limit = assessment.limit
        if isinstance(limit, Refusal):
            refusal: Refusal | None = limit
        elif all_are_allowed:
            refusal = None
        else:
            pair = (limit.debt_market, limit.collateral_market)
            refusal = liquidation_refusal(state, protocol, assessment.row, pair)
        account = account_at(assessment.row)
        if refusal is None:
            candidates.append((-assessment.priority, account, assessment))
        else:
            declined += _decline(state, protocol, account, assessment, refusal)
    candidates.sort(key=itemgetter(0, 1))
    declined.sort(key=lambda order: order.account)
    return [*declined, *(_open(state, protocol, account, assessment) for _, account, assessment in candidates)]


def _open(state: State, protocol: Protocol, account: bytes, assessment: Assessment) -> Liquidate:
    row, health, limit = assessment.row, assessment.health, assessment.limit
    assert isinstance(health, Health)
    assert isinstance(limit, Limit)
    state.order_count += 1
    order_id = state.order_count
    episode = state.episodes[row]
    episode.order_id = order_id
    _start_term(state, protocol, row)
    episode.declined = None
    episode.fill_ids = frozenset()
    state.order_rows[order_id] = row
    state.blocked.discard(row)
    return Liquidate(
        order_id=order_id,
        account=account,
        priority=assessment.priority,
        debt_market=limit.debt_market,
        collateral_market=limit.collateral_market,
        repay_amount_max=limit.repay_amount,
        seize_amount_at_max=limit.seize_amount,
        expires_at=episode.expires_at,
        health_factor_ratio=health.health_factor_ratio,
        collateral_value=health.collateral_value,
        weighted_collateral_value=health.weighted_collateral_value,
        debt_value=health.debt_value,
    )


def _decline(
    state: State, protocol: Protocol, account: bytes, assessment: Assessment, reason: Refusal
) -> list[DeclineAccount]:
    row, health = assessment.row, assessment.health
    episode = state.episodes[row]
    _start_term(state, protocol, row)
    if episode.declined is reason:
        return []
    episode.declined = reason
    if reason in PASSING:
        state.blocked.add(row)
    else:
        state.blocked.discard(row)
    if isinstance(health, Refusal):
        return [DeclineAccount(account, reason, 0, 0, 0)]
    return [DeclineAccount(account, reason, health.health_factor_ratio, health.collateral_value, health.debt_value)]


def _start_term(state: State, protocol: Protocol, row: int) -> None:
    """Let the order, or the refusal, that is given now live as long as the policy says."""
    state.episodes[row].expires_at = state.deployment.at + state.policy.order_lifetime_ms
    look_again_later(state, protocol, row)


def look_again_later(state: State, protocol: Protocol, row: int) -> None:
    """Put the account in line: to the end of its term, or to a review before it where loss is realised by value."""
    episode = state.episodes[row]
    episode.look_at = episode.expires_at
    if protocol.realises_loss_by_value:
        episode.look_at = min(episode.expires_at, state.deployment.at + state.policy.review_ms)
    heappush(state.due, (episode.look_at, row))


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
