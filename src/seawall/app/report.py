"""The report: one self-contained page that a person can read.

It holds its own style, script and drawing library, reaches for nothing outside, and has no clock in it: the same
outcome gives the same bytes.
"""

import functools
import importlib.resources
from html import escape
from pathlib import Path
from string import Template

from seawall.app import report_figures as figures
from seawall.app import report_sections as sections
from seawall.app.number_text import duration_text, short_value
from seawall.app.replay_folder import ReplayRecord, read_record
from seawall.errors import StorageError
from seawall.studies.replay_folder import REPORT


def write_report(folder: Path) -> Path:
    """Make the page of a finished replay from what stands in its folder, and return its path."""
    path = folder / REPORT
    page = report_page(read_record(folder))
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from error
    return path


def report_page(record: ReplayRecord) -> str:
    """Return the whole page."""
    return page(record.outcome["title"], _body(record))


def page(title: str, body: str) -> str:
    """Return a page that needs nothing beside it; `title` is text, `body` HTML with figures."""
    return Template(_template("report.html")).substitute(
        title=escape(title),
        style=_template("report.css"),
        body=body,
        plotly=_plotly(),
        script=_template("report.js"),
    )


def _body(record: ReplayRecord) -> str:
    outcome, section, figure = record.outcome, sections.section, sections.figure
    seconds = outcome["seconds_below_line"]
    return "\n".join((
        sections.opening(outcome),
        section(
            "The crash",
            "Each circle is the liquidations of a moment; its area is the debt they repaid.",
            figure("price", figures.price_figure(record.timeline, record.liquidations)),
        ),
        section(
            "The strain",
            "Accounts past their line and not yet liquidated, and what their collateral no longer covers: at worst "
            f"{short_value(int(outcome['worst_insolvent_value']))}.",
            figure("strain", figures.stress_figure(record.timeline)),
        ),
        section(
            "Health of the book",
            "Debt by the health factor of its account. Left of the dotted line an account is liquidatable.",
            figure("health", figures.health_figure(record.health)),
        ),
        section(
            "Who paid what",
            "In the unit of account, at the mark prices of each moment.",
            sections.payers(outcome),
        ),
        section(
            "How long below the line",
            f"An account's time below, however it ended: half under {duration_text(float(seconds['p50']))}, nine in ten "
            f"under {duration_text(float(seconds['p90']))}, the longest {duration_text(float(seconds['max']))}. The bars "
            "show it at each liquidation.",
            figure("seconds", figures.seconds_figure(record.liquidations)),
        ),
        section(
            "The worst ten accounts",
            "By the debt that was left unpaid, then by what the borrower lost. "
            "<code>seawall explain</code> tells the whole story of any of them.",
            sections.worst_accounts(outcome),
        ),
        section(
            "Left below the line",
            "Accounts that the rule would allow to be liquidated and that were not, with the reason.",
            sections.below_the_line(outcome),
        ),
        section(
            "Every unit accounted for",
            "In whole tokens; point at a number for all its digits.",
            sections.assets(outcome),
        ),
        section(
            "What is data, what is model, what is assumed",
            "No figure on this page is better than what it was made from.",
            sections.provenance(outcome),
        ),
        section("Inputs", "The same inputs give the same outcome, to the byte.", sections.inputs(outcome)),
        section("Protocol", "The rule that decided, and how far it is proven.", sections.protocol(outcome)),
        section("Notes", "What the run said about its own inputs.", sections.notes(outcome)),
        sections.closing(outcome),
    ))  # fmt: skip


@functools.cache
def _template(name: str) -> str:
    return (importlib.resources.files("seawall.app") / "templates" / name).read_text(encoding="utf-8").rstrip("\n")


def _plotly() -> str:
    return (importlib.resources.files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
