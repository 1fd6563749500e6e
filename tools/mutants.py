"""Change one line of a rule at a time and see whether its tests notice: a rounding, a strictness, a sign, an order of two steps.

    python tools/mutants.py src/seawall/rules/sizing.py src/seawall/rules/pro_rata.py
    python tools/mutants.py --room rules --at-least 95

Tests of src/seawall/ROOM/NAME.py are tests/unit/ROOM/test_NAME*.py, and, for whoever survives them, those of the files that
import it. A mutant is caught when one of them fails, hangs or cannot be collected. Prints every survivor with its line; the exit
status is 1 where fewer are caught than asked for.
"""

import argparse
import ast
import contextlib
import copy
import importlib.machinery
import importlib.util
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.progress import Progress

ROOT = Path(__file__).resolve().parent.parent
SECONDS_MAX = 120
ROUNDINGS = {
    "div_down": "div_up", "div_up": "div_down", "mul_div_down": "mul_div_up", "mul_div_up": "mul_div_down",
    "mul_div_half_up": "mul_div_down", "div_half_up": "div_down", "min": "max", "max": "min",
    "mul_div_mul_div_down": "mul_div_mul_div_up", "mul_div_mul_div_up": "mul_div_mul_div_down", "any": "all", "all": "any",
}  # fmt: skip
COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
OPERATIONS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add}
FIXED = set(ROUNDINGS) - {"min", "max", "any", "all"}


class Mutant(NamedTuple):
    """A changed source, and what was changed where."""

    path: Path
    line: int
    change: str
    source: str


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a file, in the order of its lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    count = sum(1 for _ in _places(tree))
    for nth in range(count):
        changed = copy.deepcopy(tree)
        node, change, apply = next(place for place_nth, place in enumerate(_places(changed)) if place_nth == nth)
        apply()
        source = "\n".join(_imports(tree)) + "\n" + ast.unparse(changed)
        yield Mutant(path, node.lineno, change, source)


def _imports(tree: ast.Module) -> list[str]:
    """Return an import of every rounding, as a mutant may call one that its file does not."""
    return [f"from seawall.fixed import {', '.join(sorted(FIXED))}"] if _calls_fixed(tree) else []


def _calls_fixed(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.ImportFrom) and node.module == "seawall.fixed" for node in tree.body)


