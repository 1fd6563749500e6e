"""Exact integers as decimal text that programs read: `-1234.5`, no separators, no trailing zeros."""


def amount_text(units: int, decimals: int) -> str:
    """Return `units` / 10**decimals in full."""
    sign, digits = ("-", str(-units)) if units < 0 else ("", str(units))
    if decimals == 0:
        return sign + digits
    digits = digits.rjust(decimals + 1, "0")
    fraction = digits[-decimals:].rstrip("0")
    return f"{sign}{digits[:-decimals]}" + (f".{fraction}" if fraction else "")


def wad_text(wad: int) -> str:
    """Return a WAD number in full."""
    return amount_text(wad, 18)
