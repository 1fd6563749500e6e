import pytest

from seawall.ledger.integer_column import column_of, entries_at, numbers_in


@pytest.mark.parametrize(
    ("numbers", "width"),
    [([0], 1), ([0, 0, 0], 1), ([1, 255], 1), ([256, 3], 2), ([2**64 - 1], 8), ([2**64, 0], 9), ([5, 2**300], 38)],
)
def test_a_column_is_as_wide_as_its_largest_number(numbers, width):
    column = column_of(numbers)
    assert len(column) == width * len(numbers)
    assert numbers_in(column, len(numbers)) == numbers


def test_a_column_of_nothing_is_nothing():
    assert column_of([]) == b""
    assert numbers_in(b"", 0) == []
    assert entries_at(b"", 0, []) == b""


def test_entries_are_found_by_their_places():
    column = column_of([7, 2**70, 9])
    assert numbers_in(entries_at(column, 3, [2, 0]), 2) == [9, 7]
    assert entries_at(column, 3, []) == b""
