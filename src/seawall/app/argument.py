"""Values as a person writes them on the command line."""

from collections.abc import Sequence
from datetime import UTC, datetime

from seawall.adapters.decimal_text import scaled
from seawall.errors import ConfigError
from seawall.fixed import MILLISECONDS_PER_SECOND, div_down
from seawall.units import Milliseconds, Ratio


def moment_ms(text: str) -> Milliseconds:
    """Return a moment, as `moment_seconds` reads it, in milliseconds."""
    return moment_seconds(text) * MILLISECONDS_PER_SECOND


def moment_seconds(text: str) -> int:
    """Return `2020-03-12`, `2020-03-12T11:00`, `…Z`, `…+01:00` or unix seconds in seconds; UTC where no zone is said."""
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"time {text!r} is neither ISO 8601, as 2020-03-12T11:00, nor unix seconds") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp())


def health_limit(text: str) -> Ratio:
    """Return a health factor in WAD; it is positive."""
    try:
        limit = div_down(*scaled(text, 18))
    except ValueError as error:
        raise ConfigError(f"health factor {text!r} is not a number") from error
    if limit <= 0:
        raise ConfigError(f"health factor {text} is not positive")
    return limit


def named_values(texts: Sequence[str]) -> dict[str, str]:
    """Return the values of `NAME=VALUE` texts by their names; no name stands twice."""
    named: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise ConfigError(f"{text!r} is not of the form NAME=VALUE")
        if name in named:
            raise ConfigError(f"{name} is given twice, as {named[name]} and {value}")
        named[name] = value
    return named
