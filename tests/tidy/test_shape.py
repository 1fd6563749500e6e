"""The shape of files: a concept in the name, a length that can be read, a docstring that says what it is."""

import ast

from tests.tidy.source_tree import FUNCTION, complain, modules

FORBIDDEN_NAMES = {
    "utils", "util", "helpers", "helper", "common", "base", "manager", "handler", "processor", "service", "misc", "core",
    "types", "constants",
}  # fmt: skip
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
DOCSTRING_LINES_MAX = 15
EVERYWHERE = ("src", "tests", "benchmarks", "examples")


def test_a_file_is_named_for_its_concept():
    complain(
        "a name that says nothing of the concept",
        [
            module.name
            for module in modules(*EVERYWHERE)
            if FORBIDDEN_NAMES & {part.removesuffix(".py") for part in module.path.parts}
        ],
    )


def test_no_file_is_longer_than_can_be_read():
    complain(
        f"more than {FILE_LINES_MAX} lines",
        [
            f"{module.name} {count}"
            for module in modules(*EVERYWHERE)
            if (count := len(module.text.splitlines())) > FILE_LINES_MAX
        ],
    )


def test_no_function_is_longer_than_a_screen():
    complain(
        f"a function of more than {FUNCTION_LINES_MAX} lines",
        [
            f"{module.place(node)} {node.name} {count}"
            for module in modules(*EVERYWHERE)
            for node in ast.walk(module.tree)
            if isinstance(node, FUNCTION) and (count := node.end_lineno - node.lineno + 1) > FUNCTION_LINES_MAX
        ],
    )


def test_every_module_says_what_it_is_in_a_few_lines():
    complain(
        f"no docstring, or one of more than {DOCSTRING_LINES_MAX} lines",
        [
            f"{module.name} {count}"
            for module in modules("src", "benchmarks", "examples")
            if not 0 < (count := len((ast.get_docstring(module.tree) or "").splitlines())) <= DOCSTRING_LINES_MAX
        ],
    )


def test_every_public_function_and_class_has_a_docstring():
    complain(
        "no docstring",
        [
            f"{module.place(node)} {node.name}"
            for module in modules("src")
            for owner in (module.tree, *(n for n in module.tree.body if isinstance(n, ast.ClassDef)))
            if not getattr(owner, "name", "").startswith("_")
            for node in owner.body
            if isinstance(node, (*FUNCTION, ast.ClassDef)) and not node.name.startswith("_")
            if ast.get_docstring(node) is None
        ],
    )
