"""Every protocol version that there is, by its label: `NAME@VERSION`, or `NAME` for the newest version."""

from typing import Final

from seawall.errors import ConfigError
from seawall.protocols.aave_v3 import AAVE_V3
from seawall.protocols.compound_v2 import COMPOUND_V2
from seawall.protocols.dydx_v4 import DYDX_V4
from seawall.protocols.liquity_v2 import LIQUITY_V2
from seawall.protocols.maker import MAKER
from seawall.protocols.morpho_blue import MORPHO_BLUE
from seawall.protocols.perpetual import PERPETUAL
from seawall.protocols.protocol import Protocol
from seawall.protocols.seawall import SEAWALL
from seawall.protocols.seawall_batch import SEAWALL_BATCH
from seawall.protocols.seawall_dutch import SEAWALL_DUTCH

_PROTOCOLS: Final[tuple[Protocol, ...]] = (
    *AAVE_V3,
    *COMPOUND_V2,
    *DYDX_V4,
    *LIQUITY_V2,
    *MAKER,
    *MORPHO_BLUE,
    *PERPETUAL,
    *SEAWALL,
    *SEAWALL_BATCH,
    *SEAWALL_DUTCH,
)


def all_protocols() -> tuple[Protocol, ...]:
    """Return every version of every protocol, by name, oldest first."""
    return _PROTOCOLS


def protocol_named(label: str) -> Protocol:
    """Return the protocol of a label; raises ConfigError that lists what there is."""
    name, _, version = label.partition("@")
    versions = [protocol for protocol in _PROTOCOLS if protocol.name == name]
    if not versions:
        names = ", ".join(dict.fromkeys(protocol.name for protocol in _PROTOCOLS))
        raise ConfigError(f"protocol {name!r} is not known; there are {names}")
    if not version and "@" not in label:
        return versions[-1]
    for protocol in versions:
        if protocol.version == version:
            return protocol
    known = ", ".join(protocol.label for protocol in versions)
    raise ConfigError(f"version {version!r} of {name} is not known; there are {known}")
