import os
from pathlib import Path

import pytest
from tests.unit.studies.auction_files import NOON, write_files

from seawall.errors import DataError
from seawall.fixed import WAD
from seawall.studies.maker_auctions import FIRST_DAY
from seawall.studies.maker_oracle import oracle_checks, read_market, read_oracle
from seawall.studies.price_steps import PriceSteps


def test_a_price_stands_from_its_moment_until_the_next():
    steps = PriceSteps("ether", [(10, 1), (20, 2), (20, 3)])
    assert [steps.price_at(at) for at in (10, 19, 20, 99)] == [1, 1, 3, 3]
    with pytest.raises(DataError, match="no price of ether at 9 ms: the first is at 10 ms"):
        steps.price_at(9)


def test_the_oracle_is_read_in_order_of_blocks_and_the_market_without_other_symbols(tmp_path):
    oracle = read_oracle(write_files(tmp_path))
    assert oracle.times == [(NOON + each) * 1000 for each in (-200_000, 3600, 7200)]
    assert oracle.prices[2] == 136_747_819_125 * WAD // 10**9
    assert set(read_market(tmp_path).prices) == {90 * WAD}


def test_how_the_oracle_worked_is_counted_on_both_days(tmp_path):
    folder = write_files(tmp_path)
    found = [line.found for line in oracle_checks(read_oracle(folder), read_market(folder))]
    assert found == ["1", "3,600", "3,600", "51.9", "11.1", "100.0", "100.0", "136.75"]


@pytest.mark.parametrize(("price", "beyond"), [(105, "0.0"), (106, "50.0"), (110, "50.0")])
def test_moments_far_from_the_market_are_beyond_the_line_and_not_on_it(price, beyond):
    oracle = PriceSteps("oracle", [(FIRST_DAY, price * WAD), (FIRST_DAY + 2, 100 * WAD)])
    market = PriceSteps("market", [(FIRST_DAY + nth, 100 * WAD) for nth in (0, 2)])
    lines = oracle_checks(oracle, market)
    assert (lines[5].found, lines[6].found) == (beyond, "0.0")
    assert lines[7].what.startswith(f"its largest fall, from {price}.000 at 12 March 00:00")


@pytest.mark.skipif("SEAWALL_DATA" not in os.environ, reason="SEAWALL_DATA does not name a folder of recorded crashes")
def test_every_published_figure_comes_out_of_the_files():
    folder = Path(os.environ["SEAWALL_DATA"])
    lines = oracle_checks(read_oracle(folder), read_market(folder))
    assert [line.what for line in lines if not line.holds] == []
    assert "at 12 March 13:50" in lines[3].what
    assert "at 13 March 03:40" in lines[4].what
    assert "at 12 March 14:10" in lines[7].what
