"""Oracle rounds of a Chainlink feed, from the logs of its aggregators, as points of a price file.

A feed is a proxy: it has had several aggregators, one a phase, and the log is the aggregator's, not the proxy's.
`AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt)` is a round, its price the answer in
`decimals()`. An aggregator of an earlier phase is no longer heard once a later one has spoken: the true moment is the
proxy's switch, which leaves no price, and the two are near. An address without phases is taken as an aggregator.
"""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from seawall.adapters.chain_logs import (
    WORD,
    Log,
    address_in,
    blocks_between,
    fetch_logs,
    signed_in,
    unsigned_in,
)
from seawall.adapters.data_folder import Advance, Entry, Progress, Rows, check_range, keep_or_fetch
from seawall.adapters.http_fetch import USUAL_PATIENCE, Patience
from seawall.adapters.json_rpc import JsonRpc, RpcRefused
from seawall.errors import ConfigError, DataError, ProviderUnavailable
from seawall.ledger.account import address_of

# AnswerUpdated(int256,uint256,uint256)
ANSWER_UPDATED: Final = "0x0559884fd3a460db3073b7fc896cc77986f16e378210ded43186175bf646fc5f"
DECIMALS: Final = "0x313ce567"  # decimals()
PHASE_ID: Final = "0x58303b10"  # phaseId()
PHASE_AGGREGATORS: Final = "0xc1597304"  # phaseAggregators(uint16)
PHASES_MAX: Final = 255
DECIMALS_MAX: Final = 36
COLUMNS: Final = ("symbol", "ts", "price", "phase", "round", "block_number")
_SYMBOL = re.compile(r"\w{1,32}", re.ASCII)


def download_rounds(
    folder: Path, feeds: Mapping[str, str], rpc_url: str, since: int, until: int, *,
    progress: Progress, patience: Patience = USUAL_PATIENCE, force: bool = False,
) -> list[Entry]:  # fmt: skip
    """Bring the rounds of each feed (symbol to proxy address) with since <= block time < until into a file of its own.

    Raises ConfigError for a request that makes no sense, DataError for a feed without rounds or with an answer that
    is no price, ProviderUnavailable and RpcRefused as the node fails or says no.
    """
    check_range(since, until)
    rpc = JsonRpc(rpc_url, patience)
    entries = []
    for symbol, feed in feeds.items():
        if _SYMBOL.fullmatch(symbol) is None:
            raise ConfigError(f"symbol {symbol[:40]!r} is not 1 to 32 letters and digits")
        if address_of(feed) is None:
            raise ConfigError(f"feed {feed[:60]!r} of {symbol} is not an address")
        name = f"chainlink_{symbol}_{since}_{until}.csv.gz"
        query = {"symbol": symbol, "feed": feed.lower(), "since": str(since), "until": str(until)}

        fetch = partial(_fetch_rounds, rpc, symbol, feed, since, until, partial(progress, name))
        entries.append(keep_or_fetch(folder, name, rpc.name, query, fetch, force=force))
    return entries


def _fetch_rounds(rpc: JsonRpc, symbol: str, feed: str, since: int, until: int, advance: Advance) -> Rows:
    decimals = _number(rpc, feed, DECIMALS)
    if decimals > DECIMALS_MAX:
        raise ProviderUnavailable(f"{rpc.name} says that {feed} has {decimals} decimals, above {DECIMALS_MAX}")
    phases = _phases(rpc, feed)
    first, last = blocks_between(rpc, since, until)
    logs = fetch_logs(rpc, list(phases), ANSWER_UPDATED, first, last, advance)
    rows: dict[int, tuple[str | int, ...]] = {}
    heard = 0
    for log in logs:
        answer, round_id, updated_at = _round(rpc, log)
        phase = phases[log.contract]
        if phase < heard:
            continue
        heard = phase
        if answer <= 0:
            raise DataError(f"answer {answer} of {symbol} is not positive, in round {round_id} of block {log.block}")
        if rows and updated_at < next(reversed(rows)):
            raise DataError(f"round {round_id} of {symbol} is older than the round before it, in block {log.block}")
        rows[updated_at] = (symbol, updated_at, _decimal(answer, decimals), phase, round_id, log.block)
    if not rows:
        raise DataError(f"no rounds of {symbol} ({feed}) from {since} to {until} at {rpc.name}")
    return Rows(COLUMNS, list(rows.values()))


def _phases(rpc: JsonRpc, feed: str) -> dict[str, int]:
    """Return the feed's aggregators with the phase of each; the feed itself where it has no phases."""
    try:
        count = _number(rpc, feed, PHASE_ID)
    except RpcRefused:
        return {feed.lower(): 1}
    if not 1 <= count <= PHASES_MAX:
        raise ProviderUnavailable(f"{rpc.name} says that {feed} is in phase {count}, not 1 to {PHASES_MAX}")
    phases = {}
    for phase in range(1, count + 1):
        aggregator = address_in(_word(rpc, feed, f"{PHASE_AGGREGATORS}{phase:064x}"))
        phases[aggregator] = phase
    return phases


def _number(rpc: JsonRpc, contract: str, data: str) -> int:
    return unsigned_in(_word(rpc, contract, data))


def _word(rpc: JsonRpc, contract: str, data: str) -> bytes:
    answer = rpc.read(contract, data)
    if len(answer) != WORD:
        raise ProviderUnavailable(f"{rpc.name} has no feed at {contract}: {len(answer)} bytes came for {data[:10]}")
    return answer


def _round(rpc: JsonRpc, log: Log) -> tuple[int, int, int]:
    """Return (answer, round, updated at) of a log."""
    if len(log.topics) != 3 or len(log.words) != 1:
        raise ProviderUnavailable(f"{rpc.name} gave a log that is no AnswerUpdated, in block {log.block}")
    return signed_in(log.topics[1]), unsigned_in(log.topics[2]), unsigned_in(log.words[0])


def _decimal(answer: int, decimals: int) -> str:
    """Return the exact decimal text of an answer."""
    digits = str(answer).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
