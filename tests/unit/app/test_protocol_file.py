"""A protocol file: every key arrives in the composition, each mistake is one line, and a scenario runs by it."""

import json
from pathlib import Path

import pytest
from tests.tidy.source_tree import ROOT

from seawall.app.assembly import assemble, scenario_protocol
from seawall.app.command_line import status
from seawall.app.comparison import ComparisonArguments, compare
from seawall.app.protocol_file import chosen_protocol
from seawall.app.scenario import load_scenario
from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.composition import BatchTerms, Composition, DutchTerms
from seawall.ledger.deployment import Absorber
from seawall.ledger.event import DeploymentOpened
from seawall.ledger.liquidation_rule import BonusStep, GrowingBonus, LiquidationRule

TINY = ROOT / "tests" / "scenarios" / "tiny.toml"
EXAMPLE = ROOT / "examples" / "my_protocol.toml"
PERCENT = WAD // 100
WHOLE = """
name = "mine"
version = "2.1"
[trigger]
health = 1.01
[size]
target_health = 1.06
close_factor = 0.5
dust = 250
[bonus]
share_min = 0.25
steps = [{ health = 1, bonus = 0.02 }, { health = 0.97, bonus = 0.04 }]
per_second = 0.0001
time_max = 0.03
outage_seconds = 90
[sale]
kind = "fixed_spread"
[[waterfall]]
names = ["insurance_fund"]
budget = 1000
window_seconds = 3600
[[waterfall]]
names = ["socialized_loss"]
"""


@pytest.fixture
def protocol_in(tmp_path):
    def made(text: str):
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return chosen_protocol(str(path))

    return made


def test_every_key_arrives(protocol_in):
    steps = (BonusStep(WAD, 2 * PERCENT), BonusStep(97 * PERCENT, 4 * PERCENT))
    assert protocol_in(WHOLE).composition == Composition(
        "mine",
        "2.1",
        LiquidationRule(
            target_health_ratio=106 * PERCENT,
            dust_value=250 * WAD,
            bonus_share_ratio_min=25 * PERCENT,
            close_factor_ratio=50 * PERCENT,
            line_ratio=101 * PERCENT,
            growing_bonus=GrowingBonus(steps, PERCENT // 100, 3 * PERCENT, 90_000),
        ),
        (Absorber(("insurance_fund",), budget_value=1_000 * WAD, window_ms=3_600_000), Absorber(("socialized_loss",))),
    )


def test_a_name_alone_is_the_whole_pair_at_the_markets_bonus(protocol_in):
    assert protocol_in('name = "plain"').composition == Composition("plain", "1", LiquidationRule(0, 0, WAD))


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ('name = "a"\n[size]\nclose_factr = 1', "unknown key 'close_factr' in [size]"),
        ("version = '1'", "key 'name' is missing"),
        ('name = "a"\n[bonus]\nsteps = [{ health = 1 }]', "key 'bonus' is missing in [bonus.steps.1]"),
        ('name = "a"\n[sale]\nkind = "raffle"', "'raffle' found using 'kind'"),
        ('name = "a"\n[trigger]\nhealth = -1', "health -1: is negative"),
        ('name = "a', "is not TOML"),
        ('name = "a"\n[size]\nclose_factor = 0.5', "needs a dust limit"),
        ('name = "a"\n[size]\ntarget_health = 1', "is not above the trigger"),
        ('name = "a"\n[bonus]\nper_second = 0.1\ntime_max = 0.1', "has no step"),
        ('name = "a"\n[sale]\nkind = "dutch"\nmarket_limit = 1\ntotal_limit = 1', "needs one curve"),
        ('name = "a"\n[sale]\nkind = "fixed_spread"\nstart = 1.1', "unknown key 'start' in [sale]"),
        ('name = "a"\n[[waterfall]]\nnames = ["auto_deleveraging"]', "closes winners"),
        ('name = "a"\n[[waterfall]]\nnames = ["x", "y"]\nshares = [0.5, 0.4]', "add up to"),
    ],
)
def test_a_mistake_is_one_line_with_its_file(protocol_in, text, fact):
    with pytest.raises(ConfigError) as caught:
        protocol_in(text)
    assert fact in str(caught.value)
    assert "mine.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_key_of_a_dutch_sale_arrives(protocol_in):
    sale = """
[sale]
kind = "dutch"
start = 1.1
fall_seconds = 600
seconds_max = 500
spent = 0.2
market_limit = 1000
total_limit = 2000
reward = 0.5
reward_share = 0.001
outage_seconds = 60
"""
    assert protocol_in(f'name = "a"\n{sale}').composition.dutch == DutchTerms(
        start_ratio=110 * PERCENT,
        seconds_max=500,
        market_due_value_max=1_000 * WAD,
        total_due_value_max=2_000 * WAD,
        fall_seconds=600,
        spent_ratio=20 * PERCENT,
        reward_value=WAD // 2,
        reward_ratio=WAD // 1_000,
        gap_ms_max=60_000,
    )
    stairs = sale.replace("fall_seconds = 600", "step_seconds = 30\nstep_share = 0.99")
    terms = protocol_in(f'name = "a"\n{stairs}').composition.dutch
    assert (terms.fall_seconds, terms.step_seconds, terms.step_ratio) == (0, 30, 99 * PERCENT)


