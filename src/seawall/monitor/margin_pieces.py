"""Margins that are least sums of lines, as the plain sums that a monitor watches: a book of pieces beside the deployment's.

    margin = least over tiers of sum of q w_t + d_t        piece of a position in tier t: q in slot s + 2 n t, weight w_t
                                                           its deduction d_t: cash of weight 1 in one slot for the account

n is the number of markets; a slot's side stays its parity, and its market's tiers are the markets s / 2 + n t. A piece holds
in its tier, so each edge of it is a price threshold, at which the row is read anew. In a tier's neighbour, at the edge,
the line is the same up to the protocol's slack. An account with pieces but no debt could be taken for one that no price
endangers; one unit of debt is put beside it, and one unit of slack for that. Who has more pieces than an account can
hold, or a larger deduction than a balance, is `unwatched`, and always asked.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

import msgspec

from seawall.ledger.book import BALANCE_MAX, POSITIONS_MAX
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, DEBT, market_of, side_of, slot_of
from seawall.monitor.price_thresholds import PriceThresholds, Threshold
from seawall.protocols.protocol import Protocol, ScreenSlack
from seawall.rules.margin_tiers import tier_edges
from seawall.units import Balance, Price, Ratio

_ROW_WIDTH: Final = 4
_UNIT: Final = 1


class MarginPieces:
    """The pieces of one deployment's accounts, row for row, and what they weigh; `deployment` is what a monitor watches."""

    def __init__(self, source: Deployment, protocol: Protocol) -> None:
        self._source = source
        self._protocol = protocol
        self._market_count = len(source.markets)
        slots = range(2 * self._market_count)
        self._tier_count = max(1, *(len(protocol.margin_tiers(source, slot)) for slot in slots))
        markets = (*source.markets * self._tier_count, source.markets[0])
        self.deployment = Deployment(source.assets, markets, (), _ROW_WIDTH)
        self._deductions = len(markets) - 1
        self._thresholds = PriceThresholds()
        self.unwatched: set[int] = set()

    # -- what a monitor asks ------------------------------------------------------------------------------

    def line_weight(
        self,
        deployment: Deployment,  # noqa: ARG002 - it is the one of the pieces
        slot: int,
        category: int,
        line_ratio: Ratio,
    ) -> tuple[int, int] | None:
        """Return the weight of a piece; a unit of deduction is a WAD unit of value on every line."""
        if market_of(slot) == self._deductions:
            return _UNIT, _UNIT
        tier, market = divmod(market_of(slot), self._market_count)
        return self._protocol.tier_weight(
            self._source, slot_of(market, side_of(slot)), category, line_ratio, tier
        )  # fmt: skip

    def weight_prices(self, deployment: Deployment) -> list[int | None] | None:  # noqa: ARG002 - as above
        """Return that weights are no products: a tier adds to them."""
        return None

    def screen_slack(self, deployment: Deployment) -> ScreenSlack:  # noqa: ARG002 - it is the one of the pieces
        """Return the protocol's slack, and a unit more on either side."""
        slack = self._protocol.screen_slack(self._source)
        return msgspec.structs.replace(slack, value=slack.value + 2 * _UNIT)

    # -- following the deployment -------------------------------------------------------------------------

    def markets_of(self, markets: Iterable[int]) -> list[int]:
        """Return the markets of pieces that are of these markets."""
        return [market + tier * self._market_count for market in markets for tier in range(self._tier_count)]

    def grow(self) -> None:
        """Give every account of the deployment a row here."""
        book = self.deployment.book
        for row in range(book.account_count, self._source.book.account_count):
            book.add_account(row.to_bytes(_ROW_WIDTH, "big"))

    def rows_passed(self) -> list[int]:
        """Return, ascending, the rows of which a position has left its tier."""
        return self._thresholds.passed(self._source.prices)

    def read(self, row: int) -> None:
        """Bring an account's pieces up to date with its positions, in the tiers of the present prices."""
        source, protocol, book = self._source, self._protocol, self.deployment.book
        pieces: dict[int, Balance] = {}
        thresholds: list[Threshold] = []
        deduction_value, is_debtor = 0, False
        for slot, balance in source.book.positions(row):
            market = market_of(slot)
            asset = source.markets[market].debt_asset
            lines = protocol.margin_tiers(source, slot)
            edges = tier_edges(lines, balance, source.units[asset]) if len(lines) > 1 else []
            tier = bisect_right(edges, source.prices[asset] or 0)
            thresholds += _thresholds_around(asset, edges, tier)
            pieces[slot + 2 * self._market_count * tier] = balance
            deduction_value += lines[tier].deduction_value if lines else 0
            is_debtor = is_debtor or side_of(slot) == DEBT
        self._thresholds.set_row(row, thresholds)
        if deduction_value:
            pieces[slot_of(self._deductions, COLLATERAL)] = deduction_value
        if pieces and not is_debtor and protocol.is_at_risk(source, row):
            pieces[slot_of(self._deductions, DEBT)] = _UNIT
        if len(pieces) > POSITIONS_MAX or deduction_value > BALANCE_MAX:
            self.unwatched.add(row)
            pieces = {}
        else:
            self.unwatched.discard(row)
        for slot, _ in book.positions(row):
            if slot not in pieces:
                book.set_balance(row, slot, 0)
        for slot, balance in pieces.items():
            book.set_balance(row, slot, balance)
        book.set_category(row, source.book.category_of(row))


def _thresholds_around(asset: int, edges: list[Price], tier: int) -> list[Threshold]:
    """Return where a position leaves its tier: beneath the edge that it is above, and at the next one."""
    thresholds = []
    if tier > 0:
        thresholds.append(Threshold(asset, edges[tier - 1], is_rising=False))
    if tier < len(edges):
        thresholds.append(Threshold(asset, edges[tier], is_rising=True))
    return thresholds
