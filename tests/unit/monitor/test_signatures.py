"""Frequent signatures get shelves, whatever else comes; rare ones share those of their width, and the table stays as it is."""

import random

import numpy as np
from numba import njit

from seawall.monitor.account_blocks import WIDTHS
from seawall.monitor.signatures import POSITIONS_MAX, SHELF_FROM, SHELVES, no_signatures, see_signature

compiled_see = njit(see_signature)


def seen(signatures, terms, see=compiled_see):
    return see(signatures, np.array(terms, np.uint16), np.arange(len(terms), dtype=np.uint8), len(terms))


def test_a_signature_has_its_shelf_from_its_sixty_fourth_account_on():
    signatures = no_signatures()
    for nth in range(1, SHELF_FROM + 20):
        assert seen(signatures, [1, 5, 9]) == (3 if nth < SHELF_FROM else WIDTHS)
        assert seen(signatures, [1, 5]) == (2 if nth < SHELF_FROM else WIDTHS + 1)


def test_frequent_signatures_have_shelves_among_many_rare_ones():
    draw, signatures, shelves = random.Random(1), no_signatures(), {}
    frequent = [sorted(draw.sample(range(500), draw.randint(1, 6))) for _ in range(200)]
    for _ in range(200_000):
        if draw.random() < 0.5:
            shelves.setdefault(tuple(each := draw.choice(frequent)), set()).add(seen(signatures, each))
        else:
            rare = sorted(draw.sample(range(2000), width := draw.randint(3, 6)))
            assert seen(signatures, rare) == width
    own = [max(each) for each in shelves.values()]
    assert sum(shelf >= WIDTHS for shelf in own) > 195
    assert len({shelf for shelf in own if shelf >= WIDTHS}) == sum(shelf >= WIDTHS for shelf in own)
    assert all(len(each) <= 2 for each in shelves.values())


def test_shelves_end_where_the_last_one_is_given():
    signatures = no_signatures()
    shelves = {seen(signatures, [at, at + 1]) for at in range(3000) for _ in range(SHELF_FROM)}
    assert max(shelves) < SHELVES
    assert len(shelves) > 1000


def test_long_and_empty_signatures_are_not_told_apart():
    signatures = no_signatures()
    for _ in range(2 * SHELF_FROM):
        assert seen(signatures, range(POSITIONS_MAX + 1)) == POSITIONS_MAX + 1
        assert seen(signatures, []) == 0


def test_the_plain_twin_counts_the_same():
    draw, both = random.Random(2), (no_signatures(), no_signatures())
    for _ in range(3000):
        terms = sorted(draw.sample(range(9), draw.randint(1, 3)))
        assert seen(both[0], terms) == seen(both[1], terms, see_signature)
    assert (both[0].table == both[1].table).all()
