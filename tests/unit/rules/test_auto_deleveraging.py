import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.rules.short_winners import LOSS, MARK, SHORTS, WINNERS, closed

from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.deleveraging import Deleveraging
from seawall.ledger.refusal import Refusal
from seawall.rules.auto_deleveraging import EXACT_BUDGET, RULES, deleveraging_by


@pytest.mark.parametrize(
    ("rule", "cut"),
    [
        ("bitmex_queue@1", (100, 300, 200, 0, 0, 0)),
        ("binance_queue@1", (0, 300, 200, 100, 0, 0)),
        ("hyperliquid_queue@1", (0, 300, 200, 0, 0, 100)),
        ("exact_budget@1", (400, 80, 11, 100, 9, 0)),
    ],
)
def test_each_rule_cuts_as_it_says(rule, cut):
    record = deleveraging_by(rule, LOSS, SHORTS)
    assert closed(record.cuts, 6) == cut
    assert record.remainder_value == 0
    assert (record.rule, record.loss, record.winners) == (rule, LOSS, SHORTS)


def test_there_is_no_other_rule():
    assert len(RULES) == 4
    with pytest.raises(ConfigError, match=r"deleveraging rule 'exact_budget' is not one of bitmex_queue@1, "):
        deleveraging_by("exact_budget", LOSS, WINNERS)


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=20, deadline=None)
@given(order=st.permutations(SHORTS))
def test_the_order_in_which_winners_come_changes_nothing(rule, order):
    assert deleveraging_by(rule, LOSS, order) == deleveraging_by(rule, LOSS, SHORTS)


@pytest.mark.parametrize("rule", RULES)
def test_a_record_that_was_written_and_read_is_decided_the_same(rule):
    record = deleveraging_by(rule, LOSS, SHORTS)
    read = msgspec.json.decode(msgspec.json.encode(record), type=Deleveraging)
    assert read == record
    assert deleveraging_by(read.rule, read.loss, read.winners) == record


def test_what_is_not_paid_remains():
    record = deleveraging_by(EXACT_BUDGET, LOSS, WINNERS[2:3])
    assert record.remainder_value == 1_600 * WAD
    assert deleveraging_by(EXACT_BUDGET, LOSS, ()).remainder_value == LOSS.loss_value


def test_a_queue_takes_more_than_was_lost_where_the_price_gives_more():
    loss = replace(LOSS, loss_value=1_000 * WAD)
    record = deleveraging_by("bitmex_queue@1", loss, WINNERS)
    assert sum(cut.paid_value for cut in record.cuts) == 2_400 * WAD
    assert record.remainder_value == 0
    exact = deleveraging_by(EXACT_BUDGET, loss, WINNERS)
    assert sum(cut.paid_value for cut in exact.cuts) == 1_000 * WAD


@pytest.mark.parametrize("rule", RULES)
class TestRefusals:
    @pytest.mark.parametrize(
        ("field", "number"), [("loss_value", 0), ("loss_value", -1), ("balance", 0), ("balance", -1)]
    )
    def test_no_loss_or_no_position_is_refused(self, rule, field, number):
        assert deleveraging_by(rule, replace(LOSS, **{field: number}), WINNERS) is Refusal.ZERO_AMOUNT

    @pytest.mark.parametrize("price", [MARK, MARK - 1])
    def test_a_price_that_costs_winners_nothing_is_refused(self, rule, price):
        loss = replace(LOSS, deleveraging_price=price)
        assert deleveraging_by(rule, loss, WINNERS) is Refusal.WINNERS_PAY_NOTHING

    def test_the_least_price_that_costs_them_something_is_not(self, rule):
        assert isinstance(deleveraging_by(rule, replace(LOSS, deleveraging_price=MARK + 1), WINNERS), Deleveraging)

    @pytest.mark.parametrize(
        "fault", [{"balance": 0}, {"balance": -1}, {"entry_price": 0}, {"entry_price": -1}, {"margin_lines": ()}]
    )
    def test_a_malformed_winner_is_refused(self, rule, fault):
        assert deleveraging_by(rule, LOSS, (*WINNERS, replace(SHORTS[5], **fault))) is Refusal.WINNER_MALFORMED

    def test_an_account_that_comes_twice_is_refused(self, rule):
        assert deleveraging_by(rule, LOSS, (*WINNERS, WINNERS[0])) is Refusal.WINNER_MALFORMED
