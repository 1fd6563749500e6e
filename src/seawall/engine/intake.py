"""What events bring in, before anything is decided: balances that moved, and prices that became known.

Both return what the monitor must look at. A batch of changes that does not fit the book is refused as a whole.
"""

from seawall.engine.state import State
from seawall.ledger.account import account_market
from seawall.ledger.book import ABSENT, Book
from seawall.ledger.event import BALANCE_WIDTH, SLOT_WIDTH, CategoryChanged, PositionsChanged
from seawall.ledger.market import CATEGORY_MAX, DEBT, market_of, side_of
from seawall.ledger.order import RefuseEvent
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Protocol
from seawall.units import Amount


def change_positions(state: State, protocol: Protocol, event: PositionsChanged) -> set[int] | RefuseEvent:
    """Move balances by the event's deltas and return the rows that changed; or nothing changes, and why."""
    misfit = _malformed(state, event) or _unfit(state, protocol, event)
    if misfit is not None:
        return RefuseEvent(Refusal.EVENT_MALFORMED, misfit)
    slots, totals = event.slot_column(), _totals_after(state, event)
    rows = _overdrawn(totals) or _move_balances(state.deployment.book, event, slots, event.delta_column())
    if isinstance(rows, str):
        return RefuseEvent(Refusal.BALANCE_EXCEEDED, rows)
    for market, total in totals.items():
        state.deployment.market_states[market].debt_amount = total
    return set(rows)


def _move_balances(book: Book, event: PositionsChanged, slots: list[int], deltas: list[int]) -> list[int] | str:
    """Move every balance and return the rows, or move none and return what does not fit."""
    rows, slot_count = book.rows_of(event.accounts), len(book.balance_totals)
    for nth, (row, slot, delta) in enumerate(zip(rows, slots, deltas, strict=True)):
        if row == ABSENT:
            account = event.accounts[nth * book.account_width : (nth + 1) * book.account_width]
            # The same new account may stand in an earlier row of this event.
            row = book.row_of(account)  # noqa: PLW2901
            row = rows[nth] = book.add_account(account) if row == ABSENT else row  # noqa: PLW2901
        if slot >= slot_count or not book.move_balance(row, slot, delta):
            is_known = slot < slot_count
            held = f"balance {book.balance(row, slot)} and change {delta}" if is_known else f"no market has slot {slot}"
            for earlier in range(nth - 1, -1, -1):
                book.move_balance(rows[earlier], slots[earlier], -deltas[earlier])
            return f"{held}, account {book.account_at(row).hex()}, row {nth}"
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


def _unfit(state: State, protocol: Protocol, event: PositionsChanged) -> str | None:
    """Return what does not fit the protocol: shares without their amounts, or a market that is not the account's."""
    if protocol.balances_move_indices and event.row_count and not event.amounts:
        return f"markets of {protocol.label} keep shares; column amounts is empty"
    if not protocol.accounts_are_per_market:
        return None
    width = state.deployment.book.account_width
    for nth, slot in enumerate(event.slot_column()):
        account = event.accounts[nth * width : (nth + 1) * width]
        if account_market(account) != market_of(slot):
            return f"account {account.hex()} is of market {account_market(account)}, slot {slot} is not, row {nth}"
    return None


def change_category(state: State, event: CategoryChanged) -> int | RefuseEvent:
    """Put an account into a category and return its row; or nothing changes, and why."""
    book = state.deployment.book
    if len(event.account) != book.account_width or not 0 <= event.category <= CATEGORY_MAX:
        found = f"account {event.account.hex()}, {book.account_width} bytes wanted, category {event.category}"
        return RefuseEvent(Refusal.EVENT_MALFORMED, f"{found} of 0 to {CATEGORY_MAX}")
    row = book.row_of(event.account)
    if row == ABSENT:
        row = book.add_account(event.account)
    book.set_category(row, event.category)
    return row


def _totals_after(state: State, event: PositionsChanged) -> dict[int, Amount]:
    """Return the debt totals of markets that keep shares, moved by what each change of a debt is worth."""
    totals: dict[int, Amount] = {}
    if not event.amounts:
        return totals
    states = state.deployment.market_states
    for slot, amount in zip(event.slot_column(), event.amount_column(), strict=True):
        market = market_of(slot)
        if side_of(slot) == DEBT and market < len(states):
            totals[market] = totals.get(market, states[market].debt_amount) + amount
    return totals


def _overdrawn(totals: dict[int, Amount]) -> str | None:
    for market, total in totals.items():
        if total < 0:
            return f"the debt of market {market} would be {total}"
    return None


def markets_in(event: PositionsChanged) -> set[int]:
    """Return the markets that a batch of changes touches."""
    return {market_of(slot) for slot in event.slot_column()}
