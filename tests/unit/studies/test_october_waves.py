import os
from pathlib import Path

import pytest
from tests.unit.studies.october_files import BAD_DEBT, BY_WAVE, write_files

from seawall.errors import DataError
from seawall.fixed import WAD
from seawall.studies.october_waves import data_checks, read_waves


def test_waves_are_read_to_the_digit(tmp_path):
    first, second = read_waves(write_files(tmp_path))
    assert first == (1, 1760130964831, 1005 * WAD // 10, 4025 * WAD // 100, 20_000_125 * WAD // 1000, 90_000 * WAD, 30)
    assert (second.number, second.fill_count) == (4, 70)
    assert (first.error_value, second.error_value) == (-6025 * WAD // 100, 70_075 * WAD // 100)


def test_a_loss_that_stands_in_many_waves_is_one(tmp_path):
    folder = write_files(tmp_path)
    found = {line.what: line.found for line in data_checks(folder, read_waves(folder))}
    assert found["the largest of them"] == "500.00"
    assert found["waves in which it stands"] == "2"
    rows = BAD_DEBT.replace("500,500", "500000000,500000000").replace("700.5,500", "700000000,500000000")
    folder = write_files(tmp_path, bad_debt=rows)
    found = {line.what: line.found for line in data_checks(folder, read_waves(folder))}
    assert found["losses as rows, millions"] == "1,200.0"
    assert found["losses, each account's once, millions"] == "700.00"


def test_totals_are_those_of_the_files(tmp_path):
    folder = write_files(tmp_path)
    lines = data_checks(folder, read_waves(folder))
    found = {line.what: line.found for line in lines}
    assert found["needed from winners, all waves"] == "401"
    assert found["taken from winners by production"] == "1,041"
    assert found["taken too much"] == "640.50"
    assert found["closed beyond the loss, by coin and shock"] == "3.00"
    assert found["the same, coin by coin: price gap times contracts"] == "401"
    assert [line.found for line in lines[-5:]] == ["-1.50", "0.002", "75", "2.5", "10.0"]
    assert not any(line.holds for line in lines[:10])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"by_wave": BY_WAVE.replace("100.5", "x")}, r"budget_needed_usd 'x' is not a number, in .*_h0\.csv row 2"),
        ({"by_wave": BY_WAVE.replace("1000.75", "")}, r"budget_prod_usd None is not a number, in .*_h0\.csv row 3"),
        ({"by_wave": BY_WAVE.replace("t_start_ms", "begins")}, r"no column t_start_ms, in .*_h0\.csv"),
        ({"bad_debt": BAD_DEBT.replace("4,70", "5,70")}, r"wave 4 is not in .*bad_debt_waves\.csv"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(tmp_path, changed, said):
    with pytest.raises(DataError, match=said):
        read_waves(write_files(tmp_path, **changed))


def test_a_file_that_is_missing_is_named(tmp_path):
    (write_files(tmp_path) / "perps" / "hl_adl_paper_bad_debt_waves.csv").unlink()
    with pytest.raises(DataError, match=r"cannot read .*hl_adl_paper_bad_debt_waves\.csv"):
        read_waves(tmp_path)


@pytest.mark.skipif("SEAWALL_DATA" not in os.environ, reason="SEAWALL_DATA does not name a folder of recorded crashes")
def test_every_published_figure_comes_out_of_the_files():
    folder = Path(os.environ["SEAWALL_DATA"])
    waves = read_waves(folder)
    assert [line.what for line in data_checks(folder, waves) if not line.holds] == []
    assert [wave.number for wave in waves if wave.error_value < 0] == [1, 2, 4, 5, 9, 10]
    large = {wave.number: wave.error_value // (10**5 * WAD) for wave in waves if wave.error_value > 10**6 * WAD}
    assert large == {8: 98, 13: 328, 14: 55}
