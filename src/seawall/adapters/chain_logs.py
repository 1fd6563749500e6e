"""Contract logs of a range of blocks, complete, in order and each once.

A node refuses a range that holds too much; the range is halved until it answers or one block is refused. Logs that a
node repeats are one log, logs that a reorganisation removed are none, a log that was not asked for is an error.
Safety rests on the node giving all logs of a range it answers for; nothing here can see one that it leaves out.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from seawall.adapters.data_folder import Advance
from seawall.adapters.http_fetch import RequestRefused
from seawall.adapters.json_rpc import JsonRpc, RpcRefused
from seawall.errors import ProviderUnavailable

WORD: Final = 32
BLOCKS_MAX: Final = 10_000
"""Blocks of the first request of a range; most public nodes answer for as many."""
_TOO_LARGE: Final = frozenset({413, 500, 502, 503, 504})


class Log(msgspec.Struct, frozen=True):
    """One log: topics and data as words of 32 bytes; `ts` is its block's time in unix seconds."""

    contract: str
    topics: tuple[bytes, ...]
    words: tuple[bytes, ...]
    block: int
    index: int
    transaction: str
    ts: int


class _RawLog(msgspec.Struct, frozen=True, rename="camel"):
    address: str
    topics: list[str]
    data: str
    block_number: str
    log_index: str
    transaction_hash: str
    removed: bool = False
    block_timestamp: str | None = None


class _Block(msgspec.Struct, frozen=True):
    number: str
    timestamp: str


def fetch_logs(
    rpc: JsonRpc, contracts: Sequence[str], topic: str, first_block: int, last_block: int, advance: Advance
) -> list[Log]:
    """Return the logs with this first topic of the contracts, by block and index; both ends are included."""
    found: dict[tuple[int, int], _RawLog] = {}
    total = last_block - first_block + 1
    ranges = [
        (start, min(start + BLOCKS_MAX - 1, last_block)) for start in range(first_block, last_block + 1, BLOCKS_MAX)
    ]
    ranges.reverse()
    while ranges:
        first, last = ranges.pop()
        try:
            logs = _logs_of(rpc, contracts, topic, first, last)
        except (RpcRefused, RequestRefused) as error:
            if first == last or (isinstance(error, RequestRefused) and error.status not in _TOO_LARGE):
                raise
            middle = (first + last) // 2
            ranges += [(middle + 1, last), (first, middle)]
            continue
        for log in logs:
            block = rpc.number_of(log.block_number)
            _refuse_unasked(rpc, log, contracts, topic, first <= block <= last)
            if not log.removed:
                found[block, rpc.number_of(log.log_index)] = log
        advance(last - first_block + 1, total)
    times: dict[int, int] = {}
    return [_decoded(rpc, found[key], key, times) for key in sorted(found)]


def block_time(rpc: JsonRpc, block: int) -> int:
    """Return the time of a block in unix seconds."""
    answer = rpc.call("eth_getBlockByNumber", [hex(block), False], _Block | None)  # type: ignore[arg-type]
    if answer is None:
        raise ProviderUnavailable(f"{rpc.name} does not have block {block}")
    return rpc.number_of(answer.timestamp)


def blocks_between(rpc: JsonRpc, since: int, until: int) -> tuple[int, int]:
    """Return the first and the last block with since <= time < until, in unix seconds.

    Raises ProviderUnavailable where the node has not yet seen a block at `until`, or no block lies between.
    """
    latest = rpc.number_of(rpc.call("eth_blockNumber", [], str))
    if (latest_time := block_time(rpc, latest)) < until:
        raise ProviderUnavailable(f"{rpc.name} is at block {latest} of time {latest_time}, before the end {until}")
    first, stop = _first_block_at(rpc, since, latest), _first_block_at(rpc, until, latest)
    if first == stop:
        raise ProviderUnavailable(f"{rpc.name} has no block from {since} to {until}")
    return first, stop - 1


def _first_block_at(rpc: JsonRpc, seconds: int, latest: int) -> int:
    """Return the first block whose time is not before `seconds`; the latest block's is not."""
    low, high = 0, latest
    while low < high:
        middle = (low + high) // 2
        if block_time(rpc, middle) < seconds:
            low = middle + 1
        else:
            high = middle
    return low


def _logs_of(rpc: JsonRpc, contracts: Sequence[str], topic: str, first: int, last: int) -> list[_RawLog]:
    query = {"address": list(contracts), "topics": [topic], "fromBlock": hex(first), "toBlock": hex(last)}
    return rpc.call("eth_getLogs", [query], list[_RawLog])


def _refuse_unasked(rpc: JsonRpc, log: _RawLog, contracts: Sequence[str], topic: str, in_range: bool) -> None:
    asked_for = {contract.lower() for contract in contracts}
    if not in_range or log.address.lower() not in asked_for or not log.topics or log.topics[0].lower() != topic:
        raise ProviderUnavailable(
            f"{rpc.name} gave a log that was not asked for, of {log.address} in {log.block_number}"
        )


def _decoded(rpc: JsonRpc, log: _RawLog, key: tuple[int, int], times: dict[int, int]) -> Log:
    """Return the log with its time, which some nodes give with it and others only with the block."""
    block, index = key
    if block not in times:
        stamp = log.block_timestamp
        times[block] = block_time(rpc, block) if stamp is None else rpc.number_of(stamp)
    data = rpc.bytes_of(log.data)
    topics = tuple(rpc.bytes_of(topic) for topic in log.topics)
    if len(data) % WORD or any(len(topic) != WORD for topic in topics):
        raise ProviderUnavailable(f"{rpc.name} gave a log whose data are not whole words, in block {block}")
    words = tuple(data[at : at + WORD] for at in range(0, len(data), WORD))
    return Log(log.address.lower(), topics, words, block, index, log.transaction_hash, times[block])


def address_in(word: bytes) -> str:
    """Return the address in the low 20 bytes of a word."""
    return "0x" + word[-20:].hex()


def signed_in(word: bytes) -> int:
    """Return the signed number in a word, two's complement."""
    return int.from_bytes(word, "big", signed=True)


def unsigned_in(word: bytes) -> int:
    """Return the unsigned number in a word."""
    return int.from_bytes(word, "big")
