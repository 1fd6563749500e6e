"""Each compiled loop equals its plain twin, bit for bit."""

import numpy as np
import pytest

from seawall.monitor.kernels import (
    BLOCK,
    CAPACITY,
    CELL_START,
    COUNT,
    PAIRS_FULL,
    PLACED,
    ROW_START,
    SHELF_FULL,
    count_widths_nb,
    count_widths_py,
    place_accounts_nb,
    place_accounts_py,
    screen_margins_nb,
    screen_margins_py,
)

SLOTS, ACCOUNTS, POSITIONS = 10, 200, 5


class Columns:
    """A random book and empty shelves, twice the same for the same seed."""

    def __init__(self, seed: int, room: int = ACCOUNTS, pairs: int = 100) -> None:
        dice = np.random.default_rng(seed)
        self.count = dice.integers(0, POSITIONS + 1, ACCOUNTS).astype(np.uint8)
        self.first = (np.cumsum(self.count) - self.count).astype(np.int32)
        cells = int(self.count.sum())
        self.slot = dice.integers(0, SLOTS, cells).astype(np.uint16)
        self.category = dice.integers(0, 3, ACCOUNTS).astype(np.uint8)
        self.low = dice.integers(0, 1 << 64, cells, dtype=np.uint64) >> dice.integers(0, 64, cells, dtype=np.uint64)
        self.high = np.where(dice.random(cells) < 0.3, dice.integers(0, 1 << 63, cells, dtype=np.uint64), np.uint64(0))
        self.status = (dice.random(ACCOUNTS) < 0.3).astype(np.uint8)
        self.width = np.zeros(ACCOUNTS, np.uint8)
        self.place = np.full(ACCOUNTS, -1, np.int32)
        self.shelves = np.zeros((256, 4), np.int64)
        widths = np.arange(256)
        self.shelves[: POSITIONS + 1, CAPACITY] = room
        self.shelves[:, CELL_START] = np.minimum(np.cumsum(widths * room) - widths * room, room * 15)
        self.shelves[:, ROW_START] = np.minimum(widths * room, room * 6)
        self.shelf_row = np.zeros(room * 6, np.int32)
        self.coefficient_f64 = np.zeros(room * 15)
        self.term = np.zeros(room * 15, np.uint16)
        self.pair_of = np.full((SLOTS, 256), 0xFFFF, np.uint16)
        self.pair_slot = np.zeros(pairs, np.uint16)
        self.pair_category = np.zeros(pairs, np.uint8)
        self.pair_count = np.zeros(1, np.int64)
        self.units_f64 = np.array([1.0, 3.0])

    def place_with(self, kernel, changed) -> int:
        columns = dict(vars(self))
        return kernel(np.asarray(changed, np.int64), **columns)

    def assert_equals(self, other: "Columns") -> None:
        for name, column in vars(self).items():
            assert column.tobytes() == getattr(other, name).tobytes(), name


@pytest.mark.parametrize("seed", range(5))
def test_placing_is_the_same_compiled_and_plain_through_changes(seed):
    plain, compiled = Columns(seed), Columns(seed)
    dice = np.random.default_rng(100 + seed)
    changed = np.arange(ACCOUNTS)
    for _ in range(6):
        for columns, kernel in ((plain, place_accounts_py), (compiled, place_accounts_nb)):
            assert columns.place_with(kernel, changed) == PLACED
        plain.assert_equals(compiled)
        changed = dice.integers(0, ACCOUNTS, 60)
        flips, shorter = dice.random(ACCOUNTS) < 0.2, dice.random(ACCOUNTS) < 0.2
        for columns in (plain, compiled):
            columns.status[changed] ^= flips[changed]
            columns.count[changed] -= (shorter & (columns.count > 0))[changed]


def test_every_watched_account_lies_on_the_shelf_of_its_width_once():
    columns = Columns(7)
    columns.place_with(place_accounts_nb, np.arange(ACCOUNTS))
    width_counts = np.zeros(256, np.int64)
    count_widths_nb(columns.first, columns.count, columns.slot, columns.status, width_counts)
    assert (columns.shelves[:, COUNT] == width_counts).all()
    for row in range(ACCOUNTS):
        begin, end = columns.first[row], columns.first[row] + columns.count[row]
        watched = columns.status[row] or any(columns.slot[at] & 1 for at in range(begin, end))
        assert (columns.place[row] >= 0) == bool(watched)
        if watched:
            assert columns.shelf_row[columns.shelves[columns.width[row], ROW_START] + columns.place[row]] == row


def test_counting_widths_is_the_same_compiled_and_plain():
    columns = Columns(3)
    plain, compiled = np.zeros(256, np.int64), np.zeros(256, np.int64)
    count_widths_py(columns.first, columns.count, columns.slot, columns.status, plain)
    count_widths_nb(columns.first, columns.count, columns.slot, columns.status, compiled)
    assert (plain == compiled).all()


@pytest.mark.parametrize("kernel", [place_accounts_py, place_accounts_nb])
def test_a_full_shelf_is_reported(kernel):
    assert Columns(1, room=3).place_with(kernel, np.arange(ACCOUNTS)) == SHELF_FULL


@pytest.mark.parametrize("kernel", [place_accounts_py, place_accounts_nb])
def test_a_full_table_of_pairs_is_reported(kernel):
    assert Columns(1, pairs=4).place_with(kernel, np.arange(ACCOUNTS)) == PAIRS_FULL


@pytest.mark.parametrize("seed", range(4))
def test_screening_is_the_same_compiled_and_plain_with_nan_and_infinity(seed):
    dice = np.random.default_rng(seed)
    counts = dice.integers(0, 2 * BLOCK + 9, 6)
    shelves = np.zeros((256, 4), np.int64)
    shelves[:6, COUNT], shelves[:6, CAPACITY] = counts, counts + 5
    widths = np.arange(256)
    shelves[:, CELL_START] = np.cumsum(shelves[:, CAPACITY] * widths) - shelves[:, CAPACITY] * widths
    shelves[:, ROW_START] = np.cumsum(shelves[:, CAPACITY]) - shelves[:, CAPACITY]
    rows, cells = int(shelves[:, CAPACITY].sum()), int((shelves[:, CAPACITY] * widths).sum())
    shelf_row = dice.permutation(rows).astype(np.int32)
    coefficient_f64 = dice.normal(0.0, 1.0, cells) * 10.0 ** dice.integers(-5, 30, cells)
    term = dice.integers(0, 40, cells).astype(np.uint16)
    price_f64 = dice.random(40)
    if seed % 2:
        price_f64[[3, 4]] = np.nan, np.inf
    answers = []
    for kernel in (screen_margins_py, screen_margins_nb):
        margin_f64, flagged = np.zeros(BLOCK), np.zeros(rows, np.int32)
        with np.errstate(invalid="ignore"):
            count = kernel(shelves, shelf_row, coefficient_f64, term, price_f64, 0.25, margin_f64, flagged)
        answers.append((count, flagged.tobytes(), margin_f64.tobytes()))
    assert answers[0] == answers[1]
    assert 0 < answers[0][0] < counts.sum()
