"""Dutch auctions: the curves to the unit, takes at their edges, what may be auctioned, and whether a reward can be farmed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.fixed import RAY, WAD, power_half_up
from seawall.ledger.refusal import Refusal
from seawall.rules.auction_debt import due_with_penalty
from seawall.rules.dutch_auction import (
    LinearCurve,
    PriceTable,
    StairstepCurve,
    Take,
    balance_to_auction,
    is_farmable,
    is_spent,
    keeper_reward,
    take,
)

RAD = 10**45
START = 2_200 * RAY
LINEAR, STAIRS, EXPONENTIAL = (
    LinearCurve(3600),
    StairstepCurve(90, 99 * RAY // 100),
    StairstepCurve(1, 999 * RAY // 1000),
)
AT_601 = 2071256328682200000000000000000
PENALTY, INDEX = 13 * WAD // 100, 1050000000000000000000000001
DEBT = 14_000 * WAD


def price(curve, seconds, start=START, seconds_max=8400):
    return PriceTable(curve, seconds_max).price_ray(start, seconds)


@pytest.mark.parametrize(
    ("seconds", "linear", "stairs", "exponential"),
    [
        (0, START, START, START),
        (1, 2199388888888888888888888888400, 2200000000000000000000000000000, 2197800000000000000000000000000),
        (90, 2145000000000000000000000000000, 2178000000000000000000000000000, 2010558070083094552654082724000),
        (601, 1832722222222222222222222221000, AT_601, 1205816173271625233192876271600),
        (1800, 1100000000000000000000000000000, 1799395262713907915956237054200, 363330191364136784998815481800),
        (3599, 611111111111111111111109400, 1486603907932623364307419108200, 60064076784375401046540506000),
        (8400, 0, 863964262387171405595464828400, 492633315930788022874650800),
    ],
)
def test_curves_are_the_contracts_to_the_unit(seconds, linear, stairs, exponential):
    found = [price(curve, seconds) for curve in (LINEAR, STAIRS, EXPONENTIAL)]
    assert found == [linear, stairs, exponential]


def test_a_stair_is_stepped_down_when_its_time_is_full():
    assert [price(STAIRS, seconds) for seconds in (89, 90, 91, 179, 180)] == [
        START,
        START * 99 // 100,
        START * 99 // 100,
        START * 99 // 100,
        START * 9801 // 10_000,
    ]


def test_a_line_ends_at_zero_and_stays_there():
    assert [LINEAR.share_ray(seconds) for seconds in (3599, 3600, 3601)] == [RAY // 3600, 0, 0]


def test_stairs_reach_the_market_and_the_reset_when_the_parameters_say_so():
    # A start of 1.1, cuts of 0.3 % every 30 seconds and a reset below 0.6, as vectors for the sale of ether have them.
    table = PriceTable(StairstepCurve(30, 997 * RAY // 1000), 10_000)
    start = 1_100 * RAY
    below_market = next(step for step in range(300) if table.price_ray(start, 30 * step) <= 1_000 * RAY)
    assert below_market == 32
    assert table.price_ray(start, 960) // 10**15 == 999_166_238_926_848
    spent = next(step for step in range(300) if is_spent(start, table.price_ray(start, 30 * step), 0, 1, 6 * RAY // 10))
    assert spent == 171
    assert table.price_ray(start, 100) == 1_100 * RAY * 997**3 // 1000**3


def test_a_linear_price_is_what_the_line_says():
    assert price(LINEAR, 900, start=1_100 * RAY) == 825 * RAY


@pytest.mark.parametrize("curve", [LINEAR, STAIRS, EXPONENTIAL])
def test_beyond_its_table_a_curve_goes_on(curve):
    short, long = PriceTable(curve, 200), PriceTable(curve, 9_000)
    for seconds in (0, 199, 200, 201, 269, 270, 271, 8_999):
        assert (
            short.price_ray(START, seconds) == long.price_ray(START, seconds) == START * curve.share_ray(seconds) // RAY
        )


@given(
    base=st.integers(0, 2 * RAY),
    exponent=st.integers(0, 40),
)
def test_a_power_rounds_every_square_and_product_half_up(base, exponent):
    power, square, rest = RAY, base, exponent
    if rest % 2:
        power = base
    rest //= 2
    while rest:
        square = (square * square + RAY // 2) // RAY
        if rest % 2:
            power = (power * square + RAY // 2) // RAY
        rest //= 2
    assert power_half_up(base, exponent, RAY) == power


@settings(max_examples=50)
@given(cut=st.integers(RAY // 2, RAY - 10**20), step=st.integers(1, 600), start=st.integers(1, 10**32), data=st.data())
def test_the_price_never_rises_with_time(cut, step, start, data):
    table = PriceTable(StairstepCurve(step, cut), 20 * step)
    first, second = sorted(data.draw(st.tuples(st.integers(0, 25 * step), st.integers(0, 25 * step))))
    assert table.price_ray(start, first) >= table.price_ray(start, second)


# -- when it is spent --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "price_ray", "expected"),
    [
        (8_400, START, False),
        (8_401, START, True),
        (0, START * 4 // 10, False),
        (0, START * 4 // 10 - 1, True),
    ],
)
def test_an_auction_is_spent_past_its_time_or_below_its_share(seconds, price_ray, expected):
    assert is_spent(START, price_ray, seconds, 8_400, 4 * RAY // 10) is expected


# -- takes -------------------------------------------------------------------------------------------------------


def test_a_take_that_would_leave_dust_leaves_the_least_that_is_worth_a_take():
    due = 16_611_000_000_000_000_000_000_000_015_820_000_000_000_000_000_000
    taken = take(10 * WAD, due, 4 * WAD, AT_601, 8_475 * RAD)
    assert taken == Take(3_928_050_761_914_333_072, 8_136_000_000_000_000_000_000_000_015_820_000_000_000_000_000_000)
    assert due - taken.pay_ray == 8_475 * RAD
    assert 10 * WAD - taken.lot_balance == 6_071_949_238_085_666_928
    rest = take(10 * WAD - taken.lot_balance, due - taken.pay_ray, 10 * WAD, AT_601, 8_475 * RAD)
    assert rest == Take(8_475 * RAD // AT_601, 8_475 * RAD)


@pytest.mark.parametrize(
    ("wanted", "due", "expected"),
    [
        # Price 2, lot 100, at least 30 stays due. All of the lot may be bought whatever stays due.
        (100, 199, Take(99, 199)),
        (100, 200, Take(100, 200)),
        (100, 201, Take(100, 200)),
        (1_000, 500, Take(100, 200)),
        # A part leaves the least, or nothing.
        (10, 51, Take(10, 20)),
        (10, 50, Take(10, 20)),
        (10, 49, Take(9, 19)),
        (10, 31, Take(0, 1)),
        (10, 30, Refusal.LEAVES_DUST),
        (10, 21, Refusal.LEAVES_DUST),
        (10, 20, Take(10, 20)),
        (10, 19, Take(9, 19)),
    ],
)
def test_takes_at_their_edges(wanted, due, expected):
    assert take(100, due, wanted, 2, 30) == expected


@given(
    lot=st.integers(1, 10**24), due=st.integers(1, 10**52), wanted=st.integers(1, 10**25), price_ray=st.integers(1, 10**32),
    least=st.integers(0, 10**50),
)  # fmt: skip
def test_a_take_pays_at_least_its_price_and_leaves_no_dust(lot, due, wanted, price_ray, least):
    taken = take(lot, due, wanted, price_ray, least)
    if isinstance(taken, Refusal):
        assert due <= least
        return
    assert 0 <= taken.lot_balance <= min(lot, wanted)
    assert 0 <= taken.pay_ray <= due
    assert taken.lot_balance * price_ray <= taken.pay_ray < (taken.lot_balance + 1) * price_ray
    left = due - taken.pay_ray
    assert left == 0 or left >= least or taken.lot_balance == lot


# -- what is auctioned -------------------------------------------------------------------------------------------


def test_a_whole_account_is_auctioned_where_there_is_room():
    assert balance_to_auction(DEBT, INDEX, 10**9 * RAD, PENALTY, 7_500 * RAD) == DEBT
    debt_ray = DEBT * INDEX
    assert debt_ray == 14_700_000_000_000_000_000_000_000_014_000_000_000_000_000_000_000
    due = due_with_penalty(debt_ray, PENALTY)
    assert due == 16_611_000_000_000_000_000_000_000_015_820_000_000_000_000_000_000
    assert keeper_reward(due, 300 * RAD, WAD // 1000) == 316_611_000_000_000_000_000_000_000_015_820_000_000_000_000_000
    assert due_with_penalty(7_500 * RAD, PENALTY) == 8_475 * RAD


def test_a_part_is_auctioned_where_the_room_is_less():
    part = balance_to_auction(DEBT, INDEX, 9_000 * RAD, PENALTY, 5_000 * RAD)
    assert part == 7_585_335_018_963_337_547_408
    assert 10 * WAD * part // DEBT == 5_418_096_442_116_669_676
    assert part * INDEX == 7_964_601_769_911_504_424_778_400_007_585_335_018_963_337_547_408
    assert due_with_penalty(part * INDEX, PENALTY) == 8_999_999_999_999_999_999_999_592_008_571_428_571_428_571_428_571


@pytest.mark.parametrize(
    ("room", "least", "expected"),
    [
        # No penalty, index one: the room in units is what fits.
        (0, 0, Refusal.AUCTION_LIMIT),
        (-1, 0, Refusal.AUCTION_LIMIT),
        (99, 0, 99),
        (100, 30, 100),
        (101, 30, 100),
        (71, 30, 100),
        (70, 30, 70),
        (30, 30, 30),
        (29, 30, Refusal.AUCTION_LIMIT),
        (29, 80, 100),
    ],
)
def test_the_room_and_the_dust_rule_at_their_edges(room, least, expected):
    assert balance_to_auction(100, RAY, room * RAY, 0, least * RAY) == expected


def test_the_room_is_divided_by_the_index_before_the_penalty():
    # floor(floor(100 * WAD / 3) / (1.5 WAD)) with an index of 3: the order of the divisions is the contract's.
    assert balance_to_auction(10**9, 3, 100, WAD // 2, 0) == 100 * WAD // 3 // (3 * WAD // 2) == 22


# -- rewards that cannot be farmed -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flat", "reward_ratio", "expected"),
    [
        # A debt of at least 1,000 and a penalty of 10 %: the least penalty is 100.
        (100, 0, False),
        (101, 0, True),
        (0, WAD // 11, False),
        (0, WAD // 11 + 1, True),
        (89, WAD // 100, False),
        (90, WAD // 100, True),
    ],
)
def test_a_reward_may_not_exceed_the_penalty_of_the_least_debt(flat, reward_ratio, expected):
    assert is_farmable(flat, reward_ratio, WAD // 10, 1_000) is expected


@given(
    flat=st.integers(0, 10**49), reward_ratio=st.integers(0, WAD // 5), penalty=st.integers(0, WAD // 4),
    least=st.integers(0, 10**50), more=st.integers(0, 10**54),
)  # fmt: skip
def test_where_the_rule_lets_a_reward_through_no_debt_pays_its_own_keeper(flat, reward_ratio, penalty, least, more):
    if not is_farmable(flat, reward_ratio, penalty, least):
        due = due_with_penalty(least + more, penalty)
        assert keeper_reward(due, flat, reward_ratio) <= due - (least + more)
