"""What is declared, what is pinned and what is explained are the same packages, each pin with its hashes."""

import re
import tomllib

from packaging.requirements import Requirement
from tests.tidy.source_tree import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = [Requirement(line) for line in PROJECT["project"]["dependencies"]]
BUILD = [Requirement(line) for line in PROJECT["build-system"]["requires"]]
DEVELOPER = [Requirement(line) for line in PROJECT["project"]["optional-dependencies"]["dev"]]


def pins(name: str) -> dict[str, list[str]]:
    """Package to its pinned versions; a package may have one for old and one for new Pythons."""
    found: dict[str, list[str]] = {}
    for entry in re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8").strip()):
        match = re.match(r"([\w.-]+)==(\S+)", entry)
        assert match is not None, entry
        assert "--hash=sha256:" in entry, entry
        found.setdefault(match[1], []).append(match[2])
    return found


def test_what_is_declared_is_pinned_within_its_bounds():
    for name, declared in (("requirements.txt", RUNTIME + BUILD), ("requirements-dev.txt", RUNTIME + DEVELOPER)):
        pinned = pins(name)
        for requirement in declared:
            assert all(version in requirement.specifier for version in pinned[requirement.name]), requirement


def test_both_files_pin_the_same_versions():
    runtime, developer = pins("requirements.txt"), pins("requirements-dev.txt")
    assert {name: developer.get(name) for name in runtime if name != "setuptools"} == {
        name: versions for name, versions in runtime.items() if name != "setuptools"
    }


def test_every_dependency_is_explained():
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| ([a-z-]+) \|", page, re.MULTILINE)
    declared = [requirement.name for requirement in RUNTIME + BUILD + DEVELOPER]
    assert sorted(name for name in explained if name != "what") == sorted(declared)
