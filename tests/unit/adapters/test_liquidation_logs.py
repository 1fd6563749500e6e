import csv
import gzip
from pathlib import Path
from typing import Any

import pytest

from seawall.adapters.data_folder import Entry
from seawall.adapters.http_fetch import Patience
from seawall.adapters.liquidation_logs import PROTOCOL_LOGS, download_liquidations
from seawall.errors import ConfigError, ProviderUnavailable

CONTRACT, ACCOUNT, KEEPER, WETH, USDC = ("0x" + pair * 20 for pair in ("c0", "ac", "4e", "e7", "dc"))
MARKET = "0x" + "77" * 32
SINCE, UNTIL = 1_000_000, 1_006_000


def download(node: Any, folder: Path, haste: Patience, protocol: str, *contracts: str) -> Entry:
    return download_liquidations(
        folder, protocol, contracts or (CONTRACT,), node.url, SINCE, UNTIL, patience=haste,
        progress=lambda _name, _done, _whole: None,
    )  # fmt: skip


def rows_of(folder: Path, entry: Entry) -> list[dict[str, str]]:
    return list(csv.DictReader(gzip.decompress((folder / entry.name).read_bytes()).decode().splitlines()))


@pytest.mark.parametrize(
    ("protocol", "topics", "words", "expected"),
    [
        (
            "aave_v3",
            [WETH, USDC, ACCOUNT],
            [2_000, 5, KEEPER, 1],
            {"debt_asset": USDC, "collateral_asset": WETH, "repay_amount": "2000", "seize_amount": "5"},
        ),
        (
            "compound_v2",
            [],
            [KEEPER, ACCOUNT, 2_000, WETH, 2**255],
            {"debt_asset": CONTRACT, "collateral_asset": WETH, "repay_amount": "2000", "seize_amount": str(2**255)},
        ),
        (
            "morpho_blue",
            [MARKET, KEEPER, ACCOUNT],
            [2_000, 999, 5, 7, 888],
            {"market": MARKET, "repay_amount": "2000", "seize_amount": "5", "bad_debt_amount": "7"},
        ),
    ],
)
def test_each_protocol_s_liquidation_becomes_a_row(
    protocol: str, topics: list[str], words: list[int | str], expected: dict[str, str], node: Any, tmp_path: Path,
    haste: Patience,
) -> None:  # fmt: skip
    node.blocks_max = 64
    for block in (300, 100):
        node.add_log(CONTRACT, [PROTOCOL_LOGS[protocol].topic, *topics], words, block, 3)
    entry = download(node, tmp_path, haste, protocol)
    assert (entry.rows, entry.first_ts, entry.last_ts) == (2, node.time_of(100), node.time_of(300))
    first, second = rows_of(tmp_path, entry)
    assert (first["block_number"], second["block_number"]) == ("100", "300")
    said = {"ts": str(node.time_of(100)), "log_index": "3", "contract": CONTRACT, "account": ACCOUNT, "keeper": KEEPER}
    unsaid = {"market": "", "debt_asset": "", "collateral_asset": "", "bad_debt_amount": ""}
    assert first | {"block_number": "", "transaction_hash": ""} == (
        unsaid | said | expected | {"block_number": "", "transaction_hash": ""}
    )


def test_a_quiet_time_is_a_file_without_rows(node: Any, tmp_path: Path, haste: Patience) -> None:
    entry = download(node, tmp_path, haste, "aave_v3")
    assert (entry.rows, entry.first_ts, entry.last_ts) == (0, None, None)
    assert rows_of(tmp_path, entry) == []
    asked = len(node.server.requests)
    assert download(node, tmp_path, haste, "aave_v3") == entry
    assert len(node.server.requests) == asked


def test_a_log_of_another_length_is_refused(node: Any, tmp_path: Path, haste: Patience) -> None:
    node.add_log(CONTRACT, [PROTOCOL_LOGS["aave_v3"].topic, WETH, USDC, ACCOUNT], [1, 2, 3], 10)
    with pytest.raises(ProviderUnavailable, match="a liquidation of 4 topics and 3 words, not 4 and 4, in block 10"):
        download(node, tmp_path, haste, "aave_v3")


@pytest.mark.parametrize(
    ("protocol", "contracts", "message"),
    [
        ("aave_v4", (CONTRACT,), r"no liquidation logs of protocol aave_v4 \(nearest: aave_v3"),
        ("aave_v3", ("0x12",), "contract '0x12' is not an address"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_before_it_is_sent(
    protocol: str, contracts: tuple[str, ...], message: str, node: Any, tmp_path: Path, haste: Patience
) -> None:
    with pytest.raises(ConfigError, match=message):
        download(node, tmp_path, haste, protocol, *contracts)
    assert node.server.requests == []
