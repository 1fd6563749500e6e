"""The page of a comparison: its tables, its plots, what was left out, and what it does not say."""

from html import escape
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.app import comparison_text as text
from seawall.app.comparison import Comparison, comparison_numbers
from seawall.app.report import page
from seawall.app.report_figures import LINE_COLOURS, Spec, axis, layout, note
from seawall.app.report_sections import figure, section, table
from seawall.errors import StorageError

JSON: Final = "comparison.json"
PAGE: Final = "comparison.html"
POINTS_MAX: Final = 600
_DASHES: Final = ("solid", "dash", "dot")
_WHO: Final = (
    ("Borrowers, against the market", "borrower_market_loss_f64"),
    ("Lenders and buffers", "bad_debt_f64"),
    ("Not covered at the end", "uncovered_f64"),
    ("Keepers took", "keeper_taken_f64"),
)


def make_folder(folder: Path) -> None:
    """Make the folder, before anything runs, and see that a file can be written there; raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PAGE).touch()
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}") from error


def write_comparison(folder: Path, comparison: Comparison) -> Path:
    """Write the numbers and the page into a folder that stands and return the page's path; what stood there is replaced."""
    numbers = msgspec.json.format(msgspec.json.encode(comparison_numbers(comparison)), indent=2) + b"\n"
    try:
        (folder / JSON).write_bytes(numbers)
        (folder / PAGE).write_text(comparison_page(comparison), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}") from error
    return folder / PAGE


def comparison_page(comparison: Comparison) -> str:
    """Return the whole page."""
    seeds = len(comparison.columns[0].runs)
    lead = f"One crash and one book, met by {len({column.protocol for column in comparison.columns})} protocols."
    spans = f"Means over {seeds} seeds with 95 % intervals of Student's t." if seeds > 1 else "One seed: no interval."
    body = "\n".join((
        '<div class="masthead"><b>Seawall</b><span>comparison</span></div>',
        f"<h1>{escape(comparison.title)}</h1>",
        f'<p class="lead">{lead} {escape(text.neutrality_line(comparison))}</p>',
        section("Who lost what", f"In the unit of account. {spans}", figure("losses", losses_figure(comparison)),
                _table(*text.loss_table(comparison)), _list([*text.MEANINGS, *text.unsold_lines(comparison)]),
                *_differences(comparison)),
        *_auctions_left(comparison),
        *_payers(comparison),
        section("The strain", "Debt below the line and debt that collateral did not cover, tick by tick, first seed. What is on "
                "auction has left its account, and is in neither.",
                figure("strain", strain_figure(comparison))),
        section("How long, and who bears the rest", "Time below the line, and what lenders lost of what they had lent.",
                _table(*text.time_table(comparison)), _list(list(text.TIME_MEANINGS))),
        section("Fills by price", "What was repaid, by what the keeper paid less than the undisturbed market price; above: more.",
                figure("fills", fills_figure(comparison)), _table(*text.fill_table(comparison))),
        section("How the book was re-hosted", "What a protocol could not hold was left out, and counted.",
                _list(text.hosting_lines(comparison) or ["Every protocol holds the book as it stands."])),
        *_notes(comparison),
    ))  # fmt: skip
    return page(comparison.title, body)


def losses_figure(comparison: Comparison) -> Spec:
    """Draw who lost or took what under each protocol, with intervals where there are several seeds."""
    names = [text.column_name(column) for column in comparison.columns]
    data = []
    for (heading, measure), colour in zip(_WHO, ("@sea", "@loss", "@amber", "@moss"), strict=True):
        found = [comparison.interval(nth, measure) for nth in range(len(names))]
        widths = [each.half_width_f64 or 0.0 for each in found]
        data.append({
            "type": "bar", "name": heading, "x": names, "y": [_six(each.mean_f64) for each in found],
            "marker": {"color": colour},
            **({"error_y": {"type": "data", "array": [_six(width) for width in widths]}} if any(widths) else {}),
            "hovertemplate": f"{heading} %{{y:,.0f}}<br>%{{x}}<extra></extra>",
        })  # fmt: skip
    return {
        "data": data,
        "layout": layout(380, barmode="group", xaxis=axis(showgrid=False), yaxis=axis(tickformat="~s"), **_LEGEND),
    }


