"""Inside the rule there is no float and no unnamed division: only `fixed.py` divides, and says how it rounds."""

import ast

from tests.tidy.source_tree import complain, rooms

EXACT_ROOMS = ("ledger", "rules", "protocols", "engine")


def test_no_float_stands_where_integers_decide():
    complain(
        "a float among integers",
        [
            f"{module.place(node)} {ast.unparse(node)}"
            for module in rooms(*EXACT_ROOMS)
            for node in ast.walk(module.tree)
            if (isinstance(node, ast.Constant) and isinstance(node.value, float))
            or (isinstance(node, ast.Name) and (node.id in {"float", "Decimal"} or node.id.endswith("_f64")))
        ],
    )


def test_every_division_names_its_rounding():
    complain(
        "a division that names no rounding; use seawall.fixed",
        [
            f"{module.place(node)} {ast.unparse(node)}"
            for module in rooms(*EXACT_ROOMS)
            for node in ast.walk(module.tree)
            if (isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div | ast.FloorDiv))
            or (isinstance(node, ast.Name) and node.id == "divmod")
        ],
    )
