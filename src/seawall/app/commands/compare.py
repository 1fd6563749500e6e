"""`seawall compare`: one crash, one book, several protocols side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.app.commands.options import Json, print_json, print_table

if TYPE_CHECKING:
    from seawall.app.comparison import Comparison

EXAMPLE = "seawall compare black_thursday --protocol aave_v3@3.6 --protocol seawall@1"


def command(
    scenario: Annotated[
        str, typer.Argument(help="A bundled scenario by name, or a TOML file.", metavar="SCENARIO", show_default=False)
    ],
    protocol: Annotated[
        list[str],
        typer.Option(
            metavar="NAME@VERSION|FILE",
            help="A protocol, or the .toml file of one; give it once for each. The first is compared with.",
        ),
    ],
    thresholds: Annotated[
        str, typer.Option(metavar="own|equal|both", help="Its own thresholds, or scaled to equal starting health.")
    ] = "both",
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds; several give intervals.")] = 1,
    prices: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Prices in place of the scenario's; may be given more than once."),
    ] = None,
    positions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A book in its place: account, symbol, collateral_amount, debt_amount."),
    ] = None,
    markets: Annotated[Path | None, typer.Option(metavar="FILE", help="Markets in their place: CSV or TOML.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Another first seed.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="How many runs go on beside each other.")] = 2,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write comparison.json and a page with plots there.")
    ] = None,
    json: Json = False,
) -> None:
    """Hold protocols side by side on one crash: who loses what, how long it takes, at which prices it is filled."""
    from seawall.app.comparison import ComparisonArguments, compare, comparison_numbers, thresholds_named
    from seawall.app.comparison_page import make_folder, write_comparison
    from seawall.app.progress import ComparisonProgress

    arguments = ComparisonArguments(
        scenario=scenario,
        protocols=tuple(protocol),
        thresholds=thresholds_named(thresholds),
        prices=tuple(str(path) for path in prices or ()),
        positions=None if positions is None else str(positions),
        markets=None if markets is None else str(markets),
        seed=seed,
        seed_count=seeds,
        processes=processes,
    )
    if out is not None:
        make_folder(out)
    with ComparisonProgress() as progress:
        comparison = compare(arguments, progress)
    page = None if out is None else write_comparison(out, comparison)
    if json:
        print_json(comparison_numbers(comparison))
        return
    _print(comparison)
    if page is not None:
        typer.echo(page)


def _print(comparison: "Comparison") -> None:
    from seawall.app import comparison_text as text

    print_table(f"{comparison.title}, the book of {comparison.source}", *text.loss_table(comparison))
    print_table("", *text.time_table(comparison))
    print_table("What was repaid, by the discount to the market", *text.fill_table(comparison))
    heading, rows = text.auction_table(comparison)
    if rows:
        print_table("Still on auction at the end", heading, rows)
    if len(comparison.columns[0].runs) > 1 and len(comparison.columns) > 1:
        print_table(
            f"Differences to {text.column_name(comparison.columns[0])}, seed by seed; * leaves zero out",
            *text.difference_table(comparison),
        )
    for line in (
        *text.unsold_lines(comparison),
        *text.hosting_lines(comparison),
        text.neutrality_line(comparison),
        *comparison.notes,
    ):
        typer.echo(line)