def strain_figure(comparison: Comparison) -> Spec:
    """Draw debt below the line, and debt that collateral does not cover, one above the other, a line a protocol."""
    panels = ((1, "Debt below the line", 0.56, "y"), (3, "Debt that collateral does not cover", 0.0, "y2"))
    data: list[Spec] = []
    axes: Spec = {}
    for place, _, bottom, name in panels:
        for nth, column in enumerate(comparison.columns):
            rows = column.runs[0].measured.timeline
            rows = rows[:: max(1, len(rows) // POINTS_MAX)]
            data.append({
                "type": "scatter", "mode": "lines", "name": text.column_name(column), "showlegend": name == "y",
                "legendgroup": str(nth), "x": [row[0] for row in rows], "y": [_six(row[place]) for row in rows],
                "xaxis": "x", "yaxis": name, "hovertemplate": "%{y:,.0f}<br>%{x}",
                "line": {"color": _colour(nth), "width": 1.25, "dash": _DASHES[nth // len(LINE_COLOURS) % 3]},
            })  # fmt: skip
        axes[name.replace("y", "yaxis")] = axis(
            domain=[bottom, bottom + 0.4], rangemode="tozero", tickformat="~s", anchor="x"
        )
    notes = [note(heading, bottom + 0.41) for _, heading, bottom, _ in panels]
    return {
        "data": data,
        "layout": layout(
            520, annotations=notes, xaxis=axis(type="date", showgrid=False, anchor="y2"), **axes, **_LEGEND
        ),
    }


def fills_figure(comparison: Comparison) -> Spec:
    """Draw the share of what was repaid in each range of discounts to the market."""
    data = [
        {
            "type": "bar", "name": text.column_name(column), "x": text.discount_labels(),
            "y": [_six(share) for share in text.fill_shares(column)], "marker": {"color": _colour(nth)},
            "hovertemplate": f"{text.column_name(column)}<br>%{{x}}: %{{y:.1%}}<extra></extra>",
        }
        for nth, column in enumerate(comparison.columns)
    ]  # fmt: skip
    return {
        "data": data,
        "layout": layout(320, barmode="group", xaxis=axis(showgrid=False), yaxis=axis(tickformat=".0%"), **_LEGEND),
    }


def _auctions_left(comparison: Comparison) -> list[str]:
    heading, rows = text.auction_table(comparison)
    if not rows:
        return []
    said = (
        "What auctions had taken over, and had not raised or sold when the run ended, at the oracle's last prices. It is "
        "no bad debt yet, and only what the lots are short of is in Uncovered."
    )
    return [section("Still on auction at the end", said, _table(heading, rows))]


def _notes(comparison: Comparison) -> list[str]:
    notes = list(comparison.notes)
    return [section("Notes", "What the scenario says of its own figures.", _list(notes))] if notes else []


def _payers(comparison: Comparison) -> list[str]:
    heading, rows = text.payer_table(comparison)
    return (
        [section("Who paid for the bad debt", "Buffers by name, then lenders.", _table(heading, rows))] if rows else []
    )


def _differences(comparison: Comparison) -> list[str]:
    if len(comparison.columns[0].runs) == 1 or len(comparison.columns) == 1:
        return []
    heading = (
        f"<h3>Differences to {escape(text.column_name(comparison.columns[0]))}, seed by seed; * excludes zero</h3>"
    )
    return [heading, _table(*text.difference_table(comparison))]


_LEGEND: Final[dict[str, Any]] = {
    "showlegend": True,
    "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom"},
}


def _colour(nth: int) -> str:
    return LINE_COLOURS[nth % len(LINE_COLOURS)]


def _six(number_f64: float) -> float:
    return float(f"{number_f64:.6g}")


def _table(columns: list[str], rows: list[list[str]]) -> str:
    cells = [[escape(cell) for cell in row] for row in rows]
    return table([escape(name) for name in columns], cells, range(1, len(columns)))


def _list(lines: list[str]) -> str:
    return f'<ul class="notes">{"".join(f"<li>{escape(line)}</li>" for line in lines)}</ul>'
