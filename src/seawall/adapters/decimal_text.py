"""Decimal text to integers, exactly: no float and no context precision between a file and a price or an amount.

`scaled(text, n)` is text × 10**n as a fraction; the caller names the rounding by the division that it chooses.
"""

import re

_DECIMAL = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,3}))?", re.ASCII)
_LENGTH_MAX = 400


def scaled(text: str, decimals: int) -> tuple[int, int]:
    """Return `text` × 10**`decimals` as (numerator, divisor); the divisor is 1 where that is a whole number.

    Raises ValueError for anything that is not a finite decimal number.
    """
    match = _DECIMAL.fullmatch(text) if len(text) <= _LENGTH_MAX else None
    if match is None or not (match[2] or match[3]):
        raise ValueError(f"{text[:40]!r} is not a decimal number")
    sign, whole, fraction, exponent = match.groups(default="")
    fraction = fraction.rstrip("0")
    numerator = int(sign + (whole + fraction or "0"))
    shift = decimals + int(exponent or 0) - len(fraction)
    return (numerator * 10**shift, 1) if shift >= 0 else _reduced(numerator, -shift)


def _reduced(numerator: int, places: int) -> tuple[int, int]:
    divisor = 10**places
    whole, rest = divmod(numerator, divisor)
    return (whole, 1) if rest == 0 else (numerator, divisor)
