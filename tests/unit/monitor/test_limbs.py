import random

import numpy as np
import pytest
from numba import njit

from seawall.monitor import limbs
from seawall.monitor.limbs import (
    add,
    divide,
    from_f64,
    is_less,
    is_zero,
    limbs_of,
    number_of,
    product,
    resized,
    subtract,
)

LENGTHS = ((1, 1), (2, 1), (2, 2), (2, 4), (3, 1), (4, 2), (3, 3), (6, 4))


@njit
def operations_nb(left, right):
    return product(left, right), add(left, right), subtract(left, right), is_less(left, right), is_zero(left)


@njit
def divide_nb(number, divisor):
    return divide(number, divisor)


@njit
def from_f64_nb(whole_f64):
    return from_f64(whole_f64)


def limbs_np(number: int, length: int) -> tuple[np.uint64, ...]:
    return tuple(np.uint64(limb) for limb in limbs_of(number, length))


def drawn(draw: random.Random, length: int) -> int:
    bits = draw.choice([0, 1, 63, 64, 64 * length, draw.randint(0, 64 * length)])
    ones = (1 << min(bits, 64 * length)) - 1
    return draw.choice([ones, draw.getrandbits(64 * length) & ones, 1 << max(0, min(bits, 64 * length) - 1)])


@pytest.mark.parametrize(("left_length", "right_length"), LENGTHS)
def test_compiled_operations_are_the_plain_ones(left_length, right_length):
    draw = random.Random(left_length * 10 + right_length)
    for _ in range(2_000):
        left, right = drawn(draw, left_length), drawn(draw, right_length)
        pair = limbs_np(left, left_length), limbs_np(right, right_length)
        plain = product(*pair), add(*pair), subtract(*pair), is_less(*pair), is_zero(pair[0])
        assert operations_nb(*pair) == plain
        modulus = 1 << 64 * max(left_length, right_length)
        numbers = left * right, (left + right) % modulus, (left - right) % modulus
        assert tuple(number_of(limb) for limb in plain[:3]) == numbers
        assert plain[3:] == (left < right, left == 0)


@pytest.mark.parametrize(("length", "divisor_length"), [(3, 1), (4, 3), (6, 4), (5, 3), (3, 3)])
def test_a_quotient_is_the_floor_and_the_remainder_below_the_divisor(length, divisor_length):
    draw = random.Random(length * 10 + divisor_length)
    for nth in range(4_000):
        divisor = drawn(draw, divisor_length)
        number = drawn(draw, length)
        if divisor and draw.random() < 0.5:
            number = divisor * drawn(draw, 3) + draw.choice([0, 1, -1, divisor - 1, divisor // 2])
            number = min(max(number, 0), (1 << 64 * length) - 1)
        pair = limbs_np(number, length), limbs_np(divisor, divisor_length)
        quotient, remainder, holds = divide_nb(*pair)
        if nth % 4 == 0:
            assert divide(*pair) == (quotient, remainder, holds)
        if holds:
            assert (number_of(quotient), number_of(remainder)) == divmod(number, divisor)
        else:
            assert divisor == 0 or number // divisor > 1 << 190


@pytest.mark.parametrize("number", [0, 1, 2**53 - 1, 2**63, 2**64, (2**53 - 1) << 100, (2**53 - 1) << 138])
def test_a_whole_float_becomes_limbs_without_a_change(number):
    assert number_of(from_f64_nb(float(number))) == number_of(from_f64(float(number))) == number


def test_a_number_too_long_for_its_limbs_is_refused_by_the_plain_twin():
    with pytest.raises(AssertionError):
        resized((1, 1), (1,))
    assert limbs.resized((1, 0), (1,)) == (1,)
