"""Natural numbers wider than a register, for compiled kernels: tuples of 64-bit limbs, the least first.

Each function is plain Python on integers, and what numba compiles a call of it to: one operation on an LLVM integer as
wide as the limbs together, which becomes multiply and add-with-carry instructions. So a kernel that is written with these
functions is its own plain twin. Lengths are part of the types: a product has the limbs of both factors; a sum and
a difference have those of the longer one and wrap, so whoever adds states why it fits.

Division is by a float estimate from below and an exact remainder, again and again until the remainder is less than the
divisor. The quotient is the only one there is, whatever the float unit does.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload, register_jitable

Limbs: TypeAlias = tuple[Any, ...]

# What numba hands out here has no types.
_types: Any = types
_intrinsic: Any = intrinsic
_pack_array: Any = cgutils.pack_array

BITS: Final = 64
_MASK: Final = (1 << BITS) - 1
_LIMB_F64: Final = 2.0**BITS
# Three roundings of a conversion, two of them, a quotient and this factor: below 2**-48 together.
_FROM_BELOW: Final = 1.0 - 2.0**-48
_QUOTIENT_F64_MAX: Final = 2.0**191
_ONE_LIMB_F64_MAX: Final = 2.0**63

DOWN: Final = 0
UP: Final = 1
HALF_UP: Final = 2
"""The roundings, numbered as in `protocols/exact_limit.py`."""

ZERO: Final = np.uint64(0)
ONE: Final = np.uint64(1)


def limbs_of(number: int, length: int) -> tuple[int, ...]:
    """Return a natural number as limbs; it must fit."""
    assert 0 <= number < 1 << BITS * length, (number, length)
    return tuple(number >> BITS * nth & _MASK for nth in range(length))


def number_of(limbs: Limbs) -> int:
    """Return the natural number that limbs stand for."""
    return sum(int(limb) << BITS * nth for nth, limb in enumerate(limbs))


# -- the operations, in plain Python ----------------------------------------------------------------------


def product(left: Limbs, right: Limbs) -> Limbs:
    """Return left * right, with the limbs of both."""
    return limbs_of(number_of(left) * number_of(right), len(left) + len(right))


def add(left: Limbs, right: Limbs) -> Limbs:
    """Return left + right, wrapping at the length of the longer."""
    return _wrapped(number_of(left) + number_of(right), max(len(left), len(right)))


def subtract(left: Limbs, right: Limbs) -> Limbs:
    """Return left - right, wrapping at the length of the longer."""
    return _wrapped(number_of(left) - number_of(right), max(len(left), len(right)))


def is_less(left: Limbs, right: Limbs) -> bool:
    """Return whether left < right."""
    return number_of(left) < number_of(right)


def resized(number: Limbs, like: Limbs) -> Limbs:
    """Return a number in as many limbs as `like` has; it must fit."""
    return limbs_of(number_of(number), len(like))


def to_f64(number: Limbs) -> float:
    """Return a float near the number: each limb is rounded, and each partial sum."""
    return sum(float(limb) * 2.0 ** (BITS * nth) for nth, limb in enumerate(number))


def _wrapped(number: int, length: int) -> tuple[int, ...]:
    return limbs_of(number & (1 << BITS * length) - 1, length)


# -- the same, compiled -----------------------------------------------------------------------------------


def _joined(builder: ir.IRBuilder, limbs: ir.Value, width: int) -> ir.Value:
    """Return one wide integer; limbs beyond its width are dropped."""
    wide = ir.IntType(width)
    number = ir.Constant(wide, 0)
    for nth in range(min(limbs.type.count, width // BITS)):
        limb = builder.zext(builder.extract_value(limbs, nth), wide)
        number = builder.or_(number, builder.shl(limb, ir.Constant(wide, BITS * nth)))
    return number


def _parted(builder: ir.IRBuilder, number: ir.Value) -> ir.Value:
    limbs = []
    for shift in range(0, number.type.width, BITS):
        limbs.append(builder.trunc(builder.lshr(number, ir.Constant(number.type, shift)), ir.IntType(BITS)))
    return _pack_array(builder, limbs)


Generate = Callable[[ir.IRBuilder, ir.Value, ir.Value], ir.Value]


def _arithmetic(instruction: str) -> Generate:
    return lambda builder, left, right: _parted(builder, getattr(builder, instruction)(left, right))


def _compare(builder: ir.IRBuilder, left: ir.Value, right: ir.Value) -> ir.Value:
    return builder.icmp_unsigned("<", left, right)


def _keep(builder: ir.IRBuilder, left: ir.Value, _right: ir.Value) -> ir.Value:
    return _parted(builder, left)


def _compile(plain: Any, generate: Generate, length_of: Callable[[int, int], int], returns_claim: bool = False) -> None:
    """Let numba compile calls of `plain` to `generate`, on integers of as many limbs as `length_of` says."""

    @_intrinsic  # type: ignore[untyped-decorator]
    def work(_context: Any, left: Any, right: Any) -> Any:
        length = length_of(left.count, right.count)
        returned = _types.boolean if returns_claim else _types.UniTuple(_types.uint64, length)

        def code(_context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> ir.Value:
            return generate(builder, *(_joined(builder, limbs, BITS * length) for limbs in arguments))

        return returned(left, right), code

    @overload(plain)
    def choose(left: Any, right: Any) -> Any:  # noqa: ARG001 - numba compares the names
        def call(left: Any, right: Any) -> Any:
            return work(left, right)

        return call


_compile(product, _arithmetic("mul"), lambda left, right: left + right)
_compile(add, _arithmetic("add"), max)
_compile(subtract, _arithmetic("sub"), max)
_compile(is_less, _compare, max, returns_claim=True)
_compile(resized, _keep, lambda _, like: like)


@_intrinsic  # type: ignore[untyped-decorator]
def _to_f64(_context: Any, number: Any) -> Any:
    def code(_context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> ir.Value:
        total_f64 = ir.Constant(ir.DoubleType(), 0.0)
        for nth in range(number.count):
            limb_f64 = builder.uitofp(builder.extract_value(arguments[0], nth), ir.DoubleType())
            total_f64 = builder.fadd(
                total_f64, builder.fmul(limb_f64, ir.Constant(ir.DoubleType(), 2.0 ** (BITS * nth)))
            )
        return total_f64

    return _types.float64(number), code


@overload(to_f64)
def _choose_to_f64(number: Any) -> Any:  # noqa: ARG001 - numba compares the names
    def call(number: Any) -> Any:
        return _to_f64(number)

    return call


# -- division, one text for both --------------------------------------------------------------------------


@register_jitable
def is_zero(number: Limbs) -> bool:
    """Return whether a number of any length is zero."""
    return not is_less((ZERO,), number)


@register_jitable
def from_f64(whole_f64: float) -> Limbs:
    """Return floor(whole_f64) in three limbs, for 0 <= whole_f64 < 2**192."""
    high = np.uint64(whole_f64 / _LIMB_F64 / _LIMB_F64)
    rest_f64 = whole_f64 - float(high) * _LIMB_F64 * _LIMB_F64
    middle = np.uint64(rest_f64 / _LIMB_F64)
    return np.uint64(rest_f64 - float(middle) * _LIMB_F64), middle, high


@register_jitable
def divide(number: Limbs, divisor: Limbs) -> tuple[Limbs, Limbs, bool]:
    """Return (floor(number / divisor) in three limbs, remainder, whether this holds).

    It does not for a divisor of zero and for a quotient that may reach 2**191. The number has at least three limbs.
    """
    quotient = (ZERO, ZERO, ZERO)
    rest = number
    divisor_f64 = to_f64(divisor)
    if divisor_f64 == 0.0 or to_f64(number) / divisor_f64 >= _QUOTIENT_F64_MAX:
        return quotient, rest, False
    while not is_less(rest, divisor):
        part_f64 = max(1.0, to_f64(rest) / divisor_f64 * _FROM_BELOW)
        if part_f64 < _ONE_LIMB_F64_MAX:
            # Most parts are: the narrow product takes a third of the time.
            one = (np.uint64(part_f64),)
            quotient = add(quotient, one)
            rest = subtract(rest, resized(product(one, divisor), rest))
        else:
            part = from_f64(part_f64)
            quotient = add(quotient, part)
            rest = subtract(rest, resized(product(part, divisor), rest))
    return quotient, rest, True


@register_jitable
def muldiv(number: Limbs, factor: Limbs, divisor: Limbs, rounding: Any) -> tuple[Limbs, bool]:
    """Return (number * factor / divisor in three limbs, whether this holds), rounded DOWN, UP or HALF_UP."""
    quotient, remainder, holds = divide(product(number, factor), divisor)
    if rounding == DOWN or is_zero(remainder):
        return quotient, holds
    if rounding == HALF_UP and is_less(remainder, subtract(resized(divisor, remainder), remainder)):
        return quotient, holds
    return add(quotient, (ONE,)), holds
