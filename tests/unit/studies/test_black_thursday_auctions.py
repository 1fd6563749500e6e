import os
from pathlib import Path

import pytest
from tests.unit.studies.auction_files import write_files

from seawall.studies.black_thursday_auctions import CAPITALS, RULES, SPEEDS, study
from seawall.studies.study import Claim

SEEN = []


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    folder = write_files(tmp_path_factory.mktemp("data"))
    return study(folder, lambda done, total: SEEN.append((done, total)))


def test_every_figure_says_what_it_is_worth(outcome):
    assert [table.claim for table in outcome.tables] == [
        Claim.FITTED,
        Claim.PREDICTED,
        Claim.PREDICTED,
        Claim.PREDICTED,
    ]
    assert {chart.claim for chart in outcome.charts} == {Claim.PREDICTED}
    assert [line.claim for line in outcome.lines].count(Claim.FITTED) == 2


def test_capacity_is_fitted_on_the_first_day_only(outcome):
    assert outcome.tables[0].rows == (
        ("12 March 12:00", "reached", "305", "1,097", 2, 1),
        ("12 March 13:00", "at least", "170", "157", 1, 0),
    )
    found = {line.what: line.found for line in outcome.lines if line.claim is Claim.FITTED}
    assert list(found.values()) == ["0.783", "1 of 2"]  # 470 / 600


def test_the_second_day_is_predicted_and_its_error_is_signed(outcome):
    # Five lots' ether would cost 500 * 0.783 = 392; both hours paid 170 or more, one in one of them reached 305.
    assert outcome.tables[1].rows == (("13 March 12:00", 2, "392", 22.1, 50.0),)
    found = {line.what: (line.found, line.published) for line in outcome.lines}
    assert found["zero bids of 13 March, % of its auctions (beside: the file)"] == ("22.1", "50.0")
    assert found["error of that prediction, points"] == ("-27.9", "")
    assert outcome.charts[1].series == {"predicted": (pytest.approx(22.1, abs=0.05),), "found": (50.0,)}


def test_what_keepers_recover_is_stated_for_each_rule_and_speed(outcome):
    assert [row[:2] for row in outcome.tables[2].rows] == [(rule.name, name) for rule in RULES for name in SPEEDS]
    shares = [row[2] for row in outcome.tables[2].rows]
    assert all(fast > slow for fast, slow in zip(shares[0::3], shares[2::3], strict=True))
    curve = outcome.charts[0]
    assert list(curve.series) == list(SPEEDS)
    assert len(curve.labels) == len(CAPITALS) + 1
    assert [round(series[-1], 2) for series in curve.series.values()] == shares[:3]


def test_it_says_how_far_it_is(outcome):
    assert SEEN[0] == (0, 7)
    assert SEEN[-1] == (7, 7)
    assert sorted(SEEN) == SEEN


@pytest.mark.skipif("SEAWALL_DATA" not in os.environ, reason="SEAWALL_DATA does not name a folder of recorded crashes")
def test_the_published_shares_come_out_and_capital_is_what_was_missing():
    found = study(Path(os.environ["SEAWALL_DATA"]), lambda done, total: None)
    shares = [line for line in found.lines if line.what.endswith("+/- 0.1")]
    assert len(shares) == 9
    assert all(line.holds for line in shares)
    assert found.lines[-1].found == "43.0"
    for curve in found.charts[0].series.values():
        assert list(curve) == sorted(curve)
        assert (curve[0] < 60, 70 < curve[1] < 80, curve[3] > 87) == (True, True, True)
        assert curve[-2] == curve[-1]
    (share, error) = (line for line in found.lines if line.what.startswith(("zero bids of", "error of")))
    assert (share.found, share.published, error.found) == ("33.5", "27.7", "+5.8")
