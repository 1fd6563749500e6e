"""Every unit of a replay is accounted for, counted from what it leaves behind and not by what wrote it."""

from collections import Counter
from pathlib import Path

import pytest
from tests.deployments import lending_protocols
from tests.replay.tiny import SCENARIO

from seawall.adapters.sqlite_journal import SqliteJournal
from seawall.app.assembly import assemble
from seawall.app.run_arguments import inputs_text
from seawall.app.scenario import load_scenario
from seawall.engine.journal_codec import JournalHeader
from seawall.fixed import WAD
from seawall.ledger.event import DeploymentOpened, PositionsChanged
from seawall.ledger.order import AbsorbLoss, SettleFill
from seawall.studies.replay import replay

POOLED_LABELS = [
    protocol.label for protocol in lending_protocols() if not protocol.accounts_are_per_market and protocol.sale is None
]
SYMBOLS = ("ETH", "DAI")
Outcome = dict[str, object]


def replayed(label: str, seed: int, folder: Path, *, rate: str) -> Outcome:
    """Replay the tiny scenario at another interest rate, with every invariant checked after every event."""
    folder.mkdir()
    scenario = folder / "tiny.toml"
    text = SCENARIO.read_text().replace("debt_rate = 0.08", f"debt_rate = {rate}")
    # A tenth would leave keepers nothing where the fee is a share of all that is seized.
    scenario.write_text(text.replace("liquidation_fee = 0.10", "liquidation_fee = 0.02"))
    plan = assemble(load_scenario(str(scenario)), protocol=label, seed=seed)
    with SqliteJournal.create(folder / "journal.sqlite", JournalHeader(inputs_text(plan))) as journal:
        return replay(plan, journal, folder, progress=lambda _: None, check_every=1)


def moved_in(folder: Path) -> tuple[Counter[tuple[str, str]], Counter[str]]:
    """Return the amounts that the journal moved, by asset and what they were, and the payments by payer, in DAI."""
    amounts: Counter[tuple[str, str]] = Counter()
    paid: Counter[str] = Counter()
    with SqliteJournal.open(folder / "journal.sqlite") as journal:
        for record in journal.records():
            if isinstance(record.event, PositionsChanged):
                for nth in range(record.event.row_count):
                    slot = int.from_bytes(record.event.slots[2 * nth : 2 * nth + 2], "little")
                    delta = int.from_bytes(record.event.deltas[16 * nth : 16 * nth + 16], "little", signed=True)
                    amounts[SYMBOLS[slot >> 1], ("held", "owed")[slot & 1]] += delta
            for order in record.orders:
                if isinstance(order, SettleFill):
                    amounts[SYMBOLS[order.debt_market], "repaid"] += order.repay_amount
                    amounts[SYMBOLS[order.collateral_market], "seized"] += order.seize_amount
                    amounts[SYMBOLS[order.collateral_market], "fee"] += order.fee_amount
                if isinstance(order, AbsorbLoss):
                    amounts[SYMBOLS[order.debt_market], "lost"] += order.bad_debt_amount
                    paid.update({payment.absorber: payment.amount for payment in order.payments})
            assert isinstance(record.event, DeploymentOpened) is (record.sequence == 1)
    return amounts, paid


@pytest.mark.parametrize("label", POOLED_LABELS)
def test_without_interest_what_came_in_is_what_is_left_and_what_was_taken(label: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    outcome = replayed(label, 7, folder, rate="0")
    amounts, paid = moved_in(folder)
    assets = outcome["assets"]
    assert isinstance(assets, dict)
    assert amounts["ETH", "seized"] > 0
    for symbol in SYMBOLS:
        debt = {name: int(text) for name, text in assets[symbol]["debt_amount"].items()}
        held = {name: int(text) for name, text in assets[symbol]["collateral_amount"].items()}
        assert debt["before"] == amounts[symbol, "owed"]
        assert held["before"] == amounts[symbol, "held"]
        assert debt["accrued"] == held["accrued"] == 0
        assert debt["after"] == amounts[symbol, "owed"] - amounts[symbol, "repaid"] - amounts[symbol, "lost"]
        assert held["after"] == amounts[symbol, "held"] - amounts[symbol, "seized"] - amounts[symbol, "fee"]
    assert sum(paid.values()) == amounts["DAI", "lost"]
    assert paid["insurance_fund"] == min(20 * WAD, amounts["DAI", "lost"])


@pytest.mark.parametrize("label", POOLED_LABELS)
def test_with_interest_no_more_accrues_than_the_rate_allows(label: str, tmp_path: Path) -> None:
    outcome = replayed(label, 7, tmp_path / "out", rate="0.08")
    assets = outcome["assets"]
    assert isinstance(assets, dict)
    debt = {name: int(text) for name, text in assets["DAI"]["debt_amount"].items()}
    # Eight per cent a year for at most four hours, and a unit of rounding for each account and event.
    assert 0 <= debt["accrued"] <= debt["before"] * 8 * 4 // (100 * 24 * 365) + 10**6
    assert int(assets["ETH"]["collateral_amount"]["accrued"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("label", POOLED_LABELS)
def test_every_invariant_holds_after_every_event_of_many_crashes(label: str, seed: int, tmp_path: Path) -> None:
    outcome = replayed(label, seed, tmp_path / "out", rate="0.08")
    assert outcome["state_hash"]
