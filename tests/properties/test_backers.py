"""Backers of a stability pool against a twin that computes with exact fractions."""

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.fixed import WAD
from seawall.ledger.backstop import Backstop, Redistribution
from seawall.rules.redistribution import entire_amounts, leave, note_stakes, redistribute, restake
from seawall.rules.stability_pool import claims, commit, offset, take_gain, worth

BACKERS = [bytes([nth]) for nth in range(6)]
FRACTION_BITS = 2_000
"""The twin forgets what is smaller than this many binary digits: nothing, beside what is measured."""
FORGOTTEN = Fraction(1, 10**30)


def short(exact: Fraction) -> Fraction:
    return Fraction(exact.numerator * 2**FRACTION_BITS // exact.denominator, 2**FRACTION_BITS)


class Twin:
    """Every backer's worth and gain, moved one by one."""

    def __init__(self) -> None:
        self.worth = dict.fromkeys(BACKERS, Fraction(0))
        self.gain = dict.fromkeys(BACKERS, Fraction(0))

    def offset(self, debt: int, collateral: int, total: int) -> None:
        for backer, own in self.worth.items():
            self.gain[backer] = short(self.gain[backer] + own * collateral / total)
            self.worth[backer] = short(own * (total - debt) / total)


class Side:
    """The pool and its twin, and by how much they may differ."""

    def __init__(self) -> None:
        self.pool, self.twin = Backstop(), Twin()
        self.offset_count, self.change_count, self.largest = 0, 0, 0
        self.gain_lost = Fraction(0)

    @property
    def worth_lost(self) -> Fraction:
        """Each change of a commitment floors it twice, each offset takes its part of 1e-27."""
        return Fraction(self.offset_count * self.largest, 10**27) + 3 * (self.change_count + 1)

    def commit(self, backer: bytes, change: int) -> None:
        held = self.pool.commitments.get(backer)
        change = max(change, -worth(self.pool, held) if held else 0)
        commit(self.pool, backer, change)
        self.twin.worth[backer] += change
        self.change_count += 1
        self.largest = max(self.largest, self.pool.amount)

    def offset(self, debt: int, collateral: int) -> None:
        total = self.pool.amount
        debt = min(debt, total)
        if debt:
            self.twin.offset(debt, collateral, total)
            offset(self.pool, debt, collateral)
            self.offset_count += 1
            # Worth that is missing gains nothing, nor does what fell below 1e-18 of a commitment.
            self.gain_lost += (self.worth_lost + Fraction(self.largest, 10**18)) * collateral / total
            self.gain_lost += Fraction(collateral * self.offset_count + self.largest, 10**27)

    def take(self, backer: bytes) -> None:
        self.twin.gain[backer] -= take_gain(self.pool, backer)
        self.change_count += 1

    def check(self) -> None:
        pool, order = self.pool, sorted(self.pool.commitments)
        owned = dict(zip(order, claims(pool, [pool.commitments[backer] for backer in order]), strict=True))
        assert sum(left for left, _ in owned.values()) <= pool.amount
        assert sum(gained for _, gained in owned.values()) <= pool.collateral_amount
        for backer in BACKERS:
            left, gained = owned.get(backer, (0, 0))
            assert -FORGOTTEN <= self.twin.worth[backer] - left <= self.worth_lost
            assert -FORGOTTEN <= self.twin.gain[backer] - gained <= self.gain_lost + 3 * (self.change_count + 1)


OPERATION = st.tuples(
    st.sampled_from(["commit", "commit", "withdraw", "offset", "offset", "deep", "take"]),
    st.sampled_from(BACKERS),
    st.integers(10**18, 10**24),
    st.integers(0, 10**20),
)


def perform(side: Side, kind: str, backer: bytes, amount: int, collateral: int) -> None:
    match kind:
        case "commit":
            side.commit(backer, amount)
        case "withdraw":
            side.commit(backer, -amount)
        case "offset":
            side.offset(amount, collateral)
        case "deep":
            side.offset(max(0, side.pool.amount - 10**18), collateral)
        case "take":
            side.take(backer)


@settings(max_examples=60, deadline=None)
@given(st.lists(OPERATION, max_size=40))
def test_backers_own_what_fractions_say_but_for_a_few_units_and_never_more(operations):
    side = Side()
    for operation in operations:
        perform(side, *operation)
        side.check()


def test_thousands_of_operations_over_many_scales_stay_within_the_bound():
    random, side = Random(7), Side()
    side.commit(BACKERS[0], 10**24)
    for nth in range(3_000):
        kind = random.choice(["commit", "commit", "withdraw", "offset", "offset", "take", "offset"])
        if nth % 150 == 149:
            kind = "deep"
        perform(side, kind, random.choice(BACKERS), random.randrange(10**18, 10**22), random.randrange(10**20))
        if nth % 10 == 0:
            side.check()
    assert side.pool.scale >= 5


def entire_of(redistribution: Redistribution) -> dict[bytes, tuple[int, int]]:
    return {account: entire_amounts(redistribution, held) for account, held in redistribution.stakes.items()}


@pytest.mark.parametrize("seed", range(40))
def test_accounts_get_their_part_of_what_is_redistributed_and_never_more(seed):
    random, redistribution = Random(seed), Redistribution()
    own: dict[bytes, list[Fraction]] = {}
    for _ in range(60):
        account, collateral, debt = random.choice(BACKERS), random.randrange(10**15, 10**21), random.randrange(10**24)
        if random.random() < 0.5:
            restake(redistribution, account, collateral, debt)
            own[account] = [Fraction(collateral), Fraction(debt)]
        elif len(own) > 1 and account in own:
            leave(redistribution, account)
            del own[account]
            redistribute(redistribution, collateral, debt)
            note_stakes(redistribution)
            for held, stake in redistribution.stakes.items():
                own[held][0] += Fraction(collateral * stake.stake, redistribution.stake_total)
                own[held][1] += Fraction(debt * stake.stake, redistribution.stake_total)
        entire = entire_of(redistribution)
        assert sum(collateral for collateral, _ in entire.values()) <= redistribution.collateral_amount
        assert sum(debt for _, debt in entire.values()) <= redistribution.debt_amount
        drift = 60 * redistribution.stake_total // WAD + 60
        for held, amounts in entire.items():
            assert all(abs(exact - found) <= drift for exact, found in zip(own[held], amounts, strict=True))
