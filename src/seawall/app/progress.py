"""What a person sees while something runs, on stderr: a bar, or a line every few seconds."""

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


class ShownProgress:
    """Shows the share that is done with a text beside it; a context, so that the bar is gone when the run ends."""

    def __init__(self, waiting: str) -> None:
        self._bar: Bar | None = None
        self._said_at = time.monotonic()
        if sys.stderr.isatty():
            self._bar = Bar(
                TextColumn("{task.description}"), BarColumn(bar_width=24), TaskProgressColumn(),
                console=Console(stderr=True, highlight=False), transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task(waiting, total=None)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: int, total: int, text: str) -> None:
        """Show that `done` of `total` is done."""
        if self._bar is not None:
            self._bar.update(self._task, description=text, completed=min(done, total), total=total)
        elif time.monotonic() - self._said_at >= LINE_SECONDS:
            self._said_at = time.monotonic()
            typer.echo(f"{text}  {min(100, 100 * done // total)} %", err=True)


class ReplayProgress(ShownProgress):
    """Called with where a run is."""

    def __init__(self) -> None:
        super().__init__("assembling")
        self._first_at: int | None = None

    def __call__(self, progress: Progress) -> None:
        """Show where the run is."""
        if self._first_at is None:
            self._first_at = progress.at
        text = (
            f"{time_text(progress.at)}  {progress.symbol} {decimal_text(progress.price, 18, 2)}  "
            f"{progress.below_count:,} below the line  bad debt {short_value(progress.bad_debt_value)}"
        )
        self.show(progress.at - self._first_at, max(1, progress.end_at - self._first_at), text)


class StudyProgress(ShownProgress):
    """Called with how much of a study is done, of how much."""

    def __init__(self) -> None:
        super().__init__("reading")

    def __call__(self, done: int, total: int) -> None:
        """Show how far it is."""
        self.show(done, total, "studying")


class ComparisonProgress(ShownProgress):
    """Called with the share of a comparison that is done and what is being run."""

    def __init__(self) -> None:
        super().__init__("reading")

    def __call__(self, done_f64: float, running: str) -> None:
        """Show how far it is."""
        self.show(round(1_000 * done_f64), 1_000, running or "reading")
