"""Fail when a payable amount could become a float.

Why: 0.1 + 0.2 is not 0.3, and a cent that appears or vanishes in a ledger costs a week of searching. In the modules
that say what is owed there is no float constant, no float() and no NumPy float type.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

MONEY = ("kernel", "servicing/core", "arrears/core", "funding/core", "merchant/core")


def breaches(root: Path) -> Iterator[str]:
    """Lines `file:line: message`."""
    for place in MONEY:
        for path in sorted((root / "src/puhui" / place).rglob("*.py")):
            if "tests" not in path.parts:
                yield from _in_file(path, root)


def _in_file(path: Path, root: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        what = _float_in(node)
        if what:
            line = getattr(node, "lineno", 0)
            yield f"{path.relative_to(root)}:{line}: {what} near money; use int minor units or Decimal"


def _float_in(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return f"float constant {node.value}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
        return "float()"
    if isinstance(node, ast.Attribute) and node.attr in ("float64", "float32", "Float64", "Float32"):
        return node.attr
    return ""
