"""Prices come in: the latest round of each source, the state of each asset's price, and the mark price."""

from collections.abc import Iterable

from seawall.engine.state import State
from seawall.ledger.event import OracleRound
from seawall.rules.oracle import PriceState, is_stale, latest_rounds, mark_price


def observe(state: State, rounds: Iterable[OracleRound]) -> list[int]:
    """Take rounds in and return the markets of the assets whose mark price moved."""
    arrived: dict[int, list[OracleRound]] = {}
    for oracle_round in rounds:
        assert 0 <= oracle_round.asset < len(state.rounds), oracle_round
        arrived.setdefault(oracle_round.asset, []).append(oracle_round)
    deployment = state.deployment
    moved: set[int] = set()
    for asset, of_asset in arrived.items():
        before = state.rounds[asset]
        state.rounds[asset] = latest_rounds(before, of_asset)
        rule = state.oracle_rules[asset]
        state.price_states[asset], price = mark_price(state.rounds[asset], before, rule, deployment.at)
        if price != deployment.prices[asset]:
            deployment.prices[asset] = price
            moved.add(asset)
    return [market for asset in moved for market in state.markets_of_asset[asset]]


def grow_stale(state: State) -> None:
    """Let fresh prices become stale as time passes; a contradiction stands until the next round."""
    for asset in state.aging_assets:
        if state.price_states[asset] is PriceState.FRESH:
            rounds = state.rounds[asset]
            if is_stale(rounds[min(rounds)], state.oracle_rules[asset], state.deployment.at):
                state.price_states[asset] = PriceState.STALE
