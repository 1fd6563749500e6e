"""What events bring in, before anything is decided: balances that moved, and prices that became known.

Both return what the monitor must look at. A batch of changes that does not fit the book is refused as a whole.
"""

from typing import Final

from seawall.engine.state import State
from seawall.ledger.book import ABSENT, BALANCE_MAX, Book
from seawall.ledger.event import BALANCE_WIDTH, SLOT_WIDTH, PositionsChanged
from seawall.ledger.market import DEBT, market_of, side_of
from seawall.ledger.order import Refusal, RefuseEvent
from seawall.units import Amount

_Undo = list[tuple[int, int, int]]
_ORDER: Final = "little"


def change_positions(state: State, event: PositionsChanged) -> set[int] | RefuseEvent:
    """Move balances by the event's deltas and return the rows that changed; or nothing changes, and why."""
    book = state.deployment.book
    totals = _totals_after(state, event)
    misfit = _malformed(state, event) or _overdrawn(totals)
    if misfit is not None:
        return RefuseEvent(Refusal.BALANCE_EXCEEDED, misfit)
    width, accounts, slots, deltas = book.account_width, event.accounts, event.slots, event.deltas
    undo: _Undo = []
    rows: set[int] = set()
    slot_count = len(book.balance_totals)
    for nth in range(event.row_count):
        account = accounts[nth * width : (nth + 1) * width]
        slot = int.from_bytes(slots[nth * SLOT_WIDTH : (nth + 1) * SLOT_WIDTH], _ORDER)
        delta = int.from_bytes(deltas[nth * BALANCE_WIDTH : (nth + 1) * BALANCE_WIDTH], _ORDER, signed=True)
        row = book.row_of(account)
        if row == ABSENT:
            row = book.add_account(account)
        before = book.balance(row, slot) if slot < slot_count else -1
        if before < 0 or not 0 <= before + delta <= BALANCE_MAX:
            _take_back(book, undo)
            held = f"no market has slot {slot}" if before < 0 else f"balance {before} and change {delta}"
            return RefuseEvent(Refusal.BALANCE_EXCEEDED, f"{held}, account {account.hex()}, row {nth}")
        undo.append((row, slot, before))
        book.set_balance(row, slot, before + delta)
        rows.add(row)
    for market, total in totals.items():
        state.deployment.market_states[market].debt_amount = total
    return rows


def _malformed(state: State, event: PositionsChanged) -> str | None:
    count = event.row_count
    lengths = {
        "accounts": (len(event.accounts), count * state.deployment.book.account_width),
        "slots": (len(event.slots), count * SLOT_WIDTH),
        "deltas": (len(event.deltas), count * BALANCE_WIDTH),
        "amounts": (len(event.amounts), count * BALANCE_WIDTH if event.amounts else 0),
    }
    for name, (found, wanted) in lengths.items():
        if found != wanted:
            return f"column {name} has {found} bytes, {wanted} wanted for {count} changes"
    return None


def _take_back(book: Book, undo: _Undo) -> None:
    for row, slot, before in reversed(undo):
        book.set_balance(row, slot, before)


def _totals_after(state: State, event: PositionsChanged) -> dict[int, Amount]:
    """Return the debt totals of markets that keep shares, moved by what each change of a debt is worth."""
    totals: dict[int, Amount] = {}
    states = state.deployment.market_states
    for nth in range(event.row_count if event.amounts else 0):
        slot = int.from_bytes(event.slots[nth * SLOT_WIDTH : (nth + 1) * SLOT_WIDTH], _ORDER)
        market = market_of(slot)
        if side_of(slot) == DEBT and market < len(states):
            amount = int.from_bytes(event.amounts[nth * BALANCE_WIDTH : (nth + 1) * BALANCE_WIDTH], _ORDER, signed=True)
            totals[market] = totals.get(market, states[market].debt_amount) + amount
    return totals


def _overdrawn(totals: dict[int, Amount]) -> str | None:
    for market, total in totals.items():
        if total < 0:
            return f"the debt of market {market} would be {total}"
    return None


def markets_in(event: PositionsChanged) -> set[int]:
    """Return the markets that a batch of changes touches."""
    slots = event.slots
    return {market_of(int.from_bytes(slots[at : at + SLOT_WIDTH], _ORDER)) for at in range(0, len(slots), SLOT_WIDTH)}
