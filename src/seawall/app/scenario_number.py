"""Numbers of a scenario, which are decimal text, as the integers and floats that a run needs."""

from datetime import datetime

from seawall.adapters.decimal_text import scaled
from seawall.fixed import MILLISECONDS_PER_SECOND, div_down
from seawall.units import Amount, Milliseconds


def wad(text: str) -> int:
    """Return a ratio, a price or a value in WAD, rounded down."""
    return div_down(*scaled(text, 18))


def amount(text: str, decimals: int) -> Amount:
    """Return whole assets in base units, rounded down."""
    return div_down(*scaled(text, decimals))


def milliseconds(seconds: str | int) -> Milliseconds:
    """Return a duration in milliseconds, rounded down."""
    return div_down(*scaled(str(seconds), 3))


def time_of(moment: datetime) -> Milliseconds:
    """Return a time as milliseconds since the epoch; fractions of a second are cut."""
    return int(moment.timestamp()) * MILLISECONDS_PER_SECOND
