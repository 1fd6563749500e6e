"""`seawall whatif`: who is liquidated by a change of parameters, at what loss, and which ramp is safe."""

from pathlib import Path
from typing import Annotated

import typer

from seawall.app.commands.options import Json, print_json, print_table

EXAMPLE = "seawall whatif black_thursday --set eth.liquidation_threshold=0.82 --ramp 14d"


def command(
    name: Annotated[
        str,
        typer.Argument(
            metavar="DIR_OR_SCENARIO",
            help="A finished run, as it ended, or a scenario, as it begins.",
            show_default=False,
        ),
    ],
    setting: Annotated[
        list[str],
        typer.Option("--set", metavar="MARKET.PARAMETER=VALUE", help="A parameter; may be given more than once."),
    ],
    ramp: Annotated[str | None, typer.Option(metavar="14d", help="One more length of ramp to ask.")] = None,
    step: Annotated[str, typer.Option(metavar="1d", help="The time from one step of a ramp to the next.")] = "1d",
    volatility: Annotated[
        list[str] | None,
        typer.Option(metavar="ASSET=VALUE", help="A volatility a year, 0.8: prices may fall while a step waits."),
    ] = None,
    prices: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Prices in place of the scenario's.")
    ] = None,
    positions: Annotated[Path | None, typer.Option(metavar="FILE", help="A book in its place.")] = None,
    markets: Annotated[Path | None, typer.Option(metavar="FILE", help="Markets in their place: CSV or TOML.")] = None,
    protocol: Annotated[str | None, typer.Option(metavar="NAME@VERSION", help="Another protocol.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many accounts to print.")] = 10,
    json: Json = False,
) -> None:
    """Ask who would be liquidated by a change of risk parameters alone, at what loss, and which ramp is safe."""
    from seawall.app.parameter_question import answer, answer_numbers
    from seawall.app.parameter_text import account_rows, change_rows, ramp_rows

    files = {"prices": prices, "positions": positions, "markets": markets, "protocol": protocol}
    found = answer(name, setting, ramp, step, volatility or [], files)
    if json:
        print_json(answer_numbers(found))
        return
    typer.echo(f"{found.of}, {found.protocol}")
    print_table("", ["", ""], change_rows(found), left=2)
    if found.liquidated and limit:
        columns = ["Account", "Health before", "after", "Debt", "Repaid", "Lost"]
        print_table("Who loses most", columns, account_rows(found, limit))
    print_table("Ramps in equal steps", *ramp_rows(found))
