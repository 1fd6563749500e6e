"""What a protocol version is, as text: how far it is proven, and every parameter in which it can differ from another.

Parameters are what the protocol's value holds, whatever it calls them; a rounding shows the name of its function. What
is a market's own (thresholds, bonuses, close factors) is not here: it comes with the markets.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Final

import msgspec

from seawall.protocols.protocol import Protocol
from seawall.protocols.sale import SaleRule
from seawall.studies.decimal_text import wad_text

_SAID_ALREADY: Final = ("name", "version", "proof", "composition", "exact_line", "clock_gap_ms_max")


def protocol_parameters(protocol: Protocol) -> dict[str, str]:
    """Return the parameters of a protocol version by name, as text."""
    return dict(_flat(vars(protocol)))


def _flat(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if name in _SAID_ALREADY or name.startswith("_"):
            continue
        if isinstance(value, SaleRule):
            value = value.__dict__  # noqa: PLW2901  (what a sale holds is shown as if the protocol held it)
        if is_dataclass(value) and not isinstance(value, type):
            yield from _flat({field.name: getattr(value, field.name) for field in fields(value)})
        elif isinstance(value, msgspec.Struct):
            yield from _flat({field: getattr(value, field) for field in value.__struct_fields__})
        elif isinstance(value, dict):
            yield from _flat(value)
        elif hasattr(value, "_asdict"):
            yield from _flat(value._asdict())
        else:
            yield name, _text(name, value)


def _text(name: str, value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return ", ".join(" ".join(f"{key} {cell}" for key, cell in _flat({"": step})) for step in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and any(unit in name for unit in ("_ratio", "_value", "_price")):
        return wad_text(value)
    return getattr(value, "__name__", str(value)).replace("mul_div", "rounded").replace("_", " ")
