"""`seawall report`: the page of a finished replay, made again from its folder."""

import typer

from seawall.app.commands.options import Folder, Json, print_json

EXAMPLE = "seawall report out/black_thursday"


def command(folder: Folder, json: Json = False) -> None:
    """Make report.html again from what a finished replay left in its folder."""
    from seawall.app.report import write_report

    path = write_report(folder)
    if json:
        print_json({"report": str(path)})
    else:
        typer.echo(path)
