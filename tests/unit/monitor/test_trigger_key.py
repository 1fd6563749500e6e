"""Keys keep the order of prices, so what keys do not cross, prices do not."""

import math
import random

import pytest

from seawall.monitor.trigger_key import KEY_MAX, KEY_MIN, UNKNOWN, key_of, key_of_never, position_of

EDGES = [0.0, 5e-324, 2.0**-1022, 1e-9, 1.0, math.nextafter(1.0, 2.0), 1.0 + 2.0**-20, 1e30, 1.7e308, math.inf]


def test_a_key_never_falls_as_the_price_grows():
    draw = random.Random(1)
    prices = sorted(EDGES + [10.0 ** draw.uniform(-300, 300) for _ in range(2000)])
    keys = [key_of(price) for price in prices]
    assert keys == sorted(keys)
    assert KEY_MIN < keys[0] <= keys[-1] < KEY_MAX


def test_a_key_steps_within_a_millionth_of_the_price():
    draw = random.Random(2)
    for _ in range(1000):
        price = 10.0 ** draw.uniform(-200, 200)
        assert key_of(price * (1 + 2.0**-19)) > key_of(price)


@pytest.mark.parametrize("is_rising", [False, True])
def test_a_crossed_trigger_is_never_missed(is_rising):
    draw = random.Random(3)
    for _ in range(3000):
        trigger = 10.0 ** draw.uniform(-20, 20)
        price = trigger * (1.0 + draw.choice([0.0, 1e-16, -1e-16, 1e-9, -1e-9, 1e-3, -1e-3]))
        is_crossed = price >= trigger if is_rising else price <= trigger
        key = -key_of(trigger) if is_rising else key_of(trigger)
        assert not is_crossed or position_of(price, is_rising) <= key


@pytest.mark.parametrize("price", [math.nan, -1.0, -math.inf])
@pytest.mark.parametrize("is_rising", [False, True])
def test_an_unknown_price_crosses_every_trigger(price, is_rising):
    assert position_of(price, is_rising) == UNKNOWN < min(key_of_never(math.inf), -key_of(math.inf))


@pytest.mark.parametrize("value", EDGES)
def test_no_known_price_crosses_the_trigger_that_is_never_crossed(value):
    assert position_of(0.0, False) > key_of_never(value)
