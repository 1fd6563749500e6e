"""A replay in which collateral is sold by auction, from the first offer to the last unit, with keepers who bid."""

from pathlib import Path

import pytest
from tests.simulation.test_conservation import replayed

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.ledger.order import EndAuction, SettleBid, StartAuction


@pytest.mark.parametrize("label", ["seawall_dutch@1", "seawall_batch@1"])
def test_every_unit_of_a_lot_is_sold_returned_or_still_on_sale(label: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    outcome = replayed(label, 7, folder, rate="0")
    with SqliteJournal.open(folder / "journal.sqlite") as journal:
        orders = [order for record in journal.records() for order in record.orders]
    started = {order.auction_id: order for order in orders if isinstance(order, StartAuction)}
    ended = {order.auction_id: order for order in orders if isinstance(order, EndAuction)}
    sold = [order for order in orders if isinstance(order, SettleBid)]
    assert {order.auction_id for order in sold} <= started.keys()
    # What nobody took in a Dutch auction starts again, what nobody took in a batch goes back.
    assert label == "seawall_batch@1" or ended.keys() <= {order.auction_id for order in sold}
    assert len(ended) > len(started) // 2
    assert len(sold) == outcome["liquidations"] > 0
    for auction_id, end in ended.items():
        of_auction = [order for order in sold if order.auction_id == auction_id]
        bought = sum(order.seize_balance for order in of_auction)
        assert started[auction_id].lot_balance == bought + end.returned_balance
        assert end.raised_amount == sum(order.pay_amount for order in of_auction)
    assets = outcome["assets"]
    assert isinstance(assets, dict)
    running = [start for auction_id, start in started.items() if auction_id not in ended]
    on_sale = sum(start.lot_balance for start in running) - sum(
        order.seize_balance for order in sold if order.auction_id not in ended
    )
    assert {assets[symbol]["debt_amount"]["accrued"] for symbol in assets} == {"0"}
    assert assets["ETH"]["collateral_amount"]["accrued"] == str(-on_sale)
    assert int(outcome["collateral_seized_value"]) > int(outcome["debt_repaid_value"])
