import os
from pathlib import Path

import pytest
from tests.unit.studies.pegged_files import POOL, START, write_files

from seawall.adapters.price_file import BarOrder
from seawall.errors import DataError
from seawall.fixed import WAD
from seawall.studies.oracle_choices import CHOICES
from seawall.studies.study import Claim
from seawall.studies.usde_october_2025 import read_pool, read_venue, study

SEEN = []


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    folder = write_files(tmp_path_factory.mktemp("data"))
    return study(folder, lambda done, total: SEEN.append((done, total)))


def test_the_pools_price_is_one_over_what_its_file_states(tmp_path):
    pool = read_pool(write_files(tmp_path))
    assert (pool.times[0], pool.times[1] - pool.times[0]) == ((START + 60) * 1000, 12_000)
    assert (pool.prices[0], pool.prices[9]) == (WAD, 8 * WAD // 10)


def test_the_venue_is_read_up_to_the_pools_last_block_in_either_order_of_a_bar(tmp_path):
    pool = read_pool(write_files(tmp_path))
    low_first = read_venue(tmp_path, pool, BarOrder.OPEN_LOW_HIGH_CLOSE)
    high_first = read_venue(tmp_path, pool, BarOrder.OPEN_HIGH_LOW_CLOSE)
    assert low_first.times[0] == START * 1000
    assert low_first.times[-1] < pool.times[-1]
    assert low_first.prices[4:8] == [WAD, 9 * WAD // 10, WAD, 96 * WAD // 100]
    assert high_first.prices[4:8] == [WAD, WAD, 9 * WAD // 10, 96 * WAD // 100]


def test_what_the_files_say_is_a_data_check_and_the_rest_a_model(outcome):
    found = {line.what: line for line in outcome.lines}
    assert found["the venue's lowest price"].found == "0.6500"
    assert found["when"].found == "10 October 16:02"
    assert found["minutes that closed below 0.97 there"].found == "2"
    assert found["the pool's largest distance from one, %"].found == "20.0"
    assert found["the pool stays within 0.6 % of one"].holds is False
    assert found["the venue's last price falls to 0.65"].holds is True
    assert {line.claim for line in outcome.lines[:6]} == {Claim.DATA_CHECK}
    assert {line.claim for line in outcome.lines[6:]} == {Claim.PREDICTED}
    assert outcome.tables[0].claim is Claim.PREDICTED
    assert "generated book only" in outcome.tables[0].caption


def test_a_venue_sells_more_than_any_rule_that_asks_somebody_else(outcome):
    closed = {row[0]: row[2] for row in outcome.tables[0].rows}
    assert list(closed) == [choice.name for choice in CHOICES]
    assert closed["venue, last price"] > closed["venue, not below 0.95"] > 0
    assert closed["venue, last price"] > closed["venue, average of 10 minutes"]
    assert outcome.charts[0].series["closed"][0] == closed["venue, last price"] / 10


def test_it_says_how_far_it_is(outcome):
    assert [done for done, _ in SEEN] == list(range(17))
    assert {total for _, total in SEEN} == {16}


def test_a_pool_that_states_no_number_is_refused(tmp_path):
    folder = write_files(tmp_path, pool=POOL.replace("1.25", "x"))
    with pytest.raises(DataError, match=r"token0Price 'x' is not a number, in .*per_block\.csv\.gz row 11"):
        read_pool(folder)


@pytest.mark.skipif("SEAWALL_DATA" not in os.environ, reason="SEAWALL_DATA does not name a folder of recorded crashes")
def test_one_venue_triggers_and_the_pool_does_not():
    found = study(Path(os.environ["SEAWALL_DATA"]), lambda done, total: None)
    assert [line.what for line in found.lines if line.holds is False] == ["minutes that closed below 0.97 there"]
    rows = {row[0]: row for row in found.tables[0].rows}
    assert rows["venue, last price"][1:3] == ("0.6500", 519)
    assert [rows[name][2] for name in list(rows)[-3:]] == [0, 0, 0]
    assert [rows[name][2] for name in list(rows)[1:3]] == [320, 113]
