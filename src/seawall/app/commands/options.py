"""Options that several commands share, and the two ways in which a command speaks: tables for people, JSON for programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help="A folder that `seawall replay` wrote.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else there.")]
Protocol = Annotated[
    str,
    typer.Option(
        "--protocol",
        metavar="NAME@VERSION|FILE",
        help="The protocol, as `seawall protocols` lists them, or a .toml file.",
    ),
]

_WIDTH_OF_FILE = 160


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def print_table(title: str, columns: Sequence[str], rows: list[list[str]], left: int = 1) -> None:
    """Print a table whose first `left` columns are text and whose others are numbers."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_OF_FILE
    table = Table(
        title=Text(title) if title else None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False,
        show_header=any(columns),
    )  # fmt: skip
    for nth, name in enumerate(columns):
        is_text = 0 < nth < left
        table.add_column(name, justify="left" if nth < left else "right", no_wrap=not is_text, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
