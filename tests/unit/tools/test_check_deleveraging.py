"""The separate checker passes every record that our rules write, and finds each way in which one was tampered with."""

import importlib.util
import json
import subprocess
import sys

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.tidy.source_tree import ROOT
from tests.unit.rules.short_winners import LOSS, SHORTS, WINNERS

from seawall.fixed import WAD
from seawall.ledger.deleveraging import Deleveraging, MarginLine, UncoveredLoss, Winner
from seawall.ledger.market import COLLATERAL, DEBT
from seawall.rules.auto_deleveraging import EXACT_BUDGET, RULES, deleveraging_by

CHECKER = ROOT / "tools" / "check_deleveraging.py"
_spec = importlib.util.spec_from_file_location("check_deleveraging", CHECKER)
checker = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(checker)


def published(record: Deleveraging) -> dict:
    return json.loads(msgspec.json.encode(record))


def violations(record: Deleveraging | dict) -> list[str]:
    return checker.violations(record if isinstance(record, dict) else published(record))


def test_the_checker_shares_no_line_with_the_rules():
    assert "seawall" not in {line.split()[1].partition(".")[0] for line in CHECKER.read_text().splitlines() if line.startswith(("import ", "from "))}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("book", [SHORTS, WINNERS, WINNERS[2:3], ()], ids=len)
def test_what_our_rules_write_holds(rule, book):
    assert violations(deleveraging_by(rule, LOSS, book)) == []


