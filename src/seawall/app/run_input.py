"""What went into a run, as the outcome and the page list it: name, kind, digest, and what a reader should know.

Kinds: *data* was published and is taken as it is; *reconstructed* goes through published figures, with chance between
them; a *model* was drawn from stated distributions; the rest is *assumed*.
"""

from hashlib import sha256
from pathlib import Path

import msgspec
from pydantic import BaseModel

from seawall.adapters.file_digest import file_digest
from seawall.ledger.composition import Composition
from seawall.studies.run_plan import Kind, RunInput


def file_input(path: Path, kind: Kind, detail: str) -> RunInput:
    """Return the input that a file is, under its bare name, so that it reads the same on every machine."""
    return RunInput(path.name, kind, file_digest(path), detail)


def section_input(name: str, section: BaseModel, kind: Kind, detail: str) -> RunInput:
    """Return the input that a part of the scenario is."""
    return RunInput(name, kind, sha256(section.model_dump_json().encode()).hexdigest(), detail)


def composition_input(composition: Composition) -> RunInput:
    """Return the input that a protocol is which a user composed."""
    detail = f"{composition.label}, composed by whoever ran this; no contract has it."
    return RunInput("protocol", "assumed", sha256(msgspec.json.encode(composition)).hexdigest(), detail)
