import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.studies.decimal_text import amount_text, wad_text


@pytest.mark.parametrize(
    ("units", "decimals", "text"),
    [
        (0, 6, "0"),
        (1, 6, "0.000001"),
        (1_500_000, 6, "1.5"),
        (-1, 2, "-0.01"),
        (120, 0, "120"),
        (10**18, 18, "1"),
    ],
)
def test_amounts_are_written_in_full(units: int, decimals: int, text: str) -> None:
    assert amount_text(units, decimals) == text


@given(st.integers(-(10**40), 10**40), st.integers(0, 30))
def test_text_holds_every_unit(units: int, decimals: int) -> None:
    whole, _, fraction = amount_text(units, decimals).partition(".")
    assert int(whole + fraction.ljust(decimals, "0")) == units


def test_wad_has_eighteen_digits() -> None:
    assert wad_text(1_050_000_000_000_000_001) == "1.050000000000000001"
