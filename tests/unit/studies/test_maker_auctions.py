import os
from pathlib import Path

import pytest
from tests.unit.studies.auction_files import AUCTIONS, NOON, write_files

from seawall.errors import DataError
from seawall.fixed import WAD
from seawall.studies.maker_auctions import (
    AFTER,
    FIRST_DAY,
    MINUTE_MS,
    SECOND_DAY,
    SoldLot,
    auction_checks,
    hourly_gas,
    quantile,
    read_auctions,
    sold_between,
    zero_bid_windows,
)

WINDOWS = "a window of zero bids, by their deals, +/- 5 minutes"


def zero_dealt(at):
    return SoldLot(1, WAD, 0, WAD, WAD, WAD, None, at, at)


def test_auctions_are_read_to_the_digit_in_order_of_last_bids(tmp_path):
    first, *others = read_auctions(write_files(tmp_path))
    assert first == SoldLot(
        7, WAD, 90 * WAD, 100 * WAD, 100 * WAD, 95 * WAD, 5 * WAD, (NOON - 90_000) * 1000, (NOON - 89_000) * 1000
    )
    assert [sold.number for sold in others] == [1, 2, 3, 4, 5]
    assert (others[2].deal_at, others[3].gas_price) == (None, None)


def test_a_zero_bid_is_one_below_one_dai(tmp_path):
    assert [sold.number for sold in read_auctions(write_files(tmp_path)) if sold.is_zero_bid] == [1, 5]


def test_a_day_holds_its_first_moment_and_not_its_end(tmp_path):
    rows = "".join(
        f"{nth},1,1,1,1,1,{at // 1000},1,\n" for nth, at in enumerate((FIRST_DAY, SECOND_DAY - 1000, SECOND_DAY))
    )
    lots = read_auctions(write_files(tmp_path, auctions=rows))
    assert [sold.number for sold in sold_between(lots, FIRST_DAY, SECOND_DAY)] == [0, 1]
    assert [sold.number for sold in sold_between(lots, SECOND_DAY, AFTER)] == [2]


def test_totals_are_those_of_both_days_and_waits_those_of_the_file(tmp_path):
    found = {line.what: line.found for line in auction_checks(read_auctions(write_files(tmp_path)))}
    assert found["auctions in the file"] == "6"
    assert found["auctions of 12 and 13 March"] == "5"
    assert found["ether in them"] == "21.00"
    assert found["won below 1 DAI an ether"] == "2"
    assert found["their share, %"] == "40.0"
    assert found["ether in them, won for nothing"] == "13"
    assert found["worth at the oracle's price of the deal, $ million"] == "0.001"
    assert found["DAI raised"] == "480"  # 10 * 0.5 + 4 * 75 + 2 * 85 + 2 * 1 + 3 * 0.999, rounded
    assert found["other wins over the oracle's price, mean"] == "0.537"
    assert found["the same, median"] == "0.750"
    assert found["minutes from last bid to deal, whole file: median"] == "16.7"
    assert found["the same, nine tenths below"] == "100.0"
    assert found["gas price of winning bids, gwei: highest mean of an hour"] == "400"
    assert not any(line.holds for line in auction_checks(read_auctions(tmp_path)) if line.what == WINDOWS)


def test_the_mean_gas_price_is_that_of_bids_whose_gas_is_known(tmp_path):
    gas = hourly_gas(read_auctions(write_files(tmp_path)))
    assert gas[NOON * 1000] == 250 * WAD
    assert gas[(NOON + 3600) * 1000] == 100 * WAD
    assert gas[(NOON + 86_400) * 1000] == 400 * WAD


@pytest.mark.parametrize(("gap", "count"), [(64, 1), (65, 1), (66, 2)])
def test_a_window_ends_where_no_zero_bid_is_dealt_for_so_long(gap, count):
    deals = [nth * MINUTE_MS for nth in range(10)]
    later = [deals[-1] + (gap + nth) * MINUTE_MS for nth in range(10)]
    windows = zero_bid_windows([zero_dealt(at) for at in (*later, *deals)])
    assert len(windows) == count
    assert (windows[0][0], windows[-1][1]) == (0, later[-1])


@pytest.mark.parametrize(("lots", "count"), [(9, 0), (10, 1), (11, 1)])
def test_a_window_has_so_many_lots_at_least(lots, count):
    assert len(zero_bid_windows([zero_dealt(nth) for nth in range(lots)])) == count


@pytest.mark.parametrize(
    ("minute", "holds"),
    [(13 * 60, False), (13 * 60 + 1, True), (13 * 60 + 6, True), (13 * 60 + 11, True), (13 * 60 + 12, False)],
)
def test_a_window_is_the_published_one_within_five_minutes(minute, holds):
    ends = (minute, 16 * 60 + 57)
    deals = [FIRST_DAY + at * MINUTE_MS for at in (*range(ends[0], ends[1], 20), *[ends[1]] * 10)]
    (line,) = [line for line in auction_checks([zero_dealt(at)._replace(gas_price=WAD) for at in deals] + [
        zero_dealt(FIRST_DAY)._replace(won_price=WAD, gas_price=WAD)
    ]) if line.what == WINDOWS]  # fmt: skip
    assert line.holds is holds


def test_a_quantile_is_the_nearest_value_and_of_two_the_higher():
    assert quantile([3, 1, 2], 50) == 2
    assert quantile([1, 2], 50) == 2
    assert quantile(list(range(11)), 90) == 9
    assert quantile(list(range(11)), 94) == 9
    assert quantile(list(range(11)), 95) == 10


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (AUCTIONS.replace("0.999", "x"), r"best_price_ethdai 'x' is not a number, in .*csv\.gz row 7"),
        (AUCTIONS.replace(",3,1584", ",,1584"), r"lot None is not a number, in .*csv\.gz row 7"),
        (AUCTIONS.replace(",400,", ",much,"), r"gasPrice_GWei 'much' is not a number, in .*csv\.gz row 7"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(tmp_path, rows, said):
    with pytest.raises(DataError, match=said):
        read_auctions(write_files(tmp_path, auctions=rows))


@pytest.mark.skipif("SEAWALL_DATA" not in os.environ, reason="SEAWALL_DATA does not name a folder of recorded crashes")
def test_every_published_figure_comes_out_of_the_file_but_one_end_of_a_window():
    lines = auction_checks(read_auctions(Path(os.environ["SEAWALL_DATA"])))
    assert [(line.found, line.holds) for line in lines if not line.holds] == [
        ("12 March 13:06 to 12 March 17:04", False),
        ("13 March 00:22 to 13 March 00:24", None),
    ]
