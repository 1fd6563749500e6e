import pytest

from seawall.fixed import WAD
from seawall.studies.pegged_book import COLLATERAL, UNIT, Harm, Loan, harm, pegged_book
from seawall.studies.price_steps import PriceSteps

AT_ONE = PriceSteps("the pool", [(0, WAD), (5, 99 * WAD // 100)])


def loan(debt, collateral=100):
    return Loan(collateral * UNIT, debt * WAD)


def falls_to(*prices):
    return [(nth, price * WAD // 1_000) for nth, price in enumerate(prices)]


def test_a_book_is_what_it_says():
    book = pegged_book(500, 1)
    assert sum(each.collateral_amount for each in book) == COLLATERAL
    ratios = sorted(each.debt_value / each.collateral_amount for each in book)
    assert 0.30 <= ratios[0] < 0.31
    assert 0.87 < ratios[-1] < 0.88
    assert abs(ratios[250] - 0.59) < 0.03
    assert book == pegged_book(500, 1)
    assert book != pegged_book(500, 2)
    sizes = sorted(each.collateral_amount for each in book)
    assert 5 < sizes[420] / sizes[250] < 11  # one deviation above the median is e * e


@pytest.mark.parametrize(("price", "closed"), [(801, 0), (800, 0), (799, 1)])
def test_an_account_is_closed_below_its_line_and_not_on_it(price, closed):
    # 100 * 0.8 * 0.9 = 72
    assert harm([loan(72)], falls_to(1_000, price, 1_000), AT_ONE, WAD).closed_count == closed


def test_the_line_is_exact_to_the_last_digit_of_a_price():
    line = 8 * WAD // 10
    assert harm([loan(72)], [(0, line)], AT_ONE, WAD).closed_count == 0
    assert harm([loan(72)], [(0, line - 1)], AT_ONE, WAD).closed_count == 1


def test_an_account_is_closed_once_at_the_first_mark_that_makes_it_liquidatable():
    assert harm([loan(72)], falls_to(790, 650, 790), AT_ONE, WAD).repaid_value == 72 * WAD
    found = harm([loan(72)], falls_to(1_000, 700, 650), AT_ONE, WAD)
    # 72 * 1.05 / 0.7 = 108 exceeds the collateral, of which all is seized: 100 * 0.7 / 1.05 = 66.67 is repaid.
    assert found == Harm(1, 72 * WAD - found.bad_debt_value, 100 * WAD - found.repaid_value, found.bad_debt_value, 0)
    assert abs(found.bad_debt_value - 16 * WAD // 3) <= 1


def test_what_a_borrower_loses_is_told_at_the_pools_price_of_then():
    # 63 * 1.05 / 0.6615 = 100 of 200 are seized; at 5 the pool says 0.99.
    found = harm([loan(63, 200)], [(5, 6_615 * WAD // 10_000)], AT_ONE, WAD)
    assert found.closed_count == 0
    found = harm([loan(126, 200)], [(5, 6_615 * WAD // 10_000)], AT_ONE, WAD)
    assert (found.repaid_value, found.borrower_loss_value, found.bad_debt_value) == (126 * WAD, 72 * WAD, 0)


def test_who_stands_is_lost_to_lenders_had_the_lowest_price_been_true():
    lowest = 65 * WAD // 100
    found = harm([loan(61), loan(63)], falls_to(1_000), AT_ONE, lowest)
    # 100 * 0.65 / 1.05 = 61.905 is all that either could repay.
    assert (found.closed_count, found.repaid_value, found.borrower_loss_value) == (0, 0, 0)
    assert found.unsold_loss_value == 63 * WAD - 65 * WAD * 100 // 105


def test_who_owes_nothing_is_never_closed():
    assert harm([loan(0)], falls_to(1), AT_ONE, 1) == Harm(0, 0, 0, 0, 0)


def test_where_no_mark_is_usable_nobody_is_closed():
    assert harm([loan(89)], [], AT_ONE, WAD).closed_count == 0
