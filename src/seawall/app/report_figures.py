"""The figures of the report, as Plotly specifications in plain dictionaries.

A colour is a name with an at sign (`@ink`): the page puts in the colour of its light or dark theme. Long series are
thinned to what a screen can show, keeping every extreme. Numbers are cut to six significant digits, so that the page
stays small.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl

Spec = dict[str, Any]

POINTS_MAX: Final = 1_200
BUBBLES_MAX: Final = 240
PRICED_ASSETS_MAX: Final = 6
LINE_COLOURS: Final = ("@ink", "@sea", "@amber", "@moss", "@plum", "@muted")

HEALTH_EDGES: Final = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.35, 1.5, 2.0, 3.0)
MOMENTS: Final = (("before", "Before"), ("worst", "At the worst moment"), ("after", "After"))

SECONDS_EDGES: Final = (0, 15, 30, 60, 120, 300, 900, 3_600, 21_600, 86_400)
SECONDS_LABELS: Final = (
    "under 15 s", "15–30 s", "30–60 s", "1–2 min", "2–5 min", "5–15 min", "15–60 min", "1–6 h", "6–24 h", "over 1 d",
)  # fmt: skip


def layout(height: int, **axes: Any) -> Spec:
    """Return the layout that all figures share."""
    return {
        "height": height,
        "margin": {"l": 56, "r": 12, "t": 28, "b": 36},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "inherit", "size": 12, "color": "@muted"},
        "hoverlabel": {"bgcolor": "@paper", "bordercolor": "@rule", "font": {"color": "@ink"}, "align": "left"},
        "hovermode": "closest",
        "dragmode": False,
        "showlegend": False,
        "bargap": 0.12,
        **axes,
    }


def axis(**options: Any) -> Spec:
    """Return an axis in the common style: a hairline grid, no frame."""
    return {
        "gridcolor": "@rule", "zeroline": False, "linecolor": "@rule", "ticks": "", "automargin": True,
        "fixedrange": True, **options,
    }  # fmt: skip


def note(text: str, y: float) -> Spec:
    """Return a heading inside a figure, at its left and at height `y` of the paper."""
    return {
        "text": text, "x": 0, "y": y, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom",
        "showarrow": False, "font": {"color": "@ink", "size": 13},
    }  # fmt: skip


def extremes(column: pl.Series, count_max: int = POINTS_MAX) -> list[int]:
    """Return the rows to draw: all of them, or the first, the lowest and the highest of each of `count_max`/3 buckets."""
    length = len(column)
    if length <= count_max:
        return list(range(length))
    values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    rows = {0, length - 1}
    for bucket in np.array_split(np.arange(length), count_max // 3):
        known = bucket[~np.isnan(values[bucket])]
        rows.add(int(bucket[0]))
        if known.size:
            rows.add(int(known[np.argmin(values[known])]))
            rows.add(int(known[np.argmax(values[known])]))
    return sorted(rows)


def six_digits(values: pl.Series | Sequence[float]) -> list[float | None]:
    """Return the numbers cut to six significant digits; what is not a number is None."""
    return [None if value is None or math.isnan(value) else float(f"{value:.6g}") for value in values]


def times(at_ms: pl.Series) -> list[str]:
    """Return times as the UTC text that Plotly reads."""
    return at_ms.cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%d %H:%M:%S").to_list()


def priced_assets(timeline: pl.DataFrame, liquidations: pl.DataFrame) -> list[str]:
    """Return the assets whose price is drawn: those with a twentieth or more of what was seized, the largest first.

    Where nothing was seized it is the asset that fell most.
    """
    known = [name.removeprefix("price_").removesuffix("_f64") for name in timeline.columns if name.startswith("price_")]
    value = pl.col("seize_value_f64")
    seized = liquidations.group_by("collateral_asset").agg(value.sum()).filter(value >= value.sum() / 20)
    by_value = seized.sort(["seize_value_f64", "collateral_asset"], descending=[True, False])["collateral_asset"]
    drawn = [symbol for symbol in by_value.to_list() if symbol in known][:PRICED_ASSETS_MAX]
    return drawn or sorted(known, key=lambda symbol: (_lowest_part(timeline, symbol), symbol))[:1]


def _lowest_part(timeline: pl.DataFrame, symbol: str) -> float:
    prices = timeline[f"price_{symbol}_f64"].drop_nulls()
    return float(prices.min() / prices[0]) if len(prices) and prices[0] else 1.0


def price_figure(timeline: pl.DataFrame, liquidations: pl.DataFrame) -> Spec:
    """Draw the price with the liquidations on it: circles whose area is the debt repaid.

    One asset is drawn in its price, several each as a percentage of their first price.
    """
    symbols = priced_assets(timeline, liquidations)
    sums = _repaid_by_time(timeline, liquidations)
    largest = float(sums["repaid"].max() or 1.0) if len(sums) else 1.0  # type: ignore[arg-type]
    data: list[Spec] = []
    for symbol, colour in zip(symbols, LINE_COLOURS, strict=False):
        column = timeline[f"price_{symbol}_f64"]
        first = next((price for price in column if price), 1.0)
        scale = 1.0 if len(symbols) == 1 else 100.0 / first
        rows = extremes(column)
        data.append({
            "type": "scatter", "mode": "lines", "name": symbol, "x": times(timeline["at_ms"][rows]),
            "y": six_digits(column[rows] * scale), "customdata": six_digits(column[rows]),
            "line": {"color": colour, "width": 1.5, "shape": "hv"},
            "hovertemplate": f"{symbol} %{{customdata:,.6~g}}<br>%{{x}}<extra></extra>",
        })  # fmt: skip
        of_asset = sums.filter(pl.col("collateral_asset") == symbol)
        data.append({
            "type": "scatter", "mode": "markers", "name": f"{symbol} liquidations", "showlegend": False,
            "x": times(of_asset["at_ms"]), "y": six_digits(of_asset["price"] * scale),
            "customdata": [
                [count, *cells]
                for count, *cells in zip(
                    of_asset["count"].to_list(), six_digits(of_asset["repaid"]), six_digits(of_asset["bad_debt"]),
                    strict=True,
                )
            ],
            "marker": {
                "color": "@loss-soft", "line": {"color": "@loss", "width": 1}, "sizemode": "area", "sizemin": 2,
                "size": six_digits(of_asset["repaid"]), "sizeref": float(f"{largest / 500:.6g}"),
            },
            "hovertemplate": "%{customdata[0]} liquidations<br>repaid %{customdata[1]:,.0f}"
            "<br>bad debt %{customdata[2]:,.0f}<br>%{x}<extra></extra>",
        })  # fmt: skip
    heading = f"Price of {symbols[0]}" if len(symbols) == 1 else "Prices, first = 100"
    return {
        "data": data,
        "layout": layout(
            420,
            showlegend=len(symbols) > 1,
            legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom"},
            xaxis=axis(type="date", showgrid=False),
            yaxis=axis(tickformat=",~g"),
            annotations=[note(heading, 1.0)],
        ),
    }


def _repaid_by_time(timeline: pl.DataFrame, liquidations: pl.DataFrame) -> pl.DataFrame:
    """Return liquidations summed in equal spans of time, for each asset seized, with the mean price weighted by value."""
    if not len(liquidations) or not len(timeline):
        return pl.DataFrame(
            schema={
                "collateral_asset": pl.String, "at_ms": pl.Int64, "count": pl.UInt32, "repaid": pl.Float64,
                "bad_debt": pl.Float64, "price": pl.Float64,
            }
        )  # fmt: skip
    first, last = timeline["at_ms"][0], timeline["at_ms"][-1]
    span = max(1, (last - first) // BUBBLES_MAX)
    weight = pl.col("repay_value_f64")
    price = pl.col("collateral_price").cast(pl.Float64)
    return (
        liquidations.with_columns(((pl.col("at_ms") - first) // span).alias("nth"))
        .group_by("collateral_asset", "nth")
        .agg(
            ((pl.col("at_ms") * weight).sum() / weight.sum()).fill_nan(pl.col("at_ms").min()).cast(pl.Int64),
            pl.len().cast(pl.UInt32).alias("count"),
            weight.sum().alias("repaid"),
            pl.col("bad_debt_value_f64").sum().alias("bad_debt"),
            ((price * weight).sum() / weight.sum()).fill_nan(price.mean()).alias("price"),
        )
        .sort("collateral_asset", "nth")
    )


def stress_figure(timeline: pl.DataFrame) -> Spec:
    """Draw accounts below the line, value that collateral no longer covers, and bad debt so far, one above the other."""
    panels = (
        ("liquidatable_count", "Accounts below the line", "@sea", "@sea-soft", "hv"),
        ("insolvent_value_f64", "Debt that collateral does not cover", "@amber", "@amber-soft", "hv"),
        ("bad_debt_value_f64", "Bad debt so far", "@loss", "@loss-soft", "hv"),
    )
    data: list[Spec] = []
    axes: Spec = {}
    notes: list[Spec] = []
    for nth, (name, heading, colour, soft, shape) in enumerate(panels):
        bottom = (2 - nth) * 0.355
        rows = extremes(timeline[name])
        suffix = str(nth + 1) if nth else ""
        data.append({
            "type": "scatter", "mode": "lines", "name": heading, "x": times(timeline["at_ms"][rows]),
            "y": six_digits(timeline[name][rows]), "fill": "tozeroy", "fillcolor": soft,
            "line": {"color": colour, "width": 1.25, "shape": shape}, "xaxis": "x", "yaxis": f"y{suffix}",
            "hovertemplate": "%{y:,.0f}<br>%{x}<extra></extra>",
        })  # fmt: skip
        is_flat = not timeline[name].max()
        axes[f"yaxis{suffix}"] = axis(
            domain=[bottom, bottom + 0.265],
            rangemode="tozero",
            tickformat="~s",
            nticks=4,
            anchor="x",
            **({"range": [0, 1], "tickvals": [0]} if is_flat else {}),
        )
        notes.append(note(heading, bottom + 0.275))
    axes["xaxis"] = axis(type="date", showgrid=False, anchor="y3")
    return {"data": data, "layout": layout(560, annotations=notes, **axes)}


def health_figure(health: pl.DataFrame) -> Spec:
    """Draw how much debt stands at which health factor, at three moments; what is left of the line is liquidatable."""
    labels = [_bin_label(nth) for nth in range(len(HEALTH_EDGES))]
    below_line = HEALTH_EDGES.index(1.0)
    data: list[Spec] = []
    axes: Spec = {}
    notes: list[Spec] = []
    shapes: list[Spec] = []
    for nth, (moment, heading) in enumerate(MOMENTS):
        bottom = (2 - nth) * 0.35
        suffix = str(nth + 1) if nth else ""
        of_moment = health.filter(pl.col("moment") == moment)
        bins = np.digitize(of_moment["health_factor_f64"].to_numpy(), HEALTH_EDGES[1:])
        sums = np.bincount(bins, of_moment["debt_value_f64"].to_numpy(), len(labels))
        counts = np.bincount(bins, minlength=len(labels))
        data.append({
            "type": "bar", "name": heading, "x": labels, "y": six_digits(sums.tolist()),
            "customdata": counts.tolist(), "yaxis": f"y{suffix}", "xaxis": "x",
            "marker": {"color": ["@loss"] * below_line + ["@sea"] * (len(labels) - below_line)},
            "hovertemplate": "health %{x}<br>debt %{y:,.0f}<br>%{customdata} accounts<extra></extra>",
        })  # fmt: skip
        axes[f"yaxis{suffix}"] = axis(
            domain=[bottom, bottom + 0.25], tickformat="~s", nticks=4, anchor="x", matches="y" if nth else None
        )
        notes.append(note(heading, bottom + 0.26))
        shapes.append({
            "type": "line", "xref": "x", "yref": "paper", "x0": below_line - 0.5, "x1": below_line - 0.5,
            "y0": bottom, "y1": bottom + 0.25, "line": {"color": "@ink", "width": 1, "dash": "dot"},
        })  # fmt: skip
    axes["xaxis"] = axis(type="category", showgrid=False, anchor="y3", tickangle=-45, categoryarray=labels)
    return {"data": data, "layout": layout(600, annotations=notes, shapes=shapes, **axes)}


def _bin_label(nth: int) -> str:
    low = HEALTH_EDGES[nth]
    return f"≥ {low:g}" if nth + 1 == len(HEALTH_EDGES) else f"{low:g}–{HEALTH_EDGES[nth + 1]:g}"


def seconds_figure(liquidations: pl.DataFrame) -> Spec:
    """Draw how many liquidations came how long after their account fell below the line."""
    bins = np.digitize(liquidations["seconds_below_line_f64"].to_numpy(), SECONDS_EDGES[1:])
    counts = np.bincount(bins, minlength=len(SECONDS_LABELS))
    filled = np.flatnonzero(counts)
    shown = slice(int(filled[0]), int(filled[-1]) + 1) if filled.size else slice(0, len(SECONDS_LABELS))
    bar = {
        "type": "bar", "x": list(SECONDS_LABELS[shown]), "y": counts[shown].tolist(), "marker": {"color": "@sea"},
        "hovertemplate": "%{x}<br>%{y:,} liquidations<extra></extra>",
    }  # fmt: skip
    return {
        "data": [bar],
        "layout": layout(
            280,
            xaxis=axis(type="category", showgrid=False, tickangle=-45),
            yaxis=axis(tickformat="~s", nticks=5),
            annotations=[note("Liquidations", 1.0)],
        ),
    }
