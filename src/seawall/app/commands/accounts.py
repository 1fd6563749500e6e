"""`seawall accounts`: health, liquidation price and distance of every account of a book, worst first."""

from pathlib import Path
from typing import Annotated

import typer

from seawall.app.commands.options import Json, Protocol, print_json, print_table

DEFAULT_PROTOCOL = "compound_v2"
"""Whose words a markets table is in."""

EXAMPLE = "seawall accounts --positions book.csv --prices prices.csv --markets markets.csv --below 1.05"


def command(
    positions: Annotated[
        Path, typer.Option(metavar="FILE", help="The book: account, symbol, collateral_amount, debt_amount.")
    ],
    prices: Annotated[
        list[Path], typer.Option(metavar="FILE", help="Prices, as bars or points; may be given more than once.")
    ],
    markets: Annotated[Path, typer.Option(metavar="FILE", help="The markets with their risk parameters: CSV or TOML.")],
    protocol: Protocol = DEFAULT_PROTOCOL,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Take the last prices at or before this time, UTC.")
    ] = None,
    below: Annotated[
        str | None, typer.Option(metavar="H", help="Only accounts whose health factor is below H, or unknown.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many accounts to print.")] = 20,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all of them, whatever the limit, to a .csv or .parquet.")
    ] = None,
    json: Json = False,
) -> None:
    """Show health, liquidation price and distance of the accounts of a book, worst first."""
    from seawall.app.account_table import account_line, account_numbers, rows_by_health
    from seawall.app.account_text import COLUMNS, account_cells, write_accounts
    from seawall.app.argument import health_limit, moment_ms
    from seawall.app.deployment_from_files import LATEST, deployment_from_files
    from seawall.app.protocol_file import chosen_protocol

    rule = chosen_protocol(protocol)
    health_below = None if below is None else health_limit(below)
    deployment = deployment_from_files(positions, prices, markets, rule, LATEST if at is None else moment_ms(at))
    rows = rows_by_health(deployment, rule, health_below)
    if out is not None:
        write_accounts(out, [account_line(deployment, rule, row) for row in rows])
        typer.echo(f"{len(rows):,} accounts in {out}", err=True)
    lines = [account_line(deployment, rule, row) for row in rows[:limit]]
    if json:
        print_json([account_numbers(line) for line in lines])
        return
    print_table("", COLUMNS, [account_cells(line) for line in lines], left=2)
    of_health = "" if below is None else f" with health below {below}"
    typer.echo(f"{len(lines):,} of {len(rows):,} accounts with debt{of_health}; {rule.label}")
