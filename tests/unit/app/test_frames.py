"""Scenarios that bring no data of their own: each file that is missing is asked for by its option."""

from pathlib import Path

import pytest

from seawall.app.assembly import assemble
from seawall.app.scenario import load_scenario
from seawall.errors import ConfigError

ROOT = Path(__file__).parents[3]
OWN = ROOT / "examples" / "own_book"


@pytest.mark.parametrize("name", ["may_2021", "may_2021_hourly"])
@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({}, "--markets"),
        ({"markets": OWN / "markets.toml"}, "--positions"),
        ({"markets": OWN / "markets.toml", "positions": OWN / "book.csv"}, "--prices"),
    ],
)
def test_a_frame_asks_for_what_it_lacks(name: str, given: dict[str, Path], option: str) -> None:
    with pytest.raises(ConfigError, match=rf"has no \w+ of its own; give (them|one) with {option} FILE"):
        assemble(load_scenario(name), **given)
