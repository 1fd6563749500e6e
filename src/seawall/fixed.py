"""Fixed-point arithmetic on plain integers: the only place that divides.

Scales: WAD = 1e18, RAY = 1e27, basis points = 1e4. The verb names the rounding; `half_up` adds half of the
divisor before the floor, as the contracts that use it do. All arguments are non-negative unless said.
"""

from collections.abc import Iterable

WAD = 10**18
RAY = 10**27
BPS = 10**4
SECONDS_PER_YEAR = 31_536_000
MILLISECONDS_PER_SECOND = 1_000


def div_down(numerator: int, divisor: int) -> int:
    """Return floor(numerator / divisor)."""
    return numerator // divisor


def div_up(numerator: int, divisor: int) -> int:
    """Return ceil(numerator / divisor)."""
    return -(numerator // -divisor)


def div_half_up(numerator: int, divisor: int) -> int:
    """Return numerator / divisor rounded to the nearest, halves up."""
    return (numerator + divisor // 2) // divisor


def mul_div_down(left: int, right: int, divisor: int) -> int:
    """Return floor(left * right / divisor)."""
    return left * right // divisor


def mul_div_down_each(lefts: Iterable[int], right: int, divisor: int) -> list[int]:
    """Return floor(left * right / divisor) of each."""
    return [left * right // divisor for left in lefts]


def mul_div_up(left: int, right: int, divisor: int) -> int:
    """Return ceil(left * right / divisor)."""
    return -(left * right // -divisor)


def mul_div_half_up(left: int, right: int, divisor: int) -> int:
    """Return left * right / divisor rounded to the nearest, halves up."""
    return (left * right + divisor // 2) // divisor


def mul_div_mul_div_down(first: int, second: int, divisor: int, third: int, last_divisor: int) -> int:
    """Return floor(floor(first * second / divisor) * third / last_divisor): an amount by its index, then its value."""
    return first * second // divisor * third // last_divisor


def mul_div_mul_div_up(first: int, second: int, divisor: int, third: int, last_divisor: int) -> int:
    """Return ceil(ceil(first * second / divisor) * third / last_divisor)."""
    return -(first * second // -divisor * third // last_divisor)


def power_half_up(base: int, exponent: int, unit: int) -> int:
    """Return base**exponent at the scale of `unit`, by squares and products that each round half up."""
    power = base if exponent & 1 else unit
    while exponent := exponent >> 1:
        base = mul_div_half_up(base, base, unit)
        if exponent & 1:
            power = mul_div_half_up(power, base, unit)
    return power


def seconds_down(milliseconds: int) -> int:
    """Return the whole seconds that a contract sees at, or in, `milliseconds`."""
    return milliseconds // MILLISECONDS_PER_SECOND