sizes = st.one_of(st.integers(1, 50), st.integers(1, 2**127))
drawn_winners = st.tuples(
    sizes,
    st.integers(1, 200),
    st.integers(0, 10**4),
    st.one_of(st.integers(-5, 10**4), st.integers(0, 2**127)),
    st.lists(st.builds(MarginLine, st.integers(-50, 5_000), st.integers(-20, 20)), min_size=1, max_size=3).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(
    rule=st.sampled_from(list(RULES)),
    drawn=st.lists(drawn_winners, max_size=7),
    side=st.sampled_from([COLLATERAL, DEBT]),
    unit=st.sampled_from([1, 3, 10**18]),
    balance=sizes,
    loss_value=sizes,
    cost=st.integers(1, 90),
)
def test_what_our_rules_write_of_any_book_holds(rule, drawn, side, unit, balance, loss_value, cost):
    book = [Winner(bytes([nth]), *fields) for nth, fields in enumerate(drawn)]
    loss = UncoveredLoss(side, balance, unit, 100, 100 - cost if side == DEBT else 100 + cost, loss_value)
    assert violations(deleveraging_by(rule, loss, book)) == []


def tampered(rule: str = EXACT_BUDGET, **changes) -> dict:
    """A record with some cuts changed: `W3={"closed_amount": 1}` adds to them."""
    record = published(deleveraging_by(rule, LOSS, SHORTS))
    for name, change in changes.items():
        number = int(name[1:])
        cut = next(cut for cut in record["cuts"] if checker.base64.b64decode(cut["account"]) == f"W{number}".encode())
        for field, by in change.items():
            cut[field] += by
    return record


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (tampered(W1={"closed_amount": 1}), "601 is closed, not the budget 600"),
        (tampered(W1={"closed_amount": -1}), "599 is closed, not the budget 600"),
        (tampered(W3={"closed_amount": -1}, W1={"closed_amount": 1}), "5733 is cut by 10, its share is 11"),
        (tampered(W5={"closed_amount": 2}), "5735 is cut by 11, of a position of 10"),
        (tampered(W3={"paid_value": 1}, W1={"paid_value": -1}), f"5733 pays {44 * WAD + 1} where closing 11 costs {44 * WAD}"),
        (tampered(W1={"paid_value": -1}), f"pays {1_600 * WAD - 1}, its part of what is covered is {1_600 * WAD}"),
        (tampered(W1={"paid_value": -1}), "remainder 0 is not loss"),
        (tampered(W1={"paid_value": -1_601 * WAD}), "pays -"),
        (tampered() | {"remainder_value": 1}, "remainder 1 is not loss"),
        (tampered() | {"cuts": tampered()["cuts"][::-1]}, "cuts are not in order of their accounts"),
        (tampered() | {"cuts": tampered()["cuts"] * 2}, "an account is cut twice"),
        (tampered() | {"winners": tampered()["winners"][1:]}, "5731 is cut and is no winner"),
        (tampered() | {"winners": tampered()["winners"][::-1]}, "winner 5735 does not come after 5736"),
        (tampered() | {"rule": "exact_budget@2"}, "rule exact_budget@2 is not known"),
        (tampered() | {"rule": "bitmex_queue@1"}, "place 1 of the queue cuts 5731 by 400"),
        (tampered("bitmex_queue@1") | {"rule": EXACT_BUDGET}, "5733 is cut by 200, its share is 11"),
        (tampered("bitmex_queue@1", W2={"closed_amount": -1}), "place 2 of the queue cuts 5732 by 299"),
        (tampered("hyperliquid_queue@1") | {"rule": "binance_queue@1"}, "place 2 of the queue cuts 5736 by 100"),
        (tampered() | {"schema": 2}, "schema 2 is not 1"),
        (tampered() | {"loss": tampered()["loss"] | {"deleveraging_price": 80 * WAD}}, "costs winners nothing"),
        (tampered() | {"loss": tampered()["loss"] | {"side": 2}}, "side 2 is neither 0 nor 1"),
        *(
            (tampered() | {"loss": tampered()["loss"] | {name: 0}}, f"{name} 0 is not positive")
            for name in ("loss_value", "balance", "unit", "mark_price")
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_tampered_record_is_found(record, said):
    assert any(said in line for line in violations(record)), violations(record)


def test_queue_that_stops_early_is_found():
    record = tampered("binance_queue@1")
    record["cuts"].pop()
    assert "2 winners are cut, the queue reaches 3" in violations(record)


def test_a_winner_pushed_below_its_margin_is_found():
    """The record says that W1 had less than it was cut for: 100 contracts were its most."""
    poor = replace(WINNERS[0], equity_value=(800 + 320) * WAD)
    record = published(deleveraging_by(EXACT_BUDGET, LOSS, WINNERS))
    record["winners"][0] = published(deleveraging_by(EXACT_BUDGET, LOSS, (poor, *WINNERS[1:])))["winners"][0]
    found = violations(record)
    assert "5731 is cut by 400, above its cap 100" in found
    assert any(line.startswith("5731 is pushed below its margin by ") for line in found)


def test_a_winner_who_pays_more_than_its_profit_is_found():
    record = published(deleveraging_by(EXACT_BUDGET, LOSS, WINNERS[2:3]))
    record["winners"][0]["entry_price"] -= 1
    found = violations(record)
    assert "5733 is cut by 200, above its cap 199" in found
    assert any("more than its profit" in line for line in found)


class TestStatus:
    def status(self, tmp_path, text: str) -> tuple[int, str]:
        path = tmp_path / "record.json"
        path.write_text(text)
        ran = subprocess.run([sys.executable, "-I", CHECKER, path], capture_output=True, text=True, check=False)
        return ran.returncode, (ran.stdout + ran.stderr).strip()

    def test_zero_where_the_record_holds(self, tmp_path):
        said = self.status(tmp_path, json.dumps(published(deleveraging_by(EXACT_BUDGET, LOSS, SHORTS))))
        assert said == (0, "record 1 holds: exact_budget@1, 6 winners, 5 cut")

    def test_one_and_a_line_where_it_does_not(self, tmp_path):
        code, text = self.status(tmp_path, json.dumps(tampered() | {"remainder_value": 1}))
        assert (code, len(text.splitlines())) == (1, 1)

    @pytest.mark.parametrize("text", ["", "{}", "[1]", '{"loss": 1, "winners": []}'])
    def test_two_where_there_is_no_record(self, tmp_path, text):
        code, said = self.status(tmp_path, text)
        assert code == 2
        assert "is no record of a deleveraging" in said
