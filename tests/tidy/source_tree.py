"""The project's own text as the tidy tests read it: files that git tracks, and the syntax trees of its modules."""

import ast
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "seawall"
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Module:
    """One Python file: its path from the root, its text, its tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return str(self.path)

    @property
    def dotted(self) -> str:
        """The name by which a module is imported."""
        parts = [part for part in self.path.with_suffix("").parts if part != "src"]
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def place(self, node: ast.AST) -> str:
        return f"{self.path}:{node.lineno}"


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Every Python file under these folders of the root, by path."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    texts = [(path.relative_to(ROOT), path.read_text(encoding="utf-8")) for path in paths]
    return tuple(Module(path, text, ast.parse(text)) for path, text in texts)


def rooms(*names: str) -> tuple[Module, ...]:
    return modules(*(f"src/seawall/{name}" for name in names))


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file that git tracks or would take, from the root; all files where there is no git."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listing.returncode == 0:
        return tuple(Path(line) for line in sorted(set(listing.stdout.splitlines())) if (ROOT / line).is_file())
    hidden = re.compile(r"(^|/)(\.|out/|build/|__pycache__)|\.egg-info/")
    names = (str(path.relative_to(ROOT)) for path in sorted(ROOT.rglob("*")) if path.is_file())
    return tuple(Path(name) for name in names if not hidden.search(name))


def complain(fault: str, places: list[str]) -> None:
    """Fail with every place that has the fault."""
    assert not places, f"{fault}:\n  " + "\n  ".join(places)
