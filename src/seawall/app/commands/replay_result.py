"""What `replay` and `resume` share: a run that is watched, and the table that it ends with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from seawall.app.commands.options import print_json, print_table
from seawall.app.outcome_text import outcome_rows
from seawall.app.progress import ReplayProgress
from seawall.app.run_arguments import ARGUMENTS
from seawall.studies.recorder import Progress
from seawall.studies.replay_folder import REPORT


def watched(folder: Path, run: Callable[[Callable[[Progress], None]], dict[str, Any]]) -> dict[str, Any]:
    """Run with progress on stderr; an interruption says how to go on and ends with status 130."""
    try:
        with ReplayProgress() as progress:
            return run(progress)
    except KeyboardInterrupt as error:
        begun = (folder / ARGUMENTS).exists()
        hint = f"; `seawall resume {folder}` goes on" if begun else " before anything was written"
        typer.echo(f"seawall: interrupted{hint}", err=True)
        raise typer.Exit(130) from error


def show(outcome: dict[str, Any], folder: Path, *, json: bool) -> None:
    """Print the outcome as a table with the page's place, or as JSON."""
    if json:
        print_json(outcome)
        return
    print_table(f"{outcome['title']}, {outcome['protocol']}", ["", ""], outcome_rows(outcome), left=2)
    typer.echo(folder / REPORT)
