import math

import pytest

from seawall.world.exponential import exponential_f64, half_to_the_f64, logarithm_f64


@pytest.mark.parametrize("exponent", [-20.0, -1.0, -1e-9, 0.0, 1e-9, 0.5, 3.0, 20.0])
def test_exponential_and_logarithm_are_those_of_mathematics(exponent):
    assert exponential_f64(exponent) == pytest.approx(math.exp(exponent), rel=1e-15)
    assert logarithm_f64(exponential_f64(exponent)) == pytest.approx(exponent, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(("halvings", "share"), [(0, 1.0), (1, 0.5), (2, 0.25), (0.5, math.sqrt(0.5))])
def test_halving(halvings, share):
    assert half_to_the_f64(halvings) == pytest.approx(share, rel=1e-15)
