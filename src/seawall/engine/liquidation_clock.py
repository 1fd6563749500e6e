"""The clock on which an account waits for its liquidation: it stands still while nobody could be liquidated.

It runs while every price is fresh and no market is stopped or in grace, and between two events for at most what the
protocol says, so an outage of the chain, a stale and a contradictory price give nobody a larger bonus. One clock serves
the whole deployment: a single price that is not fresh stops it for all, which is to no borrower's harm.
"""

from collections.abc import Iterable

from seawall.engine.state import State
from seawall.protocols.protocol import Protocol
from seawall.rules.action import Action
from seawall.rules.circuit_breaker import breaker_refusal
from seawall.units import Milliseconds


def run_clock(state: State, protocol: Protocol, passed_ms: Milliseconds) -> None:
    """Let the clock run for the time that has just passed, as prices and breakers stand at its end."""
    if protocol.clock_gap_ms_max and not _stands_still(state):
        state.deployment.liquidation_clock_ms += min(passed_ms, protocol.clock_gap_ms_max)


def start_waiting(state: State, protocol: Protocol, rows: Iterable[int]) -> None:
    """Note that these accounts wait from now on."""
    if protocol.clock_gap_ms_max:
        deployment = state.deployment
        deployment.clock_starts.update(dict.fromkeys(rows, deployment.liquidation_clock_ms))


def _stands_still(state: State) -> bool:
    at = state.deployment.at
    return state.price_states != state.all_fresh or any(
        breaker_refusal(breaker, Action.LIQUIDATE, at) is not None for breaker in state.breakers
    )
