"""docs/formats.md names every key and column that there is, with its default, and no other."""

import json
import re

import msgspec
import polars as pl
import pytest
from tests.tidy.source_tree import ROOT

from seawall.adapters import markets_file, markets_toml, price_file
from seawall.adapters.book_file import COLUMNS as BOOK_COLUMNS
from seawall.app import protocol_file, scenario
from seawall.app.account_table import AccountLine, account_numbers
from seawall.app.replay_run import begin
from seawall.app.run_arguments import RunArguments
from seawall.ledger import event, order

PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
OWN_BOOK = ROOT / "examples" / "own_book"
SECTIONS = {
    "top of the file": scenario.Scenario,
    '`[prices]` with `kind = "reconstructed"`': scenario.ReconstructedPrices,
    "`[[prices.paths]]`": scenario.ReconstructedPath,
    "an anchor": scenario.Anchor,
    '`[prices]` with `kind = "file"`': scenario.FilePrices,
    '`[book]` with `kind = "generator"`': scenario.GeneratedBook,
    "`[[book.mixes]]`": scenario.Mix,
    '`[book]` with `kind = "contracts"`': scenario.GeneratedContracts,
    "`[[book.mixes]]` of contracts": scenario.ContractMix,
    '`[book]` with `kind = "file"`': scenario.FileBook,
    "`[oracle]`": scenario.Oracle,
    "`[oracle.trust]`": scenario.TrustRule,
    "`[chain]`": scenario.Chain,
    "`[keepers]`": scenario.KeeperSection,
    "`[depth]`": scenario.DepthSection,
    "`[policy]`": scenario.PolicySection,
    "`[policy.deleveraging]`": scenario.DeleveragingSection,
    "`[[policy.absorbers]]`": scenario.AbsorberSection,
    "top of a protocol file": protocol_file.ProtocolFile,
    "`[trigger]`": protocol_file.TriggerSection,
    "`[size]`": protocol_file.SizeSection,
    "`[bonus]`": protocol_file.BonusSection,
    '`[sale]` with `kind = "fixed_spread"`': protocol_file.FixedSpreadSection,
    '`[sale]` with `kind = "dutch"`': protocol_file.DutchSection,
    '`[sale]` with `kind = "batch"`': protocol_file.BatchSection,
    "`[[waterfall]]`": protocol_file.PayerSection,
}


def rows_under(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, each a list of its cells."""
    section = re.search(rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section is not None, heading
    lines = [line for line in section[1].splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def named_under(heading: str) -> list[str]:
    return [name for cells in rows_under(heading) for name in re.findall(r"`([^`]+)`", cells[0])]


@pytest.mark.parametrize(("heading", "model"), SECTIONS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_every_key_of_a_section_stands_there(heading, model):
    assert sorted(named_under(heading)) == sorted(model.model_fields)


@pytest.mark.parametrize(("heading", "model"), SECTIONS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_every_default_is_the_one_that_holds(heading, model):
    for cells in rows_under(heading):
        for name in re.findall(r"`([^`]+)`", cells[0]):
            field = model.model_fields[name]
            plain = isinstance(field.default, str | int | list | dict)
            assert cells[1].strip("`").strip('"') == (str(field.default) if plain else ""), name


def test_no_section_of_a_scenario_is_left_out():
    models = {
        model
        for model in vars(scenario).values()
        if isinstance(model, type) and issubclass(model, scenario._Section) and model is not scenario._Section
    }
    assert models - set(SECTIONS.values()) == {scenario.Feed}


def test_keys_of_markets_stand_there():
    fields = {"`[[assets]]`": markets_toml._AssetTable, "`[[markets]]`": markets_toml._MarketTable}
    for heading, table in fields.items():
        assert sorted(named_under(heading)) == sorted(field.name for field in msgspec.structs.fields(table))


def test_columns_of_tables_stand_there():
    markets = (*markets_file.REQUIRED, *markets_file.OPTIONAL, "<source>_symbol", *markets_file.DEPTH)
    assert sorted(named_under("Markets as a table")) == sorted(markets)
    assert set(named_under("Prices")) == {*price_file.POINT_COLUMNS, *price_file.BAR_COLUMNS}
    assert tuple(named_under("Books")) == BOOK_COLUMNS
    assert named_under("What `seawall accounts --out` writes") == list(account_numbers(AccountLine("", "", 0, 0, 0)))


AUCTION_RECORDS = {
    "Events of auctions": (
        event.AuctionsRequested, event.AuctionRequest, event.BidsReported, event.Bid, event.AuctionResetsRequested,
        event.AuctionEndsRequested,
    ),
    "Orders of auctions": (
        order.StartAuction, order.HoldBid, order.ReturnBid, order.ForfeitBond, order.SettleBid, order.RefuseBid, order.ResetAuction,
        order.EndAuction, order.RefuseAuction,
    ),
}  # fmt: skip


@pytest.mark.parametrize("heading", AUCTION_RECORDS)
def test_every_field_of_a_record_of_auctions_stands_there(heading):
    said = {cells[0].strip("`"): re.findall(r"`([^`]+)`", cells[1]) for cells in rows_under(heading)}
    assert said == {record.__name__: list(record.__struct_fields__) for record in AUCTION_RECORDS[heading]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("replay") / "out"
    arguments = RunArguments(
        scenario="black_thursday",
        prices=(str(OWN_BOOK / "prices.csv"),),
        positions=str(OWN_BOOK / "book.csv"),
        markets=str(OWN_BOOK / "markets.toml"),
        protocol=None,
        seed=None,
    )
    begin(made, arguments, force=False, watch=lambda _: None)
    return made


def test_fields_of_the_outcome_stand_there(folder):
    assert named_first_under("`outcome.json`") == sorted(json.loads((folder / "outcome.json").read_text()))


def named_first_under(heading: str) -> list[str]:
    return sorted(named_under(heading))


def test_columns_of_what_a_replay_writes_stand_there(folder):
    for name in ("liquidations", "timeline", "health"):
        columns = pl.read_parquet_schema(folder / f"{name}.parquet")
        general = {re.sub(r"^price_\w+_f64$", "price_<symbol>_f64", column) for column in columns}
        assert set(named_under(f"`{name}.parquet`")) == general


def test_files_of_a_replay_stand_there(folder):
    listing = PAGE[PAGE.index("## What a replay writes") : PAGE.index("### `outcome.json`")]
    assert {path.name for path in folder.iterdir()} == set(re.findall(r"`([a-z]+\.[a-z]+)`", listing))