def test_a_composed_dutch_sale_runs_and_its_journal_rebuilds(tmp_path, capsys):
    path = tmp_path / "dutch.toml"
    limits = "fall_seconds = 3600\nspent = 0.7\nmarket_limit = 20000000\ntotal_limit = 20000000"
    path.write_text(f'name = "dutch"\n[size]\ndust = 100\n[sale]\nkind = "dutch"\n{limits}')
    assert status(["replay", str(TINY), "--protocol", str(path), "--out", str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["liquidations"] > 10
    assert status(["verify", str(tmp_path / "out")]) == 0
    assert "the same as in the journal" in capsys.readouterr().out


def test_a_composed_batch_runs_and_its_journal_rebuilds(protocol_in, tmp_path, capsys):
    sale = '[sale]\nkind = "batch"\nbid_seconds = 240\nreserve = 0.8\nbidder_share = 0.6\noutage_seconds = 60\n'
    assert protocol_in(f'name = "a"\n{sale}').composition.batch == BatchTerms(
        240_000, 80 * PERCENT, 60 * PERCENT, gap_ms_max=60_000
    )
    path = tmp_path / "batch.toml"
    path.write_text(f'name = "batch"\n[size]\ndust = 100\n{sale}')
    assert status(["replay", str(TINY), "--protocol", str(path), "--out", str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["liquidations"] > 10
    assert status(["verify", str(tmp_path / "out")]) == 0
    assert "the same as in the journal" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(ConfigError, match="cannot read"):
        chosen_protocol("none.toml", tmp_path)


def test_a_scenario_names_a_file_beside_it(tmp_path):
    (tmp_path / "mine.toml").write_text(WHOLE)
    (tmp_path / "given.toml").write_text(TINY.read_text().replace("seawall@1", "mine.toml"))
    assert scenario_protocol(load_scenario(str(tmp_path / "given.toml"))).label == "mine@2.1"


def test_its_waterfall_takes_the_place_of_the_scenarios(tmp_path):
    plan = assemble(load_scenario(str(TINY)), protocol=str(EXAMPLE))
    opened = plan.opening[0]
    assert isinstance(opened, DeploymentOpened)
    assert opened.policy.absorbers == (Absorber(("socialized_loss",)),)
    assert opened.composition == chosen_protocol(str(EXAMPLE)).composition
    assert [given.name for given in plan.inputs].count("protocol") == 1
    other = tmp_path / "other.toml"
    other.write_text('name = "other"\n[[waterfall]]\nnames = ["nobody"]')
    with pytest.raises(ConfigError, match=r"no absorber 'nobody'.* in \[\[waterfall\]\] of other@1"):
        assemble(load_scenario(str(TINY)), protocol=str(other))


def test_without_one_the_scenarios_own_stands(tmp_path):
    path = tmp_path / "plain.toml"
    path.write_text('name = "plain"')
    opened = [assemble(load_scenario(str(TINY)), protocol=label).opening[0] for label in (str(path), "seawall@1")]
    assert opened[0].policy == opened[1].policy


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("composed") / "out"
    assert status(["replay", str(TINY), "--protocol", str(EXAMPLE), "--out", str(made), "--json"]) == 0
    return made


def test_the_example_liquidates_and_its_journal_rebuilds(folder, capsys):
    outcome = json.loads((folder / "outcome.json").read_text())
    assert outcome["protocol"] == "patient@1"
    assert outcome["liquidations"] > 10
    assert status(["verify", str(folder)]) == 0
    assert "the same as in the journal" in capsys.readouterr().out


def test_the_example_is_shown_with_its_parameters(capsys):
    assert status(["protocols", str(EXAMPLE)]) == 0
    shown = capsys.readouterr().out
    assert "patient@1" in shown
    assert "bonus_ratio 0.04" in shown


def test_the_example_stands_beside_others():
    arguments = ComparisonArguments(scenario=str(TINY), protocols=("seawall@1", str(EXAMPLE)), processes=1)
    columns = compare(arguments, lambda *_: None).columns
    assert [column.protocol for column in columns] == ["seawall@1", "patient@1"]
    first, own = (column.runs[0].measured.measures for column in columns)
    assert own.keeper_taken_f64 < first.keeper_taken_f64
