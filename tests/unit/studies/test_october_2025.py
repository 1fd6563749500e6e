import json

import msgspec
import pytest
from tests.unit.studies.october_files import write_files
from tests.unit.tools.test_check_deleveraging import checker

from seawall.fixed import WAD
from seawall.ledger.deleveraging import Deleveraging
from seawall.studies.october_2025 import CONTRACTS, OURS, PRODUCTION, STOPPED_QUEUE, study
from seawall.studies.study import Claim

SEEN = []


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    folder = write_files(tmp_path_factory.mktemp("data"))
    return study(folder, lambda done, total: SEEN.append((done, total)))


def test_its_error_is_signed_wave_by_wave(outcome):
    table = outcome.tables[0]
    assert table.claim is Claim.DATA_CHECK
    assert [(row[0], row[3]) for row in table.rows] == [("1", "-60.25"), ("4", "700.75")]
    assert outcome.charts[0].series == {"error": (-60.25, 700.75)}


def test_what_is_claimed_of_the_generated_book_says_so(outcome):
    table = outcome.tables[1]
    assert table.claim is Claim.PREDICTED
    assert "this book only" in table.caption
    assert outcome.charts[1].claim is Claim.PREDICTED
    assert "generated book only" in outcome.charts[1].caption


def test_policies_pay_what_they_are_asked_for_and_ours_is_the_fairest(outcome):
    rows = {row[0]: row[1:] for row in outcome.tables[1].rows}
    assert list(rows) == [PRODUCTION, STOPPED_QUEUE, CONTRACTS, OURS]
    assert (rows[PRODUCTION][0], rows[PRODUCTION][1]) == ("1,041.00", "640.50")
    for policy in (STOPPED_QUEUE, CONTRACTS, OURS):
        assert (rows[policy][0], rows[policy][1]) == ("400.50", "0.00")
    worst = {policy: row[2] for policy, row in rows.items()}
    gini = {policy: row[4] for policy, row in rows.items()}
    assert min(worst, key=worst.get) == min(gini, key=gini.get) == OURS
    assert rows[OURS][8] == 0
    assert rows[STOPPED_QUEUE][6] < rows[OURS][6]


def test_each_wave_is_published_and_checks(outcome):
    assert list(outcome.records) == ["wave_01.json", "wave_04.json"]
    for content in outcome.records.values():
        assert checker.violations(json.loads(content)) == []
    first = msgspec.json.decode(outcome.records["wave_01.json"], type=Deleveraging)
    assert first.loss.loss_value == 1005 * WAD // 10
    assert sum(cut.paid_value for cut in first.cuts) == first.loss.loss_value
    assert len(first.winners) == 200


def test_it_says_how_far_it_is(outcome):
    assert SEEN == [(0, 2), (1, 2), (2, 2)]
