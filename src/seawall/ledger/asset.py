"""An asset: something with a price and a smallest unit."""

import msgspec


class Asset(msgspec.Struct, frozen=True):
    """`decimals` fixes the base unit: one whole asset is 10**decimals base units."""

    symbol: str
    decimals: int

    @property
    def unit(self) -> int:
        """Base units in one whole asset."""
        return int(10**self.decimals)
