"""Nothing is left half done: no reminders, no swallowed errors, no assertions of nothing, no traces of a machine."""

import ast
import re

from tests.tidy.source_tree import ROOT, complain, modules, tracked_files

# One letter of each stands in brackets, so that this file does not find itself.
REMINDERS = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")
PROCESS_BOUNDARY = "src/seawall/app/command_line.py"
HOSTS = re.compile(
    r"pyp[i]\.org|pythonhoste[d]\.org|npmj[s]\.org|crate[s]\.io|golan[g]\.org|docke[r]\.io|ghc[r]\.io|debia[n]\.org"
    r"|-(extra-index-ur[l]|-index-ur[l]|find-link[s])"
)
MACHINE_PATHS = re.compile(r"(?<![\w.}])/(work|home|root|Users|opt)/\w|[A-Z]:\\Users\\")
EVERYWHERE = ("src", "tests", "benchmarks", "examples")


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in tracked_files():
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{path}:{number} {match[0]}"
            for number, line in enumerate(text.splitlines(), 1)
            if (match := pattern.search(line))
        ]
    return found


def test_no_reminder_is_left():
    complain("a reminder of work not done", lines_with(REMINDERS))


def test_no_registry_is_named():
    complain("a registry, or where packages come from", lines_with(HOSTS))


def test_no_path_of_a_machine_is_named():
    complain("a path of somebody's machine", lines_with(MACHINE_PATHS))


def test_only_the_process_boundary_catches_everything():
    complain(
        "a handler that catches everything",
        [
            module.place(node)
            for module in modules(*EVERYWHERE)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ExceptHandler)
            if node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
            if module.name != PROCESS_BOUNDARY and not _raises_again(node)
        ],
    )


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None


def test_no_error_is_passed_over():
    complain(
        "an error that is passed over in silence",
        [
            module.place(node)
            for module in modules(*EVERYWHERE)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ExceptHandler) and all(isinstance(line, ast.Pass) for line in node.body)
        ],
    )


def test_every_assertion_can_fail():
    complain(
        "an assertion of nothing",
        [
            module.place(node)
            for module in modules(*EVERYWHERE)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant) and node.test.value
        ],
    )
