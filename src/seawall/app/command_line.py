"""The command line: the process boundary, where every error becomes one line and an exit status.

    0    done
    1    a bug of ours: a short report, with the traceback where nobody foresaw it
    2    a mistake of the user's, or an outside thing that failed: one line
    130  interrupted; a replay can be resumed

Nothing heavy is imported here: a command imports what it needs when it runs, so that `seawall --help` is instant.
"""

import os
import sys
import traceback
from typing import Annotated, Final

import typer

from seawall import __version__
from seawall.app.commands import (
    accounts,
    compare,
    data,
    deleveraging,
    explain,
    protocols,
    replay,
    report,
    resume,
    scenarios,
    study,
    verify,
    whatif,
)
from seawall.errors import AdapterError, Defect, UserError

INTERRUPTED: Final = 130
"""The exit status after Ctrl-C."""

app = typer.Typer(
    name="seawall",
    help="Replay a market crash through a liquidation engine: who was liquidated, at what cost, what was left unpaid.",
    epilog="Start with: seawall replay black_thursday",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for name, module in {
    "replay": replay,
    "compare": compare,
    "whatif": whatif,
    "explain": explain,
    "accounts": accounts,
    "scenarios": scenarios,
    "protocols": protocols,
    "deleveraging": deleveraging,
    "verify": verify,
    "resume": resume,
    "report": report,
    "study": study,
}.items():
    app.command(name, epilog=f"Example: {module.EXAMPLE}")(module.command)
app.add_typer(data.app, name="data")


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"seawall {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take what holds for every command."""


def main() -> None:
    """Run the command line and leave the process with its exit status."""
    if not __debug__:
        _complain("refuses to run under python -O, because its preconditions are assertions")
        sys.exit(2)
    code = status(sys.argv[1:])
    if code == INTERRUPTED:
        # An interruption that met an `exec` makes the interpreter end by the signal, however it was answered.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def status(arguments: list[str]) -> int:  # noqa: PLR0911  (one return for each way to end)
    """Run the command line and return its exit status."""
    try:
        result = app(arguments, prog_name="seawall", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        _complain(error.format_message())
        return 2
    except (UserError, AdapterError) as error:
        _complain(str(error))
        return 2
    except BrokenPipeError:
        # The reader has seen enough; the interpreter must not complain when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except Defect as error:
        _complain(f"{type(error).__name__}: {error}; this is a bug of Seawall's")
        return 1
    except Exception as error:
        traceback.print_exc()
        _complain(f"unexpected {type(error).__name__}: {error}; this is a bug of Seawall's")
        return 1
    return result if isinstance(result, int) else 0


def _complain(message: str) -> None:
    typer.echo(f"seawall: {' '.join(message.split())}", err=True)
