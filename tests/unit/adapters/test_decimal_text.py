import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.adapters.decimal_text import scaled

WAD_DIGITS = 18


@pytest.mark.parametrize(
    ("text", "decimals", "numerator", "divisor"),
    [
        ("86", 18, 86 * 10**18, 1),
        ("86.00", 18, 86 * 10**18, 1),
        (".5", 18, 5 * 10**17, 1),
        ("5.", 18, 5 * 10**18, 1),
        ("+1", 0, 1, 1),
        ("-0.25", 2, -25, 1),
        ("1e-7", 18, 10**11, 1),
        ("1E+21", 18, 10**39, 1),
        ("0.10000000000000000000000", 18, 10**17, 1),
        ("0.1234567", 6, 1234567, 10),
        ("0.000000000000000001", 18, 1, 1),
        ("0.0000000000000000001", 18, 1, 10),
        ("1.5", 0, 15, 10),
    ],
)
def test_decimal_text_is_an_exact_fraction(text: str, decimals: int, numerator: int, divisor: int) -> None:
    assert scaled(text, decimals) == (numerator, divisor)


@pytest.mark.parametrize(
    "text",
    ["", ".", "-", "e5", "nan", "NaN", "inf", "-inf", "1,5", "1 000", " 1", "1\n", "0x10", "1e9999", "٣", "1_000"],
)
def test_anything_else_is_not_a_number(text: str) -> None:
    with pytest.raises(ValueError, match="is not a decimal number"):
        scaled(text, WAD_DIGITS)


def test_a_number_of_unbounded_length_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a decimal number"):
        scaled("1" * 401, WAD_DIGITS)


@given(st.integers(0, 10**30), st.integers(0, 30), st.integers(0, 30))
def test_the_fraction_is_what_was_written(digits: int, places: int, decimals: int) -> None:
    text = str(digits).rjust(places + 1, "0")
    text = f"{text[: len(text) - places]}.{text[len(text) - places :]}"
    numerator, divisor = scaled(text, decimals)
    assert numerator * 10**places == digits * 10**decimals * divisor
    assert (divisor == 1) == (digits * 10**decimals % 10**places == 0)
