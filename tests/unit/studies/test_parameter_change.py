"""A change of parameters: who falls at once, at what loss, and how far one step may go; three loans worked by hand."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.engine.engine import Engine
from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.account import NAME_WIDTH, encode_account
from seawall.ledger.asset import Asset
from seawall.ledger.deployment import OracleRule, Policy
from seawall.ledger.event import (
    BALANCE_WIDTH,
    SLOT_WIDTH,
    BlockObserved,
    DeploymentOpened,
    OracleRound,
    PositionsChanged,
)
from seawall.ledger.market import Market, MarketState, RiskParameters
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named
from seawall.studies.parameter_change import DAY_MS, PARTS, ParameterChange

PERCENT = WAD // 100
ETH = RiskParameters(70 * PERCENT, 80 * PERCENT, 5 * PERCENT, 10 * PERCENT)
ASSETS = (Asset("ETH", 18), Asset("DAI", 18))


def opened(*debts: int, protocol: str = "aave_v3@3.6") -> Engine:
    """An engine at prices of 100 and 1, in which each account holds one ETH and owes so much DAI."""
    accounts = [encode_account(f"account-{nth}", NAME_WIDTH) for nth in range(len(debts))]
    rows = [
        (account, slot, amount * WAD)
        for account, debt in zip(accounts, debts, strict=True)
        for slot, amount in ((0, 1), (3, debt))
    ]
    engine = Engine(protocol_named, FullRecompute)
    engine.apply(
        DeploymentOpened(
            at=0, protocol=protocol, account_width=NAME_WIDTH, assets=ASSETS,
            markets=(Market("ETH", 0, 0, ETH), Market("DAI", 1, 1, ETH)), market_states=(MarketState(), MarketState()),
            oracle_rules=(OracleRule(), OracleRule()), policy=Policy(), description="",
        )
    )  # fmt: skip
    assert not engine.apply(
        PositionsChanged(
            0,
            b"".join(account for account, *_ in rows),
            b"".join(slot.to_bytes(SLOT_WIDTH, "little") for _, slot, _ in rows),
            b"".join(amount.to_bytes(BALANCE_WIDTH, "little") for *_, amount in rows),
        )
    )
    engine.apply(BlockObserved(0, 0, (OracleRound(0, 100 * WAD, 0), OracleRound(1, WAD, 0))))
    return engine


def to_threshold(percent: int) -> dict[int, RiskParameters]:
    return {0: msgspec.structs.replace(ETH, liquidation_threshold_ratio=percent * PERCENT)}


def test_who_falls_is_who_owes_more_than_the_new_line_and_no_other() -> None:
    # 81 is below the line already, 75 stands exactly on the new one.
    question = ParameterChange(opened(50, 75, 76, 80, 81), to_threshold(75))
    fallen = question.fallen()
    assert (fallen.account_count, fallen.debt_value, fallen.collateral_value) == (2, 156 * WAD, 200 * WAD)
    assert question.already_below_count == 1


def test_the_largest_step_stops_where_the_first_falls() -> None:
    # From 80 to 70, and an account at 78: a fifth of the way it stands on the line, one basis point further it falls.
    step = ParameterChange(opened(50, 78), to_threshold(70)).safe_step()
    assert (step.part, step.step_count) == (PARTS // 5, 5)


def test_there_is_no_safe_step_for_who_stands_on_the_line() -> None:
    step = ParameterChange(opened(80), to_threshold(70)).safe_step()
    # Parts that move less than a basis point cut to the next one below.
    assert (step.part, step.step_count) == (0, None)


def test_a_change_by_which_nobody_falls_is_safe_at_once() -> None:
    question = ParameterChange(opened(50, 60), to_threshold(70))
    assert question.fallen().account_count == 0
    assert (question.safe_step().part, question.safe_step().step_count) == (PARTS, 1)
    assert question.liquidated() == []


@pytest.mark.parametrize(("days", "steps", "falls"), [(0, 1, 1), (1, 1, 1), (4, 4, 1), (5, 5, 0), (6, 6, 0)])
def test_a_ramp_is_safe_from_the_length_at_which_its_step_is(days: int, steps: int, falls: int) -> None:
    ramp = ParameterChange(opened(50, 78), to_threshold(70)).ramp(days * DAY_MS, DAY_MS, None)
    assert (ramp.step_count, ramp.first_step.account_count) == (steps, falls)
    assert ramp.is_safe is (falls == 0)


def test_prices_that_fall_with_a_step_count_only_whom_the_step_takes() -> None:
    # At 97 an account of 79 falls by the price alone; 72 stands, and falls with the threshold at 74 (71.78).
    question = ParameterChange(opened(50, 72, 79), to_threshold(74))
    ramp = question.ramp(0, DAY_MS, {0: 97 * WAD})
    assert (ramp.first_step.account_count, ramp.with_prices.account_count) == (1, 1)
    assert question.safe_step({0: 97 * WAD}).part < PARTS
    assert question.fallen().account_count == 1


def test_a_stated_volatility_is_a_fall_by_the_quantile_of_a_step() -> None:
    question = ParameterChange(opened(50), to_threshold(70))
    (price,) = question.fallen_prices({0: 1.0}, 365 * DAY_MS // 4).values()
    assert price / WAD == pytest.approx(100 * 0.43932, rel=1e-3)
    assert question.fallen_prices({0: 0.0}, DAY_MS) == {0: 100 * WAD}


def test_what_those_who_fall_lose_is_bonus_and_fee_of_all_that_keepers_may_take() -> None:
    question = ParameterChange(opened(50, 78), to_threshold(70))
    (lost,) = question.liquidated()
    # Below 2,000 all of it may be closed at once: 5 % of 78, the fee within it.
    assert lost.repay_value == 78 * WAD
    assert lost.loss_value == pytest.approx(39 * WAD // 10, abs=10**12)
    assert lost.health_before_ratio == pytest.approx(80 * WAD // 78, abs=10)
    assert lost.health_after_ratio == pytest.approx(70 * WAD // 78, abs=10)


def test_questions_leave_the_deployment_as_it_was() -> None:
    engine = opened(50, 78, 81)
    before = engine.state.digest()
    question = ParameterChange(engine, to_threshold(70))
    question.fallen()
    question.safe_step({0: 90 * WAD})
    question.ramp(3 * DAY_MS, DAY_MS, {0: 90 * WAD})
    assert engine.state.digest() == before


def test_parameters_that_the_protocol_refuses_are_refused() -> None:
    with pytest.raises(ConfigError, match="whole number of basis points"):
        ParameterChange(opened(50), {0: msgspec.structs.replace(ETH, liquidation_threshold_ratio=75 * PERCENT + 1)})


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 99), min_size=1, max_size=6), st.integers(70, 80))
def test_a_safe_step_takes_nobody_and_a_part_more_takes_somebody(debts: list[int], percent: int) -> None:
    question = ParameterChange(opened(*debts), to_threshold(percent))
    step = question.safe_step()
    assert question._rows_below(question._healthy, step.part) == []
    assert (step.part == PARTS) is (question.fallen().account_count == 0)
    if step.part < PARTS:
        assert question._rows_below(question._healthy, step.part + 1)
