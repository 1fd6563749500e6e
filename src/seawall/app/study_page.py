"""A study as one self-contained page, in the report's style, and its cells as text: every figure says what it is worth."""

from html import escape

from seawall.app.report import page
from seawall.app.report_figures import LINE_COLOURS, Spec, axis, layout, six_digits
from seawall.app.report_sections import figure, section, table
from seawall.studies.study import Cell, Chart, Claim, Line, StudyOutcome, Table


def study_page(outcome: StudyOutcome) -> str:
    """Return the whole page."""
    charts = [
        section(escape(chart.heading), _caption(chart.caption, chart.claim), figure(f"chart{nth}", chart_figure(chart)))
        for nth, chart in enumerate(outcome.charts)
    ]
    tables = [
        section(
            escape(shown.heading),
            _caption(shown.caption, shown.claim),
            table(
                [escape(name) for name in shown.columns],
                [[escape(cell_text(cell)) for cell in row] for row in shown.rows],
                range(shown.text_columns, len(shown.columns)),
            ),
        )
        for shown in outcome.tables
    ]
    checks = section(
        "Figures",
        "What the files say, beside what is published.",
        table(
            ["Figure", "What it is worth", "Found", "Published", "Same"],
            [[escape(cell) for cell in line_cells(line)] for line in outcome.lines],
            (2, 3),
        ),
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in outcome.notes)
    head = (
        f'<div class="masthead"><b>Seawall</b><span>study {escape(outcome.name)}</span></div>'
        f'<h1>{escape(outcome.title)}</h1><p class="lead">{escape(outcome.story)}</p>'
    )
    ending = section("Notes", "What these figures rest on.", f'<ul class="notes">{notes}</ul>')
    return page(outcome.title, "\n".join((head, *charts, *tables, checks, ending)))


def chart_figure(chart: Chart) -> Spec:
    """Return bars side by side as a Plotly specification."""
    data = [
        {
            "type": "bar", "name": name, "x": list(chart.labels),
            "y": six_digits([float("nan") if height is None else height for height in heights]),
            "marker": {"color": colour}, "hovertemplate": f"{name}<br>%{{x}}: %{{y:,.4~g}}<extra></extra>",
        }
        for (name, heights), colour in zip(chart.series.items(), LINE_COLOURS[1:], strict=False)
    ]  # fmt: skip
    height = {"tickformat": ",~g", "ticksuffix": " %"} if chart.is_percentage else {"tickformat": "~s"}
    return {
        "data": data,
        "layout": layout(
            360,
            barmode="group",
            showlegend=len(data) > 1,
            legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
            xaxis=axis(type="category", showgrid=False),
            yaxis=axis(nticks=6, **height),
        ),
    }


def cell_text(cell: Cell) -> str:
    """Return a cell as people read it."""
    return cell if isinstance(cell, str) else f"{cell:,}"


def line_cells(line: Line) -> list[str]:
    """Return a figure as a row: what, worth, found, published, the same or not."""
    holds = "" if line.holds is None else "yes" if line.holds else "NO"
    return [line.what, line.claim.value, line.found, line.published, holds]


def rows_of(shown: Table) -> list[list[str]]:
    """Return a table's rows as text."""
    return [[cell_text(cell) for cell in row] for row in shown.rows]


def _caption(caption: str, claim: Claim) -> str:
    return f"<b>{claim.value.capitalize()}.</b> {escape(caption)}"
