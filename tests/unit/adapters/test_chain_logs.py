from typing import Any

import pytest

from seawall.adapters.chain_logs import blocks_between, fetch_logs
from seawall.adapters.http_fetch import Patience
from seawall.adapters.json_rpc import JsonRpc, RpcRefused
from seawall.errors import ProviderUnavailable

POOL = "0x" + "aa" * 20
TOPIC = "0x" + "11" * 32


def fetched(node: Any, haste: Patience, first: int = 0, last: int = 999) -> list[Any]:
    return fetch_logs(JsonRpc(node.url, haste), [POOL], TOPIC, first, last, lambda _done, _whole: None)


@pytest.mark.parametrize("blocks_max", [1, 3, 100, 999, 1_000])
def test_every_log_comes_once_and_in_order_however_small_the_ranges(
    blocks_max: int, node: Any, haste: Patience
) -> None:
    node.blocks_max = blocks_max
    keys = [(5, 1), (5, 0), (0, 0), (99, 7), (50, 2)]
    for block, index in keys:
        node.add_log(POOL, [TOPIC], [block], block, index)
    logs = fetched(node, haste, 0, 99)
    assert [(log.block, log.index) for log in logs] == sorted(keys)
    assert [int.from_bytes(log.words[0], "big") for log in logs] == [0, 5, 5, 50, 99]
    assert [log.ts for log in logs] == [node.time_of(log.block) for log in logs]
    answered = sorted(one for one in node.ranges if one[1] - one[0] < blocks_max)
    assert [first for first, _ in answered] == [0] + [last + 1 for _, last in answered[:-1]]


def test_progress_ends_at_the_whole(node: Any, haste: Patience) -> None:
    node.blocks_max = 300
    said: list[tuple[int, int]] = []
    fetch_logs(JsonRpc(node.url, haste), [POOL], TOPIC, 0, 999, lambda done, whole: said.append((done, whole)))
    assert said == sorted(said)
    assert said[-1] == (1_000, 1_000)


def test_a_node_that_refuses_a_single_block_is_not_asked_for_ever(node: Any, haste: Patience) -> None:
    node.blocks_max = 0
    with pytest.raises(RpcRefused, match="refused eth_getLogs: block range is larger than 0"):
        fetched(node, haste)
    assert len(node.ranges) < 20


def test_repeated_logs_are_one_and_removed_logs_are_none(node: Any, haste: Patience) -> None:
    for _ in range(3):
        node.add_log(POOL, [TOPIC], [1], 7)
    node.add_log(POOL, [TOPIC], [1], 8, removed=True)
    assert [log.block for log in fetched(node, haste)] == [7]


def test_a_time_that_comes_with_the_log_saves_the_question(node: Any, haste: Patience) -> None:
    node.add_log(POOL, [TOPIC], [1], 7, blockTimestamp=hex(42))
    assert fetched(node, haste)[0].ts == 42
    assert not any(b"eth_getBlockByNumber" in body for _, body in node.server.requests)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"blockNumber": "0x3e9"}, "gave a log that was not asked for"),
        ({"address": "0x" + "bb" * 20}, "gave a log that was not asked for"),
        ({"topics": ["0x" + "22" * 32]}, "gave a log that was not asked for"),
        ({"topics": []}, "gave a log that was not asked for"),
        ({"data": "0x1234"}, "gave a log whose data are not whole words"),
        ({"data": "0xzz"}, "answered '0xzz' for bytes"),
        ({"blockNumber": "seven"}, "answered 'seven' for a number"),
        ({"blockNumber": None}, "answered eth_getLogs with another shape"),
    ],
)
def test_a_log_that_cannot_be_believed_is_refused(
    change: dict[str, Any], message: str, node: Any, haste: Patience
) -> None:
    node.add_log(POOL, [TOPIC], [1], 7)
    log = node.logs[0] | change
    answer = node._answer
    node._answer = lambda method, params: {"result": [log]} if method == "eth_getLogs" else answer(method, params)
    with pytest.raises(ProviderUnavailable, match=message):
        fetched(node, haste)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (1_000_000, 1_000_012, (0, 0)),
        (1_000_000, 1_000_013, (0, 1)),
        (1_000_001, 1_000_025, (1, 2)),
        (500, 1_000_001, (0, 0)),
        (1_000_012, 1_011_988, (1, 998)),
    ],
)
def test_a_range_of_time_is_a_range_of_blocks_half_open(
    since: int, until: int, expected: tuple[int, int], node: Any, haste: Patience
) -> None:
    assert blocks_between(JsonRpc(node.url, haste), since, until) == expected
    assert len(node.server.requests) < 30


@pytest.mark.parametrize(
    ("since", "until", "message"),
    [
        (1_000_000, 1_011_989, "is at block 999 of time 1011988, before the end 1011989"),
        (1_000_001, 1_000_012, "has no block from 1000001 to 1000012"),
    ],
)
def test_a_range_that_the_node_does_not_have_is_refused(
    since: int, until: int, message: str, node: Any, haste: Patience
) -> None:
    with pytest.raises(ProviderUnavailable, match=message):
        blocks_between(JsonRpc(node.url, haste), since, until)
