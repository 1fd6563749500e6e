"""A book of one account as it would be: for questions, which change nothing."""

from collections.abc import Mapping

from seawall.ledger.book import Book
from seawall.units import Balance


class SupposedBook(Book):
    """One account with other balances; every row is that account, and of other accounts nothing can be asked."""

    def __init__(
        self, account: bytes, balances: Mapping[int, Balance], category: int, balance_totals: list[Balance]
    ) -> None:
        self._account = account
        self._balances = {slot: balance for slot, balance in balances.items() if balance}
        self._supposed_category = category
        self.balance_totals = balance_totals

    def account_at(self, row: int) -> bytes:  # noqa: ARG002 - there is one account
        """Return the account's bytes."""
        return self._account

    def positions(self, row: int) -> list[tuple[int, Balance]]:  # noqa: ARG002 - there is one account
        """Return the supposed positions."""
        return list(self._balances.items())

    def balance(self, row: int, slot: int) -> Balance:  # noqa: ARG002 - there is one account
        """Return the supposed balance in a slot."""
        return self._balances.get(slot, 0)

    def category_of(self, row: int) -> int:  # noqa: ARG002 - there is one account
        """Return the account's category."""
        return self._supposed_category
