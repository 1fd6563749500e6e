"""Why an account was, or was not, liquidated: its story in order of time, from the journal alone.

The engine is rebuilt event by event and the account's health is asked for after each, so the story also tells what left
no trace: how near to the line an account came that stayed above it. A happening is a time, a kind, a sentence for a
person, and its numbers as exact decimal text for a program.
"""

from typing import Any, Final

import msgspec

from seawall.adapters.nearest_name import nearest_names
from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.app.account_table import UNKNOWN_HEALTH, AccountLine, account_line, account_numbers, status_of
from seawall.app.number_text import decimal_text, duration_text, full_value, percent_text, ratio_text, time_text
from seawall.app.order_sentence import order_numbers, order_sentence
from seawall.app.rebuild import rebuilt
from seawall.errors import ConfigError
from seawall.fixed import MILLISECONDS_PER_SECOND
from seawall.ledger.account import decode_account
from seawall.ledger.deployment import Deployment
from seawall.ledger.event import Event, PositionsChanged
from seawall.ledger.market import DEBT, market_of, side_of
from seawall.ledger.order import (
    AbsorbLoss,
    DeclineAccount,
    Liquidate,
    Order,
    RefuseFill,
    SettleFill,
    SingleOrder,
    singly,
)
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Protocol
from seawall.studies.decimal_text import amount_text, wad_text
from seawall.units import Milliseconds, Ratio, Value

_NAMED_MAX: Final = 5


class Happening(msgspec.Struct, frozen=True):
    """One thing that happened to the account."""

    at_ms: Milliseconds
    time: str
    kind: str
    sentence: str
    numbers: dict[str, Any]


class Lowest(msgspec.Struct, frozen=True):
    """The account's lowest health factor, when it was, and the prices that made it so."""

    health_factor_ratio: Ratio
    at_ms: Milliseconds
    prices: dict[str, str]


class Explanation(msgspec.Struct, frozen=True):
    """The whole story: the answer in a sentence, what happened, the lowest point, and how the account ended."""

    account: str
    protocol: str
    answer: str
    happenings: tuple[Happening, ...]
    lowest: Lowest | None
    end: AccountLine


def explain(journal: SqliteJournal, name: str) -> Explanation:
    """Tell the story of the account whose text, or the only one whose beginning, is `name`."""
    account = account_named(journal, name)
    teller = _Teller(account)
    for record, engine in rebuilt(journal):
        teller.hear(record.event, record.orders, engine.state.deployment, engine.protocol)
    return teller.explanation(engine.state.deployment, engine.protocol)


def account_named(journal: SqliteJournal, name: str) -> bytes:
    """Return the account of the journal that `name` means; raises ConfigError with the nearest ones."""
    accounts: set[bytes] = set()
    for record in journal.records():
        if isinstance(record.event, PositionsChanged):
            accounts.update(_accounts_of(record.event))
    by_text = {decode_account(account): account for account in accounts}
    if name in by_text:
        return by_text[name]
    folded = name.casefold()
    alike = sorted(text for text in by_text if text.casefold().startswith(folded))
    if len(alike) == 1:
        return by_text[alike[0]]
    if alike:
        more = f" and {len(alike) - _NAMED_MAX} more" if len(alike) > _NAMED_MAX else ""
        raise ConfigError(
            f"account {name!r} is the beginning of {len(alike)} accounts: {', '.join(alike[:_NAMED_MAX])}{more}"
        )
    raise ConfigError(f"account {name!r} is not among the {len(by_text)} accounts of the journal; "
                      f"{nearest_names(name, by_text)}")  # fmt: skip


def _accounts_of(event: PositionsChanged) -> list[bytes]:
    if not event.row_count:
        return []
    width = len(event.accounts) // event.row_count
    return [event.accounts[at : at + width] for at in range(0, len(event.accounts), width)]


