"""The units that integers are in; a suffix of the name says which one (`repay_amount`, `debt_price`).

Aliases, not new types: arithmetic on them stays plain integer arithmetic, and the reader of a signature
still sees what is meant. A protocol's native scale keeps its own suffix (`_bps`, `_e8`, `_ray`).
"""

from typing import TypeAlias

Amount: TypeAlias = int
"""Base units of an asset (10**decimals of them are one whole asset)."""

Balance: TypeAlias = int
"""What a deployment stores for a position: a scaled balance, a principal or shares. An index or a total
turns it into an amount."""

Value: TypeAlias = int
"""WAD (1e18) in the unit of account."""

Price: TypeAlias = int
"""WAD in the unit of account for one whole asset."""

Ratio: TypeAlias = int
"""WAD; 1e18 is 100 %."""

Index: TypeAlias = int
"""RAY (1e27); cumulative interest factor, 1e27 at the start."""

Milliseconds: TypeAlias = int
"""Time since the Unix epoch, or a duration. Contracts see whole seconds."""
