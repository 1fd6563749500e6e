"""`seawall verify`: a journal read again from its first byte: chain, rebuild, state hash."""

from typing import Any

import typer

from seawall.app.commands.options import Folder, Json, print_json

EXAMPLE = "seawall verify out/black_thursday"


def command(folder: Folder, json: Json = False) -> None:
    """Read a journal again: hash chain, rebuild through the engine, state hash; exit status 2 where it is corrupt."""
    from seawall.app.verification import verification_text, verify

    found: Any = verify(folder)
    if json:
        print_json(found)
    else:
        typer.echo(verification_text(found))
