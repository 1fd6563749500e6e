"""A protocol's exact health as data: the numbers and the roundings, so that one compiled kernel serves every protocol.

    amount = balance * n / d        value = amount * n' / d'        each rounded by its own stage
    C = sum of value of collateral, W = sum of value * weight of collateral, D = sum of value of debt
    liquidatable  iff  W * weighted_factor + (D // 2 where the contract rounds a quotient half up) < D * debt_factor

A stage's rounding is one number, the least remainder from which it rounds up: `d` is never, 1 is always, `d - d // 2` is
from the half. Where the contract averages thresholds first, W = C * floor(W / C) / average_unit, half up. Values are in
the protocol's own scale. A protocol whose rule is not of this form has no line, and its own Python decides.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from seawall.fixed import div_down, mul_div_down, mul_div_half_up, mul_div_up

Rounded: TypeAlias = Callable[[int, int, int], int]
"""One of the functions (left, right, divisor) of `fixed`."""


class Stage(NamedTuple):
    """x * numerator / divisor, rounded up from a remainder of `up_from`."""

    numerator: int
    divisor: int
    up_from: int

    @classmethod
    def of(cls, rounded: Rounded, numerator: int, divisor: int) -> "Stage":
        """Return the stage that computes `rounded(x, numerator, divisor)`."""
        return cls(numerator, divisor, _UP_FROM[rounded](divisor))


_UP_FROM: Final[dict[Rounded, Callable[[int], int]]] = {
    mul_div_down: lambda divisor: divisor,
    mul_div_up: lambda _: 1,
    mul_div_half_up: lambda divisor: divisor - div_down(divisor, 2),
}


class ExactTerm(NamedTuple):
    """What a stored balance of one slot is worth, and how much its value weighs; debt has no weight.

    The rest is read by the kernels of `exact_limit` alone, for collateral, in the protocol's own scale.
    """

    amount: Stage
    value: Stage
    weight: int = 0
    bonus: int = 0
    bonus_min: int = 0
    fee: int = 0
    is_seizable: bool = False


class ExactLine(NamedTuple):
    """Where an account's sums are liquidatable, and how they are restated as its health in WAD.

    The values are C and D times `value_factor` and floor(W / `weighted_divisor`) times `weighted_value_factor`. The
    health factor is floor(W / `weighted_divisor`) * WAD / D, down or half up as the line has it, over `health_unit`.
    """

    weighted_factor: int
    debt_factor: int
    adds_half_debt: bool = False
    average_unit: int = 0
    value_factor: int = 1
    weighted_divisor: int = 1
    weighted_value_factor: int = 1
    health_unit: int = 1


class Sums(NamedTuple):
    """An account's C, W and D in the protocol's own scale."""

    collateral: int
    weighted: int
    debt: int
