"""Sections of TOML files: models whose numbers are decimal text, read with the first mistake in one line."""

import tomllib
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from seawall.adapters.decimal_text import scaled
from seawall.errors import ConfigError


def _decimal(value: object) -> str:
    """Return a decimal number as text; the place where it is used knows its scale."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("is not a number")
    try:
        numerator, _ = scaled(str(value), 0)
    except ValueError as error:
        raise ValueError("is not a number") from error
    if numerator < 0 or str(value).startswith("-"):
        raise ValueError("is negative")
    return str(value)


Number = Annotated[str, BeforeValidator(_decimal)]
Count = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    """A table of a file; a key that it does not have is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Whole = TypeVar("Whole", bound=Section)


def parsed(content: bytes, path: Path, whole: type[Whole]) -> Whole:
    """Return a file as a model of all of it; raises ConfigError on its first mistake."""
    try:
        document = tomllib.loads(content.decode(), parse_float=str)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    try:
        return whole.model_validate(document)
    except ValidationError as error:
        raise ConfigError(_complaint(error.errors()[0], path, whole)) from error


def _complaint(error: ErrorDetails, path: Path, whole: type[Section]) -> str:
    """Return one line on the first mistake: the fact, the value and the place."""
    *section, key = error["loc"] or ("",)
    model, shown = _model_at(section, whole)
    place = f"in [{'.'.join(shown)}] of {path}" if shown else f"in {path}"
    known = ", ".join(sorted(model.model_fields)) if model is not None else ""
    if error["type"] == "extra_forbidden":
        return f"unknown key {key!r} {place}; known: {known}"
    if error["type"] == "missing":
        return f"key {key!r} is missing {place}"
    message = error["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    return f"{key} {error['input']!r}: {message}, {place}"


def _model_at(section: Sequence[str | int], whole: type[Section]) -> tuple[type[BaseModel] | None, list[str]]:
    """Return the model that stands at a place of the document, and the place as a person would write it."""
    models: list[type[BaseModel]] = [whole]
    shown: list[str] = []
    for part in section:
        tagged = [model for model in models if "kind" in model.model_fields and part in _literals(model)]
        if tagged:
            models = tagged
            continue
        fields = [model.model_fields[str(part)] for model in models if part in model.model_fields]
        if fields:
            models = [model for field in fields for model in _models_in(field.annotation)]
        shown.append(str(part + 1) if isinstance(part, int) else part)
    return (models[0] if models else None), shown


def _literals(model: type[BaseModel]) -> tuple[Any, ...]:
    return get_args(model.model_fields["kind"].annotation)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return [annotation] if issubclass(annotation, BaseModel) else []
    if get_origin(annotation) in (Union, types.UnionType, list, dict, Annotated):
        return [model for each in get_args(annotation) for model in _models_in(each)]
    return []
