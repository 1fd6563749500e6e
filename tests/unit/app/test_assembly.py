from pathlib import Path

import msgspec
import pytest

from seawall.app.assembly import assemble
from seawall.app.scenario import ScenarioFile, load_scenario
from seawall.errors import ConfigError, DataError
from seawall.fixed import WAD
from seawall.ledger.account import decode_account
from seawall.ledger.event import DeploymentOpened, PositionsChanged

MARKETS = """\
symbol,decimals,collateral_factor,close_factor,liquidation_incentive,test_symbol
ETH,18,0.8,0.5,1.08,ETHUSDT
USDC,6,0.8,0.5,1.08,
BAT,18,0.6,0.5,1.08,BATUSDT
"""
PRICES = """\
symbol,ts,price
ETHUSDT,1589414400,200
ETHUSDT,1589414460,100
ETHUSDT,1589414520,150
"""
SNAPSHOT = """\
symbol,ts,price
ETH,1683590400,1800
USDC,1683590400,1
"""
BOOK = """\
account,symbol,collateral_amount,debt_amount
borrower,ETH,1.5,0
borrower,USDC,0,1200.0000001
lender,USDC,7,0
"""
PAIRS = """\
[[assets]]
symbol = "ETH"
decimals = 18
stands_for = "ETHUSDT"
[[assets]]
symbol = "USDC"
decimals = 6
stands_for = ""
[[markets]]
collateral = "ETH"
debt = "USDC"
max_loan_to_value = 0.86
liquidation_threshold = 0.86
liquidation_bonus = 0
"""


