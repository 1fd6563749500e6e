"""Warnings: who is told that its health factor fell below the policy's warning line, and who that it rose again.

The warning line lies above that of liquidation and has a monitor of its own; the integer rule decides whom it reports.
An account keeps its warning while it is below either line, so everyone in an episode is warned too. While offers wait,
warnings wait behind them. A price that is unknown changes none.
"""

from seawall.engine.state import State
from seawall.ledger.order import LiftWarning, Order, WarnAccount
from seawall.ledger.refusal import Refusal
from seawall.monitor.judge import Judge, listed
from seawall.monitor.monitor import Monitor
from seawall.units import Ratio


def move_warnings(state: State, judge: Judge, monitor: Monitor) -> list[Order]:
    """Decide every account whose place beside the warning line is not certain; lift warnings, then warn.

    Warnings lifted come in order of the account's bytes, those given by health factor, equals by the account's bytes.
    """
    if state.offers_are_waiting or all(price is None for price in state.deployment.prices):
        return []
    line_ratio, account_at = state.policy.warning_health_ratio, state.deployment.book.account_at
    lifted: list[tuple[bytes, int]] = []
    fallen: list[tuple[Ratio, bytes, int]] = []
    undecided = listed(monitor.detect())
    for row, factor in zip(undecided, judge.health_factors(undecided), strict=True):
        if factor is None:
            continue
        if factor >= line_ratio and row in state.warned:
            lifted.append((account_at(row), row))
        elif factor < line_ratio and row not in state.warned:
            fallen.append((factor, account_at(row), row))
    orders: list[Order] = [_lift(state, judge, monitor, account, row) for account, row in sorted(lifted)]
    monitor.set_liquidatable([row for _, _, row in fallen], True)
    for factor, account, row in sorted(fallen):
        state.warned[row] = state.deployment.at
        orders.append(WarnAccount(account, factor, line_ratio))
    return orders


def _lift(state: State, judge: Judge, monitor: Monitor, account: bytes, row: int) -> LiftWarning:
    monitor.set_liquidatable([row], False)
    reason = Refusal.HEALTHY if judge.is_at_risk(row) else Refusal.NO_DEBT
    return LiftWarning(account, reason, state.warned.pop(row))
