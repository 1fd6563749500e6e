"""What a run was asked, kept in its folder so that it can be resumed, and what its journal says that it read.

Paths are this machine's, so they stand in `arguments.json` and not in the journal, whose bytes are the same anywhere.
The journal's header has the digest of every input; by them a resumed run knows that nothing has changed.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

from seawall.errors import ConfigError, StorageError
from seawall.studies.run_plan import RunPlan

ARGUMENTS: Final = "arguments.json"


class RunArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The arguments of `seawall replay`; files by their absolute paths, `scenario` a path or a bundled name."""

    scenario: str
    prices: tuple[str, ...] = ()
    positions: str | None = None
    markets: str | None = None
    protocol: str | None = None
    seed: int | None = None


class _Input(msgspec.Struct, frozen=True):
    name: str
    sha256: str


class _Inputs(msgspec.Struct, frozen=True):
    protocol: str
    seed: int
    inputs: tuple[_Input, ...]


def write_arguments(folder: Path, arguments: RunArguments) -> None:
    """Write the arguments, whole or not at all."""
    path = folder / ARGUMENTS
    aside = path.with_name(ARGUMENTS + ".part")
    try:
        with aside.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(arguments), indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from error


def read_arguments(folder: Path) -> RunArguments:
    """Return the arguments of the run in `folder`; raises ConfigError where no run has begun there."""
    path = folder / ARGUMENTS
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunArguments)
    except FileNotFoundError as error:
        raise ConfigError(f"{path} does not exist; name a folder in which `seawall replay` began") from error
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise ConfigError(f"{path} is not what `seawall replay` wrote: {error}") from error


def inputs_text(plan: RunPlan) -> str:
    """Return what a journal's header says of the plan: protocol, seed and every input with its digest."""
    inputs = tuple(_Input(given.name, given.sha256) for given in plan.inputs)
    return msgspec.json.encode(_Inputs(plan.protocol.label, plan.seed, inputs)).decode()


def refuse_changes(begun: str, now: str, place: Path) -> None:
    """Raise ConfigError with the first difference between the inputs that a run began with and those of now."""
    if begun == now:
        return
    before, after = (msgspec.json.decode(text, type=_Inputs) for text in (begun, now))
    digests = {given.name: given.sha256 for given in after.inputs}
    for given in before.inputs:
        found = digests.get(given.name)
        if found != given.sha256:
            has = f"has sha256 {found}" if found is not None else "is no longer an input"
            raise ConfigError(
                f"input {given.name} {has}, the run began with {given.sha256}; inputs must not change, in {place}"
            )
    raise ConfigError(
        f"the run began with {before.protocol}, seed {before.seed} and {len(before.inputs)} inputs, now there are "
        f"{after.protocol}, seed {after.seed} and {len(after.inputs)}, in {place}"
    )
