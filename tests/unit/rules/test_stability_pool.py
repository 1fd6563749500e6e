"""The stability pool: the contract's numbers, scales, an emptied pool, and what backers put in and take out."""

import pytest

from seawall.ledger.backstop import PRODUCT_ONE, Backstop, Commitment
from seawall.rules.stability_pool import claims, commit, gain, offset, take_gain, worth

E18 = 10**18
FIRST, SECOND, LATE = b"first", b"second", b"late"


def pool_of(**amounts: int) -> Backstop:
    backstop = Backstop()
    for backer, amount in amounts.items():
        commit(backstop, backer.encode(), amount)
    return backstop


def held(backstop: Backstop, backer: bytes) -> tuple[int, int]:
    (claim,) = claims(backstop, [backstop.commitments[backer]])
    one = backstop.commitments[backer]
    assert claim == (worth(backstop, one), one.kept_amount + gain(backstop, one))
    return claim


def test_the_contracts_first_offset_and_one_that_leaves_little():
    backstop = pool_of(first=12345 * E18, second=500_000 * E18 - 12345 * E18)
    offset(backstop, 20_000 * E18 + 1, 10552763819095477386)
    assert backstop.product == 959999999999999999999998000000000000
    assert backstop.gain_sums == {0: 21105527638190954772000000000000}
    assert held(backstop, FIRST) == (11851199999999999999999, 260547738693467336)
    offset(backstop, backstop.amount - E18 - 5, 100 * E18)
    assert (backstop.product, backstop.scale) == (2000000000000000010000000000000, 0)
    assert held(backstop, FIRST) == (24690000000000000, 2729547738693467336)
    assert backstop.collateral_amount == 110552763819095477386


def test_who_comes_between_two_offsets_takes_part_in_the_second_alone():
    backstop = pool_of(first=1000 * E18, second=3000 * E18)
    offset(backstop, 1000 * E18, E18)
    commit(backstop, LATE, 1000 * E18)
    offset(backstop, 2000 * E18, 2 * E18)
    assert backstop.product == 375 * PRODUCT_ONE // 1000
    assert held(backstop, FIRST) == (375 * E18, 625 * E18 // 1000)
    assert held(backstop, SECOND) == (1125 * E18, 1875 * E18 // 1000)
    assert held(backstop, LATE) == (500 * E18, 500 * E18 // 1000)


def test_an_older_contracts_offset_shares_the_same_gain_and_rounds_further_down():
    backstop = pool_of(first=500_000 * E18)
    offset(backstop, 20_000 * E18, 10 * E18)
    assert backstop.gain_sums[0] == 2 * 10**31
    assert backstop.product // E18 == 959999999999999999 + 1


@pytest.mark.parametrize(
    ("left", "product", "scale"),
    [(10**9 + 1, 10**27 + 10**18, 0), (10**9, 10**27, 0), (10**9 - 1, (10**9 - 1) * 10**27, 1)],
)
def test_the_scale_moves_once_the_product_is_below_a_billionth(left, product, scale):
    backstop = pool_of(first=E18)
    offset(backstop, E18 - left, E18)
    assert (backstop.product, backstop.scale) == (product, scale)
    assert held(backstop, FIRST) == (left, E18)


def test_one_offset_may_pass_two_scales():
    backstop = pool_of(first=10**30)
    offset(backstop, 10**30 - 10**11, E18)
    assert (backstop.product, backstop.scale) == (10**35, 2)
    assert held(backstop, FIRST) == (10**11, E18)


def test_the_product_of_a_new_scale_is_divided_once():
    backstop = pool_of(first=3 * 10**27)
    offset(backstop, 3 * 10**27 - 2, 0)
    assert backstop.product == 2 * PRODUCT_ONE * 10**27 // (3 * 10**27)
    assert held(backstop, FIRST) == (1, 0)


def test_a_gain_is_read_over_two_later_scales_and_no_further():
    backstop = Backstop(scale=3, gain_sums={0: 7, 1: 3 * 10**9 + 1, 2: 5 * 10**18 + 1, 3: 10**30})
    assert gain(backstop, Commitment(PRODUCT_ONE, PRODUCT_ONE, 2, 0)) == 5 + 3 + 5
    assert gain(backstop, Commitment(PRODUCT_ONE, PRODUCT_ONE, 0, 3)) == 10**30


@pytest.mark.parametrize(("scale", "left"), [(7, 10**9), (8, 1), (9, 0)])
def test_nothing_is_left_of_a_commitment_after_eight_scales(scale, left):
    backstop = Backstop(scale=scale)
    commitment = Commitment(10**72, PRODUCT_ONE, 0, 0)
    assert worth(backstop, commitment) == left
    assert claims(backstop, [commitment]) == [(left, 0)]


def test_an_emptied_pool_pays_out_its_gains_and_begins_anew():
    backstop = pool_of(first=600, second=300)
    offset(backstop, 900, 90)
    assert (backstop.amount, backstop.product, backstop.scale) == (0, PRODUCT_ONE, 9)
    commit(backstop, LATE, 1000)
    offset(backstop, 999, 50)
    assert held(backstop, FIRST) == (0, 60)
    assert held(backstop, SECOND) == (0, 30)
    assert held(backstop, LATE) == (1, 50)


def test_what_was_gained_before_a_change_is_kept_until_it_is_taken():
    backstop = pool_of(first=1000, second=1000)
    offset(backstop, 1000, 300)
    commit(backstop, FIRST, 250)
    assert held(backstop, FIRST) == (750, 150)
    offset(backstop, 250, 100)
    assert held(backstop, FIRST) == (600, 150 + 60)
    assert take_gain(backstop, FIRST) == 210
    assert held(backstop, FIRST) == (600, 0)
    assert (backstop.amount, backstop.collateral_amount) == (1000, 190)
    assert held(backstop, SECOND) == (400, 150 + 40)


def test_a_backer_who_takes_everything_out_leaves_no_trace():
    backstop = pool_of(first=1000, second=1000)
    offset(backstop, 1000, 300)
    commit(backstop, FIRST, -500)
    assert held(backstop, FIRST) == (0, 150)
    assert take_gain(backstop, FIRST) == 150
    assert take_gain(backstop, FIRST) == 0
    assert set(backstop.commitments) == {SECOND}
    commit(backstop, SECOND, -499)
    assert held(backstop, SECOND) == (1, 150)


def test_capital_that_is_not_there_cannot_be_taken_nor_spent():
    backstop = pool_of(first=1000)
    with pytest.raises(AssertionError):
        commit(backstop, FIRST, -1001)
    with pytest.raises(AssertionError):
        offset(backstop, 1001, 0)
    assert held(backstop, FIRST) == (1000, 0)
