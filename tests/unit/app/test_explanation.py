import json
from pathlib import Path

import pytest

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.app.explanation import account_named, explain, explanation_json, explanation_text
from seawall.app.replay_folder import journal_path
from seawall.errors import ConfigError
from seawall.ledger.account import decode_account


def told(folder: Path, name: str) -> dict[str, object]:
    with SqliteJournal.open(journal_path(folder)) as journal:
        explanation = explain(journal, name)
    assert explanation_text(explanation).startswith(explanation.account)
    return explanation_json(explanation)


def outcome(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "outcome.json").read_text())
    return found


def test_the_worst_accounts_story_adds_up_to_its_line_in_the_outcome(replayed: Path) -> None:
    worst = outcome(replayed)["worst_accounts"][0]  # type: ignore[index]
    story = told(replayed, worst["account"])
    fills = [each["numbers"] for each in story["happenings"] if each["kind"] == "SettleFill"]  # type: ignore[attr-defined]
    losses = [each["numbers"] for each in story["happenings"] if each["kind"] == "AbsorbLoss"]  # type: ignore[attr-defined]
    assert len(fills) == worst["liquidations"] > 0

    def wad(text: str) -> int:
        whole, _, fraction = text.partition(".")
        return int(whole + fraction.ljust(18, "0"))

    assert sum(wad(fill["repay_value"]) for fill in fills) == int(worst["repay_value"])
    assert sum(wad(loss["bad_debt_value"]) for loss in losses) == int(worst["bad_debt_value"]) > 0
    assert str(story["answer"]).startswith("Liquidated")
    assert "was written off" in str(story["answer"])


def test_a_story_is_in_order_of_time_and_begins_with_the_opening(replayed: Path) -> None:
    worst = outcome(replayed)["worst_accounts"][0]  # type: ignore[index]
    happenings = told(replayed, worst["account"])["happenings"]
    times = [each["at_ms"] for each in happenings]  # type: ignore[attr-defined]
    assert times == sorted(times)
    kinds = [each["kind"] for each in happenings]  # type: ignore[attr-defined]
    assert kinds[0] == "PositionsChanged"
    assert kinds.index("StatusChanged") < kinds.index("Liquidate") < kinds.index("SettleFill")
    assert kinds.index("SettleFill") < kinds.index("AbsorbLoss")


def test_an_account_that_stayed_above_its_line_has_a_lowest_point(replayed: Path) -> None:
    with SqliteJournal.open(journal_path(replayed)) as journal:
        accounts = {
            decode_account(record.event.accounts[at : at + 32])
            for record in journal.records()
            if type(record.event).__name__ == "PositionsChanged"
            for at in range(0, len(record.event.accounts), 32)  # type: ignore[union-attr]
        }
        named = {
            decode_account(order.account)  # type: ignore[union-attr]
            for record in journal.records()
            for order in record.orders
            if hasattr(order, "account")
        }
    safe = min(accounts - named)
    story = told(replayed, safe)
    assert str(story["answer"]).startswith("Not liquidated: it never fell below its line. Its lowest health was ")
    assert float(story["lowest"]["health_factor"]) >= 1  # type: ignore[index]
    assert story["end"]["status"] == "healthy"  # type: ignore[index]
    assert float(story["end"]["distance"]) > 0  # type: ignore[index]


def test_dust_says_why_no_order_found_a_keeper(replayed: Path) -> None:
    end = outcome(replayed)["liquidatable_at_end"]
    assert end["reasons"] == {"dust": end["count"]}  # type: ignore[index]


def test_only_a_beginning_of_one_account_is_taken_for_it(replayed: Path) -> None:
    with SqliteJournal.open(journal_path(replayed)) as journal:
        assert decode_account(account_named(journal, "account-00007")) == "account-00007"
        assert decode_account(account_named(journal, "ACCOUNT-00007")) == "account-00007"
        with pytest.raises(ConfigError, match=r"is the beginning of 10 accounts: account-00000, .* and 5 more"):
            account_named(journal, "account-0000")
        with pytest.raises(ConfigError, match=r"is not among the 60 accounts of the journal; nearest: account-0000"):
            account_named(journal, "acount-00007")