@pytest.fixture
def files(tmp_path):
    texts = {
        "markets.csv": MARKETS,
        "prices.csv": PRICES,
        "snapshot.csv": SNAPSHOT,
        "book.csv": BOOK,
        "pairs.toml": PAIRS,
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def with_files(folder: Path, markets: str = "markets.csv", protocol: str = "compound_v2@1"):
    return assemble(
        load_scenario("black_thursday"),
        prices=[folder / "prices.csv", folder / "snapshot.csv"],
        positions=folder / "book.csv",
        markets=folder / markets,
        protocol=protocol,
    )


def small(accounts: int = 40) -> ScenarioFile:
    given = load_scenario("black_thursday")
    book = given.scenario.book.model_copy(update={"accounts": accounts})
    return ScenarioFile(given.scenario.model_copy(update={"book": book}), given.path, given.content)


def test_the_same_inputs_give_the_same_opening_to_the_byte():
    first, second = (assemble(small(), seed=5) for _ in range(2))
    assert msgspec.json.encode(first.opening) == msgspec.json.encode(second.opening)
    assert first.inputs == second.inputs
    assert assemble(small(), seed=6).opening != first.opening


def test_one_account_more_changes_no_other():
    rows = [assemble(small(accounts)).opening[1] for accounts in (40, 41)]
    width = 32
    assert rows[1].accounts[: len(rows[0].accounts)] == rows[0].accounts
    assert rows[1].deltas[: len(rows[0].deltas)] == rows[0].deltas
    assert decode_account(rows[1].accounts[-width:]) == "account-00040"


def test_the_opening_is_in_order_and_in_batches_of_at_most_a_thousand_rows():
    opened, *batches = assemble(small(1_200)).opening
    assert isinstance(opened, DeploymentOpened)
    assert all(isinstance(batch, PositionsChanged) and batch.row_count <= 1_000 for batch in batches)
    accounts = b"".join(batch.accounts for batch in batches)
    keys = [accounts[at : at + 32] for at in range(0, len(accounts), 32)]
    assert keys == sorted(keys)
    assert len(set(keys)) == 1_200


def test_nobody_is_below_the_least_health_factor_at_the_start():
    assembly = assemble(small(300))
    opened, *batches = assembly.opening
    prices = [assembly.path.prices[asset.symbol][0] / WAD / asset.unit for asset in opened.assets]
    thresholds = [market.parameters.liquidation_threshold_ratio / WAD for market in opened.markets]
    weighted, debts = {}, {}
    for batch in batches:
        for row in range(batch.row_count):
            account = batch.accounts[32 * row : 32 * row + 32]
            slot = int.from_bytes(batch.slots[2 * row : 2 * row + 2], "little")
            value = int.from_bytes(batch.deltas[16 * row : 16 * row + 16], "little") * prices[slot // 2]
            side = debts if slot % 2 else weighted
            side[account] = side.get(account, 0) + value * (1 if slot % 2 else thresholds[slot // 2])
    assert weighted.keys() == debts.keys()
    assert all(weighted[account] / debts[account] > 1.0299 for account in debts)


def test_the_default_says_what_is_reconstructed_a_model_and_assumed():
    kinds = {each.name: each.kind for each in assemble(small()).inputs}
    assert kinds["prices of ETH"] == "reconstructed"
    assert kinds["book"] == "model"
    assert kinds["keepers"] == "assumed"


def test_files_replace_prices_book_and_markets(files):
    assembly = with_files(files)
    opened, batch = assembly.opening
    assert opened.protocol == "compound_v2@1"
    assert [asset.symbol for asset in opened.assets] == ["ETH", "USDC", "BAT"]
    assert (opened.account_width, batch.row_count, opened.at) == (32, 3, 1_589_414_400_000)
    assert assembly.path.prices["ETH"] == (1_800 * WAD, 900 * WAD, 1_350 * WAD)
    assert set(assembly.path.prices["USDC"]) == {WAD}
    assert [each.kind for each in assembly.inputs if each.name.endswith(".csv")] == ["data"] * 4
    said = " ".join(assembly.notes)
    assert "ETH follows ETHUSDT" in said
    assert "Rebased" in said
    assert "rounded against the account: 1." in said
    assert "held by nobody: BAT" in said


def test_debt_rounds_up_and_an_asset_that_is_held_needs_a_price(files):
    deltas = with_files(files).opening[1].deltas
    amounts = [int.from_bytes(deltas[at : at + 16], "little") for at in range(0, len(deltas), 16)]
    assert amounts == [15 * 10**17, 1_200_000_001, 7_000_000]
    (files / "book.csv").write_text(BOOK + "lender,BAT,5,0\n")
    with pytest.raises((ConfigError, DataError), match="BAT"):
        with_files(files)


def test_an_account_of_pairs_goes_to_the_market_of_its_collateral_and_debt(files):
    (files / "book.csv").write_text(BOOK.replace("lender,USDC,7,0\n", ""))
    plan = with_files(files, "pairs.toml", "morpho_blue")
    opened, batch = plan.opening
    assert any("Lenders are not in the book" in note for note in plan.notes)
    assert opened.account_width == 34
    assert batch.accounts[:34] == batch.accounts[34:]
    assert decode_account(batch.accounts[:34]) == "borrower:0"
    assert len(batch.amounts) == 32
    assert opened.market_states[0].supply_amount == 1_200_000_001


def test_an_account_that_fits_no_pair_is_refused_by_name(files):
    with pytest.raises(DataError, match=r"account lender has collateral in USDC and debt in nothing"):
        with_files(files, "pairs.toml", "morpho_blue")


def test_the_warning_line_is_above_one_or_absent(tmp_path):
    text = Path(load_scenario("black_thursday").path).read_text()
    ratios = {}
    for written in ("0", "1.1", "1.000000000000000001"):
        path = tmp_path / f"{written}.toml"
        path.write_text(f"{text}\n[policy]\nwarning_health = {written}\n")
        ratios[written] = assemble(load_scenario(str(path))).opening[0].policy.warning_health_ratio
    assert ratios == {"0": 0, "1.1": 11 * 10**17, "1.000000000000000001": 10**18 + 1}
    for written in ("1", "0.5"):
        path.write_text(f"{text}\n[policy]\nwarning_health = {written}\n")
        with pytest.raises(ConfigError, match=f"warning_health {written} is not above 1, in"):
            assemble(load_scenario(str(path)))


def test_a_section_that_names_an_unknown_asset_is_refused():
    given = small()
    scenario = given.scenario.model_copy(update={"buffers": {"insurance_fund": {"ETHH": "1"}}})
    with pytest.raises(ConfigError, match=r"no asset ETHH \(nearest: ETH\), in \[buffers.insurance_fund\]"):
        assemble(ScenarioFile(scenario, given.path, given.content))
