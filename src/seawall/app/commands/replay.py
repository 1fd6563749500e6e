"""`seawall replay`: a crash through the engine."""

from pathlib import Path
from typing import Annotated

import typer

from seawall.app.commands.options import Json

EXAMPLE = "seawall replay black_thursday --protocol aave_v3@3.3 --out out/crash"


def command(
    scenario: Annotated[
        str, typer.Argument(help="A bundled scenario by name, or a TOML file.", metavar="SCENARIO", show_default=False)
    ],
    prices: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Prices in place of the scenario's; may be given more than once."),
    ] = None,
    positions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A book in its place: account, symbol, collateral_amount, debt_amount."),
    ] = None,
    markets: Annotated[Path | None, typer.Option(metavar="FILE", help="Markets in their place: CSV or TOML.")] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            metavar="NAME@VERSION|FILE", help="Another protocol, as `seawall protocols` lists them, or a .toml file."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder to write.", show_default="out/SCENARIO")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what an earlier replay left in the folder.")] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed for what is drawn by chance.")] = None,
    json: Json = False,
) -> None:
    """Replay a crash through the engine: who was liquidated, at what cost, what was left unpaid."""
    from seawall.app.commands.replay_result import show, watched
    from seawall.app.protocol_file import is_protocol_file
    from seawall.app.replay_run import begin
    from seawall.app.run_arguments import RunArguments

    folder = out if out is not None else Path("out") / Path(scenario).stem
    given = Path(scenario)
    arguments = RunArguments(
        scenario=str(given.absolute()) if given.is_file() else scenario,
        prices=tuple(str(path.absolute()) for path in prices or ()),
        positions=None if positions is None else str(positions.absolute()),
        markets=None if markets is None else str(markets.absolute()),
        protocol=str(Path(protocol).absolute()) if protocol and is_protocol_file(protocol) else protocol,
        seed=seed,
    )
    show(watched(folder, lambda watch: begin(folder, arguments, force=force, watch=watch)), folder, json=json)
