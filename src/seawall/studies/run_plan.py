"""What a run starts from: everything that was put together before the first event, and what is to be said about it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from seawall.keeper.ports import StateView
from seawall.ledger.event import Event
from seawall.protocols.protocol import Protocol
from seawall.world.price_path import PricePath
from seawall.world.world import World

Kind = Literal["data", "reconstructed", "model", "assumed"]
"""*data* was published and is taken as it is; *reconstructed* goes through published figures, with chance between
them; a *model* was drawn from stated distributions; the rest is *assumed*."""


@dataclass(frozen=True, slots=True)
class RunInput:
    """One input; `sha256` is in hexadecimal, of a file's bytes or of a scenario's section as JSON."""

    name: str
    kind: Kind
    sha256: str
    detail: str


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Everything that a run starts from; `path` is what the market does, whatever the oracle says."""

    scenario: str
    title: str
    protocol: Protocol
    seed: int
    opening: tuple[Event, ...]
    make_world: Callable[[StateView], World]
    path: PricePath
    inputs: tuple[RunInput, ...]
    notes: tuple[str, ...]
