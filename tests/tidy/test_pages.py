"""The pages say what is so: commands and options exist, links lead somewhere, what README prints is what is printed."""

import os
import re
import shlex
import subprocess
import sys

import pytest
from tests.tidy.source_tree import ROOT, complain, tracked_files
from typer.main import get_command

from seawall.app.command_line import app
from seawall.protocols.catalogue import all_protocols

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [path for path in tracked_files() if path.suffix == ".md"]
COMMANDS = [line.strip() for line in README.splitlines() if line.startswith("    seawall ")]


def seawall(*arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "seawall.app", *arguments],
        cwd=ROOT, env={**os.environ, "COLUMNS": "120"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_links_of_pages_lead_somewhere():
    complain(
        "a link to nothing",
        [
            f"{page}: {target}"
            for page in PAGES
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", (ROOT / page).read_text(encoding="utf-8"))
            if "://" not in target and not (ROOT / page).parent.joinpath(target).exists()
        ],
    )


def test_files_that_pages_name_are_there():
    named = re.compile(r"`((?:src|tests|docs|examples|benchmarks)/[\w./-]+)`")
    complain(
        "a file that is not there",
        [
            f"{page}: {target}"
            for page in PAGES
            for target in named.findall((ROOT / page).read_text(encoding="utf-8"))
            if not (ROOT / target).exists()
        ],
    )


def test_targets_of_make_that_pages_name_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    texts = [(page, (ROOT / page).read_text(encoding="utf-8")) for page in PAGES]
    complain(
        "a target that the Makefile does not have",
        [f"{page}: make {name}" for page, text in texts for name in _made(text) if name not in targets],
    )


def _made(text: str) -> set[str]:
    return set(re.findall(r"(?:`|^    )make ([a-z]+)", text, re.MULTILINE))


def test_readme_has_every_command_and_no_other():
    table = README[README.index("## Commands") : README.index("## What is exact")]
    named = {found.split()[0] for found in re.findall(r"^\| `seawall ([a-z ]+)", table, re.MULTILINE)}
    assert named == set(get_command(app).commands)


def test_readme_says_how_far_each_protocol_is_proven():
    rows = re.findall(r"^\| (`\w+@.*) \| ([\w ]+) \|$", README, re.MULTILINE)
    said = {label: proof for labels, proof in rows for label in re.findall(r"`([^`]+)`", labels)}
    assert said == {protocol.label: protocol.proof.value for protocol in all_protocols()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("out")


def test_commands_of_the_readme_run(folder):
    assert len(COMMANDS) == 3
    for line in COMMANDS:
        assert seawall(*shlex.split(line.replace("out/own", str(folder / "own")))[1:])


def test_the_readme_shows_what_the_default_replay_prints(folder):
    shown = re.search(r"<!-- printed by: seawall (.*?) -->\n```\n(.*?)\n```", README, re.DOTALL)
    printed = [line.rstrip() for line in seawall(*shown[1].split(), "--out", str(folder / "default")).splitlines()]
    table = "\n".join(printed[: next(n for n, line in enumerate(printed) if line.startswith(" State hash")) + 1])
    assert shown[2] == table, f"README.md should show:\n{table}"


@pytest.mark.parametrize("command", ["compare", "whatif"])
def test_the_readme_shows_what_other_commands_print(command):
    shown = re.search(rf"<!-- printed by: seawall ({command} .*?) -->\n```\n(.*?)\n```", README, re.DOTALL)
    printed = "\n".join(line.rstrip() for line in seawall(*shown[1].split()).splitlines())
    assert printed.startswith(shown[2]), f"README.md should show what begins:\n{printed}"
