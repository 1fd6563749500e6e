"""No dead files, no dead names: what stands in src is used by src, a benchmark or an example, not by its tests alone."""

import ast
from collections.abc import Iterator

from tests.tidy.source_tree import FUNCTION, Module, complain, modules

ENTRY_POINTS = {
    "seawall.app.command_line",
    "seawall.app.__main__",
}
CALLED_BY_NAME = ("seawall.app.commands.", {"command", "EXAMPLE"})
"""What the command line takes from each of these modules when it needs it."""
KEPT = {
    "preprocess_fields": "numba calls it by this name when it types the fields of a compiled record",
    "is_toxic": "the definition that the capped bonus and the target repay are tested against",
    "target_health_repay_value": "the closed form that the kernel and the repay of a growing bonus are tested against",
    "position_capacity": "how many positions the book has room for: its memory tests ask",
    "head_sequence": "how far a journal goes: the tests of kills and power cuts ask",
    "replayed_count": "how much of a journal was compared so far: the tests of kills ask",
}
"""Public names that only tests use, each with the reason why it stays."""


def imported(module: Module) -> dict[str, str]:
    """What each name that a module imports stands for, as a dotted name."""
    found: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def uses(module: Module) -> Iterator[str]:
    """Names that a module uses: dotted where it is known whose they are, `.name` for an attribute of anything."""
    names = imported(module)
    yield from names.values()
    for node in ast.walk(module.tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                yield f"{module.dotted}.{name}"
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if names.get(owner, "").startswith("seawall."):
                yield f"{names[owner]}.{name}"
                yield f".{name}"
            case ast.Attribute(attr=name, ctx=ast.Load()):
                yield f".{name}"


def given(module: Module) -> Iterator[tuple[str, str]]:
    """Public names that a module gives, as `uses` would call them, with their places."""
    for node in module.tree.body:
        if isinstance(node, (*FUNCTION, ast.ClassDef)) and not _is_registered(node):
            yield f"{module.dotted}.{node.name}", module.place(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    yield f"{module.dotted}.{target.id}", module.place(node)
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, FUNCTION):
                    yield f".{method.name}", module.place(method)


def _is_registered(node: ast.FunctionDef) -> bool:
    """Whether a decorator gives a function to a command line, which calls it."""
    return any(".command" in ast.unparse(made) or ".callback" in ast.unparse(made) for made in node.decorator_list)


def last(name: str) -> str:
    return name.rpartition(".")[2]


def test_every_module_is_imported_or_an_entry_point():
    targets = {target for module in modules("src", "examples") for target in imported(module).values()}
    packages = {target.rpartition(".")[0] for target in targets}
    complain(
        "a module that nothing imports",
        [
            module.name
            for module in modules("src")
            if module.path.name != "__init__.py" and module.dotted not in targets | packages | ENTRY_POINTS
        ],
    )


def test_every_public_name_is_used_outside_its_tests():
    used = {use for module in modules("src", "benchmarks", "examples") for use in uses(module)}
    complain(
        "a public name that nothing but its tests uses",
        [
            f"{place} {last(name)}"
            for module in modules("src")
            if module.dotted not in ENTRY_POINTS
            for name, place in given(module)
            if not last(name).startswith("_") and name not in used and last(name) not in KEPT
            if not (name.startswith(CALLED_BY_NAME[0]) and last(name) in CALLED_BY_NAME[1])
        ],
    )


def test_what_is_kept_for_a_reason_is_still_there():
    names = {last(name) for module in modules("src") for name, _ in given(module)}
    complain("a reason for a name that is gone", sorted(set(KEPT) - names))
