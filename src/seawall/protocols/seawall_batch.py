"""Seawall with a batch auction in place of its fixed spread: the pair that `seawall` would close, cleared with all others.

Accounts that fall together are sold together, at one price, so that no keeper's speed decides who gets what, and none of
them is sold into the price that the others have made. Bids are not sealed: a replay's order flow is private. The whole
debt of the pair goes with the lot, since what is not paid comes back; nothing of an account is written off while something
of it is on sale.
"""

from typing import Final

from seawall.ledger.deployment import Deployment
from seawall.ledger.market import DEBT, slot_of
from seawall.ledger.refusal import Refusal
from seawall.protocols.batch_sale import BatchRule, BatchSale
from seawall.protocols.protocol import BadDebt, Quote
from seawall.protocols.sale import Lot
from seawall.protocols.seawall import SEAWALL
from seawall.protocols.seawall_dutch import SeawallDutch


class SeawallBatch(SeawallDutch):
    """One version: its rule and its sale are data."""

    name = "seawall_batch"

    def auction_lot(self, deployment: Deployment, row: int) -> Lot | Refusal:
        """Return the pair of most value, its debt whole."""
        lot = super().auction_lot(deployment, row)
        if isinstance(lot, Refusal):
            return lot
        return lot._replace(debt_balance=deployment.book.balance(row, slot_of(lot.debt_market, DEBT)))

    def write_off(self, deployment: Deployment, row: int, settled: Quote | None) -> tuple[BadDebt, ...]:
        """Write off as `seawall` does, once nothing of the account is on sale."""
        if deployment.auctions.has_account(deployment.book.account_at(row)):
            return ()
        return super().write_off(deployment, row, settled)


SEAWALL_BATCH: Final = (
    SeawallBatch(
        "1",
        SEAWALL[0].rule,
        BatchSale(
            BatchRule(bid_ms=300_000, price_ratio_min=9 * 10**17, bidder_ratio_max=5 * 10**17),
            gap_ms_max=300_000,
        ),
    ),
)
"""The versions, oldest first."""
