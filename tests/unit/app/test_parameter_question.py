"""`seawall whatif` from the outside: scenarios and folders, numbers that agree, mistakes in one line."""

import json

import pytest

from seawall.app.command_line import status
from seawall.app.parameter_question import duration_ms
from seawall.errors import ConfigError

DOWN = ["--set", "eth.max_loan_to_value=0.7", "--set", "eth.liquidation_threshold=0.7"]


def asked(capsys, *arguments: str) -> dict:
    assert status(["whatif", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_scenario_answers_as_it_begins(small_scenario, capsys) -> None:
    found = asked(capsys, str(small_scenario), *DOWN, "--ramp", "21d")
    fallen = found["liquidatable_at_once"]
    assert 0 < fallen["accounts"] == len(found["accounts"]) < found["accounts_with_debt"] == 60
    assert found["of"].endswith("at the first prices")
    assert [change["after"] for change in found["change"]] == ["0.7", "0.7"]
    assert 21.0 in [ramp["days"] for ramp in found["ramps"]]
    for account in found["accounts"]:
        assert float(account["health_factor_before"]) >= 1 > float(account["health_factor_after"])
    losses = [float(account["loss_value"]) for account in found["accounts"]]
    assert losses == sorted(losses, reverse=True)
    assert float(found["loss_value"]) == pytest.approx(sum(losses))
    assert found["shortest_safe_ramp_days"] == found["largest_safe_step"]["steps"]


def test_a_ramp_is_safe_from_the_shortest_safe_one_on(small_scenario, capsys) -> None:
    found = asked(capsys, str(small_scenario), *DOWN)
    shortest = found["shortest_safe_ramp_days"]
    assert [ramp["is_safe"] for ramp in found["ramps"]] == [ramp["days"] >= shortest for ramp in found["ramps"]]


def test_prices_that_may_fall_make_steps_smaller(small_scenario, capsys) -> None:
    found = asked(capsys, str(small_scenario), *DOWN, "--volatility", "ETH=1.2")
    assert found["largest_safe_step_with_prices"]["share_of_change"] <= found["largest_safe_step"]["share_of_change"]
    assert all(ramp["first_step_with_prices"] is not None for ramp in found["ramps"])


def test_a_finished_run_answers_as_it_ended(replayed, capsys) -> None:
    found = asked(capsys, str(replayed), *DOWN)
    assert found["of"].endswith("as the run ended")
    assert found["already_below"] == json.loads((replayed / "outcome.json").read_text())["liquidatable_at_end"]["count"]


def test_the_table_says_change_accounts_and_ramps(small_scenario, capsys) -> None:
    assert status(["whatif", str(small_scenario), *DOWN, "--volatility", "ETH=0.8"]) == 0
    printed = capsys.readouterr().out
    for said in ("0.825 to 0.7", "Liquidatable at once", "Who loses most", "with prices", "Shortest safe ramp"):
        assert said in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "weth.liquidation_threshold=0.8"], "no market 'weth' (nearest: ETH), in --set"),
        (["--set", "eth.liquidation_treshold=0.8"], "no parameter 'liquidation_treshold' (nearest: liquidation_threshold"),
        (["--set", "eth.liquidation_threshold"], "'eth.liquidation_threshold' is not of the form NAME=VALUE"),
        (["--set", "eth=0.8"], "'eth' is not of the form MARKET.PARAMETER, in --set"),
        (["--set", "eth.liquidation_threshold=much"], "eth.liquidation_threshold 'much' is not a number, in --set"),
        (["--set", "eth.liquidation_threshold=1.2"], "eth.liquidation_threshold 1.2 is not between 0 and 1, in --set"),
        (["--set", "eth.liquidation_threshold=-0.1"], "-0.1 is not between 0 and 1"),
        (["--set", "eth.liquidation_threshold=0.7"], "exceeds its liquidation threshold 7000"),
        (["--set", "eth.liquidation_threshold=0.99"], "the contract's limit is"),
        ([*DOWN, "--ramp", "14"], "duration '14' is not hours, days or weeks, as 36h, 14d or 2w, in --ramp"),
        ([*DOWN, "--step", "0d"], "step '0d' is not positive, in --step"),
        ([*DOWN, "--volatility", "BTC=1"], "no asset 'BTC' (known: DAI, ETH), in --volatility"),
        ([*DOWN, "--volatility", "ETH=x"], "ETH 'x' is not a number, in --volatility"),
        ([], "Missing option '--set'"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_status_2(arguments: list[str], said: str, small_scenario, capsys) -> None:
    assert status(["whatif", str(small_scenario), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert len(captured.err.splitlines()) == 1


def test_a_folder_takes_no_files(replayed, tmp_path, capsys) -> None:
    assert status(["whatif", str(replayed), *DOWN, "--protocol", "seawall@1"]) == 2
    assert "--protocol is of a scenario" in capsys.readouterr().err
    assert status(["whatif", str(tmp_path), *DOWN]) == 2
    assert "outcome.json does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "days"), [("36h", 1.5), ("14d", 14), ("2w", 14), ("0d", 0)])
def test_durations_are_hours_days_or_weeks(text: str, days: float) -> None:
    assert duration_ms(text, "--ramp") == days * DAY


@pytest.mark.parametrize("text", ["", "d", "1.5d", "-1d", "14 d", "99999d", "1m"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not hours, days or weeks"):
        duration_ms(text, "--ramp")


DAY = 86_400_000
