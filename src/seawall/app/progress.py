"""What a person sees while a replay runs, on stderr: a bar with the crash's clock, or a line every few seconds."""

import sys
import time
from typing import Final, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar

from seawall.app.number_text import decimal_text, short_value, time_text
from seawall.studies.recorder import Progress

LINE_SECONDS: Final = 5.0


class ReplayProgress:
    """Called with where a run is; a context, so that the bar is gone when the run ends."""

    def __init__(self) -> None:
        console = Console(stderr=True, highlight=False)
        self._bar: Bar | None = None
        self._first_at: int | None = None
        self._said_at = time.monotonic()
        if sys.stderr.isatty():
            self._bar = Bar(
                TextColumn("{task.description}"), BarColumn(bar_width=24), TaskProgressColumn(),
                console=console, transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task("assembling", total=None)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        """Show where the run is."""
        if self._first_at is None:
            self._first_at = progress.at
        done, total = progress.at - self._first_at, max(1, progress.end_at - self._first_at)
        text = (
            f"{time_text(progress.at)}  {progress.symbol} {decimal_text(progress.price, 18, 2)}  "
            f"{progress.below_count:,} below the line  bad debt {short_value(progress.bad_debt_value)}"
        )
        if self._bar is not None:
            self._bar.update(self._task, description=text, completed=min(done, total), total=total)
        elif time.monotonic() - self._said_at >= LINE_SECONDS:
            self._said_at = time.monotonic()
            typer.echo(f"{text}  {min(100, 100 * done // total)} %", err=True)
