"""Numbers as people read them: exact integers in, short text out. Nothing is decided on what these return.

A value is WAD in the unit of account; a ratio is WAD; an amount is base units of an asset with its decimals.
Cut digits are dropped, not rounded, so that a health factor just below one never reads as one.
"""

from datetime import UTC, datetime
from typing import Final

from seawall.fixed import MILLISECONDS_PER_SECOND, WAD, mul_div_down
from seawall.studies.decimal_text import amount_text

NO_BREAK_SPACE: Final = "\u00a0"
_SCALES: Final = ((10**12, "T"), (10**9, "B"), (10**6, "M"))
_DURATIONS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))
_SHORT_LENGTH_MAX: Final = 16


def decimal_text(units: int, decimals: int, places: int | None = None) -> str:
    """Return `units` / 10**decimals with thousands separated; at most `places` digits follow the point."""
    whole, _, fraction = amount_text(abs(units), decimals).partition(".")
    shown = fraction[:places].rstrip("0")
    sign = "−" if units < 0 else ""
    return f"{sign}{int(whole):,}" + (f".{shown}" if shown else "")


def short_value(value: int) -> str:
    """Return a WAD value in at most four significant digits from a million up: `1.234 M`."""
    sign, magnitude = ("−", -value) if value < 0 else ("", value)
    for scale, letter in _SCALES:
        if magnitude >= scale * WAD:
            thousandths = mul_div_down(magnitude, 1000, scale * WAD)
            places = max(0, 4 - len(str(thousandths // 1000)))
            return f"{sign}{decimal_text(thousandths, 3, places)}{NO_BREAK_SPACE}{letter}"
    return sign + decimal_text(magnitude, 18, 0 if magnitude >= 1000 * WAD else 2)


def full_value(value: int) -> str:
    """Return a WAD value to the cent: `1,234.50`."""
    whole, _, fraction = decimal_text(value, 18, 2).partition(".")
    return f"{whole}.{fraction:0<2}"


def ratio_text(ratio: int) -> str:
    """Return a WAD ratio with four digits after the point; from a million up it says no more than that."""
    return "over 1,000,000" if ratio >= 10**6 * WAD else decimal_text(ratio, 18, 4)


def percent_text(ratio: int) -> str:
    """Return a WAD ratio as a percentage with two digits after the point."""
    return f"{decimal_text(ratio * 100, 18, 2)} %"


def time_text(at_ms: int) -> str:
    """Return a time in UTC to the second: `2020-03-12 10:45:00`."""
    return datetime.fromtimestamp(at_ms // MILLISECONDS_PER_SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S")


def duration_text(seconds: float) -> str:
    """Return a duration in its largest unit with one digit after the point: `45 s`, `3.2 min`, `1.5 d`."""
    for length, unit in _DURATIONS:
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def short_account(account: str) -> str:
    """Return an account's text cut in the middle where it is long; the part before the cut can be searched for."""
    return account if len(account) <= _SHORT_LENGTH_MAX else f"{account[:10]}…{account[-4:]}"
