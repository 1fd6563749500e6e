"""The deleveragings of a journal: each one's record, which anyone can check, and a row that says what it did."""

from typing import Any

import msgspec

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.app.asset_text import amount_with_symbol
from seawall.app.number_text import decimal_text, time_text
from seawall.ledger.account import decode_account
from seawall.ledger.deleveraging import AutoDeleverage
from seawall.ledger.event import DeploymentOpened
from seawall.units import Milliseconds

COLUMNS = ("Number", "Time", "Account", "Market", "Closed", "At price", "Paid", "Winners cut", "of")


class Told(msgspec.Struct, frozen=True):
    """One deleveraging, when it was, and the order as the journal has it."""

    at: Milliseconds
    order: AutoDeleverage


def deleveragings(journal: SqliteJournal) -> list[Told]:
    """Return all deleveragings of a journal, in their sequence."""
    return [
        Told(record.event.at, order)
        for record in journal.records()
        for order in record.orders
        if isinstance(order, AutoDeleverage)
    ]


def deleveraging_rows(journal: SqliteJournal) -> list[list[str]]:
    """Return a row of text for each, in `COLUMNS`."""
    opened = next(iter(journal.records())).event
    assert isinstance(opened, DeploymentOpened), opened
    return [_row(number, told, opened) for number, told in enumerate(deleveragings(journal), start=1)]


def _row(number: int, told: Told, opened: DeploymentOpened) -> list[str]:
    order, record = told.order, told.order.record
    contract = opened.markets[order.market]
    cash = opened.assets[opened.markets[order.debt_market].debt_asset]
    return [
        f"{number}",
        time_text(told.at),
        decode_account(order.account),
        contract.symbol,
        decimal_text(order.closed_amount, opened.assets[contract.debt_asset].decimals),
        decimal_text(record.loss.deleveraging_price, 18),
        amount_with_symbol(order.covered_amount, cash),
        f"{len(record.cuts):,}",
        f"{len(record.winners):,}",
    ]


def deleveraging_records(journal: SqliteJournal) -> list[Any]:
    """Return the records, as `tools/check_deleveraging.py` reads them."""
    return [told.order.record for told in deleveragings(journal)]
