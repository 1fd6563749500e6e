import json
import re
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest

from seawall.app.replay_folder import read_record
from seawall.app.report import report_page, write_report
from seawall.errors import ConfigError, DataError

HEADINGS = (
    "The crash", "The strain", "Health of the book", "Who paid what", "How long below the line",
    "The worst ten accounts", "Left below the line", "Every unit accounted for",
    "What is data, what is model, what is assumed", "Inputs", "Protocol", "Notes",
)  # fmt: skip


def own_part(page: str) -> str:
    """The page without the drawing library that it carries."""
    library = (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    assert page.count(library) == 1
    return page.replace(library, "")


def test_the_page_has_every_section_and_says_what_is_reconstructed(finished_folder: Path) -> None:
    page = own_part(report_page(read_record(finished_folder)))
    assert re.findall("<h2>(.*?)</h2>", page) == list(HEADINGS)
    assert '<span class="flag">ETH price reconstructed</span>' in page
    assert "replay of a reconstructed crash" in page


def test_the_page_reaches_for_nothing_outside(finished_folder: Path) -> None:
    page = own_part(report_page(read_record(finished_folder)))
    assert not re.search(r"https?://|\bsrc=|\bhref=|@import|url\(", page)
    assert "default-src 'none'" in page


def test_the_same_outcome_gives_the_same_bytes(finished_folder: Path) -> None:
    first = write_report(finished_folder).read_bytes()
    assert write_report(finished_folder).read_bytes() == first


def test_text_from_outside_is_escaped_everywhere(finished_folder: Path) -> None:
    hostile = "</script><script>alert(1)</script>"
    path = finished_folder / "outcome.json"
    outcome = json.loads(path.read_text())
    outcome["title"] = hostile
    outcome["notes"] = [hostile]
    outcome["protocol"] = hostile
    outcome["payers"]["buffers"] = {hostile: "1"}
    outcome["refusals"] = {hostile: 1}
    outcome["worst_accounts"][0]["account"] = hostile
    outcome["assets"][hostile] = outcome["assets"].pop("ETH")
    for given in outcome["inputs"]:
        given.update(name=hostile, detail=hostile, sha256=hostile)
    path.write_text(json.dumps(outcome))
    for name in ("liquidations", "timeline"):
        table = finished_folder / f"{name}.parquet"
        frame = pl.read_parquet(table)
        if name == "timeline":
            frame = frame.rename({"price_ETH_f64": f"price_{hostile}_f64"})
        else:
            frame = frame.with_columns(pl.lit(hostile).alias("collateral_asset"))
        frame.write_parquet(table)
    page = own_part(report_page(read_record(finished_folder)))
    assert "<script>alert" not in page
    assert page.count("</script>") == page.count("<script")


def test_a_run_without_liquidations_still_makes_a_page(finished_folder: Path) -> None:
    path = finished_folder / "outcome.json"
    outcome = json.loads(path.read_text())
    outcome.update(liquidations=0, accounts_liquidated=0, bad_debt_value="0", worst_accounts=[], refusals={}, notes=[])
    outcome["seconds_below_line"] = {"p50": 0.0, "p90": 0.0, "max": 0.0}
    path.write_text(json.dumps(outcome))
    for name in ("liquidations", "health"):
        table = finished_folder / f"{name}.parquet"
        pl.read_parquet(table).clear().write_parquet(table)
    page = own_part(report_page(read_record(finished_folder)))
    assert "None of 5,000 accounts was liquidated. No debt was written off." in page


def test_debt_that_a_protocol_leaves_on_its_accounts_is_not_called_nothing(finished_folder: Path) -> None:
    path = finished_folder / "outcome.json"
    outcome = json.loads(path.read_text())
    outcome["bad_debt_value"] = "0"
    outcome["liquidatable_at_end"]["insolvent_value"] = str(460_000 * 10**18)
    path.write_text(json.dumps(outcome))
    page = own_part(report_page(read_record(finished_folder)))
    assert "At the end 460,000 of debt that is still on its accounts is not covered by collateral." in page
    assert "nothing left unpaid" not in page


def test_a_folder_without_an_outcome_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"outcome.json does not exist"):
        write_report(tmp_path)


def test_a_broken_table_is_named(finished_folder: Path) -> None:
    (finished_folder / "health.parquet").write_bytes(b"not a table")
    with pytest.raises(DataError, match=r"health.parquet is not a Parquet table"):
        write_report(finished_folder)
