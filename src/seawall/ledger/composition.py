"""A composition: a protocol that a user put together, whole, as the first event of its journal carries it."""

import msgspec

from seawall.ledger.deployment import Absorber
from seawall.ledger.liquidation_rule import LiquidationRule


class Composition(msgspec.Struct, frozen=True, omit_defaults=True):
    """Its name and version, when and how much is liquidated at what bonus, and who pays what is left.

    Without `absorbers` of its own whoever runs it says who pays.
    """

    name: str
    version: str
    rule: LiquidationRule
    absorbers: tuple[Absorber, ...] = ()

    @property
    def label(self) -> str:
        """The name by which people know it: NAME@VERSION."""
        return f"{self.name}@{self.version}"
