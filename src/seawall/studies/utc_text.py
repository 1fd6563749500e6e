"""Moments of UTC as a study names them: `12 March 14:10`."""

from datetime import UTC, datetime

from seawall.fixed import MILLISECONDS_PER_SECOND
from seawall.units import Milliseconds


def moment_text(at: Milliseconds) -> str:
    """Return the day and the minute, rounded down."""
    moment = datetime.fromtimestamp(at // MILLISECONDS_PER_SECOND, UTC)
    return f"{moment.day} {moment:%B %H:%M}"