class _Teller:
    """Listens to a journal and keeps what concerns one account."""

    def __init__(self, account: bytes) -> None:
        self._account = account
        self._happenings: list[Happening] = []
        self._status = ""
        self._lowest: Lowest | None = None
        self._orders: list[SingleOrder] = []
        self._times: list[Milliseconds] = []

    def hear(self, event: Event, orders: tuple[Order, ...], deployment: Deployment, protocol: Protocol) -> None:
        """Take in one event with its orders; the deployment stands as it does after them."""
        row = deployment.book.row_of(self._account)
        if row < 0:
            return
        if isinstance(event, PositionsChanged) and self._account in _accounts_of(event):
            self._tell_positions(event.at, row, deployment, protocol)
        own = [order for order in singly(orders) if getattr(order, "account", None) == self._account]
        settles = any(isinstance(order, SettleFill) for order in own)
        if not settles:
            self._look(event.at, row, deployment, protocol)
        for order in own:
            self._orders.append(order)
            self._times.append(event.at)
            kind = type(order).__name__
            self._tell(event.at, kind, order_sentence(order, event.at, deployment), order_numbers(order, deployment))
        if settles:
            self._look(event.at, row, deployment, protocol)

    def _tell(self, at: Milliseconds, kind: str, sentence: str, numbers: dict[str, Any]) -> None:
        self._happenings.append(Happening(at, time_text(at), kind, sentence, numbers))

    def _tell_positions(self, at: Milliseconds, row: int, deployment: Deployment, protocol: Protocol) -> None:
        collateral: dict[str, str] = {}
        debt: dict[str, str] = {}
        for slot, balance in sorted(deployment.book.positions(row)):
            market = deployment.markets[market_of(slot)]
            is_debt = side_of(slot) == DEBT
            asset = deployment.assets[market.debt_asset if is_debt else market.collateral_asset]
            amount = protocol.amount_of(deployment, slot, balance)
            (debt if is_debt else collateral)[asset.symbol] = amount_text(amount, asset.decimals)
        held = ", ".join(f"{_grouped(amount)} {symbol}" for symbol, amount in collateral.items()) or "no collateral"
        owed = ", ".join(f"{_grouped(amount)} {symbol}" for symbol, amount in debt.items()) or "nothing"
        verb = "Holds" if self._happenings else "Opens with"
        self._tell(at, "PositionsChanged", f"{verb} {held}; owes {owed}.", {"collateral": collateral, "debt": debt})

    def _look(self, at: Milliseconds, row: int, deployment: Deployment, protocol: Protocol) -> None:
        """Note the account's status where it changed, and its health where it was never lower."""
        health = protocol.health(deployment, row)
        if isinstance(health, Refusal):
            if self._status not in ("", health.value):
                self._tell(at, "StatusChanged", f"Health is unknown: {_words(health)}.", {"status": health.value})
                self._status = health.value
            return
        if health.debt_value == 0:
            return
        factor, status = health.health_factor_ratio, status_of(health)
        prices = None
        if self._lowest is None or factor < self._lowest.health_factor_ratio:
            prices = _prices_of(row, deployment)
            self._lowest = Lowest(factor, at, prices)
        if status != self._status:
            prices = prices or _prices_of(row, deployment)
            numbers = {
                "status": status, "status_before": self._status, "health_factor": wad_text(factor),
                "collateral_value": wad_text(health.collateral_value),
                "weighted_collateral_value": wad_text(health.weighted_collateral_value),
                "debt_value": wad_text(health.debt_value), "prices": prices,
            }  # fmt: skip
            sentence = (
                f"Is {status}: health {ratio_text(factor)}, collateral worth "
                f"{full_value(health.collateral_value)}, weighted "
                f"{full_value(health.weighted_collateral_value)}, debt "
                f"{full_value(health.debt_value)}, at {_priced(prices)}."
            )
            self._tell(at, "StatusChanged", sentence, numbers)
            self._status = status

    def explanation(self, deployment: Deployment, protocol: Protocol) -> Explanation:
        """Return the story when the journal has ended."""
        end = account_line(deployment, protocol, deployment.book.row_of(self._account))
        return Explanation(
            account=decode_account(self._account),
            protocol=protocol.label,
            answer=self._answer(),
            happenings=tuple(self._happenings),
            lowest=self._lowest,
            end=end,
        )

    def _answer(self) -> str:
        settled = [
            (at, order) for at, order in zip(self._times, self._orders, strict=True) if isinstance(order, SettleFill)
        ]
        if settled:
            return self._answer_liquidated(settled)
        offered = [order for order in self._orders if isinstance(order, Liquidate)]
        if offered:
            refused = [order for order in self._orders if isinstance(order, RefuseFill)]
            reasons = sorted({_words(order.reason) for order in refused})
            tried = f"{len(refused)} fills were refused: {', '.join(reasons)}" if refused else "no keeper filled any"
            return f"Not liquidated: offered to keepers {_times(len(offered))}, but {tried}.{self._at_lowest()}"
        declined = [order for order in self._orders if isinstance(order, DeclineAccount)]
        if declined:
            reasons = sorted({_words(order.reason) for order in declined})
            return f"Not liquidated: below its line, but no order was given: {', '.join(reasons)}.{self._at_lowest()}"
        if self._lowest is None:
            return "Not liquidated: it never owed anything whose price was known."
        return f"Not liquidated: it never fell below its line.{self._at_lowest()}"

    def _answer_liquidated(self, settled: list[tuple[Milliseconds, SettleFill]]) -> str:
        def total(values: list[Value]) -> str:
            return full_value(sum(values))

        fills = [order for _, order in settled]
        lost = [order.bad_debt_value for order in self._orders if isinstance(order, AbsorbLoss)]
        seconds = max(at - order.below_since for at, order in settled) / MILLISECONDS_PER_SECOND
        cost = [order.seize_value + order.fee_value - order.repay_value for order in fills]
        unpaid = f" {total(lost)} of its debt was written off." if lost else ""
        return (
            f"Liquidated {_times(len(fills))} from {time_text(settled[0][0])}: debt worth "
            f"{total([order.repay_value for order in fills])} was repaid, which cost its owner {total(cost)} in bonus and "
            f"fee; it stood below its line for up to {duration_text(seconds)}.{unpaid}"
        )

    def _at_lowest(self) -> str:
        if self._lowest is None:
            return ""
        return (
            f" Its lowest health was {ratio_text(self._lowest.health_factor_ratio)}, at {time_text(self._lowest.at_ms)}, "
            f"with {_priced(self._lowest.prices)}."
        )


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """Return the story for a program: every number is exact decimal text."""
    lowest = explanation.lowest
    return {
        "account": explanation.account,
        "protocol": explanation.protocol,
        "answer": explanation.answer,
        "happenings": [msgspec.to_builtins(each) for each in explanation.happenings],
        "lowest": None if lowest is None else {
            "health_factor": wad_text(lowest.health_factor_ratio), "at_ms": lowest.at_ms,
            "time": time_text(lowest.at_ms), "prices": lowest.prices,
        },
        "end": account_numbers(explanation.end),
    }  # fmt: skip


