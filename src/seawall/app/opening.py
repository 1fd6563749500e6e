"""The opening: the events by which an engine learns its deployment and the book, before the first block.

Rows come in order of the account's bytes and of slots, at most 1,000 to an event, so that equal books have equal
journals. Amounts become stored balances as the protocol rounds a deposit and a loan. Where positions are held market
by market, an account of the book becomes one account for each market: a row names the market, or an account's one
collateral and one debt name it together.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from seawall.adapters.book_file import BookFile
from seawall.adapters.market_list import MarketList
from seawall.errors import DataError
from seawall.fixed import WAD, mul_div_down
from seawall.ledger.account import MARKET_WIDTH, decode_account, encode_account
from seawall.ledger.deployment import Deployment, OracleRule, Policy
from seawall.ledger.event import (
    BALANCE_WIDTH,
    SLOT_WIDTH,
    BackstopChanged,
    DeploymentOpened,
    Event,
    PositionsChanged,
)
from seawall.ledger.market import COLLATERAL, DEBT, MarketState, market_of, side_of, slot_of
from seawall.protocols.protocol import Protocol
from seawall.units import Amount, Milliseconds, Ratio

ROWS_MAX: Final = 1_000
SHARES_PER_UNIT: Final = 10**6
"""What a market of shares gives for the first unit that is supplied."""


_BACKER: Final = "backer"


class _Row(NamedTuple):
    account: bytes
    slot: int
    amount: Amount


def opening_events(
    protocol: Protocol,
    listed: MarketList,
    book: BookFile,
    oracle_rules: Sequence[OracleRule],
    policy: Policy,
    at: Milliseconds,
    description: str,
    backstop_ratio: Ratio = 0,
) -> tuple[Event, ...]:
    """Return the opening; raises ConfigError or DataError where the protocol cannot hold the markets or the book.

    `backstop_ratio` is the capital behind each market, of one backer, as a share of what is owed in it.
    """
    protocol.check_markets(listed.markets)
    rows = sorted(_rows_by_market(book, listed) if protocol.accounts_are_per_market else _rows(book, listed))
    width = book.account_width + (MARKET_WIDTH if protocol.accounts_are_per_market else 0)
    states = tuple(MarketState(accrued_at=at, insurance_amount=each.insurance_fund_amount) for each in listed.markets)
    if protocol.balances_move_indices:
        for row in rows:
            # Lenders are not in the book: a market holds what its borrowers owe, so all of it is lent out.
            if side_of(row.slot) == DEBT:
                state = states[market_of(row.slot)]
                state.supply_amount += row.amount
                state.supply_shares += row.amount * SHARES_PER_UNIT
    opened = DeploymentOpened(
        at=at,
        protocol=protocol.label,
        account_width=width,
        assets=listed.assets,
        markets=listed.markets,
        market_states=states,
        oracle_rules=tuple(oracle_rules),
        policy=policy,
        description=description,
        composition=protocol.composition,
    )
    deployment = Deployment(listed.assets, listed.markets, states, width)
    batches = (rows[first : first + ROWS_MAX] for first in range(0, len(rows), ROWS_MAX))
    backers = _backers(rows, width, backstop_ratio, at) if protocol.has_backstop else ()
    return (opened, *(_batch(protocol, deployment, batch, at) for batch in batches), *backers)


def _backers(rows: Sequence[_Row], width: int, backstop_ratio: Ratio, at: Milliseconds) -> Iterator[BackstopChanged]:
    """Yield what the one backer puts behind each market."""
    owed: Counter[int] = Counter()
    for row in rows:
        if side_of(row.slot) == DEBT:
            owed[market_of(row.slot)] += row.amount
    for number, amount in sorted(owed.items()):
        capital_amount = mul_div_down(amount, backstop_ratio, WAD)
        if capital_amount:
            yield BackstopChanged(at, encode_account(_BACKER, width - MARKET_WIDTH, number), capital_amount)


def _batch(
    protocol: Protocol, deployment: Deployment, rows: Sequence[_Row], at: Milliseconds
) -> PositionsChanged:  # fmt: skip
    balances = [protocol.balance_of(deployment, row.slot, row.amount) for row in rows]
    return PositionsChanged(
        at=at,
        accounts=b"".join(row.account for row in rows),
        slots=b"".join(row.slot.to_bytes(SLOT_WIDTH, "little") for row in rows),
        deltas=b"".join(balance.to_bytes(BALANCE_WIDTH, "little") for balance in balances),
        amounts=b"".join(row.amount.to_bytes(BALANCE_WIDTH, "little") for row in rows)
        if protocol.balances_move_indices
        else b"",
    )


def _rows(book: BookFile, listed: MarketList) -> list[_Row]:
    """Return one row for each amount that is not zero."""
    market_of_symbol = {market.symbol: number for number, market in enumerate(listed.markets)}
    return [
        _Row(account, slot_of(market_of_symbol[symbol], side), amount)
        for account, symbol, *amounts in _lines(book)
        for side, amount in enumerate(amounts)
        if amount
    ]


def _lines(book: BookFile) -> list[tuple[bytes, str, Amount, Amount]]:
    return list(zip(book.accounts, book.symbols, book.collateral_amounts, book.debt_amounts, strict=True))


def _rows_by_market(book: BookFile, listed: MarketList) -> list[_Row]:
    number_of = {market.symbol: number for number, market in enumerate(listed.markets)}
    rows = []
    for account, lines in groupby(sorted(_lines(book)), key=lambda line: line[0]):
        paired: tuple[list[tuple[str, Amount]], list[tuple[str, Amount]]] = ([], [])
        for _, symbol, *amounts in lines:
            for side, amount in enumerate(amounts):
                if amount and symbol in number_of:
                    rows.append(_row_of_pair(account, number_of[symbol], side, amount))
                elif amount:
                    paired[side].append((symbol, amount))
        if paired[COLLATERAL] or paired[DEBT]:
            number = _pair_of(account, paired, listed)
            rows += [_row_of_pair(account, number, side, paired[side][0][1]) for side in range(2) if paired[side]]
    return rows


def _row_of_pair(account: bytes, number: int, side: int, amount: Amount) -> _Row:
    return _Row(account + number.to_bytes(MARKET_WIDTH, "big"), slot_of(number, side), amount)


def _pair_of(
    account: bytes, paired: tuple[list[tuple[str, Amount]], list[tuple[str, Amount]]], listed: MarketList
) -> int:
    """Return the market of an account's one collateral and one debt; refuse what does not fit one."""
    collaterals, debts = ([symbol for symbol, _ in side] for side in paired)
    for number, market in enumerate(listed.markets):
        collateral, debt = (listed.assets[asset].symbol for asset in (market.collateral_asset, market.debt_asset))
        if collaterals in ([], [collateral]) and debts in ([], [debt]):
            return number
    raise DataError(
        f"account {decode_account(account)} has collateral in {', '.join(collaterals) or 'nothing'} and debt in "
        f"{', '.join(debts) or 'nothing'}, which is no market of pairs"
    )


def decimals_of_rows(listed: MarketList, protocol: Protocol) -> Mapping[str, tuple[int, int]]:
    """Return the decimals that a book's rows have, by what a row may name: a market, and an asset of a pair."""
    of_assets = {asset.symbol: (asset.decimals, asset.decimals) for asset in listed.assets}
    return {**of_assets, **listed.decimals} if protocol.accounts_are_per_market else listed.decimals
