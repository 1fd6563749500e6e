"""Liquidations as three protocols log them, one row each, amounts as the contract says them in base units.

Aave v3 (the Pool): who, which assets, what was repaid and taken. Compound v2 (each cToken whose debt is repaid):
`debt_asset` and `collateral_asset` are the cTokens and `seize_amount` counts cTokens. Morpho Blue: `market` is the
market's id, which fixes both assets. Empty is what a protocol does not say; bad debt is in the log of Morpho alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from seawall.adapters.chain_logs import Log, address_in, blocks_between, fetch_logs, unsigned_in
from seawall.adapters.data_folder import Advance, Entry, Progress, Rows, check_range, keep_or_fetch
from seawall.adapters.http_fetch import USUAL_PATIENCE, Patience
from seawall.adapters.json_rpc import JsonRpc
from seawall.adapters.nearest_name import nearest_names
from seawall.errors import ConfigError, ProviderUnavailable
from seawall.ledger.account import address_of

COLUMNS: Final = (
    "ts", "block_number", "log_index", "transaction_hash", "contract", "market", "account", "keeper", "debt_asset",
    "collateral_asset", "repay_amount", "seize_amount", "bad_debt_amount",
)  # fmt: skip

_Details = tuple[str | int, ...]
"""The columns from `market` on."""


@dataclass(frozen=True, slots=True)
class LiquidationLog:
    """How one protocol logs a liquidation: the first topic, and how many topics and words of data a log has."""

    topic: str
    topic_count: int
    word_count: int
    details: Callable[[Log], _Details]


def _aave_v3(log: Log) -> _Details:
    collateral, debt, account = (address_in(topic) for topic in log.topics[1:])
    repay, seize, keeper, _ = log.words
    return "", account, address_in(keeper), debt, collateral, unsigned_in(repay), unsigned_in(seize), ""


def _compound_v2(log: Log) -> _Details:
    keeper, account, repay, collateral, seize = log.words
    return (
        "", address_in(account), address_in(keeper), log.contract, address_in(collateral), unsigned_in(repay),
        unsigned_in(seize), "",
    )  # fmt: skip


def _morpho_blue(log: Log) -> _Details:
    market, keeper, account = log.topics[1:]
    repay, _, seize, bad_debt, _ = log.words
    return (
        "0x" + market.hex(), address_in(account), address_in(keeper), "", "", unsigned_in(repay), unsigned_in(seize),
        unsigned_in(bad_debt),
    )  # fmt: skip


PROTOCOL_LOGS: Final = {
    # LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user,
    #   uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)
    "aave_v3": LiquidationLog("0xe413a321e8681d831f4dbccbca790d2952b56f977908e45be37335533e005286", 4, 4, _aave_v3),
    # LiquidateBorrow(address liquidator, address borrower, uint256 repayAmount, address cTokenCollateral,
    #   uint256 seizeTokens)
    "compound_v2": LiquidationLog(
        "0x298637f684da70674f26509b10f07ec2fbc77a335ab1e7d6215a4b2484d8bb52", 1, 5, _compound_v2
    ),
    # Liquidate(bytes32 indexed id, address indexed caller, address indexed borrower, uint256 repaidAssets,
    #   uint256 repaidShares, uint256 seizedAssets, uint256 badDebtAssets, uint256 badDebtShares)
    "morpho_blue": LiquidationLog(
        "0xa4946ede45d0c6f06a0f5ce92c9ad3b4751452d2fe0e25010783bcab57a67e41", 4, 5, _morpho_blue
    ),
}


def download_liquidations(
    folder: Path, protocol: str, contracts: Sequence[str], rpc_url: str, since: int, until: int, *,
    progress: Progress, patience: Patience = USUAL_PATIENCE, force: bool = False,
) -> Entry:  # fmt: skip
    """Bring the liquidations logged by the contracts with since <= block time < until, which may be none, into a file.

    Raises ConfigError for a request that makes no sense, ProviderUnavailable and RpcRefused as the node fails or
    says no.
    """
    if protocol not in PROTOCOL_LOGS:
        raise ConfigError(f"no liquidation logs of protocol {protocol} ({nearest_names(protocol, PROTOCOL_LOGS)})")
    if not contracts:
        raise ConfigError(f"no contract of {protocol} is named")
    for contract in contracts:
        if address_of(contract) is None:
            raise ConfigError(f"contract {contract[:60]!r} is not an address")
    check_range(since, until)
    rpc = JsonRpc(rpc_url, patience)
    name = f"liquidations_{protocol}_{since}_{until}.csv.gz"
    addresses = sorted({contract.lower() for contract in contracts})
    query = {"protocol": protocol, "contracts": " ".join(addresses), "since": str(since), "until": str(until)}

    fetch = partial(_fetch_rows, rpc, PROTOCOL_LOGS[protocol], addresses, since, until, partial(progress, name))
    return keep_or_fetch(folder, name, rpc.name, query, fetch, force=force)


def _fetch_rows(
    rpc: JsonRpc, protocol_log: LiquidationLog, contracts: Sequence[str], since: int, until: int, advance: Advance
) -> Rows:
    first, last = blocks_between(rpc, since, until)
    rows: list[tuple[str | int, ...]] = []
    for log in fetch_logs(rpc, contracts, protocol_log.topic, first, last, advance):
        if (len(log.topics), len(log.words)) != (protocol_log.topic_count, protocol_log.word_count):
            raise ProviderUnavailable(
                f"{rpc.name} gave a liquidation of {len(log.topics)} topics and {len(log.words)} words, "
                f"not {protocol_log.topic_count} and {protocol_log.word_count}, in block {log.block}"
            )
        rows.append((log.ts, log.block, log.index, log.transaction, log.contract, *protocol_log.details(log)))
    return Rows(COLUMNS, rows)