def explanation_text(explanation: Explanation) -> str:
    """Return the story for a terminal."""
    lines = [f"{explanation.account}  ({explanation.protocol})", "", explanation.answer, ""]
    lines += [f"{each.time}  {each.sentence}" for each in explanation.happenings]
    end = explanation.end
    lines += ["", f"At the end: {_end_text(end)}."]
    if end.asset is not None and end.price is not None and end.debt_value:
        if end.liquidation_price is None or end.distance_ratio is None:
            lines.append(f"No fall of {end.asset} alone brings it below its line.")
        else:
            lines.append(
                f"Its liquidation price is {end.asset} at {decimal_text(end.liquidation_price, 18, 6)}, "
                f"{percent_text(end.distance_ratio)} below {decimal_text(end.price, 18, 6)}."
            )
    return "\n".join(lines)


def _end_text(end: AccountLine) -> str:
    if end.health_factor_ratio == UNKNOWN_HEALTH:
        return f"health unknown, {end.status.replace('_', ' ')}"
    collateral = f"collateral worth {full_value(end.collateral_value)}"
    if not end.debt_value:
        return f"{end.status}, {collateral}"
    factor, debt = ratio_text(end.health_factor_ratio), full_value(end.debt_value)
    return f"{end.status}, health {factor}, {collateral}, debt {debt}"


def _prices_of(row: int, deployment: Deployment) -> dict[str, str]:
    symbols = {}
    for slot, _ in deployment.book.positions(row):
        market = deployment.markets[market_of(slot)]
        asset = market.debt_asset if side_of(slot) == DEBT else market.collateral_asset
        price = deployment.prices[asset]
        if price is not None:
            symbols[deployment.assets[asset].symbol] = wad_text(price)
    return dict(sorted(symbols.items()))


def _priced(prices: dict[str, str]) -> str:
    return ", ".join(f"{symbol} {_six_places(price)}" for symbol, price in prices.items())


def _six_places(price: str) -> str:
    whole, _, fraction = price.partition(".")
    shown = fraction[:6].rstrip("0")
    return f"{int(whole):,}" + (f".{shown}" if shown else "")


def _grouped(amount: str) -> str:
    whole, point, fraction = amount.partition(".")
    return f"{int(whole):,}{point}{fraction}"


def _words(reason: Refusal) -> str:
    return reason.value.replace("_", " ")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
