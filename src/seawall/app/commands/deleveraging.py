"""`seawall deleveraging`: whose contracts were closed against winners, and the records of it, for anyone to check."""

import typer

from seawall.app.commands.options import Folder, Json, print_json, print_table

EXAMPLE = "seawall deleveraging out/perpetual_squeeze --json > records.json"


def command(folder: Folder, json: Json = False) -> None:
    """List the deleveragings of a journal; as JSON, the records that tools/check_deleveraging.py checks."""
    from seawall.adapters.sqlite_journal import SqliteJournal
    from seawall.app.deleveragings import COLUMNS, deleveraging_records, deleveraging_rows
    from seawall.app.replay_folder import journal_path

    with SqliteJournal.open(journal_path(folder)) as journal:
        if json:
            print_json(deleveraging_records(journal))
            return
        rows = deleveraging_rows(journal)
    if rows:
        print_table("", COLUMNS, rows, left=4)
    else:
        typer.echo("No winner was deleveraged.")
