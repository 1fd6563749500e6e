"""`seawall explain`: why an account was or was not liquidated, with every number, from the journal."""

from typing import Annotated

import typer

from seawall.app.commands.options import Folder, Json, print_json

EXAMPLE = "seawall explain out/black_thursday 0x3f2a"


def command(
    folder: Folder,
    account: Annotated[str, typer.Argument(help="The account, or the beginning of only one.", show_default=False)],
    json: Json = False,
) -> None:
    """Tell why an account was or was not liquidated, when, with every number, from the journal."""
    from seawall.adapters.sqlite_journal import SqliteJournal
    from seawall.app.explanation import explain, explanation_json, explanation_text
    from seawall.app.replay_folder import journal_path

    with SqliteJournal.open(journal_path(folder)) as journal:
        explanation = explain(journal, account)
    if json:
        print_json(explanation_json(explanation))
    else:
        typer.echo(explanation_text(explanation))
