"""Prices come in: the latest round of each source, the state of each asset's price, and the mark price."""

from collections.abc import Iterable
from typing import Final

from seawall.engine.state import Basis, State
from seawall.fixed import RAY, SECONDS_PER_YEAR, WAD, mul_div_down, seconds_down
from seawall.ledger.deployment import MarkRule, OracleRule
from seawall.ledger.event import OracleRound
from seawall.rules.mark_price import BASIS_DIGITS, BestPrices, basis_average_ray, contract_mark_price
from seawall.rules.oracle import PriceState, is_stale, latest_rounds, mark_price
from seawall.units import Price

INDEX_SOURCE: Final = 0
BOOK_SOURCES: Final = (1, 2, 3)
"""Of an asset with a mark rule: best bid, best ask, last price."""


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
        if rule.mark is not None and price is not None:
            price = _marked(state, asset, price, rule, rule.mark)
        if price != deployment.prices[asset]:
            deployment.prices[asset] = price
            moved.add(asset)
    return [market for asset in moved for market in state.markets_of_asset[asset]]


def _marked(state: State, asset: int, index_price: Price, rule: OracleRule, mark: MarkRule) -> Price:
    """Return the mark price of a contract's asset and note its basis; the index where its book is not fresh and whole."""
    rounds, at = state.rounds[asset], state.deployment.at
    quoted = [rounds[source] for source in BOOK_SOURCES if source in rounds]
    is_whole = len(quoted) == len(BOOK_SOURCES) and all(each.price > 0 for each in quoted)
    if min(rounds) != INDEX_SOURCE or not is_whole or any(is_stale(each, rule, at) for each in quoted):
        return index_price
    best = BestPrices(*(each.price for each in quoted))
    basis = mul_div_down(best.bid_price + best.ask_price, 1, 2) - index_price
    before = state.bases[asset]
    average_ray = (
        basis * BASIS_DIGITS
        if before is None
        else basis_average_ray(before.average_ray, basis, at - before.at, mark.basis_time_ms)
    )
    state.bases[asset] = Basis(average_ray, at)
    market = state.deployment.markets[state.markets_of_asset[asset][0]]
    funding_ratio = mul_div_down(
        market.debt_rate_ray, WAD * seconds_down(mark.funding_period_ms), RAY * SECONDS_PER_YEAR
    )
    left_ms = mark.funding_period_ms - at % mark.funding_period_ms
    return contract_mark_price(index_price, average_ray, best, funding_ratio, left_ms, mark)


def grow_stale(state: State) -> None:
    """Let fresh prices become stale as time passes; a contradiction stands until the next round."""
    for asset in state.aging_assets:
        if state.price_states[asset] is PriceState.FRESH:
            rounds = state.rounds[asset]
            if is_stale(rounds[min(rounds)], state.oracle_rules[asset], state.deployment.at):
                state.price_states[asset] = PriceState.STALE
