import pytest

from seawall.app.number_text import (
    decimal_text,
    duration_text,
    percent_text,
    ratio_text,
    short_account,
    short_value,
    time_text,
)

WAD = 10**18


@pytest.mark.parametrize(
    ("units", "decimals", "places", "text"),
    [
        (0, 18, None, "0"),
        (1, 18, None, "0.000000000000000001"),
        (WAD, 18, None, "1"),
        (1_234_567 * WAD + 5 * 10**17, 18, 2, "1,234,567.5"),
        (-1_500, 3, None, "−1.5"),
        (1_999, 3, 2, "1.99"),
        (42, 0, None, "42"),
    ],
)
def test_decimal_text_cuts_and_never_rounds(units: int, decimals: int, places: int | None, text: str) -> None:
    assert decimal_text(units, decimals, places) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (12 * WAD + 345 * 10**15, "12.34"),
        (999_999 * WAD, "999,999"),
        (1_000_000 * WAD, "1 M"),
        (1_234_567 * WAD, "1.234 M"),
        (123_456_789 * WAD, "123.4 M"),
        (-2_500_000_000 * WAD, "−2.5 B"),
    ],
)
def test_short_value_has_four_digits_from_a_million_up(value: int, text: str) -> None:
    assert short_value(value).replace("\u00a0", " ") == text


def test_a_ratio_just_below_one_never_reads_as_one() -> None:
    assert (ratio_text(WAD - 1), ratio_text(WAD), ratio_text(WAD + 1)) == ("0.9999", "1", "1")


def test_the_health_of_an_account_that_owes_dust_is_not_a_wall_of_digits() -> None:
    assert ratio_text(2**256 - 1) == "over 1,000,000"


def test_percent_text_shows_hundredths() -> None:
    assert percent_text(5 * 10**16) == "5 %"
    assert percent_text(-1_234 * 10**14) == "−12.34 %"


def test_time_text_is_utc() -> None:
    assert time_text(1_584_010_800_999) == "2020-03-12 11:00:00"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1.0 min"), (3_600, "1.0 h"), (5_400, "1.5 h"), (129_600, "1.5 d")],
)
def test_duration_text_takes_the_largest_unit(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_the_head_of_a_short_account_is_a_prefix_of_it() -> None:
    account = "0x" + "0123456789" * 4
    head, _, tail = short_account(account).partition("…")
    assert account.startswith(head)
    assert account.endswith(tail)
    assert short_account("borrower-7") == "borrower-7"
