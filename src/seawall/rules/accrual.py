"""Accrual: by how much an index grows in a time, each formula named for the series that it is.

r is a rate a year (RAY) or a second (WAD), t seconds, Y the seconds of a year, x = r*t/Y:
    linear     1 + x                                       collateral of pooled markets
    binomial   1 + x + t(t-1)/2*(r/Y)^2 + t(t-1)(t-2)/6*(r/Y)^3      the first terms of (1 + r/Y)^t
    taylor     1 + x + x^2/2 + x^3/6                       the first terms of e^x
    simple     x alone, on the index as it stands          markets that compound when someone touches them
Every term rounds on its own, where and how the contracts round it; the docstrings say it. No growth is less than
one, so an index never falls. Growth of an index comes from here, the rounding of its product is the caller's choice.
"""

from seawall.fixed import RAY, SECONDS_PER_YEAR, WAD, div_down, mul_div_down, mul_div_half_up
from seawall.units import Index, Ratio


def linear_growth(rate_ray: int, seconds: int) -> Index:
    """Return 1 + r*t/Y in RAY, rounded down; the rate is RAY a year."""
    return RAY + mul_div_down(rate_ray, seconds, SECONDS_PER_YEAR)


def binomial_growth(rate_ray: int, seconds: int) -> Index:
    """Return (1 + r/Y)^t to its third term, in RAY; the rate is RAY a year.

    Products of rates round half up, the divisions by Y and by the factorials down.
    """
    if seconds == 0:
        return RAY
    square = div_down(mul_div_half_up(rate_ray, rate_ray, RAY), SECONDS_PER_YEAR * SECONDS_PER_YEAR)
    cube = div_down(mul_div_half_up(square, rate_ray, RAY), SECONDS_PER_YEAR)
    pairs = seconds * (seconds - 1)
    triples = pairs * max(seconds - 2, 0)
    first = mul_div_down(rate_ray, seconds, SECONDS_PER_YEAR)
    return RAY + first + mul_div_down(pairs, square, 2) + mul_div_down(triples, cube, 6)


def taylor_growth(rate_ray: int, seconds: int) -> Index:
    """Return e^(r*t/Y) to its third term, in RAY; the rate is RAY a year.

    Nested as x + x*(x/2 + x*(x/6)): divisions round down, products half up.
    """
    x = mul_div_down(rate_ray, seconds, SECONDS_PER_YEAR)
    third = mul_div_half_up(x, div_down(x, 6), RAY)
    return RAY + x + mul_div_half_up(x, div_down(x, 2) + third, RAY)


def taylor_interest_ratio(rate_per_second_ratio: Ratio, seconds: int) -> Ratio:
    """Return e^(r*t) - 1 to its third term, in WAD, every term rounded down; the rate is WAD a second."""
    first = rate_per_second_ratio * seconds
    second = mul_div_down(first, first, 2 * WAD)
    return first + second + mul_div_down(second, first, 3 * WAD)


def simple_interest_ratio(rate_per_period_ratio: Ratio, periods: int) -> Ratio:
    """Return r*t in WAD, exactly; periods are blocks or seconds, whichever the rate is for."""
    return rate_per_period_ratio * periods


def simple_index_down(index: Index, interest_ratio: Ratio) -> Index:
    """Return the index after simple interest, the interest rounded down."""
    return index + mul_div_down(interest_ratio, index, WAD)
