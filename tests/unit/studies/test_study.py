import pytest

from seawall.fixed import WAD
from seawall.studies.study import Claim, compared, rounded_text


@pytest.mark.parametrize(
    ("wad", "places", "text"),
    [
        (0, 0, "0"),
        (WAD // 2 - 1, 0, "0"),
        (WAD // 2, 0, "1"),
        (-(WAD // 2), 0, "-1"),
        (-(WAD // 2) + 1, 0, "0"),
        (1_234_567 * WAD + 895 * WAD // 1000, 2, "1,234,567.90"),
        (1_234_567 * WAD + 894 * WAD // 1000, 2, "1,234,567.89"),
        (-WAD // 20, 1, "-0.1"),
        (999_999 * WAD // 1000, 2, "1,000.00"),
    ],
)
def test_numbers_round_half_away_from_zero_to_their_places(wad, places, text):
    assert rounded_text(wad, places) == text


@pytest.mark.parametrize(
    ("wad", "published", "holds"),
    [
        (1_234_500_000 * WAD // 1000, "1,234,500", True),
        (2 * WAD, "2", True),
        (WAD * 5 // 2, "2", False),
        (WAD * 249 // 100, "2.5", True),
    ],
)
def test_a_figure_holds_where_it_is_the_published_one_to_its_digits(wad, published, holds):
    line = compared("figure", wad, published)
    assert (line.claim, line.published, line.holds) == (Claim.DATA_CHECK, published, holds)
