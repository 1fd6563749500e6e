"""What is said of warnings: in an account's story, in the short table and in the report; nothing where nobody is warned."""

import json

from tests.deployments import BORROWER, HOUR, START, Desk

from seawall.app.order_sentence import order_numbers, order_sentence
from seawall.app.outcome_text import outcome_rows
from seawall.app.replay_folder import read_record
from seawall.app.report import report_page
from seawall.ledger.deployment import Policy
from seawall.ledger.order import LiftWarning, WarnAccount
from seawall.ledger.refusal import Refusal


def test_a_warning_and_its_end_are_sentences_with_all_their_numbers():
    desk = Desk(policy=Policy(warning_health_ratio=11 * 10**17))
    deployment = desk.state.deployment
    warned = WarnAccount(BORROWER, 1_099_999_999_999_999_999, 11 * 10**17)
    assert order_sentence(warned, START, deployment) == "Is warned: health 1.0999 is below 1.1."
    assert order_numbers(warned, deployment) == {
        "health_factor_ratio": "1.099999999999999999", "warning_health_ratio": "1.1",
    }  # fmt: skip
    lifted = LiftWarning(BORROWER, Refusal.NO_DEBT, START)
    assert order_sentence(lifted, START + 2 * HOUR, deployment) == "The warning is lifted after 2.0 h: no debt."


def test_the_short_table_has_a_row_for_warnings_only_where_there_is_a_line(finished_folder):
    outcome = json.loads((finished_folder / "outcome.json").read_text())
    assert ["Warnings", "1,702 below 1.1, 311 lifted, half of those who fell had 3.2 min"] in outcome_rows(outcome)
    outcome["warnings"].update(health_factor="0", count=0)
    assert "Warnings" not in [name for name, _ in outcome_rows(outcome)]


def test_the_report_says_how_much_notice_accounts_had(finished_folder):
    page = report_page(read_record(finished_folder))
    assert (
        "1,702 warnings came below a health factor of 1.1; half of those that fell below their line had 3.2 min."
        in page
    )
