import csv
import gzip
import os
from datetime import datetime
from pathlib import Path

import pytest

from seawall.fixed import WAD
from seawall.world.oracle_feed import FeedRule, publications
from seawall.world.price_path import Grid

HALF_PERCENT = FeedRule(deviation_ratio=WAD // 200, heartbeat_ms=3_600_000)
DATA = os.environ.get("SEAWALL_DATA")


@pytest.mark.parametrize(
    ("price", "is_published"),
    [(100_499, False), (100_500, True), (100_501, True), (99_501, False), (99_500, True)],
)
def test_a_feed_publishes_at_its_deviation(price, is_published):
    published = publications(Grid(0, 60_000, 2), (100_000, price), HALF_PERCENT)
    assert [each.price for each in published] == [100_000, price][: 1 + is_published]


@pytest.mark.parametrize(("ticks", "updates"), [(60, 0), (61, 1), (121, 2)])
def test_a_feed_publishes_at_its_heartbeat(ticks, updates):
    published = publications(Grid(0, 60_000, ticks), (100,) * ticks, HALF_PERCENT)
    assert len(published) == 1 + updates


def test_deviation_is_measured_from_the_last_publication():
    published = publications(Grid(0, 60_000, 4), (1_000, 1_004, 1_008, 1_012), HALF_PERCENT)
    assert [(each.observed_at, each.price) for each in published] == [(0, 1_000), (120_000, 1_008)]


@pytest.mark.skipif(DATA is None, reason="SEAWALL_DATA names no folder with the 5-minute bars")
@pytest.mark.parametrize(
    ("name", "symbol", "first", "last", "counts"),
    [
        ("2020-03_black_thursday_binance_spot_5m", "ETHUSDT", "2020-03-12", "2020-03-14", [367, 235, 116]),
        ("2021-05_crash_binance_spot_5m", "ETHUSDT", "2021-05-19", "2021-05-20", [189, 119, 67]),
        ("2025-10_binance_usdm_perp_5m", "ETHUSDT_PERP", "2025-10-10", "2025-10-12", [109, 73, 18]),
    ],
)
def test_updates_on_real_closes_are_as_often_as_counted_elsewhere(name, symbol, first, last, counts):
    start, end = (int(datetime.fromisoformat(day + "T00:00+00:00").timestamp()) for day in (first, last))
    with gzip.open(Path(str(DATA)) / "prices" / f"{name}.csv.gz", "rt") as file:
        rows = [row for row in csv.DictReader(file) if row["symbol"] == symbol and start <= int(row["ts"]) < end]
    closes = [round(float(row["close"]) * 10**8) * 10**10 for row in rows]
    grid = Grid(start * 1_000, 300_000, len(closes))
    assert [int(row["ts"]) * 1_000 for row in rows] == [grid.at(tick) for tick in range(grid.count)]
    hour, day = 3_600_000, 86_400_000
    rules = [FeedRule(WAD // 200, hour), FeedRule(WAD // 100, hour), FeedRule(WAD // 50, day)]
    # The opening value is not an update.
    assert [len(publications(grid, closes, rule)) - 1 for rule in rules] == counts
