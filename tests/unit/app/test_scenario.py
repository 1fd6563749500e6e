import csv
import gzip
import os
from pathlib import Path

import pytest

from seawall.app.scenario import bundled_scenarios, load_scenario
from seawall.errors import ConfigError

DATA = os.environ.get("SEAWALL_DATA")
BLACK_THURSDAY = load_scenario("black_thursday")


def written(folder: Path, *changes: tuple[str, str]) -> str:
    """Write the bundled scenario with some of its text replaced and return its path."""
    text = BLACK_THURSDAY.content.decode()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = folder / "changed.toml"
    path.write_text(text)
    return str(path)


def test_bundled_scenarios_are_listed_by_name_with_a_title():
    listed = {scenario.name: scenario.title for scenario in bundled_scenarios()}
    assert "black_thursday" in listed
    assert all(listed.values())


def test_the_default_has_about_a_dozen_published_figures_each_with_its_source():
    paths = BLACK_THURSDAY.scenario.prices.paths
    assert all(anchor.source for path in paths for anchor in path.anchors)
    assert 12 <= len(paths[0].anchors) <= 20


@pytest.mark.skipif(DATA is None, reason="SEAWALL_DATA names no folder with the published prices")
def test_the_figures_of_the_default_are_the_published_ones():
    rows = {}
    for name in ("2020-03_black_thursday_binance_spot_5m", "2020-02_04_santiment_ETHUSD_DAIUSD_5m"):
        with gzip.open(Path(str(DATA)) / "prices" / f"{name}.csv.gz", "rt") as file:
            rows |= {(row["symbol"], int(row["ts"])): row for row in csv.DictReader(file)}
    for path in BLACK_THURSDAY.scenario.prices.paths:
        for anchor in path.anchors:
            publisher, pair, _, kind = anchor.source.split()
            at = int(anchor.at.timestamp())
            row = rows[pair.replace("/", ""), at - at % 300]
            published = row["price" if publisher == "Santiment" else kind]
            assert abs(float(published) - float(anchor.price)) < 0.005, (anchor, row)


def test_fractions_are_kept_as_they_are_written(tmp_path):
    path = written(tmp_path, ("deviation = 0.005", "deviation = 0.100000000000000001"))
    assert load_scenario(path).scenario.oracle.deviation == "0.100000000000000001"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("deviation = 0.005", "deviation = 0.005\nfoo = 1", r"unknown key 'foo' in \[oracle\] of .*; known: assets, delay_seconds, deviation"),
        ("protocol =", "protokol =", "key 'protocol' is missing in .*changed.toml"),
        ("count = 3", "count = 0", r"count 0: input should be greater than 0, in \[keepers\]"),
        ("capital = 120000", "capital = -1", r"capital -1: is negative, in \[keepers\]"),
        ("capital = 120000", 'capital = "much"', r"capital 'much': is not a number, in \[keepers\]"),
        ("debt_value_sigma = 1.8\n", "debt_value_sigma = 1.8\nmean = 2\n", r"unknown key 'mean' in \[book\] .*known: accounts,"),
        ("weight = 0.78", "weight = 0.78\nwait = 1", r"unknown key 'wait' in \[book.mixes.1\] of .*; known: collateral, debt, weight"),
        ("volatility_year = 1.8", "volatility_day = 1.8", r"in \[prices.paths.1\]"),
        ('kind = "generator"', 'kind = "guess"', r"book"),
        ("end = 2020-03-14T00:00:00Z", "end = 2020-03-11T00:00:00Z", r"is not after start .* in \[prices\]"),
        ("end = 2020-03-14T00:00:00Z", "end = 2020-03-14T00:00:00", r"timezone"),
        ("[oracle]", "[oracle", "is not TOML"),
        ("seed = 20200312", 'seed = 1\nmarkets_file = "x.csv"', r"not both"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_its_place(tmp_path, old, new, message):
    with pytest.raises(ConfigError, match=message) as raised:
        load_scenario(written(tmp_path, (old, new)))
    assert "\n" not in str(raised.value)


def test_an_unknown_scenario_is_refused_with_the_nearest_names():
    with pytest.raises(ConfigError, match=r"no scenario 'black_tursday'.*nearest: black_thursday"):
        load_scenario("black_tursday")


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match=r"cannot read nowhere/x.toml: No such file"):
        load_scenario("nowhere/x.toml")
