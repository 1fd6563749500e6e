"""What deleveraging keeps: at which prices contracts were entered, whether the fund is drawn down, and what was given to it.

The book has no entry prices, so a contract's is the mark price at which the engine saw it grow, the average of all that it
grew by, rounded against its profit; where that price is unknown, the first known one. It stays where a contract shrinks,
but for what a cut takes beyond the profit of the part that it closes: that comes off the profit of the rest.
"""

import msgspec

from seawall.fixed import div_down, div_up
from seawall.ledger.book import ABSENT, Book
from seawall.ledger.deleveraging import Cut, DeleveragingPolicy, UncoveredLoss
from seawall.ledger.deployment import Deployment
from seawall.ledger.event import FundChanged, PositionsChanged
from seawall.ledger.market import DEBT, market_of, side_of
from seawall.rules.deleveraging_switch import DeleveragingSwitch
from seawall.units import Amount, Balance, Price


class DeleveragingRecord(msgspec.Struct, frozen=True):
    """The same for a snapshot: entry prices by account and slot, gifts by fund and asset."""

    switch: DeleveragingSwitch
    given_amounts: tuple[tuple[str, int, Amount], ...]
    entry_prices: tuple[tuple[bytes, tuple[tuple[int, Price], ...]], ...]


class DeleveragingState:
    """Entry prices by row and slot, 0 while none is known; the switch; and what owners gave each fund of each asset."""

    def __init__(self, policy: DeleveragingPolicy) -> None:
        self.policy = policy
        self.switch = DeleveragingSwitch()
        self.given_amounts: dict[tuple[str, int], Amount] = {}
        self.entry_prices: dict[int, dict[int, Price]] = {}
        self._unpriced: set[tuple[int, int]] = set()

    def record(self, book: Book) -> DeleveragingRecord:
        """Return what a snapshot keeps, in order of the accounts' bytes."""
        held = {
            book.account_at(row): tuple(
                (slot, price) for slot, price in sorted(of_row.items()) if book.balance(row, slot)
            )
            for row, of_row in self.entry_prices.items()
        }
        return DeleveragingRecord(
            self.switch,
            tuple((*key, amount) for key, amount in sorted(self.given_amounts.items())),
            tuple(sorted((account, prices) for account, prices in held.items() if prices)),
        )

    @classmethod
    def restored(cls, policy: DeleveragingPolicy, record: DeleveragingRecord, book: Book) -> "DeleveragingState":
        """Return the state of a snapshot."""
        kept = cls(policy)
        kept.switch = record.switch
        kept.given_amounts = {(fund, asset): amount for fund, asset, amount in record.given_amounts}
        for account, prices in record.entry_prices:
            row = book.row_of(account)
            kept.entry_prices[row] = dict(prices)
            kept._unpriced |= {(row, slot) for slot, price in prices if not price}
        return kept

    def give(self, event: FundChanged) -> None:
        """Note what owners gave a fund, or took from it: neither is its profit."""
        key = event.fund, event.asset
        self.given_amounts[key] = self.given_amounts.get(key, 0) + event.delta

    def enter(self, deployment: Deployment, event: PositionsChanged) -> None:
        """Note the entry prices of contracts that grew by an event that has moved the book."""
        book = deployment.book
        grown: dict[tuple[int, int], Balance] = {}
        for row, slot, delta in zip(
            book.rows_of(event.accounts), event.slot_column(), event.delta_column(), strict=True
        ):
            if deployment.markets[market_of(slot)].margin_tiers:
                assert row != ABSENT, slot
                grown[row, slot] = grown.get((row, slot), 0) + delta
        for (row, slot), delta in grown.items():
            if delta > 0:
                self._grow(row, slot, book.balance(row, slot), delta, _mark_price(deployment, slot))

    def _grow(self, row: int, slot: int, balance: Balance, delta: Balance, price: Price | None) -> None:
        of_row = self.entry_prices.setdefault(row, {})
        before = balance - delta
        kept_price = of_row.get(slot, 0) if before else 0
        if price is None or (before and not kept_price):
            of_row[slot] = kept_price
            if not kept_price:
                self._unpriced.add((row, slot))
            return
        rounded = div_down if side_of(slot) == DEBT else div_up
        of_row[slot] = rounded(before * kept_price + delta * price, balance)

    def price_entries(self, deployment: Deployment) -> None:
        """Take the mark price as the entry of contracts that have none, where there is one now."""
        for row, slot in [key for key in self._unpriced if _mark_price(deployment, key[1]) is not None]:
            self._unpriced.discard((row, slot))
            self.entry_prices[row][slot] = _mark_price(deployment, slot) or 0

    def cut(self, row: int, slot: int, left: Balance, cut: Cut, loss: UncoveredLoss) -> None:
        """Let what a cut took beyond the profit of the closed part come off the profit of what is left."""
        of_row = self.entry_prices[row]
        is_short = side_of(slot) == DEBT
        if not left:
            del of_row[slot]
            return
        gain = of_row[slot] - loss.mark_price if is_short else loss.mark_price - of_row[slot]
        excess = cut.paid_value * loss.unit - cut.closed_amount * gain
        if excess > 0:
            moved = div_up(excess, left)
            of_row[slot] = max(1, of_row[slot] - moved) if is_short else of_row[slot] + moved


def _mark_price(deployment: Deployment, slot: int) -> Price | None:
    return deployment.prices[deployment.markets[market_of(slot)].debt_asset]
