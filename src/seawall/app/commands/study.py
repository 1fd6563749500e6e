"""`seawall study`: what recorded crashes say, and what other rules would have done, each figure marked with its worth."""

from pathlib import Path
from typing import Annotated

import typer

from seawall.app.commands.options import Json, print_json, print_table

EXAMPLE = "seawall study october_2025 --out out/october_2025"


def command(
    name: Annotated[
        str | None, typer.Argument(help="The study; without it, all are listed.", metavar="NAME", show_default=False)
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", envvar="SEAWALL_DATA", help="The folder of recorded data.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder for the page and the records that it publishes.")
    ] = None,
    json: Json = False,
) -> None:
    """Study a recorded crash: what the data says, and what other rules would have done."""
    from msgspec.structs import replace

    from seawall.app.progress import StudyProgress
    from seawall.app.studies import STUDIES, run_study, write_study
    from seawall.app.study_page import line_cells, rows_of, study_page

    if name is None:
        found = [(known, entry.title) for known, entry in STUDIES.items()]
        if json:
            print_json([{"name": known, "title": title} for known, title in found])
        else:
            print_table("", ["Study", "What it is"], [list(row) for row in found], left=2)
        return
    with StudyProgress() as progress:
        outcome = run_study(name, data, progress)
    if out is not None:
        write_study(outcome, study_page(outcome), out)
    if json:
        print_json(replace(outcome, records={}))
        return
    typer.echo(f"{outcome.title}\n\n{outcome.story}\n")
    print_table(
        "", ["Figure", "Worth", "Found", "Published", "Same"], [line_cells(line) for line in outcome.lines], left=2
    )
    for shown in outcome.tables:
        print_table(f"{shown.heading} ({shown.claim.value})", shown.columns, rows_of(shown), left=shown.text_columns)
    if out is not None:
        typer.echo(out / "study.html")