def _places(tree: ast.Module):
    """Yield (node, what would change, how to change it) wherever one line of a function can be changed."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        unread = {id(below) for node in ast.walk(function) if _changes_nothing(node) for below in ast.walk(node)}
        for node in ast.walk(function):
            if id(node) not in unread:
                yield from _places_in(node)


def _changes_nothing(node: ast.AST) -> bool:
    """Return whether what stands here only guards against bugs: an assertion, or `strict` of a zip."""
    return isinstance(node, ast.Assert) or (isinstance(node, ast.keyword) and node.arg == "strict")


def _places_in(node: ast.AST):
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in ROUNDINGS:
            yield node, f"{name} -> {ROUNDINGS[name]}", lambda: setattr(node.func, "id", ROUNDINGS[name])
        case ast.Compare(ops=[operator]) if type(operator) in COMPARISONS:
            other = COMPARISONS[type(operator)]
            yield node, f"{type(operator).__name__} -> {other.__name__}", lambda: setattr(node, "ops", [other()])
        case ast.BinOp(op=operator) if type(operator) in OPERATIONS:
            other = OPERATIONS[type(operator)]
            yield node, f"{type(operator).__name__} -> {other.__name__}", lambda: setattr(node, "op", other())
        case ast.AugAssign(op=operator) if type(operator) in OPERATIONS:
            other = OPERATIONS[type(operator)]
            yield node, f"{type(operator).__name__} -> {other.__name__}", lambda: setattr(node, "op", other())
        case ast.BoolOp(op=operator):
            other = ast.Or if isinstance(operator, ast.And) else ast.And
            yield node, f"{type(operator).__name__} -> {other.__name__}", lambda: setattr(node, "op", other())
        case ast.Constant(value=bool(value)):
            yield node, f"{value} -> {not value}", lambda: setattr(node, "value", not value)
        case ast.Constant(value=int(value)):
            yield node, f"{value} -> {value + 1}", lambda: setattr(node, "value", value + 1)
    for name in ("body", "orelse"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield from _swaps(block)


def _swaps(block: list[ast.stmt]):
    """Yield the exchange of two neighbouring steps of which one writes what the other reads or writes."""
    for nth in range(len(block) - 1):
        first, second = block[nth : nth + 2]
        if not all(isinstance(step, ast.Assign | ast.AugAssign) for step in (first, second)):
            continue
        if _written(first) & (_read(second) | _written(second)) or _written(second) & _read(first):
            yield first, "two steps exchanged", lambda nth=nth: block.insert(nth, block.pop(nth + 1))


def _written(step: ast.stmt) -> set[str]:
    """Return what a step writes, a field by its dotted name."""
    targets = step.targets if isinstance(step, ast.Assign) else [step.target]
    return {ast.unparse(target) for target in targets}


def _read(step: ast.stmt) -> set[str]:
    augmented = _written(step) if isinstance(step, ast.AugAssign) else set()
    return augmented | {
        ast.unparse(node) for node in ast.walk(step.value) if isinstance(node, ast.Name | ast.Attribute)
    }


def tests_of(path: Path) -> list[str]:
    """Return the test files of a source file."""
    room = path.relative_to(ROOT / "src" / "seawall").parent
    folder = ROOT / "tests" / "unit" / room
    return [str(test) for test in sorted(folder.glob(f"test_{path.stem}*.py"))]


def tests_of_importers(path: Path) -> list[str]:
    """Return the test files of whatever imports a source file, and those that import it themselves."""
    name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
    line = f"from {name} import"
    sources = [each for each in (ROOT / "src").rglob("*.py") if line in each.read_text(encoding="utf-8")]
    tests = [each for each in (ROOT / "tests" / "unit").rglob("test_*.py") if line in each.read_text(encoding="utf-8")]
    return sorted({*(test for each in sources for test in tests_of(each)), *map(str, tests)})


class _Finder(importlib.machinery.PathFinder):
    """Finds one module in another file."""

    name: str
    place: Path

    @classmethod
    def find_spec(cls, fullname, path=None, target=None):  # noqa: ARG003
        if fullname != cls.name:
            return None
        return importlib.util.spec_from_file_location(fullname, cls.place)


def is_caught(mutant: Mutant, tests: Sequence[str]) -> bool:
    """Run the tests on a mutant in a process of its own and return whether they notice."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / mutant.path.name
        place.write_text(mutant.source, encoding="utf-8")
        child = os.fork()
        if child == 0:
            _run(mutant, place, tests)
        _, status = os.waitpid(child, 0)
    return status != 0


def is_caught_by_any(mutant: Mutant, tests: Sequence[str]) -> bool:
    """Ask the file's own tests first, then those of its importers."""
    return is_caught(mutant, tests) or is_caught(mutant, tests_of_importers(mutant.path))


def _run(mutant: Mutant, place: Path, tests: Sequence[str]) -> None:
    """Run the tests and end the process."""
    signal.alarm(SECONDS_MAX)
    sys.dont_write_bytecode = True
    _Finder.name = ".".join(mutant.path.relative_to(ROOT / "src").with_suffix("").parts)
    _Finder.place = place
    sys.meta_path.insert(0, _Finder)
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        status = pytest.main(["-q", "-x", "-p", "no:cacheprovider", *tests])
    os._exit(0 if status == pytest.ExitCode.OK else 1)


def main() -> int:
    """Make mutants, run them, and print who survived."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, help="source files")
    parser.add_argument("--room", help="all files of a room of src/seawall")
    parser.add_argument("--at-least", type=float, default=95.0, metavar="PERCENT", help="share that must be caught")
    asked = parser.parse_args()
    files = [path.resolve() for path in asked.files]
    if asked.room:
        files += sorted((ROOT / "src" / "seawall" / asked.room).glob("[!_]*.py"))
    work = [(mutant, tests_of(path)) for path in files if tests_of(path) for mutant in mutants_of(path)]
    without = [path.name for path in files if not tests_of(path)]
    if without:
        print(f"without tests of their own: {', '.join(without)}")
    with Progress() as progress, ThreadPoolExecutor(os.cpu_count()) as workers:
        bar = progress.add_task("mutants", total=len(work))
        caught = []
        for each in workers.map(lambda pair: is_caught_by_any(*pair), work):
            caught.append(each)
            progress.advance(bar)
    for (mutant, _), was_caught in zip(work, caught, strict=True):
        if not was_caught:
            print(f"survives: {mutant.path.relative_to(ROOT)}:{mutant.line} {mutant.change}")
    share = 100.0 * sum(caught) / len(caught) if caught else 100.0
    print(f"{sum(caught)} of {len(caught)} mutants caught, {share:.1f} %")
    return 0 if share >= asked.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
