"""Redistribution: the contract's sums and carries, stakes that leave and come, and who takes part in what."""

from seawall.fixed import WAD
from seawall.ledger.backstop import Redistribution, Stake
from seawall.rules.redistribution import entire_amounts, leave, note_stakes, redistribute, restake

E18 = 10**18
FIRST, SECOND, LATE = b"first", b"second", b"late"


def entire(redistribution: Redistribution, account: bytes) -> tuple[int, int]:
    return entire_amounts(redistribution, redistribution.stakes[account])


def test_the_contracts_sums_and_what_the_divisions_leave():
    redistribution = Redistribution(stake_total=1000 * E18 + 3)
    redistribute(redistribution, 6633165829145728643, 12000000000000000000001)
    assert redistribution.collateral_sum == 6633165829145728
    assert redistribution.collateral_carry == 642980100502512562816
    assert redistribution.debt_sum == 11999999999999999999
    assert redistribution.debt_carry == 965000000000000000003
    assert (redistribution.collateral_amount, redistribution.debt_amount) == (
        6633165829145728643,
        12000000000000000000001,
    )


def test_what_a_division_leaves_is_handed_out_with_the_next():
    redistribution = Redistribution()
    for account in (FIRST, SECOND, LATE):
        restake(redistribution, account, 1, 1)
    for _ in range(3):
        redistribute(redistribution, 1, 2)
    assert (redistribution.collateral_sum, redistribution.collateral_carry) == (WAD, 0)
    assert (redistribution.debt_sum, redistribution.debt_carry) == (2 * WAD, 0)
    assert [entire(redistribution, account) for account in (FIRST, SECOND, LATE)] == [(2, 3)] * 3


def test_parts_are_in_proportion_to_stakes_and_rounded_down():
    redistribution = Redistribution()
    restake(redistribution, FIRST, 2 * E18, 10)
    restake(redistribution, SECOND, E18, 20)
    redistribute(redistribution, 100, 50)
    assert entire(redistribution, FIRST) == (2 * E18 + 66, 10 + 32)
    assert entire(redistribution, SECOND) == (E18 + 33, 20 + 16)
    assert (redistribution.collateral_amount, redistribution.debt_amount) == (3 * E18 + 100, 80)


def test_whoever_comes_later_does_not_take_part_in_what_came_before():
    redistribution = Redistribution()
    restake(redistribution, FIRST, 100, 0)
    redistribute(redistribution, 100, 40)
    note_stakes(redistribution)
    restake(redistribution, LATE, 300, 7)
    assert entire(redistribution, LATE) == (300, 7)
    assert redistribution.stakes[LATE].stake == 150
    redistribute(redistribution, 50, 25)
    assert entire(redistribution, FIRST) == (220, 50)
    assert entire(redistribution, LATE) == (330, 22)


def test_a_stake_is_its_collateral_until_a_liquidation_was_noted():
    redistribution = Redistribution()
    restake(redistribution, FIRST, 100, 0)
    restake(redistribution, SECOND, 51, 1)
    assert (redistribution.stakes[SECOND].stake, redistribution.stake_total) == (51, 151)
    redistribution.staked_total, redistribution.staked_collateral_amount = 1, 2
    restake(redistribution, SECOND, 51, 1)
    assert (redistribution.stakes[SECOND].stake, redistribution.stake_total) == (25, 125)


def test_an_account_that_leaves_takes_its_part_along_and_the_unassigned_stays():
    redistribution = Redistribution()
    restake(redistribution, FIRST, 2, 5)
    restake(redistribution, SECOND, 1, 5)
    redistribute(redistribution, 10, 10)
    assert entire(redistribution, FIRST) == (8, 11)
    leave(redistribution, FIRST)
    assert (redistribution.stake_total, redistribution.collateral_amount, redistribution.debt_amount) == (1, 5, 9)
    assert entire(redistribution, SECOND) == (4, 8)
    leave(redistribution, FIRST)
    restake(redistribution, SECOND, 0, 0)
    assert redistribution.stakes == {}
    assert (redistribution.stake_total, redistribution.collateral_amount, redistribution.debt_amount) == (0, 1, 1)


def test_a_change_by_the_owner_settles_what_was_redistributed():
    redistribution = Redistribution()
    restake(redistribution, FIRST, 4, 0)
    redistribute(redistribution, 4, 2)
    collateral_amount, debt_amount = entire(redistribution, FIRST)
    restake(redistribution, FIRST, collateral_amount + 1, debt_amount + 1)
    assert redistribution.stakes[FIRST] == Stake(9, 9, 3, WAD, WAD // 2)
    assert (redistribution.collateral_amount, redistribution.debt_amount) == (9, 3)
