import json
from pathlib import Path
from typing import Any

import pytest

from seawall.adapters.chainlink_rounds import (
    ANSWER_UPDATED,
    DECIMALS,
    PHASE_AGGREGATORS,
    PHASE_ID,
    download_rounds,
)
from seawall.adapters.data_folder import MANIFEST, Entry
from seawall.adapters.http_fetch import Patience
from seawall.adapters.price_file import read_prices
from seawall.errors import ConfigError, DataError, ProviderUnavailable

FEED = "0x" + "fe" * 20
EARLIER = "0x" + "a1" * 20
LATER = "0x" + "a2" * 20
SINCE, UNTIL = 1_000_000, 1_006_000


def word(number: int) -> str:
    return f"0x{number % 2**256:064x}"


def open_feed(node: Any, decimals: int = 8) -> None:
    node.calls[FEED, DECIMALS] = word(decimals)
    node.calls[FEED, PHASE_ID] = word(2)
    for phase, aggregator in ((1, EARLIER), (2, LATER)):
        node.calls[FEED, f"{PHASE_AGGREGATORS}{phase:064x}"] = "0x" + aggregator[2:].rjust(64, "0")


def add_round(node: Any, aggregator: str, round_id: int, answer: int, block: int) -> None:
    node.add_log(aggregator, [ANSWER_UPDATED, word(answer), word(round_id)], [node.time_of(block)], block)


def download(node: Any, folder: Path, haste: Patience, symbol: str = "USDC", feed: str = FEED) -> list[Entry]:
    return download_rounds(
        folder, {symbol: feed}, node.url, SINCE, UNTIL, patience=haste, progress=lambda _name, _done, _whole: None
    )  # fmt: skip


def test_rounds_become_points_of_a_price_file(node: Any, tmp_path: Path, haste: Patience) -> None:
    open_feed(node)
    node.blocks_max = 50
    for round_id, answer in enumerate((100_000_000, 88_000_001, 5), start=7):
        add_round(node, LATER, round_id, answer, 100 * (round_id - 6))
    (entry,) = download(node, tmp_path, haste)
    assert (entry.rows, entry.first_ts, entry.last_ts) == (3, node.time_of(100), node.time_of(300))
    points = read_prices([tmp_path / entry.name])["USDC"].points
    assert points == [
        (node.time_of(100) * 1000, 10**18),
        (node.time_of(200) * 1000, 88_000_001 * 10**10),
        (node.time_of(300) * 1000, 5 * 10**10),
    ]


def test_an_earlier_phase_is_not_heard_once_a_later_one_has_spoken(node: Any, tmp_path: Path, haste: Patience) -> None:
    open_feed(node)
    for aggregator, round_id, answer, block in [
        (EARLIER, 8, 100, 10), (EARLIER, 9, 101, 20), (LATER, 1, 102, 30), (EARLIER, 10, 999, 31), (LATER, 2, 103, 40),
    ]:  # fmt: skip
        add_round(node, aggregator, round_id, answer * 10**8, block)
    (entry,) = download(node, tmp_path, haste)
    points = read_prices([tmp_path / entry.name])["USDC"].points
    assert [price // 10**18 for _, price in points] == [100, 101, 102, 103]


def test_an_address_without_phases_is_an_aggregator_itself(node: Any, tmp_path: Path, haste: Patience) -> None:
    node.calls[LATER, DECIMALS] = word(0)
    add_round(node, LATER, 1, 42, 10)
    (entry,) = download(node, tmp_path, haste, feed=LATER)
    assert read_prices([tmp_path / entry.name])["USDC"].points == [(node.time_of(10) * 1000, 42 * 10**18)]


def test_the_manifest_names_the_node_without_its_key(node: Any, tmp_path: Path, haste: Patience) -> None:
    open_feed(node)
    add_round(node, LATER, 1, 10**8, 10)
    download(node, tmp_path, haste)
    text = (tmp_path / MANIFEST).read_text()
    assert "secret-key" not in text
    assert json.loads(text)["files"][0]["source"] == node.server.url


@pytest.mark.parametrize("answer", [0, -1])
def test_an_answer_that_is_no_price_is_refused(answer: int, node: Any, tmp_path: Path, haste: Patience) -> None:
    open_feed(node)
    add_round(node, LATER, 7, answer, 10)
    with pytest.raises(DataError, match=f"answer {answer} of USDC is not positive, in round 7 of block 10"):
        download(node, tmp_path, haste)


def test_a_feed_without_rounds_is_no_file(node: Any, tmp_path: Path, haste: Patience) -> None:
    open_feed(node)
    with pytest.raises(DataError, match="no rounds of USDC"):
        download(node, tmp_path, haste)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("selector", "answer", "message"),
    [
        (DECIMALS, "0x", "has no feed at"),
        (DECIMALS, word(37), "has 37 decimals, above 36"),
        (PHASE_ID, word(2**200), "is in phase"),
    ],
)
def test_an_address_that_is_no_feed_is_refused(
    selector: str, answer: str, message: str, node: Any, tmp_path: Path, haste: Patience
) -> None:
    open_feed(node)
    node.calls[FEED, selector] = answer
    with pytest.raises(ProviderUnavailable, match=message):
        download(node, tmp_path, haste)


def test_a_log_of_another_form_is_refused(node: Any, tmp_path: Path, haste: Patience) -> None:
    open_feed(node)
    node.add_log(LATER, [ANSWER_UPDATED, word(1)], [1], 10)
    with pytest.raises(ProviderUnavailable, match="gave a log that is no AnswerUpdated, in block 10"):
        download(node, tmp_path, haste)


@pytest.mark.parametrize(("symbol", "feed"), [("../USDC", FEED), ("", FEED), ("USDC", "0x12"), ("USDC", "usdc.eth")])
def test_a_request_that_makes_no_sense_is_refused_before_it_is_sent(
    symbol: str, feed: str, node: Any, tmp_path: Path, haste: Patience
) -> None:
    with pytest.raises(ConfigError):
        download(node, tmp_path, haste, symbol, feed)
    assert node.server.requests == []
